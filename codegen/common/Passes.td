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

def PlaceTemporaries : Pass<"tegula-place-temporaries", "::mlir::ModuleOp"> {
  let summary = "gives every temporary buffer of a kernel a place on the stack or in the launch's scratch memory";
  let description = [{
    Kernels never allocate. Small buffers go to the stack, `stackBytes` in all; for the others the kernel gets one more buffer, `scratch`,
    in which each call owns the part that belongs to its first cell. `tegula.scratch` says how many bytes a launch needs: a number, or a map
    from the kernel's sizes.
    Copies that are not one block of memory become loops.

    ```mlir
    func.func @k(%in: memref<512x512xf32>, ..., %begin: index, %end: index) attributes {tegula.cells = 4} {
      %t = memref.alloc() : memref<512x512xf32>
    ```
    becomes
    ```mlir
    func.func @k(..., %begin: index, %end: index, %scratch: memref<4194304xi8>) attributes {tegula.cells = 4, tegula.scratch = 4194304} {
      %mine = arith.muli %begin, %c1048576
      %t = memref.view %scratch[%mine][] : memref<4194304xi8> to memref<512x512xf32>
    ```
  }];
  let options = [Option<"stackBytes", "stack-bytes", "int64_t", "65536", "bytes of stack that a kernel may use">];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect"];
}

def ExpandMath : Pass<"tegula-expand-math", "::mlir::ModuleOp"> {
  let summary = "computes exp, log, tanh and erf of float32 by polynomials";
  let description = [{
    Within 1 (exp, log) or 6 (tanh, erf) units in the last place; infinities give their limits and NaN stays NaN. Other types are left as they are.
    Results below the smallest normal number may become zero, unless `keep-denormals` is set.

    ```mlir
    %y = math.tanh %x : vector<8xf32>
    ```
    becomes
    ```mlir
    %z = arith.mulf %clamped, %clamped : vector<8xf32>
    %p = math.fma ... : vector<8xf32>
    %q = math.fma ... : vector<8xf32>
    %y = arith.divf %p, %q : vector<8xf32>
    ```
  }];
  let options = [Option<"keepDenormals", "keep-denormals", "bool", "false", "denormal results are as right as others">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

def ExpandFunctions : Pass<"tegula-expand-functions", "::mlir::ModuleOp"> {
  let summary = "computes what else there is of elementary functions by arithmetic, for machines without a library";
  let description = [{
    Circle and hyperbola functions, their inverses and pow of float32 and float64, remainders of float32, and the functions of float64 that
    `tegula-expand-math` computes of float32. A few units in the last place, but for pow of float64, whose relative error grows with the
    logarithm of the result to about |y log x| 2^-53; infinities give their limits and NaN stays NaN. Angles of float32 may have any size, those of float64 at most 2^48, beyond which the result is NaN. exp and log of float32 are left to `tegula-expand-math`.

    ```mlir
    %y = math.acos %x : vector<8xf32>
    ```
    becomes
    ```mlir
    %square = arith.divf %one_minus_x, %one_plus_x : vector<8xf32>
    %t = math.sqrt %square : vector<8xf32>
    %half = ... the series of atan in %t : vector<8xf32>
    %y = arith.mulf %two, %half : vector<8xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

#endif
