// From an address operand to the bytes behind it, for the lanes of an instruction.
#pragma once

#include "Block.h"

namespace tegula::runtime::emulator {

inline void addressesOf(Warp &warp, const Instruction &in, uint32_t base, uint64_t *addresses) {
  if (in.wideAddress) {
    const uint64_t *bases = warp.lanes<uint64_t>(base);
    for (int lane = 0; lane < lanesPerWarp; ++lane)
      addresses[lane] = bases[lane] + uint64_t(in.immediate);
  } else {
    const uint32_t *bases = warp.lanes<uint32_t>(base);
    for (int lane = 0; lane < lanesPerWarp; ++lane)
      addresses[lane] = bases[lane] + uint32_t(in.immediate);
  }
}

/// A request for memory, to be counted once however it is resolved.
inline void count(Warp &warp, const Instruction &in, const Access &access) {
  if (Counters *counters = warp.owner().counters)
    counters->access(in, access);
}

/// False where an access is an error, which is then reported.
inline bool reach(Warp &warp, const Instruction &in, AccessKind kind, uint32_t bytes, uint32_t mask,
                  std::byte **pointers) {
  uint64_t addresses[lanesPerWarp];
  addressesOf(warp, in, in.a, addresses);
  Access access{kind, in.space, bytes, mask, addresses};
  count(warp, in, access);
  return warp.owner().memory.resolve(warp, in, access, pointers);
}

} // namespace tegula::runtime::emulator
