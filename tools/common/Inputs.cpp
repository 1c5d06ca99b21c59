// Reads tensors from every kind of file that tools accept and matches them to a model's inputs by name.
#include "common/Inputs.h"

#include "common/Files.h"
#include "common/Tensors.h"
#include "tegula/npy/Npy.h"

#include <algorithm>
#include <filesystem>

namespace tegula::tools {

namespace {

HostTensor fromArray(npy::Array &&array) {
  return {std::move(array.dtype), std::move(array.shape), std::move(array.bytes)};
}

std::string cleaned(std::string name) {
  for (char &c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)))
      c = '_';
  return name;
}

/// "'a', 'b'" of all names, for messages that tell what would have been right.
std::string nameList(const std::vector<Port> &ports) {
  std::string text;
  for (const Port &port : ports)
    text += (text.empty() ? "'" : ", '") + port.name + "'";
  return text.empty() ? "none" : text;
}

} // namespace

Failure readTensors(const std::string &path, NamedTensors &tensors) {
  if (Failure failure = checkReadable(path))
    return {failure.code, path + ": " + failure.text};
  std::string error;
  if (hasExtension(path, ".pb")) {
    HostTensor tensor;
    if (!readTensorProto(path, tensor, error))
      return {Code::NotAnArray, error};
    tensors.emplace_back("", std::move(tensor));
    return {};
  }
  std::vector<npy::NamedArray> arrays;
  if (!npy::readArrays(path, arrays, error))
    return {Code::NotAnArray, error};
  for (npy::NamedArray &array : arrays)
    tensors.emplace_back(std::move(array.name), fromArray(std::move(array.array)));
  return {};
}

Failure readAssignment(const std::string &text, TensorMap &tensors) {
  size_t split = text.rfind("=@");
  if (split == std::string::npos || split == 0)
    return {Code::InvalidAssignment, "expected NAME=@FILE.npy, got '" + text + "'"};
  std::string name = text.substr(0, split), path = text.substr(split + 2);
  NamedTensors read;
  if (Failure failure = readTensors(path, read))
    return failure;
  if (read.size() != 1)
    return {Code::ArrayCount, path + ": expected one array, got " + std::to_string(read.size())};
  tensors[name] = std::move(read[0].second);
  return {};
}

Failure readStored(const std::string &modelPath, const char *prefix, const std::vector<std::string> &names,
                   TensorMap &tensors) {
  std::error_code ignored;
  std::vector<std::filesystem::path> files;
  for (const auto &entry : std::filesystem::directory_iterator(folderOf(modelPath), ignored))
    if (entry.path().extension() == ".npy" && entry.path().filename().string().starts_with(prefix))
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto &file : files) {
    std::string stem = cleaned(file.stem().string().substr(std::string(prefix).size()));
    for (const std::string &name : names) {
      if (cleaned(name) != stem || tensors.count(name))
        continue;
      NamedTensors read;
      if (Failure failure = readTensors(file, read))
        return failure;
      tensors[name] = std::move(read.at(0).second);
    }
  }
  return {};
}

const HostTensor *valueFor(const std::string &name, const TensorMap &values) {
  if (auto exact = values.find(name); exact != values.end())
    return &exact->second;
  for (const auto &[given, tensor] : values)
    if (cleaned(given) == cleaned(name))
      return &tensor;
  return nullptr;
}

void completeShapes(const ModelInfo &info, const TensorMap &values,
                    std::map<std::string, std::vector<int64_t>> &shapes, bool ranked) {
  for (const ModelInfo::Value &input : info.inputs)
    if (const HostTensor *value = valueFor(input.name, values);
        value && !input.staticShape() && (ranked || !input.ranked))
      shapes.try_emplace(input.name, value->shape);
}

Failure gatherInputs(const Session &session, const TensorMap &given, std::vector<HostTensor> &values,
                     const Sizes &sizes) {
  const std::vector<Port> &ports = session.declaredInputs();
  for (const auto &[name, tensor] : given)
    if (std::none_of(ports.begin(), ports.end(),
                     [&](const Port &port) { return cleaned(port.name) == cleaned(name); }))
      return {Code::UnknownInput, "no input is named '" + name + "'; the inputs are " + nameList(ports)};
  std::vector<const HostTensor *> known;
  for (const Port &port : ports)
    known.push_back(valueFor(port.name, given));
  std::vector<std::vector<int64_t>> shapes;
  if (Failure failure = chooseShapes(ports, known, sizes, shapes))
    return failure;
  for (size_t i = 0; i < ports.size(); ++i)
    values.push_back(known[i] ? *known[i] : seededTensor(ports[i].name, ports[i].dtype, shapes[i]));
  return {};
}

} // namespace tegula::tools
