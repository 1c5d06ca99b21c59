// The tile stage: passes that obey a kernel's schedule and decide nothing themselves.
#ifndef TEGULA_PASSES_TILE
#define TEGULA_PASSES_TILE

include "mlir/Pass/PassBase.td"

def PackOperands : Pass<"tegula-pack-operands", "::mlir::ModuleOp"> {
  let summary = "lay constant kernel operands out in panels, as their schedules ask";
  let description = [{
    For each `pack` entry of a kernel's schedule the kernel takes panels instead of the plain tensor, and every launch gets them through
    `tile.pack`, which is evaluated at compile time. A kernel launched with an operand that is not constant is left alone.

    ```mlir
    %0 = tile.launch @k(%x, %w) : (tensor<8x64xf32>, tensor<64x32xf32>) -> tensor<8x32xf32>
    // pack = [<1:16>]  =>
    %p = tile.pack %w : tensor<64x32xf32> to tensor<2x64x16xf32>
    %0 = tile.launch @k(%x, %p) : (tensor<8x64xf32>, tensor<2x64x16xf32>) -> tensor<8x32xf32>
    ```
  }];
  let dependentDialects = ["::tegula::tile::TileDialect"];
  let statistics = [Statistic<"numOperandsPacked", "num-operands-packed", "kernel operands packed">];
}

def RoundOperands : Pass<"tegula-round-operands", "::mlir::ModuleOp"> {
  let summary = "store constant operands as narrow as their kernel multiplies them";
  let description = [{
    Where a kernel's schedule multiplies in `bf16` or `fp16`, and every launch gives its product a constant in float32 as the right operand, the
    constant is rounded to the nearest numbers of that type, and the body widens them: what the kernel would do itself in each run.

    ```mlir
    %0 = tile.launch @k(%x, %w) : (tensor<8x64xf32>, tensor<64x32xf32>) -> tensor<8x32xf32>
    // multiply = fp16  =>
    %r = arith.constant dense_resource<rounded> : tensor<64x32xf16>
    %0 = tile.launch @k(%x, %r) : (tensor<8x64xf32>, tensor<64x32xf16>) -> tensor<8x32xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::tegula::tile::TileDialect"];
  let statistics = [Statistic<"numOperandsRounded", "num-operands-rounded", "kernel operands rounded">];
}

def TileKernel : Pass<"tegula-tile-kernel", "::tegula::tile::KernelOp"> {
  let summary = "cut a kernel's body into loops over static tiles, as its schedule says";
  let description = [{
    The root of the body is computed tile by tile; its producers are computed inside, for that tile alone. Every tile has a static size at a
    run-time offset: a last tile that would stick out is moved back and overlaps the one before. The loop over cells carries `tile.grid`.

    ```mlir
    // schedule(#sched.schedule<map, grid = [<0:64>], tile = [16]>)
    %y = linalg.generic ... tensor<128xf32>
    // =>
    %y = scf.for %cell = %c0 to %c2 step %c1 iter_args(%o = %e) -> tensor<128xf32> {
      scf.for ... { extract_slice, linalg.generic on tensor<16xf32>, insert_slice }
    } {tile.grid}
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numKernelsTiled", "num-kernels-tiled", "kernels tiled">];
}

#endif
