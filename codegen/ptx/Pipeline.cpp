// The order in which a kernel becomes LLVM for a GPU: the steps of all machines, with PTX's own between them.
#include "tegula/codegen/ptx/Codegen.h"

#include "tegula/codegen/common/Passes.h"
#include "tegula/codegen/ptx/Passes.h"

#include "tegula/dialects/tile/Tile.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace tegula::codegen::ptx {

void populatePtxCodegenPipeline(OpPassManager &pm, const PtxCodegenOptions &options) {
  pm.addPass(createEmitRows());
  pm.addPass(createEmitBlocks({options.mostSharedBytes}));
  // What several passes over a row read and compute alike is one value, while reading has no side effects.
  pm.addNestedPass<tile::KernelOp>(createCSEPass());
  populateBufferizePipeline(pm, options.stackBytes);
  populateLoopPipeline(pm, Expansion::All, /*keepDenormals=*/true);
  pm.addPass(createLowerPtxMath());
  pm.addPass(createConvertNVGPUToNVVMPass());
  populateLlvmPipeline(pm);
  pm.addPass(createEnterKernel({options.blockThreads, options.residentThreads, options.residentSharedBytes}));
}

} // namespace tegula::codegen::ptx
