// Describes ONNX files without importing them, so that tools can name a model's inputs before they know the
// shapes to compile it for.
#include "tegula/Tegula.h"

#include "onnx.pb.h"
#include "tegula/support/Checked.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/wire_format_lite.h>

#include <charconv>
#include <cstring>
#include <limits>
#include <set>

namespace tegula {

namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::ArrayInputStream;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;
using google::protobuf::io::StringOutputStream;

// Numbers of the fields on the way to a weight's values.
enum { ModelGraph = 7, GraphInitializer = 5, TensorDims = 1, TensorType = 2, TensorName = 8 };

bool isBytes(uint32_t tag) {
  return WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
}

/// Copies a message, with the fields that `rewrite` takes replaced; nested lengths are written anew. False on
/// malformed bytes. `rewrite(field, in, size, out)` returns 1: taken, 0: copy as it stands, -1: malformed.
template <typename Rewrite>
bool copyMessage(const char *data, size_t size, std::string &out, Rewrite rewrite) {
  ArrayInputStream raw(data, int(size));
  CodedInputStream in(&raw);
  in.SetTotalBytesLimit(std::numeric_limits<int>::max());
  while (uint32_t tag = in.ReadTag()) {
    if (!isBytes(tag)) {
      StringOutputStream sink(&out);
      CodedOutputStream copy(&sink);
      if (!WireFormatLite::SkipField(&in, tag, &copy))
        return false;
      continue;
    }
    uint32_t length = 0;
    if (!in.ReadVarint32(&length) || length > size - size_t(in.CurrentPosition()))
      return false;
    const char *field = data + in.CurrentPosition();
    std::string replaced;
    int taken = rewrite(WireFormatLite::GetTagFieldNumber(tag), field, length, replaced);
    if (taken < 0 || !in.Skip(int(length)))
      return false;
    StringOutputStream sink(&out);
    CodedOutputStream copy(&sink);
    copy.WriteVarint32(tag);
    copy.WriteVarint32(taken ? uint32_t(replaced.size()) : length);
    copy.WriteRaw(taken ? replaced.data() : field, taken ? int(replaced.size()) : int(length));
  }
  return in.ConsumedEntireMessage();
}

int stripTensor(const char *data, size_t size, std::string &out) {
  return copyMessage(data, size, out,
                     [](int field, const char *, size_t, std::string &) {
                       return field != TensorDims && field != TensorName;
                     })
             ? 1
             : -1;
}

/// The model's bytes without the values of its weights, which may be gigabytes that nobody here looks at.
bool stripModel(const char *data, size_t size, std::string &out) {
  return copyMessage(
      data, size, out, [](int field, const char *graph, size_t graphSize, std::string &strippedGraph) {
        if (field != ModelGraph)
          return 0;
        bool ok =
            copyMessage(graph, graphSize, strippedGraph,
                        [](int inner, const char *tensor, size_t tensorSize, std::string &stripped) {
                          return inner == GraphInitializer ? stripTensor(tensor, tensorSize, stripped) : 0;
                        });
        return ok ? 1 : -1;
      });
}

const char *dtypeName(int32_t type) {
  switch (type) {
  case 1:
    return "float32";
  case 2:
    return "uint8";
  case 3:
    return "int8";
  case 4:
    return "uint16";
  case 5:
    return "int16";
  case 6:
    return "int32";
  case 7:
    return "int64";
  case 8:
    return "string";
  case 9:
    return "bool";
  case 10:
    return "float16";
  case 11:
    return "float64";
  case 12:
    return "uint32";
  case 13:
    return "uint64";
  case 14:
    return "complex64";
  case 15:
    return "complex128";
  case 16:
    return "bfloat16";
  case 17:
    return "float8e4m3fn";
  case 18:
    return "float8e4m3fnuz";
  case 19:
    return "float8e5m2";
  case 20:
    return "float8e5m2fnuz";
  case 21:
    return "uint4";
  case 22:
    return "int4";
  case 23:
    return "float4e2m1";
  case 24:
    return "float8e8m0";
  case 25:
    return "uint2";
  case 26:
    return "int2";
  default:
    return "unknown";
  }
}

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
  info.dtype = dtypeName(type.tensor_type().elem_type());
  info.ranked = type.tensor_type().has_shape();
  for (const auto &dim : type.tensor_type().shape().dim())
    info.dims.push_back(dim.has_dim_value()       ? std::to_string(dim.dim_value())
                        : dim.dim_param().empty() ? "?"
                                                  : dim.dim_param());
  return info;
}

int64_t elements(const onnx::TensorProto &tensor) {
  return Checked::product({tensor.dims().data(), size_t(tensor.dims_size())}).opt().value_or(0);
}

/// Counts nodes and weights of a graph and of the graphs below it; protobuf's own limit bounds the depth.
template <typename Nodes> void countNodes(const Nodes &nodes, ModelInfo &info) {
  for (const onnx::NodeProto &node : nodes) {
    ++info.nodes;
    bool standard = node.domain().empty() || node.domain() == "ai.onnx";
    ++info.operators[standard ? node.op_type() : node.domain() + "." + node.op_type()];
    for (const onnx::AttributeProto &attribute : node.attribute()) {
      if (node.op_type() == "Constant" && attribute.has_t())
        info.parameters += elements(attribute.t());
      auto below = [&](const onnx::GraphProto &graph) {
        countNodes(graph.node(), info);
        for (const onnx::TensorProto &tensor : graph.initializer())
          info.parameters += elements(tensor);
      };
      if (attribute.has_g())
        below(attribute.g());
      for (const onnx::GraphProto &graph : attribute.graphs())
        below(graph);
    }
  }
}

std::unique_ptr<llvm::MemoryBuffer> open(const std::string &path, std::string &error) {
  llvm::sys::fs::file_status status;
  if (!llvm::sys::fs::status(path, status) && !llvm::sys::fs::is_regular_file(status)) {
    error = "cannot read: not a regular file"; // a pipe may never end
    return nullptr;
  }
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file) {
    error = "cannot read: " + file.getError().message();
    return nullptr;
  }
  if ((*file)->getBufferSize() > size_t(std::numeric_limits<int>::max())) {
    error = "larger than the 2 GiB that an ONNX file may have";
    return nullptr;
  }
  return std::move(*file);
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

size_t sizeOf(int32_t type) {
  switch (type) {
  case 2:
  case 3:
  case 9:
    return 1;
  case 4:
  case 5:
  case 10:
  case 16:
    return 2;
  case 1:
  case 6:
  case 12:
    return 4;
  case 7:
  case 11:
  case 13:
    return 8;
  default:
    return 0;
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
  auto file = open(path, error);
  if (!file) {
    messages.push_back({Message::Severity::Error, "", "", 0, error, "", "", Code::CannotRead});
    return false;
  }
  std::string stripped;
  onnx::ModelProto model;
  if (!stripModel(file->getBufferStart(), file->getBufferSize(), stripped) ||
      !model.ParseFromString(stripped) || !model.has_graph()) {
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
    info.parameters += elements(tensor);
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
  auto file = open(path, error);
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
  size_t size = sizeOf(proto.data_type());
  if (size == 0)
    return fail(std::string("tensors of type ") + dtypeName(proto.data_type()) + " are not supported");
  Checked count = Checked::product({proto.dims().data(), size_t(proto.dims_size())});
  Checked total = count * Checked(int64_t(size));
  if (!total.valid() || proto.data_location() == onnx::TensorProto::EXTERNAL)
    return fail(total.valid() ? "external data is not supported here" : "negative or too large shape");
  tensor.dtype = dtypeName(proto.data_type());
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
