// A loaded model: verified bytes, mapped code, and the descriptions that the C API hands out.
#pragma once

#include "Target.h"

#include <map>
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
  /// Verifies `bytes`, which live as long as the model (in `owner`, or with the caller).
  tgl_code load(std::span<const uint8_t> bytes, Mapping owner, tgl_status *status);

  /// Verifies the weights on the executor's threads, the first time it is called.
  tgl_code verifyWeights(Executor &executor, tgl_status *status);

  const artifact::Manifest &manifest() const { return view.manifest; }
  const std::vector<Target> &targets() const { return allTargets; }
  const std::vector<artifact::SectionSize> &sections() const { return view.sections; }
  /// Of the targets that run on a device the one that asks most of it; `device` as in Target::checkDevice.
  tgl_code findTarget(const DeviceName &name, const Device *device, size_t &target, tgl_status *status) const;
  /// Makes a target's host code ready to be called.
  tgl_code mapCode(size_t target, tgl_status *status);
  /// Loads a target on a device, once; the weights must be verified.
  tgl_code loadOn(const DeviceName &name, Device &device, size_t target, std::shared_ptr<DeviceModel> &loaded,
                  tgl_status *status);
  /// Packs what a target reads in another order, on the executor's threads, the first time it is called; the
  /// weights must be verified.
  tgl_code packWeights(size_t target, Executor &executor, tgl_status *status);
  const uint8_t *weights() const { return weightBytes; }
  void describe(tgl_model_info &info) const;

  std::vector<TensorDescription> inputs, outputs;

private:
  tgl_code placeWeights(tgl_status *status);
  void prepareTexts();

  Mapping file, weightCopy;
  artifact::ArtifactView view;
  std::vector<Target> allTargets;
  const uint8_t *weightBytes = nullptr;
  std::string symbols;

  std::mutex weightMutex, loadMutex;
  std::map<std::pair<std::string, size_t>, std::shared_ptr<DeviceModel>> onDevices; ///< by device and target
  enum class Weights { Unknown, Sound, Damaged } weightState = Weights::Unknown;
};

} // namespace tegula::runtime

/// The handle of the C API. Contexts share the model behind it.
struct tgl_model {
  std::shared_ptr<tegula::runtime::Model> shared;
};
