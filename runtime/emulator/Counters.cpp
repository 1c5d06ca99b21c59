// The model of a multiprocessor's memory: wavefronts over the banks of shared memory, and sectors of global
// memory.
#include "Counters.h"
#include "Memory.h"

#include <algorithm>

namespace tegula::runtime::emulator {
namespace {

constexpr uint32_t banks = 32, bankBytes = 4, sectorBytes = 32, lineBytes = 128;

/// The lanes that shared memory serves together: as many as ask for one word of every bank.
uint32_t lanesAtOnce(uint32_t bytes) {
  return bytes <= bankBytes ? uint32_t(lanesPerWarp) : banks * bankBytes / bytes;
}

/// How often the bank that is asked most has to answer `lanes`. A word that several lanes read or write is
/// one answer for all of them; updates of a word follow each other.
uint32_t wavefrontsOf(const Access &access, uint32_t lanes) {
  uint64_t words[banks][lanesPerWarp];
  uint32_t taken[banks] = {}, most = 0;
  for (; lanes; lanes &= lanes - 1) {
    uint64_t address = access.addresses[std::countr_zero(lanes)];
    for (uint32_t at = 0; at < access.bytes; at += bankBytes) {
      uint64_t word = (address + at) / bankBytes, bank = word % banks;
      uint64_t *end = words[bank] + taken[bank];
      if (access.kind != AccessKind::Atomic && std::find(words[bank], end, word) != end)
        continue;
      *end = word;
      most = std::max(most, ++taken[bank]);
    }
  }
  return most;
}

/// How many different pieces of `bytes` bytes the lanes touch; each lies in one, since accesses are aligned.
uint32_t differentPieces(const Access &access, uint32_t lanes, uint32_t bytes) {
  uint64_t pieces[lanesPerWarp];
  uint32_t count = 0;
  for (; lanes; lanes &= lanes - 1) {
    uint64_t piece = access.addresses[std::countr_zero(lanes)] / bytes;
    if ((count == 0 || pieces[count - 1] != piece) &&
        std::find(pieces, pieces + count, piece) == pieces + count)
      pieces[count++] = piece;
  }
  return count;
}

} // namespace

Counters::Counters(const Program &program)
    : program(program), pages((program.code.size() + perPage - 1) / perPage) {}

void Counters::beginLaunch(uint64_t blocks, uint32_t threads, uint32_t sharedBytes) {
  ++launchCount;
  blockCount += blocks;
  blockThreads = threads;
  blockBytes = sharedBytes;
}

void Counters::access(const Instruction &instruction, const Access &access) {
  uint32_t shared = 0, global = 0;
  for (uint32_t left = access.mask; left; left &= left - 1) {
    int lane = std::countr_zero(left);
    Space space = access.space == Space::Generic ? Memory::spaceOf(access.addresses[lane]) : access.space;
    (space == Space::Shared ? shared : global) |= uint32_t(space == Space::Shared || space == Space::Global)
                                                  << lane;
  }
  InstructionCounts &counts = of(instruction);
  if (shared) {
    ++counts.shared.requests;
    counts.shared.bytes += uint64_t(access.bytes) * uint32_t(std::popcount(shared));
    const uint32_t step = lanesAtOnce(access.bytes);
    for (uint32_t first = 0; first < lanesPerWarp; first += step)
      if (uint32_t phase = shared & (allLanes >> (lanesPerWarp - step)) << first) {
        counts.shared.wavefronts += wavefrontsOf(access, phase);
        ++counts.shared.leastWavefronts;
      }
  }
  if (global) {
    ++counts.global.requests;
    counts.global.bytes += uint64_t(access.bytes) * uint32_t(std::popcount(global));
    counts.global.sectors += differentPieces(access, global, sectorBytes);
    counts.global.lines += differentPieces(access, global, lineBytes);
    uint64_t used = uint64_t(differentPieces(access, global, access.bytes)) * access.bytes;
    counts.global.leastSectors += (used + sectorBytes - 1) / sectorBytes;
  }
}

} // namespace tegula::runtime::emulator
