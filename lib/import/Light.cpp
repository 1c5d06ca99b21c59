// Parses ONNX files without the values of their weights, and knows what describing a model has to know of
// types and files.
#include "Light.h"

#include "StripWeights.h"
#include "tegula/support/Checked.h"

#include "llvm/Support/FileSystem.h"

#include <limits>

namespace tegula::importer {

bool parseWithoutWeights(const llvm::MemoryBuffer &file, onnx::ModelProto &model, RawValues *values) {
  std::string stripped;
  return stripAllWeights(file.getBufferStart(), file.getBufferSize(), stripped, values) &&
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

std::unique_ptr<llvm::MemoryBuffer> openModelFile(const std::string &path, std::string &error, Code &code) {
  code = Code::CannotRead;
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
    code = Code::FileTooLarge;
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
