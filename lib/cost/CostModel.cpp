// The cost model of contractions: what a register tile costs a step, and what its operands cost to bring
// there.
#include "tegula/cost/CostModel.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>

namespace tegula::cost {

// What the machine description does not say: estimates, checked on Zen 3 only. None of them decides alone.
/// Cycles to enter a register tile (addresses, loop set-up), and for each of its vectors (accumulator set to
/// zero, epilogue, store).
constexpr double enterTile = 12, enterVector = 3;
/// Cycles to enter the tile of a window, whose steps are all unrolled.
constexpr double enterWindow = 4;
/// The part of a cache that an operand may count on beside what else passes through it.
constexpr double shareOfL1 = 0.5, shareOfL2 = 0.6;
/// How much slower many short streams arrive than one long one.
constexpr double streamsPenalty = 4;
/// The part of the shorter of computing and loading that does not hide behind the longer.
constexpr double notOverlapped = 0.15;

double bandwidthOf(Level level, const target::Machine &machine) {
  switch (level) {
  case Level::L1:
    return machine.loadsPerCycle * static_cast<double>(machine.vectorBytes);
  case Level::L2:
    return machine.l2BytesPerCycle;
  case Level::L3:
    return machine.l3BytesPerCycle;
  case Level::Memory:
    return machine.memoryBytesPerCycle;
  }
  return machine.memoryBytesPerCycle;
}

Level homeOf(double bytes, const target::Machine &machine) {
  return bytes <= static_cast<double>(machine.l2Bytes)   ? Level::L2
         : bytes <= static_cast<double>(machine.l3Bytes) ? Level::L3
                                                         : Level::Memory;
}

int64_t ContractTile::rows() const {
  int64_t rows = 1;
  for (size_t i = 0; i + 1 < extents.size(); ++i)
    rows *= extents[i];
  return rows;
}

int64_t ContractTile::vectors(int64_t lanes) const {
  return extents.empty() ? 1 : static_cast<int64_t>(llvm::divideCeil(extents.back(), lanes));
}

/// The cycles of one step of a register tile's sum, and what they are spent waiting for.
static std::pair<double, std::string_view> stepOf(double rows, double vectors,
                                                  const target::Machine &machine) {
  double multiplyAdds = rows * vectors;
  double broadcasts = machine.broadcastOperand && vectors == 1 ? 0 : rows;
  double loads = rows + vectors;
  std::pair<double, std::string_view> limits[] = {
      {multiplyAdds / machine.fmaPerCycle, "multiply-adds"},
      {loads / machine.loadsPerCycle, "loads"},
      {(multiplyAdds + broadcasts + vectors) / machine.issueWidth, "issue"},
      {machine.fmaLatency, "latency"}};
  return *std::max_element(std::begin(limits), std::end(limits), llvm::less_first());
}

Prediction predictContract(const KernelShape &shape, const ContractTile &tile,
                           const target::Machine &machine) {
  Prediction prediction;
  int64_t lanes = machine.lanes(shape.elementBytes);
  double rows = tile.rows(), vectors = tile.vectors(lanes), steps = shape.reductionSteps();
  // Accumulators, the vectors they are multiplied with, and one broadcast element unless instructions
  // broadcast by themselves. With a single vector a step, the instruction scheduler loads those of several
  // steps ahead.
  double ahead = vectors == 1 ? 4 : vectors;
  prediction.registers =
      static_cast<int64_t>(rows * vectors + ahead) + (machine.broadcastOperand && vectors == 1 ? 0 : 1);

  auto [step, limit] = stepOf(rows, vectors, machine);
  prediction.limit = limit;

  double tiles = 1;
  for (auto [extent, size] : llvm::zip_equal(shape.result, tile.extents))
    tiles *= llvm::divideCeil(extent, size);
  // Entering a tile: addresses, accumulators, and the epilogue that reads and writes the result once.
  double enter = enterTile + enterVector * rows * vectors;
  prediction.computeCycles = tiles * (steps * step + enter);

  // The operand along the vectors is read once a tile; where it comes from depends on how much of it is used
  // between two uses.
  double panelBytes = steps * vectors * machine.vectorBytes;
  Level stays = panelBytes <= machine.l1Bytes * shareOfL1   ? Level::L1
                : panelBytes <= machine.l2Bytes * shareOfL2 ? Level::L2
                                                            : Level::L3;
  double bandwidth = stays == Level::L1 ? 1e9 : bandwidthOf(stays, machine);
  double rowTiles = 1;
  for (size_t i = 0; i + 1 < shape.result.size(); ++i)
    rowTiles *= llvm::divideCeil(shape.result[i], tile.extents[i]);
  double panels = tiles / rowTiles;
  // The first use of each panel comes from where the whole operand lives.
  Level home = homeOf(static_cast<double>(shape.vectorOperandBytes), machine);
  auto move = [&](Level from, double bytes) { prediction.bytes[static_cast<size_t>(from)] += bytes; };
  prediction.trafficCycles =
      panels * (panelBytes / bandwidthOf(home, machine) + (rowTiles - 1) * panelBytes / bandwidth);
  move(home, panels * panelBytes);
  if (stays != Level::L1)
    move(stays, panels * (rowTiles - 1) * panelBytes);
  // All of a step's vectors and broadcast elements come through L1.
  move(Level::L1, tiles * (panelBytes + rows * steps * shape.elementBytes));
  // The other operand is read again for every panel, element by element in as many streams as there are rows:
  // prefetchers reach a quarter of the bandwidth. It stays in L1 only where all rows of a panel's pass do.
  double rowBytes = steps * shape.elementBytes;
  if (rowTiles * rows * rowBytes > machine.l1Bytes * shareOfL1) {
    prediction.trafficCycles += tiles * rows * rowBytes / (machine.l2BytesPerCycle / streamsPenalty);
    move(Level::L2, tiles * rows * rowBytes);
  }
  // Hardware overlaps the two, but never fully.
  prediction.cycles = std::max(prediction.computeCycles, prediction.trafficCycles) +
                      notOverlapped * std::min(prediction.computeCycles, prediction.trafficCycles);
  return prediction;
}

int64_t rowsThatStay(const KernelShape &shape, const target::Machine &machine) {
  double rowBytes = static_cast<double>(shape.reductionSteps()) * shape.elementBytes;
  return std::max<int64_t>(1, static_cast<int64_t>(machine.l2Bytes * shareOfL2 / rowBytes));
}

double predictWalk(const KernelShape &shape, const Walk &walk, const target::Machine &machine) {
  double columns = shape.result.back(), rows = shape.resultElements() / columns;
  double left = rows * shape.reductionSteps() * shape.elementBytes, right = shape.vectorOperandBytes;
  double stays = machine.l2Bytes * shareOfL2;
  auto cycles = [&](double bytes) {
    return bytes / (bytes <= machine.l3Bytes ? machine.l3BytesPerCycle : machine.memoryBytesPerCycle);
  };
  if (walk.rowsOutside)
    return cycles(left) + cycles(right) * std::ceil(rows / walk.rows);
  // Every core reads the rows once, and for each further cell those that did not stay.
  double first = std::min<double>(machine.cores, std::ceil(columns / walk.columns));
  double again = std::ceil(columns / walk.columns) - first;
  return cycles(right) + cycles(left) * (first + again * std::max(0.0, 1 - stays / left));
}

Prediction predictWindow(const KernelShape &shape, const ContractTile &tile, const target::Machine &machine) {
  Prediction prediction;
  double rows = tile.rows(), vectors = tile.vectors(machine.lanes(shape.elementBytes)),
         steps = shape.reductionSteps(), tiles = 1;
  for (auto [extent, size] : llvm::zip_equal(shape.result, tile.extents))
    tiles *= llvm::divideCeil(extent, size);
  // An accumulator and an element a row; neighbouring rows share what their windows have in common.
  prediction.registers = static_cast<int64_t>(2 * rows * vectors);
  prediction.computeCycles =
      tiles * (enterWindow + steps * rows * vectors / machine.fmaPerCycle + steps / machine.loadsPerCycle);
  prediction.cycles = prediction.computeCycles;
  prediction.bytes[0] = tiles * steps * rows * vectors * static_cast<double>(machine.vectorBytes) *
                        static_cast<double>(std::max<int64_t>(1, shape.inputs));
  return prediction;
}

} // namespace tegula::cost
