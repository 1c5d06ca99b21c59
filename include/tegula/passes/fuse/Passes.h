// The fuse phase's passes and pipeline, which the driver runs and tegula-opt registers.
#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "tegula/dialects/tile/Tile.h"

namespace mlir {
class OpPassManager;
}

namespace tegula::fuse {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "tegula/passes/fuse/Passes.h.inc"

/// What the fuse phase may do.
struct FuseOptions {
  bool fuse = true; ///< several operations may share a kernel; else each operation is a kernel of its own
};

/// Adds the fuse phase: afterwards no graph op is left, and every computation is inside a tile.kernel.
void populateFusePipeline(mlir::OpPassManager &manager, const FuseOptions &options);

} // namespace tegula::fuse
