// Writes what threads did in the last runs as a file that trace viewers read.
#pragma once

#include "common/Session.h"

#include <string>

namespace tegula::tools {

/// Runs the session `runs` times with what is bound, and writes what every thread did as Chrome's trace
/// events.
Failure writeTrace(Session &session, int runs, const std::string &path);

} // namespace tegula::tools
