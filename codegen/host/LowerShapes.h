// The shapes function of CodeAbi.h, and the part of it that the entry function repeats.
#pragma once

#include "Sizes.h"
#include "tegula/codegen/host/Host.h"

namespace tegula::codegen::host {

/// Where the slots of a plan lie in the arena, and where the last one ends.
struct SlotOffsets {
  llvm::SmallVector<mlir::Value> offsets;
  mlir::Value end;
};
SlotOffsets writeSlots(SizeWriter &sizes, const MemoryPlan &plan);

/// Adds the shapes function of `main` to `module` as `name`; `checks` receives what it checks, in the order
/// of its numbers.
void writeShapes(mlir::ModuleOp module, llvm::StringRef name, mlir::func::FuncOp main, const MemoryPlan &plan,
                 const llvm::StringMap<KernelNeeds> &kernels, std::vector<artifact::Check> &checks);

} // namespace tegula::codegen::host
