// Arrays under names, as tools write results and compare them with a reference; without the compiler, so that
// every tool that runs a model does it in the same way.
#pragma once

#include "common/Report.h"
#include "common/Session.h"

#include <string>
#include <utility>
#include <vector>

namespace tegula::tools {

/// Arrays as they stand in a file, names empty where it has none (.npy).
using NamedTensors = std::vector<std::pair<std::string, HostTensor>>;

/// The results of a run under the names of the outputs.
NamedTensors namedResults(const Session &session, const std::vector<HostTensor> &results);

/// A failure where `path` is no name for arrays or cannot be written; to be asked before what takes long.
Failure checkTensorsOutput(const std::string &path, const std::string &input);

/// Writes .npz, or .npy where there is one array; whole or not at all.
Failure writeTensors(const std::string &path, const NamedTensors &tensors);

/// Compares results with the arrays that `file` held, and prints a line for each output. They are found by
/// name; where no name is known and the number is right, by order, which a note says.
Failure compareResults(const std::string &file, const NamedTensors &expected, const NamedTensors &results,
                       double rtol, double atol);

} // namespace tegula::tools
