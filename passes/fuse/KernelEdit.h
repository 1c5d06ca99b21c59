// Changes a kernel's signature together with its launches, because the two must always agree.
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "tegula/dialects/tile/Tile.h"
#include "llvm/ADT/DenseMap.h"

namespace tegula::fuse {

/// The launches of each kernel, by its name.
using Launches = llvm::DenseMap<mlir::StringAttr, llvm::SmallVector<tile::LaunchOp>>;
Launches findLaunches(mlir::ModuleOp module);

/// Computes a launch's new operand from the values it was launched with.
using OperandFn = llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::ValueRange)>;

/// Gives the kernel one more argument and each launch the operand for it.
mlir::BlockArgument addInput(tile::KernelOp kernel, Launches &launches, mlir::Type type, OperandFn operand);

/// Removes arguments that the body does not read.
void dropUnusedInputs(tile::KernelOp kernel, Launches &launches);

/// Makes the kernel's type what its body says now; launches see their operands and results through views
/// where shapes differ.
void adoptBodyType(tile::KernelOp kernel, Launches &launches);

} // namespace tegula::fuse
