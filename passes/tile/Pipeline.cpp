// Assembles the tile stage, so that driver and tests run the same passes in the same order.
#include "tegula/passes/tile/Passes.h"

#include "mlir/Transforms/Passes.h"

void tegula::tile::populateTilePipeline(mlir::OpPassManager &pm) {
  pm.addPass(createRoundOperands());
  pm.addPass(createPackOperands());
  mlir::OpPassManager &kernels = pm.nest<KernelOp>();
  kernels.addPass(createTileKernel());
  kernels.addPass(mlir::createCSEPass());
}
