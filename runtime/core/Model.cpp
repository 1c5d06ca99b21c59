// Makes verified bytes runnable: CPU check, code mapped write-xor-execute, weights in place.
#include "Model.h"

#include "CpuFeatures.h"
#include "Imports.h"
#include "Status.h"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace tegula::runtime {
namespace {

std::string join(const std::vector<std::string> &words) {
  std::string result;
  for (const std::string &word : words)
    result += (result.empty() ? "" : " ") + word;
  return result;
}

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

} // namespace

tgl_code Model::load(std::span<const uint8_t> bytes, Mapping owner, tgl_status *status) {
  file = std::move(owner);
  artifact::ReadError error;
  if (!artifact::readArtifact(bytes, view, error))
    return setStatus(status, error.code == artifact::ReadCode::Version ? TGL_ERR_VERSION : TGL_ERR_CORRUPT,
                     error.text);
  // Code for another CPU can be described; contexts refuse to run it.
  if (checkFeatures(nullptr) == TGL_OK)
    if (tgl_code code = mapCode(status))
      return code;
  if (tgl_code code = placeWeights(status))
    return code;
  prepareTexts();
  return succeed(status);
}

tgl_code Model::checkFeatures(tgl_status *status) const {
  std::string missing;
  for (const std::string &feature : manifest().features)
    if (!hasCpuFeature(feature))
      missing += (missing.empty() ? "" : ", ") + feature;
  if (missing.empty())
    return TGL_OK;
  return setStatus(status, TGL_ERR_UNSUPPORTED,
                   "this machine's CPU lacks " + missing + ", which code for " + manifest().target +
                       " needs: compile the model for this machine");
}

tgl_code Model::mapCode(tgl_status *status) {
  code = Mapping::anonymous(view.code.size());
  if (!code.data())
    return setStatus(status, TGL_ERR_MEMORY, "cannot map memory for the code");
  std::memcpy(code.data(), view.code.data(), view.code.size());
  for (const artifact::Import &import : manifest().imports) {
    void *address = findImport(import.symbol);
    if (!address)
      return setStatus(status, TGL_ERR_UNSUPPORTED, "this machine has no function '" + import.symbol + "'");
    std::memcpy(code.data() + import.slot, &address, sizeof(address));
  }
  if (!code.makeExecutable())
    return setStatus(status, TGL_ERR_UNSUPPORTED,
                     "the system does not let this process map executable memory");
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
  features = join(manifest().features);
  symbols = join(manifest().symbols);
  for (const artifact::DispatchInfo &dispatch : manifest().dispatches)
    dispatchNodes.push_back(join(dispatch.nodes));
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
    executor.launch(verifyBlocks, buffers, int64_t(view.weightBlockCount()));
    weightState = damaged ? Weights::Damaged : Weights::Sound;
  }
  if (weightState == Weights::Damaged)
    return setStatus(status, TGL_ERR_CORRUPT, "wrong checksum of the weights");
  return TGL_OK;
}

TglEntryFn Model::entry() const { return reinterpret_cast<TglEntryFn>(code.data() + manifest().entry); }
TglShapesFn Model::shapesFunction() const {
  return reinterpret_cast<TglShapesFn>(code.data() + manifest().shapes);
}

void Model::describe(tgl_model_info &info) const {
  const artifact::Manifest &m = manifest();
  info.producer = m.producer.c_str();
  info.target = m.target.c_str();
  info.features = features.c_str();
  info.model_hash = m.modelHash.c_str();
  info.flags = m.flags.c_str();
  info.keeps_denormals = m.keepDenormals;
  info.kernel_count = int32_t(m.kernels.size());
  info.dispatch_count = int32_t(m.dispatches.size());
  info.arena_bytes = m.arenaBytes;
  info.weight_bytes = view.weights.size();
  info.code_bytes = view.code.size();
  info.symbols = symbols.c_str();
  info.arena_formula = m.arenaFormula.c_str();
}

void Model::describeDispatch(size_t index, tgl_dispatch_info &info) const {
  const artifact::DispatchInfo &dispatch = manifest().dispatches[index];
  const artifact::KernelInfo &kernel = manifest().kernels[dispatch.kernel];
  info = {kernel.name.c_str(), dispatchNodes[index].c_str(), kernel.schedule.c_str(), dispatch.cells,
          dispatch.cellsFormula.c_str()};
}

} // namespace tegula::runtime
