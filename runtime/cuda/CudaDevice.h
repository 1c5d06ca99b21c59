// A card, and a model loaded on it: what outlives the executors of contexts.
#pragma once

#include "Driver.h"

#include <vector>

namespace tegula::runtime::cuda {

/// Makes a card's context current on this thread while it lives; afterwards it is what it was.
class Current {
public:
  Current(const Driver &driver, ContextHandle context) : driver(driver) {
    driver.cuCtxGetCurrent(&before);
    if (before != context)
      code = driver.cuCtxSetCurrent(context);
  }
  ~Current() { driver.cuCtxSetCurrent(before); }
  Current(const Current &) = delete;
  Result code = success;

private:
  const Driver &driver;
  ContextHandle before = nullptr;
};

class CudaDevice : public Device, public std::enable_shared_from_this<CudaDevice> {
public:
  explicit CudaDevice(const Driver &driver) : driver(driver) {}
  ~CudaDevice() override;
  bool open(int number, DeviceError &error);

  const std::string &name() const override { return title; }
  uint32_t architecture() const override { return capability; }
  uint64_t memoryBytes() const override { return bytes; }
  std::shared_ptr<DeviceModel> load(const DeviceProgram &program, DeviceError &error) override;

  const Driver &driver;
  ContextHandle context = nullptr;

private:
  DeviceNumber device = 0;
  std::string title;
  uint32_t capability = 0;
  uint64_t bytes = 0;
};

class CudaModel : public DeviceModel {
public:
  CudaModel(std::shared_ptr<CudaDevice> device, const artifact::TargetInfo &target)
      : device(std::move(device)), target(target) {}
  ~CudaModel() override;
  bool load(const DeviceProgram &program, DeviceError &error);

  void *weights() const override { return reinterpret_cast<void *>(memory); }
  std::unique_ptr<DeviceExecutor> createExecutor(DeviceError &error) override;

  std::shared_ptr<CudaDevice> device;
  const artifact::TargetInfo &target;
  std::vector<FunctionHandle> functions; ///< one a kernel of the target

private:
  bool loadModule(const DeviceProgram &program, DeviceError &error);
  bool findFunctions(DeviceError &error);

  ModuleHandle module = nullptr;
  Address memory = 0;
};

} // namespace tegula::runtime::cuda
