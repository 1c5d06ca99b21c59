// Declares the schedule stage for the driver and tegula-opt.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

#include "tegula/dialects/tile/Tile.h"

#include <optional>
#include <string>

namespace tegula::schedule {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "tegula/passes/schedule/Passes.h.inc"

struct ScheduleOptions {
  std::string machine = "native"; ///< name that target::findMachine knows
  std::string file;               ///< overrides, empty: none
  std::string precision = "fp32"; ///< what products of float32 may be rounded to
};

/// What multiplies in `precision` (fp32, tf32, bf16 or fp16); nothing where the word is another.
std::optional<sched::Multiply> multiplyOf(llvm::StringRef precision);

/// After it: every kernel that can be cut carries a #sched.schedule that is legal for the machine.
void populateSchedulePipeline(mlir::OpPassManager &pm, const ScheduleOptions &options);

/// One line a kernel, in the form that the override file takes.
std::string printSchedules(mlir::ModuleOp module);

} // namespace tegula::schedule
