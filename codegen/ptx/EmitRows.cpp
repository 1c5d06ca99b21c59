// Writes kernels of rows whose schedule lets threads share one: tile.kernel with a block => the same kernel
// as what one thread of a row does. It exists because one thread a row would read memory in strides, and a
// few rows would leave most of a machine idle.
#include "tegula/codegen/ptx/Passes.h"

#include "RowsEmitter.h"

#include "tegula/codegen/common/Passes.h"

using namespace mlir;

namespace tegula::codegen::ptx {
#define GEN_PASS_DEF_EMITROWS
#include "tegula/codegen/ptx/Passes.h.inc"

static LogicalResult emitRows(tile::KernelOp kernel) {
  std::optional<tile::Rows> rows = kernel.getResultTypes().size() == 1
                                       ? tile::rowsOf(kernel.getBlock().getTerminator()->getOperand(0))
                                       : std::nullopt;
  if (!rows)
    return kernel.emitOpError("expected reductions along the rows of one result for a schedule of rows with "
                              "threads together");
  sched::BlockAttr block = kernel.getSched().getBlock();
  if (block.getTogether() > warpThreads && block.getTogether() != block.getThreads())
    return kernel.emitOpError("expected at most ")
           << warpThreads << " threads a row, or all " << block.getThreads() << " of a group, got "
           << block.getTogether();
  return RowsEmitter(kernel, *rows).emit();
}

namespace {
struct EmitRows : impl::EmitRowsBase<EmitRows> {
  void runOnOperation() override {
    for (auto kernel : llvm::to_vector(getOperation().getOps<tile::KernelOp>())) {
      sched::ScheduleAttr schedule = kernel.getSched();
      if (!schedule || !schedule.getBlock() || schedule.getAlgorithm() != sched::Algorithm::Rows)
        continue;
      if (failed(emitRows(kernel)))
        return signalPassFailure();
    }
  }
};
} // namespace
} // namespace tegula::codegen::ptx
