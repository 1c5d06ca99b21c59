// Chooses how groups of threads work together, for machines that start threads in groups.
#pragma once

#include "tegula/cost/CostModel.h"

#include <optional>

namespace tegula::search {

/// The block tile of a product with the lowest predicted cost; nothing where none fits the machine. Operands
/// in float32 may be rounded to what is `permitted`.
std::optional<cost::BlockTile> chooseBlockTile(const cost::KernelShape &shape, const target::Machine &machine,
                                               sched::Multiply permitted);

} // namespace tegula::search
