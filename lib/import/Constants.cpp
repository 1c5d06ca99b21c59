// Imports operators whose result is known from shapes and attributes alone.
#include "Node.h"

#include "tegula/dialects/graph/Elements.h"

#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;

namespace tegula::importer {

/// A large result would be a bomb made of one small node.
static bool checkSize(Node &node, ShapeRef shape) {
  constexpr int64_t kLimit = int64_t(1) << 40;
  Dim count = Ops::count(shape);
  bool isPossible = count.isValid() && !graph::surelyLess(kLimit, count);
  for (Dim size : shape) // what is negative for all symbols makes the count invalid or stays so
    isPossible = isPossible && node.atMost(0, size, "expected a size of at least 0");
  if (isPossible)
    return true;
  node.invalid("expected a shape of at least 0 in each dimension and at most 2^40 elements, got " +
               node.shown(shape));
  return false;
}

static void constant(Node &node) {
  Builder &b = node.builder;
  ElementsAttr value;
  auto vectorType = [&](int64_t size, Type element) { return RankedTensorType::get({size}, element); };
  if (const onnx::AttributeProto *found = node.attribute("value")) {
    value = node.tensor(found->t());
    if (!value)
      return;
  } else if (node.hasAttribute("value_float")) {
    value = DenseElementsAttr::get(RankedTensorType::get({}, b.getF32Type()),
                                   static_cast<float>(node.real("value_float", 0)));
  } else if (node.hasAttribute("value_int")) {
    value = DenseElementsAttr::get(RankedTensorType::get({}, b.getI64Type()), node.integer("value_int", 0));
  } else if (node.hasAttribute("value_ints")) {
    Ints numbers = node.integers("value_ints");
    value = DenseElementsAttr::get(vectorType(numbers.size(), b.getI64Type()), ArrayRef<int64_t>(numbers));
  } else if (const onnx::AttributeProto *floats = node.attribute("value_floats")) {
    SmallVector<float> numbers(floats->floats().begin(), floats->floats().end());
    value = DenseElementsAttr::get(vectorType(numbers.size(), b.getF32Type()), ArrayRef<float>(numbers));
  } else {
    for (const char *other : {"value_string", "value_strings", "sparse_value"})
      if (node.hasAttribute(other))
        return node.unsupported(Twine("a constant given by ") + other + " is not supported");
    return node.invalid(
        "expected the attribute value, value_float, value_floats, value_int or value_ints, got none");
  }
  node.result(node.constant(value));
}

static void constantOfShape(Node &node) {
  std::optional<Shape> shape = node.constantSizes(0, "input");
  const onnx::AttributeProto *found = node.attribute("value");
  if (!shape || !checkSize(node, *shape))
    return;
  if (!found)
    return node.result(node.filled(*shape, node.builder.getF32Type(), 0));
  ElementsAttr value = node.tensor(found->t());
  if (!value)
    return;
  std::optional<graph::Elements> elements = graph::Elements::read(value);
  if (!elements || elements->type.getNumElements() != 1)
    return node.invalid("expected a value of one element");
  Type element = elements->type.getElementType();
  if (Ops::count(*shape).is(0))
    return node.result(node.filled(*shape, element, 0));
  bool isKnown = graph::isStatic(*shape);
  Value number = node.constant(
      graph::Elements{node.type(isKnown ? ShapeRef(*shape) : ShapeRef(), element), {elements->at(0)}, true}
          .write());
  node.result(isKnown ? number : node.expand(number, *shape));
}

static void shape(Node &node) {
  Shape shape = Ops::shape(node.input(0));
  int64_t rank = shape.size();
  auto bound = [&](const char *name, int64_t missing) {
    int64_t value = node.integer(name, missing);
    return std::clamp<int64_t>(value < 0 ? value + rank : value, 0, rank);
  };
  int64_t start = bound("start", 0), end = std::max(start, bound("end", rank));
  node.result(node.sizes(ShapeRef(shape).slice(start, end - start)));
}

static void size(Node &node) {
  Value x = node.input(0);
  if (x)
    node.result(node.sizes({Ops::count(Ops::shape(x))}, {}));
}

static Dim rangeLength(Node &node, Dim from, Dim to, int64_t step) {
  if (!from.isStatic() || !to.isStatic()) {
    Dim span = step > 0 ? to - from : from - to;
    node.atMost(step > 0 ? from : to, step > 0 ? to : from,
                "expected a limit that the start does not lie beyond");
    return ceilDiv(span, std::abs(step));
  }
  __int128 span = static_cast<__int128>(to.number()) - from.number(), by = step;
  __int128 steps = span / by + (span % by != 0 && (span < 0) == (by < 0) ? 1 : 0);
  return static_cast<int64_t>(std::clamp<__int128>(steps, 0, int64_t(1) << 41));
}

static void range(Node &node) {
  Value start = node.input(0), delta = node.input(2);
  Dim count = 0;
  if (start && isa<IntegerType>(node.element(start))) {
    std::optional<Shape> from = node.constantSizes(0, "start"), to = node.constantSizes(1, "limit");
    std::optional<Ints> by = node.constantIntegers(2, "delta");
    if (!from || !to || !by)
      return;
    if (from->size() != 1 || to->size() != 1 || by->size() != 1 || (*by)[0] == 0)
      return node.invalid("expected a start, a limit and a delta other than 0");
    count = rangeLength(node, (*from)[0], (*to)[0], (*by)[0]);
  } else {
    std::optional<SmallVector<double>> from = node.constantReals(0, "start"),
                                       to = node.constantReals(1, "limit"),
                                       by = node.constantReals(2, "delta");
    if (!from || !to || !by)
      return;
    if (from->size() != 1 || to->size() != 1 || by->size() != 1 || !((*by)[0] != 0))
      return node.invalid("expected a start, a limit and a delta other than 0");
    double steps = std::ceil(((*to)[0] - (*from)[0]) / (*by)[0]);
    count = steps > 0 ? static_cast<int64_t>(std::min(steps, 0x1p41)) : 0;
  }
  if (checkSize(node, {count}))
    node.result(node.make<graph::RangeOp>({count}, node.element(start), start, delta));
}

static void eyeLike(Node &node) {
  Value x = node.input(0);
  int64_t diagonal = node.integer("k", 0);
  Type element = node.hasAttribute("dtype") ? node.elementTypeOf(node.integer("dtype", 0)) : node.element(x);
  if (!element)
    return;
  if (Ops::rank(x) != 2)
    return node.invalid("expected an input of rank 2");
  Type index = node.builder.getI64Type();
  Value rows = node.reshape(node.iota(Ops::shape(x)[0], index), {Ops::shape(x)[0], 1}),
        columns = node.iota(Ops::shape(x)[1], index);
  Value rowPlus =
      node.add(rows, node.constant(DenseElementsAttr::get(RankedTensorType::get({}, index), diagonal)));
  node.result(node.cast(node.compare(Predicate::Equal, rowPlus, columns), element));
}

static void nonZero(Node &node) {
  Value x = node.input(0);
  Attribute attribute;
  std::optional<graph::Elements> elements;
  if (x && matchPattern(x, m_Constant(&attribute)))
    elements = graph::Elements::read(attribute);
  if (!elements)
    return node.unsupported("NonZero is supported for values known at compile time only",
                            Code::DataDependent);
  Ints shape(elements->type.getShape());
  SmallVector<Ints> found(shape.size());
  if (elements->type.getNumElements() > graph::kFoldLimit)
    return node.unsupported("NonZero is supported for values of at most 4096 elements only");
  Value truth = node.cast(x, node.builder.getI1Type());
  matchPattern(truth, m_Constant(&attribute));
  elements = graph::Elements::read(attribute);
  int64_t count = 0;
  for (int64_t i = 0; elements && i < elements->type.getNumElements(); ++i) {
    if (elements->at(i).isZero())
      continue;
    ++count;
    int64_t rest = i;
    for (size_t dim = shape.size(); dim-- > 0; rest /= shape[dim])
      found[dim].push_back(rest % shape[dim]);
  }
  Ints flat;
  for (const Ints &row : found)
    flat.append(row);
  node.result(node.reshape(node.numbers(flat), {static_cast<int64_t>(shape.size()), count}));
}

ArrayRef<Operator> constantOperators() {
  static const Operator table[] = {
      {"", "Constant", 1, constant, "not strings, not sparse"},
      {"", "ConstantOfShape", 9, constantOfShape,
       "the shape must be known at compile time or computed from sizes"},
      {"", "EyeLike", 9, eyeLike, ""},
      {"", "NonZero", 9, nonZero, "values known at compile time"},
      {"", "Range", 11, range, "start, limit and delta must be known at compile time or computed from sizes"},
      {"", "Shape", 1, shape, ""},
      {"", "Size", 1, size, ""},
  };
  return table;
}

} // namespace tegula::importer
