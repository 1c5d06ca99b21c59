// The whole flow: which passes a phase has, in their order. What is checked between phases is in
// Contracts.cpp.
#include "tegula/driver/Pipeline.h"

#include "Inserted.h"
#include "tegula/codegen/common/Passes.h"
#include "tegula/codegen/host/Passes.h"
#include "tegula/passes/tile/Passes.h"

using namespace mlir;

namespace tegula::driver {

// ---- phases ----

void populateGraphPhase(OpPassManager &pm, const PipelineOptions &options) {
  graph::populateGraphPipeline(pm, options.graph);
}

void populateFusePhase(OpPassManager &pm, const PipelineOptions &options) {
  fuse::populateFusePipeline(pm, options.fuse);
  if (options.language == target::Language::Ptx)
    pm.addPass(codegen::host::createAlignSlices());
  pm.addPass(codegen::host::createCopyResults());
  pm.addPass(codegen::host::createSinkBranches());
}

void populateSchedulePhase(OpPassManager &pm, const PipelineOptions &options) {
  if (options.optLevel > 0)
    return schedule::populateSchedulePipeline(pm, options.schedule);
  schedule::AccountKernelsOptions account;
  account.machine = options.schedule.machine;
  pm.addPass(schedule::createAccountKernels(account));
}

void populateTilePhase(OpPassManager &pm, const PipelineOptions &options) {
  if (options.optLevel > 0)
    tile::populateTilePipeline(pm);
}

void populateCodegenPhase(OpPassManager &pm, const PipelineOptions &options) {
  if (options.optLevel > 0)
    codegen::populateVectorizePipeline(pm);
  switch (options.language) {
  case target::Language::X86:
    return codegen::cpu::populateCpuCodegenPipeline(pm, options.cpu);
  case target::Language::Ptx:
    return codegen::ptx::populatePtxCodegenPipeline(pm, options.ptx);
  }
}

// ---- one phase ----

void populatePhase(Phase phase, OpPassManager &pm, const PipelineOptions &options) {
  switch (phase) {
  case Phase::Import:
    return;
  case Phase::Graph:
    return populateGraphPhase(pm, options);
  case Phase::Fuse:
    return populateFusePhase(pm, options);
  case Phase::Schedule:
    return populateSchedulePhase(pm, options);
  case Phase::Tile:
    return populateTilePhase(pm, options);
  case Phase::Codegen:
    llvm_unreachable("codegen runs on one kernel at a time");
  }
}

LogicalResult runPhase(Phase phase, ModuleOp module, const PipelineOptions &options) {
  PassManager pm(module.getContext(), ModuleOp::getOperationName());
  if (!options.reproducer.empty())
    pm.enableCrashReproducerGeneration(options.reproducer);
  populatePhase(phase, pm, options);
  PhaseStart start(phase, module);
  if (failed(pm.run(module)) || failed(checkContract(phase, module, options, start)))
    return failure();
  return runInserted(phase, module, options);
}

} // namespace tegula::driver
