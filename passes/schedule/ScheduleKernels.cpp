// Writes the scheduler's choice on every kernel, because later stages only obey: tile.kernel => tile.kernel
// with #sched.schedule.
#include "tegula/passes/schedule/Passes.h"

#include "tegula/search/Search.h"

using namespace mlir;

namespace tegula::schedule {
#define GEN_PASS_DEF_SCHEDULEKERNELS
#include "tegula/passes/schedule/Passes.h.inc"

namespace {

struct ScheduleKernels : impl::ScheduleKernelsBase<ScheduleKernels> {
  using ScheduleKernelsBase::ScheduleKernelsBase;
  void runOnOperation() override {
    std::optional<target::Machine> facts = target::findMachine(machine);
    if (!facts) {
      getOperation().emitError("expected a machine that is known, got '") << machine << "'";
      return signalPassFailure();
    }
    llvm::StringMap<SmallVector<bool>> constants;
    getOperation().walk([&](tile::LaunchOp launch) {
      SmallVector<bool> &known = constants[launch.getKernel()];
      known.resize(launch.getInputs().size(), true);
      for (auto [number, input] : llvm::enumerate(launch.getInputs()))
        known[number] = known[number] && tile::isConstant(input);
    });
    for (auto kernel : getOperation().getOps<tile::KernelOp>()) {
      if (kernel.getSched())
        continue;
      SmallVector<bool> constant = constants.lookup(kernel.getSymName());
      constant.resize(kernel.getInputs().size(), false);
      if (sched::ScheduleAttr chosen =
              search::chooseSchedule(&getContext(), cost::analyse(kernel), *facts, constant)) {
        kernel.setScheduleAttr(chosen);
        ++numKernelsScheduled;
      }
    }
  }
};

} // namespace
} // namespace tegula::schedule
