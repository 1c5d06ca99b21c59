// Parts of what the verb inspect says, each as text and as JSON.
#pragma once

#include "Verb.h"

#include <string>

namespace tegula::tools {

/// Lines of text, and the same as a JSON value.
struct TargetText {
  std::string text, json;
};

/// The weights of an ONNX file by type, the largest ones, and those that lie beside it.
TargetText describeWeights(const std::string &path);

/// The operations of a run of an ONNX model, for the sizes of `arguments`.
Failure describeFlops(const std::string &path, const CompileArguments &arguments, TargetText &all);

} // namespace tegula::tools
