// Owns a parsed ONNX file and the memory of its weights, which constants of the module point into.
#pragma once

#include "StripWeights.h"

#include "onnx.pb.h"

#include "tegula/import/Import.h"
#include "tegula/support/Codes.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/Support/Error.h"

#include <deque>
#include <map>
#include <memory>
#include <string>

namespace tegula::importer {

/// Why reading failed.
struct ReadError : llvm::ErrorInfo<ReadError> {
  static char ID;
  Code code;
  std::string text;
  ReadError(Code code, std::string text) : code(code), text(std::move(text)) {}
  void log(llvm::raw_ostream &os) const override { os << text; }
  std::error_code convertToErrorCode() const override { return llvm::inconvertibleErrorCode(); }
};
llvm::Error readError(Code code, const llvm::Twine &text);

/// Bytes that stay valid as long as `owner` lives.
struct SharedBytes {
  std::shared_ptr<const void> owner;
  llvm::ArrayRef<char> bytes;
};

/// Reads a part of a regular file inside of `folder`, which a hostile name or link cannot leave. `length` < 0
/// means to the end.
llvm::Expected<SharedBytes> readExternalData(const std::string &folder, const std::string &location,
                                             int64_t offset, int64_t length);

/// A parsed model, whose tensors hand their bytes over instead of copying them.
class ParsedModel {
public:
  static llvm::Expected<std::shared_ptr<ParsedModel>> read(const std::string &path,
                                                           const ReadOptions &options);

  const onnx::ModelProto &model() const { return proto; }
  /// The folder that external data must lie in.
  const std::string &folder() const { return directory; }

  using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;
  /// A weight's bytes where they were left in the file, else none.
  llvm::StringRef bytesLeft(const onnx::TensorProto &tensor) const {
    auto found = left.find(&tensor);
    return found == left.end() ? llvm::StringRef() : found->second;
  }
  /// Whether bytes that were left in the file are not to be read.
  bool isWithoutWeights() const { return leavesWeights; }

  /// Keeps changed copies of nodes as long as the model, because constants point into them.
  const Nodes &keep(Nodes nodes) { return copies.emplace_back(std::move(nodes)); }
  /// The values of tensors that were read before; a model may be imported more than once.
  std::map<const onnx::TensorProto *, mlir::ElementsAttr> values;

private:
  onnx::ModelProto proto;
  std::shared_ptr<const void> image; ///< the file's bytes
  std::map<const onnx::TensorProto *, llvm::StringRef> left;
  bool leavesWeights = false;
  std::string directory;
  std::deque<Nodes> copies;
};

/// The element type of ONNX's number for it; nothing for strings, complex numbers and types of less than a
/// byte.
mlir::Type elementType(mlir::MLIRContext *context, int dataType);
/// ONNX's name of an element type number, for messages.
std::string dataTypeName(int dataType);
/// Whether ONNX defines an element type of that number, so that it is legal even where it is not supported.
bool isDataType(int dataType);
/// numpy's name of an element type.
std::string dtypeName(mlir::Type element);

/// Dimensions that a tensor may have, as many as an artifact can describe.
inline constexpr int64_t kMostDims = 64;

/// The type of a tensor, its size checked against overflow.
llvm::Expected<mlir::RankedTensorType> tensorType(mlir::MLIRContext *context,
                                                  const onnx::TensorProto &tensor);
/// The value of a tensor: dense when small, else a resource whose blob points into the model's memory.
llvm::Expected<mlir::ElementsAttr> tensorValue(mlir::MLIRContext *context,
                                               const std::shared_ptr<ParsedModel> &model,
                                               const onnx::TensorProto &tensor);
/// A constant of the given bytes, kept alive by their owner.
mlir::ElementsAttr constantOf(mlir::RankedTensorType type, SharedBytes data, llvm::StringRef name);

} // namespace tegula::importer
