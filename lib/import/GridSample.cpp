// Imports GridSample: reads an image at places that another tensor gives, as gathers and weighted sums.
#include "Node.h"

using namespace mlir;

namespace tegula::importer {

namespace {

/// An image [batch, channels, spatial...] and the places at which it is read, one list a batch.
class Sampler {
public:
  Sampler(Node &node, Value x, StringRef padding, bool alignsCorners)
      : node(node), shape(Ops::shape(x)), padding(padding), alignsCorners(alignsCorners) {
    Ints perm{0};
    llvm::append_range(perm, Ops::span(2, Ops::rank(x)));
    perm.push_back(1);
    pixels = node.transpose(x, perm);
    element = node.element(x);
  }

  /// From -1..1 to pixels of spatial dimension `axis`.
  Value toPixels(Value coordinate, size_t axis) {
    Value shifted = node.add(coordinate, 1.0), size = length(axis);
    if (alignsCorners)
      return node.mul(shifted, node.div(node.sub(size, 1.0), 2.0));
    return node.div(node.sub(node.mul(shifted, size), 1.0), 2.0);
  }

  /// A place outside of the image moved inside, where the padding has it so.
  Value moved(Value place, size_t axis) {
    if (padding == "zeros")
      return place;
    return clamped(padding == "reflection" ? reflected(place, axis) : place, axis);
  }

  /// The pixels at whole numbers, one tensor [batch, places, 1] a dimension: [batch, places, channels].
  Value read(ArrayRef<Value> whole);

private:
  Value length(size_t axis) { return node.cast(node.sizes({shape[axis + 2]}, {}), element); }
  Value clamped(Value place, size_t axis) {
    return node.min(node.max(place, node.like(place, 0.0)), node.sub(length(axis), 1.0));
  }

  /// A place thrown back at the image's borders as often as it takes: a triangle wave.
  Value reflected(Value place, size_t axis) {
    double first = alignsCorners ? 0.0 : -0.5;
    Value range = alignsCorners ? node.max(node.sub(length(axis), 1.0), node.like(place, 1.0)) : length(axis);
    Value period = node.mul(range, 2.0), from = node.sub(place, first);
    Value rest = node.sub(from, node.mul(period, node.unary<graph::FloorOp>(node.div(from, period))));
    return node.add(node.min(rest, node.sub(period, rest)), first);
  }

