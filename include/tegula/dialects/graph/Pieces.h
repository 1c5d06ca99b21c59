// Says how many tensors one graph.concat joins: models have concats of thousands, and the time to compile a
// kernel grows faster than its pieces.
#pragma once

#include "mlir/IR/Value.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"

namespace tegula::graph {

/// Kernels of fewer pieces are compiled faster, and are often equal; but each level of a tree of concats
/// copies everything once more.
inline constexpr size_t mostConcatInputs = 32;

/// Joins neighbours by `join` until as few are left as one concat takes.
template <typename Join> void joinNeighbours(llvm::SmallVectorImpl<mlir::Value> &pieces, Join join) {
  while (pieces.size() > mostConcatInputs) {
    size_t groups = llvm::divideCeil(pieces.size(), mostConcatInputs),
           each = llvm::divideCeil(pieces.size(), groups);
    llvm::SmallVector<mlir::Value> joined;
    for (llvm::ArrayRef<mlir::Value> rest = pieces; !rest.empty();
         rest = rest.drop_front(std::min(each, rest.size())))
      joined.push_back(rest.size() == 1 ? rest.front() : join(rest.take_front(each)));
    pieces = std::move(joined);
  }
}

} // namespace tegula::graph
