// The constructive scheduler: the best register tile by the cost model, blocks that fit caches, cells that
// keep cores busy. Order of decisions as in Roller (Zhu et al., OSDI 2022): from the registers outwards.
#include "tegula/search/Search.h"

#include "Blocks.h"
#include "RowGroups.h"

#include "tegula/cost/CostModel.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>
#include <optional>

using namespace mlir;

namespace tegula::search {
namespace {

int64_t ceilDiv(int64_t a, int64_t b) { return static_cast<int64_t>(llvm::divideCeil(a, b)); }

class Builder {
public:
  Builder(MLIRContext *context, const cost::KernelShape &shape, const target::Machine &machine)
      : context(context), shape(shape), machine(machine),
        enoughCells(machine.enoughCellsPerCore * machine.cores),
        mostCells(machine.mostCellsPerCore * machine.cores), lanes(machine.lanes(shape.elementBytes)),
        tile(shape.result.size(), 1) {}

  sched::ScheduleAttr finish(sched::Algorithm algorithm) {
    return sched::ScheduleAttr::get(context, algorithm, grid, loops, tile, lanes, unroll, pack, block);
  }

  /// Splits the dimensions in `order` among `wanted` cells, outermost first, in multiples of the tile.
  void distribute(ArrayRef<unsigned> order, int64_t wanted) {
    int64_t cells = 1;
    // Whole units of what stands outside (images of a batch of unknown size) are cells at least.
    for (unsigned dim : outside())
      grid.push_back(level(dim, tile[dim]));
    for (unsigned dim : order) {
      int64_t tiles = ceilDiv(shape.result[dim], tile[dim]);
      if (shape.unknown[dim] && shape.result[dim] > 1 && cells < enoughCells) {
        // Whatever the size will be, a cell gets as much of it as is worth handing out.
        int64_t share = wanted > 1 ? ceilDiv(tiles, std::min(tiles, wanted))
                                   : static_cast<int64_t>(std::ceil(1.0 * tiles * cells / cellsWorth()));
        grid.push_back(level(dim, share * tile[dim]));
        cells *= ceilDiv(tiles, share);
        wanted = ceilDiv(wanted, ceilDiv(tiles, share));
        continue;
      }
      if (wanted <= 1 || cells >= enoughCells || tiles <= 1)
        continue;
      int64_t block = ceilDiv(tiles, std::min(tiles, wanted)) * tile[dim];
      grid.push_back(level(dim, block));
      cells *= ceilDiv(shape.result[dim], block);
      wanted = ceilDiv(wanted, ceilDiv(shape.result[dim], block));
    }
  }

  /// The dimensions of unknown size that were assumed to be one.
  SmallVector<unsigned> outside() const {
    SmallVector<unsigned> dims;
    for (unsigned dim = 0; dim < shape.result.size(); ++dim)
      if (shape.unknown[dim] && shape.result[dim] == 1)
        dims.push_back(dim);
    return dims;
  }

  sched::LevelAttr level(unsigned dim, int64_t size) { return sched::LevelAttr::get(context, dim, size); }

  /// How many cells the kernel is worth.
  double cellsWorth() const {
    double bytes = 1.0 * shape.resultElements() * shape.resultBytes * (1 + shape.inputs);
    return std::max(shape.flops() / machine.flopsPerCell, bytes / machine.bytesPerCell);
  }
  int64_t cellsWanted() const {
    return std::clamp<int64_t>(static_cast<int64_t>(cellsWorth()), 1, mostCells);
  }

  /// Vectors that a cell takes at once of what it reads once: several to fill a loop, unless the neighbouring
  /// cells take the ones beside it.
  int64_t vectorsInStream() const { return machine.lockstepCells ? 1 : 4; }

