// One target of a model: what it is called and needs, and its host code, mapped when a context first asks.
#pragma once

#include "Devices.h"
#include "Mapping.h"
#include "tegula/artifact/CodeAbi.h"
#include "tegula/artifact/Reader.h"

#include <string>
#include <vector>

namespace tegula::runtime {

class Target {
public:
  Target(const artifact::TargetInfo &info, const artifact::TargetCode &bytes);

  const artifact::TargetInfo &info() const { return *about; }
  const artifact::TargetCode &bytes() const { return *verified; }
  void describe(tgl_target_info &description) const;
  void describeDispatch(size_t index, tgl_dispatch_info &description) const;

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
  const artifact::TargetInfo *about;
  const artifact::TargetCode *verified;
  Mapping code;
  std::string features;
  std::vector<std::string> dispatchNodes;
};

} // namespace tegula::runtime
