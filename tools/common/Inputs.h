// Where a model's inputs and expected outputs come from: the command line, files beside the model, or a seed.
#pragma once

#include "common/Arrays.h"
#include "common/Report.h"
#include "common/Session.h"
#include "common/Sizes.h"

#include <map>
#include <string>
#include <vector>

namespace tegula::tools {

using TensorMap = std::map<std::string, HostTensor>;

/// Reads .npy, .npz or .pb.
Failure readTensors(const std::string &path, NamedTensors &tensors);

/// Reads "name=@file" into `tensors`.
Failure readAssignment(const std::string &text, TensorMap &tensors);

/// Values for the names found in files in_<name>.npy (or out_<name>.npy) beside the model; characters other
/// than letters and digits are compared as "_", because names hold slashes and colons.
Failure readStored(const std::string &modelPath, const char *prefix, const std::vector<std::string> &names,
                   TensorMap &tensors);

/// The value given for a name: exactly so called, else the same after replacing characters other than letters
/// and digits by "_", because file names cannot hold every name. nullptr if none.
const HostTensor *valueFor(const std::string &name, const TensorMap &values);

/// Fills `shapes` for inputs whose shape the model leaves open and whose value is known; unless `ranked`,
/// only for those whose number of dimensions it leaves open.
void completeShapes(const ModelInfo &info, const TensorMap &values,
                    std::map<std::string, std::vector<int64_t>> &shapes, bool ranked = true);

/// One value for each input of the session, seeded where none is given, in sizes that the given values or
/// `sizes` say. A given name that is no input is an error.
Failure gatherInputs(const Session &session, const TensorMap &given, std::vector<HostTensor> &values,
                     const Sizes &sizes = {});

} // namespace tegula::tools
