// The program behind tools/conformance: runs ONNX's own cases and says of each whether it passed, failed or
// was skipped.
#include "Workers.h"

#include "common/Report.h"
#include "common/Usage.h"
#include "common/Words.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <regex>
#include <sched.h>
#include <sstream>
#include <unistd.h>

using namespace tegula;
using namespace tegula::tools;

namespace {

struct Arguments {
  std::string folder, filter;
  CompileOptions compile;
  std::string device = "cpu";
  WorkerOptions workers;
  int threads = 1, every = 1;
  bool verbose = false;
};

int usableProcessors() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

bool parse(int argc, char **argv, Arguments &arguments, int &exitCode) {
  CLI::App app("Runs every case of FOLDER/manifest.tsv under the manifest's rule. A case with an unsupported "
               "operator or type is skipped; "
               "a wrong value, type or shape, a crash or a time-out is a failure.",
               "conformance");
  app.add_option("FOLDER", arguments.folder, "ONNX's cases, unpacked")->required();
  app.add_option("-O", arguments.compile.optLevel, "Optimisation: 2 (default) or 0")
      ->check(oneOf({"0", "2"}))
      ->type_name("0|2");
  app.add_option("--target", arguments.compile.target,
                 "native (default), x86-64-v3, x86-64-v4 or the name of a CPU or GPU")
      ->type_name("NAME");
  app.add_option("--device", arguments.device, "Where cases run: cpu (default), cuda:N or emulator")
      ->type_name("NAME");
  app.add_option("--threads", arguments.threads, "Threads that run a case (1)")
      ->check(within(1, 1024))
      ->type_name("N");
  app.add_option("--filter", arguments.filter, "Only cases whose folder/test matches")->type_name("REGEX");
  app.add_option("--every", arguments.every, "Only every N-th case")
      ->check(within(1, 1'000'000))
      ->type_name("N");
  app.add_option("--jobs", arguments.workers.jobs, "Cases at once; default: one a processor")
      ->check(within(1, 1024))
      ->type_name("N");
  app.add_option("--time-limit", arguments.workers.timeLimit, "Seconds a case may take (180)")
      ->check(atLeast(0.001))
      ->type_name("S");
  app.add_flag("-v", arguments.verbose, "One line for every case");
  std::string place;
  if (Failure failure = WordCheck(app, app).check({argv + 1, argv + argc}, place)) {
    exitCode = reportUsage(app.get_name(), failure, place);
    return false;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    exitCode = reportUsage(app, error);
    return false;
  }
  return true;
}

/// Keeps the cases that the options ask for.
void select(std::vector<Case> &cases, const Arguments &arguments) {
  std::vector<Case> kept;
  std::regex filter(arguments.filter);
  size_t seen = 0;
  for (Case &test : cases)
    if ((arguments.filter.empty() || std::regex_search(test.name, filter)) &&
        seen++ % size_t(arguments.every) == 0)
      kept.push_back(std::move(test));
  cases = std::move(kept);
}

const char *word(Verdict verdict) {
  return verdict == Verdict::Passed ? "passed" : verdict == Verdict::Failed ? "failed" : "skipped";
}

/// Prints what happened in the manifest's order while cases finish in any order, then the summary.
class Report {
public:
  Report(const std::vector<Case> &cases, bool verbose)
      : cases(cases), verbose(verbose), results(cases.size()) {}

  void take(size_t index, CaseResult result) {
    results[index] = std::move(result);
    for (; printed < results.size() && results[printed]; ++printed)
      print(cases[printed], *results[printed]);
    if (isatty(STDERR_FILENO) && ++finished % 20 == 0)
      std::fprintf(stderr, "\r%zu of %zu ", finished, cases.size());
  }

  /// The exit code.
  int finish() {
    if (isatty(STDERR_FILENO))
      std::fprintf(stderr, "\r%20s\r", "");
    std::vector<std::pair<int64_t, std::string>> order; // the most frequent first, then by name
    for (const auto &[name, count] : skipped)
      order.emplace_back(-count, name);
    std::sort(order.begin(), order.end());
    if (!order.empty())
      std::printf("skipped by operator:\n");
    for (const auto &[count, name] : order)
      std::printf("%6lld  %s\n", static_cast<long long>(-count), name.c_str());
    std::printf("%zu passed, %zu failed, %zu skipped\n", counts[0], counts[1], counts[2]);
    return counts[1] ? int(Outcome::VerificationFailed) : 0;
  }

private:
  void print(const Case &test, const CaseResult &result) {
    ++counts[size_t(result.verdict)];
    std::string reason = result.reason;
    std::replace(reason.begin(), reason.end(), '\n', ' ');
    if (result.verdict == Verdict::Failed || verbose) {
      std::printf("%s: %s%s%s\n", test.name.c_str(), word(result.verdict), reason.empty() ? "" : ": ",
                  reason.c_str());
      std::fflush(stdout);
    }
    if (result.verdict != Verdict::Skipped)
      return;
    if (reason.starts_with("(")) { // not about an operator
      ++skipped[reason];
      return;
    }
    std::stringstream operators(reason);
    for (std::string name; operators >> name;)
      ++skipped[name];
  }

  const std::vector<Case> &cases;
  bool verbose;
  std::vector<std::optional<CaseResult>> results;
  size_t printed = 0, finished = 0, counts[3] = {};
  std::map<std::string, int64_t> skipped;
};

} // namespace

int main(int argc, char **argv) {
  Arguments arguments;
  arguments.workers.jobs = usableProcessors();
  arguments.workers.memoryLimit = uint64_t(8) << 30;
  arguments.compile.threads = 1;
  int exitCode = 0;
  if (!parse(argc, argv, arguments, exitCode))
    return exitCode;
  std::vector<Case> cases;
  std::string error;
  if (!readManifest(arguments.folder, cases, error))
    return reportFailure("conformance", {Code::CannotRead, error});
  try {
    select(cases, arguments);
  } catch (const std::regex_error &) {
    return reportFailure("conformance",
                         {Code::InvalidOptionValue,
                          "--filter: expected a regular expression, got '" + arguments.filter + "'"});
  }
  Report report(cases, arguments.verbose);
  runInWorkers(
      cases.size(), arguments.workers,
      [&](size_t index) {
        return runCase(cases[index], arguments.compile, arguments.device, arguments.threads);
      },
      [&](size_t index, CaseResult result) { report.take(index, std::move(result)); });
  return report.finish();
}
