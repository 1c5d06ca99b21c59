// Enumerates groups of threads for a kernel of rows, from a few threads of a warp to a whole group a row.
#include "RowGroups.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>

namespace tegula::search {

/// Threads of a group in which several rows are computed: enough to fill a cluster with few groups.
static constexpr int64_t mostThreadsOfShortRows = 128;
/// Chunks of longer rows that are on their way at once.
static constexpr int64_t chunksAtOnce = 4;

/// Elements that a thread takes at once: rows must not end within them.
static int64_t widthOf(const cost::KernelShape &shape, const target::Machine &machine) {
  if (shape.openRows)
    return 1;
  int64_t width = machine.lanes(shape.elementBytes);
  auto divides = [&](int64_t extent) { return extent % width == 0; };
  while (width > 1 &&
         !(divides(shape.reductions.back()) && (!shape.rowsInResult || divides(shape.result.back()))))
    width /= 2;
  return width;
}

Ranking<cost::RowGroup> rankRowGroups(const cost::KernelShape &shape, const target::Machine &machine) {
  Ranking<cost::RowGroup> ranking;
  if (!shape.sharedReductions)
    return ranking;
  int64_t length = std::max<int64_t>(1, shape.reductionSteps()), width = widthOf(shape, machine);
  // Rows are kept where their values, and what is computed from them, leave registers for the rest.
  int64_t mostKept = std::max<int64_t>(chunksAtOnce, machine.threadRegisters / 4 / width);
  auto consider = [&](const cost::RowGroup &group) {
    ranking.add(group, cost::predictRows(shape, group, machine).cycles);
  };
  consider({machine.groupCells, 1, machine.lanes(shape.elementBytes), chunksAtOnce});
  for (int64_t together = 2; together <= machine.clusterThreads; together *= 2) {
    auto chunks = static_cast<int64_t>(llvm::divideCeil(length, together * width));
    int64_t unroll = chunks <= mostKept && !shape.openRows ? chunks : chunksAtOnce;
    // Several rows stand in a group only where none needs more than a warp: what warps share is one row's.
    int64_t least = std::max(together, machine.warpThreads),
            most = together > machine.warpThreads ? together : std::max(least, mostThreadsOfShortRows);
    for (int64_t threads = most; threads >= least; threads /= 2)
      consider({threads, together, width, unroll});
  }
  return ranking;
}

} // namespace tegula::search
