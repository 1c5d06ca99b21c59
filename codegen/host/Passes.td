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

def AlignSlices : Pass<"tegula-align-slices", "::mlir::ModuleOp"> {
  let summary = "copies slices of loops that begin where a device's widest access may not";
  let description = [{
    Slices lie one after the other, so that all but the first begin at multiples of their size. Where that is not a multiple of 16 bytes, the
    body copies what it scans before anything reads it, and what it gives after it was computed, by kernels with `tegula.unaligned`. Carried
    tensors whose history is asked for are handed on in buffers of their own.

    ```mlir
    %last, %all = tile.loop @step count(%n) carried(%h) scanned(%x) {histories = array<i64: 0>} : ... -> (tensor<3xf32>, tensor<9x3xf32>)
    func.func private @step(%h: tensor<3xf32>, %x: tensor<3xf32>) -> tensor<3xf32> {
      %y = tile.launch @add(%h, %x) : ...
      return %y
    ```
    becomes
    ```mlir
    %last, %all = tile.loop @step count(%n) carried(%h) scanned(%x) : ... -> (tensor<3xf32>, tensor<9x3xf32>)
    func.func private @step(%h: tensor<3xf32>, %x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
      %0 = tile.launch @copy_unaligned_3xf32(%x) : ...
      %y = tile.launch @add(%h, %0) : ...
      %1 = tile.launch @copy_unaligned_3xf32(%y) : ...
      return %y, %1
    ```
  }];
  let statistics = [Statistic<"numSlicesCopied", "num-slices-copied", "copies of slices a step">];
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
