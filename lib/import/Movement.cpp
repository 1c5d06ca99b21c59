// Imports ONNX operators that order or repeat a tensor's elements in another way without computing with them.
#include "Node.h"

using namespace mlir;

namespace tegula::importer {

static void reshape(Node &node) {
  Value x = node.input(0);
  std::optional<Shape> wanted =
      node.opset < 5 ? asSizes(node.optionalIntegers("shape")) : node.constantSizes(1, "shape");
  bool allowZero = node.integer("allowzero", 0) != 0;
  if (!x || !wanted)
    return;
  Shape from = Ops::shape(x);
  Dim known = 1;
  int64_t unknown = -1;
  for (size_t i = 0; i < wanted->size(); ++i) {
    Dim &dim = (*wanted)[i];
    if (dim.is(0) && !allowZero) {
      if (i >= from.size())
        return node.invalid("expected a 0 in the shape to stand at an input's dimension, got position " +
                            Twine(i));
      dim = from[i];
    }
    if (dim.is(-1) && unknown < 0)
      unknown = static_cast<int64_t>(i);
    else if (graph::surelyLess(dim, 0))
      return node.invalid("expected sizes of at least 0 and one -1 at most, got " +
                          (dim.isStatic() ? std::to_string(dim.number()) : node.shown(dim)));
    else
      known *= dim;
  }
  if (unknown >= 0) {
    Dim total = Ops::count(from);
    std::optional<Dim> rest = exactDiv(total, known);
    if (!rest && !(total.isStatic() && known.isStatic()) && floorDiv(total, known).isValid()) {
      rest = floorDiv(total, known);
      node.equal(*rest * known, total, "expected the other sizes to divide the elements of the input");
    }
    if (!rest)
      return node.invalid("expected the other sizes to divide the " + node.shown(total) +
                          " elements of the input");
    (*wanted)[unknown] = *rest;
  }
  node.result(node.reshape(x, *wanted));
}

static void flatten(Node &node) {
  Value x = node.input(0);
  int64_t axis = node.integer("axis", 1), rank = Ops::rank(x);
  axis += axis < 0 ? rank : 0;
  if (axis < 0 || axis > rank)
    return node.invalid("expected an axis from 0 to " + Twine(rank) + ", got " + Twine(axis));
  Shape all = Ops::shape(x);
  ShapeRef shape = all;
  node.result(node.reshape(x, {Ops::count(shape.take_front(axis)), Ops::count(shape.drop_front(axis))}));
}

/// Squeeze and Unsqueeze name axes by attribute before opset 13, by input since.
static std::optional<std::optional<Ints>> axesOf(Node &node) {
  if (node.opset < 13)
    return node.optionalIntegers("axes");
  if (!node.has(1))
    return std::optional<Ints>();
  std::optional<Ints> axes = node.constantIntegers(1, "axes");
  if (!axes)
    return std::nullopt;
  return axes;
}

static void squeeze(Node &node) {
  Value x = node.input(0);
  std::optional<std::optional<Ints>> given = axesOf(node);
  if (!given || !x)
    return;
  Shape shape = Ops::shape(x);
  std::optional<Ints> axes = *given ? node.axes(**given, Ops::rank(x)) : Ints();
  if (!axes)
    return;
  Shape result;
  for (size_t i = 0; i < shape.size(); ++i) {
    bool isNamed = *given ? llvm::is_contained(*axes, static_cast<int64_t>(i)) : shape[i].is(1);
    if (!isNamed)
      result.push_back(shape[i]);
    else if (!node.equal(shape[i], 1, "expected size 1 at the axis to remove"))
      return node.invalid("expected size 1 at axis " + Twine(i) + ", got " + node.shown(shape[i]));
  }
  node.result(node.reshape(x, result));
}

static void unsqueeze(Node &node) {
  Value x = node.input(0);
  std::optional<std::optional<Ints>> given = axesOf(node);
  if (!given || !x)
    return;
  if (!*given)
    return node.invalid("expected axes");
  int64_t rank = Ops::rank(x) + static_cast<int64_t>((*given)->size());
  std::optional<Ints> axes = node.axes(**given, rank);
  if (!axes)
    return;
  Shape result;
  Shape all = Ops::shape(x);
  ShapeRef shape = all;
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
  Ints reversed;
  for (int64_t i = Ops::rank(x); i-- > 0;)
    reversed.push_back(i);
  node.result(node.transpose(x, node.integers("perm", reversed)));
}

static void expand(Node &node) {
  Value x = node.input(0);
  std::optional<Shape> wanted = node.constantSizes(1, "shape");
  if (!wanted || !x)
    return;
  for (Dim dim : *wanted)
    if (graph::surelyLess(dim, 0))
      return node.invalid("expected sizes of at least 0, got " +
                          (dim.isStatic() ? std::to_string(dim.number()) : node.shown(dim)));
  FailureOr<Shape> joined = graph::inferBroadcastShape(Ops::shape(x), *wanted, node);
  if (succeeded(joined))
    node.result(node.expand(x, *joined));
}

/// Repeats as often as sizes say: each dimension becomes two, of which the first is broadcast.
static Value repeat(Node &node, Value x, ShapeRef repeats) {
  Shape shape = Ops::shape(x), apart, wide, result;
  if (repeats.size() != shape.size()) {
    node.invalid("expected " + Twine(shape.size()) + " repeats, got " + Twine(repeats.size()));
    return {};
  }
  for (auto [size, times] : llvm::zip_equal(shape, repeats)) {
    node.atMost(0, times, "expected repeats of at least 0");
    apart.append({1, size});
    wide.append({times, size});
    result.push_back(times * size);
  }
  return node.reshape(node.expand(node.reshape(x, apart), wide), result);
}

static void tile(Node &node) {
  Value x = node.input(0);
  std::optional<Shape> repeats;
  if (node.opset >= 6) {
    repeats = node.constantSizes(1, "repeats");
  } else {
    // The first version repeats one axis.
    std::optional<Ints> tiles = node.constantIntegers(1, "tiles"), axis = node.constantIntegers(2, "axis");
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
  if (!graph::isStatic(*repeats))
    return node.result(repeat(node, x, *repeats));
  Ints numbers = graph::numbersOf(*repeats);
  FailureOr<Shape> result = graph::inferTileShape(Ops::shape(x), numbers, node);
  if (succeeded(result))
    node.result(node.make<graph::TileOp>(*result, node.element(x), x, numbers));
}

static void depthToSpace(Node &node) {
  Value x = node.input(0);
  if (!node.require("blocksize"))
    return;
  int64_t block = node.integer("blocksize", 0);
  std::string mode = node.text("mode", "DCR");
  Shape shape = Ops::shape(x);
  bool isImage = shape.size() == 4 && block >= 1 && block <= (1 << 15);
  Dim channels = isImage ? floorDiv(shape[1], block * block) : 0;
  if (!isImage || !node.equal(channels * (block * block), shape[1],
                              "expected channels that are a multiple of blocksize squared"))
    return node.invalid("expected an input of rank 4 whose channels are a multiple of blocksize squared");
  if (mode != "DCR" && mode != "CRD")
    return node.invalid("expected mode DCR or CRD, got '" + mode + "'");
  Dim n = shape[0], c = channels, h = shape[2], w = shape[3];
  bool depthFirst = mode == "DCR";
  Value split =
      node.reshape(x, depthFirst ? Shape{n, block, block, c, h, w} : Shape{n, c, block, block, h, w});
  Value moved = node.transpose(split, depthFirst ? Ints{0, 3, 4, 1, 5, 2} : Ints{0, 1, 4, 2, 5, 3});
  node.result(node.reshape(moved, {n, c, h * block, w * block}));
}

static void spaceToDepth(Node &node) {
  Value x = node.input(0);
  if (!node.require("blocksize"))
    return;
  int64_t block = node.integer("blocksize", 0);
  if (std::string mode = node.text("mode", "DCR"); mode != "DCR")
    return node.unsupported("mode '" + mode + "' is not supported");
  Shape shape = Ops::shape(x);
  bool isImage = shape.size() == 4 && block >= 1;
  Dim h = isImage ? floorDiv(shape[2], block) : 0, w = isImage ? floorDiv(shape[3], block) : 0;
  if (!isImage || !node.equal(h * block, shape[2], "expected a height that is a multiple of blocksize") ||
      !node.equal(w * block, shape[3], "expected a width that is a multiple of blocksize"))
    return node.invalid("expected an input of rank 4 whose height and width are multiples of blocksize");
  Dim n = shape[0], c = shape[1];
  Value moved = node.transpose(node.reshape(x, {n, c, h, block, w, block}), {0, 3, 5, 1, 2, 4});
  node.result(node.reshape(moved, {n, c * block * block, h, w}));
}

static void dropout(Node &node) {
  Value x = node.input(0);
  node.real("ratio", 0.5);
  node.integer("seed", 0);
  node.ignore(1);
  if (node.opset < 7 && node.integer("is_test", 0) == 0)
    return node.unsupported("training is not supported: export the model for inference",
                            Code::UnsupportedTraining);
  if (node.has(2)) {
    std::optional<Ints> training = node.constantIntegers(2, "training_mode");
    if (!training)
      return;
    if (training->size() != 1 || (*training)[0] != 0)
      return node.unsupported("training is not supported: export the model for inference",
                              Code::UnsupportedTraining);
  }
  node.result(x);
  if (node.wants(1))
    node.result(node.filled(Ops::shape(x), node.opset < 10 ? node.element(x) : node.builder.getI1Type(), 1),
                1);
}

ArrayRef<Operator> movementOperators() {
  static const Operator table[] = {
      {"", "DepthToSpace", 1, depthToSpace, ""},
      {"", "Dropout", 1, dropout, "inference only"},
      {"", "Expand", 8, expand, "the shape must be known at compile time or computed from sizes"},
      {"", "Flatten", 1, flatten, ""},
      {"", "Reshape", 1, reshape, "the shape must be known at compile time or computed from sizes"},
      {"", "SpaceToDepth", 1, spaceToDepth, ""},
      {"", "Squeeze", 1, squeeze, "axes must be known at compile time"},
      {"", "Tile", 1, tile, "repeats must be known at compile time or computed from sizes"},
      {"", "Transpose", 1, transpose, ""},
      {"", "Unsqueeze", 1, unsqueeze, "axes must be known at compile time"},
  };
  return table;
}

} // namespace tegula::importer
