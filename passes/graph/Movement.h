// Builds reshapes and transposes that are known to be needed, because several passes move dimensions about.
#pragma once

#include "tegula/dialects/graph/Graph.h"
#include "tegula/dialects/graph/Shapes.h"

#include "mlir/IR/Builders.h"

namespace tegula::graph {

/// The type of `value`'s elements in another shape.
inline mlir::RankedTensorType withShape(mlir::Value value, ShapeRef shape) {
  return tensorType(shape, tensorType(value).getElementType());
}

/// Result dimension i of `transpose perm` is input dimension perm[i]; these follow that reading.
llvm::SmallVector<int64_t> identityPerm(size_t rank);
llvm::SmallVector<int64_t> invertPerm(llvm::ArrayRef<int64_t> perm);
/// The one permutation that does what transposing by `first` and then by `second` does.
llvm::SmallVector<int64_t> composePerm(llvm::ArrayRef<int64_t> first, llvm::ArrayRef<int64_t> second);
bool isIdentityPerm(llvm::ArrayRef<int64_t> perm);
/// Whether the elements of a tensor of this shape keep their order in memory.
bool movesUnitDimsOnly(ShapeRef shape, llvm::ArrayRef<int64_t> perm);
/// `values` in the order of the result's dimensions.
template <typename T> llvm::SmallVector<T> permuted(llvm::ArrayRef<T> values, llvm::ArrayRef<int64_t> perm) {
  llvm::SmallVector<T> result;
  for (int64_t dim : perm)
    result.push_back(values[dim]);
  return result;
}
inline Shape permuted(const Shape &shape, llvm::ArrayRef<int64_t> perm) {
  return permuted(ShapeRef(shape), perm);
}

/// `value` in another shape of as many elements; `value` itself where it has that shape.
mlir::Value reshaped(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value, ShapeRef shape);
/// `value` transposed; a reshape where no element moves, `value` itself for the identity.
mlir::Value transposed(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                       llvm::ArrayRef<int64_t> perm);

} // namespace tegula::graph
