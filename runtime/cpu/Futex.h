// Linux's futex as two calls: sleep while a word holds a value, and wake one kind of sleeper.
#pragma once

#include <atomic>
#include <climits>
#include <cstdint>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tegula::runtime {

/// Sleepers of both kinds wait on one word, and a wake names the kind it is for.
enum class Sleeper : uint32_t { Worker = 1, Caller = 2 };

/// Sleeps while `word` holds `value`; may also return for no reason.
inline void futexWait(std::atomic<uint32_t> &word, uint32_t value, Sleeper kind) {
  syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, value, nullptr, nullptr, uint32_t(kind));
}

inline void futexWakeAll(std::atomic<uint32_t> &word, Sleeper kind) {
  syscall(SYS_futex, &word, FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, nullptr, nullptr, uint32_t(kind));
}

} // namespace tegula::runtime
