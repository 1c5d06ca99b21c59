// Declares which graph operations share a kernel, apart from writing the kernel, so that the decision can be
// read on its own.
#pragma once

#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SmallVector.h"

namespace tegula::fuse {

/// The operations of one kernel: elementwise ones before and after at most one anchor. Only the last one's
/// result is used outside.
struct Group {
  llvm::SmallVector<mlir::Operation *> ops; ///< in program order
  mlir::Operation *anchor =
      nullptr; ///< the one that is written by buildBody; null where all are one expression

  mlir::Operation *root() const { return ops.back(); }
};

/// Whether an operation computes nothing: the same elements in the same order.
bool isView(mlir::Operation *op);

/// One group for each operation that needs a kernel, in program order of their roots.
llvm::SmallVector<Group> formGroups(mlir::Block &block, bool fuse);

} // namespace tegula::fuse
