// Memory of a device with one owner, because it must go back before the executor that gave it.
#pragma once

#include "tegula/runtime/core/Device.h"

#include <utility>

namespace tegula::runtime {

class DeviceBuffer {
public:
  DeviceBuffer() = default;
  DeviceBuffer(DeviceBuffer &&other) noexcept { swap(other); }
  DeviceBuffer &operator=(DeviceBuffer &&other) noexcept {
    DeviceBuffer(std::move(other)).swap(*this);
    return *this;
  }
  ~DeviceBuffer() {
    if (memory)
      owner->release(memory);
  }

  /// Holds `size` bytes afterwards, or nothing where they cannot be had. The old ones go first. Their
  /// contents are lost.
  DeviceError resize(DeviceExecutor &executor, size_t size, const std::string &name) {
    *this = DeviceBuffer();
    DeviceError error;
    memory = executor.allocate(size, name, error);
    owner = &executor;
    bytes = memory ? size : 0;
    return error;
  }

  void *data() const { return memory; }
  size_t size() const { return bytes; }

private:
  void swap(DeviceBuffer &other) noexcept {
    std::swap(owner, other.owner);
    std::swap(memory, other.memory);
    std::swap(bytes, other.bytes);
  }

  DeviceExecutor *owner = nullptr;
  void *memory = nullptr;
  size_t bytes = 0;
};

} // namespace tegula::runtime
