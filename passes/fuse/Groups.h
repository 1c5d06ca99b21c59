// Declares which graph operations share a kernel, apart from writing the kernel, so that the decision can be
// read on its own.
#pragma once

#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SmallVector.h"

#include <string>

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

/// Whether an operation is computed in a kernel at all: no constant, no view, and somebody reads its result.
bool needsKernel(mlir::Operation *op);

/// "conv 'block3/conv'": what an operation does, and the model's node that it comes from.
std::string describe(mlir::Operation *op);

/// Why an operation could not join the kernel of one that reads its result, by (producer, consumer).
using Refusals = llvm::DenseMap<std::pair<mlir::Operation *, mlir::Operation *>, std::string>;

/// One group for each operation that needs a kernel, in program order of their roots. What keeps producers
/// out is written down where somebody wants to know.
llvm::SmallVector<Group> formGroups(mlir::Block &block, bool fuse, Refusals *refusals = nullptr);

/// Why a consumer's group never asked for the producer of one of its operands: what follows from the kinds of
/// both.
std::string whyNotAsked(mlir::Operation *producer, mlir::Operation *consumer, const Group &group);

} // namespace tegula::fuse
