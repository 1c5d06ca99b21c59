// Writes interpolation as one weighted sum a dimension, with positions and weights worked out at compile time
// as ONNX defines them.
#include "Bodies.h"

#include <cmath>
#include <functional>

using namespace mlir;
using utils::IteratorType;

namespace tegula::fuse {

namespace {

/// For each output position along one dimension: where its taps lie and what each weighs. No weights: one
/// tap, taken as it is.
struct Taps {
  int64_t count = 1;
  SmallVector<int64_t> at; // [output, count]; -1 where the extrapolation value stands
  SmallVector<double> weight;
};

/// One dimension of a resize.
struct Axis {
  graph::ResizeOp op;
  int64_t dim, in, out;
  double scale;

  double roi(bool end) {
    ArrayRef<double> all = op.getRoi();
    return all.empty() ? double(end) : all[end ? all.size() / 2 + dim : dim];
  }

  /// The input coordinate of an output position.
  double source(int64_t o) {
    double x = double(o), outWidth = scale * double(in);
    switch (op.getCoordinates()) {
    case graph::CoordinateMode::HalfPixel:
      return (x + 0.5) / scale - 0.5;
    case graph::CoordinateMode::HalfPixelSymmetric: {
      double adjustment = double(out) / outWidth, center = double(in) / 2, offset = center * (1 - adjustment);
      return offset + (x + 0.5) / scale - 0.5;
    }
    case graph::CoordinateMode::PytorchHalfPixel:
      return outWidth == 1 ? -0.5 : (x + 0.5) / scale - 0.5;
    case graph::CoordinateMode::AlignCorners:
      return outWidth == 1 ? 0 : x * double(in - 1) / (outWidth - 1);
    case graph::CoordinateMode::Asymmetric:
      return x / scale;
    case graph::CoordinateMode::TfHalfPixelForNn:
      return (x + 0.5) / scale;
    case graph::CoordinateMode::TfCropAndResize: {
      double start = roi(false), end = roi(true), last = double(in - 1);
      return outWidth == 1 ? (end - start) * last / 2
                           : x * (end - start) * last / (outWidth - 1) + start * last;
    }
    }
    llvm_unreachable("all modes are handled");
  }

  int64_t nearest(double x) {
    double floor = std::floor(x);
    switch (op.getNearest()) {
    case graph::NearestMode::RoundPreferFloor:
      return int64_t(x == floor + 0.5 ? floor : std::floor(x + 0.5));
    case graph::NearestMode::RoundPreferCeil:
      return int64_t(std::floor(x + 0.5));
    case graph::NearestMode::Floor:
      return int64_t(floor);
    case graph::NearestMode::Ceil:
      return int64_t(std::ceil(x));
    }
    llvm_unreachable("all modes are handled");
  }

  /// The interpolation kernel at a distance.
  double filter(double distance) {
    double d = std::abs(distance), a = op.getCubicCoeff().convertToDouble();
    if (op.getMode() == graph::ResizeMode::Linear)
      return std::max(0.0, 1 - d);
    if (d <= 1)
      return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
  }

  Taps taps() {
    Taps result;
    bool near = op.getMode() == graph::ResizeMode::Nearest;
    bool crop = op.getCoordinates() == graph::CoordinateMode::TfCropAndResize;
    // With antialias a smaller image sees a wider kernel, stretched by the scale.
    double stretch = op.getAntialias() && scale < 1 ? scale : 1;
    double reach = op.getMode() == graph::ResizeMode::Cubic ? 2 : 1;
    int64_t radius = int64_t(std::ceil(reach / stretch));
    result.count = near ? 1 : 2 * radius;
    for (int64_t o = 0; o < out; ++o) {
      double x = source(o);
      if (crop && (x < 0 || x > double(in - 1))) {
        result.at.append(result.count, -1);
        result.weight.append(result.count, 0);
        continue;
      }
      if (near) {
        result.at.push_back(std::clamp<int64_t>(nearest(x), 0, in - 1));
        continue;
      }
      weigh(result, x, stretch, radius);
    }
    return result;
  }

