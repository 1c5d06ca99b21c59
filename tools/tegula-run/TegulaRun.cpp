// tegula-run: runs a compiled model with the runtime alone, which is all that a machine in the field needs.
#include "Arguments.h"

#include "common/Arrays.h"
#include "common/Crash.h"
#include "common/Files.h"
#include "common/Session.h"
#include "common/Tensors.h"
#include "common/Trace.h"
#include "tegula/npy/Npy.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <new>
#include <stdexcept>

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
    return {Code::InvalidAssignment, "--input: expected NAME=@FILE.npy or @FILE.npz, got '" + text + "'"};
  bool named = at > 0 || text.starts_with("=@");
  std::string name = text.substr(0, at), path = text.substr(at + (named ? 2 : 1)), error;
  std::vector<npy::NamedArray> arrays;
  if (!npy::readArrays(path, arrays, error))
    return {Code::NotAnArray, error};
  if (named && arrays.size() != 1)
    return {Code::ArrayCount, path + ": expected one array, got " + std::to_string(arrays.size())};
  if (!named && arrays.size() == 1 && arrays[0].name.empty())
    return {Code::InvalidAssignment, "--input: expected NAME=@" + path + ", since the file gives no name"};
  for (npy::NamedArray &array : arrays)
    values[named ? name : array.name] = toHost(std::move(array.array));
  return {};
}

Failure bindInputs(const RunArguments &arguments, Session &session) {
  Values given;
  for (const std::string &text : arguments.inputs)
    if (Failure failure = readInput(text, given))
      return failure;
  std::vector<HostTensor *> values;
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
    return {Code::UnknownInput, "the model has no input '" + std::ranges::find_if(given, isUnknown)->first +
                                    "'; it has " + known};
  printMessages(arguments.model, namesOfNothing(session.declaredInputs(), arguments.sizes));
  std::vector<std::vector<int64_t>> shapes;
  if (Failure failure =
          chooseShapes(session.declaredInputs(), {values.begin(), values.end()}, arguments.sizes, shapes))
    return failure;
  std::vector<HostTensor> bound;
  for (size_t i = 0; i < values.size(); ++i)
    bound.push_back(values[i] ? std::move(*values[i])
                              : seededTensor(session.declaredInputs()[i].name,
                                             session.declaredInputs()[i].dtype, shapes[i]));
  return session.bind(bound);
}

void printSummary(const Port &port, const HostTensor &value) {
  size_t size = elementSize(value.dtype), count = size ? value.bytes.size() / size : 0;
  std::printf("%s: %s %s =", printable(port.name).c_str(), port.dtype.c_str(), port.shapeText().c_str());
  for (size_t i = 0; i < std::min<size_t>(count, 8); ++i)
    std::printf(" %.6g", elementAsDouble(value, i));
  std::printf("%s\n", count > 8 ? " ..." : "");
}

Failure compare(const RunArguments &arguments, const NamedTensors &results) {
  std::vector<npy::NamedArray> arrays;
  std::string error;
  if (!npy::readArrays(arguments.expect, arrays, error))
    return {Code::NotAnArray, error};
  NamedTensors expected;
  for (npy::NamedArray &array : arrays)
    expected.emplace_back(std::move(array.name), toHost(std::move(array.array)));
  return compareResults(arguments.expect, expected, results, arguments.rtol, arguments.atol);
}

Failure bench(double seconds, Session &session, double loadTime) {
  std::vector<double> times, deviceTimes;
  for (auto begin = Clock::now(); times.empty() || millisecondsSince(begin) < seconds * 1e3;) {
    auto start = Clock::now();
    if (Failure failure = session.run())
      return failure;
    times.push_back(millisecondsSince(start));
    if (int64_t nanoseconds = session.deviceNanoseconds())
      deviceTimes.push_back(double(nanoseconds) / 1e6);
  }
  std::sort(times.begin(), times.end());
  std::printf("median %.4f ms, p90 %.4f ms, min %.4f ms (%zu runs, %d threads; loaded in %.2f ms)\n",
              times[times.size() / 2], times[times.size() * 9 / 10], times.front(), times.size(),
              session.threads(), loadTime);
  std::sort(deviceTimes.begin(), deviceTimes.end());
  if (!deviceTimes.empty())
    std::printf("kernels alone, by the clock of %s: median %.4f ms, min %.4f ms\n", session.device().c_str(),
                deviceTimes[deviceTimes.size() / 2], deviceTimes.front());
  return {};
}

Failure runModel(const RunArguments &arguments) {
  noteInput(arguments.expect);
  for (const std::string &input : arguments.inputs)
    noteAssigned(input);
  if (Failure failure = checkTensorsOutput(arguments.output, arguments.model))
    return failure;
  if (Failure failure = checkOutput(arguments.profile, arguments.model))
    return {failure.code, arguments.profile + ": " + failure.text};
  std::unique_ptr<Session> session;
  auto start = Clock::now();
  if (Failure failure = Session::openFile(arguments.model, arguments.threads, session, arguments.device))
    return failure;
  double loadTime = millisecondsSince(start);
  if (Failure failure = bindInputs(arguments, *session))
    return failure;
  if (Failure failure = session->run())
    return failure;
  std::vector<HostTensor> results = session->results();
  NamedTensors named = namedResults(*session, results);
  if (!arguments.output.empty())
    if (Failure failure = writeTensors(arguments.output, named))
      return failure;
  if (!arguments.expect.empty())
    if (Failure failure = compare(arguments, named))
      return failure;
  if (!arguments.profile.empty())
    if (Failure failure = writeTrace(*session, 1, arguments.profile))
      return failure;
  if (arguments.benchSeconds > 0)
    return bench(arguments.benchSeconds, *session, loadTime);
  if (arguments.output.empty() && arguments.expect.empty())
    for (size_t i = 0; i < results.size(); ++i)
      printSummary(session->outputs()[i], results[i]);
  return {};
}

/// The same where memory may end anywhere, and time.
Failure runWithinLimits(const RunArguments &arguments) {
  if (arguments.mostBytes && !limitMemory(arguments.mostBytes))
    return {Code::InvalidOptionValue, "--max-memory: the system refuses the limit"};
  if (arguments.mostSeconds > 0)
    limitTime(arguments.mostSeconds);
  try {
    return runModel(arguments);
  } catch (const std::bad_alloc &) {
    return {Code::OutOfMemory, "out of memory"};
  } catch (const std::length_error &) { // more than a container can ever hold
    return {Code::OutOfMemory, "out of memory"};
  }
}

} // namespace
} // namespace tegula::tools

int main(int argc, char **argv) {
  using namespace tegula::tools;
  openStreams();
  installCrashHandlers("tegula-run");
  RunArguments arguments;
  if (Failure failure = parseArguments(argc, argv, arguments))
    return reportFailure("tegula-run", failure);
  int code = 0;
  if (arguments.help)
    std::fputs(usageText, stdout);
  else if (arguments.version)
    std::puts("tegula-run " TEGULA_VERSION);
  else if (Failure failure = runWithinLimits(arguments))
    code = reportFailure("tegula-run", failure);
  return finishOutput("tegula-run", code);
}
