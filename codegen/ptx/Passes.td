// Passes that take one outlined kernel to LLVM for a GPU that is programmed in PTX.
#ifndef TEGULA_CODEGEN_PTX_PASSES
#define TEGULA_CODEGEN_PTX_PASSES

include "mlir/Pass/PassBase.td"

def EmitBlocks : Pass<"tegula-emit-blocks", "::mlir::ModuleOp"> {
  let summary = "writes what one thread does of a kernel whose threads work together";
  let description = [{
    A kernel whose schedule has a `block` of rows, columns and depth becomes a loop over groups of threads. Both operands of its product
    pass through shared memory in stages; accumulators and what follows them stay in registers.

    ```mlir
    // schedule(#sched.schedule<contract, block = <threads = 256, together = 256, rows = 128, columns = 128, depth = 16, ..., stages = 2>>)
    %p = linalg.generic {product} ins(%a, %b) ...
    %y = linalg.generic {bias} ins(%p, %c) ...
    // =>
    scf.for %group = %c0 to %groups step %c1 iter_args(%o = %e) {
      nvgpu.device_async_copy ...          // the first stages
      %sums = scf.for %step ... {
        nvgpu.device_async_wait; nvvm.barrier0
        nvgpu.device_async_copy ...        // a stage more
        vector.load of shared memory; vector.fma, or for matrix units nvgpu.ldmatrix; nvgpu.mma.sync
      }
      bias of %sums; vector.transfer_write
    } {tile.grid}
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::nvgpu::NVGPUDialect", "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::vector::VectorDialect"];
  let options = [Option<"mostSharedBytes", "most-shared-bytes", "int64_t", "166912", "shared memory that a group of threads may have">];
}

def EmitRows : Pass<"tegula-emit-rows", "::mlir::ModuleOp"> {
  let summary = "writes what one thread does of rows that threads share";
  let description = [{
    A kernel of `rows` whose schedule has a `block` becomes a loop over rows. Neighbouring threads take neighbouring vectors of `lanes`
    elements; partial results pass between the `together` threads of a row by shuffles, and between their warps through shared memory. Rows of at most
    `unroll` vectors a thread are written out and stay in registers from one reduction to the next; longer ones are loops. Of rows whose length only the
    run tells there are both versions.

    ```mlir
    // schedule(#sched.schedule<rows, lanes = 4, unroll = 2, block = <threads = 128, together = 32>>)
    %s = linalg.generic {sum of rows} ins(%x : tensor<64x256xf32>) ...
    %y = linalg.generic {division} ins(%x, %s) ...
    // =>
    scf.for %row = %c0 to %c64 step %c1 iter_args(%o = %e) {
      %a = vector.transfer_read %x[%row, 4 * thread]
      %b = vector.transfer_read %x[%row, 4 * thread + 128]
      %p = the sum of both
      %q = nvvm.shfl.sync bfly ... %p     // five times
      %s = arith.addf %p, %q
      quotients; vector.transfer_write
    } {tile.grid}
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::vector::VectorDialect", "::mlir::affine::AffineDialect"];
}

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
  let summary = "makes a kernel the entry of a grid of threads, one or several a cell";
  let description = [{
    Buffers come first (inputs, outputs, scratch memory), then the kernel's sizes, then the number of cells. Threads beyond it do nothing.
    `tegula.group` says how many threads a block has, and how many of them, one after the other, compute one cell; without it a block has
    `block-threads`, one for each cell. Buffers of a kernel with `tegula.unaligned` begin wherever an element may.

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
  let options = [Option<"blockThreads", "block-threads", "int64_t", "128", "threads of a block where each has its own cell">,
                 Option<"residentThreads", "resident-threads", "int64_t", "512", "threads that must find registers at once">,
                 Option<"residentSharedBytes", "resident-shared-bytes", "int64_t", "167936", "shared memory of groups that run at once">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif
