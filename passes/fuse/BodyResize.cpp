// Writes interpolation as one weighted sum a dimension, with positions and weights worked out at compile time
// as ONNX defines them.
#include "Bodies.h"
#include "Real.h"

using namespace mlir;
using utils::IteratorType;

namespace tegula::fuse {

namespace {

/// Where an output position reads, and what that weighs; an index of -1 stands for the extrapolation value.
struct Tap {
  Real at, weight;
};

/// One dimension of a resize.
struct Axis {
  mutable graph::ResizeOp op;
  int64_t dim;
  Real in, out, scale;

  Axis(graph::ResizeOp op, int64_t dim, Real in, Real out)
      : op(op), dim(dim), in(in), out(out), scale(op.getScales()[dim]) {
    if (op.getScales()[dim] == 0)
      scale = out / in;
  }

  double roi(bool end) const {
    ArrayRef<double> all = op.getRoi();
    return all.empty() ? double(end) : all[end ? all.size() / 2 + dim : dim];
  }
  bool crops() const { return op.getCoordinates() == graph::CoordinateMode::TfCropAndResize; }
  bool isNearest() const { return op.getMode() == graph::ResizeMode::Nearest; }

  /// The input coordinate of an output position.
  Real source(Real x) const {
    Real outWidth = scale * in;
    switch (op.getCoordinates()) {
    case graph::CoordinateMode::HalfPixel:
      return (x + 0.5) / scale - 0.5;
    case graph::CoordinateMode::HalfPixelSymmetric: {
      Real adjustment = out / outWidth, center = in / 2, offset = center * (1 - adjustment);
      return offset + (x + 0.5) / scale - 0.5;
    }
    case graph::CoordinateMode::PytorchHalfPixel:
      return Real::ifEqual(outWidth, 1, -0.5, (x + 0.5) / scale - 0.5);
    case graph::CoordinateMode::AlignCorners:
      return Real::ifEqual(outWidth, 1, 0, x * (in - 1) / (outWidth - 1));
    case graph::CoordinateMode::Asymmetric:
      return x / scale;
    case graph::CoordinateMode::TfHalfPixelForNn:
      return (x + 0.5) / scale;
    case graph::CoordinateMode::TfCropAndResize: {
      double start = roi(false), end = roi(true);
      Real last = in - 1;
      return Real::ifEqual(outWidth, 1, (end - start) * last / 2,
                           x * (end - start) * last / (outWidth - 1) + start * last);
    }
    }
    llvm_unreachable("all modes are handled");
  }

  Real nearest(Real x) const {
    switch (op.getNearest()) {
    case graph::NearestMode::RoundPreferFloor:
      return Real::ifEqual(x, floor(x) + 0.5, floor(x), floor(x + 0.5));
    case graph::NearestMode::RoundPreferCeil:
      return floor(x + 0.5);
    case graph::NearestMode::Floor:
      return floor(x);
    case graph::NearestMode::Ceil:
      return ceil(x);
    }
    llvm_unreachable("all modes are handled");
  }

  /// The interpolation kernel at a distance.
  Real filter(Real distance) const {
    Real d = abs(distance);
    double a = op.getCubicCoeff().convertToDouble();
    if (op.getMode() == graph::ResizeMode::Linear)
      return max(0.0, 1 - d);
    Real near = ((a + 2) * d - (a + 3)) * d * d + 1, far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
    return Real::ifLess(1, d, Real::ifLess(d, 2, far, 0), near);
  }

  /// With antialias a smaller image sees a wider kernel, stretched by the scale.
  double stretch() const { return op.getAntialias() && scale.known() < 1 ? scale.known() : 1; }
  int64_t radius() const {
    return int64_t(std::ceil((op.getMode() == graph::ResizeMode::Cubic ? 2 : 1) / stretch()));
  }
  int64_t count() const { return isNearest() ? 1 : 2 * radius(); }

  /// The taps of one output position.
  SmallVector<Tap> taps(Real o) const {
    Real x = source(o);
    SmallVector<Tap> result = isNearest() ? SmallVector<Tap>{{inside(nearest(x)), 1}} : weigh(x);
    if (crops())
      for (Tap &tap : result) {
        auto orOutside = [&](Real value, double outside) {
          return Real::ifLess(x, 0, outside, Real::ifLess(in - 1, x, outside, value));
        };
        tap = {orOutside(tap.at, -1), orOutside(tap.weight, 0)};
      }
    return result;
  }

private:
  Real inside(Real at) const { return min(max(at, 0), in - 1); }

