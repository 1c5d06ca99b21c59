// Searches for the pass that makes a compiled model wrong, and says what it found.
#pragma once

#include "common/Report.h"
#include "tegula/Tegula.h"

#include <functional>
#include <string>
#include <vector>

namespace tegula::tools {

/// How a search runs and judges.
struct Bisection {
  std::string device, reproducer;   ///< the file for what the pass breaks
  std::vector<std::string> plugins; ///< libraries of passes that the compiler has loaded
  int threads = 0;
  std::function<double(const std::string &dtype)> allowed; ///< the largest error of a value
};

/// Prints the first wrong kernel and the guilty pass, and writes the reproducer; returns the exit code, which
/// is no success.
int bisect(const std::string &model, const CompileOptions &options, const std::vector<HostTensor> &inputs,
           const Bisection &search);

} // namespace tegula::tools
