// Makes one target's verified bytes runnable: CPU check, code mapped write-xor-execute.
#include "Target.h"

#include "CpuFeatures.h"
#include "Imports.h"
#include "Status.h"

#include <algorithm>
#include <cstring>

namespace tegula::runtime {

static std::string join(const std::vector<std::string> &words) {
  std::string result;
  for (const std::string &word : words)
    result += (result.empty() ? "" : " ") + word;
  return result;
}

Target::Target(const artifact::TargetInfo &info, const artifact::TargetCode &bytes,
               const std::vector<std::string> &symbols)
    : about(&info), verified(&bytes), features(join(info.features)) {
  for (const artifact::DispatchInfo &dispatch : info.dispatches)
    dispatchNodes.push_back(join(dispatch.nodes));
  for (const artifact::BufferInfo &buffer : info.buffers)
    bufferNodes.push_back(join(buffer.nodes));
  size_t general = info.variants.empty() ? info.dispatches.size() : info.variants.front().firstDispatch;
  addVariant({{}, 0, uint32_t(general), info.arenaBytes, info.arenaFormula, info.mostArenaBytes}, symbols);
  for (const artifact::VariantInfo &variant : info.variants)
    addVariant(variant, symbols);
}

void Target::addVariant(const artifact::VariantInfo &variant, const std::vector<std::string> &symbols) {
  std::string sizes;
  for (size_t i = 0; i < variant.sizes.size(); ++i)
    if (variant.sizes[i])
      sizes += (sizes.empty() ? "" : " ") + symbols[i] + "=" + std::to_string(variant.sizes[i]);
  std::vector<uint32_t> kernels;
  for (uint32_t i = 0; i < variant.dispatchCount; ++i)
    kernels.push_back(about->dispatches[variant.firstDispatch + i].kernel);
  std::ranges::sort(kernels);
  kernels.erase(std::unique(kernels.begin(), kernels.end()), kernels.end());
  size_t codeBytes = 0;
  for (uint32_t kernel : kernels)
    codeBytes += about->kernels[kernel].codeBytes;
  const std::string &formula =
      variants.empty() ? about->arenaFormula : about->variants[variants.size() - 1].arenaFormula;
  variants.push_back({variantSizes.emplace_back(std::move(sizes)).c_str(), int32_t(kernels.size()),
                      int32_t(variant.firstDispatch), int32_t(variant.dispatchCount), variant.arenaBytes,
                      formula.c_str(), variant.mostArenaBytes, codeBytes});
}

size_t Target::variantFor(const std::vector<int64_t> &sizes) const {
  for (size_t i = 0; i < about->variants.size(); ++i)
    if (std::ranges::equal(about->variants[i].sizes, sizes,
                           [](int64_t fixed, int64_t size) { return fixed == 0 || fixed == size; }))
      return i + 1;
  return 0;
}

tgl_code Target::checkFeatures(tgl_status *status) const {
  std::string missing;
  for (const std::string &feature : about->features)
    if (!hasCpuFeature(feature))
      missing += (missing.empty() ? "" : ", ") + feature;
  if (missing.empty())
    return TGL_OK;
  return setStatus(status, TGL_ERR_UNSUPPORTED,
                   "this machine's CPU lacks " + missing + ", which code for " + about->name +
                       " needs: compile the model for this machine");
}

tgl_code Target::checkDevice(const DeviceName &name, const Device *device, tgl_status *status) const {
  if (about->language != name.language)
    return setStatus(status, TGL_ERR_UNSUPPORTED,
                     "code for " + about->name + " does not run on device '" + name.text +
                         "': compile the model with a --target for it");
  if (device && about->architecture > device->architecture())
    return setStatus(status, TGL_ERR_UNSUPPORTED,
                     "code for " + about->name + " needs sm_" + std::to_string(about->architecture) +
                         ", but device '" + name.text + "' (" + device->name() + ") is sm_" +
                         std::to_string(device->architecture()));
  return checkFeatures(status);
}

tgl_code Target::mapCode(tgl_status *status) {
  if (code.data())
    return TGL_OK;
  Mapping fresh = Mapping::anonymous(verified->image.size());
  if (!fresh.data())
    return setStatus(status, TGL_ERR_MEMORY, "cannot map memory for the code");
  std::memcpy(fresh.data(), verified->image.data(), verified->image.size());
  for (const artifact::Import &import : about->imports) {
    void *address = findImport(import.symbol);
    if (!address)
      return setStatus(status, TGL_ERR_UNSUPPORTED, "this machine has no function '" + import.symbol + "'");
    std::memcpy(fresh.data() + import.slot, &address, sizeof(address));
  }
  if (!fresh.makeExecutable())
    return setStatus(status, TGL_ERR_UNSUPPORTED,
                     "the system does not let this process map executable memory");
  code = std::move(fresh);
  return TGL_OK;
}

void Target::describe(tgl_target_info &description) const {
  bool ptx = about->language == artifact::Language::Ptx;
  description = {about->name.c_str(),
                 ptx ? "ptx" : "x86",
                 int32_t(about->architecture),
                 features.c_str(),
                 about->keepDenormals,
                 int32_t(about->kernels.size()),
                 int32_t(about->dispatches.size()),
                 about->arenaBytes,
                 about->arenaFormula.c_str(),
                 about->weightsEnd - about->weightsBegin,
                 about->packedBytes,
                 verified->image.size(),
                 verified->kernels.size(),
                 about->mostArenaBytes,
                 int32_t(variantCount()),
                 int32_t(about->buffers.size()),
                 int32_t(about->peakDispatch)};
}

void Target::describeDispatch(size_t index, tgl_dispatch_info &description) const {
  const artifact::DispatchInfo &dispatch = about->dispatches[index];
  const artifact::KernelInfo &kernel = about->kernels[dispatch.kernel];
  description = {kernel.name.c_str(), dispatchNodes[index].c_str(), kernel.schedule.c_str(), dispatch.cells,
                 dispatch.cellsFormula.c_str()};
}

void Target::describeBuffer(size_t index, tgl_buffer_info &description) const {
  const artifact::BufferInfo &buffer = about->buffers[index];
  description = {bufferNodes[index].c_str(), buffer.bytes,         buffer.bytesFormula.c_str(),
                 int32_t(buffer.first),      int32_t(buffer.last), buffer.scratch};
}

} // namespace tegula::runtime
