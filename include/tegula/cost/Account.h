// Adds up what a kernel does under a schedule: arithmetic, bytes from each level of memory, and what of it
// takes longest; for people, who ask why a kernel takes as long as it does.
#pragma once

#include "tegula/cost/CostModel.h"

#include "mlir/IR/AffineExpr.h"

namespace tegula::cost {

struct Account {
  bool isOpen = false;    ///< whether sizes are assumed that only a run tells
  double flops = 0;       ///< arithmetic of the whole kernel; a multiply-add counts as two, a function as one
  double tensorBytes = 0; ///< of what it reads and writes, each element once
  mlir::AffineExpr openFlops,
      openBytes;     ///< the same over the kernel's sizes (symbol i is size i), where open
  Traffic bytes{};   ///< out of each level
  int64_t cells = 1; ///< that run in parallel
  double computeSeconds = 0, trafficSeconds = 0; ///< of all cores together
  double seconds = 0;                            ///< of the whole kernel, with its launch
  std::string_view
      bound; ///< what takes longest: what the computing waits for, a level of memory, or the launch
};

/// The name of a level: "L1", "L2", "L3", "memory".
std::string_view nameOf(Level level);

/// `schedule` may be null: then the body runs in plain loops, on one core.
Account account(tile::KernelOp kernel, sched::ScheduleAttr schedule, const target::Machine &machine);

/// Floating-point operations that all cores of a machine do a second at most, and bytes that they get from a
/// level.
double peakFlops(const target::Machine &machine);
double peakBytes(Level level, const target::Machine &machine);

} // namespace tegula::cost
