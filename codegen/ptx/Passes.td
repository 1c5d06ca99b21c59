// Passes that take one outlined kernel to LLVM for a GPU that is programmed in PTX.
#ifndef TEGULA_CODEGEN_PTX_PASSES
#define TEGULA_CODEGEN_PTX_PASSES

include "mlir/Pass/PassBase.td"

def LowerPtxMath : Pass<"tegula-lower-ptx-math", "::mlir::ModuleOp"> {
  let summary = "leaves only math operations that PTX has instructions for";
  let description = [{
    Powers with integer exponents become multiplications. There is no library behind PTX: a function without instruction and expansion
    is an error that names the model's node.

    ```mlir
    %y = math.rsqrt %x : f32
    ```
    becomes
    ```mlir
    %r = math.sqrt %x : f32
    %y = arith.divf %one, %r : f32
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

def EnterKernel : Pass<"tegula-enter-kernel", "::mlir::ModuleOp"> {
  let summary = "makes a kernel the entry of a grid of threads, one a cell";
  let description = [{
    Buffers come first (inputs, outputs, scratch memory), then the kernel's sizes, then the number of cells. Threads beyond it do nothing.

    ```mlir
    llvm.func @k(%in: !llvm.ptr, %out: !llvm.ptr, %size: i64, %begin: i64, %end: i64) attributes {tegula.cells = 4}
    ```
    becomes
    ```mlir
    llvm.func ptx_kernelcc @k(%in: !llvm.ptr<1> {llvm.align = 16, llvm.noalias}, %out: !llvm.ptr<1> {...}, %size: i64, %cells: i64) {
      %begin = block * threads of a block + thread
      %end = %begin + 1
      llvm.cond_br (%begin < %cells), ^body, ^exit
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif
