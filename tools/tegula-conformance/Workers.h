// Runs jobs in forked processes that live for many jobs: a crash or a hang costs one case, never the run.
#pragma once

#include "Case.h"

#include <functional>
#include <string>
#include <vector>

namespace tegula::tools {

struct WorkerOptions {
  int jobs = 1;             ///< processes at once
  double timeLimit = 180;   ///< seconds a case may take
  uint64_t memoryLimit = 0; ///< bytes of address space a worker may take, 0: no limit
};

/// Runs `job(index)` for 0 .. count-1 in worker processes and hands every result to `done` in this process,
/// in the order of completion. Must be called before this process has threads.
void runInWorkers(size_t count, const WorkerOptions &options, const std::function<CaseResult(size_t)> &job,
                  const std::function<void(size_t, CaseResult)> &done);

} // namespace tegula::tools
