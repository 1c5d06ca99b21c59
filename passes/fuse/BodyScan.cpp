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

/// Where steps cannot be written out for an unknown length, doubling ends at this many elements.
constexpr int64_t kWindow = 1024;

/// Sums of everything so far from sums of the last kWindow elements: each adds those that end where its own
/// window begins, and so on.
static Value sumWindows(TensorKit &k, Value windows, int64_t axis, int64_t direction) {
  auto type = tensorType(windows);
  Dim size = shapeOf(type)[axis];
  int64_t rank = type.getRank();
  Iterators iterators(rank, utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  SmallVector<AffineExpr> out;
  for (int64_t i = 0; i < rank; ++i)
    out.push_back(k.d(i));
  Value zero = k.constant(type.getElementType(), 0);
  Value counter = k.fill({ceilDiv(size, kWindow)}, zero); // says how many windows there may be
  return k.accumulate(k.fill(shapeOf(type), zero), k.map(rank + 1, out), counter,
                      k.map(rank + 1, {k.d(rank)}), iterators, [&](ScalarKit &s, ValueRange args) {
                        SmallVector<Value> at;
                        for (int64_t i = 0; i < rank; ++i)
                          at.push_back(s.loopIndex(i));
                        Value from = s.sub(at[axis], s.mul(s.loopIndex(rank), s.index(direction * kWindow)));
                        at[axis] = s.clamp(from, size);
                        Value other = s.select(s.inside(from, size), s.extract(windows, at),
                                               s.constant(type.getElementType(), 0));
                        return s.add(args[1], other);
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
  int64_t size = length.fixed().value_or(kWindow);
  if (scan.getExclusive())
    sum = shifted(k, sum, axis, direction, /*add=*/false);
  for (int64_t distance = 1; distance < size; distance *= 2)
    sum = shifted(k, sum, axis, direction * distance, /*add=*/true);
  if (!length.isStatic())
    sum = sumWindows(k, sum, axis, direction);
  if (sum == in[0])
    sum = k.mapOver(tensorType(sum), sum, [](ScalarKit &, ValueRange args) { return args[0]; });
  return k.convertAll(sum, element);
}

} // namespace tegula::fuse
