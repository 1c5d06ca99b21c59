// Imports ONNX operators that cut tensors into parts, or put tensors and borders beside each other.
#include "Node.h"

using namespace mlir;

namespace tegula::importer {

namespace {

/// What a slice takes of one dimension.
struct Cut {
  Dim start = 0, count = 0;
  int64_t step = 1;
};

} // namespace

/// Where a bound counts from the end, and is clamped to what a walk in this direction can reach.
static Cut cutKnown(int64_t dim, int64_t start, int64_t end, int64_t step) {
  int64_t low = step > 0 ? 0 : -1, high = step > 0 ? dim : dim - 1;
  int64_t first =
      std::clamp(start < 0 ? start + dim : start, step > 0 ? low : int64_t(0), std::max<int64_t>(high, 0));
  int64_t last = std::clamp(end < 0 ? end + dim : end, low, std::max(low, high));
  int64_t span = step > 0 ? last - first : first - last, stride = step > 0 ? step : -step;
  int64_t count = dim > 0 && span > 0 ? (span - 1) / stride + 1 : 0;
  return {count > 0 ? first : 0, count, count > 1 ? step : 1};
}

/// The same over symbols. A known end is clamped; any other bound that may lie inside or outside is taken to
/// lie inside.
static Cut cutSymbolic(Node &node, Dim dim, Dim start, Dim end, int64_t step) {
  constexpr int64_t kFar = INT32_MAX;   // exporters write such numbers for "to the end"
  constexpr int64_t kLarge = 1'000'000; // and others such
  bool isForward = step > 0, isClamped = false;
  auto place = [&](Dim bound, Dim low, Dim high, bool isEnd) -> Dim {
    if (bound.isStatic() && bound.number() <= -kFar)
      return low;
    if (bound.isStatic() && bound.number() >= kFar)
      return high;
    if (graph::surelyLess(bound, 0))
      bound += dim;
    if (graph::surelyAtMost(bound, low))
      return low;
    if (graph::surelyAtMost(high, bound))
      return high;
    if (bound.isStatic() && bound.number() >= kLarge) {
      node.atMost(high, bound, "expected a dimension that ends before the slice does");
      return high;
    }
    if (isEnd && isForward && bound.isStatic()) {
      isClamped = true;
      return least(bound, high);
    }
    node.atMost(low, bound, "expected bounds inside of the sliced dimension");
    node.atMost(bound, high, "expected bounds inside of the sliced dimension");
    return bound;
  };
  Dim first = place(start, 0, isForward ? dim : dim - 1, /*isEnd=*/false),
      last = place(end, isForward ? 0 : -1, isForward ? dim : dim - 1, /*isEnd=*/true);
  Dim span = isForward ? last - first : first - last;
  if (graph::surelyAtMost(span, 0) || (isClamped && graph::surelyAtMost(end, first)))
    return {};
  if (!isClamped || !first.isStatic()) // a known start is inside, and in front of an end that is known too
    node.atMost(isForward ? first : last, isForward ? last : first,
                "expected bounds in the order of the slice");
  Dim count = ceilDiv(span, isForward ? step : -step);
  return {first, count, count.is(1) ? 1 : step};
}

static void slice(Node &node) {
  Value x = node.input(0);
  std::optional<Shape> starts, ends;
  std::optional<Ints> axes, steps;
  int64_t rank = Ops::rank(x);
  if (node.opset < 10) {
    starts = asSizes(node.optionalIntegers("starts")), ends = asSizes(node.optionalIntegers("ends"));
    axes = node.optionalIntegers("axes");
  } else {
    starts = node.constantSizes(1, "starts"), ends = node.constantSizes(2, "ends");
    if (node.has(3) && !(axes = node.constantIntegers(3, "axes")))
      return;
    if (node.has(4) && !(steps = node.constantIntegers(4, "steps")))
      return;
  }
  if (!x || !starts || !ends)
    return node.opset < 10 ? node.invalid("expected starts and ends") : void();
  if (!axes)
    axes = Ops::span(0, static_cast<int64_t>(starts->size()));
  if (!steps)
    steps = Ints(starts->size(), 1);
  if (ends->size() != starts->size() || axes->size() != starts->size() || steps->size() != starts->size())
    return node.invalid("expected as many ends, axes and steps as starts");
  std::optional<Ints> where = node.axes(*axes, rank);
  if (!where)
    return;
  Shape from(rank, 0), counts = Ops::shape(x);
  Ints by(rank, 1);
  for (auto [axis, start, end, step] : llvm::zip_equal(*where, *starts, *ends, *steps)) {
    if (step == 0 || step == INT64_MIN)
      return node.invalid("expected steps other than 0");
    Dim dim = Ops::shape(x)[axis];
    bool isKnown = dim.isStatic() && start.isStatic() && end.isStatic();
    Cut cut = isKnown ? cutKnown(dim.number(), start.number(), end.number(), step)
                      : cutSymbolic(node, dim, start, end, step);
    from[axis] = cut.start, counts[axis] = cut.count, by[axis] = cut.step;
  }
  node.result(node.slice(x, from, by, counts));
}

static void concat(Node &node) {
  SmallVector<Value> inputs;
  for (size_t i = 0; i < node.numInputs(); ++i)
    inputs.push_back(node.input(i));
  if (node.opset >= 4 && !node.require("axis"))
    return;
  std::optional<int64_t> axis =
      node.axis(node.integer("axis", 1), inputs.empty() ? 0 : Ops::rank(inputs.front()));
  if (axis)
    node.result(node.concat(inputs, *axis));
}

static void split(Node &node) {
  Value x = node.input(0);
  std::optional<int64_t> axis = node.axis(node.integer("axis", 0), Ops::rank(x));
  std::optional<Shape> sizes;
  bool byInput = node.opset >= 13 || (node.opset < 2 && node.has(1));
  if (byInput && node.has(1) && !(sizes = node.constantSizes(1, "split")))
    return;
  if (!byInput)
    sizes = asSizes(node.optionalIntegers("split"));
  int64_t parts = node.integer("num_outputs", static_cast<int64_t>(node.results.size()));
  if (!x || !axis)
    return;
  Dim dim = Ops::shape(x)[*axis];
  if (parts < 1 || parts != static_cast<int64_t>(node.results.size()))
    return node.invalid("expected as many outputs as parts, got " + Twine(node.results.size()) + " and " +
                        Twine(parts));
  if (!sizes) {
    // The last part is smaller where the size is not a multiple; only opset 18 allows that.
    std::optional<Dim> even = exactDiv(dim, parts);
    if (!even && !dim.isStatic() && node.opset < 18) {
      even = floorDiv(dim, parts);
      node.equal(*even * parts, dim, "expected a size that the number of outputs divides");
    }
    if (!even && node.opset < 18)
      return node.invalid("expected a size that " + Twine(parts) + " divides, got " + node.shown(dim));
    sizes = Shape();
    Dim part = even ? *even : ceilDiv(dim, parts);
    for (int64_t i = 0; i < parts; ++i) {
      bool isFull = even || !dim.isStatic();
      sizes->push_back(isFull ? part
                              : Dim(std::clamp<int64_t>(dim.number() - i * part.number(), 0, part.number())));
    }
    if (!even && !dim.isStatic()) {
      sizes->back() = dim - part * (parts - 1);
      node.atMost(0, sizes->back(), "expected a size of which every output gets a part");
    }
  }
  Dim total = 0;
  for (Dim size : *sizes)
    total += graph::surelyLess(size, 0) ? Dim::invalid() : size;
  if (sizes->size() != node.results.size() || !total.isValid() ||
      !node.equal(total, dim, "expected sizes that add up to the input's"))
    return node.invalid("expected " + Twine(node.results.size()) + " sizes that add up to " +
                        node.shown(dim));
  Dim begin = 0;
  for (auto [i, size] : llvm::enumerate(*sizes)) {
    node.result(node.slice(x, *axis, begin, begin + size), i);
    begin += size;
  }
}

/// ONNX's mode name; nothing where it is unknown (reported).
static std::optional<graph::PadMode> padMode(Node &node) {
  std::string mode = node.text("mode", "constant");
  std::optional<graph::PadMode> known = graph::symbolizePadMode(mode);
  if (!known)
    node.invalid("expected mode constant, reflect, edge or wrap, got '" + mode + "'");
  return known;
}

Value surround(Node &node, Value x, IntsRef axes, ShapeRef pads, Value value) {
  for (auto [i, axis] : llvm::enumerate(axes)) {
    auto beside = [&](Dim amount) {
      Shape shape = Ops::shape(x);
      shape[axis] = amount;
      return node.expand(value, shape);
    };
    Dim low = pads[i], high = pads[i + axes.size()];
    if (!node.atMost(0, low, "expected pads of at least 0") ||
        !node.atMost(0, high, "expected pads of at least 0")) {
      node.unsupported("pads that crop by an unknown size are not supported", Code::OpenSize);
      return {};
    }
    SmallVector<Value> parts{x};
    if (!low.is(0))
      parts.insert(parts.begin(), beside(low));
    if (!high.is(0))
      parts.push_back(beside(high));
    x = parts.size() == 1 ? x : node.concat(parts, axis);
  }
  return x;
}

/// Whether pads of an axis leave an element to repeat, where negative ones have cropped first (reported).
static bool leavesSome(Node &node, Dim size, int64_t low, int64_t high) {
  Dim left = size + std::min<int64_t>(0, low) + std::min<int64_t>(0, high);
  if ((low <= 0 && high <= 0) || node.atMost(1, left, "expected an element to repeat"))
    return true;
  node.invalid("expected an element to repeat, got size " + node.shown(size) + " and pads that leave " +
               node.shown(left));
  return false;
}

static void pad(Node &node) {
  Value x = node.input(0), value;
  std::optional<graph::PadMode> mode = padMode(node);
  std::optional<Shape> pads;
  int64_t rank = Ops::rank(x);
  if (node.opset < 11) {
    pads = asSizes(node.opset < 2 ? node.optionalIntegers("paddings") : node.optionalIntegers("pads"));
    value = node.like(x, node.real("value", 0.0));
  } else {
    pads = node.constantSizes(1, "pads");
    value = node.has(2) ? node.reshape(node.input(2), {}) : node.like(x, 0.0);
  }
  if (!x || !mode || !pads || !value)
    return;
  Ints axes = Ops::span(0, rank);
  if (node.has(3)) {
    std::optional<Ints> named = node.constantIntegers(3, "axes");
    std::optional<Ints> checked = named ? node.axes(*named, rank) : std::nullopt;
    if (!checked)
      return;
    axes = *checked;
  }
  if (pads->size() != 2 * axes.size())
    return node.invalid("expected " + Twine(2 * axes.size()) + " pads, got " + Twine(pads->size()));
  if (!graph::isStatic(*pads))
    return *mode == graph::PadMode::Constant
               ? node.result(surround(node, x, axes, *pads, value))
               : node.unsupported("pads of an unknown size are supported in mode constant only",
                                  Code::OpenSize);
  Ints low(rank, 0), high(rank, 0);
  for (auto [i, axis] : llvm::enumerate(axes)) {
    low[axis] = (*pads)[i].number();
    high[axis] = (*pads)[i + axes.size()].number();
    if (*mode != graph::PadMode::Constant && !leavesSome(node, Ops::shape(x)[axis], low[axis], high[axis]))
      return;
  }
  FailureOr<Shape> result = graph::inferPadShape(Ops::shape(x), low, high, node);
  if (succeeded(result))
    node.result(node.make<graph::PadOp>(*result, node.element(x), x, value, low, high, *mode));
}

static void centerCropPad(Node &node) {
  Value x = node.input(0);
  std::optional<Ints> wanted = node.constantIntegers(1, "shape");
  int64_t rank = Ops::rank(x);
  std::optional<Ints> axes = node.axes(node.integers("axes", Ops::span(0, rank)), rank);
  if (!wanted || !axes || !x)
    return;
  if (wanted->size() != axes->size())
    return node.invalid("expected as many sizes as axes");
  Ints low(rank, 0), high(rank, 0);
  for (auto [axis, size] : llvm::zip_equal(*axes, *wanted)) {
    std::optional<int64_t> dim = node.fixed(Ops::shape(x)[axis], "the size to crop");
    if (!dim)
      return;
    if (size < 0)
      return node.invalid("expected sizes of at least 0, got " + Twine(size));
    int64_t more = size - *dim;
    // An odd element is cropped at the end, and padded at the end.
    low[axis] = more / 2;
    high[axis] = more - low[axis];
  }
  node.result(node.pad(x, low, high, node.like(x, 0.0)));
}

ArrayRef<Operator> slicingOperators() {
  static const Operator table[] = {
      {"", "CenterCropPad", 18, centerCropPad, "the shape must be known at compile time"},
      {"", "Concat", 1, concat, ""},
      {"", "Pad", 1, pad, "pads must be known at compile time or computed from sizes"},
      {"", "Slice", 1, slice, "bounds must be known at compile time or computed from sizes"},
      {"", "Split", 1, split, "sizes must be known at compile time or computed from others"},
  };
  return table;
}

} // namespace tegula::importer
