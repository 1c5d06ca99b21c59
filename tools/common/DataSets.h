// Reference values that lie beside a model: ONNX's test_data_set_N folders, or in_*.npy with out_*.npy.
#pragma once

#include "common/Inputs.h"

namespace tegula::tools {

struct DataSet {
  std::string name;   ///< for messages
  TensorMap inputs;   ///< by the model's names
  TensorMap expected; ///< by the model's names
};

/// The folders test_data_set_N beside a model, in numeric order.
std::vector<std::string> dataSetFolders(const std::string &modelPath);

/// Reads input_K.pb and output_K.pb of a folder; K counts the model's inputs that have no stored value, and
/// its outputs.
Failure readDataSet(const std::string &folder, const ModelInfo &info, DataSet &set);

/// Everything that lies beside a model; empty where nothing does, or only inputs.
Failure readDataSets(const std::string &modelPath, const ModelInfo &info, std::vector<DataSet> &sets);

} // namespace tegula::tools
