// Applies patterns until none matches, because MLIR's default number of rounds ends before long chains do.
#pragma once

#include "mlir/Rewrite/FrozenRewritePatternSet.h"

namespace mlir {
class Operation;
} // namespace mlir

namespace tegula::graph {

/// Applies `patterns` inside of `op` until nothing changes. A round may move an operation past one neighbour
/// only, so there are as many rounds as operations; patterns that then still match undo each other, which is
/// a failure that it says.
llvm::LogicalResult applyToFixpoint(mlir::Operation *op, const mlir::FrozenRewritePatternSet &patterns);

} // namespace tegula::graph
