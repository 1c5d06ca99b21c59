// The bodies of loops: functions that the host function of a model calls once a step.
#pragma once

#include "tegula/codegen/host/Host.h"

namespace tegula::codegen::host {

mlir::func::FuncOp bodyOf(tile::LoopOp loop);
/// The bodies of loops that stand under no condition, as bodiesOf; of `loop` as if it stood under none.
llvm::SmallVector<mlir::func::FuncOp> unconditionalBodiesOf(tile::LoopOp loop);
llvm::SmallVector<mlir::func::FuncOp> unconditionalBodiesOf(mlir::func::FuncOp function);

} // namespace tegula::codegen::host