  /// The taps around `x`; outside of the input the border repeats, or weighs nothing with `exclude_outside`.
  SmallVector<Tap> weigh(Real x) const {
    SmallVector<Tap> result;
    Real total = 0;
    for (int64_t i = 0; i < count(); ++i) {
      Real at = floor(x) - double(radius() - 1 - i), weight = filter((at - x) * stretch());
      if (op.getExcludeOutside())
        weight = Real::ifLess(at, 0, 0, Real::ifLess(at, in, weight, 0));
      total = total + weight;
      result.push_back({inside(at), weight});
    }
    if (stretch() != 1 || op.getExcludeOutside())
      for (Tap &tap : result)
        tap.weight = Real::ifEqual(total, 0, tap.weight, tap.weight / total);
    return result;
  }
};

/// Positions that a table of constants may have; more make a file of unreasonable size.
constexpr int64_t kLargestTable = 1 << 20;

/// The taps of all output positions along one dimension: as constants where its sizes are known, else
/// computed first.
struct Taps {
  mutable graph::ResizeOp op;
  int64_t dim;
  Dim in, out;
  int64_t count = 0;
  bool someOutside = false;
  SmallVector<int64_t> at; // [out, count]; empty where they are computed
  SmallVector<double> weight;

  Taps(graph::ResizeOp op, int64_t dim, Dim in, Dim out) : op(op), dim(dim), in(in), out(out) {
    if (!isKnown()) {
      Axis axis(op, dim, 1, 1); // what the sizes do not change
      count = axis.count();
      someOutside = axis.crops();
      return;
    }
    Axis axis(op, dim, double(in.number()), double(out.number()));
    count = axis.count();
    for (int64_t o = 0; o < out.number(); ++o)
      for (const Tap &tap : axis.taps(double(o))) {
        at.push_back(int64_t(tap.at.known()));
        weight.push_back(tap.weight.known());
      }
    someOutside = llvm::is_contained(at, -1);
  }
  bool isKnown() const {
    return in.isStatic() && out.isStatic() && (out.number() <= kLargestTable || op.getAntialias());
  }

