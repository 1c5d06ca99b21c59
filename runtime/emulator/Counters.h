// Counts what a launch asks of a multiprocessor, instruction by instruction, because a kernel that is right
// may still ask for much more than it needs; docs/counters.md says by which model of the hardware.
#pragma once

#include "Program.h"

#include <array>
#include <bit>

namespace tegula::runtime::emulator {

struct Access;

/// What one instruction did, in all launches that were counted.
struct InstructionCounts {
  uint64_t warps = 0, threads = 0; ///< that executed it; of threads those whose guard holds
  struct {
    uint64_t requests = 0, wavefronts = 0, leastWavefronts = 0, bytes = 0;
  } shared;
  struct {
    uint64_t requests = 0, sectors = 0, leastSectors = 0, lines = 0, bytes = 0;
  } global;
};

class Counters {
public:
  explicit Counters(const Program &program);

  void beginLaunch(uint64_t blocks, uint32_t threads, uint32_t sharedBytes);
  void execute(const Instruction &instruction, uint32_t mask) {
    InstructionCounts &counts = of(instruction);
    ++counts.warps;
    counts.threads += uint32_t(std::popcount(mask));
  }
  /// A request of the lanes of a warp.
  void access(const Instruction &instruction, const Access &access);

  uint64_t launches() const { return launchCount; }
  uint64_t blocks() const { return blockCount; }
  /// Of the last launch: threads and shared memory of a block.
  uint32_t threads() const { return blockThreads; }
  uint32_t sharedBytes() const { return blockBytes; }
  /// Calls `body` with every instruction that was executed and its counts, in the order of the text.
  template <class F> void each(F body) const {
    for (size_t page = 0; page < pages.size(); ++page)
      for (size_t i = 0; pages[page] && i < perPage; ++i)
        if (const InstructionCounts &counts = (*pages[page])[i]; counts.warps)
          body(program.code[page * perPage + i], counts);
  }

private:
  static constexpr size_t perPage = 256; ///< a launch executes one of many kernels
  using Page = std::array<InstructionCounts, perPage>;

  InstructionCounts &of(const Instruction &instruction) {
    size_t at = size_t(&instruction - program.code.data());
    std::unique_ptr<Page> &page = pages[at / perPage];
    if (!page)
      page = std::make_unique<Page>();
    return (*page)[at % perPage];
  }

  const Program &program;
  std::vector<std::unique_ptr<Page>> pages;
  uint64_t launchCount = 0, blockCount = 0;
  uint32_t blockThreads = 0, blockBytes = 0;
};

/// Name of a kind of work: "fma", "load matrix".
const char *nameOf(Work work);

} // namespace tegula::runtime::emulator
