// Writes pooling: windows over the spatial dimensions, each combined into one element.
#include "Bodies.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using utils::IteratorType;

namespace tegula::fuse {

Value padWith(TensorKit &k, Value input, ArrayRef<int64_t> low, ArrayRef<int64_t> high, Value value) {
  auto some = [](int64_t amount) { return amount != 0; };
  if (llvm::none_of(low, some) && llvm::none_of(high, some))
    return input;
  Shape shape;
  for (auto [size, before, after] : llvm::zip_equal(shapeOf(input), low, high))
    shape.push_back(size + before + after);
  auto type = tensorType(shape, tensorType(input).getElementType());
  auto crops = [](int64_t amount) { return amount < 0; };
  if (!type.hasStaticShape() && llvm::none_of(low, crops))
    return padByIndex(k, type, input, low, value);
  SmallVector<OpFoldResult> lowSizes = getAsIndexOpFoldResult(k.context(), low);
  SmallVector<OpFoldResult> highSizes = getAsIndexOpFoldResult(k.context(), high);
  return tensor::PadOp::create(k.b, k.loc, type, input, lowSizes, highSizes, value);
}

namespace {

/// What all poolings share: where the spatial dimensions stand, and how far a window may reach.
template <typename PoolOp> struct Window {
  mutable PoolOp op;
  size_t spatial, first; // first: the first spatial dimension
  Shape in, out;

  explicit Window(PoolOp op) : op(op), in(shapeOf(op.getInput())), out(shapeOf(op.getResult())) {
    spatial = in.size() - 2;
    first = op.getLayout() == graph::Layout::ChannelsLast ? 1 : 2;
  }
  int64_t extent(size_t i) const { return (kernel(i) - 1) * dilation(i) + 1; }
  int64_t kernel(size_t i) const { return op.getKernel()[i]; }
  int64_t dilation(size_t i) const { return op.getDilations()[i]; }
  int64_t stride(size_t i) const { return op.getStrides()[i]; }
  int64_t padLow(size_t i) const { return op.getPadsLow()[i]; }
  int64_t padHigh(size_t i) const { return op.getPadsHigh()[i]; }
  /// Whether no window leaves the padded input, as far as the formula of the result's size tells.
  bool staysInside(size_t i) const {
    Dim padded = in[first + i] + padLow(i) + padHigh(i), windows = out[first + i];
    return windows == floorDiv(padded - extent(i), stride(i)) + 1 ||
           graph::surelyAtMost((windows - 1) * stride(i) + extent(i), padded);
  }
  /// How far windows may reach beyond the input: exactly where sizes are known.
  int64_t beyond(size_t i) const {
    Dim reach = (out[first + i] - 1) * stride(i) + extent(i), more = reach - in[first + i] - padLow(i);
    if (more.isStatic())
      return std::max<int64_t>(0, more.number());
    // The last window starts before the padding's end.
    return std::max<int64_t>(0, staysInside(i) ? padHigh(i) : padHigh(i) + extent(i) - 1);
  }
  /// The input with everything around it that the result's windows touch.
  Value padded(TensorKit &k, Value input, Value neutral) {
    SmallVector<int64_t> low(in.size(), 0), high(in.size(), 0);
    for (size_t i = 0; i < spatial; ++i) {
      low[first + i] = op.getPadsLow()[i];
      high[first + i] = beyond(i);
    }
    return padWith(k, input, low, high, neutral);
  }
  /// Combines all elements of each window from `init`, in its type; `outside` stands around the input.
  Value combine(TensorKit &k, Value input, Value outside, Value init, ScalarFn fn) {
    Iterators iterators(in.size(), IteratorType::parallel);
    SmallVector<AffineExpr> outExprs, inExprs, kernelExprs;
    Shape kernelShape;
    for (size_t i = 0; i < in.size(); ++i)
      outExprs.push_back(k.d(i));
    inExprs = outExprs;
    for (size_t i = 0; i < spatial; ++i) {
      inExprs[first + i] = outExprs[first + i] * op.getStrides()[i];
      if (op.getKernel()[i] == 1)
        continue;
      AffineExpr offset = k.d(iterators.size());
      iterators.push_back(IteratorType::reduction);
      kernelShape.push_back(op.getKernel()[i]);
      kernelExprs.push_back(offset);
      inExprs[first + i] = inExprs[first + i] + offset * op.getDilations()[i];
    }
    SmallVector<Value> inputs = {padded(k, input, outside)};
    SmallVector<AffineMap> maps = {k.map(iterators.size(), inExprs)};
    if (!kernelShape.empty()) { // only its shape is read: it says how long the window's loops are
      inputs.push_back(k.empty(kernelShape, tensorType(input).getElementType()));
      maps.push_back(k.map(iterators.size(), kernelExprs));
    }
    return k.accumulate(k.fill(out, init), k.map(iterators.size(), outExprs), inputs, maps, iterators, fn);
  }
};

} // namespace

static Value buildMaxPool(TensorKit &k, graph::MaxPoolOp op, ValueRange in) {
  bool positive = isUnsigned(graphElement(op.getInput()));
  Value lowest = k.lowest(tensorType(in[0]).getElementType(), positive);
  return Window(op).combine(k, in[0], lowest, lowest, [&](ScalarKit &s, ValueRange args) {
    return s.max(args.back(), args.front(), positive);
  });
}

/// How many positions of window `o` lie in [low, high), for a window that starts at `o * stride - pad`.
static int64_t countInside(int64_t o, int64_t stride, int64_t pad, int64_t kernel, int64_t dilation,
                           int64_t low, int64_t high) {
  auto firstFrom = [&](int64_t bound) {
    return std::clamp<int64_t>(llvm::divideCeilSigned(bound - (o * stride - pad), dilation), 0, kernel);
  };
  return firstFrom(high) - firstFrom(low);
}

/// The same as a number of a body, for sizes that are unknown.
static Value countInside(ScalarKit &s, Value o, int64_t stride, int64_t pad, int64_t kernel, int64_t dilation,
                         int64_t low, Value high) {
  Value start = s.sub(s.mul(o, s.index(stride)), s.index(pad));
  // The first position from `bound` on: ceil((bound - start) / dilation), within 0 .. kernel.
  auto firstFrom = [&](Value bound) {
    Value steps = s.sub(bound, start);
    if (dilation != 1)
      steps = arith::CeilDivSIOp::create(s.b, s.loc, steps, s.index(dilation));
    return s.min(s.max(steps, s.index(int64_t(0))), s.index(kernel));
  };
  return s.sub(firstFrom(high), firstFrom(s.index(low)));
}

static Value buildAveragePool(TensorKit &k, graph::AveragePoolOp op, ValueRange in) {
  Window window(op);
  Type element = graphElement(op.getResult()), acc = accumulatorType(element);
  Value sum = window.combine(
      k, in[0], k.constant(tensorType(in[0]).getElementType(), 0), k.constant(acc, 0),
      [&](ScalarKit &s, ValueRange args) { return s.add(args.back(), s.convert(args.front(), acc)); });
  // One table of counts for each dimension whose windows differ; the others share a constant.
  double shared = 1;
  SmallVector<Value> inputs = {sum};
  SmallVector<AffineMap> maps = {AffineMap::getMultiDimIdentityMap(window.in.size(), k.context())};
  SmallVector<std::function<Value(ScalarKit &)>> unknown; // counts of dimensions whose sizes are unknown
  for (size_t i = 0; i < window.spatial; ++i) {
    size_t dim = window.first + i;
    bool withPads = op.getCountIncludePad();
    int64_t low = withPads ? -window.padLow(i) : 0, amount = withPads ? window.padHigh(i) : 0;
    Dim high = window.in[dim] + amount;
    if (!high.isStatic() || !window.out[dim].isStatic() || window.out[dim].number() > mostTableEntries) {
      if (window.staysInside(i) && (withPads || (window.padLow(i) <= 0 && window.padHigh(i) <= 0)))
        shared *= double(window.kernel(i));
      else
        unknown.push_back([&window, acc, i, dim, low, high](ScalarKit &s) {
          Value count = countInside(s, s.loopIndex(dim), window.stride(i), window.padLow(i), window.kernel(i),
                                    window.dilation(i), low, s.index(high));
          return s.convert(count, acc);
        });
      continue;
    }
    SmallVector<double> counts;
    for (int64_t o = 0; o < window.out[dim].number(); ++o)
      counts.push_back(countInside(o, window.stride(i), window.padLow(i), window.kernel(i),
                                   window.dilation(i), low, high.number()));
    if (llvm::all_equal(counts)) {
      shared *= counts.front();
      continue;
    }
    inputs.push_back(numberTable(k, {window.out[dim].number()}, counts, acc));
    maps.push_back(k.map(window.in.size(), k.d(dim)));
  }
  return k.mapOver(tensorType(window.out, element), inputs, maps, [&](ScalarKit &s, ValueRange args) {
    Value count;
    for (Value factor : args.drop_front())
      count = count ? s.mul(count, factor) : factor;
    for (auto &each : unknown) {
      Value factor = each(s);
      count = count ? s.mul(count, factor) : factor;
    }
    if (!count)
      count = s.constant(acc, shared);
    else if (shared != 1)
      count = s.mul(count, s.constant(acc, shared));
    return s.convert(s.div(args[0], count), element);
  });
}

/// Keeps the flat index of the best element so far and reads that element again, so that one result suffices.
static Value buildMaxPoolIndices(TensorKit &k, graph::MaxPoolIndicesOp op, ValueRange in) {
  Window window(op);
  size_t rank = window.in.size();
  Type i64 = k.b.getI64Type();
  bool positive = isUnsigned(graphElement(op.getInput()));
  // ONNX counts in [N, C, spatial...] order, whatever the layout; `order` is innermost first.
  size_t channel = window.first == 1 ? rank - 1 : 1;
  SmallVector<size_t> order;
  for (size_t i = 0; i < window.spatial; ++i)
    order.push_back(window.first + (op.getColumnMajor() ? i : window.spatial - 1 - i));
  order.append({channel, 0});

  Iterators iterators(rank, IteratorType::parallel);
  iterators.append(window.spatial, IteratorType::reduction);
  SmallVector<AffineExpr> outExprs, kernelExprs;
  for (size_t i = 0; i < rank + window.spatial; ++i)
    (i < rank ? outExprs : kernelExprs).push_back(k.d(i));
  Value kernel = k.empty(graph::dimsOf(op.getKernel()), i64), init = k.fill(window.out, k.constant(i64, -1));
  return k.accumulate(
      init, k.map(iterators.size(), outExprs), kernel, k.map(iterators.size(), kernelExprs), iterators,
      [&](ScalarKit &s, ValueRange args) {
        SmallVector<Value> at(rank), bestAt(rank);
        Value valid;
        for (size_t i = 0; i < rank; ++i)
          at[i] = s.loopIndex(i);
        for (size_t i = 0; i < window.spatial; ++i) {
          size_t dim = window.first + i;
          Value start = s.sub(s.mul(at[dim], s.index(op.getStrides()[i])), s.index(op.getPadsLow()[i]));
          at[dim] = s.add(start, s.mul(s.loopIndex(rank + i), s.index(op.getDilations()[i])));
          valid = s.both(valid, s.inside(at[dim], window.in[dim]));
          at[dim] = s.clamp(at[dim], window.in[dim]);
        }
        Value best = args.back(), none = s.compare(arith::CmpIPredicate::slt, best, s.constant(i64, 0));
        Value rest = s.convert(s.max(best, s.constant(i64, 0)), s.b.getIndexType()), flat = s.index(0),
              scale = s.index(1);
        for (size_t dim : order) {
          Value size = s.index(window.in[dim]);
          bestAt[dim] = arith::RemUIOp::create(s.b, s.loc, rest, size);
          rest = s.div(rest, size, true);
          flat = s.add(flat, s.mul(at[dim], scale));
          scale = s.mul(scale, size);
        }
        Value here = s.extract(in[0], at), there = s.extract(in[0], bestAt), larger;
        if (isa<FloatType>(here.getType()))
          larger = arith::CmpFOp::create(s.b, s.loc, arith::CmpFPredicate::OGT, here, there);
        else
          larger = s.compare(positive ? arith::CmpIPredicate::ugt : arith::CmpIPredicate::sgt, here, there);
        Value take = s.both(valid, arith::OrIOp::create(s.b, s.loc, none, larger));
        return s.select(take, s.convert(flat, i64), best);
      });
}

Value buildWindow(TensorKit &k, Operation *op, ValueRange in) {
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](graph::MaxPoolOp pool) { return buildMaxPool(k, pool, in); })
      .Case([&](graph::AveragePoolOp pool) { return buildAveragePool(k, pool, in); })
      .Case([&](graph::MaxPoolIndicesOp pool) { return buildMaxPoolIndices(k, pool, in); })
      .Default([](Operation *) { return Value(); });
}

} // namespace tegula::fuse
