// The devices that a context may run on, by the names that users give them.
#pragma once

#include "tegula/runtime/core/Device.h"

#include <string_view>

namespace tegula::runtime {

/// A device as a user names it.
struct DeviceName {
  artifact::Language language = artifact::Language::X86; ///< of the code that runs there
  std::shared_ptr<Device> (*open)(int number,
                                  DeviceError &error) = nullptr; ///< nullptr: this process's threads
  int number = 0;
  std::string text; ///< in full: "cuda:0"
};

/// Reads "cpu", "emulator", "cuda" or "cuda:1".
tgl_code parseDevice(const char *name, DeviceName &device, tgl_status *status);

/// Opens a device that is not this process; each number once, so that what is loaded on it can be shared.
std::shared_ptr<Device> openDevice(const DeviceName &name, tgl_status *status);

} // namespace tegula::runtime
