// Solves equations between sizes, because import and variants both learn a size from what a model requires.
#pragma once

#include "tegula/dialects/graph/Dim.h"

namespace tegula::graph {

/// What makes a sum of sizes 0.
struct Root {
  unsigned symbol;              ///< the only one of the sum
  std::optional<int64_t> value; ///< its size; nothing where no whole number of at least 1 makes the sum 0
};

/// Of a sum that is one symbol times a number, plus a number; nothing for others.
std::optional<Root> rootOf(Dim sum, mlir::MLIRContext *context);

} // namespace tegula::graph
