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
  if ((*file)->getBufferSize() >= size_t(std::numeric_limits<int>::max())) {
    code = Code::FileTooLarge;
    error = "expected a model file of less than 2 GiB (weights may lie in external data)";
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
