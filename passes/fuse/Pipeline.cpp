// Lists the passes of the fuse phase in their order, so that the phase can be read in one place.
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "tegula/passes/fuse/Passes.h"

namespace tegula::fuse {

void populateFusePipeline(mlir::OpPassManager &manager, const FuseOptions &options) {
  FormKernelsOptions form;
  form.fuse = options.fuse;
  manager.addPass(createFormKernels(form));
  if (options.fuse) {
    manager.addPass(createPeelBorders());
    manager.addPass(createCollapseDims());
  }
  manager.addPass(createDeduplicateKernels());
  if (options.fuse) // the same kernel on the same tensors, as two paddings of one image may be
    manager.addNestedPass<mlir::func::FuncOp>(mlir::createCSEPass());
  if (options.fuse)
    manager.addPass(createBoundSizes());
}

} // namespace tegula::fuse
