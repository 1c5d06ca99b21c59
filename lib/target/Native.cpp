// Reads the facts of the machine this process runs on, because "native" must mean this machine and not its
// brand.
#include "Features.h"

#include <algorithm>
#include <cctype>
#include <cpuid.h>
#include <cstdlib>
#include <fstream>
#include <unistd.h>

namespace tegula::target {

std::vector<std::string> featuresOf(Level level) {
  std::vector<std::string> features{"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"};
  if (level == Level::V4)
    for (const char *each : {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})
      features.push_back(each);
  return features;
}

namespace {

Family detectFamily() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(0, &a, &b, &c, &d))
    return Family::Unknown;
  bool amd = b == signature_AMD_ebx, intel = b == signature_INTEL_ebx;
  __get_cpuid(1, &a, &b, &c, &d);
  unsigned family = (a >> 8) & 15, model = ((a >> 4) & 15) | ((a >> 12) & 0xf0);
  if (family == 15)
    family += (a >> 20) & 255;
  if (amd && family == 0x17)
    return Family::Zen2;
  if (amd && family == 0x19)
    return (model >= 0x10 && model <= 0x1f) || model >= 0x60 ? Family::Zen4 : Family::Zen3;
  if (amd && family >= 0x1a)
    return Family::Zen5;
  if (!intel || family != 6)
    return Family::Unknown;
  switch (model) {
  case 0x8f:
  case 0xcf:
  case 0xad:
  case 0xae:
    return Family::SapphireRapids;
  case 0x6a:
  case 0x6c:
  case 0x7d:
  case 0x7e:
    return Family::IceLake;
  case 0x55:
  case 0x4e:
  case 0x5e:
  case 0x8e:
  case 0x9e:
    return Family::Skylake;
  case 0x3c:
  case 0x3f:
  case 0x45:
  case 0x46:
  case 0x3d:
  case 0x47:
  case 0x4f:
  case 0x56:
    return Family::Haswell;
  default:
    return Family::Unknown;
  }
}

/// Size of the data (or unified) cache of `level`, divided by the CPUs that share it when `shared`; 0 if
/// sysfs does not say.
int64_t cacheBytes(int level, bool share) {
  for (int index = 0; index < 8; ++index) {
    std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
    auto read = [&](const char *file) {
      std::string text;
      std::ifstream(folder + file) >> text;
      return text;
    };
    if (read("level") != std::to_string(level) || read("type") == "Instruction")
      continue;
    std::string size = read("size");
    if (size.empty())
      continue;
    char *end = nullptr;
    int64_t bytes = std::strtoll(size.c_str(), &end, 10) * (*end == 'K'   ? 1024
                                                            : *end == 'M' ? 1024 * 1024
                                                                          : 1);
    if (share) {
      std::string map = read("shared_cpu_map");
      int cpus = 0;
      for (char digit : map)
        cpus +=
            isxdigit(digit) ? __builtin_popcount(std::strtol(std::string(1, digit).c_str(), nullptr, 16)) : 0;
      bytes /= std::max(cpus, 1);
    }
    return bytes;
  }
  return 0;
}

/// What the system says of the first CPU's clock, in 10^9 cycles a second; 0 where it says nothing.
double clockNow() {
  std::ifstream cpus("/proc/cpuinfo");
  for (std::string line; std::getline(cpus, line);)
    if (line.starts_with("cpu MHz"))
      if (size_t colon = line.find(':'); colon != std::string::npos)
        return std::strtod(line.c_str() + colon + 1, nullptr) / 1e3;
  return 0;
}

} // namespace

Machine nativeMachine() {
  bool v4 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512vl");
  Machine machine = baseline(v4 ? Level::V4 : Level::V3);
  machine.name = "native";
  applyFamily(machine, detectFamily());
  machine.cores = std::max<int64_t>(1, sysconf(_SC_NPROCESSORS_ONLN));
  if (double gigahertz = clockNow())
    machine.gigahertz = gigahertz;
  if (int64_t bytes = cacheBytes(1, false))
    machine.l1Bytes = bytes;
  if (int64_t bytes = cacheBytes(2, false))
    machine.l2Bytes = bytes;
  if (int64_t bytes = cacheBytes(3, true))
    machine.l3Bytes = bytes;
  return machine;
}

} // namespace tegula::target
