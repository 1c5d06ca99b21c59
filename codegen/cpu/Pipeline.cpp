// The order in which a kernel becomes LLVM for a CPU: the steps of all machines, with the CPU's own between
// them.
#include "tegula/codegen/cpu/Codegen.h"

#include "tegula/codegen/common/Passes.h"
#include "tegula/codegen/cpu/Passes.h"

using namespace mlir;

namespace tegula::codegen::cpu {

void populateCpuCodegenPipeline(OpPassManager &pm, const CpuCodegenOptions &options) {
  populateBufferizePipeline(pm, options.stackBytes);
  pm.addPass(createOrderLoops());
  pm.addPass(createPrefetchPanels({options.nearBytes}));
  populateLoopPipeline(pm, options.optLevel > 0 ? Expansion::Frequent : Expansion::None,
                       options.keepDenormals);
  pm.addPass(createLowerMath());
  populateLlvmPipeline(pm);
  pm.addPass(createWrapKernel());
}

} // namespace tegula::codegen::cpu
