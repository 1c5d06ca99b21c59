// A loaded model: verified bytes, mapped code, and the descriptions that the C API hands out.
#pragma once

#include "Mapping.h"
#include "tegula/artifact/CodeAbi.h"
#include "tegula/artifact/Reader.h"
#include "tegula/runtime.h"
#include "tegula/runtime/core/Executor.h"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tegula::runtime {

/// An input or output in the C API's words; its pointers point into the manifest and into itself.
struct TensorDescription {
  std::vector<const char *> dimNames;
  tgl_tensor_info info = {};
};

class Model {
public:
  /// Verifies `bytes`, which live as long as the model (in `owner`, or with the caller), and maps the code.
  tgl_code load(std::span<const uint8_t> bytes, Mapping owner, tgl_status *status);

  /// Verifies the weights on the executor's threads, the first time it is called.
  tgl_code verifyWeights(Executor &executor, tgl_status *status);

  const artifact::Manifest &manifest() const { return view.manifest; }
  /// Refuses where this machine's CPU lacks what the code needs: then there is no code to run.
  tgl_code checkFeatures(tgl_status *status) const;
  TglEntryFn entry() const;
  /// Only where the manifest has symbols.
  TglShapesFn shapesFunction() const;
  const uint8_t *weights() const { return weightBytes; }
  void describe(tgl_model_info &info) const;
  void describeDispatch(size_t index, tgl_dispatch_info &info) const;

  std::vector<TensorDescription> inputs, outputs;

private:
  tgl_code mapCode(tgl_status *status);
  tgl_code placeWeights(tgl_status *status);
  void prepareTexts();

  Mapping file, code, weightCopy;
  artifact::ArtifactView view;
  const uint8_t *weightBytes = nullptr;
  std::string features, symbols;
  std::vector<std::string> dispatchNodes;

  std::mutex weightMutex;
  enum class Weights { Unknown, Sound, Damaged } weightState = Weights::Unknown;
};

} // namespace tegula::runtime

/// The handle of the C API. Contexts share the model behind it.
struct tgl_model {
  std::shared_ptr<tegula::runtime::Model> shared;
};
