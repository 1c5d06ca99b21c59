// The functions that compiled code may call: a fixed table, so that it can reach nothing else.
#pragma once

#include <string_view>

namespace tegula::runtime {

/// The address of an importable function, or nullptr. Every name in artifact::allowedImports() has one.
void *findImport(std::string_view symbol);

} // namespace tegula::runtime
