// Imports reductions, and softmax and its relatives.
#include "Node.h"

using namespace mlir;

namespace tegula::importer {

namespace {

struct Reduction {
  Ints axes;
  bool keep = true;
  bool isIdentity = false; ///< no axes, and the node says that this means to do nothing
};

} // namespace

/// Axes are an attribute before opset `inputSince` and an input since.
static std::optional<Reduction> readReduction(Node &node, Value x, int64_t inputSince) {
  Reduction result;
  std::optional<Ints> given;
  result.keep = node.integer("keepdims", 1) != 0;
  bool isNoop = node.integer("noop_with_empty_axes", 0) != 0;
  if (node.opset < inputSince)
    given = node.optionalIntegers("axes");
  else if (node.has(1) && !(given = node.constantIntegers(1, "axes")))
    return std::nullopt;
  if (!x)
    return std::nullopt;
  int64_t rank = Ops::rank(x);
  result.isIdentity = isNoop && (!given || given->empty());
  if (given && !given->empty()) {
    std::optional<Ints> axes = node.axes(*given, rank);
    if (!axes)
      return std::nullopt;
    result.axes = *axes;
    llvm::sort(result.axes);
  } else if (!result.isIdentity) {
    result.axes = Ops::span(0, rank);
  }
  return result;
}

static Dim countOf(Value x, IntsRef axes) {
  Dim count = 1;
  for (int64_t axis : axes)
    count *= Ops::shape(x)[axis];
  return count;
}

template <ReduceKind kind, int64_t inputSince> static void reduce(Node &node) {
  Value x = node.input(0);
  std::optional<Reduction> r = readReduction(node, x, inputSince);
  if (!r)
    return;
  if (node.isBool(x)) { // as numbers 0 and 1
    Type byte = node.builder.getIntegerType(8, /*isSigned=*/false);
    return node.result(
        node.cast(node.reduce(kind, node.cast(x, byte), r->axes, r->keep), node.builder.getI1Type()));
  }
  if (kind == ReduceKind::Mean && !node.isFloat(x)) {
    Dim count = countOf(x, r->axes);
    if (count.is(0))
      return node.invalid("expected at least one element to take the mean of");
    Value total = node.reduce(ReduceKind::Sum, x, r->axes, r->keep);
    return node.result(node.div(total, node.cast(node.sizes({count}, {}), node.element(total))));
  }
  node.result(node.reduce(kind, x, r->axes, r->keep));
}

static Value logSumExp(Node &node, Value x, IntsRef axes, bool keep) {
  // Shifted by the largest element; where that is infinite the shift would give NaN.
  Value largest = node.reduce(ReduceKind::Max, x, axes, true);
  if (!largest)
    return {};
  Value isInfinite =
      node.make<graph::IsInfOp>(Ops::shape(largest), node.builder.getI1Type(), largest, true, true);
  Value shift = node.where(isInfinite, node.like(x, 0.0), largest);
  Value total = node.add(node.log(node.sum(node.exp(node.sub(x, shift)), axes)), shift);
  if (keep || !total)
    return total;
  FailureOr<Shape> shape = graph::inferReduceShape(Ops::shape(x), axes, node);
  return mlir::failed(shape) ? Value() : node.reshape(total, *shape);
}

enum class Composite { L1, L2, LogSum, LogSumExp, SumSquare };

template <Composite kind> static void composite(Node &node) {
  Value x = node.input(0);
  std::optional<Reduction> r = readReduction(node, x, 18);
  if (!r)
    return;
  auto sum = [&](Value value) { return node.reduce(ReduceKind::Sum, value, r->axes, r->keep); };
  bool isRooted = kind == Composite::L2 || kind == Composite::LogSum || kind == Composite::LogSumExp;
  if (isRooted && !node.isFloat(x))
    return node.unsupported("integers are not supported", Code::UnsupportedType);
  switch (kind) {
  case Composite::L1:
    return node.result(sum(node.abs(x)));
  case Composite::L2:
    return node.result(node.sqrt(sum(node.mul(x, x))));
  case Composite::LogSum:
    return node.result(node.log(sum(x)));
  case Composite::SumSquare:
    return node.result(sum(node.mul(x, x)));
  case Composite::LogSumExp:
    return node.result(r->axes.empty() ? x : logSumExp(node, x, r->axes, r->keep));
  }
}

template <bool largest> static void argReduce(Node &node) {
  Value x = node.input(0);
  std::optional<int64_t> axis = node.axis(node.integer("axis", 0), Ops::rank(x));
  bool keep = node.integer("keepdims", 1) != 0, selectLast = node.integer("select_last_index", 0) != 0;
  if (!x || !axis)
    return;
  Shape shape = Ops::shape(x), kept(Ops::shape(x));
  shape.erase(shape.begin() + *axis);
  kept[*axis] = 1;
  Value index =
      node.make<graph::ArgReduceOp>(shape, node.builder.getI64Type(), x, *axis, largest, selectLast);
  node.result(keep ? node.reshape(index, kept) : index);
}

static void cumSum(Node &node) {
  Value x = node.input(0);
  std::optional<Ints> given = node.constantIntegers(1, "axis");
  bool exclusive = node.integer("exclusive", 0) != 0, reverse = node.integer("reverse", 0) != 0;
  if (!given || !x)
    return;
  if (given->size() != 1)
    return node.invalid("expected one axis, got " + Twine(given->size()));
  if (std::optional<int64_t> axis = node.axis((*given)[0], Ops::rank(x)))
    node.result(node.make<graph::CumSumOp>(Ops::shape(x), node.element(x), x, *axis, exclusive, reverse));
}

// ---- Softmax ----

/// Before opset 13 the input is seen as a matrix, cut at the axis, and its rows are normalised.
template <typename Function> static void alongAxis(Node &node, Function function) {
  Value x = node.input(0);
  bool isOld = node.opset < 13;
  int64_t rank = Ops::rank(x), given = node.integer("axis", isOld ? 1 : -1);
  if (isOld && given == rank && x) // rows of one element
    return node.result(
        node.reshape(function(node.reshape(x, {Ops::count(Ops::shape(x)), 1}), 1), Ops::shape(x)));
  std::optional<int64_t> axis = node.axis(given, rank);
  if (!axis || !x)
    return;
  if (!isOld || *axis == rank - 1)
    return node.result(function(x, *axis));
  Shape all = Ops::shape(x);
  ShapeRef shape = all;
  Value matrix = node.reshape(x, {Ops::count(shape.take_front(*axis)), Ops::count(shape.drop_front(*axis))});
  node.result(node.reshape(function(matrix, 1), shape));
}

static void softmax(Node &node) {
  alongAxis(node, [&](Value x, int64_t axis) { return node.softmax(x, axis); });
}

static void logSoftmax(Node &node) {
  alongAxis(node, [&](Value x, int64_t axis) {
    Value shifted = node.sub(x, node.reduce(ReduceKind::Max, x, {axis}, true));
    return node.sub(shifted, node.log(node.sum(node.exp(shifted), {axis})));
  });
}

/// One at the first largest element, zero elsewhere.
static void hardmax(Node &node) {
  alongAxis(node, [&](Value x, int64_t axis) -> Value {
    if (!x)
      return {};
    Shape shape = Ops::shape(x), along(Ops::rank(x), 1), kept(Ops::shape(x));
    along[axis] = shape[axis];
    kept[axis] = 1;
    shape.erase(shape.begin() + axis);
    Type index = node.builder.getI64Type();
    Value first = node.reshape(
        node.make<graph::ArgReduceOp>(shape, index, x, axis, /*largest=*/true, /*selectLast=*/false), kept);
    return node.cast(
        node.compare(Predicate::Equal, first, node.reshape(node.iota(along[axis], index), along)),
        node.element(x));
  });
}

ArrayRef<Operator> reductionOperators() {
  constexpr bool kInF32 = true;
  static const Operator table[] = {
      {"", "ArgMax", 1, argReduce<true>, ""},
      {"", "ArgMin", 1, argReduce<false>, ""},
      {"", "CumSum", 11, cumSum, "the axis must be known at compile time", kInF32},
      {"", "Hardmax", 1, hardmax, ""},
      {"", "LogSoftmax", 1, logSoftmax, "", kInF32},
      {"", "ReduceL1", 1, composite<Composite::L1>, "axes must be known at compile time", kInF32},
      {"", "ReduceL2", 1, composite<Composite::L2>, "floating point; axes must be known at compile time",
       kInF32},
      {"", "ReduceLogSum", 1, composite<Composite::LogSum>,
       "floating point; axes must be known at compile time", kInF32},
      {"", "ReduceLogSumExp", 1, composite<Composite::LogSumExp>,
       "floating point; axes must be known at compile time", kInF32},
      {"", "ReduceMax", 1, reduce<ReduceKind::Max, 18>, "axes must be known at compile time"},
      {"", "ReduceMean", 1, reduce<ReduceKind::Mean, 18>, "axes must be known at compile time", kInF32},
      {"", "ReduceMin", 1, reduce<ReduceKind::Min, 18>, "axes must be known at compile time"},
      {"", "ReduceProd", 1, reduce<ReduceKind::Prod, 18>, "axes must be known at compile time", kInF32},
      {"", "ReduceSum", 1, reduce<ReduceKind::Sum, 13>, "axes must be known at compile time", kInF32},
      {"", "ReduceSumSquare", 1, composite<Composite::SumSquare>, "axes must be known at compile time",
       kInF32},
      {"", "Softmax", 1, softmax, "", kInF32},
  };
  return table;
}

} // namespace tegula::importer
