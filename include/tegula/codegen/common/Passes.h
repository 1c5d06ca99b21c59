// Declares the code generation steps that machines share, for the driver and tegula-opt.
#pragma once

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
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

/// On a kernel whose threads work together: how many are started together, and how many compute one cell; of
/// a product also the bytes of shared memory that its stages take, and how many times the registers of others
/// a thread takes.
inline constexpr llvm::StringLiteral groupAttr = "tegula.group";

/// On a kernel whose temporaries do not fit on the stack: the bytes of scratch memory that one launch needs,
/// an i64 or an affine map from the kernel's sizes.
inline constexpr llvm::StringLiteral scratchAttr = "tegula.scratch";

/// After it: tiled kernels hold scf loops around vector operations; no linalg operation is left in a tile.
void populateVectorizePipeline(mlir::OpPassManager &pm);

/// After it: kernels are functions on buffers, whose temporaries have a place; at most `stackBytes` of it are
/// on the stack.
void populateBufferizePipeline(mlir::OpPassManager &pm, int64_t stackBytes);

/// Which elementary functions become arithmetic: none, those that many elements ask for, or all.
enum class Expansion { None, Frequent, All };

/// After it: functions are basic blocks of scalars, vectors of one dimension and loads and stores; functions
/// that `expansion` names are arithmetic, with denormal results where `keepDenormals` asks for them.
void populateLoopPipeline(mlir::OpPassManager &pm, Expansion expansion, bool keepDenormals = false);

/// After it: functions are LLVM, with one bare pointer a buffer. Expects no math operation that LLVM knows no
/// intrinsic for.
void populateLlvmPipeline(mlir::OpPassManager &pm);

} // namespace tegula::codegen
