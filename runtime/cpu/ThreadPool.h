// A fork-join pool for kernels: a microsecond a dispatch while warm, asleep soon after the last.
#pragma once

#include "tegula/artifact/CodeAbi.h"
#include "tegula/runtime/core/Trace.h"

#include <atomic>
#include <memory>
#include <pthread.h>
#include <vector>

namespace tegula::runtime {

/// How it works. One 32-bit word, `state`, says everything that threads race for: whether a job is open, how
/// many workers are inside it, and the job's number. A worker enters by adding itself while the job is open,
/// so the caller never waits for one that slept through: it closes the job when no cells are left and waits
/// only for those inside. Each participant owns one contiguous range of cells, the same for equal grids, so
/// that what a core wrote for one kernel lies in its cache for the next; it takes its range in shrinking
/// pieces, then helps with the others'. Cells are independent, so no result depends on who ran what.
class ThreadPool {
public:
  /// `threads` in all, the caller's included. `startWorker` runs once on each new thread.
  static std::unique_ptr<ThreadPool> create(int threads, bool spin, void (*startWorker)(bool), bool argument);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;

  int threads() const { return int(workers.size()) + 1; }
  /// Runs the cells [0, cells) and returns when all are done. One caller at a time.
  void run(TglKernelFn kernel, void *const *buffers, int64_t cells, int32_t dispatch = 0);
  /// From the next run on every thread notes here when it worked on which dispatch; nullptr ends that.
  void trace(Trace *to) { events = to; }

private:
  /// The cells of one participant, on a cache line of their own.
  struct alignas(64) Range {
    std::atomic<int64_t> next = 0;
    int64_t end = 0;
  };
  struct Worker {
    ThreadPool *pool;
    int index;
    pthread_t thread;
  };

  ThreadPool(int threads, bool spin, void (*startWorker)(bool), bool argument);
  bool start(int threads);
  static void *workerMain(void *worker);
  void workerLoop(int index);
  void work(int index);
  int64_t takeFrom(Range &range);
  int64_t takeAll(int index);
  uint32_t waitForNews(uint32_t seen);
  void waitUntilEmpty();

  static constexpr uint32_t openBit = 1, oneInside = 2, insideMask = 0xfffe, oneJob = 0x10000,
                            jobMask = 0xffff0000;

  alignas(64) std::atomic<uint32_t> state = 0;
  alignas(64) std::atomic<int> sleepers = 0;
  std::atomic<bool> callerSleeps = false, stopping = false;

  // The open job; written only while no worker is inside.
  alignas(64) TglKernelFn kernel = nullptr;
  void *const *buffers = nullptr;
  int32_t dispatch = 0;
  Trace *events = nullptr;
  std::unique_ptr<Range[]> ranges;

  int rangeCount;
  int64_t spinNanoseconds;
  void (*startWorker)(bool);
  bool startArgument;
  std::vector<Worker> workers;
};

} // namespace tegula::runtime
