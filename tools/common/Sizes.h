// Sizes that a user chooses for a model's symbolic dimensions, and the shapes of inputs that follow from
// them.
#pragma once

#include "common/Session.h"

#include <map>
#include <string>
#include <vector>

namespace tegula::tools {

struct Sizes {
  std::map<std::string, int64_t> dims;                ///< symbolic dimension -> size
  std::map<std::string, SizeRange> ranges;            ///< symbolic dimension -> what to compile for
  std::map<std::string, std::vector<int64_t>> shapes; ///< input name -> shape
};

/// Reads a whole number of at least 0, and nothing but it.
bool parseSize(const std::string &text, int64_t &value);
/// Reads "batch=1".
Failure parseDim(const std::string &text, Sizes &sizes);
/// Reads "batch=1..8", "batch=1.." and "batch=1..8:hot=1,4" too.
Failure parseDimOrRange(const std::string &text, Sizes &sizes);
/// Reads "x:1x3x224x224"; the name may hold colons, the shape not. An empty shape is a scalar.
Failure parseShape(const std::string &text, Sizes &sizes);

/// A warning for each name in `sizes` that a compiled model does not have. They are no errors: sizes that the
/// model makes equal have become one, and a script may name both.
std::vector<Message> namesOfNothing(const std::vector<Port> &inputs, const Sizes &sizes);

/// The shape of every input: `values` holds those that have a value, nullptr for the others. Where a model
/// has symbolic dimensions, values and `sizes` say what they are; a size that nothing says is an error.
Failure chooseShapes(const std::vector<Port> &inputs, const std::vector<const HostTensor *> &values,
                     const Sizes &sizes, std::vector<std::vector<int64_t>> &shapes);

} // namespace tegula::tools
