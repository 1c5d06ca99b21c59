// What is known of sizes and indices in a graph.custom, because the verifier that keeps reads inside of
// tensors and the fuse phase that writes the kernel must know the same.
#pragma once

#include "tegula/dialects/graph/Graph.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/DenseMap.h"

namespace tegula::graph {

/// What an integer of a body can be: it is at least each of `lowest` and at most each of `highest`.
struct IndexRange {
  struct Bound {
    Dim value;
    unsigned bits; ///< that all numbers on the way to it fit into
  };
  llvm::SmallVector<Bound, 2> lowest, highest;

  bool isAtLeast(Dim bound) const;
  bool isBelow(Dim bound) const;
};

/// The sizes of all tensors of a body, over the model's symbols.
class CustomSizes {
public:
  /// Of a body that has been verified.
  static mlir::FailureOr<CustomSizes> of(CustomOp op);

  /// Follows the sizes from the operands to the result, one operation after the other, those in the bodies of
  /// loops too; where one does not follow, or an indexing map could leave an operand, says so at the
  /// operation.
  void start(CustomOp op);
  mlir::LogicalResult follow(mlir::Operation &op);
  mlir::LogicalResult finish(CustomOp op);

  ShapeRef shapeOf(mlir::Value tensor) const { return shapes.find(tensor)->second; }
  /// How far the loops of `op` run.
  ShapeRef loopsOf(mlir::Operation *op) const { return loops.find(op)->second; }
  /// What follows from sizes alone; nothing for data.
  IndexRange rangeOf(mlir::Value index);
  /// The size that an index is.
  std::optional<Dim> sizeOf(mlir::Value index);

private:
  mlir::LogicalResult followEmpty(mlir::tensor::EmptyOp op);
  mlir::LogicalResult followLoops(mlir::linalg::LinalgOp op);
  void setShape(mlir::Value tensor, ShapeRef shape, unsigned most);
  IndexRange compute(mlir::Value index);
  IndexRange computeOp(mlir::Operation *op, unsigned width);

  llvm::DenseMap<mlir::Value, Shape> shapes;
  llvm::DenseMap<mlir::Operation *, Shape> loops;
  llvm::DenseMap<mlir::Value, IndexRange> ranges;
  /// That all numbers on the way to the sizes of a tensor, or of loops, fit into.
  llvm::DenseMap<mlir::Value, unsigned> bits;
  llvm::DenseMap<mlir::Operation *, unsigned> loopBits;
};

/// Whether tiles of the loops read tiles of an operand: each index is a sum of loops times positive numbers.
/// What goes down, or in steps, is read at computed places.
bool goesUp(mlir::AffineMap map);

/// Integers and floats of 8 to 64 bits that tensors of a body may hold.
bool isBodyElement(mlir::Type type);

} // namespace tegula::graph
