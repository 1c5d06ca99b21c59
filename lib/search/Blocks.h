// Chooses how groups of threads work together, for machines that start threads in groups.
#pragma once

#include "tegula/cost/CostModel.h"

#include <optional>

namespace tegula::search {

/// The block tile of a product with the lowest predicted cost; nothing where none fits the machine.
std::optional<cost::BlockTile> chooseBlockTile(const cost::KernelShape &shape,
                                               const target::Machine &machine);

} // namespace tegula::search
