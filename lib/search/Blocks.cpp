// Enumerates the tiles that a group of threads may compute of a product, and takes the cheapest.
#include "Blocks.h"

#include <cmath>

namespace tegula::search {

/// What may multiply: what the operands need, or for float32 what the caller permits beside its own.
static llvm::SmallVector<sched::Multiply> kindsOf(const cost::KernelShape &shape, sched::Multiply permitted,
                                                  const target::Machine &machine) {
  llvm::SmallVector<sched::Multiply> kinds;
  for (sched::Multiply kind : {shape.multiply, permitted}) {
    bool isNeeded = shape.multiply == sched::Multiply::Fma || kind == shape.multiply;
    bool exists = kind == sched::Multiply::Fma || cost::matrixRate(kind, machine) > 0;
    if (isNeeded && exists && !llvm::is_contained(kinds, kind))
      kinds.push_back(kind);
  }
  return kinds;
}

/// Calls `consider` with tiles of threads that multiply on their own.
static void eachThreadTile(llvm::function_ref<void(const cost::BlockTile &)> consider) {
  for (int64_t stages : {4, 3, 2})
    for (int64_t depth : {16, 8, 32})
      for (int64_t threadRows : {8, 4, 2, 1})
        for (int64_t threadColumns : {8, 4})
          for (int64_t rows = threadRows; rows <= 128; rows *= 2)
            for (int64_t columns = 16; columns <= 128; columns *= 2)
              consider({rows, columns, depth, threadRows, threadColumns, stages});
}

/// Calls `consider` with tiles of warps that feed matrix units.
static void eachMatrixTile(const cost::KernelShape &shape, sched::Multiply kind,
                           llvm::function_ref<void(const cost::BlockTile &)> consider) {
  for (int64_t stages : {4, 3, 2})
    for (int64_t depth : {32, 16, 64, 8})
      for (int64_t threadRows : {8, 4, 2})
        for (int64_t threadColumns : {8, 16})
          for (int64_t rows = threadRows * sched::warpRows; rows <= 256; rows *= 2)
            for (int64_t columns = threadColumns * sched::warpColumns; columns <= 256; columns *= 2)
              if (depth >= sched::depthOf(kind))
                consider({rows, columns, depth, threadRows, threadColumns, stages, kind, shape.leftBytes,
                          shape.rightBytes});
}

Ranking<cost::BlockTile> rankBlockTiles(const cost::KernelShape &shape, const target::Machine &machine,
                                        sched::Multiply permitted) {
  Ranking<cost::BlockTile> ranking;
  auto consider = [&](const cost::BlockTile &tile) {
    int64_t threads = tile.threads();
    bool asksForMore = tile.multiply != sched::Multiply::Fma;
    if (threads < machine.warpThreads || threads > 256 ||
        tile.sharedBytes() > (asksForMore ? machine.mostSharedBytes : machine.sharedBytes))
      return;
    // A copy of 16 bytes a thread is the least that each must have to do.
    if (tile.rows * tile.depth * tile.leftBytes < threads * 16 &&
        tile.columns * tile.depth * tile.rightBytes < threads * 16)
      return;
    cost::Prediction prediction = cost::predictBlocks(shape, tile, machine);
    if (prediction.registers > (tile.isWide() ? 2 : 1) * machine.threadRegisters + (tile.isWide() ? 0 : 32))
      return;
    ranking.add(tile, prediction.cycles);
  };
  for (sched::Multiply kind : kindsOf(shape, permitted, machine))
    if (kind == sched::Multiply::Fma)
      eachThreadTile(consider);
    else
      eachMatrixTile(shape, kind, consider);
  return ranking;
}

} // namespace tegula::search
