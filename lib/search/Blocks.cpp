// Enumerates the tiles that a group of threads may compute of a product, and takes the cheapest.
#include "Blocks.h"

#include <cmath>

namespace tegula::search {

std::optional<cost::BlockTile> chooseBlockTile(const cost::KernelShape &shape,
                                               const target::Machine &machine) {
  std::optional<cost::BlockTile> best;
  double bestCycles = 0;
  auto consider = [&](const cost::BlockTile &tile) {
    int64_t threads = tile.threads();
    if (threads < machine.warpThreads || threads > 256 || tile.sharedBytes() > machine.sharedBytes)
      return;
    // A copy of 16 bytes a thread is the least that each must have to do.
    if (tile.rows * tile.depth < threads * 4 && tile.columns * tile.depth < threads * 4)
      return;
    cost::Prediction prediction = cost::predictBlocks(shape, tile, machine);
    if (prediction.registers > machine.threadRegisters + 32)
      return;
    if (!best || prediction.cycles < bestCycles) {
      best = tile;
      bestCycles = prediction.cycles;
    }
  };
  for (int64_t stages : {4, 3, 2})
    for (int64_t depth : {16, 8, 32})
      for (int64_t threadRows : {8, 4, 2, 1})
        for (int64_t threadColumns : {8, 4})
          for (int64_t rows = threadRows; rows <= 128; rows *= 2)
            for (int64_t columns = 16; columns <= 128; columns *= 2)
              consider({rows, columns, depth, threadRows, threadColumns, stages});
  return best;
}

} // namespace tegula::search
