// Reads a kernel as work on rows, because whoever shares a row between threads must know that its reductions
// are needed nowhere else.
#pragma once

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>

namespace tegula::tile {

/// A result whose rows are computed apart from each other: `result[row]` or `result[row, column]` from
/// reductions `sum[row]`.
struct Rows {
  llvm::SmallVector<mlir::linalg::GenericOp> reductions; ///< in the order of the body
  unsigned outer = 0;    ///< dimensions of the result that number the rows, the outermost ones
  bool inResult = false; ///< whether the result holds whole rows, along its last dimension
};

/// The rows of `root`; nothing where a reduction is read at another row than the one that is computed, or by
/// computed indices.
std::optional<Rows> rowsOf(mlir::Value root);

} // namespace tegula::tile
