// Fuzz target: any bytes as an ONNX file, through the importer and the shape rules behind it, because a model
// comes from strangers. Each failure must be one that the importer itself noticed, with a message.
#include "OnnxMutator.h"
#include "Temporary.h"

#include "tegula/import/Import.h"

#include "mlir/IR/MLIRContext.h"

#include <cstring>
#include <optional>

using namespace tegula;

namespace {

/// A context is used for so many inputs, because making one takes longer than most imports.
constexpr int kInputsPerContext = 64;

class Target {
public:
  Target() {
    for (const OperatorInfo &info : importer::knownOperators())
      operators.push_back(info.name);
    mutator.emplace(TEGULA_ONNX_DESCRIPTORS, operators);
    const std::vector<uint8_t> weights(256, 1); // for external data that is really there
    files.write("w.bin", weights.data(), weights.size());
  }

  void run(const uint8_t *data, size_t size) {
    if (count++ % kInputsPerContext == 0)
      context.emplace(mlir::MLIRContext::Threading::DISABLED);
    std::string path = files.write("model.onnx", data, size);
    std::vector<Message> messages;
    bool isRead = false;
    if (auto model = importer::readModel(path, messages)) {
      importer::ImportOptions options;
      options.symbolic = true;
      isRead = mlir::succeeded(importer::importModel(model, *context, options, messages));
    }
    check(isRead, messages);
    ModelInfo info;
    messages.clear();
    if (!inspectModel(path, info, messages) && messages.empty())
      fuzz::finding("expected a message where a model cannot be inspected");
    HostTensor tensor;
    std::string error;
    if (!readTensorProto(path, tensor, error) && error.empty())
      fuzz::finding("expected a reason where a tensor cannot be read");
  }

  std::optional<fuzz::OnnxMutator> mutator;

private:
  static void check(bool isRead, const std::vector<Message> &messages) {
    bool hasError = false;
    for (const Message &message : messages) {
      if (message.severity != Message::Severity::Error)
        continue;
      hasError |= !message.text.empty();
      if (message.code == Code::None || outcomeOf(message.code) == Outcome::Internal)
        fuzz::finding("an error without a code, or an internal one");
      if (message.text == "the imported module is malformed")
        fuzz::finding("a module that does not verify");
    }
    if (isRead == hasError)
      fuzz::finding("expected an error message exactly where there is no module");
  }

  fuzz::Temporary files;
  std::vector<std::string> operators;
  std::optional<mlir::MLIRContext> context;
  int count = 0;
};

Target &target() {
  static Target instance;
  return instance;
}

} // namespace

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize, unsigned seed) {
  // Sometimes plain bytes: what no longer is a protobuf is worth trying too.
  if (seed % 16 != 0)
    if (size_t changed = target().mutator->mutate(data, size, maxSize, seed / 16))
      return changed;
  return LLVMFuzzerMutate(data, size, maxSize);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t oneSize, const uint8_t *two,
                                            size_t twoSize, uint8_t *out, size_t maxSize, unsigned seed) {
  return target().mutator->crossOver(one, oneSize, two, twoSize, out, maxSize, seed);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  target().run(data, size);
  return 0;
}
