// Orders the loops of plain reductions: (m, n, k) => (m, k, n) where memory runs along n.
// It exists so that the oracle, which every check waits for, is slow only where it must be.
#include "tegula/codegen/cpu/Passes.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"

using namespace mlir;

namespace tegula::codegen::cpu {
#define GEN_PASS_DEF_ORDERLOOPS
#include "tegula/codegen/cpu/Passes.h.inc"

/// The dimension that an operand runs along in memory, if it is a plain one.
static std::optional<unsigned> contiguousDim(AffineMap map) {
  if (map.getNumResults() == 0)
    return std::nullopt;
  auto dim = dyn_cast<AffineDimExpr>(map.getResults().back());
  return dim ? std::optional<unsigned>(dim.getPosition()) : std::nullopt;
}

/// The parallel dimension that should be innermost and is not, or nothing.
static std::optional<unsigned> dimToMove(linalg::GenericOp op) {
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  if (iterators.empty() || linalg::isParallelIterator(iterators.back()) || op.getNumDpsInits() == 0)
    return std::nullopt;
  std::optional<unsigned> dim = contiguousDim(op.getMatchingIndexingMap(op.getDpsInitOperand(0)));
  if (!dim || !linalg::isParallelIterator(iterators[*dim]))
    return std::nullopt;
  for (OpOperand &init : op.getDpsInitsMutable())
    if (contiguousDim(op.getMatchingIndexingMap(&init)) != dim)
      return std::nullopt;
  for (OpOperand *input : op.getDpsInputOperands())
    if (contiguousDim(op.getMatchingIndexingMap(input)) == dim)
      return dim;
  return std::nullopt;
}

namespace {
struct OrderLoops : impl::OrderLoopsBase<OrderLoops> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](linalg::GenericOp op) {
      std::optional<unsigned> moved = dimToMove(op);
      if (!moved)
        return;
      SmallVector<unsigned> order;
      for (unsigned dim = 0; dim < op.getNumLoops(); ++dim)
        if (dim != *moved)
          order.push_back(dim);
      order.push_back(*moved);
      rewriter.setInsertionPoint(op);
      if (succeeded(linalg::interchangeGenericOp(rewriter, op, order)))
        ++numLoopsMoved;
    });
  }
};
} // namespace
} // namespace tegula::codegen::cpu
