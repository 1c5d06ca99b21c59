// What the core asks of whatever runs the kernels of a context: the one seam between contexts and threads.
#pragma once

#include "tegula/artifact/CodeAbi.h"

#include <memory>

namespace tegula::runtime {

class Trace;

/// Runs the kernels of one context, one at a time.
class Executor {
public:
  virtual ~Executor() = default;
  /// Threads that take part in a launch, the caller's included.
  virtual int threads() const = 0;
  /// Computes all cells. Never allocates. On the process's own threads it returns when they are done, and
  /// never fails; a device tells later (see Device.h). `dispatch` numbers the launch in the manifest, and is
  /// in range.
  virtual void launch(TglKernelFn kernel, void *const *buffers, int64_t cells, int32_t dispatch) = 0;
  /// Called on the launching thread around a run: makes that thread ready for it (floating-point mode,
  /// current context), and gives back what it had before.
  virtual uint64_t enterRun() = 0;
  virtual void leaveRun(uint64_t saved) = 0;
  /// From now on threads note what they do here; nullptr ends that. Never called during a run. A device notes
  /// nothing.
  virtual void trace(Trace *) {}
};

/// Threads of this process: `threads` in all, or as many as it may use where that is 0. nullptr if they
/// cannot be had. Implemented by runtime/cpu.
std::unique_ptr<Executor> createCpuExecutor(int threads, bool keepDenormals);

} // namespace tegula::runtime
