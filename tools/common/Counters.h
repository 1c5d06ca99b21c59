// Writes what kernels did in a run, by kernel: bank conflicts, sectors, instructions.
#pragma once

#include "common/Session.h"

#include <string>

namespace tegula::tools {

/// Writes what the session has counted since startCounting() to `path`: as JSON where that ends in .json,
/// else as text, with a block of lines for each kernel; "-" is standard output.
Failure writeCounters(const Session &session, const std::string &path);

} // namespace tegula::tools
