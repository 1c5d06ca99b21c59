// Reads real numbers back from the operations that compute them.
#include "Ratios.h"

#include "tegula/dialects/graph/Elements.h"
#include "tegula/dialects/graph/Graph.h"

#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;

namespace tegula::importer {

using graph::Dim;

/// A ratio whose factor is 1, of factors that are exact in any float; nothing for others.
static std::optional<Ratio> withoutFactor(Ratio ratio) {
  for (int64_t divisor = 1; divisor <= 64; divisor *= 2)
    if (double numerator = ratio.factor * static_cast<double>(divisor);
        numerator == std::floor(numerator) && std::abs(numerator) < 0x1p31)
      return Ratio{1, ratio.top * static_cast<int64_t>(numerator), ratio.bottom * divisor};
  return std::nullopt;
}

static std::optional<Ratio> apply(Operation *op, Ratio a, Ratio b) {
  if (std::optional<Ratio> by = withoutFactor(b); isa<graph::DivOp>(op) && by)
    return Ratio{a.factor, a.top * by->bottom, a.bottom * by->top}; // a whole divisor stays whole
  if (isa<graph::DivOp>(op))
    return Ratio{a.factor / b.factor, a.top * b.bottom, a.bottom * b.top};
  if (isa<graph::MulOp>(op))
    return Ratio{a.factor * b.factor, a.top * b.top, a.bottom * b.bottom};
  std::optional<Ratio> x = withoutFactor(a), y = withoutFactor(b);
  if (!x || !y)
    return std::nullopt;
  Dim left = x->top * y->bottom, right = y->top * x->bottom;
  return Ratio{1, isa<graph::AddOp>(op) ? left + right : left - right, x->bottom * y->bottom};
}

static std::optional<Ratios> readRatios(Value value, int depth);

/// The elements of two lists of which one may be a single element.
static std::optional<Ratios> combine(Operation *op, int depth) {
  std::optional<Ratios> a = readRatios(op->getOperand(0), depth), b = readRatios(op->getOperand(1), depth);
  if (!a || !b || (a->size() != b->size() && a->size() != 1 && b->size() != 1))
    return std::nullopt;
  Ratios result;
  for (size_t i = 0; i < std::max(a->size(), b->size()); ++i) {
    std::optional<Ratio> one = apply(op, (*a)[a->size() == 1 ? 0 : i], (*b)[b->size() == 1 ? 0 : i]);
    if (!one)
      return std::nullopt;
    result.push_back(*one);
  }
  return result;
}

static std::optional<Ratios> pick(const Ratios &from, int64_t start, int64_t step, int64_t count) {
  Ratios result;
  for (int64_t i = 0; i < count; ++i, start += step) {
    if (start < 0 || start >= static_cast<int64_t>(from.size()))
      return std::nullopt;
    result.push_back(from[start]);
  }
  return result;
}

static std::optional<Ratios> readLeaf(Value value) {
  Ratios result;
  if (std::optional<graph::Sizes> sizes = graph::Sizes::read(value)) {
    for (Dim size : sizes->values)
      result.push_back({1, size});
    return result;
  }
  Attribute constant;
  if (!matchPattern(value, m_Constant(&constant)) ||
      !isa<FloatType>(graph::tensorType(value).getElementType()))
    return std::nullopt;
  std::optional<graph::Elements> elements = graph::Elements::read(constant);
  for (int64_t i = 0; elements && i < graph::tensorType(value).getNumElements(); ++i)
    result.push_back({cast<FloatAttr>(elements->scalar(i)).getValueAsDouble()});
  return elements ? std::optional(result) : std::nullopt;
}

static std::optional<Ratios> readRatios(Value value, int depth) {
  constexpr int kMaxDepth = 32;
  constexpr int64_t kMaxElements = 16;
  RankedTensorType type = graph::tensorType(value);
  if (depth > kMaxDepth || type.getRank() > 1 || !type.hasStaticShape() ||
      type.getNumElements() > kMaxElements)
    return std::nullopt;
  if (std::optional<Ratios> leaf = readLeaf(value))
    return leaf;
  Operation *op = value.getDefiningOp();
  bool isReal = isa<FloatType>(type.getElementType());
  if (isReal && isa_and_nonnull<graph::MulOp, graph::DivOp, graph::AddOp, graph::SubOp>(op))
    return combine(op, depth + 1);
  if (isa_and_nonnull<graph::ReshapeOp>(op) || (isReal && isa_and_nonnull<graph::CastOp>(op)))
    return readRatios(op->getOperand(0), depth + 1);
  if (isa_and_nonnull<graph::FloorOp, graph::CeilOp>(op)) {
    std::optional<Ratios> from = readRatios(op->getOperand(0), depth + 1);
    for (size_t i = 0; from && isa<graph::CeilOp>(op) && i < from->size(); ++i)
      if (std::optional<Ratio> plain = withoutFactor((*from)[i]))
        (*from)[i] = {1, plain->top + plain->bottom - 1, plain->bottom};
      else
        return std::nullopt;
    std::optional<graph::Shape> whole = from ? roundedDown(*from) : std::nullopt;
    if (!whole)
      return std::nullopt;
    Ratios result;
    for (Dim size : *whole)
      result.push_back({1, size});
    return result;
  }
  if (auto slice = dyn_cast_or_null<graph::SliceOp>(op); slice && type.getRank() == 1)
    if (std::optional<Ratios> from = readRatios(slice.getInput(), depth + 1))
      return pick(*from, slice.getStarts()[0], slice.getSteps()[0], type.getNumElements());
  if (auto concat = dyn_cast_or_null<graph::ConcatOp>(op)) {
    Ratios result;
    for (Value input : concat.getInputs()) {
      std::optional<Ratios> part = readRatios(input, depth + 1);
      if (!part)
        return std::nullopt;
      llvm::append_range(result, *part);
    }
    return result;
  }
  return std::nullopt;
}

std::optional<Ratios> readRatios(Value value) { return readRatios(value, 0); }

/// A quotient by a number is exact in floats where it is whole, and far enough from whole elsewhere; one by a
/// size that is not known may be rounded across.
std::optional<graph::Shape> roundedDown(const Ratios &ratios) {
  graph::Shape result;
  for (const Ratio &ratio : ratios) {
    std::optional<Ratio> plain = withoutFactor(ratio);
    if (!plain || !plain->bottom.isStatic() || plain->bottom.number() < 1)
      return std::nullopt;
    result.push_back(floorDiv(plain->top, plain->bottom));
    if (!result.back().isValid())
      return std::nullopt;
  }
  return result;
}

} // namespace tegula::importer
