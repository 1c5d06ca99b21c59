// Options that every verb takes: how messages look, where options come from, and how much may be used.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

namespace tegula::tools {

struct GlobalOptions {
  std::string config, log = "text", maxMemory;
  double maxTime = 0;
  bool quiet = false;
  int verbosity = 0;
};

/// Adds them to the program; its verbs let them through.
std::shared_ptr<GlobalOptions> addGlobals(CLI::App &app);

/// Makes them hold from here on; the exit code where they cannot, else 0.
int applyGlobals(const GlobalOptions &options);

/// "512M" in bytes; false where it is no size.
bool parseBytes(const std::string &text, uint64_t &bytes);

} // namespace tegula::tools
