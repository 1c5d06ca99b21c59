// Copies slices that a device's kernels could not read or write where they lie: tile.loop over slices of 12
// bytes => copies at the border of its body. It exists because kernels for a device assume that tensors begin
// where the widest access of a thread may.
#include "tegula/codegen/host/Passes.h"

#include "Bodies.h"
#include "Branches.h"
#include "CopyKernel.h"

using namespace mlir;

namespace tegula::codegen::host {
#define GEN_PASS_DEF_ALIGNSLICES
#include "tegula/codegen/host/Passes.h.inc"

namespace {

/// What buffers of a device are aligned to: the widest access of a thread.
constexpr int64_t alignment = 16;

struct AlignSlices : impl::AlignSlicesBase<AlignSlices> {
  using AlignSlicesBase::AlignSlicesBase;

  void runOnOperation() override {
    SmallVector<tile::LoopOp> loops;
    getOperation().walk([&](tile::LoopOp loop) { loops.push_back(loop); });
    llvm::DenseSet<Operation *> done; // bodies
    for (tile::LoopOp loop : loops) {
      bool isFirst = done.insert(bodyOf(loop)).second;
      if (failed(align(loop, isFirst)))
        return signalPassFailure();
    }
  }

  bool isAligned(Value whole) {
    graph::Dim bytes = llvm::divideCeil(cast<RankedTensorType>(whole.getType()).getElementTypeBitWidth(), 8);
    for (AffineExpr dim : ArrayRef(tile::dimsOf(whole)).drop_front())
      bytes *= dim ? graph::Dim(dim) : graph::Dim::invalid();
    return bytes.isValid() && bytes.expr(&getContext()).getLargestKnownDivisor() % alignment == 0;
  }

  /// `copies` says whether the body has to be changed, which is so for the first loop that runs it.
  LogicalResult align(tile::LoopOp loop, bool copies) {
    func::FuncOp body = bodyOf(loop);
    size_t numCarried = loop.getCarried().size();
    for (auto [index, whole] : llvm::enumerate(loop.getScanned()))
      if (copies && !isAligned(whole) && failed(copyArgument(body, numCarried + index)))
        return failure();
    Operation *end = body.getBody().front().getTerminator();
    for (unsigned index = 0; index < loop.getNumStacked(); ++index)
      if (copies && !isAligned(loop.getResults()[numCarried + index]) &&
          failed(copyOperand(end->getOpOperand(loop.getEnds() + numCarried + index))))
        return failure();
    if (llvm::all_of(loop.getResults().take_back(loop.getHistories().size()),
                     [&](Value history) { return isAligned(history); }))
      return success();
    return giveHistories(loop, copies);
  }

  LogicalResult copyArgument(func::FuncOp body, unsigned index) {
    BlockArgument argument = body.getArgument(index);
    if (argument.use_empty())
      return success();
    OpBuilder builder = OpBuilder::atBlockBegin(argument.getOwner());
    Value copy = copyOf(builder, getOperation(), argument, /*isUnaligned=*/true);
    if (!copy)
      return body.emitError("expected sizes of argument ") << index;
    argument.replaceUsesWithIf(copy, [&](OpOperand &use) {
      return use.getOwner() != copy.getDefiningOp() && !isa<tile::SizeOp>(use.getOwner());
    });
    ++numSlicesCopied;
    return success();
  }

  LogicalResult copyOperand(OpOperand &result) {
    OpBuilder builder(result.getOwner());
    Value copy = copyOf(builder, getOperation(), result.get(), /*isUnaligned=*/true);
    if (!copy)
      return result.getOwner()->emitError("expected sizes of operand ") << result.getOperandNumber();
    result.set(copy);
    ++numSlicesCopied;
    return success();
  }

  /// Carried tensors stay in buffers of their own; what they were is copied to results that are slices.
  LogicalResult giveHistories(tile::LoopOp loop, bool copies) {
    func::FuncOp body = bodyOf(loop);
    Operation *end = body.getBody().front().getTerminator();
    if (copies) {
      SmallVector<Value> results(end->getOperands());
      for (int64_t number : loop.getHistories())
        results.push_back(results[loop.getEnds() + number]);
      for (unsigned index = end->getNumOperands(); index < results.size(); ++index) {
        int64_t number = loop.getHistories()[index - end->getNumOperands()];
        if (failed(body.insertResult(index, results[index].getType(),
                                     body.getResultAttrDict(loop.getEnds() + number))))
          return failure();
      }
      unsigned before = end->getNumOperands();
      end->setOperands(results);
      for (unsigned index = before; index < results.size(); ++index)
        if (failed(copyOperand(end->getOpOperand(index))))
          return failure();
    }
    loop.setHistories({});
    return success();
  }
};

} // namespace
} // namespace tegula::codegen::host
