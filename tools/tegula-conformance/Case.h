// One test case of ONNX's collection: what the manifest says about it, and its verdict under the manifest's
// rule.
#pragma once

#include "tegula/Tegula.h"

#include <string>
#include <vector>

namespace tegula::tools {

struct Case {
  std::string name;   ///< folder/test
  std::string folder; ///< holds model.onnx and test_data_set_N
  double rtol = 1e-3, atol = 1e-7;
  bool comparable = true; ///< else the values are random and only type and shape count
  bool trusted = true;    ///< else the reference comes from an old release and no other engine agrees with it
};

enum class Verdict : uint8_t { Passed, Failed, Skipped };

struct CaseResult {
  Verdict verdict = Verdict::Failed;
  /// Why it failed; for a skipped case the unsupported operators, separated by spaces.
  std::string reason;
};

/// Reads manifest.tsv; false with a reason on failure.
bool readManifest(const std::string &folder, std::vector<Case> &cases, std::string &error);

/// Compiles and runs every data set of a case.
CaseResult runCase(const Case &test, const CompileOptions &options, const std::string &device, int threads);

} // namespace tegula::tools
