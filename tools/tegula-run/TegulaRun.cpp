// tegula-run: runs a compiled model with the runtime alone, which is all that a machine in the field needs.
#include "Arguments.h"

#include "common/Session.h"
#include "common/Tensors.h"
#include "tegula/npy/Npy.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <unistd.h>

namespace tegula::tools {
namespace {

using Clock = std::chrono::steady_clock;
using Values = std::map<std::string, HostTensor>;

double millisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

HostTensor toHost(npy::Array &&array) {
  return {std::move(array.dtype), std::move(array.shape), std::move(array.bytes)};
}

/// "name=@file.npy", or "@file.npz" for all arrays of an archive.
Failure readInput(const std::string &text, Values &values) {
  size_t at = text.starts_with("@") ? 0 : text.find("=@");
  if (at == text.npos)
    return {Outcome::BadInput, "--input: expected NAME=@FILE.npy or @FILE.npz, got '" + text + "'"};
  bool named = at > 0 || text.starts_with("=@");
  std::string name = text.substr(0, at), path = text.substr(at + (named ? 2 : 1)), error;
  std::vector<npy::NamedArray> arrays;
  if (!npy::readArrays(path, arrays, error))
    return {Outcome::BadInput, error};
  if (named && arrays.size() != 1)
    return {Outcome::BadInput, path + ": expected one array, got " + std::to_string(arrays.size())};
  if (!named && arrays.size() == 1 && arrays[0].name.empty())
    return {Outcome::BadInput, "--input: expected NAME=@" + path + ", since the file gives no name"};
  for (npy::NamedArray &array : arrays)
    values[named ? name : array.name] = toHost(std::move(array.array));
  return {};
}

Failure bindInputs(const RunArguments &arguments, Session &session) {
  Values given;
  for (const std::string &text : arguments.inputs)
    if (Failure failure = readInput(text, given))
      return failure;
  std::vector<const HostTensor *> values;
  std::string known;
  size_t found = 0;
  for (const Port &port : session.declaredInputs()) {
    known += (known.empty() ? "" : ", ") + port.name;
    auto value = given.find(port.name);
    values.push_back(value == given.end() ? nullptr : &value->second);
    found += value != given.end();
  }
  auto isUnknown = [&](const auto &value) {
    return std::ranges::none_of(session.declaredInputs(),
                                [&](const Port &port) { return port.name == value.first; });
  };
  if (found < given.size())
    return {Outcome::BadInput, "the model has no input '" + std::ranges::find_if(given, isUnknown)->first +
                                   "'; it has " + known};
  std::vector<std::vector<int64_t>> shapes;
  if (Failure failure = chooseShapes(session.declaredInputs(), values, arguments.sizes, shapes))
    return failure;
  std::vector<HostTensor> bound;
  for (size_t i = 0; i < values.size(); ++i)
    bound.push_back(values[i] ? *values[i]
                              : seededTensor(session.declaredInputs()[i].name,
                                             session.declaredInputs()[i].dtype, shapes[i]));
  return session.bind(bound);
}

void printSummary(const Port &port, const HostTensor &value) {
  size_t size = elementSize(value.dtype), count = size ? value.bytes.size() / size : 0;
  std::printf("%s: %s %s =", port.name.c_str(), port.dtype.c_str(), port.shapeText().c_str());
  for (size_t i = 0; i < std::min<size_t>(count, 8); ++i)
    std::printf(" %.6g", elementAsDouble(value, i));
  std::printf("%s\n", count > 8 ? " ..." : "");
}

/// Written under a temporary name first, so that there is never a part of a file.
Failure writeOutputs(const std::string &path, const Session &session,
                     const std::vector<HostTensor> &results) {
  std::vector<npy::NamedArray> arrays;
  for (size_t i = 0; i < results.size(); ++i)
    arrays.push_back({session.outputs()[i].name, {results[i].dtype, results[i].shape, results[i].bytes}});
  std::string temporary = path + ".tmp" + std::to_string(getpid()), error;
  bool good = npy::writeNpz(temporary, arrays, error);
  if (good && std::rename(temporary.c_str(), path.c_str()) != 0)
    good = false, error = path + ": cannot be replaced";
  if (good)
    return {};
  std::remove(temporary.c_str());
  return {Outcome::BadInput, error};
}

/// The reference is matched by name, or by position where the file was written without the names.
Failure compare(const RunArguments &arguments, const Session &session,
                const std::vector<HostTensor> &results) {
  std::vector<npy::NamedArray> expected;
  std::string error;
  if (!npy::readArrays(arguments.expect, expected, error))
    return {Outcome::BadInput, error};
  if (expected.size() != results.size())
    return {Outcome::BadInput, arguments.expect + ": expected " + std::to_string(results.size()) +
                                   " arrays, got " + std::to_string(expected.size())};
  size_t failed = 0;
  for (size_t i = 0; i < results.size(); ++i) {
    const std::string &name = session.outputs()[i].name;
    auto byName =
        std::find_if(expected.begin(), expected.end(), [&](auto &array) { return array.name == name; });
    const npy::Array &array = byName == expected.end() ? expected[i].array : byName->array;
    HostTensor reference = {array.dtype, array.shape, array.bytes};
    std::string mismatch = firstMismatch(results[i], reference, arguments.rtol, arguments.atol);
    std::printf("%s: %s (error %.3g)\n", name.c_str(),
                mismatch.empty() ? "equal within tolerance" : mismatch.c_str(),
                relativeDifference(results[i], reference).error);
    failed += !mismatch.empty();
  }
  if (failed == 0)
    return {};
  return {Outcome::VerificationFailed,
          std::to_string(failed) + " of " + std::to_string(results.size()) + " outputs differ"};
}

Failure bench(double seconds, Session &session, double loadTime) {
  std::vector<double> times;
  for (auto begin = Clock::now(); times.empty() || millisecondsSince(begin) < seconds * 1e3;) {
    auto start = Clock::now();
    if (Failure failure = session.run())
      return failure;
    times.push_back(millisecondsSince(start));
  }
  std::sort(times.begin(), times.end());
  std::printf("median %.4f ms, p90 %.4f ms, min %.4f ms (%zu runs, %d threads; loaded in %.2f ms)\n",
              times[times.size() / 2], times[times.size() * 9 / 10], times.front(), times.size(),
              session.threads(), loadTime);
  return {};
}

Failure runModel(const RunArguments &arguments) {
  std::unique_ptr<Session> session;
  auto start = Clock::now();
  if (Failure failure = Session::openFile(arguments.model, arguments.threads, session))
    return failure;
  double loadTime = millisecondsSince(start);
  if (Failure failure = bindInputs(arguments, *session))
    return failure;
  if (Failure failure = session->run())
    return failure;
  std::vector<HostTensor> results = session->results();
  if (!arguments.output.empty())
    if (Failure failure = writeOutputs(arguments.output, *session, results))
      return failure;
  if (!arguments.expect.empty())
    if (Failure failure = compare(arguments, *session, results))
      return failure;
  if (arguments.benchSeconds > 0)
    return bench(arguments.benchSeconds, *session, loadTime);
  if (arguments.output.empty() && arguments.expect.empty())
    for (size_t i = 0; i < results.size(); ++i)
      printSummary(session->outputs()[i], results[i]);
  return {};
}

} // namespace
} // namespace tegula::tools

int main(int argc, char **argv) {
  using namespace tegula::tools;
  RunArguments arguments;
  if (Failure failure = parseArguments(argc, argv, arguments))
    return reportFailure("tegula-run", failure);
  if (arguments.help)
    return std::fputs(usageText, stdout), 0;
  Failure failure = runModel(arguments);
  return failure ? reportFailure("tegula-run", failure) : 0;
}
