// Passes on the host function: the order of launches and who owns which buffer.
#ifndef TEGULA_CODEGEN_HOST_PASSES
#define TEGULA_CODEGEN_HOST_PASSES

include "mlir/Pass/PassBase.td"

def CopyResults : Pass<"tegula-copy-results", "::mlir::ModuleOp"> {
  let summary = "copies what the host function returns or chooses without computing it";
  let description = [{
    Afterwards every result of `@main` is a launch's or choice's result (or a view of one) and no two results are the same, so that each can
    be computed in the caller's buffer. Both sides of a choice are results of launches or choices that nobody else uses, so that the sides and
    the choice can share one buffer.

    ```mlir
    func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
      return %x : tensor<4xf32>
    ```
    becomes
    ```mlir
    tile.kernel @copy_4xf32(%x: tensor<4xf32>) -> tensor<4xf32> {
      %e = tensor.empty() : tensor<4xf32>
      %y = linalg.generic ins(%x) outs(%e) { linalg.yield %in }
      tile.yield %y : tensor<4xf32>
    }
    func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
      %y = tile.launch @copy_4xf32(%x) : (tensor<4xf32>) -> tensor<4xf32>
      return %y : tensor<4xf32>
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect", "::tegula::tile::TileDialect"];
}

def SinkBranches : Pass<"tegula-sink-branches", "::mlir::ModuleOp"> {
  let summary = "moves what one side of a choice needs behind the choice's condition";
  let description = [{
    Afterwards every launch that runs under conditions stands behind the launches that compute them. One that is needed both before a
    condition is known and on one side of it is launched for each.

    ```mlir
    %a = tile.launch @relu(%x) : ...
    %c = tile.launch @greater(%x) : (tensor<4xf32>) -> tensor<i8>
    %y = tile.choose %c, %a, %x : ...
    ```
    becomes
    ```mlir
    %c = tile.launch @greater(%x) : (tensor<4xf32>) -> tensor<i8>
    %a = tile.launch @relu(%x) : ...
    %y = tile.choose %c, %a, %x : ...
    ```
  }];
}

#endif