  /// Appends the taps around `x`; outside of the input the border repeats, or weighs nothing with
  /// `exclude_outside`.
  void weigh(Taps &result, double x, double stretch, int64_t radius) {
    double floor = std::floor(x), total = 0;
    size_t begin = result.weight.size();
    for (int64_t i = 0; i < result.count; ++i) {
      int64_t at = int64_t(floor) - radius + 1 + i;
      bool outside = at < 0 || at >= in;
      double weight = filter((double(at) - x) * stretch);
      if (outside && op.getExcludeOutside())
        weight = 0;
      total += weight;
      result.at.push_back(std::clamp<int64_t>(at, 0, in - 1));
      result.weight.push_back(weight);
    }
    if ((stretch != 1 || op.getExcludeOutside()) && total != 0)
      for (double &weight : MutableArrayRef(result.weight).drop_front(begin))
        weight /= total;
  }
};

} // namespace

/// A dimension with its taps.
using Weighted = std::pair<Axis, Taps>;

/// The weighted sums along all `axes` at once, each tap written out: one operation whose elements depend on
/// no other's.
static Value interpolateTogether(TensorKit &k, Value input, ArrayRef<Weighted> axes, Type acc, bool positive,
                                 Value extrapolation) {
  SmallVector<int64_t> shape(shapeOf(input));
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (const auto &[axis, taps] : axes) {
    shape[axis.dim] = axis.out;
    Value at = indexTable(k, {axis.out, taps.count}, taps.at),
          weight = numberTable(k, {axis.out, taps.count}, taps.weight, acc);
    for (int64_t tap = 0; tap < taps.count; ++tap) {
      inputs.append({at, weight});
      maps.append(2, k.map(shape.size(), {k.d(axis.dim), k.c(tap)}));
    }
  }
  return k.mapOver(RankedTensorType::get(shape, acc), inputs, maps, [&](ScalarKit &s, ValueRange args) {
    SmallVector<Value> at;
    for (size_t i = 0; i < shape.size(); ++i)
      at.push_back(s.loopIndex(i));
    Value valid;
    std::function<Value(size_t, size_t)> sum = [&](size_t number, size_t firstArg) -> Value {
      if (number == axes.size())
        return s.convert(s.extract(input, at), acc, positive);
      const auto &[axis, taps] = axes[number];
      Value total;
      for (int64_t tap = 0; tap < taps.count; ++tap) {
        Value position = s.convert(args[firstArg + 2 * tap], s.b.getIndexType());
        if (llvm::is_contained(taps.at, -1)) {
          valid = s.both(valid, s.inside(position, axis.in));
          position = s.clamp(position, axis.in);
        }
        at[axis.dim] = position;
        Value term = s.mul(args[firstArg + 2 * tap + 1], sum(number + 1, firstArg + 2 * taps.count));
        total = total ? s.add(total, term) : term;
      }
      return total;
    };
    Value result = sum(0, 0);
    return valid ? s.select(valid, result, extrapolation) : result;
  });
}

/// result[.., o, ..] = sum over t of weight[o, t] * input[.., at[o, t], ..]
static Value interpolate(TensorKit &k, Value input, Axis &axis, const Taps &taps, Value extrapolation) {
  SmallVector<int64_t> shape(shapeOf(input));
  shape[axis.dim] = axis.out;
  size_t rank = shape.size();
  Type acc = tensorType(input).getElementType();
  SmallVector<AffineExpr> outExprs;
  for (size_t i = 0; i < rank; ++i)
    outExprs.push_back(k.d(i));
  Iterators iterators(rank, IteratorType::parallel);
  iterators.push_back(IteratorType::reduction);
  AffineMap table = k.map(rank + 1, {k.d(axis.dim), k.d(rank)});
  Value at = indexTable(k, {axis.out, taps.count}, taps.at),
        weight = numberTable(k, {axis.out, taps.count}, taps.weight, acc);
  bool some = llvm::is_contained(taps.at, -1);
  return k.accumulate(k.fill(shape, k.constant(acc, 0)), k.map(rank + 1, outExprs), {at, weight},
                      {table, table}, iterators, [&](ScalarKit &s, ValueRange args) {
                        SmallVector<Value> from;
                        for (size_t i = 0; i < rank; ++i)
                          from.push_back(s.loopIndex(i));
                        Value position = s.convert(args[0], s.b.getIndexType());
                        from[axis.dim] = some ? s.clamp(position, axis.in) : position;
                        Value sum = s.add(args[2], s.mul(args[1], s.extract(input, from)));
                        return some ? s.select(s.inside(position, axis.in), sum, extrapolation) : sum;
                      });
}

Value buildResize(TensorKit &k, Operation *op, ValueRange in) {
  auto resize = dyn_cast<graph::ResizeOp>(op);
  if (!resize)
    return {};
  auto type = storageType(tensorType(resize.getResult()));
  Type element = type.getElementType(), graphType = graphElement(resize.getInput());
  double extrapolation = resize.getExtrapolationValue().convertToDouble();
  bool near = resize.getMode() == graph::ResizeMode::Nearest;
  bool crop = resize.getCoordinates() == graph::CoordinateMode::TfCropAndResize;
  // Integers are interpolated as floats.
  Type acc = isa<FloatType>(element) ? accumulatorType(element) : Type(k.b.getF32Type());
  Value outside = k.constant(near ? element : acc, extrapolation);
  constexpr int64_t maxWrittenTaps = 16;

  SmallVector<SmallVector<int64_t>> tables(type.getRank());
  SmallVector<Weighted> axes;
  int64_t product = 1;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    Axis axis{resize, dim, shapeOf(in[0])[dim], type.getDimSize(dim), resize.getScales()[dim]};
    if (axis.in == axis.out && axis.scale == 1 && !(crop && (axis.roi(false) != 0 || axis.roi(true) != 1)))
      continue;
    Taps taps = axis.taps();
    tables[dim] = taps.at;
    product *= taps.count;
    axes.push_back({axis, taps});
  }
  if (near)
    return lookUp(k, type, in[0], tables, outside);
  bool positive = isUnsigned(graphType);
  if (product <= maxWrittenTaps)
    return k.convertAll(interpolateTogether(k, in[0], axes, acc, positive, outside), element, positive);
  Value current = k.convertAll(in[0], acc, positive);
  for (Weighted &each : llvm::reverse(axes)) // the last dimension first, as the definition nests them
    current = each.second.count <= maxWrittenTaps
                  ? interpolateTogether(k, current, each, acc, positive, outside)
                  : interpolate(k, current, each.first, each.second, outside);
  return k.convertAll(current, element, positive);
}

} // namespace tegula::fuse
