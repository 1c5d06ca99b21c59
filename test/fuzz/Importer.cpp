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
    Outcome outcome = Outcome::Ok;
    if (auto model = importer::readModel(path, messages, outcome)) {
      importer::ImportOptions options;
      options.symbolic = true;
      auto module = importer::importModel(model, *context, options, messages, outcome);
      if (mlir::succeeded(module) != (outcome == Outcome::Ok))
        fuzz::finding("expected a module exactly where the outcome is ok");
    }
    check(outcome, messages);
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
  static void check(Outcome outcome, const std::vector<Message> &messages) {
    if (outcome == Outcome::Internal)
      fuzz::finding("an internal error");
    bool hasError = false;
    for (const Message &message : messages) {
      hasError |= message.severity == Message::Severity::Error && !message.text.empty();
      if (message.text == "the imported module is malformed")
        fuzz::finding("a module that does not verify");
    }
    if ((outcome != Outcome::Ok) != hasError)
      fuzz::finding("expected an error message exactly where the outcome is one");
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
