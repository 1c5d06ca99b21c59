// The compiler on one page: every phase with what holds after it, its options and its passes. Start reading
// here.
//
//   model.onnx -> import -> graph -> fuse -> schedule -> tile -> codegen -> artifact
//
// Each phase runs in a pass manager of its own; between two phases the driver checks the contract, whatever
// the passes claim.
#pragma once

#include "tegula/codegen/cpu/Codegen.h"
#include "tegula/codegen/ptx/Codegen.h"
#include "tegula/passes/fuse/Passes.h"
#include "tegula/passes/graph/Passes.h"
#include "tegula/passes/schedule/Passes.h"
#include "tegula/target/Machine.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"

#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/SmallPtrSet.h"

#include <functional>
#include <optional>

namespace tegula::driver {

/// The phases in their order; --stop-after takes their names in lower case.
enum class Phase { Import, Graph, Fuse, Schedule, Tile, Codegen };

llvm::StringRef nameOf(Phase phase);
std::optional<Phase> phaseOfName(llvm::StringRef name);

/// Passes that a user runs after a phase: one, or several as MLIR writes pipelines.
struct InsertedPass {
  Phase after;
  std::string given;    ///< as it was written
  std::string pipeline; ///< for a pass manager of modules
};

/// What the phases may be told. A phase reads its own part only.
struct PipelineOptions {
  graph::GraphOptions graph;
  fuse::FuseOptions fuse;
  schedule::ScheduleOptions schedule;
  codegen::cpu::CpuCodegenOptions cpu;
  codegen::ptx::PtxCodegenOptions ptx;
  target::Language language = target::Language::X86; ///< which of the code generators is asked
  std::function<void(size_t done, size_t total)>
      kernelsDone;                         ///< called after each kernel of codegen, one by one
  int optLevel = 2;                        ///< 0 leaves out schedule, tile and vectors
  std::vector<InsertedPass> inserted = {}; ///< in the order in which they run
  std::string reproducer; ///< file that receives the IR and the passes of a phase that crashes, "" for none
};

// import has no passes (lib/import). After it: @main, its variants and the bodies of loops, only graph
// operations; every value typed, its sizes numbers or expressions over the model's symbols; every operation
// keeps the ONNX node's name as its location, or the value's name where a constant stands for no node;
// func.return has none.

/// After it: graph operations still, with constants folded and one layout a value.
void populateGraphPhase(mlir::OpPassManager &pm, const PipelineOptions &options);

/// After it: no graph operation is left. @main, variants and bodies of loops hold launches, loops,
/// choices, views, constants and the sizes of kernels, computed from symbols; a kernel's body is linalg,
/// tensor, arith and math; every result of @main is a launch's own.
void populateFusePhase(mlir::OpPassManager &pm, const PipelineOptions &options);

/// After it: every kernel that can be cut carries a #sched.schedule that is legal for the target, unless a
/// file of schedules takes it away. Nothing else has changed.
void populateSchedulePhase(mlir::OpPassManager &pm, const PipelineOptions &options);

/// After it: every scheduled kernel is scf loops around static tiles (but for blocks of threads, which
/// codegen cuts, and what the schedule leaves whole); packed constants stand in @main as tile.pack.
void populateTilePhase(mlir::OpPassManager &pm, const PipelineOptions &options);

/// Runs on a module that holds one kernel. After it: LLVM functions under the interface of
/// artifact/CodeAbi.h, or of codegen/ptx/Codegen.h.
void populateCodegenPhase(mlir::OpPassManager &pm, const PipelineOptions &options);

/// Adds the passes of one of the phases Graph to Tile; none for import, which has none.
void populatePhase(Phase phase, mlir::OpPassManager &pm, const PipelineOptions &options);

/// What a contract has to know of the module before the phase began.
struct PhaseStart {
  PhaseStart() = default;
  PhaseStart(Phase phase, mlir::ModuleOp module);
  llvm::hash_code rest{0};                                ///< schedule: of all but schedules
  llvm::SmallPtrSet<mlir::Operation *, 4> scheduled = {}; ///< schedule: kernels whose text has a schedule
};

/// Checks what must hold after `phase`; says at the offending operation what does not.
mlir::LogicalResult checkContract(Phase phase, mlir::ModuleOp module, const PipelineOptions &options = {},
                                  const PhaseStart &start = {});

/// Checks hand-written text before `first`, the phase that it is compiled from: what the phases before it
/// promise, and one function @main whose inputs and outputs are tensors. What is wrong is the text's fault.
mlir::LogicalResult checkText(Phase first, mlir::ModuleOp module);

/// Runs one of the phases Graph to Tile on `module` and checks its contract, also after each inserted pass.
mlir::LogicalResult runPhase(Phase phase, mlir::ModuleOp module, const PipelineOptions &options);

} // namespace tegula::driver
