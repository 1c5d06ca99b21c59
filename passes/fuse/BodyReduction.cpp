// Writes reductions, softmax and layer normalisation as sequences of reducing and parallel generics that a
// schedule can run row by row.
#include "Bodies.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using utils::IteratorType;

namespace tegula::fuse {

namespace {

/// A set of dimensions of one tensor that a reduction removes.
struct Reduction {
  Shape shape;
  SmallVector<bool> removed;
  Reduction(ShapeRef shape, ArrayRef<int64_t> axes) : shape(shape), removed(shape.size(), false) {
    for (int64_t axis : axes)
      removed[axis] = true;
  }
  Shape keptShape() const {
    Shape kept;
    for (auto [size, gone] : llvm::zip_equal(shape, removed))
      if (!gone)
        kept.push_back(size);
    return kept;
  }
  /// How many elements each result is made of, as a number of type `type`.
  Value count(ScalarKit &s, Type type) const {
    Dim product = 1;
    for (auto [size, gone] : llvm::zip_equal(shape, removed))
      if (gone)
        product *= size;
    if (product.isStatic())
      return s.constant(type, double(product.number()));
    return s.convert(s.index(product), type);
  }
  AffineMap whole(TensorKit &k) const { return AffineMap::getMultiDimIdentityMap(shape.size(), k.context()); }
  AffineMap kept(TensorKit &k) const {
    SmallVector<AffineExpr> exprs;
    for (size_t i = 0; i < shape.size(); ++i)
      if (!removed[i])
        exprs.push_back(k.d(i));
    return k.map(shape.size(), exprs);
  }
  /// Combines `inputs` (the whole tensor, or what remains of it) from `init` on.
  Value run(TensorKit &k, Value init, ValueRange inputs, ScalarFn fn) const {
    SmallVector<AffineMap> maps;
    for (Value input : inputs)
      maps.push_back(tensorType(input).getRank() == int64_t(shape.size()) ? whole(k) : kept(k));
    Iterators iterators;
    for (bool gone : removed)
      iterators.push_back(gone ? IteratorType::reduction : IteratorType::parallel);
    return k.accumulate(k.fill(keptShape(), init), kept(k), inputs, maps, iterators, fn);
  }
};

} // namespace

static Value buildReduce(TensorKit &k, graph::ReduceOp op, ValueRange in) {
  Type graphType = graphElement(op.getInput()), element = storageType(graphType),
       acc = accumulatorType(graphType);
  bool positive = isUnsigned(graphType);
  Reduction reduction(shapeOf(in[0]), op.getAxes());
  graph::ReduceKind kind = op.getKind();
  bool largest = kind == graph::ReduceKind::Max, smallest = kind == graph::ReduceKind::Min;
  if (largest || smallest)
    acc = element; // exact in any type
  Value init;
  if (largest)
    init = k.lowest(acc, positive);
  else if (smallest)
    init = graphType.isInteger(1) ? k.constant(acc, 1) : k.highest(acc, positive);
  else
    init = k.constant(acc, kind == graph::ReduceKind::Prod ? 1 : 0);
  Value result = reduction.run(k, init, in[0], [&](ScalarKit &s, ValueRange args) -> Value {
    Value x = s.convert(args[0], acc, positive);
    switch (kind) {
    case graph::ReduceKind::Max:
      return s.max(args[1], x, positive);
    case graph::ReduceKind::Min:
      return s.min(args[1], x, positive);
    case graph::ReduceKind::Prod:
      return s.mul(args[1], x);
    case graph::ReduceKind::Sum:
    case graph::ReduceKind::Mean:
      return s.add(args[1], x);
    }
    llvm_unreachable("all kinds are handled");
  });
  if (kind != graph::ReduceKind::Mean)
    return k.convertAll(result, element);
  auto type = tensorType(reduction.keptShape(), element);
  return k.mapOver(type, result, [&](ScalarKit &s, ValueRange args) {
    return s.convert(s.div(args[0], reduction.count(s, acc), positive), element);
  });
}

static Value buildSoftmax(TensorKit &k, graph::SoftmaxOp op, ValueRange in) {
  Type element = graphElement(op.getInput()), acc = accumulatorType(element);
  auto type = tensorType(in[0]);
  Reduction rows(shapeOf(type), op.getAxis());
  SmallVector<AffineMap> maps = {rows.whole(k), rows.kept(k)};
  Value largest = rows.run(k, k.lowest(element, false), in[0],
                           [&](ScalarKit &s, ValueRange args) { return s.max(args[1], args[0]); });
  auto wide = tensorType(shapeOf(type), acc);
  Value powers = k.mapOver(wide, {in[0], largest}, maps, [&](ScalarKit &s, ValueRange args) -> Value {
    return math::ExpOp::create(s.b, s.loc, s.sub(s.convert(args[0], acc), s.convert(args[1], acc)));
  });
  Value sum = rows.run(k, k.constant(acc, 0), powers,
                       [&](ScalarKit &s, ValueRange args) { return s.add(args[1], args[0]); });
  return k.mapOver(type, {powers, sum}, maps, [&](ScalarKit &s, ValueRange args) {
    return s.convert(s.div(args[0], args[1]), element);
  });
}

static Value buildLayerNorm(TensorKit &k, graph::LayerNormOp op, ValueRange in) {
  Type element = graphElement(op.getInput()), acc = accumulatorType(element);
  auto type = tensorType(in[0]);
  SmallVector<int64_t> axes;
  for (int64_t i = op.getAxis(); i < type.getRank(); ++i)
    axes.push_back(i);
  Reduction rows(shapeOf(type), axes);
  auto rowType = tensorType(rows.keptShape(), acc);
  Value sum = rows.run(k, k.constant(acc, 0), in[0], [&](ScalarKit &s, ValueRange args) {
    return s.add(args[1], s.convert(args[0], acc));
  });
  Value mean = k.mapOver(rowType, sum,
                         [&](ScalarKit &s, ValueRange args) { return s.div(args[0], rows.count(s, acc)); });
  // Squares of differences, not a difference of squares: that one cancels.
  Value squares = rows.run(k, k.constant(acc, 0), {in[0], mean}, [&](ScalarKit &s, ValueRange args) {
    Value off = s.sub(s.convert(args[0], acc), args[1]);
    return s.add(args[2], s.mul(off, off));
  });
  Value scale = k.mapOver(rowType, squares, [&](ScalarKit &s, ValueRange args) {
    Value variance = s.div(args[0], rows.count(s, acc));
    Value deviation =
        math::SqrtOp::create(s.b, s.loc, s.add(variance, s.constant(acc, op.getEpsilon().convertToDouble())));
    return s.div(s.constant(acc, 1), deviation);
  });
  SmallVector<Value> inputs = {in[0], mean, scale};
  SmallVector<AffineMap> maps = {rows.whole(k), rows.kept(k), rows.kept(k)};
  for (Value parameter : in.drop_front()) {
    inputs.push_back(parameter);
    maps.push_back(broadcastMap(k.context(), shapeOf(parameter), shapeOf(type)));
  }
  return k.mapOver(type, inputs, maps, [&](ScalarKit &s, ValueRange args) {
    Value x = s.mul(s.sub(s.convert(args[0], acc), args[1]), args[2]);
    x = s.mul(x, s.convert(args[3], acc));
    if (args.size() > 4)
      x = s.add(x, s.convert(args[4], acc));
    return s.convert(x, element);
  });
}

Value buildReduction(TensorKit &k, Operation *op, ValueRange in) {
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](graph::ReduceOp reduce) { return buildReduce(k, reduce, in); })
      .Case([&](graph::SoftmaxOp softmax) { return buildSoftmax(k, softmax, in); })
      .Case([&](graph::LayerNormOp norm) { return buildLayerNorm(k, norm, in); })
      .Default([](Operation *) { return Value(); });
}

} // namespace tegula::fuse
