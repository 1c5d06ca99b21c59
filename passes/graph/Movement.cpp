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

bool movesUnitDimsOnly(ArrayRef<int64_t> shape, ArrayRef<int64_t> perm) {
  int64_t last = -1;
  for (int64_t dim : perm) {
    if (shape[dim] == 1)
      continue;
    if (dim < last)
      return false;
    last = dim;
  }
  return true;
}

Value reshaped(OpBuilder &builder, Location loc, Value value, ArrayRef<int64_t> shape) {
  RankedTensorType type = tensorType(value);
  if (type.getShape() == shape)
    return value;
  return ReshapeOp::create(builder, loc, type.clone(shape), value);
}

Value transposed(OpBuilder &builder, Location loc, Value value, ArrayRef<int64_t> perm) {
  RankedTensorType type = tensorType(value);
  SmallVector<int64_t> shape = permuted(type.getShape(), perm);
  if (movesUnitDimsOnly(type.getShape(), perm))
    return reshaped(builder, loc, value, shape);
  return TransposeOp::create(builder, loc, type.clone(shape), value, perm);
}

} // namespace tegula::graph
