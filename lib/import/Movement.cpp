// Imports ONNX operators that move elements without computing with them.
#include "Node.h"

using namespace mlir;

namespace tegula::importer {

static void reshape(Node &node) {
  Value x = node.input(0);
  std::optional<Shape> wanted =
      node.opset < 5 ? node.optionalIntegers("shape") : node.constantIntegers(1, "shape");
  bool allowZero = node.integer("allowzero", 0) != 0;
  if (!x || !wanted)
    return;
  ShapeRef from = Ops::shape(x);
  Checked known(1);
  int64_t unknown = -1;
  for (size_t i = 0; i < wanted->size(); ++i) {
    int64_t &dim = (*wanted)[i];
    if (dim == 0 && !allowZero) {
      if (i >= from.size())
        return node.invalid("expected a 0 in the shape to stand at an input's dimension, got position " +
                            Twine(i));
      dim = from[i];
    }
    if (dim == -1 && unknown < 0)
      unknown = static_cast<int64_t>(i);
    else if (dim < 0)
      return node.invalid("expected sizes of at least 0 and one -1 at most, got " + Twine(dim));
    else
      known *= dim;
  }
  if (unknown >= 0) {
    int64_t total = Ops::count(from);
    if (!known.valid() || known.get() == 0 || total % known.get() != 0)
      return node.invalid("expected the other sizes to divide the " + Twine(total) +
                          " elements of the input");
    (*wanted)[unknown] = total / known.get();
  }
  node.result(node.reshape(x, *wanted));
}

static void flatten(Node &node) {
  Value x = node.input(0);
  int64_t axis = node.integer("axis", 1), rank = Ops::rank(x);
  axis += axis < 0 ? rank : 0;
  if (axis < 0 || axis > rank)
    return node.invalid("expected an axis from 0 to " + Twine(rank) + ", got " + Twine(axis));
  ShapeRef shape = Ops::shape(x);
  node.result(node.reshape(x, {Ops::count(shape.take_front(axis)), Ops::count(shape.drop_front(axis))}));
}

/// Squeeze and Unsqueeze name axes by attribute before opset 13, by input since.
static std::optional<std::optional<Shape>> axesOf(Node &node) {
  if (node.opset < 13)
    return node.optionalIntegers("axes");
  if (!node.has(1))
    return std::optional<Shape>();
  std::optional<Shape> axes = node.constantIntegers(1, "axes");
  if (!axes)
    return std::nullopt;
  return axes;
}

static void squeeze(Node &node) {
  Value x = node.input(0);
  std::optional<std::optional<Shape>> given = axesOf(node);
  if (!given || !x)
    return;
  ShapeRef shape = Ops::shape(x);
  std::optional<Shape> axes = *given ? node.axes(**given, Ops::rank(x)) : Shape();
  if (!axes)
    return;
  Shape result;
  for (size_t i = 0; i < shape.size(); ++i) {
    bool isNamed = *given ? llvm::is_contained(*axes, static_cast<int64_t>(i)) : shape[i] == 1;
    if (!isNamed)
      result.push_back(shape[i]);
    else if (shape[i] != 1)
      return node.invalid("expected size 1 at axis " + Twine(i) + ", got " + Twine(shape[i]));
  }
  node.result(node.reshape(x, result));
}

static void unsqueeze(Node &node) {
  Value x = node.input(0);
  std::optional<std::optional<Shape>> given = axesOf(node);
  if (!given || !x)
    return;
  if (!*given)
    return node.invalid("expected axes");
  int64_t rank = Ops::rank(x) + static_cast<int64_t>((*given)->size());
  std::optional<Shape> axes = node.axes(**given, rank);
  if (!axes)
    return;
  Shape result;
  ShapeRef shape = Ops::shape(x);
  for (int64_t i = 0; i < rank; ++i) {
    if (llvm::is_contained(*axes, i)) {
      result.push_back(1);
      continue;
    }
    result.push_back(shape.front());
    shape = shape.drop_front();
  }
  node.result(node.reshape(x, result));
}

static void transpose(Node &node) {
  Value x = node.input(0);
  Shape reversed;
  for (int64_t i = Ops::rank(x); i-- > 0;)
    reversed.push_back(i);
  node.result(node.transpose(x, node.integers("perm", reversed)));
}

static void expand(Node &node) {
  Value x = node.input(0);
  std::optional<Shape> wanted = node.constantIntegers(1, "shape");
  if (!wanted || !x)
    return;
  for (int64_t dim : *wanted)
    if (dim < 0)
      return node.invalid("expected sizes of at least 0, got " + Twine(dim));
  FailureOr<Shape> joined = graph::inferBroadcastShape(Ops::shape(x), *wanted, [&] { return node.error(); });
  if (succeeded(joined))
    node.result(node.expand(x, *joined));
}

static void tile(Node &node) {
  Value x = node.input(0);
  std::optional<Shape> repeats;
  if (node.opset >= 6) {
    repeats = node.constantIntegers(1, "repeats");
  } else {
    // The first version repeats one axis.
    std::optional<Shape> tiles = node.constantIntegers(1, "tiles"), axis = node.constantIntegers(2, "axis");
    if (!tiles || !axis || tiles->size() != 1 || axis->size() != 1)
      return;
    std::optional<int64_t> at = node.axis((*axis)[0], Ops::rank(x));
    if (!at)
      return;
    repeats = Shape(Ops::rank(x), 1);
    (*repeats)[*at] = (*tiles)[0];
  }
  if (!repeats || !x)
    return;
  FailureOr<Shape> result = graph::inferTileShape(Ops::shape(x), *repeats, [&] { return node.error(); });
  if (succeeded(result))
    node.result(node.make<graph::TileOp>(*result, node.element(x), x, *repeats));
}

static void slice(Node &node) {
  Value x = node.input(0);
  std::optional<Shape> starts, ends, axes, steps;
  int64_t rank = Ops::rank(x);
  if (node.opset < 10) {
    starts = node.optionalIntegers("starts"), ends = node.optionalIntegers("ends"),
    axes = node.optionalIntegers("axes");
  } else {
    starts = node.constantIntegers(1, "starts"), ends = node.constantIntegers(2, "ends");
    if (node.has(3) && !(axes = node.constantIntegers(3, "axes")))
      return;
    if (node.has(4) && !(steps = node.constantIntegers(4, "steps")))
      return;
  }
  if (!x || !starts || !ends)
    return node.opset < 10 ? node.invalid("expected starts and ends") : void();
  if (!axes) {
    axes = Shape();
    for (size_t i = 0; i < starts->size(); ++i)
      axes->push_back(static_cast<int64_t>(i));
  }
  if (!steps)
    steps = Shape(starts->size(), 1);
  if (ends->size() != starts->size() || axes->size() != starts->size() || steps->size() != starts->size())
    return node.invalid("expected as many ends, axes and steps as starts");
  std::optional<Shape> where = node.axes(*axes, rank);
  if (!where)
    return;
  Shape from(rank, 0), by(rank, 1), counts(Ops::shape(x));
  for (auto [axis, start, end, step] : llvm::zip_equal(*where, *starts, *ends, *steps)) {
    int64_t dim = Ops::shape(x)[axis];
    if (step == 0 || step == INT64_MIN)
      return node.invalid("expected steps other than 0");
    // Where a bound counts from the end, and is clamped to what a walk in this direction can reach.
    int64_t low = step > 0 ? 0 : -1, high = step > 0 ? dim : dim - 1;
    int64_t first =
        std::clamp(start < 0 ? start + dim : start, step > 0 ? low : int64_t(0), std::max<int64_t>(high, 0));
    int64_t last = std::clamp(end < 0 ? end + dim : end, low, std::max(low, high));
    int64_t span = step > 0 ? last - first : first - last, stride = step > 0 ? step : -step;
    counts[axis] = dim > 0 && span > 0 ? (span - 1) / stride + 1 : 0;
    from[axis] = counts[axis] > 0 ? first : 0;
    by[axis] = counts[axis] > 1 ? step : 1;
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
  if (byInput && node.has(1) && !(sizes = node.constantIntegers(1, "split")))
    return;
  if (!byInput)
    sizes = node.optionalIntegers("split");
  int64_t parts = node.integer("num_outputs", static_cast<int64_t>(node.results.size()));
  if (!x || !axis)
    return;
  int64_t dim = Ops::shape(x)[*axis];
  if (parts < 1 || parts != static_cast<int64_t>(node.results.size()))
    return node.invalid("expected as many outputs as parts, got " + Twine(node.results.size()) + " and " +
                        Twine(parts));
  if (!sizes) {
    // The last part is smaller where the size is not a multiple; only opset 18 allows that.
    int64_t part = llvm::divideCeil(dim, parts);
    if (node.opset < 18 && dim % parts != 0)
      return node.invalid("expected a size that " + Twine(parts) + " divides, got " + Twine(dim));
    sizes = Shape();
    for (int64_t i = 0; i < parts; ++i)
      sizes->push_back(std::clamp<int64_t>(dim - i * part, 0, part));
  }
  Checked total(0);
  for (int64_t size : *sizes)
    total += size;
  if (sizes->size() != node.results.size() || !total.valid() || total.get() != dim)
    return node.invalid("expected " + Twine(node.results.size()) + " sizes that add up to " + Twine(dim));
  int64_t begin = 0;
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

static void pad(Node &node) {
  Value x = node.input(0), value;
  std::optional<graph::PadMode> mode = padMode(node);
  std::optional<Shape> pads;
  int64_t rank = Ops::rank(x);
  if (node.opset < 11) {
    pads = node.opset < 2 ? node.optionalIntegers("paddings") : node.optionalIntegers("pads");
    value = node.like(x, node.real("value", 0.0));
  } else {
    pads = node.constantIntegers(1, "pads");
    value = node.has(2) ? node.reshape(node.input(2), {}) : node.like(x, 0.0);
  }
  if (!x || !mode || !pads || !value)
    return;
  Shape axes = Ops::span(0, rank);
  if (node.has(3)) {
    std::optional<Shape> named = node.constantIntegers(3, "axes");
    std::optional<Shape> checked = named ? node.axes(*named, rank) : std::nullopt;
    if (!checked)
      return;
    axes = *checked;
  }
  if (pads->size() != 2 * axes.size())
    return node.invalid("expected " + Twine(2 * axes.size()) + " pads, got " + Twine(pads->size()));
  Shape low(rank, 0), high(rank, 0);
  for (auto [i, axis] : llvm::enumerate(axes)) {
    low[axis] = (*pads)[i];
    high[axis] = (*pads)[i + axes.size()];
    int64_t dim = Ops::shape(x)[axis], most = std::max(low[axis], high[axis]);
    // The other modes are defined once around only where nothing is cropped at the same time.
    bool isOnce = *mode == graph::PadMode::Constant ||
                  (std::min(low[axis], high[axis]) >= 0 &&
                   (*mode == graph::PadMode::Edge || most < dim + (*mode == graph::PadMode::Wrap)));
    if (!isOnce && most != 0)
      return node.unsupported("mode " + graph::stringifyPadMode(*mode).str() +
                              " is supported with pads from 0 to less than the size only, got " +
                              Twine(low[axis]) + " and " + Twine(high[axis]) + " for size " + Twine(dim));
  }
  FailureOr<Shape> result = graph::inferPadShape(Ops::shape(x), low, high, [&] { return node.error(); });
  if (succeeded(result))
    node.result(node.make<graph::PadOp>(*result, node.element(x), x, value, low, high, *mode));
}

static void centerCropPad(Node &node) {
  Value x = node.input(0);
  std::optional<Shape> wanted = node.constantIntegers(1, "shape");
  int64_t rank = Ops::rank(x);
  std::optional<Shape> axes = node.axes(node.integers("axes", Ops::span(0, rank)), rank);
  if (!wanted || !axes || !x)
    return;
  if (wanted->size() != axes->size())
    return node.invalid("expected as many sizes as axes");
  Shape low(rank, 0), high(rank, 0);
  for (auto [axis, size] : llvm::zip_equal(*axes, *wanted)) {
    int64_t dim = Ops::shape(x)[axis], more = size - dim;
    if (size < 0)
      return node.invalid("expected sizes of at least 0, got " + Twine(size));
    // An odd element is cropped at the end, and padded at the end.
    low[axis] = more / 2;
    high[axis] = more - low[axis];
  }
  node.result(node.pad(x, low, high, node.like(x, 0.0)));
}

static void depthToSpace(Node &node) {
  Value x = node.input(0);
  if (!node.require("blocksize"))
    return;
  int64_t block = node.integer("blocksize", 0);
  std::string mode = node.text("mode", "DCR");
  ShapeRef shape = Ops::shape(x);
  if (shape.size() != 4 || block < 1 || block > (1 << 15) || shape[1] % (block * block) != 0)
    return node.invalid("expected an input of rank 4 whose channels are a multiple of blocksize squared");
  if (mode != "DCR" && mode != "CRD")
    return node.invalid("expected mode DCR or CRD, got '" + mode + "'");
  int64_t n = shape[0], c = shape[1] / (block * block), h = shape[2], w = shape[3];
  bool depthFirst = mode == "DCR";
  Value split =
      node.reshape(x, depthFirst ? Shape{n, block, block, c, h, w} : Shape{n, c, block, block, h, w});
  Value moved = node.transpose(split, depthFirst ? Shape{0, 3, 4, 1, 5, 2} : Shape{0, 1, 4, 2, 5, 3});
  node.result(node.reshape(moved, {n, c, h * block, w * block}));
}

static void spaceToDepth(Node &node) {
  Value x = node.input(0);
  if (!node.require("blocksize"))
    return;
  int64_t block = node.integer("blocksize", 0);
  if (std::string mode = node.text("mode", "DCR"); mode != "DCR")
    return node.unsupported("mode '" + mode + "' is not supported");
  ShapeRef shape = Ops::shape(x);
  if (shape.size() != 4 || block < 1 || shape[2] % block != 0 || shape[3] % block != 0)
    return node.invalid("expected an input of rank 4 whose height and width are multiples of blocksize");
  int64_t n = shape[0], c = shape[1], h = shape[2] / block, w = shape[3] / block;
  Value moved = node.transpose(node.reshape(x, {n, c, h, block, w, block}), {0, 3, 5, 1, 2, 4});
  node.result(node.reshape(moved, {n, c * block * block, h, w}));
}

static void dropout(Node &node) {
  Value x = node.input(0);
  node.real("ratio", 0.5);
  node.integer("seed", 0);
  node.ignore(1);
  if (node.opset < 7 && node.integer("is_test", 0) == 0)
    return node.unsupported("training is not supported: export the model for inference");
  if (node.has(2)) {
    std::optional<Shape> training = node.constantIntegers(2, "training_mode");
    if (!training)
      return;
    if (training->size() != 1 || (*training)[0] != 0)
      return node.unsupported("training is not supported: export the model for inference");
  }
  node.result(x);
  if (node.wants(1))
    node.result(node.filled(Ops::shape(x), node.opset < 10 ? node.element(x) : node.builder.getI1Type(), 1),
                1);
}

ArrayRef<Operator> movementOperators() {
  static const Operator table[] = {
      {"", "CenterCropPad", 18, centerCropPad, "the shape must be known at compile time"},
      {"", "Concat", 1, concat, ""},
      {"", "DepthToSpace", 1, depthToSpace, ""},
      {"", "Dropout", 1, dropout, "inference only"},
      {"", "Expand", 8, expand, "the shape must be known at compile time"},
      {"", "Flatten", 1, flatten, ""},
      {"", "Pad", 1, pad, "pads must be known at compile time"},
      {"", "Reshape", 1, reshape, "the shape must be known at compile time"},
      {"", "Slice", 1, slice, "bounds must be known at compile time"},
      {"", "SpaceToDepth", 1, spaceToDepth, ""},
      {"", "Split", 1, split, "sizes must be known at compile time"},
      {"", "Squeeze", 1, squeeze, "axes must be known at compile time"},
      {"", "Tile", 1, tile, "repeats must be known at compile time"},
      {"", "Transpose", 1, transpose, ""},
      {"", "Unsqueeze", 1, unsqueeze, "axes must be known at compile time"},
  };
  return table;
}

} // namespace tegula::importer
