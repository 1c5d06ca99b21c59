// Chooses how groups of threads work together, for machines that start threads in groups.
#pragma once

#include "Ranking.h"

#include "tegula/cost/CostModel.h"

namespace tegula::search {

/// The block tiles of a product by their predicted cost; none where none fits the machine. Operands in
/// float32 may be rounded to what is `permitted`.
Ranking<cost::BlockTile> rankBlockTiles(const cost::KernelShape &shape, const target::Machine &machine,
                                        sched::Multiply permitted);

} // namespace tegula::search
