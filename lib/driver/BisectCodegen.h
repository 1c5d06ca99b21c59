// The states that one kernel passes through in code generation, each of which -O0 can finish: so that a
// search for a wrong pass does not end where machine code begins.
#pragma once

#include "Backend.h"

#include "tegula/dialects/tile/Tile.h"

#include "mlir/IR/OwningOpRef.h"

namespace tegula::driver {

/// A kernel's module after a pass of the codegen phase.
struct CodegenStage {
  std::string pass, pipeline; ///< its flag, and as --pass-pipeline takes it; "" before the first
  mlir::OwningOpRef<mlir::ModuleOp> module;
  size_t done = 0; ///< how many passes of -O0's code generation this one and those before it stand for
};

/// All states of the only kernel of `module`, which is behind the tile phase: first as it is, last after the
/// passes that are inserted after codegen.
mlir::FailureOr<std::vector<CodegenStage>>
codegenStages(mlir::ModuleOp module, const PipelineOptions &options, const PipelineOptions &naive);

/// The artifact of `module` whose kernel is a state that the rest of -O0's code generation finishes. `naive`
/// is what -O0 is told for the same machine.
mlir::FailureOr<std::vector<uint8_t>> finishNaively(mlir::ModuleOp module, const CodegenStage &stage,
                                                    const PipelineOptions &naive,
                                                    const Provenance &provenance);

/// Notes every pass that runs in a pass manager, with a copy of the module after it.
class PassWatcher {
public:
  /// Called after each pass: its flag, itself as --pass-pipeline takes it, and the module.
  using Seen =
      std::function<void(std::string pass, std::string pipeline, mlir::OwningOpRef<mlir::ModuleOp> module)>;
  static void watch(mlir::PassManager &pm, Seen seen);
};

} // namespace tegula::driver
