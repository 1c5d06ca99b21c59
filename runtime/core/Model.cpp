// Makes verified bytes a model: its targets, weights in place, what is loaded on devices.
#include "Model.h"

#include "Status.h"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace tegula::runtime {
namespace {

TensorDescription describe(const artifact::TensorInfo &tensor) {
  TensorDescription result;
  size_t bytes = artifact::dtypeSize(tensor.dtype); // the reader has checked that this product is in range
  for (size_t d = 0; d < tensor.dims.size(); ++d) {
    bytes *= size_t(std::max<int64_t>(tensor.dims[d], 0)); // 0 in all where a size is not known
    result.dimNames.push_back(d < tensor.dimNames.size() ? tensor.dimNames[d].c_str() : "");
  }
  result.info = {tensor.name.c_str(), tgl_dtype(tensor.dtype), int32_t(tensor.dims.size()),
                 tensor.dims.data(),  result.dimNames.data(),  bytes};
  return result;
}

/// Verifies some blocks of the weights; shaped like a kernel so that the executor's threads share the work.
void verifyBlocks(void *const *buffers, int64_t begin, int64_t end) {
  auto &view = *static_cast<const artifact::ArtifactView *>(buffers[0]);
  auto &damaged = *static_cast<std::atomic<bool> *>(buffers[1]);
  for (int64_t block = begin; block < end; ++block)
    if (!artifact::verifyWeightBlock(view, size_t(block)))
      damaged = true;
}

/// What a thread needs to pack panels.
struct Packing {
  const artifact::PackInfo &pack;
  const uint8_t *weights;
  uint8_t *packed;
};

/// Writes some panels of a weight; shaped like a kernel as well.
void packPanels(void *const *buffers, int64_t begin, int64_t end) {
  auto &[pack, weights, packed] = *static_cast<const Packing *>(buffers[0]);
  uint64_t width = pack.width * pack.elementBytes, row = pack.columns * pack.elementBytes;
  for (auto panel = uint64_t(begin); panel < uint64_t(end); ++panel) {
    uint64_t column = std::min(panel * pack.width, pack.columns - pack.width);
    const uint8_t *from = weights + pack.from + column * pack.elementBytes;
    uint8_t *to = packed + pack.to + panel * pack.rows * width;
    for (uint64_t i = 0; i < pack.rows; ++i)
      std::memcpy(to + i * width, from + i * row, width);
  }
}

} // namespace

tgl_code Model::load(std::span<const uint8_t> bytes, Mapping owner, tgl_status *status) {
  file = std::move(owner);
  artifact::ReadError error;
  if (!artifact::readArtifact(bytes, view, error))
    return setStatus(status, error.code == artifact::ReadCode::Version ? TGL_ERR_VERSION : TGL_ERR_CORRUPT,
                     error.text);
  allTargets.reserve(view.code.size()); // what they describe points into them
  for (size_t i = 0; i < view.code.size(); ++i)
    allTargets.emplace_back(view.manifest.targets[i], view.code[i], view.manifest.symbols);
  if (tgl_code code = placeWeights(status))
    return code;
  prepareTexts();
  return succeed(status);
}

/// How much a target asks of a machine, so that the most demanding one that runs is the best one.
static size_t demand(const artifact::TargetInfo &target) {
  return target.architecture ? target.architecture : target.features.size();
}

tgl_code Model::findTarget(const DeviceName &name, const Device *device, size_t &target,
                           tgl_status *status) const {
  bool found = false;
  std::string refusals;
  tgl_status why = {};
  for (size_t i = 0; i < allTargets.size(); ++i) {
    if (allTargets[i].checkDevice(name, device, &why) != TGL_OK)
      refusals += (refusals.empty() ? "" : "; ") + std::string(why.text);
    else if (!found || demand(allTargets[i].info()) > demand(allTargets[target].info()))
      found = true, target = i;
  }
  return found ? succeed(status) : setStatus(status, TGL_ERR_UNSUPPORTED, refusals);
}

