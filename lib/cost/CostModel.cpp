// The cost model of contractions: what a register tile costs a step, and what its operands cost to bring
// there.
#include "tegula/cost/CostModel.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>

namespace tegula::cost {

int64_t ContractTile::rows() const {
  int64_t rows = 1;
  for (size_t i = 0; i + 1 < extents.size(); ++i)
    rows *= extents[i];
  return rows;
}

int64_t ContractTile::vectors(int64_t lanes) const {
  return extents.empty() ? 1 : static_cast<int64_t>(llvm::divideCeil(extents.back(), lanes));
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

  double multiplyAdds = rows * vectors;
  double broadcasts = machine.broadcastOperand && vectors == 1 ? 0 : rows;
  double loads = rows + vectors;
  double step = std::max({multiplyAdds / machine.fmaPerCycle, loads / machine.loadsPerCycle,
                          (multiplyAdds + broadcasts + vectors) / machine.issueWidth, machine.fmaLatency});

  double tiles = 1;
  for (auto [extent, size] : llvm::zip_equal(shape.result, tile.extents))
    tiles *= llvm::divideCeil(extent, size);
  // Entering a tile: addresses, accumulators, and the epilogue that reads and writes the result once.
  double enter = 12 + 3 * rows * vectors;
  prediction.computeCycles = tiles * (steps * step + enter);

  // The operand along the vectors is read once a tile; where it comes from depends on how much of it is used
  // between two uses.
  double panelBytes = steps * vectors * machine.vectorBytes;
  double bandwidth = panelBytes <= machine.l1Bytes / 2.0   ? 1e9
                     : panelBytes <= machine.l2Bytes * 0.6 ? machine.l2BytesPerCycle
                                                           : machine.l3BytesPerCycle;
  double rowTiles = 1;
  for (size_t i = 0; i + 1 < shape.result.size(); ++i)
    rowTiles *= llvm::divideCeil(shape.result[i], tile.extents[i]);
  double panels = tiles / rowTiles;
  // The first use of each panel comes from where the whole operand lives.
  double home = shape.vectorOperandBytes <= machine.l2Bytes   ? machine.l2BytesPerCycle
                : shape.vectorOperandBytes <= machine.l3Bytes ? machine.l3BytesPerCycle
                                                              : machine.memoryBytesPerCycle;
  prediction.trafficCycles = panels * (panelBytes / home + (rowTiles - 1) * panelBytes / bandwidth);
  // The other operand is read again for every panel, element by element in as many streams as there are rows:
  // prefetchers reach a quarter of the bandwidth. It stays in L1 only where all rows of a panel's pass do.
  double rowBytes = steps * shape.elementBytes;
  if (rowTiles * rows * rowBytes > machine.l1Bytes / 2.0)
    prediction.trafficCycles += tiles * rows * rowBytes / (machine.l2BytesPerCycle / 4);
  // Hardware overlaps the two, but never fully.
  prediction.cycles = std::max(prediction.computeCycles, prediction.trafficCycles) +
                      0.15 * std::min(prediction.computeCycles, prediction.trafficCycles);
  return prediction;
}

} // namespace tegula::cost
