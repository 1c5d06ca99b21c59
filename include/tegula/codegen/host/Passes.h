// Declares the passes on the host function, because the driver runs them before kernels are scheduled.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

#include "tegula/dialects/tile/Tile.h"

namespace tegula::codegen::host {

#define GEN_PASS_DECL
#include "tegula/codegen/host/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "tegula/codegen/host/Passes.h.inc"

} // namespace tegula::codegen::host
