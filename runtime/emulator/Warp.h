// A warp: registers of 32 lanes side by side, and groups of lanes that stand at the same instruction.
#pragma once

#include "Program.h"

#include <bit>
#include <deque>
#include <string>

namespace tegula::runtime::emulator {

class Block;
struct Extent;

/// Lanes that run together. A warp starts as one group; a branch that lanes disagree on splits it, and groups
/// that meet at one instruction become one again.
struct Group {
  uint32_t mask;
  uint32_t at; ///< the next instruction
  bool waits = false;
  std::vector<uint32_t> calls; ///< where to return to
};

/// A copy that cp.async started and nobody has waited for.
struct PendingCopy {
  uint64_t address;
  uint32_t bytes, group;
  std::byte data[16];
};

class Warp {
public:
  Warp(Block &block, uint32_t index, uint32_t threads);

  void start(Extent position);
  /// Runs until the warp ends, waits at a barrier, fails, or has had its share of instructions.
  void run(uint32_t instructions);

  bool done() const { return groups.empty(); }
  bool atBarrier() const { return barrier >= 0; }
  int barrierId() const { return barrier; }
  /// Lets the warp go on behind its barrier, giving a reduction's result.
  void release(uint32_t threads, uint32_t holds);
  const Instruction &current() const;

  uint32_t firstThread() const { return index * lanesPerWarp; }
  uint32_t threadsThatExist() const { return exists; }
  Block &owner() const { return block; }

  template <class T> T *lanes(uint32_t place) { return reinterpret_cast<T *>(registers + place); }
  uint32_t &predicate(uint32_t place) { return *lanes<uint32_t>(place); }
  const uint32_t *list(const Instruction &instruction) const;
  /// One lane's value of a register of `width` bytes, extended with zeros.
  uint64_t read(uint32_t place, uint32_t width, int lane);
  void write(uint32_t place, uint32_t width, int lane, uint64_t value);

  /// Reports an error of one lane. The block stops.
  void fail(const Instruction &instruction, int lane, const std::string &text);

  std::deque<PendingCopy> copies[lanesPerWarp];
  uint32_t copyGroup[lanesPerWarp] = {};

private:
  template <bool counts> void runCounted(uint32_t instructions);
  template <bool counts> bool step();
  void choose();
  void branch(uint32_t taken, uint32_t target);
  void branchTable(const Instruction &instruction, uint32_t mask);
  void leave(uint32_t mask, bool exits);
  void enter(const Instruction &instruction, uint32_t mask);
  bool waitForOthers(const Instruction &instruction, uint32_t needed, uint32_t mask);
  void reachBarrier(const Instruction &instruction, uint32_t mask);
  uint32_t named(const Instruction &instruction, uint32_t mask);

  Block &block;
  const uint32_t index;
  uint32_t exists, live;
  std::unique_ptr<std::byte[]> storage;
  std::byte *registers;
  std::vector<Group> groups; ///< the one that runs is first
  int barrier = -1;
};

/// Calls `body` with each lane of `mask`; a full mask becomes one loop, which the compiler can vectorize.
template <class F> [[gnu::always_inline]] inline void eachLane(uint32_t mask, F body) {
  if (mask == allLanes) {
    for (int lane = 0; lane < lanesPerWarp; ++lane)
      body(lane);
  } else {
    for (; mask; mask &= mask - 1)
      body(std::countr_zero(mask));
  }
}

} // namespace tegula::runtime::emulator
