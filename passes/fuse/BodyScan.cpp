// Writes running sums by doubling: each step adds what lies twice as far away, so that no step depends on its
// own results.
#include "Bodies.h"

using namespace mlir;

namespace tegula::fuse {

/// tensor[i] + tensor[i - distance] along an axis, or, shifting only, tensor[i - distance]; zero stands
/// before the first.
static Value shifted(TensorKit &k, Value tensor, int64_t axis, int64_t distance, bool add) {
  auto type = tensorType(tensor);
  Dim size = shapeOf(type)[axis];
  return k.mapOver(type, tensor, [&](ScalarKit &s, ValueRange args) {
    SmallVector<Value> at;
    for (int64_t i = 0; i < type.getRank(); ++i)
      at.push_back(s.loopIndex(i));
    Value from = s.sub(at[axis], s.index(distance));
    at[axis] = s.clamp(from, size);
    Value other = s.select(s.inside(from, size), s.extract(tensor, at), s.constant(type.getElementType(), 0));
    return add ? s.add(args[0], other) : other;
  });
}

/// For an unknown length, which steps cannot be written out for: each element sums all those before it.
static Value sumDirectly(TensorKit &k, Value tensor, graph::CumSumOp scan) {
  auto type = tensorType(tensor);
  int64_t rank = type.getRank(), axis = scan.getAxis();
  Iterators iterators(rank, utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  SmallVector<AffineExpr> out, in;
  for (int64_t i = 0; i < rank; ++i) {
    out.push_back(k.d(i));
    in.push_back(k.d(i == axis ? rank : i));
  }
  bool strict = scan.getExclusive();
  auto counts = scan.getReverse() ? (strict ? arith::CmpIPredicate::sgt : arith::CmpIPredicate::sge)
                                  : (strict ? arith::CmpIPredicate::slt : arith::CmpIPredicate::sle);
  return k.accumulate(k.fill(shapeOf(type), k.constant(type.getElementType(), 0)), k.map(rank + 1, out),
                      tensor, k.map(rank + 1, in), iterators, [&](ScalarKit &s, ValueRange args) {
                        Value isCounted = s.compare(counts, s.loopIndex(rank), s.loopIndex(axis));
                        return s.select(isCounted, s.add(args[1], args[0]), args[1]);
                      });
}

Value buildScan(TensorKit &k, Operation *op, ValueRange in) {
  auto scan = dyn_cast<graph::CumSumOp>(op);
  if (!scan)
    return {};
  Type element = storageType(graphElement(scan.getInput()));
  Value sum = k.convertAll(in[0], accumulatorType(graphElement(scan.getInput())));
  int64_t axis = scan.getAxis(), direction = scan.getReverse() ? -1 : 1;
  Dim length = shapeOf(sum)[axis];
  if (!length.isStatic())
    return k.convertAll(sumDirectly(k, sum, scan), element);
  int64_t size = length.number();
  if (scan.getExclusive())
    sum = shifted(k, sum, axis, direction, /*add=*/false);
  for (int64_t distance = 1; distance < size; distance *= 2)
    sum = shifted(k, sum, axis, direction * distance, /*add=*/true);
  if (sum == in[0])
    sum = k.mapOver(tensorType(sum), sum, [](ScalarKit &, ValueRange args) { return args[0]; });
  return k.convertAll(sum, element);
}

} // namespace tegula::fuse
