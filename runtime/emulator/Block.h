// A thread block at work: its warps, its barriers, its memory, and the first error that stops it.
#pragma once

#include "Counters.h"
#include "Memory.h"
#include "Warp.h"

namespace tegula::runtime::emulator {

class Block {
public:
  Block(const Program &program, const Function &entry, const GlobalMemory &global, const Launch &launch,
        LaunchCounts &counts);

  /// Runs the block at `position` of the grid to its end; false on an error.
  bool run(Extent position);

  bool failed() const { return !error.empty(); }
  const std::string &errorText() const { return error; }
  void fail(const Instruction *instruction, uint32_t thread, const std::string &text);

  /// "block (1,0,0)", by its number in the grid.
  std::string nameOf(uint32_t number) const;
  /// "thread (5,0,0), line 12 'st.shared.f32 [%r1], %f1;',".
  std::string nameOf(uint32_t thread, uint32_t instruction) const;

  /// A warp comes to barrier `id`, which completes when `expected` threads have come, or all that live where
  /// that is 0. Unless it `waits` there it goes on at once.
  void arrive(const Warp &warp, uint32_t id, uint32_t expected, uint32_t threads, uint32_t holds, bool waits);

  const Program &program;
  const Function &entry;
  const Launch &launch;
  LaunchCounts &counts;
  Counters *const counters; ///< nullptr where nothing is counted by instruction
  Memory memory;

private:
  struct BarrierState {
    uint32_t warps = 0, expected = 0;
    uint32_t threads = 0, holds = 0; ///< for reductions over those that arrived
    SharedCells::Known joined = {};  ///< what those know that arrived
  };
  void start(Extent position);
  void releaseBarriers();
  void reportDeadlock();

  std::vector<Warp> warps;
  BarrierState barriers[16];
  std::string error;
  Extent position;
};

} // namespace tegula::runtime::emulator
