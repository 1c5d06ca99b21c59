// Runs code generation pass by pass. -O0's passes are some of those of -O2, in the same order, so that a
// state of -O2 is finished by those of -O0 that have no counterpart before it.
#include "BisectCodegen.h"

#include "tegula/artifact/Writer.h"

#include "mlir/IR/Action.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;

namespace tegula::driver {

// ---- watching ----

namespace {
class Watcher : public PassInstrumentation {
public:
  explicit Watcher(PassWatcher::Seen seen) : seen(std::move(seen)) {}

  void runAfterPass(Pass *pass, Operation *op) override {
    if (pass->getArgument().empty()) // what only holds other passes
      return;
    auto module = isa<ModuleOp>(op) ? cast<ModuleOp>(op) : op->getParentOfType<ModuleOp>();
    std::string text;
    llvm::raw_string_ostream stream(text);
    pass->printAsTextualPipeline(stream);
    if (!isa<ModuleOp>(op))
      text = op->getName().getStringRef().str() + "(" + text + ")";
    seen(pass->getArgument().str(), "builtin.module(" + text + ")", module.clone());
  }

private:
  PassWatcher::Seen seen;
};

/// Calls `act` for each pass that runs, with what runs it; a pass that runs on one operation after the other
/// comes once for each.
class PassHandler {
public:
  PassHandler(MLIRContext *context, std::function<void(const Pass &, function_ref<void()>)> act)
      : context(context) {
    context->registerActionHandler(
        [act = std::move(act)](function_ref<void()> run, const tracing::Action &action) {
          auto *execution = dyn_cast<PassExecutionAction>(&action);
          bool isPass = execution && !execution->getPass().getArgument().empty();
          isPass ? act(execution->getPass(), run) : run();
        });
  }
  ~PassHandler() { context->registerActionHandler(nullptr); }

private:
  MLIRContext *context;
};
} // namespace

void PassWatcher::watch(PassManager &pm, Seen seen) {
  pm.addInstrumentation(std::make_unique<Watcher>(std::move(seen)));
}

// ---- states ----

/// The flags of the codegen phase's passes as they run on a kernel's module.
static FailureOr<std::vector<std::string>> passesOn(ModuleOp module, const PipelineOptions &options) {
  std::vector<std::string> flags;
  const Pass *last = nullptr;
  PassHandler handler(module.getContext(), [&](const Pass &pass, function_ref<void()> run) {
    if (&pass != last)
      flags.push_back(pass.getArgument().str());
    last = &pass;
    run();
  });
  OwningOpRef<ModuleOp> copy = module.clone();
  PassManager pm(module.getContext(), ModuleOp::getOperationName());
  populateCodegenPhase(pm, options);
  if (failed(pm.run(*copy)))
    return failure();
  return flags;
}

/// Runs the codegen phase but for the first `done` of the passes `flags`. Some of these may find nothing to
/// run on, and then do not show.
static LogicalResult runRest(ModuleOp module, ArrayRef<std::string> flags, size_t done,
                             const PipelineOptions &options) {
  size_t next = 0;
  const Pass *last = nullptr;
  PassHandler handler(module.getContext(), [&](const Pass &pass, function_ref<void()> run) {
    if (&pass != last)
      next = std::find(flags.begin() + next, flags.end(), pass.getArgument()) - flags.begin() + 1;
    last = &pass;
    if (next > done)
      run();
  });
  PassManager pm(module.getContext(), ModuleOp::getOperationName());
  populateCodegenPhase(pm, options);
  return pm.run(module);
}

FailureOr<std::vector<CodegenStage>> codegenStages(ModuleOp module, const PipelineOptions &options,
                                                   const PipelineOptions &naiveOptions) {
  tile::KernelOp kernel = *module.getOps<tile::KernelOp>().begin();
  OwningOpRef<ModuleOp> alone = ModuleOp::create(kernel.getLoc());
  alone->getBody()->push_back(kernel->clone());
  FailureOr<std::vector<std::string>> naive = passesOn(*alone, naiveOptions);
  if (failed(naive))
    return failure();
  std::vector<CodegenStage> stages;
  stages.push_back({"", "", alone->clone(), 0});
  auto seen = [&](std::string pass, std::string pipeline, OwningOpRef<ModuleOp> after) {
    size_t done = stages.back().done;
    done += done < naive->size() && (*naive)[done] == pass;
    stages.push_back({std::move(pass), std::move(pipeline), std::move(after), done});
  };
  PassManager pm(module.getContext(), ModuleOp::getOperationName());
  PassWatcher::watch(pm, seen);
  populateCodegenPhase(pm, options);
  if (failed(pm.run(*alone)))
    return failure();
  for (const InsertedPass &pass : options.inserted) {
    PassManager manager(module.getContext(), ModuleOp::getOperationName());
    PassWatcher::watch(manager, seen);
    if (pass.after == Phase::Codegen &&
        (failed(parsePassPipeline(pass.pipeline, manager)) || failed(manager.run(*alone))))
      return failure();
  }
  return stages;
}

FailureOr<std::vector<uint8_t>> finishNaively(ModuleOp module, const CodegenStage &stage,
                                              const PipelineOptions &naive, const Provenance &provenance) {
  using codegen::cpu::Output;
  tile::KernelOp whole = *module.getOps<tile::KernelOp>().begin();
  OwningOpRef<ModuleOp> state = ModuleOp(stage.module.get()).clone(),
                        first = ModuleOp::create(whole.getLoc());
  first->getBody()->push_back(whole->clone());
  FailureOr<std::vector<std::string>> flags = passesOn(*first, naive);
  if (failed(flags) || failed(runRest(*state, *flags, stage.done, naive)))
    return failure();
  CompiledKernel kernel;
  kernel.name = whole.getSymName().str();
  Output output = naive.language == target::Language::Ptx ? Output::Assembly : Output::Object;
  artifact::ArtifactContents contents;
  codegen::host::WeightLayout weights(provenance.keepDenormals);
  if (failed(emitKernel(*state, output, naive, /*keepIr=*/false, kernel)) ||
      failed(assemble(module, kernel, Output::Object, naive, provenance, weights, contents)))
    return failure();
  contents.weights = weights.takeChunks();
  std::vector<uint8_t> bytes;
  std::string why;
  if (!artifact::writeArtifact(contents, bytes, why))
    return module.emitError("internal: ") << why;
  return bytes;
}

} // namespace tegula::driver
