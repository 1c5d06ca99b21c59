// Declares the CPU's passes on one kernel, because the pipeline composes them and tegula-opt runs them alone.
#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"

namespace tegula::codegen::cpu {

#define GEN_PASS_DECL
#include "tegula/codegen/cpu/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "tegula/codegen/cpu/Passes.h.inc"

} // namespace tegula::codegen::cpu
