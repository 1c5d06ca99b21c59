// Implements the reading of kernels as rows: positions are followed from the result through every operation
// to the reductions.
#include "tegula/dialects/tile/Rows.h"

#include "tegula/dialects/tile/Extents.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace tegula::tile {
namespace {

/// Follows positions from a result backwards. The first `outer` dimensions of every position are the row's.
class Follower {
public:
  Follower(unsigned outer) : outer(outer) {}

  /// Whether all reductions behind `tensor`, read at `at`, are read at the row.
  bool follow(Value tensor, ArrayRef<AffineExpr> at) {
    auto op = tensor.getDefiningOp<linalg::GenericOp>();
    if (!op)
      return true;
    std::pair<Operation *, SmallVector<AffineExpr>> place{op, SmallVector<AffineExpr>(at)};
    if (llvm::is_contained(seen, place))
      return true;
    seen.push_back(place);
    if (op->getNumResults() != 1 || readsByIndices(op) || (op.getNumReductionLoops() && !isRow(op, at)))
      return false;
    std::optional<SmallVector<AffineExpr>> loops = loopsAt(op, at);
    return loops && llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
             SmallVector<AffineExpr> next;
             for (AffineExpr expr : op.getMatchingIndexingMap(&operand).getResults())
               next.push_back(expr.replaceDims(*loops));
             return follow(operand.get(), next);
           });
  }

private:
  bool isRow(linalg::GenericOp op, ArrayRef<AffineExpr> at) const {
    ArrayRef<int64_t> shape = cast<RankedTensorType>(op->getResult(0).getType()).getShape();
    for (unsigned dim = 0; dim < outer; ++dim)
      if (at[dim] != getAffineDimExpr(dim, op.getContext()) &&
          !(shape[dim] == 1 && at[dim] == getAffineConstantExpr(0, op.getContext())))
        return false;
    return true;
  }

  /// The loops of `op` where its result has position `at`; those that it reduces stand behind the row.
  std::optional<SmallVector<AffineExpr>> loopsAt(linalg::GenericOp op, ArrayRef<AffineExpr> at) const {
    SmallVector<AffineExpr> loops(op.getNumLoops());
    for (auto [dim, expr] :
         llvm::enumerate(op.getMatchingIndexingMap(op.getDpsInitOperand(0)).getResults())) {
      auto loop = dyn_cast<AffineDimExpr>(expr);
      if (!loop)
        return std::nullopt;
      loops[loop.getPosition()] = at[dim];
    }
    unsigned behind = outer;
    for (AffineExpr &loop : loops)
      if (!loop)
        loop = getAffineDimExpr(behind++, op.getContext());
    return loops;
  }

  static bool readsByIndices(linalg::GenericOp op) {
    return llvm::any_of(op.getBody()->getOps<tensor::ExtractOp>(), [](tensor::ExtractOp extract) {
      return extract.getTensor().getDefiningOp<linalg::GenericOp>() != nullptr;
    });
  }

  unsigned outer;
  SmallVector<std::pair<Operation *, SmallVector<AffineExpr>>> seen;
};

} // namespace

std::optional<Rows> rowsOf(Value root) {
  auto op = root.getDefiningOp<linalg::GenericOp>();
  if (!op)
    return std::nullopt;
  Rows rows;
  for (auto generic : op->getBlock()->getOps<linalg::GenericOp>())
    if (generic.getNumReductionLoops())
      rows.reductions.push_back(generic);
  if (rows.reductions.empty())
    return std::nullopt;
  Value first = rows.reductions.front()->getResult(0);
  unsigned rank = cast<RankedTensorType>(root.getType()).getRank();
  rows.inResult = !haveSameExtents(first, root);
  if (rows.inResult && !rank)
    return std::nullopt;
  rows.outer = rank - (rows.inResult ? 1 : 0);
  for (linalg::GenericOp each : rows.reductions) {
    auto type = cast<RankedTensorType>(each->getResult(0).getType());
    unsigned behind = type.getRank() - std::min<unsigned>(type.getRank(), rows.outer);
    if (type.getRank() < rows.outer || behind > 1 || (behind && type.getShape().back() != 1))
      return std::nullopt;
  }
  SmallVector<AffineExpr> at;
  for (unsigned dim = 0; dim < rank; ++dim)
    at.push_back(getAffineDimExpr(dim, root.getContext()));
  return Follower(rows.outer).follow(root, at) ? std::optional(rows) : std::nullopt;
}

} // namespace tegula::tile
