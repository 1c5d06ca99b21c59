// Finds reference values by the two conventions that model collections follow, so that a model can be
// verified without any option.
#include "common/DataSets.h"

#include "common/Files.h"

#include <algorithm>
#include <filesystem>

namespace tegula::tools {

namespace {

namespace fs = std::filesystem;

Failure readNumbered(const std::string &folder, const char *prefix,
                     const std::vector<ModelInfo::Value> &values, TensorMap &tensors) {
  for (size_t i = 0; i < values.size(); ++i) {
    std::string path = folder + "/" + prefix + std::to_string(i) + ".pb";
    if (!fs::exists(path))
      continue; // an optional input that this set leaves out
    NamedTensors read;
    if (Failure failure = readTensors(path, read))
      return failure;
    HostTensor &tensor = tensors[values[i].name] = std::move(read[0].second);
    if (values[i].dtype == "bfloat16" && tensor.dtype == "uint16")
      tensor.dtype = "bfloat16"; // numpy has no bfloat16, so ONNX's older releases stored its bits
  }
  return {};
}

std::vector<std::string> namesOf(const std::vector<ModelInfo::Value> &values) {
  std::vector<std::string> names;
  for (const ModelInfo::Value &value : values)
    names.push_back(value.name);
  return names;
}

} // namespace

std::vector<std::string> dataSetFolders(const std::string &modelPath) {
  const std::string prefix = "test_data_set_";
  std::vector<std::pair<int64_t, std::string>> found;
  std::error_code ignored;
  for (const auto &entry : fs::directory_iterator(folderOf(modelPath), ignored))
    if (std::string name = entry.path().filename(); entry.is_directory() && name.starts_with(prefix)) {
      int64_t number = 0;
      if (parseSize(name.substr(prefix.size()), number))
        found.emplace_back(number, entry.path());
    }
  std::sort(found.begin(), found.end());
  std::vector<std::string> folders;
  for (auto &[number, folder] : found)
    folders.push_back(std::move(folder));
  return folders;
}

Failure readDataSet(const std::string &folder, const ModelInfo &info, DataSet &set) {
  set.name = fs::path(folder).filename();
  if (Failure failure = readNumbered(folder, "input_", info.inputs, set.inputs))
    return failure;
  return readNumbered(folder, "output_", info.outputs, set.expected);
}

Failure readDataSets(const std::string &modelPath, const ModelInfo &info, std::vector<DataSet> &sets) {
  for (const std::string &folder : dataSetFolders(modelPath)) {
    if (Failure failure = readDataSet(folder, info, sets.emplace_back()))
      return failure;
    if (sets.back().expected.empty())
      return {Code::MissingReference, folder + ": expected output_0.pb and so on, got no file of an output"};
  }
  if (!sets.empty())
    return {};
  DataSet set{"stored arrays", {}, {}};
  if (Failure failure = readStored(modelPath, "in_", namesOf(info.inputs), set.inputs))
    return failure;
  if (Failure failure = readStored(modelPath, "out_", namesOf(info.outputs), set.expected))
    return failure;
  if (!set.expected.empty())
    sets.push_back(std::move(set));
  return {};
}

} // namespace tegula::tools
