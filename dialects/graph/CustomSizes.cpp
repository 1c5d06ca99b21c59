// Follows sizes and indices through a body that people wrote, so that what stays inside of a tensor for all
// sizes is known before anything runs, and what may not can be moved inside.
#include "tegula/dialects/graph/Custom.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Support/DebugStringHelper.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace tegula::graph {

// ---- Ranges ----

using Bound = IndexRange::Bound;
using Bounds = SmallVector<Bound, 2>;

/// More bounds of one number tell hardly anything more.
static constexpr size_t mostBounds = 4;
/// What sizes of tensors that exist fit into: elements are found by addresses.
static constexpr unsigned sizeBits = 48;

bool IndexRange::isAtLeast(Dim bound) const {
  return llvm::any_of(lowest, [&](const Bound &each) { return surelyAtMost(bound, each.value); });
}
bool IndexRange::isBelow(Dim bound) const {
  return llvm::any_of(highest, [&](const Bound &each) { return surelyLess(each.value, bound); });
}

/// A size of a tensor, which fits into `bits`; of numbers their own bits are known.
static Bound boundOf(Dim value, unsigned bits = sizeBits) {
  if (!value.isStatic())
    return {value, bits};
  uint64_t magnitude = value.number() < 0 ? 0 - uint64_t(value.number()) : uint64_t(value.number());
  return {value, unsigned(llvm::bit_width(magnitude)) + 1};
}
static IndexRange between(Bound lowest, Bound highest) { return {{lowest}, {highest}}; }
static IndexRange exactly(Bound value) { return between(value, value); }
static IndexRange exactly(int64_t number) { return exactly(boundOf(number)); }
/// The indices of a size.
static IndexRange below(Dim size, unsigned bits) { return between(boundOf(0), boundOf(size - 1, bits)); }

static void add(Bounds &bounds, Dim value, unsigned bits) {
  if (value.isValid() && bounds.size() < mostBounds)
    bounds.push_back({value, bits});
}

/// Each combination of a bound of `a` with one of `b`, one bit longer than both.
template <typename Combine> static Bounds pairs(const Bounds &a, const Bounds &b, Combine combine) {
  Bounds result;
  for (const Bound &x : a)
    for (const Bound &y : b)
      add(result, combine(x.value, y.value), std::max(x.bits, y.bits) + 1);
  return result;
}

/// What holds of numbers that are one of two: the outer one of two bounds that can be compared.
static Bounds outer(const Bounds &a, const Bounds &b, bool ofLowest) {
  Bounds result;
  for (const Bound &x : a)
    for (const Bound &y : b) {
      const Bound &low = ofLowest ? x : y, &high = ofLowest ? y : x;
      if (surelyAtMost(low.value, high.value))
        add(result, x.value, x.bits);
      else if (surelyAtMost(high.value, low.value))
        add(result, y.value, y.bits);
    }
  return result;
}

static Bounds both(const Bounds &a, const Bounds &b) {
  Bounds result(a);
  for (const Bound &each : b)
    add(result, each.value, each.bits);
  return result;
}

/// Arithmetic wraps beyond its width: then nothing is known.
static IndexRange unlessWraps(IndexRange range, unsigned width) {
  auto fits = [&](const Bound &bound) { return bound.bits < width; };
  llvm::erase_if(range.lowest, [&](const Bound &bound) { return !fits(bound); });
  llvm::erase_if(range.highest, [&](const Bound &bound) { return !fits(bound); });
  return range.lowest.empty() || range.highest.empty() ? IndexRange() : range;
}

static IndexRange sum(const IndexRange &a, const IndexRange &b, unsigned width) {
  auto plus = [](Dim x, Dim y) { return x + y; };
  return unlessWraps({pairs(a.lowest, b.lowest, plus), pairs(a.highest, b.highest, plus)}, width);
}
static IndexRange difference(const IndexRange &a, const IndexRange &b, unsigned width) {
  auto minus = [](Dim x, Dim y) { return x - y; };
  return unlessWraps({pairs(a.lowest, b.highest, minus), pairs(a.highest, b.lowest, minus)}, width);
}

