// Takes weights out of a model's bytes before they are parsed, because what only looks at a model's structure
// should not read gigabytes.
#pragma once

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tegula::importer {

/// The values of an initializer of the main graph, as they stand in the file's bytes; empty where they lie
/// elsewhere.
using RawValues = std::vector<llvm::StringRef>;

/// The model's bytes with only names, types, dimensions and external places of its weights; `values` receives
/// what stood in their place, in the order of the initializers, unless it is null. False on malformed bytes.
bool stripAllWeights(const char *data, size_t size, std::string &out, RawValues *values);

/// The model's bytes without the raw data of weights that are too large for any fold to look at; `left`
/// receives these of each initializer, nothing where nothing was taken. False on malformed bytes.
bool stripLargeWeights(const char *data, size_t size, std::string &out, RawValues &left);

} // namespace tegula::importer
