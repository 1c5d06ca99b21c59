// The cost model of products that groups of threads compute together: how many groups a cluster holds, what a
// step costs it, and how much of that latencies hide.
#include "tegula/cost/CostModel.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>

namespace tegula::cost {

// What no data sheet says: estimates, none of which decides alone.
/// Registers of a thread beside its accumulators and operands: addresses, counters, predicates.
constexpr int64_t bookkeeping = 40;
/// Cycles from a barrier until the first operands of a step are there, and to enter and leave a group.
constexpr double stepLatency = 120, enterGroup = 1500;
/// Warps that a cluster of 128 cores needs before its arithmetic is always busy, where each of them has
/// several independent sums.
constexpr double busyWarps = 8;
/// Bytes of shared memory that a cluster reads a cycle.
constexpr double sharedBandwidth = 128;
/// The part of the groups' reads from memory that finds what another group read in L2.
constexpr double sharedInL2 = 0.7;

Prediction predictBlocks(const KernelShape &shape, const BlockTile &tile, const target::Machine &machine) {
  Prediction prediction;
  double clusters = static_cast<double>(machine.cores) / machine.clusterCores;
  double sums = tile.threadRows * tile.threadColumns;
  // Four steps of the left operand and two of the right one are on their way at once.
  prediction.registers =
      tile.threadRows * tile.threadColumns + 4 * tile.threadRows + 2 * tile.threadColumns + bookkeeping;
  // Elements that do not lie together are copied one by one, each with an address of its own.
  if (shape.leftRun == 1)
    prediction.registers += tile.rows * tile.depth / tile.threads();
  double groups = 1.0 * shape.batch * llvm::divideCeil(shape.rows, tile.rows) *
                  llvm::divideCeil(shape.columns, tile.columns);
  double fitting = std::min<double>(machine.clusterThreads / tile.threads(),
                                    machine.clusterShared / std::max<int64_t>(1, tile.sharedBytes()));
  double waves = std::ceil(groups / clusters); // groups that the busiest cluster computes
  double resident = std::max(1.0, std::min(std::max(1.0, fitting), waves)); // of them at once
  double steps = llvm::divideCeil(shape.depth, tile.depth);

  double warps = tile.threads() / machine.warpThreads;
  double multiplyAdds = sums * tile.depth * tile.threads() / machine.clusterCores;
  // A warp's threads read the same rows or neighbouring columns: each word once.
  double sharedReads =
      warps * tile.depth * 4.0 * (tile.threadRows * 4 + tile.threadColumns * 8) / sharedBandwidth;
  double issue = (sums + tile.threadRows / 4.0 + tile.threadColumns / 4.0) / sums;
  double needed = busyWarps * machine.clusterCores / 128 * std::max(1.0, 16 / sums);
  double busy = std::min(1.0, resident * warps / needed);
  double step = std::max(multiplyAdds * issue / busy, sharedReads) + stepLatency / resident;
  prediction.computeCycles = waves * (steps * step + enterGroup / resident);

  double bytes = groups * steps * tile.depth * 4.0 * (tile.rows + tile.columns);
  double perCluster = machine.clusterCores *
                      (sharedInL2 * machine.l2BytesPerCycle + (1 - sharedInL2) * machine.memoryBytesPerCycle);
  double active = std::min(groups, clusters);
  prediction.trafficCycles = bytes / active / perCluster;
  prediction.cycles = std::max(prediction.computeCycles, prediction.trafficCycles);
  return prediction;
}

} // namespace tegula::cost
