// Finds the place of the best element in two reductions instead of one, because a reduction that looks up its
// best so far reads memory in every step, where these two read rows as they come.
#include "Constants.h"
#include "Movement.h"

#include "tegula/passes/graph/Passes.h"

#include <limits>

namespace tegula::graph {
#define GEN_PASS_DEF_EXPANDARGREDUCE
#include "tegula/passes/graph/Passes.h.inc"
} // namespace tegula::graph

using namespace mlir;
using namespace tegula::graph;

namespace {

/// The integers in which places are compared: the narrowest that are as wide as most elements.
IntegerType placeType(Dim size, MLIRContext *context) {
  bool isNarrow = size.isStatic() && size.number() < std::numeric_limits<int32_t>::max();
  return IntegerType::get(context, isNarrow ? 32 : 64);
}

/// Which elements are the best of their row. A row with NaN has NaN as its best, which equals nothing: there
/// it is the elements that are NaN.
Value findBest(OpBuilder &b, Location loc, ArgReduceOp op) {
  Value input = op.getInput();
  Shape shape = shapeOf(input), kept = shape;
  kept[op.getAxis()] = 1;
  Type element = tensorType(input).getElementType();
  ReduceKind kind = op.getLargest() ? ReduceKind::Max : ReduceKind::Min;
  Value best = ReduceOp::create(b, loc, tensorType(shapeOf(op), element), kind, input,
                                ArrayRef<int64_t>{static_cast<int64_t>(op.getAxis())});
  RankedTensorType bits = tensorType(shape, b.getI1Type());
  Value isBest = CompareOp::create(b, loc, bits, Predicate::Equal, input, reshaped(b, loc, best, kept));
  if (!isa<FloatType>(element))
    return isBest;
  return OrOp::create(b, loc, bits, isBest, IsNaNOp::create(b, loc, bits, input));
}

void expand(ArgReduceOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  Shape shape = shapeOf(op.getInput()), along(shape.size(), 1);
  along[op.getAxis()] = shape[op.getAxis()];
  IntegerType place = placeType(shape[op.getAxis()], b.getContext());
  auto scalar = [&](double number) { return createSplat(b, loc, tensorType(Shape(), place), number); };
  Value places = RangeOp::create(b, loc, tensorType({shape[op.getAxis()]}, place), scalar(0), scalar(1));
  // What is not the best is no candidate: a place before the first, or behind the last that there can be.
  double none = op.getSelectLast() ? -1 : place.getWidth() == 32 ? 0x1p31 - 1 : 0x1p53;
  Value candidates = WhereOp::create(b, loc, tensorType(shape, place), findBest(b, loc, op),
                                     reshaped(b, loc, places, along), scalar(none));
  Value chosen = ReduceOp::create(b, loc, tensorType(shapeOf(op), place),
                                  op.getSelectLast() ? ReduceKind::Max : ReduceKind::Min, candidates,
                                  ArrayRef<int64_t>{static_cast<int64_t>(op.getAxis())});
  if (chosen.getType() != op.getType())
    chosen = CastOp::create(b, loc, op.getType(), chosen);
  op.replaceAllUsesWith(chosen);
  op.erase();
}

struct ExpandArgReduce : tegula::graph::impl::ExpandArgReduceBase<ExpandArgReduce> {
  using ExpandArgReduceBase::ExpandArgReduceBase;

  void runOnOperation() override {
    getOperation().walk([](ArgReduceOp op) { expand(op); });
  }
};

} // namespace
