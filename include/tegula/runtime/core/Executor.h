// What the core asks of a device that runs kernels: the one seam between contexts and threads.
#pragma once

#include "tegula/artifact/CodeAbi.h"

#include <memory>

namespace tegula::runtime {

/// Runs the kernels of one context, one at a time.
class Executor {
public:
  virtual ~Executor() = default;
  /// Threads that take part in a launch, the caller's included.
  virtual int threads() const = 0;
  /// Computes all cells and returns when they are done. Never fails and never allocates.
  virtual void launch(TglKernelFn kernel, void *const *buffers, int64_t cells) = 0;
  /// Called on the launching thread around a run: sets the floating-point mode of the kernels, and gives the
  /// caller's back.
  virtual uint32_t enterRun() = 0;
  virtual void leaveRun(uint32_t saved) = 0;
};

/// Threads of this process: `threads` in all, or as many as it may use where that is 0. nullptr if they
/// cannot be had. Implemented by runtime/cpu.
std::unique_ptr<Executor> createCpuExecutor(int threads, bool keepDenormals);

} // namespace tegula::runtime
