// Implements reductions of rows: the operations that combine, what they start from, and how partial results
// become one.
#include "tegula/codegen/common/RowReduction.h"

#include "tegula/dialects/tile/Extents.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace tegula::codegen {

/// The operation that combines an element with the accumulator; null where the body does more than that.
static Operation *combinerOf(linalg::GenericOp op) {
  BlockArgument out = op.getMatchingBlockArgument(op.getDpsInitOperand(0));
  if (!out.hasOneUse())
    return nullptr;
  Operation *combiner = *out.user_begin();
  Operation *yield = op.getBody()->getTerminator();
  return combiner->getNumResults() == 1 && yield->getOperand(0) == combiner->getResult(0) ? combiner
                                                                                          : nullptr;
}

static std::optional<vector::CombiningKind> kindOf(Operation *combiner) {
  using vector::CombiningKind;
  return llvm::TypeSwitch<Operation *, std::optional<CombiningKind>>(combiner)
      .Case<arith::AddFOp, arith::AddIOp>([](auto) { return CombiningKind::ADD; })
      .Case<arith::MulFOp, arith::MulIOp>([](auto) { return CombiningKind::MUL; })
      .Case<arith::MaximumFOp>([](auto) { return CombiningKind::MAXIMUMF; })
      .Case<arith::MinimumFOp>([](auto) { return CombiningKind::MINIMUMF; })
      .Case<arith::MaxSIOp>([](auto) { return CombiningKind::MAXSI; })
      .Case<arith::MinSIOp>([](auto) { return CombiningKind::MINSI; })
      .Case<arith::MaxUIOp>([](auto) { return CombiningKind::MAXUI; })
      .Case<arith::MinUIOp>([](auto) { return CombiningKind::MINUI; })
      .Default(std::nullopt);
}

/// Where the partial results of a reduction start: at `init` itself where combining it once more changes
/// nothing, else at the neutral element.
static bool startsAtInit(Operation *combiner, Value init) {
  if (!isa<arith::AddFOp, arith::AddIOp, arith::MulFOp, arith::MulIOp>(combiner))
    return true; // the least or greatest of equal numbers is that number
  bool isSum = isa<arith::AddFOp, arith::AddIOp>(combiner);
  return isSum ? matchPattern(init, m_AnyZeroFloat()) || matchPattern(init, m_Zero())
               : matchPattern(init, m_OneFloat()) || matchPattern(init, m_One());
}

Value RowReduction::combine(OpBuilder &builder, Value a, Value b) const {
  OperationState state(combiner->getLoc(), combiner->getName());
  state.addOperands({a, b});
  state.addTypes(a.getType());
  state.propertiesAttr = combiner->getPropertiesAsAttribute();
  return builder.create(state)->getResult(0);
}

Value RowReduction::horizontal(OpBuilder &builder, Value vec) const {
  bool isFloat = isa<FloatType>(cast<VectorType>(vec.getType()).getElementType());
  auto flags = isFloat ? arith::FastMathFlags::reassoc : arith::FastMathFlags::none;
  return vector::ReductionOp::create(builder, combiner->getLoc(), kind, vec, flags);
}

Value RowReduction::seed(OpBuilder &builder, Value init) const {
  if (startsAtInit(combiner, init))
    return init;
  int64_t number = isa<arith::MulFOp, arith::MulIOp>(combiner) ? 1 : 0;
  if (isa<FloatType>(init.getType()))
    return arith::ConstantOp::create(builder, combiner->getLoc(),
                                     builder.getFloatAttr(init.getType(), static_cast<double>(number)));
  return arith::ConstantOp::create(builder, combiner->getLoc(),
                                   builder.getIntegerAttr(init.getType(), number));
}

Value RowReduction::join(OpBuilder &builder, SmallVector<Value> partial) const {
  for (size_t count = partial.size(); count > 1; count = (count + 1) / 2) {
    for (size_t i = 0; i + 1 < count; i += 2)
      partial[i / 2] = combine(builder, partial[i], partial[i + 1]);
    if (count % 2)
      partial[count / 2] = partial[count - 1];
  }
  return partial.front();
}

FailureOr<RowReduction> describeRow(linalg::GenericOp op) {
  Operation *combiner = combinerOf(op);
  std::optional<vector::CombiningKind> kind = combiner ? kindOf(combiner) : std::nullopt;
  if (!kind)
    return op.emitError("expected a reduction by one known operation");
  RowReduction row{op, combiner, *kind, tile::loopExtentsOf(op), {}};
  if (llvm::is_contained(row.extents, OpFoldResult()))
    return op.emitError("expected loops of known size in a tile");
  for (auto [loop, iterator] : llvm::enumerate(op.getIteratorTypesArray()))
    if (iterator == utils::IteratorType::reduction)
      row.loops.push_back(loop);
  return row;
}

} // namespace tegula::codegen
