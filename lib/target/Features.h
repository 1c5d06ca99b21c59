// What the table of machines and the detection of the native one share.
#pragma once

#include "tegula/target/Machine.h"

namespace tegula::target {

/// Instruction set levels of the x86-64 psABI.
enum class Level { V3, V4 };

/// Core designs that differ in ports and caches.
enum class Family { Unknown, Haswell, Skylake, IceLake, SapphireRapids, Zen2, Zen3, Zen4, Zen5 };

std::vector<std::string> featuresOf(Level level);
Machine baseline(Level level);
void applyFamily(Machine &machine, Family family);

/// The GPU of that name, or nothing.
std::optional<Machine> findGpu(const std::string &name);
std::vector<std::string> gpuNames();

} // namespace tegula::target