/// A product with numbers of which neither is negative, or of which one is known.
static IndexRange product(IndexRange a, IndexRange b, unsigned width) {
  auto known = [](const IndexRange &range) -> std::optional<int64_t> {
    for (const Bound &low : range.lowest)
      for (const Bound &high : range.highest)
        if (low.value.isStatic() && high.value.is(low.value.number()))
          return low.value.number();
    return std::nullopt;
  };
  if (known(a))
    std::swap(a, b);
  IndexRange result;
  auto multiply = [](const Bounds &xs, const Bounds &ys) {
    Bounds products;
    for (const Bound &x : xs)
      for (const Bound &y : ys)
        add(products, x.value * y.value, x.bits + y.bits);
    return products;
  };
  std::optional<int64_t> factor = known(b);
  if (factor)
    b = exactly(*factor);
  if (factor && *factor < 0)
    result = {multiply(a.highest, b.lowest), multiply(a.lowest, b.lowest)};
  else if (factor || (a.isAtLeast(0) && b.isAtLeast(0)))
    result = {multiply(a.lowest, b.lowest), multiply(a.highest, b.highest)};
  if (!factor && !result.lowest.empty())
    result.lowest = {boundOf(0)};
  return unlessWraps(result, width);
}

/// Rounded down, by a number of at least 1. Divisions of divisions are followed as long as sums of sums are,
/// or their expressions could be as deep as a body is long.
static IndexRange quotient(const IndexRange &a, const IndexRange &b) {
  auto divide = [](const Bounds &bounds, Dim divisor) {
    Bounds quotients;
    for (const Bound &bound : bounds)
      if (bound.value.isStatic() || bound.bits < 63)
        add(quotients, floorDiv(bound.value, divisor), bound.bits + !bound.value.isStatic());
    return quotients;
  };
  for (const Bound &low : b.lowest)
    for (const Bound &high : b.highest)
      if (low.value.isStatic() && high.value.is(low.value.number()) && low.value.number() >= 1)
        return {divide(a.lowest, low.value), divide(a.highest, low.value)};
  return {};
}

/// The remainder of numbers that are not negative, by numbers of at least 1.
static IndexRange remainder(const IndexRange &a, const IndexRange &b) {
  IndexRange result{{boundOf(0)}, a.highest};
  for (const Bound &bound : b.highest)
    add(result.highest, bound.value - 1, bound.bits);
  return result;
}

/// What a number of few bits can be at all; of more the bound would be worth nothing.
static IndexRange rangeOfType(Type type, bool isUnsigned) {
  if (!type.isInteger() || type.getIntOrFloatBitWidth() > 16)
    return {};
  int64_t most = int64_t(1) << (type.getIntOrFloatBitWidth() - (isUnsigned ? 0 : 1));
  return between(boundOf(isUnsigned ? 0 : -most), boundOf(most - 1));
}

/// The same number in another type, where it surely fits.
static IndexRange converted(const IndexRange &range, Type to, bool isUnsigned) {
  if (isUnsigned && !range.isAtLeast(0))
    return {};
  if (to.isIndex() || to.getIntOrFloatBitWidth() == 64)
    return range;
  int64_t limit = int64_t(1) << (to.getIntOrFloatBitWidth() - 1);
  return range.isAtLeast(-limit) && range.isBelow(limit) ? range : rangeOfType(to, false);
}

IndexRange CustomSizes::computeOp(Operation *op, unsigned width) {
  auto of = [&](unsigned number) { return rangeOf(op->getOperand(number)); };
  return llvm::TypeSwitch<Operation *, IndexRange>(op)
      .Case([&](linalg::IndexOp index) {
        auto loops = index->getParentOfType<linalg::LinalgOp>();
        return below(loopsOf(loops)[index.getDim()], loopBits.find(loops)->second);
      })
      .Case([&](tensor::DimOp dim) {
        Value source = dim.getSource();
        return exactly(boundOf(shapeOf(source)[*dim.getConstantIndex()], bits.find(source)->second));
      })
      .Case([&](arith::AddIOp) { return sum(of(0), of(1), width); })
      .Case([&](arith::SubIOp) { return difference(of(0), of(1), width); })
      .Case([&](arith::MulIOp) { return product(of(0), of(1), width); })
      .Case([&](arith::MinSIOp) {
        IndexRange a = of(0), b = of(1);
        return IndexRange{outer(a.lowest, b.lowest, true), both(a.highest, b.highest)};
      })
      .Case([&](arith::MaxSIOp) {
        IndexRange a = of(0), b = of(1);
        return IndexRange{both(a.lowest, b.lowest), outer(a.highest, b.highest, false)};
      })
      .Case([&](arith::SelectOp) {
        IndexRange a = of(1), b = of(2);
        return IndexRange{outer(a.lowest, b.lowest, true), outer(a.highest, b.highest, false)};
      })
      .Case<arith::DivSIOp, arith::DivUIOp>(
          [&](auto) { return of(0).isAtLeast(0) ? quotient(of(0), of(1)) : IndexRange(); })
      .Case([&](arith::FloorDivSIOp) { return quotient(of(0), of(1)); })
      .Case([&](arith::RemSIOp) {
        return of(0).isAtLeast(0) && of(1).isAtLeast(1) ? remainder(of(0), of(1)) : IndexRange();
      })
      .Case([&](arith::RemUIOp) {
        IndexRange a = of(0), b = of(1);
        return b.isAtLeast(1) ? remainder(a.isAtLeast(0) ? a : IndexRange(), b) : IndexRange();
      })
      .Case<arith::IndexCastOp, arith::ExtSIOp, arith::TruncIOp>(
          [&](Operation *cast) { return converted(of(0), cast->getResult(0).getType(), false); })
      .Case<arith::IndexCastUIOp, arith::ExtUIOp>([&](Operation *cast) {
        IndexRange known = converted(of(0), cast->getResult(0).getType(), true);
        return known.highest.empty() ? rangeOfType(cast->getOperand(0).getType(), true) : known;
      })
      .Default([&](Operation *other) { return rangeOfType(other->getResult(0).getType(), false); });
}

