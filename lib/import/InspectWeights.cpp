// Adds up the weights of an ONNX file by type, and counts what --denormals=flush would change, without
// importing it.
#include "Light.h"
#include "Model.h"
#include "tegula/Tegula.h"
#include "tegula/support/Checked.h"

#include <algorithm>
#include <cstring>

namespace tegula {

using namespace importer;

namespace {

// Element types, by ONNX's numbers.
enum { Float32 = 1, Float16 = 10, Float64 = 11, BFloat16 = 16 };

/// Numbers of Bits whose exponent is zero and whose fraction is not.
template <typename Bits> int64_t countDenormals(llvm::StringRef bytes, Bits exponent) {
  int64_t count = 0;
  Bits fraction = static_cast<Bits>(exponent & (~exponent + 1)) - 1; // all bits below the exponent's
  for (size_t at = 0; at + sizeof(Bits) <= bytes.size(); at += sizeof(Bits)) {
    Bits bits;
    std::memcpy(&bits, bytes.data() + at, sizeof(Bits));
    count += (bits & exponent) == 0 && (bits & fraction) != 0;
  }
  return count;
}

int64_t countDenormals(llvm::StringRef bytes, int32_t type) {
  switch (type) {
  case Float32:
    return countDenormals<uint32_t>(bytes, 0x7f800000U);
  case Float64:
    return countDenormals<uint64_t>(bytes, 0x7ff0000000000000U);
  case Float16:
    return countDenormals<uint16_t>(bytes, 0x7c00U);
  case BFloat16:
    return countDenormals<uint16_t>(bytes, 0x7f80U);
  default:
    return 0;
  }
}

/// Adds up tensors one by one.
class Adder {
public:
  Adder(WeightsInfo &info, std::string folder) : info(info), folder(std::move(folder)) {}

  void add(const onnx::TensorProto &tensor, llvm::StringRef values) {
    WeightsInfo::Tensor described;
    described.name = tensor.name();
    described.dtype = dataTypeName(tensor.data_type());
    described.shape.assign(tensor.dims().begin(), tensor.dims().end());
    int64_t elements = elementsOf(tensor);
    Checked bytes = Checked(elements) * Checked(int64_t(onnxSizeOf(tensor.data_type())));
    described.bytes = bytes.opt().value_or(0);
    WeightsInfo::Type &type = info.types[described.dtype];
    ++type.tensors;
    type.elements += elements;
    type.bytes += described.bytes;
    SharedBytes external;
    if (tensor.data_location() == onnx::TensorProto::EXTERNAL) {
      external = readExternal(tensor, described);
      values = llvm::StringRef(external.bytes.data(), external.bytes.size());
    }
    type.denormals += countDenormals(values, tensor.data_type());
    info.largest.push_back(std::move(described));
  }

  void add(const onnx::TensorProto &tensor) {
    std::string floats; // values that stand one by one
    for (float value : tensor.float_data())
      floats.append(reinterpret_cast<const char *>(&value), sizeof(value));
    for (double value : tensor.double_data())
      floats.append(reinterpret_cast<const char *>(&value), sizeof(value));
    add(tensor, tensor.has_raw_data() ? llvm::StringRef(tensor.raw_data()) : llvm::StringRef(floats));
  }

  /// Weights of a graph's nodes, and of the graphs below; protobuf's own limit bounds the depth.
  template <typename Nodes> void addNodes(const Nodes &nodes) {
    for (const onnx::NodeProto &node : nodes)
      for (const onnx::AttributeProto &attribute : node.attribute()) {
        if (node.op_type() == "Constant" && attribute.has_t())
          add(attribute.t());
        if (attribute.has_g())
          addGraph(attribute.g());
        for (const onnx::GraphProto &graph : attribute.graphs())
          addGraph(graph);
      }
  }

  void finish() {
    constexpr size_t most = 10;
    std::stable_sort(info.largest.begin(), info.largest.end(),
                     [](const auto &a, const auto &b) { return a.bytes > b.bytes; });
    info.largest.resize(std::min(info.largest.size(), most));
  }

private:
  void addGraph(const onnx::GraphProto &graph) {
    for (const onnx::TensorProto &tensor : graph.initializer())
      add(tensor);
    addNodes(graph.node());
  }

  SharedBytes readExternal(const onnx::TensorProto &tensor, WeightsInfo::Tensor &described) {
    int64_t offset = 0;
    for (const auto &entry : tensor.external_data()) {
      if (entry.key() == "location")
        described.file = entry.value();
      if (entry.key() == "offset" && llvm::StringRef(entry.value()).getAsInteger(10, offset))
        offset = -1;
    }
    auto known = std::find_if(info.files.begin(), info.files.end(),
                              [&](const WeightsInfo::File &file) { return file.name == described.file; });
    WeightsInfo::File &file =
        known == info.files.end() ? info.files.emplace_back(WeightsInfo::File{described.file}) : *known;
    ++file.tensors;
    file.bytes += described.bytes;
    if (offset < 0) {
      file.problem = "expected an offset of at least 0 for external data";
      return {};
    }
    llvm::Expected<SharedBytes> bytes = readExternalData(folder, described.file, offset, described.bytes);
    if (bytes)
      return std::move(*bytes);
    file.problem = llvm::toString(bytes.takeError());
    return {};
  }

  WeightsInfo &info;
  std::string folder;
};

} // namespace

bool inspectWeights(const std::string &path, WeightsInfo &info, std::vector<Message> &messages) {
  std::string error;
  Code code = Code::None;
  auto file = openModelFile(path, error, code);
  onnx::ModelProto model;
  RawValues values;
  if (file && !parseWithoutWeights(*file, model, &values)) {
    code = Code::NotAModel;
    error = "expected an ONNX model, got other or damaged bytes";
  }
  if (!error.empty()) {
    messages.push_back({Message::Severity::Error, "", "", 0, error, "", "", code});
    return false;
  }
  size_t slash = path.rfind('/');
  Adder adder(info, slash == std::string::npos ? "." : path.substr(0, slash + 1));
  const onnx::GraphProto &graph = model.graph();
  for (int i = 0; i < graph.initializer_size(); ++i)
    adder.add(graph.initializer(i), size_t(i) < values.size() ? values[size_t(i)] : llvm::StringRef());
  adder.addNodes(graph.node());
  for (const onnx::FunctionProto &function : model.functions())
    adder.addNodes(function.node());
  adder.finish();
  return true;
}

} // namespace tegula
