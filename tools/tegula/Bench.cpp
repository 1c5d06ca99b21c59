// The verb bench: latency of a model, on its own or as one worker among other engines that a driver visits in
// turn.
#include "Verb.h"

#include "common/Files.h"
#include "common/Tensors.h"
#include "common/Trace.h"
#include "common/Usage.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>

namespace tegula::tools {

namespace {

struct Arguments {
  CompileArguments compile;
  std::string model, archive, jsonFile, profile;
  std::vector<std::string> inputs, serve;
  int threads = 0, runs = 0, warmup = 3;
  double duration = 3;
};

/// As many as the runtime takes.
constexpr int64_t mostThreads = 1024;

/// Runs of one line; their latencies are held.
constexpr int64_t mostRuns = 1'000'000;

/// Further runs, which are not among the measured ones.
constexpr int profiledRuns = 3;

using Clock = std::chrono::steady_clock;

double milliseconds(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// The most memory this process ever held.
double peakMegabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:"))
      return std::stod(line.substr(6)) / 1024;
  return 0;
}

double percentile(const std::vector<double> &sorted, double share) {
  return sorted[std::min(sorted.size() - 1, size_t(share * double(sorted.size())))];
}

double median(const std::vector<double> &sorted) {
  size_t middle = sorted.size() / 2;
  return sorted.size() % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/// Speaks the worker protocol: a line when ready, K latencies for each "run K", memory at the end of input.
int work(Arguments &arguments) {
  if (arguments.serve.size() != 3)
    return reportFailure("tegula bench --serve", {Code::Usage, "expected MODEL INPUTS.npz THREADS"});
  arguments.model = arguments.serve[0];
  const std::string &archive = arguments.serve[1];
  int64_t threads = 0;
  if (!parseSize(arguments.serve[2], threads) || threads > mostThreads)
    return reportFailure(
        "tegula bench --serve",
        {Code::InvalidOptionValue,
         "expected THREADS from 0 to " + std::to_string(mostThreads) + ", got '" + arguments.serve[2] + "'"});
  Opened opened =
      openBound("tegula bench", arguments.model, arguments.compile, arguments.inputs, archive, int(threads));
  if (!opened.session)
    return opened.exitCode;
  Session &session = *opened.session;
  if (Failure failure = session.run())
    return reportFailure(arguments.model, failure);
  NamedTensors named;
  std::vector<HostTensor> results = session.results();
  for (size_t i = 0; i < results.size(); ++i)
    named.emplace_back(session.outputs()[i].name, std::move(results[i]));
  std::string outputs = archive + ".tegula.out.npz";
  if (Failure failure = writeTensors(outputs, named))
    return reportFailure("tegula bench", failure);
  std::printf("{\"compile_s\": %.3f, \"load_ms\": %.3f, \"outputs\": %s}\n", opened.compileSeconds,
              opened.loadSeconds * 1e3, jsonString(outputs).c_str());
  std::fflush(stdout);
  std::vector<double> times;
  for (std::string line; std::getline(std::cin, line);) {
    int64_t count = 0;
    if (!line.starts_with("run ") || !parseSize(line.substr(4), count) || count < 1 || count > mostRuns)
      return reportFailure("tegula bench --serve",
                           {Code::Usage, "expected a line 'run K' with K from 1 to " +
                                             std::to_string(mostRuns) + ", got '" + line + "'"});
    times.clear();
    for (int64_t i = 0; i < count; ++i) {
      auto start = Clock::now();
      Failure failure = session.run();
      times.push_back(milliseconds(start));
      if (failure)
        return reportFailure(arguments.model, failure);
    }
    std::printf("[");
    for (size_t i = 0; i < times.size(); ++i)
      std::printf("%s%.6f", i ? ", " : "", times[i]);
    std::printf("]\n");
    std::fflush(stdout);
  }
  std::printf("{\"rss_mb\": %.1f}\n", peakMegabytes());
  return 0;
}

/// What the runs took, in milliseconds, shortest first.
struct Latencies {
  std::vector<double> times, deviceTimes;
  double sum = 0;
};

/// The measurement as one line of JSON.
std::string jsonOf(const Arguments &arguments, const Opened &opened, const Latencies &measured) {
  const std::vector<double> &times = measured.times, &deviceTimes = measured.deviceTimes;
  Session &session = *opened.session;
  std::string json =
      "{\"model\": " + jsonString(arguments.model) + ", \"device\": " + jsonString(session.device());
  auto field = [&](const char *name, const char *format, double value) {
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, format, value);
    json += std::string(", \"") + name + "\": " + buffer;
  };
  field("threads", "%.0f", session.threads());
  field("runs", "%.0f", double(times.size()));
  field("median_ms", "%.6f", median(times));
  field("p90_ms", "%.6f", percentile(times, 0.9));
  field("min_ms", "%.6f", times.front());
  field("mean_ms", "%.6f", measured.sum / double(times.size()));
  if (!deviceTimes.empty()) {
    field("device_median_ms", "%.6f", median(deviceTimes));
    field("device_min_ms", "%.6f", deviceTimes.front());
  }
  field("compile_s", "%.3f", opened.compileSeconds);
  field("load_ms", "%.3f", opened.loadSeconds * 1e3);
  field("rss_mb", "%.1f", peakMegabytes());
  json += "}\n";
  return json;
}

void printSummary(const Arguments &arguments, const Opened &opened, const Latencies &measured) {
  const std::vector<double> &times = measured.times, &deviceTimes = measured.deviceTimes;
  Session &session = *opened.session;
  std::printf("%s: median %.4f ms, p90 %.4f ms, min %.4f ms, %.2f runs/s (%zu runs, %d threads; compile "
              "%.2f s, load %.2f ms)\n",
              arguments.model.c_str(), median(times), percentile(times, 0.9), times.front(),
              double(times.size()) * 1e3 / measured.sum, times.size(), session.threads(),
              opened.compileSeconds, opened.loadSeconds * 1e3);
  if (!deviceTimes.empty())
    std::printf("%s: kernels alone, by the clock of %s: median %.4f ms, min %.4f ms\n",
                arguments.model.c_str(), session.device().c_str(), median(deviceTimes), deviceTimes.front());
}

int bench(Arguments &arguments) {
  if (arguments.model.empty())
    return reportFailure("tegula bench", {Code::MissingArgument, "expected MODEL or --serve, got neither"});
  arguments.compile.noteInputs(arguments.inputs, arguments.archive);
  if (int code = checkOutputs(arguments.model, {arguments.jsonFile, arguments.profile}))
    return code;
  Opened opened = openBound("tegula bench", arguments.model, arguments.compile, arguments.inputs,
                            arguments.archive, arguments.threads);
  if (!opened.session)
    return opened.exitCode;
  Session &session = *opened.session;
  Latencies measured;
  std::vector<double> &times = measured.times, &deviceTimes = measured.deviceTimes;
  for (int i = 0; i < arguments.warmup; ++i)
    if (Failure failure = session.run())
      return reportFailure(arguments.model, failure);
  auto begin = Clock::now();
  auto enough = [&] {
    return arguments.runs > 0 ? times.size() >= size_t(arguments.runs)
                              : milliseconds(begin) >= arguments.duration * 1e3;
  };
  do {
    auto start = Clock::now();
    Failure failure = session.run();
    times.push_back(milliseconds(start));
    if (failure)
      return reportFailure(arguments.model, failure);
    if (int64_t nanoseconds = session.deviceNanoseconds())
      deviceTimes.push_back(double(nanoseconds) / 1e6);
  } while (!enough());
  std::sort(times.begin(), times.end());
  std::sort(deviceTimes.begin(), deviceTimes.end());
  for (double time : times)
    measured.sum += time;
  if (!arguments.profile.empty())
    if (Failure failure = writeTrace(session, profiledRuns, arguments.profile))
      return reportFailure(arguments.profile, failure);
  std::string json = jsonOf(arguments, opened, measured);
  if (arguments.jsonFile != "-")
    printSummary(arguments, opened, measured);
  if (arguments.jsonFile.empty())
    return 0;
  Failure failure =
      writeFile(arguments.jsonFile, {reinterpret_cast<const uint8_t *>(json.data()), json.size()});
  return failure ? reportFailure(arguments.jsonFile, failure) : 0;
}

} // namespace

void addBench(CLI::App &app, Action &action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App *verb = app.add_subcommand("bench", "Measure the latency of a model (.onnx, .mlir or .tgl)");
  CLI::Option *model = verb->add_option("MODEL", arguments->model, "The model");
  CLI::Option *serve = verb->add_option("--serve", arguments->serve,
                                        "Be a worker: \"run K\" on standard input, K latencies out")
                           ->expected(3)
                           ->type_name("MODEL INPUTS.npz THREADS")
                           ->excludes(model);
  verb->add_option("--input", arguments->inputs, "An input's value; others are seeded")
      ->type_name("NAME=@FILE")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option("--inputs", arguments->archive, "Inputs by name from one archive")->type_name("FILE.npz");
  verb->add_option("--threads", arguments->threads, "Threads; 0 (default): all that the process may use")
      ->check(within(0, mostThreads))
      ->type_name("N")
      ->excludes(serve);
  CLI::Option *runs = verb->add_option("--runs", arguments->runs, "Number of runs, instead of --duration")
                          ->check(within(1, 1'000'000'000))
                          ->type_name("N")
                          ->excludes(serve);
  verb->add_option("--duration", arguments->duration, "Seconds of running (3)")
      ->check(atLeast(0))
      ->type_name("S")
      ->excludes(serve)
      ->excludes(runs);
  verb->add_option("--warmup", arguments->warmup, "Runs before the first measured one (3)")
      ->check(within(0, 1'000'000'000))
      ->type_name("N")
      ->excludes(serve);
  verb->add_option("--json", arguments->jsonFile, "Write the figures as JSON; - is standard output")
      ->type_name("FILE")
      ->excludes(serve);
  verb->add_option("--profile", arguments->profile,
                   "Write when each thread worked on which kernel in three runs more, for trace viewers")
      ->type_name("FILE.json")
      ->excludes(serve);
  arguments->compile.addTo(*verb, true);
  verb->callback([&action, arguments] {
    action = [arguments] { return arguments->serve.empty() ? bench(*arguments) : work(*arguments); };
  });
}

} // namespace tegula::tools
