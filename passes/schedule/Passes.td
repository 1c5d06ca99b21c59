// The schedule stage: passes that write down how kernels run.
#ifndef TEGULA_PASSES_SCHEDULE
#define TEGULA_PASSES_SCHEDULE

include "mlir/Pass/PassBase.td"

def ScheduleKernels : Pass<"tegula-schedule-kernels", "::mlir::ModuleOp"> {
  let summary = "decide a schedule for every kernel from the machine's facts";
  let description = [{
    Kernels that carry a schedule keep it. A kernel that nothing but its naive order fits stays without one. `precision` permits, and asks
    for nothing: products stay in float32 where the machine has no units for it, or they gain nothing.

    ```mlir
    tile.kernel @matmul_0(...) -> tensor<128x768xf32> { ... }
    // =>
    tile.kernel @matmul_0(...) -> tensor<128x768xf32> schedule(#sched.schedule<contract, grid = [<1 : 48>], ...>) { ... }
    ```
  }];
  let options = [Option<"machine", "machine", "std::string", "\"native\"", "machine whose facts decide">,
                 Option<"precision", "precision", "std::string", "\"fp32\"", "what float32 may be rounded to where it is multiplied: fp32, tf32, bf16 or fp16">];
  let statistics = [Statistic<"numKernelsScheduled", "num-kernels-scheduled", "kernels given a schedule">];
}

def AccountKernels : Pass<"tegula-account-kernels", "::mlir::ModuleOp"> {
  let summary = "say what every kernel does under its schedule and what bounds it, as remarks";
  let description = [{
    Changes nothing. To whoever listens to remarks of the category `cost` it says of each kernel its floating-point operations, the bytes
    from each level of memory, the predicted microseconds and what takes longest of them. Of open sizes it assumes what the scheduler
    does, and says so.

    ```mlir
    tile.kernel @matmul_0(...) -> tensor<128x768xf32> schedule(#sched.schedule<contract, ...>) { ... }
    // =>
    // the same, and remark: [Analysis] AccountKernel | Category:cost | Bound=multiply-adds, Flops=150994944, Microseconds=812.4, ...
    ```
  }];
  let options = [Option<"machine", "machine", "std::string", "\"native\"", "machine whose facts predict">];
}

def OverrideSchedules : Pass<"tegula-override-schedules", "::mlir::ModuleOp"> {
  let summary = "take schedules from a text file instead of the scheduler";
  let description = [{
    Each line is `@kernel #sched.schedule<...>` or `@kernel none`; empty lines and lines that start with `//` say nothing. A name without a
    kernel is an error.

    ```mlir
    tile.kernel @k(...) ...
    // file: @k #sched.schedule<map, tile = [8], lanes = 8>  =>
    tile.kernel @k(...) ... schedule(#sched.schedule<map, tile = [8], lanes = 8>) ...
    ```
  }];
  let options = [Option<"file", "file", "std::string", "", "file with one schedule a line">];
  let dependentDialects = ["::tegula::sched::SchedDialect"];
}

#endif
