// Results by name: to a file, or against the arrays of one.
#include "common/Arrays.h"

#include "common/Files.h"
#include "common/Tensors.h"
#include "tegula/npy/Npy.h"

#include <algorithm>
#include <cstdio>

namespace tegula::tools {

NamedTensors namedResults(const Session &session, const std::vector<HostTensor> &results) {
  NamedTensors named;
  for (size_t i = 0; i < results.size(); ++i)
    named.emplace_back(session.outputs()[i].name, results[i]);
  return named;
}

static Failure wrongEnding(const std::string &path) {
  return {Code::WrongKindOfFile, path + ": expected a name ending in .npz (or .npy for one array)"};
}

Failure checkTensorsOutput(const std::string &path, const std::string &input) {
  if (path.empty())
    return {};
  if (!path.ends_with(".npy") && !path.ends_with(".npz"))
    return wrongEnding(path);
  Failure failure = checkOutput(path, input);
  return failure ? Failure(failure.code, path + ": " + failure.text) : Failure();
}

Failure writeTensors(const std::string &path, const NamedTensors &tensors) {
  bool single = path.ends_with(".npy") && tensors.size() == 1;
  if (!single && !path.ends_with(".npz"))
    return wrongEnding(path);
  std::vector<npy::NamedArray> arrays;
  for (const auto &[name, tensor] : tensors)
    arrays.push_back({name, {tensor.dtype, tensor.shape, tensor.bytes}});
  Failure failure = replaceFile(path, [&](const std::string &where) -> Failure {
    std::string error;
    bool ok = single ? npy::writeNpy(where, arrays[0].array, error) : npy::writeNpz(where, arrays, error);
    if (ok)
      return {};
    if (error.starts_with(where)) // the name that the user knows
      error.replace(0, where.size(), path);
    return {Code::CannotWrite, error};
  });
  if (failure && !failure.text.starts_with(path))
    failure.text = path + ": " + failure.text;
  return failure;
}

Failure compareResults(const std::string &file, const NamedTensors &expected, const NamedTensors &results,
                       double rtol, double atol) {
  auto find = [](const NamedTensors &tensors, const std::string &name) {
    return std::find_if(tensors.begin(), tensors.end(),
                        [&](const auto &entry) { return entry.first == name; });
  };
  bool byName = std::any_of(results.begin(), results.end(), [&](const auto &result) {
    return find(expected, result.first) != expected.end();
  });
  if (!byName && expected.size() != results.size())
    return {Code::MissingReference,
            file + ": expected an array '" + (results.empty() ? "" : results[0].first) + "', or " +
                std::to_string(results.size()) + " arrays in the outputs' order, got " +
                std::to_string(expected.size()) + " with other names"};
  if (byName)
    for (const auto &[name, value] : results)
      if (find(expected, name) == expected.end())
        return {Code::MissingReference, file + ": expected an array '" + name + "', got none of that name"};
  bool hasNames =
      std::any_of(expected.begin(), expected.end(), [](const auto &entry) { return !entry.first.empty(); });
  if (!byName && hasNames)
    say(file, "no array has the name of an output, so they are compared in their order");
  size_t different = 0;
  for (size_t i = 0; i < results.size(); ++i) {
    const auto &[name, value] = results[i];
    const HostTensor &reference = byName ? find(expected, name)->second : expected[i].second;
    std::string mismatch = firstMismatch(value, reference, rtol, atol);
    std::printf("%s: %s (error %.3g)\n", printable(name).c_str(),
                mismatch.empty() ? "equal within tolerance" : mismatch.c_str(),
                relativeDifference(value, reference).error);
    different += !mismatch.empty();
  }
  if (different == 0)
    return {};
  return {Code::ResultsDiffer,
          std::to_string(different) + " of " + std::to_string(results.size()) + " outputs differ"};
}

} // namespace tegula::tools
