// Chooses a schedule for a kernel from machine facts; the only room that holds a block size as a choice.
#pragma once

#include "tegula/cost/KernelShape.h"
#include "tegula/target/Machine.h"

namespace tegula::search {

/// The constructive scheduler: enumerates the register tiles that fit the machine, takes the cheapest by the
/// cost model, then sizes blocks for the caches and cells for the cores. Deterministic, measures nothing.
/// Null for a kernel that cannot be cut. `constantInputs[i]`: whether every launch passes a constant as input
/// i, so that it can be packed at compile time. `widths`: of panels in which these constants are packed for
/// other kernels; one of them is taken where that costs next to nothing, for then they are stored once.
/// `permitted`: what float32 may be rounded to where it is multiplied.
sched::ScheduleAttr chooseSchedule(mlir::MLIRContext *context, const cost::KernelShape &shape,
                                   const target::Machine &machine, llvm::ArrayRef<bool> constantInputs,
                                   llvm::ArrayRef<int64_t> widths = {},
                                   sched::Multiply permitted = sched::Multiply::Fma);

} // namespace tegula::search
