// The whole flow: which passes a phase has and what is checked between phases, because a broken promise is
// cheapest where it is broken.
#include "tegula/driver/Pipeline.h"

#include "tegula/codegen/common/Passes.h"
#include "tegula/codegen/host/Passes.h"
#include "tegula/passes/tile/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace tegula::driver {

//===-- phases
//-------------------------------------------------------------------------------------------===//

void populateGraphPhase(OpPassManager &pm, const PipelineOptions &options) {
  graph::populateGraphPipeline(pm, options.graph);
}

void populateFusePhase(OpPassManager &pm, const PipelineOptions &options) {
  fuse::populateFusePipeline(pm, options.fuse);
  pm.addPass(codegen::host::createCopyResults());
}

void populateSchedulePhase(OpPassManager &pm, const PipelineOptions &options) {
  if (options.optLevel > 0)
    schedule::populateSchedulePipeline(pm, options.schedule);
}

void populateTilePhase(OpPassManager &pm, const PipelineOptions &options) {
  if (options.optLevel > 0)
    tile::populateTilePipeline(pm);
}

void populateCodegenPhase(OpPassManager &pm, const PipelineOptions &options) {
  if (options.optLevel > 0)
    codegen::populateVectorizePipeline(pm);
  codegen::cpu::populateCpuCodegenPipeline(pm, options.cpu);
}

//===-- contracts
//----------------------------------------------------------------------------------------===//

namespace {
/// Which dialects may stand outside and inside kernels after a phase.
struct Contract {
  Phase phase;
  StringRef name;
  ArrayRef<StringRef> host, kernel;
};
} // namespace

static constexpr StringRef graphHost[] = {"builtin", "func", "graph"};
static constexpr StringRef tileHost[] = {"builtin", "func", "arith", "tile"};
static constexpr StringRef linalgBody[] = {"tile", "linalg", "tensor", "arith", "math", "scf", "ub"};
static constexpr StringRef tiledBody[] = {"tile", "linalg", "tensor", "arith", "math", "scf", "ub", "affine"};
static constexpr StringRef llvmOnly[] = {"builtin", "llvm"};

static constexpr Contract contracts[] = {
    {Phase::Import, "import", graphHost, {}},    {Phase::Graph, "graph", graphHost, {}},
    {Phase::Fuse, "fuse", tileHost, linalgBody}, {Phase::Schedule, "schedule", tileHost, linalgBody},
    {Phase::Tile, "tile", tileHost, tiledBody},  {Phase::Codegen, "codegen", llvmOnly, {}},
};

StringRef nameOf(Phase phase) { return contracts[int(phase)].name; }

std::optional<Phase> phaseOfName(StringRef name) {
  for (const Contract &contract : contracts)
    if (contract.name == name)
      return contract.phase;
  return std::nullopt;
}

/// Says which operation under `root` is of none of the dialects in `allowed`; kernels are passed over.
static LogicalResult checkDialects(Operation *root, ArrayRef<StringRef> allowed, const Contract &contract) {
  WalkResult result = root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op != root && isa<tile::KernelOp>(op) && !contract.kernel.empty())
      return WalkResult::skip();
    if (llvm::is_contained(allowed, op->getName().getDialectNamespace()))
      return WalkResult::advance();
    op->emitError("internal: expected no such operation after ")
        << contract.name << ", got " << op->getName();
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

LogicalResult checkContract(Phase phase, ModuleOp module) {
  const Contract &contract = contracts[int(phase)];
  if (failed(checkDialects(module, contract.host, contract)))
    return failure();
  for (auto kernel : module.getOps<tile::KernelOp>())
    if (failed(checkDialects(kernel, contract.kernel, contract)))
      return failure();
  return success();
}

LogicalResult runPhase(Phase phase, ModuleOp module, const PipelineOptions &options) {
  PassManager pm(module.getContext(), ModuleOp::getOperationName());
  if (!options.reproducer.empty())
    pm.enableCrashReproducerGeneration(options.reproducer);
  switch (phase) {
  case Phase::Graph:
    populateGraphPhase(pm, options);
    break;
  case Phase::Fuse:
    populateFusePhase(pm, options);
    break;
  case Phase::Schedule:
    populateSchedulePhase(pm, options);
    break;
  case Phase::Tile:
    populateTilePhase(pm, options);
    break;
  case Phase::Import:
  case Phase::Codegen:
    llvm_unreachable("import has no passes, and codegen runs on one kernel at a time");
  }
  if (failed(pm.run(module)))
    return failure();
  return checkContract(phase, module);
}

} // namespace tegula::driver
