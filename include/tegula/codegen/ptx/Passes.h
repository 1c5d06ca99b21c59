// Declares the passes on one kernel for GPUs, because the pipeline composes them and tegula-opt runs them
// alone.
#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"

namespace tegula::codegen::ptx {

#define GEN_PASS_DECL
#include "tegula/codegen/ptx/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "tegula/codegen/ptx/Passes.h.inc"

} // namespace tegula::codegen::ptx
