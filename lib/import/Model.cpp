// Reads ONNX files and their tensors without copying weights, trusting nothing that the file says about
// sizes.
#include "Model.h"

#include "StripWeights.h"

#include "tegula/support/Checked.h"

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace mlir;

namespace tegula::importer {

char ReadError::ID = 0;

llvm::Error readError(Code code, const Twine &text) { return llvm::make_error<ReadError>(code, text.str()); }

// ---- The file ----

namespace {

/// Feeds the parser in pieces, so that the file is never in memory beside what is parsed from it.
class FileStream : public google::protobuf::io::CopyingInputStream {
public:
  explicit FileStream(int file) : file(file) {}
  int Read(void *buffer, int size) override {
    ssize_t count;
    do
      count = ::read(file, buffer, size);
    while (count < 0 && errno == EINTR);
    return static_cast<int>(count);
  }

private:
  int file;
};

/// Constants up to this many elements are attributes by value.
constexpr int64_t kDenseLimit = 64;

} // namespace

/// Parses the whole file.
static bool parseAll(int file, int maxNesting, onnx::ModelProto &proto) {
  FileStream stream(file);
  google::protobuf::io::CopyingInputStreamAdaptor adaptor(&stream, 1 << 16);
  google::protobuf::io::CodedInputStream coded(&adaptor);
  coded.SetTotalBytesLimit(INT_MAX);
  coded.SetRecursionLimit(maxNesting);
  return proto.ParseFromCodedStream(&coded) && coded.ConsumedEntireMessage();
}

/// Parses the mapped file without the bytes of large weights, which `left` finds there in the initializers'
/// order.
static bool parseStripped(const char *image, size_t size, int maxNesting, onnx::ModelProto &proto,
                          RawValues &left) {
  std::string stripped;
  bool parsed = stripLargeWeights(image, size, stripped, left);
  google::protobuf::io::ArrayInputStream stream(stripped.data(), static_cast<int>(stripped.size()));
  google::protobuf::io::CodedInputStream coded(&stream);
  coded.SetRecursionLimit(maxNesting);
  return parsed && proto.ParseFromCodedStream(&coded) && coded.ConsumedEntireMessage() &&
         static_cast<int>(left.size()) == proto.graph().initializer_size();
}

/// Null where the file cannot be mapped.
static std::shared_ptr<const void> mapFile(int file, size_t size) {
  void *image = size ? ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0) : MAP_FAILED;
  if (image == MAP_FAILED)
    return nullptr;
  return {image, [size](const void *start) { ::munmap(const_cast<void *>(start), size); }};
}

llvm::Expected<std::shared_ptr<ParsedModel>> ParsedModel::read(const std::string &path,
                                                               const ReadOptions &options) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0)
    return readError(Code::CannotRead, "cannot open the model: " + Twine(std::strerror(errno)));
  auto result = std::make_shared<ParsedModel>();
  struct stat info;
  bool isFile = ::fstat(file, &info) == 0 && S_ISREG(info.st_mode);
  bool parsed = false;
  RawValues left;
  if (isFile && info.st_size < INT_MAX) {
    auto size = static_cast<size_t>(info.st_size);
    result->image = mapFile(file, size);
    parsed = result->image ? parseStripped(static_cast<const char *>(result->image.get()), size,
                                           options.maxNesting, result->proto, left)
                           : parseAll(file, options.maxNesting, result->proto); // not all files can be mapped
  }
  result->leavesWeights = options.leaveWeights;
  constexpr int deepest = 2000; // tells what is nested deeply from what is no protobuf at all
  bool isDeep = isFile && !parsed && info.st_size < INT_MAX && ::lseek(file, 0, SEEK_SET) == 0;
  if (isDeep) {
    onnx::ModelProto deep;
    isDeep = parseAll(file, deepest, deep) && deep.has_graph();
  }
  ::close(file);
  if (!isFile)
    return readError(Code::CannotRead, "expected the model to be a regular file");
  if (info.st_size >= INT_MAX)
    return readError(Code::FileTooLarge,
                     "expected a model file of less than 2 GiB (weights may lie in external data)");
  if (isDeep)
    return readError(Code::TooDeep, "expected messages nested at most " + Twine(options.maxNesting) +
                                        " deep, as --max-nesting says");
  if (!parsed || !result->proto.has_graph())
    return readError(Code::NotAModel, "expected an ONNX model, the file cannot be parsed as one");
  const onnx::GraphProto &graph = result->proto.graph();
  if (graph.node_size() > options.maxNodes)
    return readError(Code::TooManyNodes, "expected at most " + Twine(options.maxNodes) + " nodes, got " +
                                             Twine(graph.node_size()));
  for (size_t i = 0; i < left.size(); ++i)
    if (!left[i].empty())
      result->left[&graph.initializer(static_cast<int>(i))] = left[i];
  result->directory = llvm::sys::path::parent_path(path).str();
  if (result->directory.empty())
    result->directory = ".";
  return result;
}

