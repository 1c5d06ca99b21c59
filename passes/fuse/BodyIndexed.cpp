// Writes operations whose source position is data: gathers, and the search for a largest element's index.
#include "Bodies.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using utils::IteratorType;

namespace tegula::fuse {

/// An index from a tensor as a position: negative ones count from the end, and none may leave the dimension.
static Value position(ScalarKit &s, Value index, Type graphType, Dim size) {
  Value at = s.convert(index, s.b.getIndexType(), isUnsigned(graphType));
  Value negative = s.compare(arith::CmpIPredicate::slt, at, s.index(0));
  return s.clamp(s.select(negative, s.add(at, s.index(size)), at), size);
}

static SmallVector<Value> loopIndices(ScalarKit &s, size_t begin, size_t end) {
  SmallVector<Value> indices;
  for (size_t i = begin; i < end; ++i)
    indices.push_back(s.loopIndex(i));
  return indices;
}

static Value buildGather(TensorKit &k, graph::GatherOp op, RankedTensorType type, ValueRange in) {
  size_t axis = op.getAxis(), rank = type.getRank(), indexRank = tensorType(in[1]).getRank();
  SmallVector<AffineExpr> exprs;
  for (size_t i = 0; i < indexRank; ++i)
    exprs.push_back(k.d(axis + i));
  return k.mapOver(type, in[1], k.map(rank, exprs), [&](ScalarKit &s, ValueRange args) {
    SmallVector<Value> at = loopIndices(s, 0, axis);
    at.push_back(position(s, args[0], graphElement(op.getIndices()), shapeOf(in[0])[axis]));
    at.append(loopIndices(s, axis + indexRank, rank));
    return s.extract(in[0], at);
  });
}

static Value buildGatherElements(TensorKit &k, graph::GatherElementsOp op, RankedTensorType type,
                                 ValueRange in) {
  return k.mapOver(type, in[1], [&](ScalarKit &s, ValueRange args) {
    SmallVector<Value> at = loopIndices(s, 0, type.getRank());
    at[op.getAxis()] = position(s, args[0], graphElement(op.getIndices()), shapeOf(in[0])[op.getAxis()]);
    return s.extract(in[0], at);
  });
}

static Value buildGatherND(TensorKit &k, graph::GatherNDOp op, RankedTensorType type, ValueRange in) {
  size_t rank = type.getRank(), outer = tensorType(in[1]).getRank() - 1, batch = op.getBatchDims();
  int64_t depth = shapeOf(in[1]).back().number(); // the rule for its shape needs to know it
  return k.mapOver(type, {}, {}, [&](ScalarKit &s, ValueRange) {
    SmallVector<Value> tuple = loopIndices(s, 0, outer), at = loopIndices(s, 0, batch);
    for (int64_t i = 0; i < depth; ++i) {
      tuple.push_back(s.index(i));
      at.push_back(
          position(s, s.extract(in[1], tuple), graphElement(op.getIndices()), shapeOf(in[0])[batch + i]));
      tuple.pop_back();
    }
    at.append(loopIndices(s, outer, rank));
    return s.extract(in[0], at);
  });
}

/// Keeps the index of the best element so far and reads that element again, so that one result suffices. NaN
/// is best of all.
static Value buildArgReduce(TensorKit &k, graph::ArgReduceOp op, RankedTensorType type, ValueRange in) {
  size_t axis = op.getAxis(), rank = tensorType(in[0]).getRank();
  bool positive = isUnsigned(graphElement(op.getInput()));
  Iterators iterators(rank, IteratorType::parallel);
  iterators[axis] = IteratorType::reduction;
  SmallVector<AffineExpr> kept;
  for (size_t i = 0; i < rank; ++i)
    if (i != axis)
      kept.push_back(k.d(i));
  Value init = k.fill(shapeOf(type), k.constant(type.getElementType(), 0));
  return k.accumulate(
      init, k.map(rank, kept), in[0], AffineMap::getMultiDimIdentityMap(rank, k.context()), iterators,
      [&](ScalarKit &s, ValueRange args) {
        SmallVector<Value> at = loopIndices(s, 0, rank);
        Value here = s.convert(at[axis], type.getElementType());
        at[axis] = s.convert(args[1], s.b.getIndexType());
        Value x = args[0], best = s.extract(in[0], at), better;
        if (!op.getLargest())
          std::swap(x, best); // smaller means: the other one is larger
        if (isa<FloatType>(x.getType())) {
          auto predicate = op.getSelectLast() ? arith::CmpFPredicate::OGE : arith::CmpFPredicate::OGT;
          better = arith::CmpFOp::create(s.b, s.loc, predicate, x, best);
          Value now = op.getLargest() ? x : best, before = op.getLargest() ? best : x;
          Value isNaN = arith::CmpFOp::create(s.b, s.loc, arith::CmpFPredicate::UNO, now, now);
          if (!op.getSelectLast())
            isNaN =
                s.both(isNaN, arith::CmpFOp::create(s.b, s.loc, arith::CmpFPredicate::ORD, before, before));
          better = arith::OrIOp::create(s.b, s.loc, better, isNaN);
        } else {
          auto strict = positive ? arith::CmpIPredicate::ugt : arith::CmpIPredicate::sgt;
          auto loose = positive ? arith::CmpIPredicate::uge : arith::CmpIPredicate::sge;
          better = s.compare(op.getSelectLast() ? loose : strict, x, best);
        }
        return s.select(better, here, args[1]);
      });
}

Value buildIndexed(TensorKit &k, Operation *op, ValueRange in) {
  auto type = storageType(tensorType(op->getResult(0)));
  // There is no element to take from an empty tensor; reading one would leave its memory.
  if (isa<graph::GatherOp, graph::GatherElementsOp, graph::GatherNDOp>(op) && isEmpty(in[0]))
    return k.fill(shapeOf(type), k.constant(type.getElementType(), 0));
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](graph::GatherOp gather) { return buildGather(k, gather, type, in); })
      .Case([&](graph::GatherElementsOp gather) { return buildGatherElements(k, gather, type, in); })
      .Case([&](graph::GatherNDOp gather) { return buildGatherND(k, gather, type, in); })
      .Case([&](graph::ArgReduceOp reduce) { return buildArgReduce(k, reduce, type, in); })
      .Default([](Operation *) { return Value(); });
}

} // namespace tegula::fuse
