// What the core asks of a device with memory of its own: load a model once, then move bytes and run its
// launches for every context.
#pragma once

#include "tegula/artifact/Artifact.h"
#include "tegula/runtime.h"
#include "tegula/runtime/core/Executor.h"

#include <memory>
#include <span>
#include <string>

namespace tegula::runtime {

/// Why a device could not do something; false where it could.
struct DeviceError {
  tgl_code code = TGL_OK;
  std::string text = {};
  int32_t dispatch = -1; ///< the launch that failed, where that is known
  explicit operator bool() const { return code != TGL_OK; }
};

/// An executor whose kernels work in the device's memory. Everything happens in the order of the calls, and
/// has happened when finish() returns; what fails in between is told there, and the rest of the run is left
/// out.
class DeviceExecutor : public Executor {
public:
  int threads() const override { return 1; }

  /// Zeroed memory of the device, nullptr with the reason where it cannot be had. `name` is for messages.
  virtual void *allocate(size_t bytes, const std::string &name, DeviceError &error) = 0;
  virtual void release(void *memory) = 0;
  virtual void upload(void *to, const void *from, size_t bytes) = 0;
  virtual void download(void *to, const void *from, size_t bytes) = 0;

  /// Begins the launches of a run. `changed` says that they may differ from those of the run before. False:
  /// they are the same, and have been issued.
  virtual bool beginLaunches(bool changed) = 0;
  virtual void endLaunches() = 0;
  /// Between launches: the byte at an address in memory of the device once all launches so far are done, 0
  /// after a failure. What is launched afterwards may follow from it, so such a run is never repeated as it
  /// was.
  virtual uint8_t read(const void *address) = 0;
  /// Waits; the first failure since the last call.
  virtual DeviceError finish() = 0;

  /// From now on each launch's duration is added here, one a dispatch, which the caller sets to 0 before a
  /// run; nullptr ends that.
  virtual void profile(int64_t *nanoseconds) = 0;
  /// How long all launches of the last run took by the device's clock, 0 where it has none.
  virtual int64_t launchNanoseconds() const = 0;

  /// From now on counts what launches do, anew; false where the device cannot.
  virtual bool count(bool) { return false; }
  /// The counts so far, valid until the next call of any function.
  virtual std::span<const tgl_launch_counts> counts() { return {}; }
};

/// A model's code and weights on a device, shared by its contexts.
class DeviceModel {
public:
  virtual ~DeviceModel() = default;
  /// Where the weights that the target reads begin.
  virtual void *weights() const = 0;
  virtual std::unique_ptr<DeviceExecutor> createExecutor(DeviceError &error) = 0;
};

/// What a device gets of a model; all of it outlives the DeviceModel.
struct DeviceProgram {
  const artifact::TargetInfo &target;
  std::span<const uint8_t> kernels; ///< verified, like everything here
  std::span<const uint8_t> weights; ///< those that the target reads
};

class Device {
public:
  virtual ~Device() = default;
  /// What people call it: "NVIDIA H100 80GB HBM3".
  virtual const std::string &name() const = 0;
  /// The compute capability as PTX counts it: 90 runs code for sm_90 and below.
  virtual uint32_t architecture() const = 0;
  virtual uint64_t memoryBytes() const = 0;
  virtual std::shared_ptr<DeviceModel> load(const DeviceProgram &program, DeviceError &error) = 0;
};

/// A card that the driver library of CUDA knows; implemented by runtime/cuda.
std::shared_ptr<Device> openCudaDevice(int number, DeviceError &error);
/// A device that executes PTX on the CPU and checks it; implemented by runtime/emulator.
std::shared_ptr<Device> openEmulator(int number, DeviceError &error);

} // namespace tegula::runtime
