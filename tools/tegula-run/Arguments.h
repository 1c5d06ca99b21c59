// The command line of tegula-run, parsed by hand because the tool is to stay small.
#pragma once

#include "common/Sizes.h"

#include <string>
#include <vector>

namespace tegula::tools {

struct RunArguments {
  std::string model, output, expect, profile;
  std::vector<std::string> inputs; ///< "name=@file.npy" or "@file.npz"
  Sizes sizes;                     ///< of the model's symbolic dimensions
  double rtol = 1e-5, atol = 1e-6;
  double benchSeconds = 0;
  uint64_t mostBytes = 0; ///< of the process's own memory, 0: as many as there are
  double mostSeconds = 0;
  std::string device = "cpu";
  int threads = 0;
  bool help = false, version = false;
};

Failure parseArguments(int argc, char **argv, RunArguments &arguments);

extern const char *const usageText;

} // namespace tegula::tools
