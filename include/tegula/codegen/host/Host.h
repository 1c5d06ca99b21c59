// The host function as the driver sees it: where every buffer lies, what the weights section holds, and the
// code that launches kernels.
#pragma once

#include "tegula/artifact/Writer.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

#include <string>
#include <vector>

namespace tegula::codegen::host {

/// What a launch of a kernel needs.
struct KernelNeeds {
  int64_t cells = 1;
  int64_t scratchBytes = 0; ///< the kernel's last buffer where not 0
};

/// Where a value lies during a run.
struct Place {
  enum class Kind { Input, Output, Weights, Arena } kind = Kind::Arena;
  int64_t index = 0; ///< of the input or output, or the offset in weights or arena
};

/// Buffers begin on multiples of this many bytes.
inline constexpr int64_t bufferAlignment = 64;

/// Every buffer of a run, decided at compile time.
struct MemoryPlan {
  llvm::DenseMap<mlir::Value, Place> places;          ///< of every tensor of @main, views included
  llvm::DenseMap<mlir::Operation *, int64_t> scratch; ///< arena offset of a launch's scratch memory
  int64_t arenaBytes = 0;
  std::vector<artifact::WeightChunk>
      weights; ///< views into the module's attributes: the context must outlive the write
};

/// Places every value of `main`, whose results are distinct launch results (see CopyResults).
mlir::FailureOr<MemoryPlan> planMemory(mlir::func::FuncOp main, const llvm::StringMap<KernelNeeds> &kernels,
                                       bool keepDenormals);

/// The plan as text, one line a value, for --emit and tests.
std::string printPlan(mlir::func::FuncOp main, const MemoryPlan &plan);

inline constexpr llvm::StringLiteral entryName = "tegula.entry";

/// A module with the entry function of CodeAbi.h in the LLVM dialect; kernels are external symbols of it.
mlir::OwningOpRef<mlir::ModuleOp> lowerHost(mlir::func::FuncOp main, const MemoryPlan &plan,
                                            const llvm::StringMap<KernelNeeds> &kernels);

} // namespace tegula::codegen::host
