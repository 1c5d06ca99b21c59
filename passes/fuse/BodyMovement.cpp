// Writes operations that only move elements: as maps where the movement is affine, as tables of positions
// where it is not.
#include "Bodies.h"

#include "llvm/ADT/TypeSwitch.h"

#include <numeric>

using namespace mlir;

namespace tegula::fuse {

Value indexTable(TensorKit &k, ArrayRef<int64_t> shape, ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get(shape, k.b.getI64Type());
  return arith::ConstantOp::create(k.b, k.loc, DenseElementsAttr::get(type, values));
}

Value numberTable(TensorKit &k, ArrayRef<int64_t> shape, ArrayRef<double> values, Type element) {
  SmallVector<Attribute> attrs;
  for (double value : values)
    attrs.push_back(k.b.getFloatAttr(element, value));
  return arith::ConstantOp::create(k.b, k.loc,
                                   DenseElementsAttr::get(RankedTensorType::get(shape, element), attrs));
}

static Value copy(TensorKit &k, RankedTensorType result, Value input, AffineMap map) {
  return k.mapOver(result, input, map, [](ScalarKit &, ValueRange args) { return args[0]; });
}

Value lookUp(TensorKit &k, RankedTensorType result, Value input, ArrayRef<Source> sources, Value outside) {
  size_t rank = sources.size();
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (size_t i = 0; i < rank; ++i)
    if (ArrayRef<int64_t> table = sources[i].table; !table.empty()) {
      inputs.push_back(indexTable(k, {int64_t(table.size())}, table));
      maps.push_back(k.map(rank, k.d(i)));
    } else if (sources[i].computed) {
      inputs.push_back(sources[i].computed);
      maps.push_back(k.map(rank, {k.d(i), k.c(0)}));
    }
  Shape shape = shapeOf(input);
  return k.mapOver(result, inputs, maps, [&](ScalarKit &s, ValueRange args) {
    SmallVector<Value> at;
    Value valid;
    for (size_t i = 0, next = 0; i < rank; ++i) {
      if (sources[i].at) {
        auto [position, isInside] = sources[i].at(s, s.loopIndex(i));
        valid = s.both(valid, isInside);
        at.push_back(position);
        continue;
      }
      if (sources[i].table.empty() && !sources[i].computed) {
        at.push_back(s.loopIndex(i));
        continue;
      }
      Value position = s.convert(args[next++], s.b.getIndexType());
      if (sources[i].someOutside) {
        valid = s.both(valid, s.inside(position, shape[i]));
        position = s.clamp(position, shape[i]);
      }
      at.push_back(position);
    }
    Value element = s.extract(input, at);
    return valid ? s.select(valid, element, outside) : element;
  });
}

AffineMap sliceMap(graph::SliceOp op) {
  SmallVector<AffineExpr> exprs;
  for (auto [i, start, step] : llvm::enumerate(op.getStarts(), op.getSteps()))
    exprs.push_back(getAffineDimExpr(i, op.getContext()) * step + start);
  return AffineMap::get(exprs.size(), 0, exprs, op.getContext());
}

Value padByIndex(TensorKit &k, RankedTensorType type, Value input, ArrayRef<int64_t> low, Value outside) {
  Shape shape = shapeOf(input), padded = shapeOf(type);
  return k.mapOver(type, {}, {}, [&](ScalarKit &s, ValueRange) {
    SmallVector<Value> at;
    Value valid;
    for (auto [i, size] : llvm::enumerate(shape)) {
      Value position = s.loopIndex(i);
      if (!(size == padded[i])) {
        position = s.sub(position, s.index(low[i]));
        valid = s.both(valid, s.inside(position, size));
        position = s.clamp(position, size);
      }
      at.push_back(position);
    }
    Value element = s.extract(input, at);
    return valid ? s.select(valid, element, outside) : element;
  });
}

static Value buildTranspose(TensorKit &k, graph::TransposeOp op, RankedTensorType type, ValueRange in) {
  SmallVector<AffineExpr> exprs(type.getRank());
  for (auto [i, source] : llvm::enumerate(op.getPerm()))
    exprs[source] = k.d(i);
  return copy(k, type, in[0], k.map(type.getRank(), exprs));
}

static Value buildSlice(TensorKit &k, graph::SliceOp op, RankedTensorType type, ValueRange in) {
  AffineMap map = sliceMap(op);
  if (fitsOperand(map, shapeOf(in[0]), shapeOf(type)) &&
      llvm::all_of(op.getSteps(), [](int64_t step) { return step > 0; }))
    return copy(k, type, in[0], map);
  return k.mapOver(type, {}, {}, [&](ScalarKit &s, ValueRange) { return s.readAt(in[0], map); });
}

/// A repeated dimension of size one is a broadcast; others are looked up.
static Value buildTile(TensorKit &k, RankedTensorType type, ValueRange in) {
  SmallVector<Source> sources(type.getRank());
  bool broadcastOnly = true;
  Shape before = shapeOf(in[0]), after = shapeOf(type);
  for (auto [source, from, to] : llvm::zip_equal(sources, before, after)) {
    if (from == to)
      continue;
    broadcastOnly &= from.is(1);
    if (!from.isStatic() || !to.isStatic() || to.number() > mostTableEntries)
      source.at = [from](ScalarKit &s, Value i) -> Source::Position {
        return {s.modulo(i, s.index(from)), Value()};
      };
    else
      for (int64_t i = 0; i < to.number(); ++i)
        source.table.push_back(i % from.number());
  }
  if (broadcastOnly)
    return copy(k, type, in[0], broadcastMap(k.context(), before, after));
  return lookUp(k, type, in[0], sources);
}

/// Where an element outside of 0 .. size-1 comes from; -1 for the padding value.
static int64_t padSource(int64_t at, int64_t size, graph::PadMode mode) {
  if (at >= 0 && at < size)
    return at;
  auto modulo = [](int64_t x, int64_t y) { return (x % y + y) % y; };
  switch (mode) {
  case graph::PadMode::Constant:
    return -1;
  case graph::PadMode::Edge:
    return at < 0 ? 0 : size - 1;
  case graph::PadMode::Wrap:
    return modulo(at, size);
  case graph::PadMode::Reflect: {
    if (size == 1)
      return 0;
    int64_t period = 2 * size - 2, folded = modulo(at, period);
    return folded < size ? folded : period - folded;
  }
  }
  llvm_unreachable("all modes are handled");
}

/// The same where the size is unknown.
static Source::Position padSourceAt(ScalarKit &s, Value at, Dim size, graph::PadMode mode) {
  switch (mode) {
  case graph::PadMode::Constant:
    return {s.clamp(at, size), s.inside(at, size)};
  case graph::PadMode::Edge:
    return {s.clamp(at, size), Value()};
  case graph::PadMode::Wrap:
    return {s.modulo(at, s.index(size)), Value()};
  case graph::PadMode::Reflect: {
    Value last = s.sub(s.index(size), s.index(1));
    Value period = s.max(s.add(last, last), s.index(1)); // a single element reflects into itself
    Value folded = s.modulo(at, period);
    return {s.min(folded, s.sub(period, folded)), Value()};
  }
  }
  llvm_unreachable("all modes are handled");
}

static Value buildPad(TensorKit &k, graph::PadOp op, RankedTensorType type, ValueRange in) {
  Shape shape = shapeOf(in[0]), padded = shapeOf(type);
  bool constant = op.getMode() == graph::PadMode::Constant;
  auto negative = [](int64_t amount) { return amount < 0; };
  Value outside;
  if (constant) {
    Type element = graphElement(op.getValue());
    if (Attribute uniform = uniformElement(op.getValue()); uniform && !element.isInteger(1))
      outside = uniformScalar(k, uniform, element);
    else
      outside = k.extract(in[1], SmallVector<Value>(tensorType(in[1]).getRank(), k.index(0)));
    if (isEmpty(in[0]))
      return k.fill(padded, outside);
    if (llvm::none_of(op.getLow(), negative) && llvm::none_of(op.getHigh(), negative))
      return padByIndex(k, type, in[0], op.getLow(), outside);
  }
  SmallVector<Source> sources(type.getRank());
  for (auto [i, source] : llvm::enumerate(sources)) {
    int64_t low = op.getLow()[i], high = op.getHigh()[i];
    if (!low && !high)
      continue;
    // Negative amounts crop first; what is left is padded.
    int64_t start = std::max<int64_t>(0, -low), before = std::max<int64_t>(0, low);
    Dim left = shape[i] - start - std::max<int64_t>(0, -high);
    if (!left.isStatic() || (left.number() > 0 && type.getDimSize(i) > mostTableEntries)) {
      source.at = [=, mode = op.getMode()](ScalarKit &s, Value o) {
        Source::Position position = padSourceAt(s, s.sub(o, s.index(before)), left, mode);
        position.first = s.add(position.first, s.index(start));
        return position;
      };
      continue;
    }
    int64_t size = left.number();
    for (int64_t o = 0; o < type.getDimSize(i); ++o) {
      int64_t from = size > 0 ? padSource(o - before, size, op.getMode()) : -1;
      source.table.push_back(from < 0 ? -1 : start + from);
      source.someOutside |= from < 0;
    }
  }
  return lookUp(k, type, in[0], sources, outside ? outside : k.constant(type.getElementType(), 0));
}

/// Each element asks which input it comes from, so that all can be computed in parallel. `run` neighbours
/// along the axis always come from the same input: they get a dimension of their own, in which reads stay
/// neighbours.
static Value chooseInputs(TensorKit &k, ArrayRef<Value> inputs, int64_t axis, int64_t run,
                          RankedTensorType type) {
  Shape shape = shapeOf(type);
  if (run > 1) {
    shape[axis] = floorDiv(shape[axis], run);
    shape.insert(shape.begin() + axis + 1, run);
  }
  Value result = k.mapOver(tensorType(shape, type.getElementType()), {}, {}, [&](ScalarKit &s, ValueRange) {
    SmallVector<Value> at;
    for (size_t i = 0; i < shape.size(); ++i)
      if (run == 1 || int64_t(i) != axis + 1)
        at.push_back(s.loopIndex(i));
    Value block = at[axis], chosen;
    Dim first = 0;
    for (Value input : inputs) {
      Dim blocks = floorDiv(shapeOf(input)[axis], run);
      at[axis] = s.clamp(s.sub(block, s.index(first)), blocks);
      if (run > 1)
        at[axis] = s.add(s.mul(at[axis], s.index(run)), s.loopIndex(axis + 1));
      Value element = s.extract(input, at);
      Value reached = s.compare(arith::CmpIPredicate::sge, block, s.index(first));
      chosen = chosen ? s.select(reached, element, chosen) : element;
      first += blocks;
    }
    return chosen;
  });
  return run > 1 ? k.joinDims(result, axis) : result;
}

static Value buildConcat(TensorKit &k, graph::ConcatOp op, RankedTensorType type, ValueRange in) {
  SmallVector<Value> inputs = llvm::filter_to_vector(in, [](Value input) { return !isEmpty(input); });
  int64_t axis = op.getAxis(), run = 1;
  bool innermost = llvm::all_of(type.getShape().drop_front(axis + 1), [](int64_t size) { return size == 1; });
  // The sum of sizes may be known where they are not.
  bool isOpen = llvm::any_of(inputs, [&](Value input) { return tensorType(input).isDynamicDim(axis); });
  if (innermost && !isOpen) {
    run = 0;
    for (Value input : inputs)
      run = std::gcd(run, tensorType(input).getDimSize(axis));
  }
  // Asking pays where whole vectors get one answer and the inputs are few; else each input is copied to its
  // place.
  constexpr size_t maxAsked = 8;
  constexpr int64_t minRun = 4;
  if (inputs.size() <= maxAsked && (!innermost || run >= minRun || isOpen))
    return chooseInputs(k, inputs, axis, run, type);
  Value result = k.empty(shapeOf(type), type.getElementType());
  Shape offsets(type.getRank(), 0);
  for (Value input : inputs) {
    result = k.place(input, result, offsets);
    offsets[axis] += shapeOf(input)[axis];
  }
  return result;
}

static Value buildTrilu(TensorKit &k, graph::TriluOp op, RankedTensorType type, ValueRange in) {
  int64_t rank = type.getRank();
  return k.mapOver(type, in, [&](ScalarKit &s, ValueRange args) {
    Value diagonal = s.add(s.loopIndex(rank - 2), s.index(op.getDiagonal())), column = s.loopIndex(rank - 1);
    auto keep = op.getUpper() ? arith::CmpIPredicate::sge : arith::CmpIPredicate::sle;
    return s.select(s.compare(keep, column, diagonal), args[0], s.constant(type.getElementType(), 0));
  });
}

static Value buildRange(TensorKit &k, graph::RangeOp op, RankedTensorType type, ValueRange in) {
  bool positive = isUnsigned(graphElement(op.getResult()));
  return k.mapOver(type, in, [&](ScalarKit &s, ValueRange args) {
    Value i = s.convert(s.loopIndex(0), type.getElementType(), positive);
    return s.add(args[0], s.mul(i, args[1]));
  });
}

/// Each element asks which of the sizes it is.
static Value buildSizes(TensorKit &k, graph::SizesOp op, RankedTensorType type) {
  Shape values = graph::sizesOf(op.getValues());
  return k.mapOver(type, {}, {}, [&](ScalarKit &s, ValueRange) {
    Value place, result;
    for (auto [dim, size] : llvm::enumerate(type.getShape()))
      place = place ? s.add(s.mul(place, s.index(size)), s.loopIndex(dim)) : s.loopIndex(dim);
    for (auto [i, value] : llvm::enumerate(values)) {
      Value here = s.convert(s.index(value), type.getElementType());
      if (!result)
        result = here;
      else
        result = s.select(s.compare(arith::CmpIPredicate::eq, place, s.index(int64_t(i))), here, result);
    }
    return result;
  });
}

Value buildMovement(TensorKit &k, Operation *op, ValueRange in) {
  auto type = storageType(tensorType(op->getResult(0)));
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](graph::TransposeOp transpose) { return buildTranspose(k, transpose, type, in); })
      .Case([&](graph::ExpandOp) {
        return copy(k, type, in[0], broadcastMap(k.context(), shapeOf(in[0]), shapeOf(type)));
      })
      .Case([&](graph::TileOp) { return buildTile(k, type, in); })
      .Case([&](graph::SliceOp slice) { return buildSlice(k, slice, type, in); })
      .Case([&](graph::PadOp pad) { return buildPad(k, pad, type, in); })
      .Case([&](graph::ConcatOp concat) { return buildConcat(k, concat, type, in); })
      .Case([&](graph::TriluOp trilu) { return buildTrilu(k, trilu, type, in); })
      .Case([&](graph::SizesOp sizes) { return buildSizes(k, sizes, type); })
      .Case([&](graph::RangeOp range) { return buildRange(k, range, type, in); })
      .Default([](Operation *) { return Value(); });
}

} // namespace tegula::fuse
