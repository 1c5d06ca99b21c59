// The passes of the fuse phase: from graph operations to kernels whose bodies are linalg.
#ifndef TEGULA_FUSE_PASSES
#define TEGULA_FUSE_PASSES

include "mlir/Pass/PassBase.td"

def FormKernels : Pass<"tegula-form-kernels", "::mlir::ModuleOp"> {
  let summary = "puts graph operations into kernels and writes each body as linalg";
  let description = [{
    With `fuse` a kernel holds at most one matmul, convolution, pooling, reduction, softmax, normalisation or gather with the
    elementwise operations around it; without, every operation is a kernel of its own. Reshapes become views, constants
    `arith.constant`, and every value gets its storage type: booleans are `i8`, unsigned integers signless.

    ```mlir
    func.func @main(%x: tensor<4x8xf32>, %w: tensor<8x2xf32>) -> tensor<4x2xf32> {
      %0 = graph.matmul %x, %w : (tensor<4x8xf32>, tensor<8x2xf32>) -> tensor<4x2xf32>
      %1 = graph.relu %0 : tensor<4x2xf32>
      return %1 : tensor<4x2xf32>
    }
    ```
    becomes
    ```mlir
    func.func @main(%x: tensor<4x8xf32>, %w: tensor<8x2xf32>) -> tensor<4x2xf32> {
      %0 = tile.launch @matmul_0(%x, %w) : (tensor<4x8xf32>, tensor<8x2xf32>) -> tensor<4x2xf32>
      return %0 : tensor<4x2xf32>
    }
    tile.kernel @matmul_0(%x: tensor<4x8xf32>, %w: tensor<8x2xf32>) -> tensor<4x2xf32> {
      %zero = linalg.fill ...
      %product = linalg.generic ... ins(%x, %w) outs(%zero)
      %relu = linalg.generic ... ins(%product)
      tile.yield %relu : tensor<4x2xf32>
    }
    ```
  }];
  let options = [Option<"fuse", "fuse", "bool", "true", "whether several operations may share a kernel">];
  let statistics = [Statistic<"numKernelsFormed", "num-kernels-formed", "kernels formed">,
                    Statistic<"numOpsFused", "num-ops-fused", "operations that joined another one's kernel">];
  let dependentDialects = ["::tegula::tile::TileDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::ub::UBDialect"];
}

def DeduplicateKernels : Pass<"tegula-deduplicate-kernels", "::mlir::ModuleOp"> {
  let summary = "keeps one of several equal kernels";
  let description = [{
    ```mlir
    %0 = tile.launch @relu_0(%x) : ...
    %1 = tile.launch @relu_1(%0) : ...
    ```
    becomes, where both kernels have the same body,
    ```mlir
    %0 = tile.launch @relu_0(%x) : ...
    %1 = tile.launch @relu_0(%0) : ...
    ```
  }];
  let statistics = [Statistic<"numKernelsRemoved", "num-kernels-removed", "kernels equal to an earlier one">];
}

#endif
