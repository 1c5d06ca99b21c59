// Lists the passes of the fuse phase in their order, so that the phase can be read in one place.
#include "mlir/Pass/PassManager.h"
#include "tegula/passes/fuse/Passes.h"

namespace tegula::fuse {

void populateFusePipeline(mlir::OpPassManager &manager, const FuseOptions &options) {
  FormKernelsOptions form;
  form.fuse = options.fuse;
  manager.addPass(createFormKernels(form));
  manager.addPass(createDeduplicateKernels());
}

} // namespace tegula::fuse
