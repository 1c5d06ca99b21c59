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
  Checked count = Checked::product(shape);
  if (count.valid() && count.get() <= kLimit)
    return true;
  node.invalid("expected a shape of at least 0 in each dimension and at most 2^40 elements, got " +
               graph::shapeText(shape));
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
    Shape numbers = node.integers("value_ints");
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
  std::optional<Shape> shape = node.constantIntegers(0, "input");
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
  auto type = RankedTensorType::get(*shape, elements->type.getElementType());
  if (type.getNumElements() == 0)
    return node.result(node.filled(*shape, type.getElementType(), 0));
  node.result(node.constant(graph::Elements{type, {elements->at(0)}, true}.write()));
}

static void shape(Node &node) {
  ShapeRef shape = Ops::shape(node.input(0));
  int64_t rank = shape.size();
  auto bound = [&](const char *name, int64_t missing) {
    int64_t value = node.integer(name, missing);
    return std::clamp<int64_t>(value < 0 ? value + rank : value, 0, rank);
  };
  int64_t start = bound("start", 0), end = std::max(start, bound("end", rank));
  node.result(node.numbers(shape.slice(start, end - start)));
}

static void size(Node &node) {
  Value x = node.input(0);
  auto type = RankedTensorType::get({}, node.builder.getI64Type());
  node.result(node.constant(DenseElementsAttr::get(type, Ops::count(Ops::shape(x)))));
}

static void range(Node &node) {
  Value start = node.input(0), delta = node.input(2);
  int64_t count = 0;
  if (start && isa<IntegerType>(node.element(start))) {
    std::optional<Shape> from = node.constantIntegers(0, "start"), to = node.constantIntegers(1, "limit"),
                         by = node.constantIntegers(2, "delta");
    if (!from || !to || !by)
      return;
    if (from->size() != 1 || to->size() != 1 || by->size() != 1 || (*by)[0] == 0)
      return node.invalid("expected a start, a limit and a delta other than 0");
    __int128 span = static_cast<__int128>((*to)[0]) - (*from)[0], step = (*by)[0];
    __int128 steps = span / step + (span % step != 0 && (span < 0) == (step < 0) ? 1 : 0);
    count = static_cast<int64_t>(std::clamp<__int128>(steps, 0, int64_t(1) << 41));
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
    return node.unsupported("NonZero is supported for values known at compile time only");
  ShapeRef shape = Ops::shape(x);
  SmallVector<Shape> found(shape.size());
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
  Shape flat;
  for (const Shape &row : found)
    flat.append(row);
  node.result(node.reshape(node.numbers(flat), {static_cast<int64_t>(shape.size()), count}));
}

ArrayRef<Operator> constantOperators() {
  static const Operator table[] = {
      {"", "Constant", 1, constant, "not strings, not sparse"},
      {"", "ConstantOfShape", 9, constantOfShape, "the shape must be known at compile time"},
      {"", "EyeLike", 9, eyeLike, ""},
      {"", "NonZero", 9, nonZero, "values known at compile time"},
      {"", "Range", 11, range, "start, limit and delta must be known at compile time"},
      {"", "Shape", 1, shape, ""},
      {"", "Size", 1, size, ""},
  };
  return table;
}

} // namespace tegula::importer
