// Chooses how many threads share a row, for machines whose threads can.
#pragma once

#include "Ranking.h"

#include "tegula/cost/CostModel.h"

namespace tegula::search {

/// The groups by their predicted cost, with one thread together where each had better have rows of its own;
/// none where threads cannot share rows.
Ranking<cost::RowGroup> rankRowGroups(const cost::KernelShape &shape, const target::Machine &machine);

} // namespace tegula::search
