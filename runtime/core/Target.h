// One target of a model: what it is called and needs, and its host code, mapped when a context first asks.
#pragma once

#include "Devices.h"
#include "Mapping.h"
#include "tegula/artifact/CodeAbi.h"
#include "tegula/artifact/Reader.h"

#include <deque>
#include <string>
#include <vector>

namespace tegula::runtime {

class Target {
public:
  /// `symbols` are the manifest's names.
  Target(const artifact::TargetInfo &info, const artifact::TargetCode &bytes,
         const std::vector<std::string> &symbols);

  const artifact::TargetInfo &info() const { return *about; }
  const artifact::TargetCode &bytes() const { return *verified; }
  void describe(tgl_target_info &description) const;
  void describeDispatch(size_t index, tgl_dispatch_info &description) const;
  void describeBuffer(size_t index, tgl_buffer_info &description) const;
  /// Variant 0 is the code for all sizes.
  size_t variantCount() const { return about->variants.size() + 1; }
  void describeVariant(size_t index, tgl_variant_info &description) const { description = variants[index]; }
  /// The variant that the host functions take for these sizes.
  size_t variantFor(const std::vector<int64_t> &sizes) const;

  /// Refuses where the CPU of this machine lacks what the host code needs.
  tgl_code checkFeatures(tgl_status *status) const;
  /// Refuses where a device cannot run it; `device` is opened, or nullptr for this process.
  tgl_code checkDevice(const DeviceName &name, const Device *device, tgl_status *status) const;

  /// Maps the host code write-xor-execute, unless that is done. To be called by one thread at a time.
  tgl_code mapCode(tgl_status *status);
  // Once it is mapped:
  TglEntryFn entry() const { return reinterpret_cast<TglEntryFn>(code.data() + about->entry); }
  /// Only where the manifest has symbols.
  TglShapesFn shapesFunction() const { return reinterpret_cast<TglShapesFn>(code.data() + about->shapes); }

  Mapping packed; ///< what its weights are packed to, once that is done

private:
  void addVariant(const artifact::VariantInfo &variant, const std::vector<std::string> &symbols);

  const artifact::TargetInfo *about;
  const artifact::TargetCode *verified;
  Mapping code;
  std::string features;
  std::vector<std::string> dispatchNodes, bufferNodes;
  std::deque<std::string> variantSizes; ///< in words
  std::vector<tgl_variant_info> variants;
};

} // namespace tegula::runtime
