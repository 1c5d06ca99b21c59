// The cost model of rows that threads share: what a row costs in latencies that only other rows can hide,
// in instructions, and in traffic.
#include "tegula/cost/CostModel.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>

namespace tegula::cost {

// What no data sheet says: estimates, none of which decides alone.
/// Cycles until memory answers, until another thread's register has arrived, and until all warps of a group
/// have met.
constexpr double memoryLatency = 600, shuffleLatency = 25, meetLatency = 80;
/// Cycles from one instruction of a warp to its next, where no other warp is there.
constexpr double cyclesAlone = 2;
/// The part of the shorter of both, computing and traffic, that the longer one does not hide.
constexpr double notHidden = 0.25;
/// Registers of a thread beside what it holds of the row.
constexpr int64_t bookkeeping = 40;
/// Bytes that memory moves at least, wherever one of them is read.
constexpr double sectorBytes = 32;

Prediction predictRows(const KernelShape &shape, const RowGroup &group, const target::Machine &machine) {
  Prediction prediction;
  double length = static_cast<double>(std::max<int64_t>(1, shape.reductionSteps()));
  double rows = static_cast<double>(shape.resultElements()) /
                static_cast<double>(shape.rowsInResult ? std::max<int64_t>(1, shape.result.back()) : 1);
  double sums = static_cast<double>(shape.sharedReductions), passes = sums + (shape.rowsInResult ? 1 : 0);
  double chunks = std::ceil(length / static_cast<double>(group.together * group.lanes));
  bool isKept = group.together > 1 && !shape.openRows && chunks <= static_cast<double>(group.unroll);
  prediction.registers = bookkeeping + (isKept ? 2 : 1) * group.unroll * group.lanes;

  double clusters = static_cast<double>(machine.cores) / static_cast<double>(machine.clusterCores);
  double groups = std::ceil(rows * static_cast<double>(group.together) / static_cast<double>(group.threads));
  double waves = std::ceil(groups / clusters); // groups that the busiest cluster computes
  double fitting = static_cast<double>(std::max<int64_t>(1, machine.clusterThreads / group.threads));
  double resident = std::min(fitting, waves);

  double inWarp = std::log2(static_cast<double>(std::min(group.together, machine.warpThreads)));
  double ofWarps = std::log2(std::max(1.0, static_cast<double>(group.together / machine.warpThreads)));
  double combining =
      sums * (inWarp * shuffleLatency +
              (group.together > machine.warpThreads ? meetLatency + ofWarps * shuffleLatency : 0));
  double waits = isKept ? 1 : passes * std::ceil(chunks / static_cast<double>(group.unroll));
  double work = chunks * static_cast<double>(group.lanes * shape.operations) + sums * 2 * (inWarp + ofWarps);
  double latency = waits * memoryLatency + combining + work * cyclesAlone;
  double issue = work * static_cast<double>(group.threads) / static_cast<double>(machine.clusterCores);
  prediction.computeCycles = waves * std::max(issue, latency / resident);

  // Threads with rows of their own read in strides: of each sector what one of them takes at once, unless its
  // neighbour's row is in it too.
  double elementBytes = static_cast<double>(shape.elementBytes), apart = length * elementBytes;
  double piece = std::min(apart, static_cast<double>(group.lanes) * elementBytes);
  double wasted = group.together > 1 ? 1 : std::max(1.0, std::min(sectorBytes, apart) / piece);
  double bytes = rows * apart * static_cast<double>(std::max<int64_t>(1, shape.inputs)) * wasted +
                 static_cast<double>(shape.resultElements() * shape.resultBytes);
  prediction.bytes = {0, bytes, 0, bytes};
  prediction.limit = issue > latency / resident ? "issue" : "latency";
  double active = std::min(groups, clusters), cores = static_cast<double>(machine.clusterCores);
  prediction.trafficCycles = std::max(bytes / clusters / (cores * machine.memoryBytesPerCycle),
                                      bytes / active / (cores * machine.l2BytesPerCycle));
  prediction.cycles = std::max(prediction.computeCycles, prediction.trafficCycles) +
                      notHidden * std::min(prediction.computeCycles, prediction.trafficCycles);
  return prediction;
}

} // namespace tegula::cost
