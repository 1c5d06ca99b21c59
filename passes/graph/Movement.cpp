// Implements the builders of reshapes and transposes that the graph passes share.
#include "Movement.h"

#include <numeric>

using namespace mlir;

namespace tegula::graph {

SmallVector<int64_t> identityPerm(size_t rank) {
  SmallVector<int64_t> perm(rank);
  std::iota(perm.begin(), perm.end(), 0);
  return perm;
}

SmallVector<int64_t> invertPerm(ArrayRef<int64_t> perm) {
  SmallVector<int64_t> inverse(perm.size());
  for (auto [i, dim] : llvm::enumerate(perm))
    inverse[dim] = i;
  return inverse;
}

SmallVector<int64_t> composePerm(ArrayRef<int64_t> first, ArrayRef<int64_t> second) {
  return permuted(first, second);
}

bool isIdentityPerm(ArrayRef<int64_t> perm) {
  return llvm::all_of(llvm::enumerate(perm),
                      [](auto it) { return static_cast<int64_t>(it.index()) == it.value(); });
}

bool movesUnitDimsOnly(ShapeRef shape, ArrayRef<int64_t> perm) {
  int64_t last = -1;
  for (int64_t dim : perm) {
    if (shape[dim].is(1))
      continue;
    if (dim < last)
      return false;
    last = dim;
  }
  return true;
}

Value reshaped(OpBuilder &builder, Location loc, Value value, ShapeRef shape) {
  RankedTensorType type = withShape(value, shape);
  if (value.getType() == type)
    return value;
  return ReshapeOp::create(builder, loc, type, value);
}

Value transposed(OpBuilder &builder, Location loc, Value value, ArrayRef<int64_t> perm) {
  Shape from = shapeOf(value), shape = permuted(from, perm);
  if (movesUnitDimsOnly(from, perm))
    return reshaped(builder, loc, value, shape);
  return TransposeOp::create(builder, loc, withShape(value, shape), value, perm);
}

} // namespace tegula::graph
