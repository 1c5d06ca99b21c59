// Assembles the schedule stage and prints schedules, so that what is printed can be read back.
#include "tegula/passes/schedule/Passes.h"

#include "llvm/Support/raw_ostream.h"

namespace tegula::schedule {

std::optional<sched::Multiply> multiplyOf(llvm::StringRef precision) {
  if (precision == "fp32")
    return sched::Multiply::Fma;
  std::optional<sched::Multiply> units = sched::symbolizeMultiply(precision);
  return units == sched::Multiply::Fma ? std::nullopt : units;
}

void populateSchedulePipeline(mlir::OpPassManager &pm, const ScheduleOptions &options) {
  ScheduleKernelsOptions decide;
  decide.machine = options.machine;
  decide.precision = options.precision;
  pm.addPass(createScheduleKernels(decide));
  if (!options.file.empty()) {
    OverrideSchedulesOptions overrides;
    overrides.file = options.file;
    pm.addPass(createOverrideSchedules(overrides));
  }
  AccountKernelsOptions account;
  account.machine = options.machine;
  pm.addPass(createAccountKernels(account));
}

std::string printSchedules(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream out(text);
  for (auto kernel : module.getOps<tile::KernelOp>()) {
    out << '@' << kernel.getSymName() << ' ';
    if (sched::ScheduleAttr schedule = kernel.getSched())
      out << schedule << '\n';
    else
      out << "none\n";
  }
  return text;
}

} // namespace tegula::schedule