tgl_code Model::mapCode(size_t target, tgl_status *status) {
  std::lock_guard lock(loadMutex);
  return allTargets[target].mapCode(status);
}

tgl_code Model::loadOn(const DeviceName &name, Device &device, size_t target,
                       std::shared_ptr<DeviceModel> &loaded, tgl_status *status) {
  std::lock_guard lock(loadMutex);
  std::shared_ptr<DeviceModel> &known = onDevices[{name.text, target}];
  if (!known) {
    const artifact::TargetInfo &info = allTargets[target].info();
    DeviceError error;
    known = device.load({info,
                         allTargets[target].bytes().kernels,
                         {weightBytes + info.weightsBegin, weightBytes + info.weightsEnd}},
                        error);
    if (!known)
      return setStatus(status, error.code,
                       "cannot load the model on device '" + name.text + "': " + error.text);
  }
  loaded = known;
  return TGL_OK;
}

tgl_code Model::placeWeights(tgl_status *status) {
  weightBytes = view.weights.data();
  if (reinterpret_cast<uintptr_t>(weightBytes) % artifact::pageSize == 0 || view.weights.empty())
    return TGL_OK;
  weightCopy = Mapping::anonymous(view.weights.size());
  if (!weightCopy.data())
    return setStatus(status, TGL_ERR_MEMORY, "out of memory for the weights");
  std::memcpy(weightCopy.data(), view.weights.data(), view.weights.size());
  view.weights = weightCopy.span(); // what is verified is what is used
  weightBytes = weightCopy.data();
  return TGL_OK;
}

void Model::prepareTexts() {
  for (const std::string &symbol : manifest().symbols)
    symbols += (symbols.empty() ? "" : " ") + symbol;
  for (const artifact::TensorInfo &tensor : manifest().inputs)
    inputs.push_back(runtime::describe(tensor));
  for (const artifact::TensorInfo &tensor : manifest().outputs)
    outputs.push_back(runtime::describe(tensor));
}

tgl_code Model::verifyWeights(Executor &executor, tgl_status *status) {
  std::lock_guard lock(weightMutex);
  if (weightState == Weights::Unknown) {
    std::atomic<bool> damaged = false;
    void *buffers[] = {&view, &damaged};
    executor.launch(verifyBlocks, buffers, int64_t(view.weightBlockCount()), 0);
    weightState = damaged ? Weights::Damaged : Weights::Sound;
  }
  if (weightState == Weights::Damaged)
    return setStatus(status, TGL_ERR_CORRUPT, "wrong checksum of the weights");
  return TGL_OK;
}

tgl_code Model::packWeights(size_t target, Executor &executor, tgl_status *status) {
  std::lock_guard lock(loadMutex);
  const artifact::TargetInfo &info = allTargets[target].info();
  Mapping &packed = allTargets[target].packed;
  if (packed.data() || info.packedBytes == 0)
    return TGL_OK;
  Mapping fresh = Mapping::anonymous(info.packedBytes);
  if (!fresh.data())
    return setStatus(status, TGL_ERR_MEMORY,
                     "cannot map " + std::to_string(info.packedBytes) + " bytes for packed weights");
  for (const artifact::PackInfo &pack : info.packs) {
    if (pack.rows == 0)
      continue; // no bytes, whatever the number of panels
    Packing packing{pack, weightBytes, fresh.data()};
    void *buffers[] = {&packing};
    executor.launch(packPanels, buffers, int64_t((pack.columns + pack.width - 1) / pack.width), 0);
  }
  packed = std::move(fresh);
  return TGL_OK;
}

void Model::describe(tgl_model_info &info) const {
  const artifact::Manifest &m = manifest();
  info = {m.producer.c_str(),        m.modelHash.c_str(),          m.flags.c_str(),
          symbols.c_str(),           view.weights.size(),          int32_t(m.targets.size()),
          int32_t(m.symbols.size()), int32_t(view.sections.size())};
}

} // namespace tegula::runtime
