// Keeps the two cheapest of all candidates, because people ask what a choice was made against.
#pragma once

#include <cstdint>
#include <optional>

namespace tegula::search {

template <typename Candidate> struct Ranking {
  std::optional<Candidate> best, second; ///< of equal ones the one that came first
  double bestCycles = 0, secondCycles = 0;
  int64_t considered = 0; ///< candidates that fit the machine

  void add(const Candidate &candidate, double cycles) {
    ++considered;
    if (!best || cycles < bestCycles) {
      second = best;
      secondCycles = bestCycles;
      best = candidate;
      bestCycles = cycles;
    } else if (!second || cycles < secondCycles) {
      second = candidate;
      secondCycles = cycles;
    }
  }
};

} // namespace tegula::search