// ---- Types ----

Type elementType(MLIRContext *context, int dataType) {
  Builder builder(context);
  switch (dataType) {
  case 1:
    return builder.getF32Type();
  case 2:
    return builder.getIntegerType(8, /*isSigned=*/false);
  case 3:
    return builder.getI8Type();
  case 4:
    return builder.getIntegerType(16, /*isSigned=*/false);
  case 5:
    return builder.getI16Type();
  case 6:
    return builder.getI32Type();
  case 7:
    return builder.getI64Type();
  case 9:
    return builder.getI1Type();
  case 10:
    return builder.getF16Type();
  case 11:
    return builder.getF64Type();
  case 12:
    return builder.getIntegerType(32, /*isSigned=*/false);
  case 13:
    return builder.getIntegerType(64, /*isSigned=*/false);
  case 16:
    return builder.getBF16Type();
  default:
    return {};
  }
}

static constexpr const char *kDataTypeNames[] = {
    "undefined", "float32",    "uint8",      "int8",         "uint16",         "int16",      "int32",
    "int64",     "string",     "bool",       "float16",      "float64",        "uint32",     "uint64",
    "complex64", "complex128", "bfloat16",   "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz",
    "uint4",     "int4",       "float4e2m1", "float8e8m0",   "uint2",          "int2"};

bool isDataType(int dataType) {
  return dataType > 0 && dataType < static_cast<int>(std::size(kDataTypeNames));
}

std::string dataTypeName(int dataType) {
  return isDataType(dataType) || dataType == 0 ? kDataTypeNames[dataType]
                                               : "number " + std::to_string(dataType);
}

std::string dtypeName(Type element) {
  if (element.isInteger(1))
    return "bool";
  std::string width = std::to_string(element.getIntOrFloatBitWidth());
  if (element.isBF16())
    return "bfloat16";
  if (isa<FloatType>(element))
    return "float" + width;
  return (element.isUnsignedInteger() ? "uint" : "int") + width;
}

llvm::Expected<RankedTensorType> tensorType(MLIRContext *context, const onnx::TensorProto &tensor) {
  Type element = elementType(context, tensor.data_type());
  if (!element && !isDataType(tensor.data_type()))
    return readError(Code::InvalidElementType, "expected an element type of ONNX for tensor '" +
                                                   tensor.name() + "', got " +
                                                   dataTypeName(tensor.data_type()));
  if (!element)
    return readError(Code::UnsupportedType, "element type " + dataTypeName(tensor.data_type()) +
                                                " of tensor '" + tensor.name() + "' is not supported");
  if (tensor.dims_size() > kMostDims)
    return readError(Code::UnsupportedType,
                     "tensors of more than " + Twine(kMostDims) + " dimensions are not supported, got " +
                         Twine(tensor.dims_size()) + " of tensor '" + tensor.name() + "'");
  SmallVector<int64_t> shape(tensor.dims().begin(), tensor.dims().end());
  Checked bytes = Checked::product(shape) * Checked(llvm::divideCeil(element.getIntOrFloatBitWidth(), 8));
  if (!bytes.valid())
    return readError(Code::InvalidTensor,
                     "expected dimensions of at least 0 and a size below 2^63 for tensor '" + tensor.name() +
                         "'");
  return RankedTensorType::get(shape, element);
}

// ---- Values ----

/// Owns bytes that had to be made.
static SharedBytes owned(std::vector<char> bytes) {
  auto owner = std::make_shared<std::vector<char>>(std::move(bytes));
  return {owner, *owner};
}

template <typename To, typename List> static SharedBytes narrowed(const List &list) {
  std::vector<char> bytes(list.size() * sizeof(To));
  size_t at = 0;
  for (auto number : list) {
    To value = static_cast<To>(number);
    std::memcpy(bytes.data() + at, &value, sizeof(To));
    at += sizeof(To);
  }
  return owned(std::move(bytes));
}

/// The typed fields of a tensor, as raw bytes.
static SharedBytes typedData(const onnx::TensorProto &tensor) {
  switch (tensor.data_type()) {
  case 1:
    return narrowed<float>(tensor.float_data());
  case 2:
  case 3:
    return narrowed<int8_t>(tensor.int32_data());
  case 9:
    return narrowed<bool>(tensor.int32_data());
  case 4:
  case 5:
  case 10:
  case 16:
    return narrowed<int16_t>(tensor.int32_data());
  case 6:
    return narrowed<int32_t>(tensor.int32_data());
  case 7:
    return narrowed<int64_t>(tensor.int64_data());
  case 11:
    return narrowed<double>(tensor.double_data());
  case 12:
    return narrowed<uint32_t>(tensor.uint64_data());
  default:
    return narrowed<uint64_t>(tensor.uint64_data());
  }
}

