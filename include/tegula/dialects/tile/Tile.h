// Declares the tile dialect, because fusion writes kernels in it and every later phase reads them.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "tegula/dialects/sched/Sched.h"

#include "tegula/dialects/tile/TileDialect.h.inc"
#define GET_OP_CLASSES
#include "tegula/dialects/tile/TileOps.h.inc"

namespace tegula::tile {

/// On a kernel whose tensors may begin wherever an element may. Those of others begin where the widest access
/// of a thread may, for machines that ask for it.
inline constexpr llvm::StringLiteral unalignedAttr = "tegula.unaligned";

/// What a size is in the model's symbols: the expression of its tile.size; null where anything else gives it.
mlir::AffineExpr exprOf(mlir::Value size);
/// The sizes of a tensor in a host function, in the model's symbols; null for a dimension where that is not
/// written down.
llvm::SmallVector<mlir::AffineExpr> dimsOf(mlir::Value tensor, mlir::SymbolTableCollection &symbols);
llvm::SmallVector<mlir::AffineExpr> dimsOf(mlir::Value tensor);
/// The same of a loop's result.
llvm::SmallVector<mlir::AffineExpr> dimsOfResult(LoopOp loop, unsigned result,
                                                 mlir::SymbolTableCollection &symbols);
/// Whether two expressions differ for some sizes, whatever form they have.
bool surelyDiffer(mlir::AffineExpr x, mlir::AffineExpr y);

/// Whether a value outside of kernels is known at compile time: a constant, or views of one.
bool isConstant(mlir::Value value);

} // namespace tegula::tile
