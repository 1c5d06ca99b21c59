// Reads a reduction of rows, and combines its partial results, because vectors of one thread and threads of
// one group split rows in the same way.
#pragma once

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace tegula::codegen {

/// One reduction along the lanes, while its code is written.
struct RowReduction {
  mlir::linalg::GenericOp op;
  mlir::Operation *combiner;
  mlir::vector::CombiningKind kind;
  llvm::SmallVector<mlir::OpFoldResult> extents; ///< of all loops
  llvm::SmallVector<unsigned> loops;             ///< those that are reduced, outermost first; the last one
                                                 ///< goes along the row

  mlir::Value combine(mlir::OpBuilder &builder, mlir::Value a, mlir::Value b) const;
  /// All lanes of a vector combined to one scalar.
  mlir::Value horizontal(mlir::OpBuilder &builder, mlir::Value vec) const;
  /// What partial results start from, given where the whole one does: `init` itself where combining it once
  /// more changes nothing, else the neutral element (`init` then takes part once, at the end).
  mlir::Value seed(mlir::OpBuilder &builder, mlir::Value init) const;
  /// The partial results in pairs to one.
  mlir::Value join(mlir::OpBuilder &builder, llvm::SmallVector<mlir::Value> partial) const;
};

/// Reads what `op` reduces and how; fails, with a diagnostic, on what one operation does not combine.
mlir::FailureOr<RowReduction> describeRow(mlir::linalg::GenericOp op);

} // namespace tegula::codegen