IndexRange CustomSizes::compute(Value index) {
  Type type = index.getType();
  if (!type.isIntOrIndex())
    return {};
  if (std::optional<int64_t> number = getConstantIntValue(index))
    return exactly(*number);
  if (Operation *op = index.getDefiningOp())
    return op->getNumResults() == 1 ? computeOp(op, type.isIndex() ? 64 : type.getIntOrFloatBitWidth())
                                    : rangeOfType(type, false);
  auto loop = dyn_cast<scf::ForOp>(cast<BlockArgument>(index).getOwner()->getParentOp());
  if (!loop || index != loop.getInductionVar())
    return rangeOfType(type, false);
  IndexRange from = rangeOf(loop.getLowerBound()), to = rangeOf(loop.getUpperBound());
  IndexRange result{from.lowest, {}};
  for (const Bound &bound : to.highest)
    add(result.highest, bound.value - 1, bound.bits);
  return result;
}

IndexRange CustomSizes::rangeOf(Value index) {
  if (auto known = ranges.find(index); known != ranges.end())
    return known->second;
  IndexRange range = compute(index); // which may add others
  return ranges[index] = range;
}

/// The only number of a range.
static std::optional<Bound> onlyOf(const IndexRange &range) {
  for (const Bound &low : range.lowest)
    for (const Bound &high : range.highest)
      if (low.value == high.value)
        return Bound{low.value, std::max(low.bits, high.bits)};
  return std::nullopt;
}

std::optional<Dim> CustomSizes::sizeOf(Value index) {
  std::optional<Bound> only = onlyOf(rangeOf(index));
  return only ? std::optional(only->value) : std::nullopt;
}

bool goesUp(AffineMap map) {
  return llvm::all_of(map.getResults(), [](AffineExpr expr) {
    bool isSum = true;
    expr.walk([&](AffineExpr part) {
      auto product = part.getKind() == AffineExprKind::Mul ? cast<AffineBinaryOpExpr>(part) : nullptr;
      auto factor = product ? dyn_cast<AffineConstantExpr>(product.getRHS()) : AffineConstantExpr();
      isSum &= isa<AffineDimExpr, AffineConstantExpr>(part) || part.getKind() == AffineExprKind::Add ||
               (factor && factor.getValue() > 0);
    });
    return isSum;
  });
}

// ---- Sizes ----

bool isBodyElement(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type))
    return integer.isSignless() && llvm::is_contained({8u, 16u, 32u, 64u}, integer.getWidth());
  return isa<Float16Type, BFloat16Type, Float32Type, Float64Type>(type);
}

LogicalResult CustomSizes::followEmpty(tensor::EmptyOp op) {
  Shape shape;
  unsigned most = sizeBits; // perhaps more than that: such a tensor needs not exist to be asked for its sizes
  for (OpFoldResult size : op.getMixedSizes()) {
    std::optional<Bound> known =
        onlyOf(isa<Attribute>(size) ? exactly(*getConstantIntValue(size)) : rangeOf(cast<Value>(size)));
    if (!known || !surelyAtMost(0, known->value))
      return op.emitOpError("expected sizes that follow from those of the operands, and are at least 0");
    shape.push_back(known->value);
    most = std::max(most, known->bits);
  }
  setShape(op, shape, most);
  return success();
}

void CustomSizes::setShape(Value tensor, ShapeRef shape, unsigned most) {
  shapes[tensor] = Shape(shape);
  bits[tensor] = most;
}