  /// Positions as a tensor [out, count] of i64.
  Value positions(TensorKit &k) const {
    if (isKnown())
      return indexTable(k, {out.number(), count}, at);
    return compute(k, k.b.getI64Type(), [](ScalarKit &s, const Tap &tap) {
      return s.convert(tap.at.toIndex(s), s.b.getI64Type());
    });
  }
  /// Weights as a tensor [out, count].
  Value weights(TensorKit &k, Type element) const {
    if (isKnown())
      return numberTable(k, {out.number(), count}, weight, element);
    return compute(k, element,
                   [&](ScalarKit &s, const Tap &tap) { return s.convert(tap.weight.emit(s), element); });
  }

private:
  Value compute(TensorKit &k, Type element, llvm::function_ref<Value(ScalarKit &, const Tap &)> field) const {
    return k.mapOver(tensorType({out, count}, element), {}, {}, [&](ScalarKit &s, ValueRange) {
      Axis axis(op, dim, Real(s, in), Real(s, out));
      Value result;
      for (auto [i, tap] : llvm::enumerate(axis.taps(Real(s, s.loopIndex(0))))) {
        Value here = field(s, tap);
        Value isThis = s.compare(arith::CmpIPredicate::eq, s.loopIndex(1), s.index(int64_t(i)));
        result = result ? s.select(isThis, here, result) : here;
      }
      return result;
    });
  }
};

} // namespace

/// The weighted sums along all `axes` at once, each tap written out: one operation whose elements depend on
/// no other's.
static Value interpolateTogether(TensorKit &k, Value input, ArrayRef<Taps> axes, Type acc, bool positive,
                                 Value extrapolation) {
  Shape shape = shapeOf(input);
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (const Taps &taps : axes) {
    shape[taps.dim] = taps.out;
    Value at = taps.positions(k), weight = taps.weights(k, acc);
    for (int64_t tap = 0; tap < taps.count; ++tap) {
      inputs.append({at, weight});
      maps.append(2, k.map(shape.size(), {k.d(taps.dim), k.c(tap)}));
    }
  }
  return k.mapOver(tensorType(shape, acc), inputs, maps, [&](ScalarKit &s, ValueRange args) {
    SmallVector<Value> at;
    for (size_t i = 0; i < shape.size(); ++i)
      at.push_back(s.loopIndex(i));
    Value valid;
    std::function<Value(size_t, size_t)> sum = [&](size_t number, size_t firstArg) -> Value {
      if (number == axes.size())
        return s.convert(s.extract(input, at), acc, positive);
      const Taps &taps = axes[number];
      Value total;
      for (int64_t tap = 0; tap < taps.count; ++tap) {
        Value position = s.convert(args[firstArg + 2 * tap], s.b.getIndexType());
        if (taps.someOutside) {
          valid = s.both(valid, s.inside(position, taps.in));
          position = s.clamp(position, taps.in);
        }
        at[taps.dim] = position;
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
static Value interpolate(TensorKit &k, Value input, const Taps &taps, Value extrapolation) {
  Shape shape = shapeOf(input);
  shape[taps.dim] = taps.out;
  size_t rank = shape.size();
  Type acc = tensorType(input).getElementType();
  SmallVector<AffineExpr> outExprs;
  for (size_t i = 0; i < rank; ++i)
    outExprs.push_back(k.d(i));
  Iterators iterators(rank, IteratorType::parallel);
  iterators.push_back(IteratorType::reduction);
  AffineMap table = k.map(rank + 1, {k.d(taps.dim), k.d(rank)});
  Value at = taps.positions(k), weight = taps.weights(k, acc);
  bool some = taps.someOutside;
  return k.accumulate(k.fill(shape, k.constant(acc, 0)), k.map(rank + 1, outExprs), {at, weight},
                      {table, table}, iterators, [&](ScalarKit &s, ValueRange args) {
                        SmallVector<Value> from;
                        for (size_t i = 0; i < rank; ++i)
                          from.push_back(s.loopIndex(i));
                        Value position = s.convert(args[0], s.b.getIndexType());
                        from[taps.dim] = some ? s.clamp(position, taps.in) : position;
                        Value sum = s.add(args[2], s.mul(args[1], s.extract(input, from)));
                        return some ? s.select(s.inside(position, taps.in), sum, extrapolation) : sum;
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
  // Integers are interpolated as floats.
  Type acc = isa<FloatType>(element) ? accumulatorType(element) : Type(k.b.getF32Type());
  Value outside = k.constant(near ? element : acc, extrapolation);
  constexpr int64_t maxWrittenTaps = 16;

  SmallVector<Source> sources(type.getRank());
  SmallVector<Taps> axes;
  int64_t product = 1;
  for (auto [dim, before, after] : llvm::enumerate(shapeOf(in[0]), shapeOf(type))) {
    Axis axis(resize, dim, 1, 1);
    double scale = resize.getScales()[dim];
    bool crops = axis.crops() && (axis.roi(false) != 0 || axis.roi(true) != 1);
    if (before == after && (scale == 1 || scale == 0) && !crops)
      continue;
    if (scale == 0 && resize.getAntialias() && !near) // the number of taps would depend on sizes
      return {};
    Taps taps(resize, dim, before, after);
    product *= taps.count;
    axes.push_back(taps);
    if (near && taps.isKnown())
      sources[dim].table = taps.at;
    else if (near)
      sources[dim].computed = taps.positions(k);
    sources[dim].someOutside = taps.someOutside;
  }
  if (near)
    return lookUp(k, type, in[0], sources, outside);
  bool positive = isUnsigned(graphType);
  if (product <= maxWrittenTaps)
    return k.convertAll(interpolateTogether(k, in[0], axes, acc, positive, outside), element, positive);
  Value current = k.convertAll(in[0], acc, positive);
  for (const Taps &each : llvm::reverse(axes)) // the last dimension first, as the definition nests them
    current = each.count <= maxWrittenTaps ? interpolateTogether(k, current, each, acc, positive, outside)
                                           : interpolate(k, current, each, outside);
  return k.convertAll(current, element, positive);
}

} // namespace tegula::fuse
