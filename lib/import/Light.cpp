// Parses ONNX files without the values of their weights, by copying the rest of the message field by field.
#include "Light.h"

#include "tegula/support/Checked.h"

#include "llvm/Support/FileSystem.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/wire_format_lite.h>

#include <limits>

namespace tegula::importer {

namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::ArrayInputStream;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;
using google::protobuf::io::StringOutputStream;

// Numbers of the fields on the way to a weight's values.
enum {
  ModelGraph = 7,
  GraphInitializer = 5,
  TensorDims = 1,
  TensorFloats = 4,
  TensorName = 8,
  TensorRawData = 9,
  TensorDoubles = 10,
  TensorExternalData = 13
};

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

/// Leaves out a tensor's values; `values` receives where they stand, unless it is null.
int stripTensor(const char *data, size_t size, std::string &out, RawValues *values) {
  llvm::StringRef found;
  bool ok = copyMessage(data, size, out, [&](int field, const char *value, size_t length, std::string &) {
    bool isKept = field == TensorDims || field == TensorName || field == TensorExternalData;
    if (field == TensorRawData || field == TensorFloats || field == TensorDoubles)
      found = llvm::StringRef(value, length);
    return isKept ? 0 : 1;
  });
  if (values)
    values->push_back(found);
  return ok ? 1 : -1;
}

/// The model's bytes without the values of its weights, which may be gigabytes that nobody here looks at.
bool stripModel(const char *data, size_t size, std::string &out, RawValues *values) {
  return copyMessage(
      data, size, out, [&](int field, const char *graph, size_t graphSize, std::string &strippedGraph) {
        if (field != ModelGraph)
          return 0;
        bool ok = copyMessage(graph, graphSize, strippedGraph,
                              [&](int inner, const char *tensor, size_t tensorSize, std::string &stripped) {
                                return inner == GraphInitializer
                                           ? stripTensor(tensor, tensorSize, stripped, values)
                                           : 0;
                              });
        return ok ? 1 : -1;
      });
}

} // namespace

bool parseWithoutWeights(const llvm::MemoryBuffer &file, onnx::ModelProto &model, RawValues *values) {
  std::string stripped;
  return stripModel(file.getBufferStart(), file.getBufferSize(), stripped, values) &&
         model.ParseFromString(stripped) && model.has_graph();
}

const char *onnxDtypeName(int32_t type) {
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

std::unique_ptr<llvm::MemoryBuffer> openModelFile(const std::string &path, std::string &error) {
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

size_t onnxSizeOf(int32_t type) {
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

int64_t elementsOf(const onnx::TensorProto &tensor) {
  return Checked::product({tensor.dims().data(), size_t(tensor.dims_size())}).opt().value_or(0);
}

} // namespace tegula::importer