/// The range of an expression of loops.
static IndexRange rangeOfExpr(AffineExpr expr, ShapeRef loops, unsigned bits) {
  if (auto number = dyn_cast<AffineConstantExpr>(expr))
    return exactly(number.getValue());
  if (auto loop = dyn_cast<AffineDimExpr>(expr))
    return below(loops[loop.getPosition()], bits);
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return {};
  IndexRange lhs = rangeOfExpr(binary.getLHS(), loops, bits);
  IndexRange rhs = rangeOfExpr(binary.getRHS(), loops, bits);
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return sum(lhs, rhs, 64);
  case AffineExprKind::Mul:
    return product(lhs, rhs, 64);
  case AffineExprKind::FloorDiv:
    return quotient(lhs, rhs);
  case AffineExprKind::Mod:
    return rhs.isAtLeast(1) ? remainder(lhs.isAtLeast(0) ? lhs : IndexRange(), rhs) : IndexRange();
  default:
    return {};
  }
}

LogicalResult CustomSizes::followLoops(linalg::LinalgOp op) {
  Shape extents(op.getNumLoops(), Dim::invalid());
  unsigned most = sizeBits;
  auto eachIndex = [&](auto visit) -> LogicalResult {
    for (OpOperand &operand : op->getOpOperands())
      if (isa<RankedTensorType>(operand.get().getType()))
        for (auto [expr, size] :
             llvm::zip_equal(op.getMatchingIndexingMap(&operand).getResults(), shapeOf(operand.get())))
          if (failed(visit(expr, size, operand.getOperandNumber())))
            return failure();
    return success();
  };
  LogicalResult loopsAgree = eachIndex([&](AffineExpr expr, Dim size, unsigned number) -> LogicalResult {
    auto loop = dyn_cast<AffineDimExpr>(expr);
    if (!loop)
      return success();
    most = std::max(most, bits.find(op->getOperand(number))->second);
    Dim &extent = extents[loop.getPosition()];
    if (!extent.isValid())
      extent = size;
    if (extent == size)
      return success();
    return op->emitOpError("expected operand ")
           << number << " to be as large as others along loop d" << loop.getPosition() << ", "
           << extent.text() << ", got " << size.text();
  });
  if (failed(loopsAgree))
    return failure();
  assert(llvm::none_of(extents, [](Dim extent) { return !extent.isValid(); }) &&
         "expected maps that linalg takes");
  loops[op] = extents;
  loopBits[op] = most;
  return eachIndex([&](AffineExpr expr, Dim size, unsigned number) -> LogicalResult {
    if (isa<AffineDimExpr>(expr))
      return success();
    IndexRange range = rangeOfExpr(expr, extents, most);
    if (range.isAtLeast(0) && range.isBelow(size))
      return success();
    return op->emitOpError("expected an index of operand ")
           << number << " that stays within its size, " << size.text() << ", got " << debugString(expr);
  });
}

void CustomSizes::start(CustomOp op) {
  for (auto [argument, operand] : llvm::zip_equal(op.getBody().front().getArguments(), op.getInputs()))
    setShape(argument, graph::shapeOf(operand), sizeBits);
}

LogicalResult CustomSizes::follow(Operation &op) {
  for (Value result : op.getResults()) // each from its operands, however long the way to them is
    rangeOf(result);
  if (auto empty = dyn_cast<tensor::EmptyOp>(op))
    return followEmpty(empty);
  if (auto constant = dyn_cast<arith::ConstantOp>(op); constant && isa<TensorType>(constant.getType()))
    setShape(constant, graph::shapeOf(constant.getResult()), sizeBits);
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  if (!structured)
    return success();
  if (failed(followLoops(structured)))
    return failure();
  Value init = structured.getDpsInits()[0];
  unsigned most = bits.find(init)->second;
  setShape(op.getResult(0), Shape(shapeOf(init)), most);
  return success();
}

LogicalResult CustomSizes::finish(CustomOp op) {
  auto yield = cast<YieldOp>(op.getBody().front().getTerminator());
  Shape have(shapeOf(yield.getValue())), want = graph::shapeOf(op.getResult());
  if (ShapeRef(have) == ShapeRef(want))
    return success();
  return yield.emitOpError("expected a value of sizes ") << shapeText(want) << ", got " << shapeText(have);
}

FailureOr<CustomSizes> CustomSizes::of(CustomOp op) {
  CustomSizes sizes;
  sizes.start(op);
  WalkResult walked = op.getBody().walk<WalkOrder::PreOrder>(
      [&](Operation *each) { return WalkResult(sizes.follow(*each)); });
  return walked.wasInterrupted() ? FailureOr<CustomSizes>() : FailureOr<CustomSizes>(std::move(sizes));
}

} // namespace tegula::graph
