// Writes kernels whose schedule lets threads work together: tile.kernel with a block => the same kernel as
// what one thread of a group does. It exists because sharing memory is no property of tiles, but of who
// computes them.
#include "tegula/codegen/ptx/Passes.h"

#include "ProductEmitter.h"

#include "tegula/codegen/common/Passes.h"

using namespace mlir;

namespace tegula::codegen::ptx {
#define GEN_PASS_DEF_EMITBLOCKS
#include "tegula/codegen/ptx/Passes.h.inc"

static std::optional<tile::Product> productOf(tile::KernelOp kernel) {
  for (auto op : kernel.getBlock().getOps<linalg::GenericOp>())
    if (op.getNumReductionLoops())
      return tile::productOf(op);
  return std::nullopt;
}

/// Writes the kernel's product; returns the bytes of shared memory that its stages take.
static FailureOr<int64_t> emitBlocks(tile::KernelOp kernel, int64_t mostSharedBytes) {
  std::optional<tile::Product> product = productOf(kernel);
  if (!product ||
      !tile::followsInPlace(product->op->getResult(0), kernel.getBlock().getTerminator()->getOperand(0)))
    return kernel.emitOpError(
        "expected a product of matrices for a schedule with blocks of rows and columns");
  std::unique_ptr<ProductEmitter> emitter = makeEmitter(kernel, *product);
  if (!emitter || failed(emitter->emit()))
    return failure();
  if (emitter->sharedBytes() > mostSharedBytes)
    return kernel.emitOpError("expected a schedule whose stages fit into the ")
           << mostSharedBytes << " bytes of shared memory that a group may have, got "
           << emitter->sharedBytes();
  return emitter->sharedBytes();
}

namespace {
struct EmitBlocks : impl::EmitBlocksBase<EmitBlocks> {
  using EmitBlocksBase::EmitBlocksBase;

  void runOnOperation() override {
    for (auto kernel : llvm::to_vector(getOperation().getOps<tile::KernelOp>())) {
      sched::BlockAttr block = kernel.getSched() ? kernel.getSched().getBlock() : sched::BlockAttr();
      if (!block)
        continue;
      FailureOr<int64_t> bytes = block.getRows() ? emitBlocks(kernel, mostSharedBytes) : 0;
      if (failed(bytes))
        return signalPassFailure();
      SmallVector<int64_t> group{block.getThreads(), block.getTogether()};
      if (block.getRows())
        group.append({*bytes, block.getThreadRows() * block.getThreadColumns() > sched::fewSums ? 2 : 1});
      kernel->setAttr(groupAttr, DenseI64ArrayAttr::get(&getContext(), group));
    }
  }
};
} // namespace
} // namespace tegula::codegen::ptx
