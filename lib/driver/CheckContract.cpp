// The pass --tegula-check-contract, which checks what a phase promises on any text. It exists so that every
// contract can be seen to fail: no pass of ours would break it on purpose.
#include "tegula/driver/Pipeline.h"
#include "tegula/driver/Register.h"

#include "mlir/Pass/PassRegistry.h"

using namespace mlir;

namespace tegula::driver {

namespace {
struct CheckContract : PassWrapper<CheckContract, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CheckContract)
  CheckContract() = default;
  CheckContract(const CheckContract &other) : PassWrapper(other) {}

  StringRef getArgument() const override { return "tegula-check-contract"; }
  StringRef getDescription() const override { return "checks what must hold after a phase"; }

  void runOnOperation() override {
    std::optional<Phase> checked = phaseOfName(phase);
    if (!checked) {
      getOperation().emitError("expected the name of a phase, got '") << phase << "'";
      return signalPassFailure();
    }
    PhaseStart start(*checked, getOperation());
    OpPassManager passes(ModuleOp::getOperationName(), OpPassManager::Nesting::Implicit);
    if ((!passed.empty() && failed(parsePassPipeline(passed, passes))) ||
        failed(runPipeline(passes, getOperation())) ||
        failed(checkContract(*checked, getOperation(), {}, start)))
      signalPassFailure();
  }

  Option<std::string> phase{*this, "phase", llvm::cl::desc("the phase whose promises are checked")};
  Option<std::string> passed{*this, "after", llvm::cl::desc("passes to run first, in place of the phase")};
};
} // namespace

void registerCheckContract() { PassRegistration<CheckContract>(); }

} // namespace tegula::driver
