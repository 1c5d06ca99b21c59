// Declares who writes which operation's body as linalg, one builder a family, because each family has its own
// way of counting.
#pragma once

#include "TensorKit.h"

#include "tegula/dialects/graph/Graph.h"

#include <functional>

namespace tegula::fuse {

/// Writes the computation of any graph operation on tensors of storage types; fails where it cannot be
/// expressed.
llvm::FailureOr<llvm::SmallVector<mlir::Value>> buildBody(TensorKit &kit, mlir::Operation *graphOp,
                                                          mlir::ValueRange storageInputs);

/// A scalar as graph.ElementwiseOpInterface computes it, from its stored form, and back.
mlir::Value fromStorage(ScalarKit &kit, mlir::Value stored, mlir::Type graphElement);
mlir::Value toStorage(ScalarKit &kit, mlir::Value computed, mlir::Type graphElement);

/// The families; each returns null where the operation is none of its own.
mlir::Value buildElementwise(TensorKit &kit, mlir::Operation *op, mlir::ValueRange in);
mlir::Value buildMovement(TensorKit &kit, mlir::Operation *op, mlir::ValueRange in);
mlir::Value buildIndexed(TensorKit &kit, mlir::Operation *op, mlir::ValueRange in);
mlir::Value buildResize(TensorKit &kit, mlir::Operation *op, mlir::ValueRange in);
mlir::Value buildContraction(TensorKit &kit, mlir::Operation *op, mlir::ValueRange in);
mlir::Value buildWindow(TensorKit &kit, mlir::Operation *op, mlir::ValueRange in);
mlir::Value buildReduction(TensorKit &kit, mlir::Operation *op, mlir::ValueRange in);
mlir::Value buildScan(TensorKit &kit, mlir::Operation *op, mlir::ValueRange in);
mlir::Value buildCustom(TensorKit &kit, mlir::Operation *op, mlir::ValueRange in);

/// Where the elements along one dimension of a result come from, said in one of three ways; in none: 0, 1, 2,
/// ...
struct Source {
  /// A position, and whether it lies inside (null: always).
  using Position = std::pair<mlir::Value, mlir::Value>;
  llvm::SmallVector<int64_t> table;                     ///< by the result's index; -1 lies outside
  mlir::Value computed;                                 ///< the same as a tensor [size, 1]
  std::function<Position(ScalarKit &, mlir::Value)> at; ///< from the result's index
  bool someOutside = false;                             ///< of `table` or `computed`
};
/// Longer tables are not written: each position is computed where it is needed.
inline constexpr int64_t mostTableEntries = 1 << 16;
/// result[o0, o1, ...] = input[sources[0][o0], sources[1][o1], ...], or `outside`, a scalar. Tables become
/// constant tensors of the body.
mlir::Value lookUp(TensorKit &kit, mlir::RankedTensorType result, mlir::Value input,
                   llvm::ArrayRef<Source> sources, mlir::Value outside = {});

/// A tensor of numbers known now, as a constant of the body.
mlir::Value indexTable(TensorKit &kit, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> values);
mlir::Value numberTable(TensorKit &kit, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<double> values,
                        mlir::Type element);

/// `input` with `low` and `high` more elements of `value` around it; nothing where none are asked for.
mlir::Value padWith(TensorKit &kit, mlir::Value input, llvm::ArrayRef<int64_t> low,
                    llvm::ArrayRef<int64_t> high, mlir::Value value);

/// The same as one generic of `type`, for amounts that are not negative: each element asks whether it lies
/// inside.
mlir::Value padByIndex(TensorKit &kit, mlir::RankedTensorType type, mlir::Value input,
                       llvm::ArrayRef<int64_t> low, mlir::Value value);

/// Maps a slice's indices to those of its input.
mlir::AffineMap sliceMap(graph::SliceOp op);

/// The element of a constant whose elements are all the same, in its graph type; null for any other value.
mlir::Attribute uniformElement(mlir::Value graphValue);
/// That element as a scalar, in its compute type.
mlir::Value uniformScalar(ScalarKit &kit, mlir::Attribute element, mlir::Type graphElement);

/// The element type of a graph value.
inline mlir::Type graphElement(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}

} // namespace tegula::fuse
