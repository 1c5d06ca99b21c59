// The passes of the fuse phase: from graph operations to kernels whose bodies are linalg.
#ifndef TEGULA_FUSE_PASSES
#define TEGULA_FUSE_PASSES

include "mlir/Pass/PassBase.td"

def FormKernels : Pass<"tegula-form-kernels", "::mlir::ModuleOp"> {
  let summary = "puts graph operations into kernels and writes each body as linalg";
  let description = [{
    With `fuse` a kernel holds at most one matmul, convolution, pooling, reduction, softmax, normalisation, gather or graph.custom
    with the elementwise operations around it; without, every operation is a kernel of its own. Reshapes become views, constants
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
                           "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::ub::UBDialect",
                           "::mlir::scf::SCFDialect"];
}

def PeelBorders : Pass<"tegula-peel-borders", "::mlir::ModuleOp"> {
  let summary = "moves padding, tables and reshaping at a kernel's borders out of it";
  let description = [{
    What is left is a body of linalg operations that can be cut into tiles. Padding an input becomes a kernel of its own, so that no
    element is padded twice, and so does a table that depends on nothing but sizes, such as the positions that a resize reads; reshaping an
    input or the result becomes a view.

    ```mlir
    %0 = tile.launch @conv_0(%x, %w) : ...
    tile.kernel @conv_0(%a: tensor<1x8x8x3xf32>, ...) -> ... { %p = tensor.pad %a low[0, 1, 1, 0] high[0, 1, 1, 0] ... }
    ```
    becomes
    ```mlir
    %1 = tile.launch @conv_0_pad(%x) : (tensor<1x8x8x3xf32>) -> tensor<1x10x10x3xf32>
    %0 = tile.launch @conv_0(%w, %1) : ...
    tile.kernel @conv_0(..., %p: tensor<1x10x10x3xf32>) -> ... { ... }
    tile.kernel @conv_0_pad(%a: tensor<1x8x8x3xf32>) -> tensor<1x10x10x3xf32> { ... }
    ```
  }];
  let statistics = [Statistic<"numPadsPeeled", "num-pads-peeled", "paddings that became kernels">,
                    Statistic<"numTablesPeeled", "num-tables-peeled", "tables that became kernels">,
                    Statistic<"numReshapesPeeled", "num-reshapes-peeled", "reshapes that became views">];
  let dependentDialects = ["::tegula::tile::TileDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def CollapseDims : Pass<"tegula-collapse-dims", "::mlir::ModuleOp"> {
  let summary = "merges dimensions that a kernel always walks together";
  let description = [{
    Two neighbouring dimensions become one where every operand of every operation of the body has both, in this order, or none of
    them; operand dimensions of size one that are always read at zero disappear. Views around the launch change the shapes.

    ```mlir
    %0 = tile.launch @relu_0(%x) : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    tile.kernel @relu_0(%a: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> { linalg.generic ... [d0, d1, d2] }
    ```
    becomes
    ```mlir
    %1 = tile.view %x : tensor<2x3x4xf32> to tensor<24xf32>
    %2 = tile.launch @relu_0(%1) : (tensor<24xf32>) -> tensor<24xf32>
    %0 = tile.view %2 : tensor<24xf32> to tensor<2x3x4xf32>
    tile.kernel @relu_0(%a: tensor<24xf32>) -> tensor<24xf32> { linalg.generic ... [d0] }
    ```
  }];
  let statistics = [Statistic<"numKernelsCollapsed", "num-kernels-collapsed", "kernels with fewer dimensions than before">];
  let dependentDialects = ["::tegula::tile::TileDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def BoundSizes : Pass<"tegula-bound-sizes", "::mlir::ModuleOp"> {
  let summary = "writes on kernels how small and large their sizes can be";
  let description = [{
    What the model's sizes allow (`tegula.bounds`, else at least 1) bounds the sizes of each kernel, over all of its launches: the lowest and
    the highest value of each, for who has to assume something of them.

    ```mlir
    func.func @main(...) attributes {tegula.bounds = array<i64: 1, 8>} {
      %n = tile.size affine_map<()[s0] -> (s0 * 49)>
      %y = tile.launch @relu(%x) sizes(%n) : (tensor<?x4xf32>) -> tensor<?x4xf32>
    tile.kernel @relu(%x: tensor<?x4xf32>, %n: index) -> tensor<?x4xf32> dims [[0, -1], [0, -1]] {
    ```
    becomes, without a change of @main,
    ```mlir
    tile.kernel @relu(%x: tensor<?x4xf32>, %n: index) -> tensor<?x4xf32> dims [[0, -1], [0, -1]] attributes {tegula.sizes = array<i64: 49, 392>} {
    ```
  }];
  let statistics = [Statistic<"numKernelsBounded", "num-kernels-bounded", "kernels whose sizes are said more of than at least 0">];
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
