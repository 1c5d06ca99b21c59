// What NVIDIA's cards give a group of threads, which is a block of CUDA's: the compiler plans with it, and
// the emulator enforces it.
#pragma once

#include <cstdint>

namespace tegula::target {

/// Threads that run in lockstep and pass registers to each other.
inline constexpr int64_t warpThreads = 32;
/// Threads of a group.
inline constexpr int64_t mostGroupThreads = 1024;
/// Bytes of shared memory that code may declare; more has to be asked for at a launch.
inline constexpr int64_t declaredSharedBytes = 48 * 1024;

/// Kilobytes of shared memory of a multiprocessor of an architecture (80 for sm_80), from the CUDA C++
/// Programming Guide. Those that it does not name have what the one before them has.
constexpr int64_t sharedKilobytes(int64_t architecture) {
  return architecture >= 90   ? 228
         : architecture >= 88 ? 100
         : architecture >= 87 ? 164
         : architecture >= 86 ? 100
         : architecture >= 80 ? 164
                              : 64;
}

/// Bytes of it that the system keeps of each group.
inline constexpr int64_t systemSharedBytes = 1024;
/// Bytes of it that one group may have.
constexpr int64_t mostSharedBytes(int64_t architecture) {
  return sharedKilobytes(architecture) * 1024 - systemSharedBytes;
}

} // namespace tegula::target
