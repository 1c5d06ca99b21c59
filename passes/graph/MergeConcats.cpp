// Joins the pieces of concats of concats at once, many of them in a tree, because a model that appends to a
// tensor step by step copies all of it in every step.
#include "Movement.h"

#include "tegula/dialects/graph/Pieces.h"
#include "tegula/passes/graph/Passes.h"

#include "llvm/ADT/SmallPtrSet.h"

namespace tegula::graph {
#define GEN_PASS_DEF_MERGECONCATS
#include "tegula/passes/graph/Passes.h.inc"
} // namespace tegula::graph

using namespace mlir;
using namespace tegula::graph;

namespace {

struct MergeConcats : tegula::graph::impl::MergeConcatsBase<MergeConcats> {
  using MergeConcatsBase::MergeConcatsBase;

  /// What `op` joins, with concats along the same axis that nothing else reads replaced by what they join;
  /// these come into `within`, each behind the one that reads it.
  static SmallVector<Value> piecesOf(ConcatOp op, SmallVectorImpl<ConcatOp> &within) {
    SmallVector<Value> pieces, open(llvm::reverse(op.getInputs()));
    while (!open.empty()) {
      Value next = open.pop_back_val();
      auto inner = next.getDefiningOp<ConcatOp>();
      if (inner && inner.getAxis() == op.getAxis() && inner->hasOneUse()) {
        within.push_back(inner);
        llvm::append_range(open, llvm::reverse(inner.getInputs()));
      } else if (!shapeOf(next)[op.getAxis()].is(0)) {
        pieces.push_back(next);
      }
    }
    return pieces;
  }

  static Value join(OpBuilder &builder, ConcatOp op, ArrayRef<Value> pieces) {
    Shape shape = shapeOf(op);
    shape[op.getAxis()] = 0;
    for (Value piece : pieces)
      shape[op.getAxis()] += shapeOf(piece)[op.getAxis()];
    return ConcatOp::create(builder, op.getLoc(), withShape(op, shape), pieces, op.getAxis());
  }

  /// Joins the pieces of `op` anew, unless it does that itself.
  void merge(ConcatOp op) {
    SmallVector<ConcatOp> within;
    SmallVector<Value> pieces = piecesOf(op, within);
    if (pieces.empty() ||
        (within.empty() && pieces.size() == op.getInputs().size() && pieces.size() <= mostConcatInputs))
      return;
    OpBuilder builder(op);
    joinNeighbours(pieces, [&](ArrayRef<Value> some) { return join(builder, op, some); });
    op.replaceAllUsesWith(
        ConcatOp::create(builder, op.getLoc(), op.getType(), pieces, op.getAxis()).getResult());
    gone.insert(op);
    op.erase();
    for (ConcatOp inner : within) {
      gone.insert(inner);
      inner.erase();
      ++numConcatsMerged;
    }
  }

  void runOnOperation() override {
    SmallVector<ConcatOp> concats;
    getOperation().walk([&](ConcatOp op) { concats.push_back(op); });
    for (ConcatOp op : llvm::reverse(concats)) // the last one has the most pieces
      if (!gone.contains(op))
        merge(op);
    gone.clear();
  }

  llvm::SmallPtrSet<Operation *, 16> gone;
};

} // namespace
