// Notes what threads do, because a profile by dispatch alone hides who waits for whom.
#pragma once

#include "tegula/runtime.h"

#include <algorithm>
#include <atomic>
#include <vector>

namespace tegula::runtime {

/// Events of the runs so far, added by several threads at once; what finds no room is left out.
class Trace {
public:
  explicit Trace(size_t capacity) : events(capacity) {}

  void add(const tgl_event &event) {
    size_t index = next.fetch_add(1, std::memory_order_relaxed);
    if (index < events.size())
      events[index] = event;
  }
  const tgl_event *data() const { return events.data(); }
  size_t size() const { return std::min(wanted(), events.size()); }
  /// As many as there were, with those that were left out.
  size_t wanted() const { return next.load(std::memory_order_relaxed); }

private:
  std::vector<tgl_event> events;
  std::atomic<size_t> next = 0;
};

} // namespace tegula::runtime
