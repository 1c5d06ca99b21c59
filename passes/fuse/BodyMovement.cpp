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

Value lookUp(TensorKit &k, RankedTensorType result, Value input, ArrayRef<SmallVector<int64_t>> tables,
             Value outside) {
  size_t rank = tables.size();
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (size_t i = 0; i < rank; ++i)
    if (!tables[i].empty()) {
      inputs.push_back(indexTable(k, {int64_t(tables[i].size())}, tables[i]));
      maps.push_back(k.map(rank, k.d(i)));
    }
  ArrayRef<int64_t> shape = shapeOf(input);
  return k.mapOver(result, inputs, maps, [&](ScalarKit &s, ValueRange args) {
    SmallVector<Value> at;
    Value valid;
    for (size_t i = 0, next = 0; i < rank; ++i) {
      if (tables[i].empty()) {
        at.push_back(s.loopIndex(i));
        continue;
      }
      Value position = s.convert(args[next++], s.b.getIndexType());
      if (llvm::is_contained(tables[i], -1)) {
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
  return k.mapOver(type, {}, {}, [&](ScalarKit &s, ValueRange) {
    SmallVector<Value> at;
    Value valid;
    for (auto [i, size] : llvm::enumerate(shapeOf(input))) {
      Value position = s.loopIndex(i);
      if (size != type.getDimSize(i)) {
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
  if (fitsOperand(map, shapeOf(in[0]), type.getShape()) &&
      llvm::all_of(op.getSteps(), [](int64_t step) { return step > 0; }))
    return copy(k, type, in[0], map);
  return k.mapOver(type, {}, {}, [&](ScalarKit &s, ValueRange) { return s.readAt(in[0], map); });
}

/// A repeated dimension of size one is a broadcast; others are looked up.
static Value buildTile(TensorKit &k, RankedTensorType type, ValueRange in) {
  SmallVector<SmallVector<int64_t>> tables(type.getRank());
  bool broadcastOnly = true;
  for (auto [table, from, to] : llvm::zip_equal(tables, shapeOf(in[0]), type.getShape())) {
    if (from == to)
      continue;
    broadcastOnly &= from == 1;
    for (int64_t i = 0; i < to; ++i)
      table.push_back(i % from);
  }
  if (broadcastOnly)
    return copy(k, type, in[0], broadcastMap(k.context(), shapeOf(in[0]), type.getShape()));
  return lookUp(k, type, in[0], tables);
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

static Value buildPad(TensorKit &k, graph::PadOp op, RankedTensorType type, ValueRange in) {
  ArrayRef<int64_t> shape = shapeOf(in[0]);
  bool constant = op.getMode() == graph::PadMode::Constant;
  auto negative = [](int64_t amount) { return amount < 0; };
  Value outside;
  if (constant) {
    Type element = graphElement(op.getValue());
    if (Attribute uniform = uniformElement(op.getValue()); uniform && !element.isInteger(1))
      outside = uniformScalar(k, uniform, element);
    else
      outside = k.extract(in[1], SmallVector<Value>(shapeOf(in[1]).size(), k.index(0)));
    if (llvm::is_contained(shape, 0))
      return k.fill(type.getShape(), outside);
    if (llvm::none_of(op.getLow(), negative) && llvm::none_of(op.getHigh(), negative))
      return padByIndex(k, type, in[0], op.getLow(), outside);
  }
  SmallVector<SmallVector<int64_t>> tables(type.getRank());
  for (auto [i, table] : llvm::enumerate(tables)) {
    int64_t low = op.getLow()[i], high = op.getHigh()[i];
    if (!low && !high)
      continue;
    // Negative amounts crop first; what is left is padded.
    int64_t start = std::max<int64_t>(0, -low), size = shape[i] - start - std::max<int64_t>(0, -high);
    for (int64_t o = 0; o < type.getDimSize(i); ++o) {
      int64_t source = size > 0 ? padSource(o - std::max<int64_t>(0, low), size, op.getMode()) : -1;
      table.push_back(source < 0 ? -1 : start + source);
    }
  }
  return lookUp(k, type, in[0], tables, outside ? outside : k.constant(type.getElementType(), 0));
}

/// Each element asks which input it comes from, so that all can be computed in parallel. `run` neighbours
/// along the axis always come from the same input: they get a dimension of their own, in which reads stay
/// neighbours.
static Value chooseInputs(TensorKit &k, ArrayRef<Value> inputs, int64_t axis, int64_t run,
                          RankedTensorType type) {
  SmallVector<int64_t> shape(type.getShape());
  if (run > 1) {
    shape[axis] /= run;
    shape.insert(shape.begin() + axis + 1, run);
  }
  Value result =
      k.mapOver(RankedTensorType::get(shape, type.getElementType()), {}, {}, [&](ScalarKit &s, ValueRange) {
        SmallVector<Value> at;
        for (size_t i = 0; i < shape.size(); ++i)
          if (run == 1 || int64_t(i) != axis + 1)
            at.push_back(s.loopIndex(i));
        Value block = at[axis], chosen;
        int64_t first = 0;
        for (Value input : inputs) {
          int64_t blocks = shapeOf(input)[axis] / run;
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
  SmallVector<Value> inputs =
      llvm::filter_to_vector(in, [](Value input) { return tensorType(input).getNumElements() > 0; });
  int64_t axis = op.getAxis(), run = 1;
  bool innermost = llvm::all_of(type.getShape().drop_front(axis + 1), [](int64_t size) { return size == 1; });
  if (innermost)
    for (Value input : inputs)
      run = input == inputs.front() ? shapeOf(input)[axis] : std::gcd(run, shapeOf(input)[axis]);
  // Asking pays where whole vectors get one answer and the inputs are few; else each input is copied to its
  // place.
  constexpr size_t maxAsked = 8;
  constexpr int64_t minRun = 4;
  if (inputs.size() <= maxAsked && (!innermost || run >= minRun))
    return chooseInputs(k, inputs, axis, run, type);
  Value result = k.empty(type.getShape(), type.getElementType());
  SmallVector<int64_t> offsets(type.getRank(), 0);
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

Value buildMovement(TensorKit &k, Operation *op, ValueRange in) {
  auto type = storageType(tensorType(op->getResult(0)));
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](graph::TransposeOp transpose) { return buildTranspose(k, transpose, type, in); })
      .Case([&](graph::ExpandOp) {
        return copy(k, type, in[0], broadcastMap(k.context(), shapeOf(in[0]), type.getShape()));
      })
      .Case([&](graph::TileOp) { return buildTile(k, type, in); })
      .Case([&](graph::SliceOp slice) { return buildSlice(k, slice, type, in); })
      .Case([&](graph::PadOp pad) { return buildPad(k, pad, type, in); })
      .Case([&](graph::ConcatOp concat) { return buildConcat(k, concat, type, in); })
      .Case([&](graph::TriluOp trilu) { return buildTrilu(k, trilu, type, in); })
      .Case([&](graph::RangeOp range) { return buildRange(k, range, type, in); })
      .Default([](Operation *) { return Value(); });
}

} // namespace tegula::fuse
