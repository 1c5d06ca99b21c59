// Cuts bodies that people wrote where a tensor of theirs is read at computed places, because a kernel would
// compute all of it before, in one thread: graph.custom => two of them, with the tensor stored in between.
#include "tegula/dialects/graph/Custom.h"
#include "tegula/passes/graph/Passes.h"

#include "mlir/IR/IRMapping.h"

namespace tegula::graph {
#define GEN_PASS_DEF_SPLITBODIES
#include "tegula/passes/graph/Passes.h.inc"
} // namespace tegula::graph

using namespace mlir;
using namespace tegula::graph;

namespace {

/// Whether a tensor is read where indices that are computed say.
bool isReadElsewhere(Value tensor) {
  return llvm::any_of(tensor.getUses(), [](OpOperand &use) {
    auto op = dyn_cast<linalg::LinalgOp>(use.getOwner());
    return isa<tensor::ExtractOp>(use.getOwner()) ||
           (op && op.isDpsInput(&use) && !goesUp(op.getMatchingIndexingMap(&use)));
  });
}

/// The first tensor that should be stored.
linalg::LinalgOp findCut(CustomOp op) {
  for (auto each : op.getBody().front().getOps<linalg::LinalgOp>())
    if (!isa<linalg::FillOp>(each.getOperation()) && isReadElsewhere(each->getResult(0)))
      return each;
  return {};
}

/// Erases what nothing reads, and operands of which nothing is read.
CustomOp dropUnused(CustomOp op) {
  Block &block = op.getBody().front();
  for (Operation &each : llvm::make_early_inc_range(llvm::reverse(block)))
    if (each.use_empty() && &each != block.getTerminator())
      each.erase();
  for (unsigned i = op.getInputs().size(); i-- > 0;)
    if (block.getArgument(i).use_empty()) {
      block.eraseArgument(i);
      op.getInputsMutable().erase(i);
    }
  return op;
}

struct SplitBodies : tegula::graph::impl::SplitBodiesBase<SplitBodies> {
  using SplitBodiesBase::SplitBodiesBase;

  /// A copy of `op` with another result; `mapping` leads to the body's values.
  static CustomOp copy(OpBuilder &builder, CustomOp op, Type type, IRMapping &mapping) {
    auto made = CustomOp::create(builder, op.getLoc(), type, op.getInputs());
    op.getBody().cloneInto(&made.getBody(), mapping);
    return made;
  }

  /// Cuts `op` behind `cut`; what is left of it.
  static CustomOp split(CustomOp op, linalg::LinalgOp cut) {
    OpBuilder builder(op);
    FailureOr<CustomSizes> sizes = CustomSizes::of(op);
    assert(succeeded(sizes) && "expected a body that has been verified");
    Value tensor = cut->getResult(0);
    auto inside = cast<RankedTensorType>(tensor.getType());
    IRMapping before, behind;
    CustomOp first = copy(builder, op, tensorType(sizes->shapeOf(tensor), inside.getElementType()), before);
    first.getBody().front().getTerminator()->setOperand(0, before.lookup(tensor));
    CustomOp second = copy(builder, op, op.getType(), behind);
    behind.lookup(tensor).replaceAllUsesWith(second.getBody().front().addArgument(inside, cut.getLoc()));
    second.getInputsMutable().append(first.getResult());
    op.replaceAllUsesWith(second.getResult());
    op.erase();
    dropUnused(first);
    return dropUnused(second);
  }

  void runOnOperation() override {
    for (auto op : llvm::to_vector(getOperation().getOps<CustomOp>()))
      while (linalg::LinalgOp cut = findCut(op)) {
        op = split(op, cut);
        ++numBodiesSplit;
      }
  }
};

} // namespace
