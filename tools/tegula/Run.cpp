// The verb run: a model on given or seeded inputs, outputs to a file, to the screen, or against a reference.
#include "Verb.h"

#include "common/Counters.h"
#include "common/Files.h"
#include "common/Tensors.h"
#include "common/Trace.h"
#include "common/Usage.h"

#include <cmath>
#include <cstdio>

namespace tegula::tools {

namespace {

struct Arguments {
  CompileArguments compile;
  std::string model, archive, output, expect, profile, counters;
  std::vector<std::string> inputs;
  double rtol = 1e-5, atol = 1e-6;
  int threads = 0;
};

void printSummary(const Port &port, const HostTensor &value) {
  size_t size = elementSize(value.dtype), count = size ? value.bytes.size() / size : 0;
  std::printf("%s: %s %s", printable(port.name).c_str(), port.dtype.c_str(), port.shapeText().c_str());
  if (count > 8) {
    double low = INFINITY, high = -INFINITY, sum = 0;
    for (size_t i = 0; i < count; ++i) {
      double element = elementAsDouble(value, i);
      low = std::fmin(low, element), high = std::fmax(high, element), sum += element;
    }
    std::printf(" min %.6g mean %.6g max %.6g,", low, sum / double(count), high);
  }
  std::printf(" =");
  for (size_t i = 0; i < std::min<size_t>(count, 8); ++i)
    std::printf(" %.6g", elementAsDouble(value, i));
  std::printf("%s\n", count > 8 ? " ..." : "");
}

int run(const Arguments &arguments) {
  arguments.compile.noteInputs(arguments.inputs, arguments.archive);
  noteInput(arguments.expect);
  if (Failure failure = checkTensorsOutput(arguments.output, arguments.model))
    return reportFailure("tegula run", failure);
  if (int code = checkOutputs(arguments.model, {arguments.profile, arguments.counters}))
    return code;
  Opened opened = openBound("tegula run", arguments.model, arguments.compile, arguments.inputs,
                            arguments.archive, arguments.threads);
  if (!opened.session)
    return opened.exitCode;
  if (!arguments.counters.empty())
    if (Failure failure = opened.session->startCounting())
      return reportFailure("tegula run", failure);
  Failure failure =
      arguments.profile.empty() ? opened.session->run() : writeTrace(*opened.session, 1, arguments.profile);
  if (failure)
    return reportFailure(failure.code == Code::CannotWrite ? arguments.profile : arguments.model, failure);
  if (!arguments.counters.empty())
    if (Failure unwritten = writeCounters(*opened.session, arguments.counters))
      return reportFailure(arguments.counters, unwritten);
  std::vector<HostTensor> results = opened.session->results();
  if (arguments.output.empty() && arguments.expect.empty())
    for (size_t i = 0; i < results.size(); ++i)
      printSummary(opened.session->outputs()[i], results[i]);
  NamedTensors named = namedResults(*opened.session, results), expected;
  if (!arguments.output.empty())
    failure = writeTensors(arguments.output, named);
  if (!failure && !arguments.expect.empty())
    failure = readTensors(arguments.expect, expected);
  if (!failure && !arguments.expect.empty())
    failure = compareResults(arguments.expect, expected, named, arguments.rtol, arguments.atol);
  return failure ? reportFailure("tegula run", failure) : 0;
}

} // namespace

void addRun(CLI::App &app, Action &action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App *verb = app.add_subcommand("run", "Run a model once (.onnx, .mlir or .tgl)");
  verb->add_option("MODEL", arguments->model, "The model")->required();
  verb->add_option("--input", arguments->inputs, "An input's value, .npy or .pb; others are seeded")
      ->type_name("NAME=@FILE")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option("--inputs", arguments->archive, "Inputs by name from one archive")->type_name("FILE.npz");
  verb->add_option("--output", arguments->output,
                   "Write the outputs by name; without it a summary is printed")
      ->type_name("FILE.npz");
  CLI::Option *expect =
      verb->add_option("--expect", arguments->expect, "Compare with these; exit code 3 where they differ")
          ->type_name("FILE.npz");
  verb->add_option("--rtol", arguments->rtol, "Relative tolerance of --expect (1e-5)")
      ->check(atLeast(0))
      ->type_name("X")
      ->needs(expect);
  verb->add_option("--atol", arguments->atol, "Absolute tolerance of --expect (1e-6)")
      ->check(atLeast(0))
      ->type_name("X")
      ->needs(expect);
  verb->add_option("--threads", arguments->threads, "Threads; 0 (default): all that the process may use")
      ->check(within(0, 1024))
      ->type_name("N");
  verb->add_option("--profile", arguments->profile,
                   "Write when each thread worked on which kernel, for trace viewers")
      ->type_name("FILE.json");
  verb->add_option(
          "--counters", arguments->counters,
          "Write what each kernel did in the emulator: bank conflicts, sectors, instructions; as JSON "
          "where the name ends in .json; - is standard output")
      ->type_name("FILE");
  arguments->compile.addTo(*verb, true);
  verb->callback([&action, arguments] { action = [arguments] { return run(*arguments); }; });
}

} // namespace tegula::tools