  MLIRContext *context;
  const cost::KernelShape &shape;
  const target::Machine &machine;
  int64_t enoughCells, mostCells;
  int64_t lanes, unroll = 1;
  SmallVector<int64_t> tile;
  SmallVector<sched::LevelAttr> grid, loops, pack;
  sched::BlockAttr block;
};

/// All dimensions but the last, outermost first.
SmallVector<unsigned> outerDims(const cost::KernelShape &shape) {
  return llvm::to_vector(llvm::seq<unsigned>(0, shape.result.empty() ? 0 : shape.result.size() - 1));
}

/// How much longer a kernel takes because there are too few tiles to keep the machine busy.
double idleShare(const cost::KernelShape &shape, const cost::ContractTile &tile,
                 const target::Machine &machine) {
  double tiles = 1;
  for (auto [extent, size] : llvm::zip_equal(shape.result, tile.extents))
    tiles *= ceilDiv(extent, size);
  return std::max(1.0, static_cast<double>(machine.cores * machine.cellsToHideLatency) / tiles);
}

using RankedTiles = Ranking<cost::ContractTile>;

/// The register tiles of a contraction by their predicted cost, of those with this many columns where any are
/// asked for.
RankedTiles rankTiles(const cost::KernelShape &shape, const target::Machine &machine, int64_t lanes,
                      int64_t onlyColumns) {
  size_t rank = shape.result.size();
  // Rows come from the innermost dimension that has any, and from the one outside of it where that is too
  // short.
  int inner = -1, outer = -1;
  for (int dim = static_cast<int>(rank) - 2; dim >= 0; --dim) {
    if (shape.result[dim] == 1) // also where it is assumed: what stands inside is long enough
      continue;
    if (inner == -1)
      inner = dim;
    else if (outer == -1)
      outer = dim;
  }
  RankedTiles ranking;
  int64_t mostRows = machine.vectorRegisters;
  int64_t innerExtent = inner == -1 ? 1 : shape.mostOf(inner),
          outerExtent = outer == -1 ? 1 : shape.mostOf(outer);
  for (int64_t vectors = 1; vectors <= 8; ++vectors) {
    int64_t columns = std::min(vectors * lanes, shape.mostOf(rank - 1));
    if (vectors > 1 && (vectors - 1) * lanes >= shape.mostOf(rank - 1))
      break;
    if (onlyColumns && columns != onlyColumns)
      continue;
    for (int64_t rows = 1; rows <= std::min(mostRows, innerExtent); ++rows)
      for (int64_t outerRows = 1; outerRows <= std::min<int64_t>(4, outerExtent); ++outerRows) {
        // A second dimension of rows costs addresses: it is for the case that the first one is used up.
        if (outerRows > 1 && rows != innerExtent)
          continue;
        cost::ContractTile tile;
        tile.extents.assign(rank, 1);
        tile.extents.back() = columns;
        if (inner != -1)
          tile.extents[inner] = rows;
        if (outer != -1)
          tile.extents[outer] = outerRows;
        cost::Prediction prediction = cost::predictContract(shape, tile, machine);
        prediction.cycles *= idleShare(shape, tile, machine);
        if (prediction.registers <= machine.vectorRegisters)
          ranking.add(tile, prediction.cycles);
      }
  }
  return ranking;
}

/// The cheapest tile, or one whose columns are among `widths` and that costs next to nothing more: then the
/// cheapest one is second.
RankedTiles rankContractTiles(const cost::KernelShape &shape, const target::Machine &machine, int64_t lanes,
                              ArrayRef<int64_t> widths) {
  constexpr double nextToNothing = 1.05; // the model is not more exact than that
  RankedTiles ranking = rankTiles(shape, machine, lanes, 0), shared;
  for (int64_t width : widths) {
    RankedTiles ofWidth = rankTiles(shape, machine, lanes, width);
    if (ofWidth.best)
      shared.add(*ofWidth.best, ofWidth.bestCycles);
  }
  if (shared.best && shared.bestCycles <= nextToNothing * ranking.bestCycles &&
      shared.best->extents != ranking.best->extents) {
    ranking.second = ranking.best;
    ranking.secondCycles = ranking.bestCycles;
    ranking.best = shared.best;
    ranking.bestCycles = shared.bestCycles;
  }
  return ranking;
}

/// A product whose operands the threads of a group share.
sched::ScheduleAttr scheduleBlocks(Builder &b, const cost::BlockTile &tile) {
  b.tile.clear();
  b.block =
      sched::BlockAttr::get(b.context, tile.threads(), tile.threads(), tile.rows, tile.columns, tile.depth,
                            tile.threadRows, tile.threadColumns, tile.stages, tile.multiply);
  return b.finish(sched::Algorithm::Contract);
}

/// How much less traffic makes up for what turning the walk costs: weights are waited for by every cell.
constexpr double worthTurning = 1.5;

/// How cells of a product of known size with large weights follow each other; no walk where they are to be
/// cut by columns first and the rows within.
std::optional<cost::Walk> chooseWalk(const Builder &b) {
  const cost::KernelShape &shape = b.shape;
  if (shape.result.size() != 2 || shape.unknown[0] || shape.unknown[1] || b.machine.lockstepCells)
    return std::nullopt;
  int64_t rowTiles = ceilDiv(shape.result[0], b.tile[0]), columnTiles = ceilDiv(shape.result[1], b.tile[1]);
  if (rowTiles == 1)
    return std::nullopt;
  auto columnsOf = [&](int64_t cells) {
    return ceilDiv(columnTiles, std::clamp<int64_t>(cells, 1, columnTiles)) * b.tile[1];
  };
  cost::Walk within{false, shape.result[0], columnsOf(b.cellsWanted())}, outside{true, 0, 0};
  int64_t stay = std::max<int64_t>(1, cost::rowsThatStay(shape, b.machine) / b.tile[0]);
  // As many cells of rows for each core, of as many tiles each.
  int64_t rowCells = std::min(rowTiles, ceilDiv(ceilDiv(rowTiles, stay), b.machine.cores) * b.machine.cores);
  outside.rows = ceilDiv(rowTiles, rowCells) * b.tile[0];
  outside.columns = columnsOf(ceilDiv(b.cellsWanted(), rowCells));
  return cost::predictWalk(shape, outside, b.machine) * worthTurning <
                 cost::predictWalk(shape, within, b.machine)
             ? std::optional(outside)
             : std::nullopt;
}

/// How many cells the weights are worth by themselves: where rows are few, reading them is what takes time.
int64_t cellsOfWeights(const Builder &b) {
  if (b.machine.lockstepCells || b.shape.vectorOperandVaries || b.shape.vectorOperand < 0)
    return 1;
  return std::clamp<int64_t>(
      static_cast<int64_t>(static_cast<double>(b.shape.vectorOperandBytes) / b.machine.bytesPerCell), 1,
      b.enoughCells);
}

/// Cuts columns too where rows may turn out to be fewer than cores, as those of a batch of unknown size.
void shareColumns(Builder &b) {
  unsigned last = b.shape.result.size() - 1;
  auto mayBeFew = [&](unsigned dim) {
    return b.shape.unknown[dim] && ceilDiv(b.shape.result[dim], b.tile[dim]) < b.mostCells;
  };
  bool isCut = llvm::any_of(b.grid, [&](sched::LevelAttr level) { return level.getDim() == last; });
  if (isCut || b.shape.unknown[last] || llvm::none_of(outerDims(b.shape), mayBeFew))
    return;
  int64_t tiles = ceilDiv(b.shape.result[last], b.tile[last]), cells = std::min(tiles, cellsOfWeights(b));
  if (cells > 1)
    b.grid.push_back(b.level(last, ceilDiv(tiles, cells) * b.tile[last]));
}

sched::ScheduleAttr scheduleContract(Builder &b, const cost::ContractTile &tile,
                                     ArrayRef<bool> constantInputs) {
  const cost::KernelShape &shape = b.shape;
  unsigned last = shape.result.size() - 1;
  b.tile = tile.extents;
  b.unroll = shape.reductions.back() <= 8 ? shape.reductions.back() : 4;
  // A panel is one cell's stream: worth it where no neighbour reads the columns beside it at the same time.
  if (shape.vectorOperand >= 0 && constantInputs[shape.vectorOperand] && !b.machine.lockstepCells)
    b.pack.push_back(b.level(shape.vectorOperand, b.tile.back()));

  bool smallWeights = shape.vectorOperandBytes <= b.machine.l2Bytes / 2;
  bool wholeWeights = smallWeights || b.machine.lockstepCells || shape.vectorOperandVaries;
  if (std::optional<cost::Walk> walk = wholeWeights ? std::nullopt : chooseWalk(b)) {
    b.grid = {b.level(0, walk->rows), b.level(last, walk->columns)};
    b.loops.push_back(b.level(last, b.tile.back()));
    return b.finish(sched::Algorithm::Contract);
  }

  // Rows of the other operand that stay in L2 while panels pass by.
  int64_t steps = shape.reductionSteps(), rowTile = 1, rowDim = -1;
  for (int dim = static_cast<int>(last) - 1; dim >= 0; --dim)
    if (b.tile[dim] > 1 || (shape.result[dim] > 1 && rowDim == -1)) {
      rowDim = dim;
      rowTile = b.tile[dim];
      break;
    }
  SmallVector<unsigned> order = outerDims(shape);
  int64_t wanted = std::max(b.cellsWanted(), cellsOfWeights(b));
  // Small weights are shared by all cells; large ones are best read by one core each.
  if (wholeWeights)
    order.push_back(last);
  else
    order.insert(order.begin(), last);
  b.distribute(order, wanted);
  shareColumns(b);
  if (rowDim >= 0 && shape.result.size() == 2 + static_cast<size_t>(rowDim)) {
    int64_t rowsInL2 =
        std::max<int64_t>(1, b.machine.l2Bytes / 2 / std::max<int64_t>(1, steps * shape.elementBytes));
    int64_t block = std::max(rowTile, rowsInL2 / rowTile * rowTile);
    if (block < shape.result[rowDim] && shape.result.size() == 2)
      b.loops.push_back(b.level(rowDim, block));
  }
  b.loops.push_back(b.level(last, b.tile.back()));
  return b.finish(sched::Algorithm::Contract);
}

/// Whether whole windows are unrolled, so that neighbouring results share what they read. Where cells hide
/// each other's latencies, all of a window may be on its way to registers at once. Steps that read at
/// places which they compute share nothing.
bool isSmallWindow(const cost::KernelShape &shape, const target::Machine &machine) {
  return !shape.looksUp &&
         shape.reductionSteps() <= (machine.cellsToHideLatency ? machine.vectorRegisters : 32);
}

/// The tiles of a small window by their predicted cost; none where there is one tile only.
RankedTiles rankWindowTiles(const cost::KernelShape &shape, const target::Machine &machine, int64_t lanes) {
  RankedTiles ranking;
  unsigned last = shape.result.size() - 1;
  int inner = -1;
  for (int dim = static_cast<int>(last) - 1; dim >= 0 && inner == -1; --dim)
    if (shape.result[dim] > 1)
      inner = dim;
  if (inner == -1 || !isSmallWindow(shape, machine))
    return ranking;
  cost::ContractTile tile;
  tile.extents.assign(shape.result.size(), 1);
  tile.extents[last] = std::min(shape.result[last], lanes);
  for (int64_t rows = 1; rows <= shape.mostOf(inner); ++rows) {
    tile.extents[inner] = rows;
    cost::Prediction prediction = cost::predictWindow(shape, tile, machine);
    if (prediction.registers > machine.vectorRegisters)
      break;
    ranking.add(tile, prediction.cycles * idleShare(shape, tile, machine));
  }
  return ranking;
}

/// A window with this tile; with one vector of the last dimension, or several, where there is no choice.
sched::ScheduleAttr scheduleWindow(Builder &b, const std::optional<cost::ContractTile> &tile) {
  const cost::KernelShape &shape = b.shape;
  unsigned last = shape.result.size() - 1;
  b.unroll = shape.looksUp ? 1 : isSmallWindow(shape, b.machine) ? shape.reductionSteps() : 4;
  if (tile)
    b.tile = tile->extents;
  else
    b.tile[last] = std::min(shape.result[last], b.lanes * (shape.looksUp ? 1 : b.vectorsInStream()));
  SmallVector<unsigned> order = outerDims(shape);
  order.push_back(last);
  b.distribute(order, b.cellsWanted());
  return b.finish(sched::Algorithm::Window);
}

sched::ScheduleAttr scheduleMap(Builder &b) {
  const cost::KernelShape &shape = b.shape;
  if (!shape.result.empty()) {
    unsigned last = shape.result.size() - 1;
    int64_t vectors = b.vectorsInStream();
    b.tile[last] = std::min(shape.result[last], b.lanes * vectors);
    // Short rows: several at once, to fill the loop body.
    vectors = std::max<int64_t>(1, vectors / ceilDiv(b.tile[last], b.lanes));
    if (last > 0 && vectors > 1)
      b.tile[last - 1] = std::min(vectors, shape.result[last - 1]);
    SmallVector<unsigned> order = outerDims(shape);
    order.push_back(last);
    b.distribute(order, b.cellsWanted());
  }
  return b.finish(sched::Algorithm::Map);
}

/// Rows that threads share.
sched::ScheduleAttr scheduleRowGroup(Builder &b, const cost::RowGroup &group) {
  b.tile.clear();
  b.lanes = group.lanes;
  b.unroll = group.unroll;
  b.block =
      sched::BlockAttr::get(b.context, group.threads, group.together, 0, 0, 0, 0, 0, 0, sched::Multiply::Fma);
  return b.finish(sched::Algorithm::Rows);
}

sched::ScheduleAttr scheduleRows(Builder &b) {
  const cost::KernelShape &shape = b.shape;
  b.unroll = 4;
  SmallVector<unsigned> order = outerDims(shape);
  // A root with the rows' length keeps whole rows; a root of one value a row is cut to single values.
  bool wholeRows = !shape.result.empty() && shape.rowsInResult;
  if (wholeRows)
    b.tile.back() = shape.unknown.back() ? 0 : shape.result.back();
  else if (!shape.result.empty())
    order.push_back(shape.result.size() - 1);
  b.distribute(order, b.cellsWanted());
  return b.finish(sched::Algorithm::Rows);
}

/// Plain loops over a slice of the result a cell, or over one element where cells are that small.
sched::ScheduleAttr scheduleLoops(Builder &b) {
  const cost::KernelShape &shape = b.shape;
  if (b.machine.lockstepCells) {
    b.distribute(llvm::to_vector(llvm::seq<unsigned>(0, shape.result.size())), b.cellsWanted());
    return b.finish(sched::Algorithm::Loops);
  }
  for (auto [size, extent, isUnknown] : llvm::zip_equal(b.tile, shape.result, shape.unknown))
    size = isUnknown ? 0 : extent;
  if (shape.result.empty() || shape.mostOf(0) <= 1)
    return b.finish(sched::Algorithm::Loops);
  int64_t wanted = std::min(b.cellsWanted(), shape.result.front());
  int64_t block = ceilDiv(shape.result.front(), wanted);
  b.tile.front() = shape.unknown.front() ? 1 : block;
  if (wanted > 1 || shape.unknown.front())
    b.grid.push_back(b.level(0, block));
  return b.finish(sched::Algorithm::Loops);
}

/// The choice that a ranking comes to, each candidate written down by `write` with a builder of its own.
template <typename Candidate, typename Write>
Choice choiceOf(const Ranking<Candidate> &ranking, const Builder &fresh, Write write) {
  auto schedule = [&](const std::optional<Candidate> &candidate) {
    Builder builder = fresh;
    return candidate ? write(builder, *candidate) : sched::ScheduleAttr();
  };
  Choice choice{schedule(ranking.best),   ranking.bestCycles,   ranking.considered,
                schedule(ranking.second), ranking.secondCycles, ""};
  if (ranking.second && ranking.secondCycles < ranking.bestCycles)
    choice.note = "weights are stored once for all kernels that read them in panels of this width";
  return choice;
}

/// What follows from facts alone.
Choice onlyChoice(sched::ScheduleAttr schedule) { return {schedule, 0, 0, {}, 0, ""}; }

Choice chooseContract(Builder &b, ArrayRef<bool> constantInputs, ArrayRef<int64_t> widths,
                      sched::Multiply permitted) {
  if (b.machine.sharedBytes && b.shape.columns)
    if (auto blocks = rankBlockTiles(b.shape, b.machine, permitted); blocks.best)
      return choiceOf(blocks, b, scheduleBlocks);
  auto write = [&](Builder &builder, const cost::ContractTile &tile) {
    return scheduleContract(builder, tile, constantInputs);
  };
  return choiceOf(rankContractTiles(b.shape, b.machine, b.lanes, widths), b, write);
}

Choice chooseRows(Builder &b) {
  auto write = [](Builder &builder, const cost::RowGroup &group) {
    return group.together > 1 ? scheduleRowGroup(builder, group) : scheduleRows(builder);
  };
  if (b.machine.warpThreads > 1)
    if (auto groups = rankRowGroups(b.shape, b.machine); groups.best)
      return choiceOf(groups, b, write);
  return onlyChoice(scheduleRows(b));
}

Choice chooseWindow(Builder &b) {
  RankedTiles tiles = rankWindowTiles(b.shape, b.machine, b.lanes);
  return tiles.best ? choiceOf(tiles, b, scheduleWindow) : onlyChoice(scheduleWindow(b, std::nullopt));
}

} // namespace

Choice chooseSchedule(MLIRContext *context, const cost::KernelShape &shape, const target::Machine &machine,
                      ArrayRef<bool> constantInputs, ArrayRef<int64_t> widths, sched::Multiply permitted) {
  if (!shape.tileable)
    return {};
  Builder builder(context, shape, machine);
  switch (shape.algorithm) {
  case sched::Algorithm::Contract:
    return chooseContract(builder, constantInputs, widths, permitted);
  case sched::Algorithm::Window:
    return chooseWindow(builder);
  case sched::Algorithm::Map:
    return onlyChoice(scheduleMap(builder));
  case sched::Algorithm::Rows:
    return chooseRows(builder);
  case sched::Algorithm::Loops:
    return onlyChoice(scheduleLoops(builder));
  }
  return {};
}

} // namespace tegula::search
