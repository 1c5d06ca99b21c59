// Passes on the host function: the order of launches and who owns which buffer.
#ifndef TEGULA_CODEGEN_HOST_PASSES
#define TEGULA_CODEGEN_HOST_PASSES

include "mlir/Pass/PassBase.td"

def CopyResults : Pass<"tegula-copy-results", "::mlir::ModuleOp"> {
  let summary = "copies what the host function returns without computing it";
  let description = [{
    Afterwards every result of `@main` is a launch's result (or a view of one) and no two results are the same, so that each can be
    computed in the caller's buffer.

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

#endif
