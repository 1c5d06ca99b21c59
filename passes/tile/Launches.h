// Finds the launches of each kernel, because a pass that changes a kernel's operands must change all of them.
#pragma once

#include "tegula/dialects/tile/Tile.h"

#include "llvm/ADT/MapVector.h"

namespace tegula::tile {

/// The launches of every kernel of `module`, in their order.
inline llvm::MapVector<mlir::Operation *, llvm::SmallVector<LaunchOp>>
launchesByKernel(mlir::ModuleOp module) {
  mlir::SymbolTable symbols(module);
  llvm::MapVector<mlir::Operation *, llvm::SmallVector<LaunchOp>> launches;
  module.walk([&](LaunchOp launch) { launches[symbols.lookup(launch.getKernel())].push_back(launch); });
  return launches;
}

} // namespace tegula::tile
