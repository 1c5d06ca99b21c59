// Turns every tile of a kernel into vector code, because machines compute on vectors and LLVM should not have
// to guess them: insert_slice of linalg results => vector reads, arithmetic and writes.
#include "tegula/codegen/common/Passes.h"

#include "TileEmitter.h"

using namespace mlir;

namespace tegula::codegen {
#define GEN_PASS_DEF_VECTORIZEKERNEL
#include "tegula/codegen/common/Passes.h.inc"

namespace {

struct VectorizeKernel : impl::VectorizeKernelBase<VectorizeKernel> {
  using VectorizeKernelBase::VectorizeKernelBase;
  void runOnOperation() override {
    sched::ScheduleAttr schedule = getOperation().getSched();
    if (!schedule || schedule.getAlgorithm() == sched::Algorithm::Loops)
      return;
    SmallVector<tensor::InsertSliceOp> tiles;
    getOperation().walk([&](tensor::InsertSliceOp insert) {
      if (auto source = insert.getSource().getDefiningOp<linalg::LinalgOp>();
          source && source->getBlock() == insert->getBlock())
        tiles.push_back(insert);
    });
    for (tensor::InsertSliceOp tile : tiles) {
      Block *block = tile->getBlock();
      if (failed(TileEmitter(tile, schedule).emit()))
        return signalPassFailure();
      for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*block)))
        if (isOpTriviallyDead(&op))
          op.erase();
      ++numTilesVectorized;
    }
  }
};

} // namespace

} // namespace tegula::codegen