static llvm::Expected<SharedBytes> externalData(const std::string &folder, const onnx::TensorProto &tensor,
                                                int64_t size) {
  std::string location;
  int64_t offset = 0, length = -1;
  for (const onnx::StringStringEntryProto &entry : tensor.external_data()) {
    if (entry.key() == "location")
      location = entry.value();
    int64_t *number = entry.key() == "offset" ? &offset : entry.key() == "length" ? &length : nullptr;
    if (number && (!llvm::to_integer(entry.value(), *number, 10) || *number < 0))
      return readError(Code::InvalidTensor, "expected a number for the " + entry.key() +
                                                " of external tensor '" + tensor.name() + "', got '" +
                                                entry.value() + "'");
  }
  if (length >= 0 && length != size)
    return readError(Code::InvalidTensor, "expected " + Twine(size) + " bytes of external data for tensor '" +
                                              tensor.name() + "', got " + Twine(length));
  return readExternalData(folder, location, offset, size);
}

ElementsAttr constantOf(RankedTensorType type, SharedBytes data, StringRef name) {
  bool isBool = type.getElementType().isInteger(1);
  if (type.getNumElements() <= kDenseLimit) {
    if (isBool)
      return DenseElementsAttr::get(type,
                                    llvm::map_to_vector(data.bytes, [](char byte) { return byte != 0; }));
    return DenseElementsAttr::getFromRawBuffer(type, data.bytes);
  }
  if (isBool) { // any byte but 0 is true in a file, only 1 is in the compiler
    std::vector<char> truth(data.bytes.begin(), data.bytes.end());
    for (char &byte : truth)
      byte = byte != 0;
    data = owned(std::move(truth));
  }
  auto release = [owner = data.owner](void *, size_t, size_t) mutable { owner.reset(); };
  // In a file they lie anywhere.
  AsmResourceBlob blob(data.bytes, /*dataAlignment=*/1, std::move(release), /*dataIsMutable=*/false);
  return DenseResourceElementsAttr::get(type, name.empty() ? "constant" : name, std::move(blob));
}

/// A constant whose bytes are never read: pages that exist once they are touched.
static ElementsAttr zeros(RankedTensorType type, int64_t size, StringRef name) {
  void *pages = ::mmap(nullptr, static_cast<size_t>(size), PROT_READ,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED)
    throw std::bad_alloc();
  auto release = [size](void *data, size_t, size_t) { ::munmap(data, static_cast<size_t>(size)); };
  AsmResourceBlob blob(ArrayRef<char>(static_cast<const char *>(pages), static_cast<size_t>(size)), 64,
                       std::move(release), /*dataIsMutable=*/false);
  return DenseResourceElementsAttr::get(type, name.empty() ? "constant" : name, std::move(blob));
}

llvm::Expected<ElementsAttr> tensorValue(MLIRContext *context, const std::shared_ptr<ParsedModel> &model,
                                         const onnx::TensorProto &tensor) {
  if (auto known = model->values.find(&tensor); known != model->values.end())
    return known->second;
  llvm::Expected<RankedTensorType> type = tensorType(context, tensor);
  if (!type)
    return type.takeError();
  if (tensor.has_segment())
    return readError(Code::UnsupportedStorage, "segmented tensor '" + tensor.name() + "' is not supported");
  int64_t size = type->getNumElements() * llvm::divideCeil(type->getElementTypeBitWidth(), 8);
  SharedBytes data;
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL) {
    llvm::Expected<SharedBytes> external = externalData(model->folder(), tensor, size);
    if (!external)
      return external.takeError();
    data = std::move(*external);
  } else if (StringRef bytes = model->bytesLeft(tensor); !bytes.empty()) {
    if (model->isWithoutWeights() && static_cast<int64_t>(bytes.size()) == size)
      return model->values[&tensor] = zeros(*type, size, tensor.name());
    data = {model, ArrayRef<char>(bytes.data(), bytes.size())};
  } else if (tensor.has_raw_data()) {
    data = {model, ArrayRef<char>(tensor.raw_data().data(), tensor.raw_data().size())};
  } else {
    data = typedData(tensor);
  }
  if (static_cast<int64_t>(data.bytes.size()) != size)
    return readError(Code::InvalidTensor, "expected " + Twine(size) + " bytes for tensor '" + tensor.name() +
                                              "', got " + Twine(data.bytes.size()));
  return model->values[&tensor] = constantOf(*type, std::move(data), tensor.name());
}

} // namespace tegula::importer
