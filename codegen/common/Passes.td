// Code generation steps that every machine with vectors or lanes shares.
#ifndef TEGULA_CODEGEN_COMMON_PASSES
#define TEGULA_CODEGEN_COMMON_PASSES

include "mlir/Pass/PassBase.td"

def VectorizeKernel : Pass<"tegula-vectorize-kernel", "::tegula::tile::KernelOp"> {
  let summary = "turn tile programs into vector code";
  let description = [{
    Every tile (an `insert_slice` of what linalg operations compute) becomes reads, arithmetic on vectors of `lanes` elements and writes.
    Accumulators of reductions are loop-carried vectors; what follows them is computed on those registers and written once.

    ```mlir
    %t = linalg.generic {iterator_types = ["parallel"]} ins(%s) outs(%e) { math } -> tensor<8xf32>
    %r = tensor.insert_slice %t into %o[%i] [8] [1]
    // =>
    %v = vector.transfer_read %x[%i], ... : tensor<128xf32>, vector<8xf32>
    %w = math on vector<8xf32>
    %r = vector.transfer_write %w, %o[%i] : vector<8xf32>, tensor<128xf32>
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect", "::mlir::vector::VectorDialect"];
  let statistics = [Statistic<"numTilesVectorized", "num-tiles-vectorized", "tiles turned into vector code">];
}

def LowerUnpack : Pass<"tegula-lower-unpack", "::mlir::ModuleOp"> {
  let summary = "read packed operands element by element where no schedule took their panels";
  let description = [{
    ```mlir
    %w = tile.unpack %p : tensor<2x64x16xf32> to tensor<64x32xf32>
    // =>
    %w = linalg.generic { tensor.extract %p[panel, k, column] } -> tensor<64x32xf32>
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect"];
}

def OutlineKernel : Pass<"tegula-outline-kernel", "::mlir::ModuleOp"> {
  let summary = "kernels become functions on buffers, over a range of cells";
  let description = [{
    ```mlir
    tile.kernel @k(%x: tensor<8xf32>) -> tensor<8xf32> { ... tile.yield %y }
    // =>
    func.func @k(%x: memref<8xf32>, %y: memref<8xf32>, %begin: index, %end: index) { ... return }
    ```

    A kernel's sizes follow its buffers; a buffer with unknown sizes is passed as the address of its first element:

    ```mlir
    tile.kernel @k(%x: tensor<?x4xf32>, %n: index) -> tensor<?x4xf32> dims [[0, -1], [0, -1]] { ... tile.yield %y }
    // =>
    func.func @k(%a: memref<f32>, %b: memref<f32>, %n: index, %begin: index, %end: index) {
      %x = memref.reinterpret_cast %a to offset: [0], sizes: [%n, 4], strides: [4, 1] : memref<f32> to memref<?x4xf32>
    ```
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::bufferization::BufferizationDialect",
                           "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

#endif
