// The table of machines that can be compiled for without being there. Port counts, latencies and cache sizes:
// vendors' optimisation manuals and A. Fog, "Instruction tables"; bandwidths rounded from measurements of the
// same families; clocks are estimates that nobody looked up: predictions in seconds follow from them, no
// schedule.
#include "Features.h"

namespace tegula::target {

Machine baseline(Level level) {
  Machine machine;
  machine.features = featuresOf(level);
  if (level == Level::V4) {
    machine.cpu = "x86-64-v4";
    machine.vectorBytes = 64;
    machine.vectorRegisters = 32;
    machine.broadcastOperand = true;
    machine.l1Bytes = 32 * 1024;
    machine.l2Bytes = 1024 * 1024;
    machine.l2BytesPerCycle = 48;
  } else {
    machine.cpu = "x86-64-v3";
  }
  return machine;
}

static void applyZen(Machine &machine, Family family) {
  switch (family) {
  case Family::Zen2:
  case Family::Zen3:
    machine.cpu = family == Family::Zen2 ? "znver2" : "znver3";
    machine.gigahertz = family == Family::Zen2 ? 3.3 : 3.4;
    machine.fmaPerCycle = 2;
    machine.fmaLatency = family == Family::Zen2 ? 5 : 4;
    machine.loadsPerCycle = 2;
    machine.issueWidth = 6;
    machine.l2Bytes = 512 * 1024;
    machine.l2BytesPerCycle = 32;
    machine.l3BytesPerCycle = 20;
    break;
  case Family::Zen4:
    machine.cpu = "znver4";
    machine.gigahertz = 3.7;
    machine.fmaPerCycle = machine.vectorBytes == 64 ? 1 : 2;
    machine.fmaLatency = 4;
    machine.loadsPerCycle = machine.vectorBytes == 64 ? 1 : 2;
    machine.issueWidth = 6;
    machine.l2Bytes = 1024 * 1024;
    machine.l2BytesPerCycle = 32;
    machine.l3BytesPerCycle = 26;
    break;
  case Family::Zen5:
    machine.cpu = "znver5";
    machine.gigahertz = 4.1;
    machine.fmaPerCycle = 2;
    machine.fmaLatency = 4;
    machine.loadsPerCycle = 2;
    machine.issueWidth = 8;
    machine.l1Bytes = 48 * 1024;
    machine.l2Bytes = 1024 * 1024;
    machine.l2BytesPerCycle = 64;
    machine.l3BytesPerCycle = 26;
    break;
  default:
    break;
  }
}

static void applyIntel(Machine &machine, Family family) {
  switch (family) {
  case Family::Skylake:
  case Family::IceLake:
  case Family::SapphireRapids:
    machine.cpu = family == Family::Skylake   ? (machine.vectorBytes == 64 ? "skylake-avx512" : "skylake")
                  : family == Family::IceLake ? "icelake-server"
                                              : "sapphirerapids";
    machine.fmaPerCycle = 2;
    machine.fmaLatency = 4;
    machine.loadsPerCycle = 2;
    machine.issueWidth = family == Family::Skylake ? 4 : 5;
    machine.l1Bytes = (family == Family::Skylake ? 32 : 48) * 1024;
    machine.l2Bytes = (family == Family::SapphireRapids ? 2048
                       : family == Family::IceLake      ? 1280
                       : machine.vectorBytes == 64      ? 1024
                                                        : 256) * // those for desks
                      1024;
    machine.l2BytesPerCycle = 48;
    machine.l3BytesPerCycle = 10;
    break;
  case Family::Haswell:
    machine.cpu = "haswell";
    machine.fmaLatency = 5;
    machine.l2Bytes = 256 * 1024;
    break;
  default:
    break;
  }
}

void applyFamily(Machine &machine, Family family) {
  applyZen(machine, family);
  applyIntel(machine, family);
}

namespace {
struct Named {
  const char *name;
  Level level;
  Family family;
};
const Named table[] = {
    {"x86-64-v3", Level::V3, Family::Unknown},
    {"x86-64-v4", Level::V4, Family::Unknown},
    {"haswell", Level::V3, Family::Haswell},
    {"skylake", Level::V3, Family::Skylake},
    {"skylake-avx512", Level::V4, Family::Skylake},
    {"icelake-server", Level::V4, Family::IceLake},
    {"sapphirerapids", Level::V4, Family::SapphireRapids},
    {"znver2", Level::V3, Family::Zen2},
    {"znver3", Level::V3, Family::Zen3},
    {"znver4", Level::V4, Family::Zen4},
    {"znver5", Level::V4, Family::Zen5},
};
} // namespace

std::optional<Machine> findMachine(const std::string &name) {
  if (name == "native") {
    Machine machine = nativeMachine();
    machine.name = name;
    return machine;
  }
  for (const Named &each : table) {
    if (name != each.name)
      continue;
    Machine machine = baseline(each.level);
    machine.name = name;
    applyFamily(machine, each.family);
    return machine;
  }
  return findGpu(name);
}

std::vector<std::string> machineNames() {
  std::vector<std::string> names{"native"};
  for (const Named &each : table)
    names.push_back(each.name);
  for (std::string &name : gpuNames())
    names.push_back(std::move(name));
  return names;
}

} // namespace tegula::target
