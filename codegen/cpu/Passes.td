// Passes that take one outlined kernel to LLVM for a CPU.
#ifndef TEGULA_CODEGEN_CPU_PASSES
#define TEGULA_CODEGEN_CPU_PASSES

include "mlir/Pass/PassBase.td"

def OrderLoops : Pass<"tegula-order-loops", "::mlir::ModuleOp"> {
  let summary = "lets plain loops run along memory";
  let description = [{
    A reduction whose operand and result are contiguous along one parallel dimension gets that dimension as its innermost loop. Each
    element still adds up in the same order, so the values are the same; the loop can be vectorized without regrouping a sum.

    ```mlir
    // C(m, n) += A(m, k) * B(k, n)
    linalg.generic {iterator_types = ["parallel", "parallel", "reduction"]}  // m, n, k
    ```
    becomes
    ```mlir
    linalg.generic {iterator_types = ["parallel", "reduction", "parallel"]}  // m, k, n
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
  let statistics = [Statistic<"numLoopsMoved", "num-loops-moved", "loops made innermost">];
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
    Within 1 (exp, log) or 6 (tanh, erf) units in the last place; infinities give their limits and NaN stays NaN. Other types are left to libm.
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

def LowerMath : Pass<"tegula-lower-math", "::mlir::ModuleOp"> {
  let summary = "calls libm for what the machine has no instruction for";
  let description = [{
    What a CPU computes itself (square root, rounding, fma, sign) is left for the LLVM conversion. Small integer powers become multiplications.

    ```mlir
    %y = math.erf %x : f32
    ```
    becomes
    ```mlir
    %y = call @erff(%x) : (f32) -> f32
    ```
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::arith::ArithDialect", "::mlir::vector::VectorDialect", "::mlir::scf::SCFDialect", "::mlir::LLVM::LLVMDialect"];
}

def WrapKernel : Pass<"tegula-wrap-kernel", "::mlir::ModuleOp"> {
  let summary = "gives a kernel the binary interface of CodeAbi.h";
  let description = [{
    The body keeps one pointer a buffer, all of them `noalias`; the wrapper takes them out of the array it is given.

    ```mlir
    llvm.func @k(%in: !llvm.ptr, %out: !llvm.ptr, %begin: i64, %end: i64)
    ```
    becomes
    ```mlir
    llvm.func internal @k.body(%in: !llvm.ptr {llvm.noalias}, %out: !llvm.ptr {llvm.noalias}, %begin: i64, %end: i64)
    llvm.func @k(%buffers: !llvm.ptr, %begin: i64, %end: i64) {
      %in = llvm.load %buffers
      ...
      llvm.call @k.body(%in, %out, %begin, %end)
    }
    ```

    Sizes, which stand before the range, come from the array whose address is the last buffer.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif
