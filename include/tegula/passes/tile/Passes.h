// Declares the tile stage for the driver and tegula-opt.
#pragma once

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

#include "tegula/dialects/tile/Tile.h"

namespace tegula::tile {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "tegula/passes/tile/Passes.h.inc"

/// After it: every scheduled kernel is loops over static tiles, its packed operands are panels, and constants
/// are as narrow as it multiplies them. Unscheduled kernels are untouched.
void populateTilePipeline(mlir::OpPassManager &pm);

} // namespace tegula::tile
