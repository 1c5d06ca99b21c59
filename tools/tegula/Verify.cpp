// The verb verify: proves a compiled model by numbers, against what lies beside it or against -O0, the
// oracle.
#include "Bisect.h"
#include "Verb.h"

#include "common/Counters.h"
#include "common/DataSets.h"
#include "common/Files.h"
#include "common/Tensors.h"
#include "common/Usage.h"

#include <algorithm>
#include <cstdio>
#include <optional>

namespace tegula::tools {

namespace {

struct Arguments {
  CompileArguments compile;
  std::string model;
  std::vector<std::string> inputs;
  std::optional<double> tolerance; ///< else what the precision lets one expect
  std::string reproducer, counters;
  int threads = 0;
  bool oracle = false, bisect = false;

  /// Each rounded operand is off by half a unit of its format at most; some of that adds up from product to
  /// product. Four units have proved enough for models, and notice whatever is wrong.
  double allowed() const {
    const std::string &precision = compile.precision;
    double unit = precision == "bf16" ? 0x1p-7 : 0x1p-10;
    // a CPU rounds nothing
    return tolerance ? *tolerance : precision == "fp32" || compile.device == "cpu" ? 1e-5 : 4 * unit;
  }
  std::string reproducerFile() const {
    return reproducer.empty() ? stemOf(model) + "-bisect.mlir" : reproducer;
  }
  /// Of an output. A device sums up in an order of its own: what it stores in 16 bits may be one unit off.
  double allowed(const std::string &dtype) const {
    if (!isFloat(dtype))
      return 0;
    bool isApart = compile.device != "cpu" && !tolerance;
    double unit = dtype == "float16" ? 0x1p-10 : dtype == "bfloat16" ? 0x1p-7 : 0;
    return isApart ? std::max(allowed(), unit) : allowed();
  }
};

/// Prints one line an output; true if all are within the tolerance.
bool compareAll(const Session &session, const std::vector<HostTensor> &results, const TensorMap &expected,
                const Arguments &arguments, const std::string &reference) {
  double worst = 0, allowed = 0;
  size_t compared = 0;
  bool ok = true;
  for (size_t i = 0; i < results.size(); ++i) {
    const Port &port = session.outputs()[i];
    auto found = expected.find(port.name);
    std::printf("%s: %s %s: ", printable(port.name).c_str(), port.dtype.c_str(), port.shapeText().c_str());
    if (found == expected.end()) {
      std::printf("no reference\n");
      continue;
    }
    Difference difference = relativeDifference(results[i], found->second);
    bool close = difference.comparable && difference.error <= arguments.allowed(port.dtype);
    ok &= close;
    allowed = std::max(allowed, arguments.allowed(port.dtype));
    worst = std::max(worst, difference.error);
    ++compared;
    std::printf("worst error %.3g%s%s\n", difference.error, close ? "" : ", FAILED ",
                close ? "" : difference.reason.c_str());
  }
  if (compared == 0)
    ok = false;
  std::printf("%s against %s: %zu outputs, worst error %.3g, tolerance %.3g\n",
              ok ? "verified" : "NOT verified", reference.c_str(), compared, worst, allowed);
  return ok;
}

/// Runs the session on given inputs; others are seeded. What kernels do goes to `counters`, where that is a
/// file.
Failure runOn(Session &session, const Arguments &arguments, const TensorMap &inputs,
              std::vector<HostTensor> &values, std::vector<HostTensor> &results,
              const std::string &counters = "") {
  Sizes sizes;
  Failure failure = arguments.compile.sizes(sizes);
  if (!failure)
    failure = gatherInputs(session, inputs, values, sizes);
  if (!failure)
    failure = session.bind(values);
  if (!failure && !counters.empty())
    failure = session.startCounting();
  if (!failure)
    failure = session.run();
  if (!failure)
    results = session.results();
  return failure || counters.empty() ? failure : writeCounters(session, counters);
}

int verifyStored(const Arguments &arguments, const std::vector<DataSet> &sets) {
  bool ok = true;
  Opened opened;
  for (const DataSet &set : sets) {
    // Each set may have its own shapes: a model of fixed ones is compiled again.
    if (!opened.session || !opened.session->isSymbolic())
      opened = openModel(arguments.model, arguments.compile, set.inputs, arguments.threads);
    if (!opened.session)
      return opened.exitCode;
    std::vector<HostTensor> values, results;
    bool isFirst = &set == &sets.front();
    if (Failure failure = runOn(*opened.session, arguments, set.inputs, values, results,
                                isFirst ? arguments.counters : std::string()))
      return reportFailure(arguments.model, failure);
    ok &= compareAll(*opened.session, results, set.expected, arguments, set.name);
  }
  return ok ? 0 : reportFailure(arguments.model, {Code::ResultsDiffer, "outputs differ from the reference"});
}

/// Finds the kernel and the pass that change the model's outputs, and says how to see that.
int findGuilty(const Arguments &arguments, const Session &session, const std::vector<HostTensor> &values) {
  Bisection search;
  search.device = arguments.compile.device;
  search.reproducer = arguments.reproducerFile();
  search.plugins = arguments.compile.passPlugins;
  search.threads = arguments.threads;
  search.allowed = [&](const std::string &dtype) { return arguments.allowed(dtype); };
  CompileOptions options;
  if (Failure failure = arguments.compile.convert(options))
    return reportFailure("tegula verify", failure);
  options.ranges.clear();
  for (size_t i = 0; i < values.size(); ++i)
    options.shapes[session.declaredInputs()[i].name] = values[i].shape;
  return bisect(arguments.model, options, values, search);
}

int verifyOracle(const Arguments &arguments, const TensorMap &given) {
  if (hasExtension(arguments.model, ".tgl"))
    return reportFailure(
        arguments.model,
        {Code::WrongKindOfFile,
         "no reference lies beside it, and -O0 needs the model itself: pass the .onnx file"});
  CompileArguments naive = arguments.compile;
  naive.optLevel = 0;
  naive.targets.clear();
  naive.device = "cpu";
  naive.general = true;
  naive.insertedPasses.clear(); // they are what is judged
  naive.saveTemps.clear();
  TensorMap expected;
  std::vector<HostTensor> values;
  {
    Opened oracle = openModel(arguments.model, naive, given, arguments.threads);
    if (!oracle.session)
      return oracle.exitCode;
    std::vector<HostTensor> results;
    if (Failure failure = runOn(*oracle.session, arguments, given, values, results))
      return reportFailure(arguments.model, failure);
    for (size_t i = 0; i < results.size(); ++i)
      expected[oracle.session->outputs()[i].name] = std::move(results[i]);
  }
  Opened opened = openModel(arguments.model, arguments.compile, given, arguments.threads);
  if (!opened.session)
    return opened.exitCode;
  std::vector<HostTensor> results;
  values.clear();
  if (Failure failure = runOn(*opened.session, arguments, given, values, results, arguments.counters))
    return reportFailure(arguments.model, failure);
  if (compareAll(*opened.session, results, expected, arguments, "-O0"))
    return 0;
  if (arguments.bisect)
    return findGuilty(arguments, *opened.session, values);
  return reportFailure(arguments.model, {Code::ResultsDiffer, "outputs differ from those of -O0"});
}

int verify(const Arguments &arguments) {
  arguments.compile.noteInputs(arguments.inputs);
  if (int code = checkOutputs(arguments.model,
                              {arguments.counters, arguments.bisect ? arguments.reproducerFile() : ""}))
    return code;
  TensorMap given;
  Failure failure = readGiven(arguments.inputs, "", given);
  ModelInfo info;
  std::vector<Message> ignored;
  std::vector<DataSet> sets;
  bool described = !hasExtension(arguments.model, ".mlir") && inspectModel(arguments.model, info, ignored);
  if (!failure && hasExtension(arguments.model, ".tgl")) {
    std::unique_ptr<Session> session;
    failure = Session::openFile(arguments.model, 1, session, arguments.compile.device);
    if (!failure) {
      described = true;
      info = {};
      for (const Port &port : session->inputs())
        info.inputs.push_back({port.name, port.dtype, {}, false});
      for (const Port &port : session->outputs())
        info.outputs.push_back({port.name, port.dtype, {}, false});
    }
  }
  if (!failure && described && !arguments.oracle && given.empty())
    failure = readDataSets(arguments.model, info, sets);
  if (!failure && arguments.bisect) { // whose reference is always -O0
    if (!sets.empty())
      given = sets.front().inputs;
    sets.clear();
  }
  if (!failure && sets.empty())
    failure = addStoredInputs(arguments.model, given);
  if (failure)
    return reportFailure(arguments.model, failure);
  return sets.empty() ? verifyOracle(arguments, given) : verifyStored(arguments, sets);
}

} // namespace

void addVerify(CLI::App &app, Action &action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App *verb =
      app.add_subcommand("verify", "Verify a model against stored outputs beside it, or against -O0");
  verb->add_option("MODEL", arguments->model,
                   "The model; test_data_set_*/ or in_*.npy and out_*.npy beside it are the reference")
      ->required();
  verb->add_flag("--oracle", arguments->oracle,
                 "Compare with -O0 even where a reference lies beside the model");
  CLI::Option *bisect = verb->add_flag("--bisect", arguments->bisect,
                                       "Compare with -O0; where values differ, find the kernel and the pass");
  verb->add_option("--reproducer", arguments->reproducer,
                   "What the guilty pass breaks, as MLIR (MODEL-bisect.mlir in the current folder)")
      ->type_name("FILE.mlir")
      ->needs(bisect);
  verb->add_option("--input", arguments->inputs, "An input's value for the comparison with -O0")
      ->type_name("NAME=@FILE")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option(
          "--tolerance", arguments->tolerance,
          "Largest max|a-b| / max|b| of an output (1e-5; with --precision tf32 or fp16 3.9e-3, bf16 3.1e-2); "
          "integers must be equal")
      ->check(atLeast(0))
      ->type_name("X");
  verb->add_option("--threads", arguments->threads, "Threads; 0 (default): all that the process may use")
      ->check(within(0, 1024))
      ->type_name("N");
  verb->add_option("--counters", arguments->counters,
                   "Write what each kernel did in the emulator, as run does; of the first set of values")
      ->type_name("FILE");
  arguments->compile.addTo(*verb, true);
  verb->callback([&action, arguments] { action = [arguments] { return verify(*arguments); }; });
}

} // namespace tegula::tools
