// Changes a kernel's signature together with its launches, because the two must always agree.
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "tegula/dialects/graph/Dim.h"
#include "tegula/dialects/tile/Tile.h"
#include "llvm/ADT/DenseMap.h"

namespace tegula::fuse {

/// The launches of each kernel, by its name.
using Launches = llvm::DenseMap<mlir::StringAttr, llvm::SmallVector<tile::LaunchOp>>;
Launches findLaunches(mlir::ModuleOp module);

/// A size as a kernel sees it: symbol i stands for its size argument i.
using KernelDim = graph::Dim;
using KernelShape = graph::Shape;
/// The sizes of a kernel's inputs, then of its results.
llvm::SmallVector<KernelShape> tensorShapes(tile::KernelOp kernel);

/// Computes a launch's new operand from the launch as it was.
using OperandFn = llvm::function_ref<mlir::Value(mlir::OpBuilder &, tile::LaunchOp)>;

/// Gives the kernel one more tensor, whose unknown dimensions are the size arguments `dims`, and each launch
/// the operand for it.
mlir::BlockArgument addInput(tile::KernelOp kernel, Launches &launches, mlir::RankedTensorType type,
                             llvm::ArrayRef<int64_t> dims, OperandFn operand);

/// Whether sizes can be added: each launch must say what the present ones are.
bool canAddSizes(tile::KernelOp kernel, Launches &launches);
/// The number of the size argument for `size`; a new one, computed at each launch, where there is none.
unsigned sizeNumber(tile::KernelOp kernel, Launches &launches, KernelDim size);

/// The values of a launch for the unknown ones of a tensor's `dims`.
llvm::SmallVector<mlir::Value> sizesOfTensor(tile::LaunchOp launch, llvm::ArrayRef<int64_t> dims);

/// Removes arguments that the body does not read, and sizes that nothing needs.
void dropUnusedInputs(tile::KernelOp kernel, Launches &launches);

/// Makes the kernel's type what its body says now, with the unknown dimensions that `dims` names (for inputs,
/// then results); launches see their operands and results through views where shapes differ.
void adoptBodyType(tile::KernelOp kernel, Launches &launches,
                   llvm::ArrayRef<llvm::SmallVector<int64_t>> dims);

/// The size arguments of a kernel's tensor, -1 for dimensions that are known.
llvm::SmallVector<int64_t> dimsOfTensor(tile::KernelOp kernel, unsigned tensor, mlir::RankedTensorType type);

} // namespace tegula::fuse
