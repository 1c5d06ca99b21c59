// Parses ONNX files without the values of their weights, which may be gigabytes that describing a model never
// looks at.
#pragma once

#include "StripWeights.h"

#include "onnx.pb.h"
#include "tegula/support/Codes.h"

#include "llvm/Support/MemoryBuffer.h"

#include <memory>
#include <string>

namespace tegula::importer {

/// Opens a regular file of less than 2 GiB.
std::unique_ptr<llvm::MemoryBuffer> openModelFile(const std::string &path, std::string &error, Code &code);

/// Parses a model whose initializers in the main graph have no values; `values` receives what stood in their
/// place, in the order of the initializers, unless it is null. False on malformed bytes.
bool parseWithoutWeights(const llvm::MemoryBuffer &file, onnx::ModelProto &model, RawValues *values);

/// The bytes of an element, 0 for a type that has none of its own.
size_t onnxSizeOf(int32_t type);
/// The number of elements, 0 where it is no number.
int64_t elementsOf(const onnx::TensorProto &tensor);

} // namespace tegula::importer
