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

static LogicalResult emitBlocks(tile::KernelOp kernel, sched::BlockAttr block) {
  std::optional<tile::Product> product = productOf(kernel);
  if (!product ||
      !tile::followsInPlace(product->op->getResult(0), kernel.getBlock().getTerminator()->getOperand(0)))
    return kernel.emitOpError(
        "expected a product of matrices for a schedule with blocks of rows and columns");
  std::unique_ptr<ProductEmitter> emitter = makeEmitter(kernel, *product);
  return emitter ? emitter->emit() : failure();
}

namespace {
struct EmitBlocks : impl::EmitBlocksBase<EmitBlocks> {
  void runOnOperation() override {
    for (auto kernel : llvm::to_vector(getOperation().getOps<tile::KernelOp>())) {
      sched::BlockAttr block = kernel.getSched() ? kernel.getSched().getBlock() : sched::BlockAttr();
      if (!block)
        continue;
      if (block.getRows() && failed(emitBlocks(kernel, block)))
        return signalPassFailure();
      kernel->setAttr(groupAttr,
                      DenseI64ArrayAttr::get(&getContext(), {block.getThreads(), block.getTogether()}));
    }
  }
};
} // namespace
} // namespace tegula::codegen::ptx
