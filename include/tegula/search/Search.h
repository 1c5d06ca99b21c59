// Chooses a schedule for a kernel from machine facts; the only room that holds a block size as a choice.
#pragma once

#include "tegula/cost/Account.h"
#include "tegula/target/Machine.h"

#include <string>

namespace tegula::search {

/// What a scheduler chose for a kernel, and what it compared that with.
struct Choice {
  sched::ScheduleAttr schedule; ///< null for a kernel that cannot be cut
  double cycles = 0; ///< by which it was chosen: of one core, or of a cluster; 0 where nothing was compared
  int64_t considered = 0;       ///< candidates that fit the machine; 0 where it follows from facts alone
  sched::ScheduleAttr runnerUp; ///< the next best, null where there is none
  double runnerUpCycles = 0;
  std::string note; ///< what decided beside cycles, "" for nothing
};

/// The constructive scheduler: enumerates the register tiles that fit the machine, takes the cheapest by the
/// cost model, then sizes blocks for the caches and cells for the cores. Deterministic, measures nothing.
/// `constantInputs[i]`: whether every launch passes a constant as input i, so that it can be packed at
/// compile time. `widths`: of panels in which these constants are packed for other kernels; one of them is
/// taken where that costs next to nothing, for then they are stored once. `permitted`: what float32 may be
/// rounded to where it is multiplied.
Choice chooseSchedule(mlir::MLIRContext *context, const cost::KernelShape &shape,
                      const target::Machine &machine, llvm::ArrayRef<bool> constantInputs,
                      llvm::ArrayRef<int64_t> widths = {}, sched::Multiply permitted = sched::Multiply::Fma);

} // namespace tegula::search
