// Chooses how many threads share a row, for machines whose threads can.
#pragma once

#include "tegula/cost/CostModel.h"

#include <optional>

namespace tegula::search {

/// The group with the lowest predicted cost; nothing where each thread had better have rows of its own.
std::optional<cost::RowGroup> chooseRowGroup(const cost::KernelShape &shape, const target::Machine &machine);

} // namespace tegula::search
