// Describes ONNX files without importing them, so that tools can name a model's inputs before they know the
// shapes to compile it for.
#include "tegula/Tegula.h"

#include "Light.h"
#include "Model.h"
#include "tegula/support/Checked.h"

#include <charconv>
#include <cstring>
#include <set>

namespace tegula {

using namespace importer;

namespace {

ModelInfo::Value describeValue(const onnx::ValueInfoProto &value) {
  ModelInfo::Value info;
  info.name = value.name();
  const onnx::TypeProto &type = value.type();
  if (!type.has_tensor_type()) {
    info.dtype = type.has_sequence_type()        ? "sequence"
                 : type.has_optional_type()      ? "optional"
                 : type.has_map_type()           ? "map"
                 : type.has_sparse_tensor_type() ? "sparse tensor"
                                                 : "unknown";
    return info;
  }
  info.dtype = dataTypeName(type.tensor_type().elem_type());
  info.ranked = type.tensor_type().has_shape();
  for (const auto &dim : type.tensor_type().shape().dim())
    info.dims.push_back(dim.has_dim_value()       ? std::to_string(dim.dim_value())
                        : dim.dim_param().empty() ? "?"
                                                  : dim.dim_param());
  return info;
}

/// Counts nodes and weights of a graph and of the graphs below it; protobuf's own limit bounds the depth.
template <typename Nodes> void countNodes(const Nodes &nodes, ModelInfo &info) {
  for (const onnx::NodeProto &node : nodes) {
    ++info.nodes;
    bool standard = node.domain().empty() || node.domain() == "ai.onnx";
    ++info.operators[standard ? node.op_type() : node.domain() + "." + node.op_type()];
    for (const onnx::AttributeProto &attribute : node.attribute()) {
      if (node.op_type() == "Constant" && attribute.has_t())
        info.parameters += elementsOf(attribute.t());
      auto below = [&](const onnx::GraphProto &graph) {
        countNodes(graph.node(), info);
        for (const onnx::TensorProto &tensor : graph.initializer())
          info.parameters += elementsOf(tensor);
      };
      if (attribute.has_g())
        below(attribute.g());
      for (const onnx::GraphProto &graph : attribute.graphs())
        below(graph);
    }
  }
}

/// Copies the values of a typed field into elements of type To; false where their number is wrong.
template <typename To, typename Field>
bool copyField(const Field &field, size_t count, std::vector<uint8_t> &bytes) {
  if (size_t(field.size()) != count)
    return false;
  bytes.resize(count * sizeof(To));
  for (size_t i = 0; i < count; ++i) {
    To value = To(field.Get(int(i)));
    std::memcpy(bytes.data() + i * sizeof(To), &value, sizeof(To));
  }
  return true;
}

/// Decodes the typed fields, by the table of ONNX's TensorProto.
bool copyTyped(const onnx::TensorProto &proto, size_t count, std::vector<uint8_t> &bytes) {
  switch (proto.data_type()) {
  case 1:
    return copyField<float>(proto.float_data(), count, bytes);
  case 2:
  case 9:
    return copyField<uint8_t>(proto.int32_data(), count, bytes);
  case 3:
    return copyField<int8_t>(proto.int32_data(), count, bytes);
  case 4:
  case 10:
  case 16:
    return copyField<uint16_t>(proto.int32_data(), count, bytes);
  case 5:
    return copyField<int16_t>(proto.int32_data(), count, bytes);
  case 6:
    return copyField<int32_t>(proto.int32_data(), count, bytes);
  case 7:
    return copyField<int64_t>(proto.int64_data(), count, bytes);
  case 11:
    return copyField<double>(proto.double_data(), count, bytes);
  case 12:
    return copyField<uint32_t>(proto.uint64_data(), count, bytes);
  case 13:
    return copyField<uint64_t>(proto.uint64_data(), count, bytes);
  default:
    return false;
  }
}

} // namespace

std::optional<std::vector<int64_t>> ModelInfo::Value::staticShape() const {
  if (!ranked)
    return std::nullopt;
  std::vector<int64_t> shape;
  for (const std::string &dim : dims) {
    int64_t size = 0;
    auto [end, error] = std::from_chars(dim.data(), dim.data() + dim.size(), size);
    if (error != std::errc() || end != dim.data() + dim.size() || size < 0)
      return std::nullopt;
    shape.push_back(size);
  }
  return shape;
}

bool inspectModel(const std::string &path, ModelInfo &info, std::vector<Message> &messages) {
  std::string error;
  Code code = Code::None;
  auto file = openModelFile(path, error, code);
  if (!file) {
    messages.push_back({Message::Severity::Error, "", "", 0, error, "", "", code});
    return false;
  }
  onnx::ModelProto model;
  if (!parseWithoutWeights(*file, model, nullptr)) {
    messages.push_back({Message::Severity::Error, "", "", 0,
                        "expected an ONNX model, got other or damaged bytes", "", "", Code::NotAModel});
    return false;
  }
  info.producer =
      model.producer_name() + (model.producer_version().empty() ? "" : " " + model.producer_version());
  info.irVersion = model.ir_version();
  for (const auto &opset : model.opset_import())
    info.opsets.emplace_back(opset.domain(), opset.version());
  const onnx::GraphProto &graph = model.graph();
  std::set<std::string> stored;
  for (const onnx::TensorProto &tensor : graph.initializer()) {
    stored.insert(tensor.name());
    info.parameters += elementsOf(tensor);
  }
  for (const auto &value : graph.input())
    if (!stored.count(value.name()))
      info.inputs.push_back(describeValue(value));
  for (const auto &value : graph.output())
    info.outputs.push_back(describeValue(value));
  countNodes(graph.node(), info);
  for (const onnx::FunctionProto &function : model.functions())
    countNodes(function.node(), info);
  return true;
}

bool readTensorProto(const std::string &path, HostTensor &tensor, std::string &error) {
  Code ignored = Code::None;
  auto file = openModelFile(path, error, ignored);
  if (!file) {
    error = path + ": " + error;
    return false;
  }
  auto fail = [&](const std::string &reason) {
    error = path + ": " + reason;
    return false;
  };
  if (file->getBufferSize() == 0)
    return fail("expected a TensorProto, got an empty file");
  onnx::TensorProto proto;
  if (!proto.ParseFromArray(file->getBufferStart(), int(file->getBufferSize())) || proto.data_type() == 0)
    return fail("expected a TensorProto, got other or damaged bytes");
  size_t size = onnxSizeOf(proto.data_type());
  if (size == 0)
    return fail("tensors of type " + dataTypeName(proto.data_type()) + " are not supported");
  Checked count = Checked::product({proto.dims().data(), size_t(proto.dims_size())});
  Checked total = count * Checked(int64_t(size));
  if (!total.valid() || proto.data_location() == onnx::TensorProto::EXTERNAL)
    return fail(total.valid() ? "external data is not supported here" : "negative or too large shape");
  tensor.dtype = dataTypeName(proto.data_type());
  tensor.shape.assign(proto.dims().begin(), proto.dims().end());
  if (proto.has_raw_data()) {
    if (int64_t(proto.raw_data().size()) != total.get())
      return fail("expected " + std::to_string(total.get()) + " bytes, got " +
                  std::to_string(proto.raw_data().size()));
    tensor.bytes.assign(proto.raw_data().begin(), proto.raw_data().end());
  } else if (!copyTyped(proto, size_t(count.get()), tensor.bytes)) {
    return fail("expected " + std::to_string(count.get()) + " values, got another number");
  }
  return true;
}

} // namespace tegula
