// Decides for every value around convolutions where its channels stand, because the best choice for one
// operation is not the graph's.
#pragma once

#include "tegula/dialects/graph/Graph.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/MapVector.h"

namespace tegula::graph {

/// [N, C, spatial...] to [N, spatial..., C], and back.
llvm::SmallVector<int64_t> channelsLastPerm(size_t rank);
llvm::SmallVector<int64_t> channelsFirstPerm(size_t rank);

/// The operands whose dimensions are the result's, for operations that can be done in any order of
/// dimensions; else none.
llvm::SmallVector<unsigned> layoutOperands(mlir::Operation *op);

/// Whether the operand's own dimensions are the result's, and not those of a broadcast.
bool followsLayout(mlir::OpOperand &operand);

/// A reduction in another order of dimensions.
struct MovedReduction {
  llvm::SmallVector<int64_t> axes; ///< ascending
  llvm::SmallVector<int64_t> perm; ///< dimension i of its result is dimension perm[i] of the original result
};
MovedReduction moveReduction(llvm::ArrayRef<int64_t> axes, llvm::ArrayRef<int64_t> perm);

/// Whether a reshape only flattens all but the first dimension for products with constant matrices, whose
/// rows can be reordered instead.
bool isFlattenForMatMul(ReshapeOp reshape);

/// The layout of each value connected to a channels_first convolution. A value means channels first or last
/// to the convolutions around it (the model's own transposes change which), and is stored in one of these
/// orders; `isMoved` says that they differ.
class ChannelLayout {
public:
  explicit ChannelLayout(mlir::func::FuncOp function);

  bool contains(mlir::Value value) const { return values.count(value); }
  /// Whether the value is stored with channels last.
  bool isChannelsLast(mlir::Value value) const { return values.lookup(value).storedLast; }
  /// Whether the value is to be stored transposed by `perm`.
  bool isMoved(mlir::Value value) const {
    return contains(value) && values.lookup(value).storedLast != values.lookup(value).meansLast;
  }
  /// The transpose between the order the value has in the model and the other one.
  llvm::SmallVector<int64_t> perm(mlir::Value value) const;
  /// Whether the operation takes part with the layout of its result: its operands need the same.
  bool isFree(mlir::Value result) const { return contains(result) && values.lookup(result).isFree; }

private:
  struct Info {
    bool meansLast = false, storedLast = false, isFree = false;
    int node = 0;
  };
  void visit(mlir::Value value, bool meansLast);
  void spread(mlir::Value value);
  bool findFree(mlir::Value value) const;
  int requiredBy(mlir::OpOperand &use) const;
  void decide();

  llvm::MapVector<mlir::Value, Info> values;
  llvm::SmallVector<mlir::Value> worklist;
};

} // namespace tegula::graph
