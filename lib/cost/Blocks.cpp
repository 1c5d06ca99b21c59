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

/// Parts of a cluster that each begin an instruction of a warp a cycle.
constexpr double parts = 4;
/// Registers of an address that a thread copies from, where no other one is a constant away.
constexpr int64_t addressRegisters = 3;
/// Registers of fragments on their way beside those that are multiplied.
constexpr int64_t fragmentsAhead = 16;

double matrixRate(sched::Multiply multiply, const target::Machine &machine) {
  switch (multiply) {
  case sched::Multiply::Fma:
    return 0;
  case sched::Multiply::Tf32:
    return machine.tf32PerCycle;
  case sched::Multiply::Bf16:
  case sched::Multiply::Fp16:
    return machine.halfPerCycle;
  }
  return 0;
}

namespace {
/// What one step of the sum costs a cluster for one group, and a thread of it in registers.
struct Step {
  double arithmetic, shared, busyWarps;
  int64_t registers;
};
} // namespace

static Step stepOfThreads(const BlockTile &tile, const target::Machine &machine) {
  double sums = tile.threadRows * tile.threadColumns, warps = tile.threads() / machine.warpThreads;
  double issue = (sums + tile.threadRows / 4.0 + tile.threadColumns / 4.0) / sums;
  Step step;
  step.arithmetic = sums * tile.depth * tile.threads() / machine.clusterCores * issue;
  // A warp's threads read the same rows or neighbouring columns: each word once.
  step.shared = warps * tile.depth * 4.0 * (tile.threadRows * 4 + tile.threadColumns * 8) / sharedBandwidth;
  step.busyWarps = busyWarps * machine.clusterCores / 128 * std::max(1.0, 16 / sums);
  // Four steps of the left operand and two of the right one are on their way at once.
  step.registers = tile.threadRows * tile.threadColumns + 4 * tile.threadRows + 2 * tile.threadColumns;
  return step;
}

/// Matrix units wait for warps to load fragments, and to round what is not as narrow as they are.
static Step stepOfMatrices(const BlockTile &tile, const target::Machine &machine) {
  double warps = tile.threads() / machine.warpThreads;
  double high = tile.threadRows * sched::warpRows, wide = tile.threadColumns * sched::warpColumns;
  int64_t depthAtOnce = sched::depthOf(tile.multiply);
  double units = warps * high * wide * tile.depth / matrixRate(tile.multiply, machine);
  double bytes = warps * tile.depth * (high * tile.leftBytes + wide * tile.rightBytes);
  double written = tile.depth * (tile.rows * tile.leftBytes + tile.columns * tile.rightBytes);
  // A load brings 16 bytes to each thread; one conversion rounds a register of tf32, or two numbers.
  auto conversions = [&](double elements, int64_t elementBytes) {
    return elementBytes == 2 ? 0 : elements / (tile.multiply == sched::Multiply::Tf32 ? 1 : 2);
  };
  double perWarp =
      high * wide * tile.depth / (16 * 8 * depthAtOnce) + bytes / warps / 512 +
      (conversions(high * tile.depth, tile.leftBytes) + conversions(wide * tile.depth, tile.rightBytes)) /
          static_cast<double>(machine.warpThreads);
  Step step;
  step.arithmetic = std::max(units, warps * perWarp / parts);
  step.shared = (bytes + written) / sharedBandwidth;
  step.busyWarps = busyWarps;
  // Rows of the left operand may be gathered from anywhere.
  int64_t copies = llvm::divideCeil(tile.rows * tile.depth * tile.leftBytes, 16 * tile.threads());
  step.registers = tile.threadRows * tile.threadColumns + 2 * tile.threadRows + tile.threadColumns +
                   fragmentsAhead + addressRegisters * copies;
  return step;
}

Prediction predictBlocks(const KernelShape &shape, const BlockTile &tile, const target::Machine &machine) {
  Prediction prediction;
  double clusters = static_cast<double>(machine.cores) / machine.clusterCores;
  Step step =
      tile.multiply == sched::Multiply::Fma ? stepOfThreads(tile, machine) : stepOfMatrices(tile, machine);
  prediction.registers = step.registers + bookkeeping;
  // Copies of less than 16 bytes are many, each with a position and an address of two registers.
  auto narrow = [&](int64_t run, int64_t bytes, int64_t elements) {
    return run * bytes < 16 ? 3 * elements / run / tile.threads() : 0;
  };
  prediction.registers += narrow(shape.leftRun, shape.leftBytes, tile.rows * tile.depth) +
                          narrow(shape.rightRun, shape.rightBytes, tile.columns * tile.depth);
  double groups = 1.0 * shape.batch * llvm::divideCeil(shape.rows, tile.rows) *
                  llvm::divideCeil(shape.columns, tile.columns);
  double fitting = std::min<double>(machine.clusterThreads / (tile.isWide() ? 2 : 1) / tile.threads(),
                                    machine.clusterShared / std::max<int64_t>(1, tile.sharedBytes()));
  double waves = std::ceil(groups / clusters); // groups that the busiest cluster computes
  double resident = std::max(1.0, std::min(std::max(1.0, fitting), waves)); // of them at once
  double steps = llvm::divideCeil(shape.depth, tile.depth);

  double warps = tile.threads() / machine.warpThreads;
  double busy = std::min(1.0, resident * warps / step.busyWarps);
  double cycles = std::max(step.arithmetic / busy, step.shared) + stepLatency / resident;
  prediction.computeCycles = waves * (steps * cycles + enterGroup / resident);
  prediction.limit = step.shared > step.arithmetic / busy    ? "shared memory"
                     : step.arithmetic < stepLatency         ? "latency"
                     : tile.multiply == sched::Multiply::Fma ? "multiply-adds"
                                                             : "matrix units";

  double bytes = groups * steps * tile.depth * (tile.rows * tile.leftBytes + tile.columns * tile.rightBytes);
  double perCluster = machine.clusterCores *
                      (sharedInL2 * machine.l2BytesPerCycle + (1 - sharedInL2) * machine.memoryBytesPerCycle);
  double active = std::min(groups, clusters);
  prediction.bytes = {groups * steps * step.shared * sharedBandwidth, bytes, 0, (1 - sharedInL2) * bytes};
  prediction.trafficCycles = bytes / active / perCluster;
  prediction.cycles = std::max(prediction.computeCycles, prediction.trafficCycles);
  return prediction;
}

} // namespace tegula::cost
