// How large tensors are inside a kernel, because sizes that no type gives stand in the kernel's size
// arguments.
#pragma once

#include "tegula/dialects/tile/Tile.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace tegula::tile {

/// The size of dimension `dim` of a tensor inside a kernel: a number where its type gives one, else the size
/// argument or the size value the tensor was made with; null where neither is known.
mlir::OpFoldResult extentOf(mlir::Value tensor, unsigned dim);
llvm::SmallVector<mlir::OpFoldResult> extentsOf(mlir::Value tensor);

/// The extents of the loops of `op`, from its operands; null where no operand tells.
llvm::SmallVector<mlir::OpFoldResult> loopExtentsOf(mlir::linalg::LinalgOp op);

/// Whether both tensors surely have the same shape.
bool haveSameExtents(mlir::Value a, mlir::Value b);

/// A size value as an expression over the kernel's size arguments (symbol i is size i); null where it is
/// none.
mlir::AffineExpr exprOfSize(mlir::OpFoldResult size);

} // namespace tegula::tile