  Node &node;
  Shape shape;
  StringRef padding;
  bool alignsCorners;
  Value pixels;
  Type element;
};

/// Where one sample reads along one dimension, and with which weights.
struct Tap {
  Value place, weight; ///< a null weight is 1
};

} // namespace

Value Sampler::read(ArrayRef<Value> whole) {
  Value isInside;
  SmallVector<Value> indices;
  for (auto [axis, place] : llvm::enumerate(whole)) {
    Value at = clamped(node.unary<graph::RoundOp>(moved(place, axis)), axis);
    if (padding == "zeros") {
      Value here = node.compare(Predicate::Equal, at, place);
      isInside = isInside ? node.binary<graph::AndOp>(isInside, here) : here;
    }
    indices.push_back(node.cast(at, node.builder.getI64Type()));
  }
  Value tuples = node.concat(indices, 2);
  if (!tuples || !pixels)
    return {};
  Shape result = Ops::shape(tuples);
  result.back() = shape[1];
  Value found = node.make<graph::GatherNDOp>(result, element, pixels, tuples, int64_t(1));
  return isInside ? node.where(isInside, found, node.like(found, 0.0)) : found;
}

/// The weights of four neighbours for a place `t` behind the second one, by the usual cubic with a = -0.75.
static SmallVector<Value> cubicWeights(Node &node, Value t) {
  constexpr double a = -0.75;
  auto polynomial = [&](Value x, ArrayRef<double> factors) {
    Value sum = node.like(x, factors.front());
    for (double factor : factors.drop_front())
      sum = node.add(node.mul(sum, x), factor);
    return sum;
  };
  Value far = node.add(t, 1.0), back = node.sub(node.like(t, 1.0), t), beyond = node.add(back, 1.0);
  return {polynomial(far, {a, -5 * a, 8 * a, -4 * a}), polynomial(t, {a + 2, -(a + 3), 0, 1}),
          polynomial(back, {a + 2, -(a + 3), 0, 1}), polynomial(beyond, {a, -5 * a, 8 * a, -4 * a})};
}

static SmallVector<Tap> tapsOf(Node &node, Value place, StringRef mode) {
  if (mode == "nearest")
    return {{place, {}}};
  Value first = node.unary<graph::FloorOp>(place), t = node.sub(place, first);
  if (mode == "linear")
    return {{first, node.sub(node.like(t, 1.0), t)}, {node.add(first, 1.0), t}};
  SmallVector<Tap> taps;
  for (auto [i, weight] : llvm::enumerate(cubicWeights(node, t)))
    taps.push_back({node.add(first, static_cast<double>(i) - 1), weight});
  return taps;
}

/// The weighted sum of the pixels at every combination of taps, one of each dimension.
static Value sumOfTaps(Node &node, Sampler &sampler, ArrayRef<SmallVector<Tap>> taps) {
  Value total;
  size_t combinations = 1;
  for (const SmallVector<Tap> &axis : taps)
    combinations *= axis.size();
  for (size_t number = 0; number < combinations; ++number) {
    SmallVector<Value> at;
    Value weight;
    size_t rest = number;
    for (const SmallVector<Tap> &axis : taps) {
      const Tap &tap = axis[rest % axis.size()];
      rest /= axis.size();
      at.push_back(tap.place);
      if (tap.weight)
        weight = weight ? node.mul(weight, tap.weight) : tap.weight;
    }
    Value pixel = sampler.read(at);
    Value part = weight ? node.mul(pixel, weight) : pixel;
    total = total ? node.add(total, part) : part;
  }
  return total;
}

static void gridSample(Node &node) {
  Value x = node.input(0), grid = node.input(1);
  std::string mode = node.text("mode", node.opset < 20 ? "bilinear" : "linear"),
              padding = node.text("padding_mode", "zeros");
  bool alignsCorners = node.integer("align_corners", 0) != 0;
  if (!x || !grid)
    return;
  mode = mode == "bilinear" ? "linear" : mode == "bicubic" ? "cubic" : mode;
  if (!llvm::is_contained({"linear", "nearest", "cubic"}, StringRef(mode)) ||
      !llvm::is_contained({"zeros", "border", "reflection"}, StringRef(padding)))
    return node.invalid("expected mode linear, nearest or cubic and padding_mode zeros, border or "
                        "reflection, got '" +
                        mode + "' and '" + padding + "'");
  Shape shape = Ops::shape(x), places = Ops::shape(grid);
  size_t rank = shape.size() < 3 ? 0 : shape.size() - 2;
  if (rank < 1 || places.size() != shape.size() ||
      !node.equal(places.back(), static_cast<int64_t>(rank),
                  "expected a coordinate for each spatial dimension") ||
      !node.equal(places.front(), shape.front(), "expected a grid for each image"))
    return node.invalid("expected an image of rank 3 at least and a grid of its rank that ends in " +
                        Twine(rank) + " coordinates, got " + node.shown(shape) + " and " +
                        node.shown(places));
  if (mode == "cubic" && rank > 2)
    return node.unsupported("mode cubic is supported for one and two spatial dimensions only");
  Dim count = Ops::count(ShapeRef(places).drop_front().drop_back());
  grid = node.reshape(node.cast(grid, node.element(x)), {shape[0], count, static_cast<int64_t>(rank)});
  Sampler sampler(node, x, padding, alignsCorners);
  SmallVector<SmallVector<Tap>> taps; // of each dimension; the grid counts them from the last
  for (size_t axis = 0; axis < rank; ++axis) {
    auto coordinate = static_cast<int64_t>(rank - 1 - axis);
    Value place = sampler.toPixels(node.slice(grid, 2, coordinate, coordinate + 1), axis);
    if (mode == "nearest")
      place = node.unary<graph::RoundOp>(place);
    // A cubic moves each of its taps, the other modes move the place between them.
    taps.push_back(tapsOf(node, mode == "cubic" ? place : sampler.moved(place, axis), mode));
  }
  Value total = sumOfTaps(node, sampler, taps);
  Shape result{shape[0]};
  result.append(places.begin() + 1, places.end() - 1);
  result.push_back(shape[1]);
  Ints perm{0, static_cast<int64_t>(rank) + 1};
  llvm::append_range(perm, Ops::span(1, static_cast<int64_t>(rank) + 1));
  node.result(node.transpose(node.reshape(total, result), perm));
}

ArrayRef<Operator> gridOperators() {
  static const Operator table[] = {
      {"", "GridSample", 16, gridSample, "cubic in one and two dimensions", /*computesInF32=*/true},
  };
  return table;
}

} // namespace tegula::importer
