// The verb explain: what was decided for a model and why, with predicted and measured times of every kernel.
#include "Explained.h"
#include "Verb.h"

#include "common/Files.h"
#include "common/Roof.h"
#include "common/Usage.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace tegula::tools {

namespace {

struct Arguments {
  CompileArguments compile;
  std::string model, archive, html;
  std::vector<std::string> inputs;
  bool json = false, measure = false;
  int threads = 0, runs = 20;
};

double median(std::vector<double> values) {
  if (values.empty())
    return 0;
  std::sort(values.begin(), values.end());
  size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// Runs the model again and again, and takes the median of every launch.
Failure measureLaunches(Session &session, const Arguments &arguments, Measured &measured) {
  std::vector<std::vector<double>> times;
  std::vector<double> runs;
  constexpr int warmup = 3;
  for (int run = -warmup; run < arguments.runs; ++run) {
    std::vector<int64_t> nanoseconds;
    auto begin = std::chrono::steady_clock::now();
    if (Failure failure = session.runProfiled(nanoseconds))
      return failure;
    if (run < 0)
      continue;
    runs.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
    times.resize(nanoseconds.size());
    for (size_t i = 0; i < nanoseconds.size(); ++i)
      times[i].push_back(double(nanoseconds[i]) / 1e3);
  }
  for (std::vector<double> &each : times)
    measured.microseconds.push_back(median(std::move(each)));
  measured.runMicroseconds = median(std::move(runs));
  measured.runs = arguments.runs;
  measured.threads = session.threads();
  return {};
}

/// Compiles, runs and measures; the roof right before and after, of which the higher counts.
int measure(const Arguments &arguments, Explained &explained, Measured &measured) {
  Opened opened = openBound("tegula explain", arguments.model, arguments.compile, arguments.inputs,
                            arguments.archive, arguments.threads);
  if (!opened.session)
    return opened.exitCode;
  bool isHere = arguments.compile.device == "cpu";
  int threads = opened.session->threads();
  Roof before = isHere ? measureRoof(threads, opened.session->usesWideVectors()) : Roof();
  if (Failure failure = measureLaunches(*opened.session, arguments, measured))
    return reportFailure(arguments.model, failure);
  Roof after = isHere ? measureRoof(threads, opened.session->usesWideVectors()) : Roof();
  measured.peakFlops = std::max(before.flops, after.flops);
  measured.peakBytes = std::max(before.bytes, after.bytes);
  if (opened.explanations.size() != 1)
    return reportFailure("tegula explain", {Code::Internal, "internal: nothing was explained"});
  explained.explanation = std::move(opened.explanations.front());
  explained.measured = &measured;
  return 0;
}

int explain(Arguments &arguments) {
  if (hasExtension(arguments.model, ".tgl"))
    return reportFailure(arguments.model,
                         {Code::WrongKindOfFile, "is compiled already, and decisions are not "
                                                 "kept; expected an .onnx or .mlir file"});
  if (arguments.compile.targets.size() > 1)
    return reportFailure("tegula explain", {Code::TargetCount, "expected one target, got several"});
  if (arguments.html == "-" && arguments.json)
    return reportFailure("tegula explain", {Code::ContradictingOptions,
                                            "expected --json or --html -, got both on standard output"});
  arguments.compile.noteInputs(arguments.inputs, arguments.archive);
  if (int code = checkOutputs(arguments.model, {arguments.html}))
    return code;
  Explained explained;
  explained.model = arguments.model;
  Measured measured;
  arguments.compile.explain = true;
  if (arguments.measure) {
    if (int code = measure(arguments, explained, measured))
      return code;
  } else {
    CompileOptions options;
    if (Failure failure = arguments.compile.convert(options))
      return reportFailure("tegula explain", failure);
    CompileResult result = compileFile(arguments.model, Emit::Sched, options);
    if (!result)
      return int(result.outcome);
    explained.explanation = std::move(result.explanations.front());
  }
  if (!arguments.html.empty()) {
    std::string page = explainAsHtml(explained);
    if (Failure failure =
            writeFile(arguments.html, {reinterpret_cast<const uint8_t *>(page.data()), page.size()}))
      return reportFailure(arguments.html, failure);
  }
  if (arguments.json)
    std::fputs(explainAsJson(explained).c_str(), stdout);
  else if (arguments.html.empty())
    std::fputs(explainAsText(explained).c_str(), stdout);
  return 0;
}

} // namespace

void addExplain(CLI::App &app, Action &action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App *verb =
      app.add_subcommand("explain", "Say what shares a kernel, how each runs, why, and what it costs");
  verb->add_option("MODEL", arguments->model, "The model (.onnx or .mlir)")->required();
  verb->add_flag("--json", arguments->json, "As one JSON object");
  verb->add_option("--html", arguments->html,
                   "Write one page with a graph of all launches instead of text; --json prints beside it")
      ->type_name("FILE");
  CLI::Option *measure =
      verb->add_flag("--measure", arguments->measure, "Run the model, and measure it and this machine");
  verb->add_option("--runs", arguments->runs, "Measured runs (20)")
      ->check(within(1, 100000))
      ->type_name("N")
      ->needs(measure);
  verb->add_option("--input", arguments->inputs, "An input's value for --measure; others are seeded")
      ->type_name("NAME=@FILE")
      ->needs(measure)
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option("--inputs", arguments->archive, "Inputs by name from one archive")
      ->type_name("FILE.npz")
      ->needs(measure);
  verb->add_option("--threads", arguments->threads,
                   "Threads that run; 0 (default): all that the process may use")
      ->check(within(0, 1024))
      ->type_name("N")
      ->needs(measure);
  arguments->compile.addTo(*verb, true);
  verb->callback([&action, arguments] { action = [arguments] { return explain(*arguments); }; });
}

} // namespace tegula::tools
