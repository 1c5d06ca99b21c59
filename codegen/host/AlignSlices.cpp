// Copies slices that a device's kernels could not read or write where they lie: tile.loop over slices of 12
// bytes => copies at the border of its body. It exists because kernels for a device assume that tensors begin
// where the widest access of a thread may.
#include "tegula/codegen/host/Passes.h"

#include "Bodies.h"
#include "Branches.h"
#include "CopyKernel.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace tegula::codegen::host {
#define GEN_PASS_DEF_ALIGNSLICES
#include "tegula/codegen/host/Passes.h.inc"

namespace {

/// What buffers of a device are aligned to: the widest access of a thread.
constexpr int64_t alignment = 16;

/// What the loops that run a body ask of it.
struct Changes {
  SmallVector<int64_t> arguments; ///< to be copied
  SmallVector<int64_t> results;   ///< to be copied
  SmallVector<int64_t> histories; ///< results to be given once more, as copies
  bool operator==(const Changes &) const = default;
};

struct AlignSlices : impl::AlignSlicesBase<AlignSlices> {
  using AlignSlicesBase::AlignSlicesBase;

  void runOnOperation() override {
    SmallVector<tile::LoopOp> loops;
    getOperation().walk([&](tile::LoopOp loop) { loops.push_back(loop); });
    llvm::MapVector<Operation *, Changes> wanted = splitBodies(loops);
    for (auto &[body, changes] : wanted)
      if (failed(change(cast<func::FuncOp>(body), changes)))
        return signalPassFailure();
    for (tile::LoopOp loop : loops)
      if (!wanted[bodyOf(loop)].histories.empty())
        loop.setHistories({});
  }

  /// Gives loops that ask for different changes bodies of their own, and adds loops in these to `loops`.
  /// Returns what is to be changed in each body.
  llvm::MapVector<Operation *, Changes> splitBodies(SmallVector<tile::LoopOp> &loops) {
    SymbolTable table(getOperation());
    llvm::MapVector<Operation *, Changes> wanted;
    llvm::DenseMap<Operation *, SmallVector<func::FuncOp>> kinds; // of a body
    for (size_t i = 0; i < loops.size(); ++i) {
      tile::LoopOp loop = loops[i];
      func::FuncOp body = bodyOf(loop);
      Changes changes = changesOf(loop);
      SmallVector<func::FuncOp> &known = kinds[body];
      auto *same = llvm::find_if(known, [&](func::FuncOp kind) { return wanted[kind] == changes; });
      if (same != known.end()) {
        loop.setBody(same->getSymName());
        continue;
      }
      func::FuncOp own = body;
      if (!known.empty()) {
        own = body.clone();
        loop.setBody(table.insert(own, std::next(body->getIterator())));
        own.walk([&](tile::LoopOp inner) { loops.push_back(inner); });
      }
      known.push_back(own);
      wanted[own] = std::move(changes);
    }
    return wanted;
  }

  bool isAligned(Value whole) {
    graph::Dim bytes = llvm::divideCeil(cast<RankedTensorType>(whole.getType()).getElementTypeBitWidth(), 8);
    for (AffineExpr dim : ArrayRef(tile::dimsOf(whole)).drop_front())
      bytes *= dim ? graph::Dim(dim) : graph::Dim::invalid();
    return bytes.isValid() && bytes.expr(&getContext()).getLargestKnownDivisor() % alignment == 0;
  }

  Changes changesOf(tile::LoopOp loop) {
    Changes changes;
    size_t numCarried = loop.getCarried().size();
    for (auto [index, whole] : llvm::enumerate(loop.getScanned()))
      if (!isAligned(whole))
        changes.arguments.push_back(numCarried + index);
    for (unsigned index = 0; index < loop.getNumStacked(); ++index)
      if (!isAligned(loop.getResults()[numCarried + index]))
        changes.results.push_back(loop.getEnds() + numCarried + index);
    auto histories = loop.getResults().take_back(loop.getHistories().size());
    if (!llvm::all_of(histories, [&](Value history) { return isAligned(history); }))
      for (int64_t number : loop.getHistories())
        changes.histories.push_back(loop.getEnds() + number);
    return changes;
  }

  LogicalResult change(func::FuncOp body, const Changes &changes) {
    for (int64_t index : changes.arguments)
      if (failed(copyArgument(body, index)))
        return failure();
    Operation *end = body.getBody().front().getTerminator();
    for (int64_t index : changes.results)
      if (failed(copyOperand(end->getOpOperand(index))))
        return failure();
    return giveHistories(body, changes.histories);
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
  LogicalResult giveHistories(func::FuncOp body, ArrayRef<int64_t> histories) {
    Operation *end = body.getBody().front().getTerminator();
    for (int64_t number : histories) {
      unsigned index = end->getNumOperands();
      Value result = end->getOperand(number);
      if (failed(body.insertResult(index, result.getType(), body.getResultAttrDict(number))))
        return failure();
      end->insertOperands(index, result);
      if (failed(copyOperand(end->getOpOperand(index))))
        return failure();
    }
    return success();
  }
};

} // namespace
} // namespace tegula::codegen::host
