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
