// The functions of an MLIR file, each as a module of its own that the compiler takes: pass tests hold many
// functions, the compiler wants one @main.
#pragma once

#include "common/Report.h"

#include <string>
#include <vector>

namespace tegula::tools {

struct Function {
  std::string name;
  std::vector<std::string> inputTypes, resultTypes; ///< as in HostTensor
  std::vector<std::string> symbols;                 ///< the sizes that a run chooses
  std::string text;                                 ///< a module with this function as @main
  bool onBuffers = false; ///< no graph and no launches of kernels: code on buffers, vectors and numbers
};

/// Splits a file into its functions, and one for every kernel that none of them launches; at its "// -----"
/// lines too. Names and types that functions do not say of their arguments and results are added: arg0,
/// result0, the element type; where `reference` has a function of the same name, its types, because a pass
/// may change how values are stored.
Failure splitFunctions(const std::string &text, const std::vector<Function> *reference,
                       std::vector<Function> &functions);

} // namespace tegula::tools
