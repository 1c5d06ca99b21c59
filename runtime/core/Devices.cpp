// The devices that a context may run on, by the names that users give them.
#include "Devices.h"

#include "Status.h"

#include <charconv>
#include <cstring>
#include <map>
#include <mutex>

namespace tegula::runtime {
namespace {

struct KindRow {
  std::string_view name;
  artifact::Language language;
  std::shared_ptr<Device> (*open)(int number, DeviceError &error);
  bool isNumbered;
};

constexpr KindRow kinds[] = {
    {"cpu", artifact::Language::X86, nullptr, false},
    {"cuda", artifact::Language::Ptx, openCudaDevice, true},
    {"emulator", artifact::Language::Ptx, openEmulator, false},
};

} // namespace

tgl_code parseDevice(const char *name, DeviceName &device, tgl_status *status) {
  std::string_view text = name ? name : "", kind = text.substr(0, text.find(':'));
  for (const KindRow &row : kinds) {
    if (kind != row.name || (text.size() > kind.size() && !row.isNumbered))
      continue;
    int number = 0;
    if (text.size() > kind.size()) {
      auto [end, error] = std::from_chars(text.begin() + kind.size() + 1, text.end(), number);
      if (error != std::errc() || end != text.end() || number < 0)
        break;
    }
    device = {row.language, row.open, number,
              std::string(kind) + (row.isNumbered ? ":" + std::to_string(number) : "")};
    return TGL_OK;
  }
  return setStatus(status, TGL_ERR_ARGUMENT,
                   "expected a device cpu, cuda:N or emulator, got '" + std::string(text) + "'");
}

std::shared_ptr<Device> openDevice(const DeviceName &name, tgl_status *status) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<Device>> opened;
  std::lock_guard lock(mutex);
  std::weak_ptr<Device> &known = opened[name.text];
  std::shared_ptr<Device> device = known.lock();
  if (device)
    return device;
  DeviceError error;
  device = name.open(name.number, error);
  if (!device)
    setStatus(status, error.code, "cannot open device '" + name.text + "': " + error.text);
  known = device;
  return device;
}

} // namespace tegula::runtime

using namespace tegula::runtime;

tgl_code tgl_device_describe(const char *device, tgl_device_info *info, tgl_status *status) {
  if (!info)
    return setStatus(status, TGL_ERR_ARGUMENT, "expected a place for the description");
  return guarded(status, [&] {
    DeviceName name;
    if (tgl_code code = parseDevice(device, name, status))
      return code;
    *info = {};
    auto setName = [&](std::string_view text) {
      std::memcpy(info->name, text.data(), std::min(text.size(), sizeof(info->name) - 1));
    };
    if (!name.open) {
      setName("the CPU of this process");
      return succeed(status);
    }
    tgl_status why = {};
    std::shared_ptr<Device> opened = openDevice(name, &why);
    if (!opened)
      return setStatus(status, why.code, why.text);
    setName(opened->name());
    info->architecture = int32_t(opened->architecture());
    info->memory_bytes = opened->memoryBytes();
    return succeed(status);
  });
}
