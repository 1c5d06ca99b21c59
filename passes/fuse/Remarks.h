// Says as remarks which operations share a kernel and why others do not, because that is the first question
// about a model that is slower than expected.
#pragma once

#include "Groups.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "tegula/dialects/tile/Tile.h"

namespace tegula::fuse {

/// One remark for each value that one group stores and another reads: how many bytes, and why.
void remarkEdges(mlir::func::FuncOp function, llvm::ArrayRef<Group> groups, bool fuse,
                 const Refusals &refusals);

/// What a kernel holds, and what it need not store for that. Nothing where nobody listens.
void remarkKernel(tile::KernelOp kernel, mlir::func::FuncOp function, const Group &group);

} // namespace tegula::fuse
