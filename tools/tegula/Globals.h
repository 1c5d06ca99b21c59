// Options that every verb takes: how messages look, where options come from, and how much may be used.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

namespace tegula::tools {

struct GlobalOptions {
  std::string config, log = "text", maxMemory;
  double maxTime = 0;
  bool quiet = false, noReproducer = false;
  int verbosity = 0, maxErrors = 100;
};

/// Adds them to the program; its verbs let them through.
std::shared_ptr<GlobalOptions> addGlobals(CLI::App &app);

/// Makes them hold from here on; the exit code where they cannot, else 0.
int applyGlobals(const GlobalOptions &options);

} // namespace tegula::tools
