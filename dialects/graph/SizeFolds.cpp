// Computes with sizes that are data, so that the shape arithmetic of exporters vanishes for symbols as it
// does for numbers.
#include "tegula/dialects/graph/Elements.h"

#include "tegula/dialects/graph/Graph.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace tegula::graph {

/// Sizes as data are short vectors; what is longer holds no sizes.
static constexpr int64_t kSizesLimit = 256;

std::optional<Sizes> Sizes::read(Attribute attribute, Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape() || tensor.getNumElements() > kSizesLimit ||
      !isa<IntegerType>(tensor.getElementType()))
    return std::nullopt;
  if (auto map = dyn_cast_or_null<AffineMapAttr>(attribute))
    return Sizes{tensor, sizesOf(map.getValue())};
  std::optional<Elements> elements = Elements::read(attribute);
  if (!elements)
    return std::nullopt;
  Sizes result{tensor, {}};
  for (int64_t i = 0; i < tensor.getNumElements(); ++i)
    result.values.push_back(elements->integer(i));
  return result;
}

std::optional<Sizes> Sizes::read(Value value) {
  Attribute attribute;
  if (!value || !matchPattern(value, m_Constant(&attribute)))
    return std::nullopt;
  return read(attribute, value.getType());
}

Attribute Sizes::write() const {
  if (llvm::any_of(values, [](Dim value) { return !value.isValid(); }))
    return {};
  if (!isStatic(values))
    return AffineMapAttr::get(sizesMap(values, type.getContext()));
  Elements elements{type, {}, false};
  unsigned width = type.getElementTypeBitWidth();
  for (Dim value : values)
    elements.values.emplace_back(width, static_cast<uint64_t>(value.number()), /*isSigned=*/true,
                                 /*implicitTrunc=*/true);
  return elements.write();
}

bool forEachPosition(IntsRef shape, function_ref<bool(IntsRef position)> visit) {
  Ints position(shape.size(), 0);
  int64_t count = ShapedType::getNumElements(shape);
  for (int64_t i = 0; i < count; ++i) {
    if (!visit(position))
      return false;
    for (size_t dim = shape.size(); dim-- > 0;) {
      if (++position[dim] < shape[dim])
        break;
      position[dim] = 0;
    }
  }
  return true;
}

/// Whether the comparison holds, if that is so for all symbols.
static std::optional<bool> compareSizes(Predicate predicate, Dim a, Dim b) {
  auto decide = [](bool yes, bool no) -> std::optional<bool> {
    if (yes || no)
      return yes;
    return std::nullopt;
  };
  std::optional<bool> isEqual = areEqual(a, b);
  switch (predicate) {
  case Predicate::Equal:
    return isEqual;
  case Predicate::NotEqual:
    return isEqual ? std::optional(!*isEqual) : std::nullopt;
  case Predicate::Less:
    return decide(surelyLess(a, b), surelyAtMost(b, a));
  case Predicate::LessEqual:
    return decide(surelyAtMost(a, b), surelyLess(b, a));
  case Predicate::Greater:
    return decide(surelyLess(b, a), surelyAtMost(a, b));
  case Predicate::GreaterEqual:
    return decide(surelyAtMost(b, a), surelyLess(a, b));
  }
  return std::nullopt;
}

/// One element of the result; invalid where it is unknown.
static Dim computeSize(Operation *op, ArrayRef<Dim> x) {
  auto truth = [](std::optional<bool> value) { return value ? Dim(*value ? 1 : 0) : Dim::invalid(); };
  bool isPlain = x.size() == 2 && surelyAtMost(0, x[0]) && surelyAtMost(1, x[1]);
  bool isPositive = x.size() == 2 && surelyAtMost(0, x[0]) && surelyAtMost(0, x[1]);
  return TypeSwitch<Operation *, Dim>(op)
      .Case([&](AddOp) { return x[0] + x[1]; })
      .Case([&](SubOp) { return x[0] - x[1]; })
      .Case([&](MulOp) { return x[0] * x[1]; })
      .Case([&](DivOp) { return isPlain ? floorDiv(x[0], x[1]) : Dim::invalid(); })
      .Case([&](ModOp) { return isPlain ? modulo(x[0], x[1]) : Dim::invalid(); })
      .Case([&](MaxOp) {
        return surelyAtMost(x[0], x[1])   ? x[1]
               : surelyAtMost(x[1], x[0]) ? x[0]
               : isPositive               ? greatest(x[0], x[1])
                                          : Dim::invalid();
      })
      .Case([&](MinOp) {
        return surelyAtMost(x[0], x[1])   ? x[0]
               : surelyAtMost(x[1], x[0]) ? x[1]
               : isPositive               ? least(x[0], x[1])
                                          : Dim::invalid();
      })
      .Case([&](NegOp) { return 0 - x[0]; })
      .Case([&](AbsOp) { return surelyAtMost(0, x[0]) ? x[0] : Dim::invalid(); })
      .Case([&](CastOp cast) {
        Type to = cast.getType().getElementType();
        if (to.isInteger(1))
          return truth(compareSizes(Predicate::NotEqual, x[0], 0));
        return isa<IntegerType>(to) && to.getIntOrFloatBitWidth() >= 32 ? x[0] : Dim::invalid();
      })
      .Case([&](CompareOp compare) { return truth(compareSizes(compare.getPredicate(), x[0], x[1])); })
      .Case([&](WhereOp) { return !x[0].isStatic() ? Dim::invalid()
                                  : x[0].is(0)     ? x[2]
                                                   : x[1]; })
      .Default([](Operation *) { return Dim::invalid(); });
}

OpFoldResult foldSizes(Operation *op, ArrayRef<Attribute> operands) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (!type.hasStaticShape() || type.getNumElements() > kSizesLimit ||
      !isa<IntegerType>(type.getElementType()))
    return {};
  SmallVector<Sizes> sources;
  for (auto [attribute, operand] : llvm::zip_equal(operands, op->getOperands())) {
    std::optional<Sizes> source = Sizes::read(attribute, operand.getType());
    if (!source)
      return {};
    sources.push_back(std::move(*source));
  }
  Sizes result{type, {}};
  forEachPosition(type.getShape(), [&](IntsRef position) {
    Shape scalars;
    for (const Sizes &source : sources) { // as if broadcast to the result's shape
      int64_t index = 0;
      IntsRef shape = source.type.getShape();
      for (auto [at, size] : llvm::zip_equal(position.take_back(shape.size()), shape))
        index = index * size + (size == 1 ? 0 : at);
      scalars.push_back(source.values[index]);
    }
    result.values.push_back(computeSize(op, scalars));
    return true;
  });
  Attribute value = result.write();
  return value ? OpFoldResult(value) : OpFoldResult();
}

} // namespace tegula::graph
