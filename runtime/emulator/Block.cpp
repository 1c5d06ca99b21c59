// Schedules the warps of a block and its barriers, and runs all blocks of a launch.
#include "Block.h"

#include "tegula/target/Groups.h"

#include <algorithm>
#include <cfenv>

namespace tegula::runtime::emulator {
namespace {

std::string text(Extent e) {
  return "(" + std::to_string(e.x) + "," + std::to_string(e.y) + "," + std::to_string(e.z) + ")";
}

Extent positionOf(uint64_t index, Extent extent) {
  return {uint32_t(index % extent.x), uint32_t(index / extent.x % extent.y),
          uint32_t(index / extent.x / extent.y)};
}

std::string trimmed(const std::string &line) {
  size_t start = line.find_first_not_of(" \t"), end = line.find_last_not_of(" \t\r");
  return start == line.npos ? std::string() : line.substr(start, end - start + 1);
}

/// "line 12 'st.shared.f32 [%r1], %f1;'".
std::string lineOf(const Program &program, const Instruction &in) {
  std::string result = "line " + std::to_string(in.line);
  if (size_t(in.line) <= program.lines.size() && in.line > 0)
    result += " '" + trimmed(program.lines[size_t(in.line) - 1]) + "'";
  return result;
}

/// Kernels run in the default floating-point mode, whatever the host program has set.
class DefaultFloatMode {
public:
  DefaultFloatMode() {
    std::fegetenv(&saved);
    std::fesetenv(FE_DFL_ENV);
  }
  ~DefaultFloatMode() { std::fesetenv(&saved); }

private:
  std::fenv_t saved;
};

} // namespace

Block::Block(const Program &program, const Function &entry, const GlobalMemory &global, const Launch &launch,
             LaunchCounts &counts)
    : program(program), entry(entry), launch(launch), counts(counts), counters(launch.counters),
      memory(program, global, entry, launch) {
  uint32_t threads = launch.block.x * launch.block.y * launch.block.z;
  warps.reserve((threads + 31) / 32);
  for (uint32_t first = 0; first < threads; first += 32)
    warps.emplace_back(*this, first / 32, threads - first);
}

void Block::fail(const Instruction *instruction, uint32_t thread, const std::string &what) {
  if (failed())
    return;
  error = "kernel '" + entry.name + "', block " + text(position) + ", thread " +
          text(positionOf(thread, launch.block));
  if (instruction)
    error += ", " + lineOf(program, *instruction);
  error += ": " + what;
}

std::string Block::nameOf(uint32_t number) const { return "block " + text(positionOf(number, launch.grid)); }

std::string Block::nameOf(uint32_t thread, uint32_t instruction) const {
  return "thread " + text(positionOf(thread, launch.block)) + ", " +
         lineOf(program, program.code[instruction]) + ",";
}

void Block::start(Extent newPosition) {
  position = newPosition;
  memory.reset();
  for (BarrierState &barrier : barriers)
    barrier = {};
  for (Warp &warp : warps)
    warp.start(position);
}

bool Block::run(Extent newPosition) {
  constexpr uint32_t share = 4096; // so that a warp that waits for another in a loop does not wait for ever
  start(newPosition);
  while (true) {
    bool any = false, left = false;
    for (Warp &warp : warps) {
      left |= !warp.done();
      if (warp.done() || warp.atBarrier())
        continue;
      any = true;
      warp.run(share);
      if (failed())
        return false;
      if (launch.warpInstructionLimit && counts.warpInstructions > launch.warpInstructionLimit) {
        fail(warp.done() ? nullptr : &warp.current(), warp.firstThread(),
             "the limit of instructions is reached");
        return false;
      }
    }
    if (!left)
      return memory.settle();
    releaseBarriers();
    if (!any && std::all_of(warps.begin(), warps.end(), [](Warp &w) { return w.done() || w.atBarrier(); })) {
      reportDeadlock();
      return false;
    }
  }
}

void Block::arrive(const Warp &warp, uint32_t id, uint32_t expected, uint32_t threads, uint32_t holds,
                   bool waits) {
  BarrierState &barrier = barriers[id];
  memory.sharedCells().arrive(warp.firstThread() / lanesPerWarp, barrier.joined);
  if (!waits) // what it does from here on is not before the barrier
    memory.sharedCells().advance();
  ++barrier.warps;
  barrier.expected = std::max(barrier.expected, expected);
  barrier.threads += threads;
  barrier.holds += holds;
}

void Block::releaseBarriers() {
  uint32_t live =
      uint32_t(std::count_if(warps.begin(), warps.end(), [](const Warp &w) { return !w.done(); }));
  for (int id = 0; id < 16; ++id) {
    BarrierState &barrier = barriers[id];
    uint32_t needed = barrier.expected ? barrier.expected / 32 : live;
    if (barrier.warps == 0 || barrier.warps < needed)
      continue;
    // What a warp did before it ended comes before any barrier that is completed without it.
    for (const Warp &warp : warps)
      if (warp.done() && !barrier.expected)
        memory.sharedCells().arrive(warp.firstThread() / lanesPerWarp, barrier.joined);
    for (Warp &warp : warps)
      if (warp.barrierId() == id) {
        memory.sharedCells().leave(warp.firstThread() / lanesPerWarp, barrier.joined);
        warp.release(barrier.threads, barrier.holds);
      }
    memory.sharedCells().advance();
    barrier = {};
  }
}

void Block::reportDeadlock() {
  for (Warp &warp : warps)
    if (warp.atBarrier()) {
      const BarrierState &barrier = barriers[warp.barrierId()];
      fail(&warp.current(), warp.firstThread(),
           "barrier " + std::to_string(warp.barrierId()) +
               " never completes: " + std::to_string(barrier.warps) + " warps have arrived, no other can");
      return;
    }
}

bool launch(const PtxModule &module, const GlobalMemory &memory, const Launch &what, std::string &error,
            LaunchCounts *counts) {
  const Program &program = module.program();
  auto refuse = [&](std::string text) {
    error = "kernel '" + std::string(what.entry) + "': " + std::move(text);
    return false;
  };
  auto found = program.entries.find(what.entry);
  if (found == program.entries.end())
    return refuse("the module has no such entry");
  const Function &entry = program.functions[found->second];
  auto product = [](Extent e) { return uint64_t(e.x) * e.y * e.z; };
  constexpr uint64_t mostThreads = target::mostGroupThreads;
  if (what.block.x > mostThreads || what.block.y > mostThreads || what.block.z > 64 ||
      product(what.block) > mostThreads || product(what.block) == 0)
    return refuse("expected a block of 1 to " + std::to_string(mostThreads) + " threads, got " +
                  text(what.block));
  if (entry.mostThreads && product(what.block) > entry.mostThreads)
    return refuse("expected at most " + std::to_string(entry.mostThreads) +
                  " threads, as .maxntid says, got " + std::to_string(product(what.block)));
  if (!entry.requiredThreads.empty() &&
      entry.requiredThreads != std::vector<uint64_t>{what.block.x, what.block.y, what.block.z})
    return refuse("expected the block that .reqntid names, got " + text(what.block));
  if (product(what.grid) == 0 || what.grid.y > 65535 || what.grid.z > 65535 || what.grid.x > 0x7fffffff)
    return refuse("expected a grid of 1 or more blocks, up to 65535 in y and z, got " + text(what.grid));
  if (what.parameters.size() != entry.parameterBytes)
    return refuse("expected " + std::to_string(entry.parameterBytes) + " bytes of parameters, got " +
                  std::to_string(what.parameters.size()));
  uint64_t shared = uint64_t(entry.sharedBytes) + what.dynamicSharedBytes,
           most = uint64_t(target::mostSharedBytes(program.architecture));
  if (entry.sharedBytes > target::declaredSharedBytes)
    return refuse("expected code that declares at most " + std::to_string(target::declaredSharedBytes) +
                  " bytes of shared memory, got " + std::to_string(entry.sharedBytes));
  if (shared > most)
    return refuse("expected at most " + std::to_string(most) + " bytes of shared memory, as a block of sm_" +
                  std::to_string(program.architecture) + " may have, got " + std::to_string(shared));

  LaunchCounts own;
  DefaultFloatMode mode;
  Block block(program, entry, memory, what, counts ? *counts : own);
  if (what.counters)
    what.counters->beginLaunch(product(what.grid), uint32_t(product(what.block)), uint32_t(shared));
  for (uint64_t index = 0; index < product(what.grid); ++index)
    if (!block.run(positionOf(index, what.grid))) {
      error = block.errorText();
      return false;
    }
  return true;
}

} // namespace tegula::runtime::emulator
