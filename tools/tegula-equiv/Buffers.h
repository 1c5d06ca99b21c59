// Executes functions that no longer are graphs or kernels: on buffers, vectors and scalars, as they stand
// between the passes of code generation. It exists so that those passes are checked by numbers too.
#pragma once

#include "common/Report.h"
#include "tegula/Tegula.h"

#include <string>
#include <vector>

namespace tegula::tools {

/// What one run left in memory.
struct Memory {
  std::vector<HostTensor> arguments; ///< buffers hold what was written to them
  std::vector<HostTensor> results;
};

/// Runs the function @main of a module in MLIR text once, on seeded values. Unknown sizes and index arguments
/// are 4; where tegula.cells counts the cells, the last two index arguments are the range of all of them.
Failure runOnBuffers(const std::string &text, Memory &memory);

} // namespace tegula::tools
