// What this CPU can do, so that code is refused here instead of dying of an illegal instruction.
#pragma once

#include <string_view>

namespace tegula::runtime {

/// Whether the CPU has the feature and the operating system saves its registers. Unknown names are not had.
bool hasCpuFeature(std::string_view name);

} // namespace tegula::runtime
