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

def PrefetchPanels : Pass<"tegula-prefetch-panels", "::mlir::ModuleOp"> {
  let summary = "fetches the panel that a contraction reads next, a little in each round";
  let description = [{
    A buffer of more than `near-bytes` does not stay in the cache of a core. Where it is read panel by panel, and each panel by several
    tiles, the first of them would wait for far memory. Rows of the next panel are fetched while the tiles read the present one, spread so
    that the last of them comes with the last tile.

    ```mlir
    scf.for %tile = %c0 to %c2 step %c1 {
      scf.for %k = %c0 to %c512 step %c4 {
        %b = vector.transfer_read %packed[%panel, %k, %c0] : memref<32x512x16xf32>, vector<8xf32>
    ```
    becomes
    ```mlir
    scf.for %tile = %c0 to %c2 step %c1 {
      // %next = min(%panel + 1, 31); %start = %tile * 8 * 512
      scf.for %k = %c0 to %c512 step %c4 {
        memref.prefetch %packed[%next, %c0, %start + %k * 8], read, locality<2>, data
        %b = vector.transfer_read %packed[%panel, %k, %c0] : memref<32x512x16xf32>, vector<8xf32>
    ```
  }];
  let options = [Option<"nearBytes", "near-bytes", "int64_t", "524288", "size of the cache that each core has for itself">];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect"];
  let statistics = [Statistic<"numPanelsPrefetched", "num-panels-prefetched", "loops that fetch a panel ahead">];
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
