// Declares the code generation steps that machines share, for the driver and tegula-opt.
#pragma once

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

#include "tegula/dialects/tile/Tile.h"

namespace tegula::codegen {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "tegula/codegen/common/Passes.h.inc"

/// Attribute of an outlined kernel: how many cells its grid has, an i64 or an affine map from its sizes.
inline constexpr llvm::StringLiteral cellsAttr = "tegula.cells";

/// After it: tiled kernels hold scf loops around vector operations; no linalg operation is left in a tile.
void populateVectorizePipeline(mlir::OpPassManager &pm);

} // namespace tegula::codegen
