// Compile options on the command line and the way from a model file to a running session, written once for
// all verbs.
#include "Verb.h"

#include "common/Crash.h"
#include "common/Files.h"
#include "common/Progress.h"
#include "common/Tensors.h"
#include "common/Usage.h"

#include <chrono>
#include <cstdio>

namespace tegula::tools {

namespace {

double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

} // namespace

const CLI::App *verbOf(const CLI::App &app, const std::string &name) {
  for (const CLI::App *verb : app.get_subcommands({}))
    if (verb->get_name() == name)
      return verb;
  return nullptr;
}

/// Adds the options of passes that users bring.
static void addPasses(CLI::App &verb, CompileArguments &arguments) {
  verb.add_option("--load-pass-plugin", arguments.passPlugins, "A library of passes for --insert-pass")
      ->type_name("LIB")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false)
      ->group(furtherOptions);
  verb.add_option("--insert-pass", arguments.insertedPasses,
                  "Run a pass between phases: after-fuse:name, after-graph:name{option=1}")
      ->type_name("after-PHASE:PASS")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false)
      ->group(furtherOptions);
}

void CompileArguments::addModelOptions(CLI::App &verb) {
  auto several = [](CLI::Option *option) { option->expected(1)->take_all()->allow_extra_args(false); };
  several(
      verb.add_option("--dim", dims,
                      "Fix a symbolic dimension: batch=1; or bound it: seq=1..2048; hot sizes get code of "
                      "their own: batch=1..8:hot=1,4")
          ->type_name("NAME=SIZE"));
  several(verb.add_option("--shape", shapes, "Fix an input's shape: x:1x3x224x224")->type_name("NAME:SHAPE"));
  several(verb.add_option("--bind", bound, "Fix an input's value at compile time")
              ->type_name("NAME=@FILE")
              ->group(furtherOptions));
  several(verb.add_option("--kernel", operatorFiles, "A file that says what operators of other domains mean")
              ->type_name("FILE")
              ->group(furtherOptions));
  verb.add_option("--max-nodes", maxNodes,
                  "Most nodes of a model, with functions inlined and short loops written out (1000000)")
      ->check(within(1, 1'000'000'000))
      ->type_name("N")
      ->group(furtherOptions);
  verb.add_option("--max-nesting", maxNesting, "How deep graphs and functions may stand in each other (100)")
      ->check(within(1, 1000))
      ->type_name("N")
      ->group(furtherOptions);
}

void CompileArguments::addTo(CLI::App &verb, bool isRun) {
  runs = isRun;
  verb.add_option("-O,--optimize", optLevel, "Optimisation: 2 (default), or 0 for naive loops, the oracle")
      ->check(oneOf({"0", "2"}))
      ->type_name("0|2");
  verb.add_option(
          "--target", targets,
          runs ? "native, x86-64-v3, x86-64-v4, or the name of a CPU or GPU (sm_80); default: the device"
               : "native (default), x86-64-v3, x86-64-v4, or the name of a CPU or GPU (sm_80); "
                 "several make one artifact for all of them")
      ->type_name("TARGET")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  if (runs)
    verb.add_option("--device", device, "cpu (default), cuda:N, or emulator, which executes PTX on the CPU")
        ->type_name("NAME");
  addModelOptions(verb);
  verb.add_option("--denormals", denormals, "keep, or flush to zero (default)")
      ->check(oneOf({"keep", "flush"}))
      ->type_name("keep|flush")
      ->group(furtherOptions);
  verb.add_option(
          "--precision", precision,
          "What products may round float32 to on a GPU's matrix units: fp32 (default, nothing), tf32, "
          "bf16 or fp16")
      ->check(oneOf({"fp32", "tf32", "bf16", "fp16"}))
      ->type_name("fp32|tf32|bf16|fp16");
  verb.add_option("--sched", schedFile, "Schedules that override the compiler's, as --emit=sched prints them")
      ->type_name("FILE")
      ->group(furtherOptions);
  addPasses(verb, *this);
  verb.add_option("--save-temps", saveTemps, "Keep the IR after every phase in this folder")
      ->type_name("DIR")
      ->group(furtherOptions);
  if (!runs) {
    verb.add_option("--threads", threads, "Compile threads; 0 (default): all that the process may use")
        ->check(within(0, 1024))
        ->type_name("N")
        ->group(furtherOptions);
    verb.add_flag("--time", time, "Print the time of every phase and kernel");
  }
}

/// The machine to compile for where only the device is known: the newest architecture of the table that it
/// runs.
static Failure targetOf(const std::string &device, std::string &target) {
  tgl_device_info info{};
  tgl_status status{};
  if (tgl_code code = tgl_device_describe(device.c_str(), &info, &status))
    return {code == TGL_ERR_ARGUMENT ? Code::UnknownDevice : Code::DeviceMissing, status.text};
  target = "native";
  for (const std::string &name : supportedTargets())
    if (name.starts_with("sm_") && std::stoi(name.substr(3)) <= info.architecture)
      target = name;
  return {};
}

Failure CompileArguments::convert(CompileOptions &options) const {
  options.optLevel = optLevel;
  if (!targets.empty()) {
    options.target = targets.front();
    options.moreTargets.assign(targets.begin() + 1, targets.end());
  } else if (Failure failure = targetOf(device, options.target)) {
    return failure;
  }
  options.keepDenormals = denormals == "keep";
  options.precision = precision;
  options.threads = threads;
  options.schedFile = schedFile;
  options.saveTemps = saveTemps;
  options.operatorFiles = operatorFiles;
  options.insertedPasses = insertedPasses;
  for (const std::string &library : passPlugins)
    if (std::string why; !loadPassPlugin(library, why))
      return {Code::InvalidPlugin, "--load-pass-plugin: " + library + " " + why};
  options.explain = explain;
  options.verbose = logOptions().verbosity > 0;
  options.maxNodes = maxNodes;
  options.maxNesting = maxNesting;
  Sizes chosen;
  if (Failure failure = sizes(chosen))
    return failure;
  for (auto &[name, range] : chosen.ranges) {
    if (runs) // the size is that of the run
      chosen.dims.erase(name);
    if (general)
      range.hot.clear();
  }
  options.dims = std::move(chosen.dims);
  options.ranges = std::move(chosen.ranges);
  options.shapes = std::move(chosen.shapes);
  TensorMap values;
  for (const std::string &text : bound)
    if (Failure failure = readAssignment(text, values))
      return {failure.code, "--bind: " + failure.text};
  for (auto &[name, value] : values)
    options.bound[name] = std::move(value);
  return {};
}

/// Sizes are chosen at import; text and artifacts have theirs.
static Failure checkSizes(const std::string &path, const Sizes &chosen, bool runs) {
  bool isArtifact = hasExtension(path, ".tgl");
  if (!isArtifact && !hasExtension(path, ".mlir") && path != "-")
    return {};
  std::string why = isArtifact ? "an artifact has the bounds that it was compiled with"
                               : "MLIR text has its sizes and bounds written in it";
  if (!chosen.ranges.empty())
    return {Code::OptionNamesNothing,
            "expected no bounds in --dim, got some for '" + chosen.ranges.begin()->first + "': " + why};
  if (!runs && !chosen.dims.empty())
    return {Code::OptionNamesNothing,
            "expected no --dim, got one for '" + chosen.dims.begin()->first + "': " + why};
  if (!runs && !chosen.shapes.empty())
    return {Code::OptionNamesNothing,
            "expected no --shape, got one for '" + chosen.shapes.begin()->first + "': " + why};
  return {};
}

Failure CompileArguments::check(const std::string &path) const {
  Sizes chosen;
  if (Failure failure = sizes(chosen))
    return failure;
  return checkSizes(path, chosen, runs);
}

Failure CompileArguments::sizes(Sizes &chosen) const {
  for (const std::string &text : dims)
    if (Failure failure = parseDimOrRange(text, chosen))
      return failure;
  for (const std::string &text : shapes)
    if (Failure failure = parseShape(text, chosen))
      return failure;
  return {};
}

static CompileResult compileQuietly(const std::string &path, Emit emit, const CompileOptions &asked) {
  CompileResult result;
  auto fail = [&](const Failure &failure) {
    result.outcome = outcomeOf(failure.code);
    result.messages.push_back({Message::Severity::Error, "", "", 0, failure.text, "", "", failure.code});
  };
  Progress progress;
  CompileOptions options = asked;
  options.progress = [&](const std::string &phase, size_t done, size_t total) {
    progress.show(path + ": " + phase + (total ? ", kernel" : ""), done, total);
  };
  if (hasExtension(path, ".mlir") || path == "-") {
    static std::string text; // a reproducer may need it until the process ends
    if (Failure failure = readFile(path, text))
      fail(failure);
    else {
      if (path == "-")
        setReproducerInput(text);
      result = compileModule(text, emit, options);
    }
  } else if (Failure failure = checkReadable(path)) {
    fail(failure);
  } else {
    result = compileModel(path, emit, options);
  }
  return result;
}

CompileResult compileFile(const std::string &path, Emit emit, const CompileOptions &options) {
  CompileResult result = compileQuietly(path, emit, options);
  printMessages(path, result.messages);
  return result;
}

/// Compiles for any size; where that is not supported for the sizes of the given values.
static CompileResult compileForValues(const std::string &path, CompileOptions options,
                                      const TensorMap &given) {
  ModelInfo info;
  std::vector<Message> ignored; // the compiler reports them again
  bool described = hasExtension(path, ".onnx") && inspectModel(path, info, ignored);
  if (described)
    completeShapes(info, given, options.shapes, /*ranked=*/false);
  CompileResult result = compileQuietly(path, Emit::Artifact, options);
  size_t known = options.shapes.size();
  if (described && result.outcome == Outcome::Unsupported && options.ranges.empty())
    completeShapes(info, given, options.shapes, /*ranked=*/true);
  if (options.shapes.size() > known)
    result = compileQuietly(path, Emit::Artifact, options);
  printMessages(path, result.messages);
  return result;
}

static void printTable(const char *title, const std::vector<Timing> &timings) {
  double total = 0;
  for (const Timing &timing : timings)
    total += timing.seconds;
  if (!timings.empty())
    std::fprintf(stderr, "%s: %.3f s\n", title, total);
  for (const Timing &timing : timings)
    std::fprintf(stderr, "  %9.3f s  %s\n", timing.seconds, timing.name.c_str());
}

/// As notes, whose text a script can cut at its last two blanks.
static void printNotes(const std::string &path, const char *what, const std::vector<Timing> &timings) {
  for (const Timing &timing : timings) {
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, " took %.6f s", timing.seconds);
    Message note{Message::Severity::Note, "", "", 0, what + timing.name + seconds};
    std::fprintf(stderr, "%s\n", jsonMessage(path, note).c_str());
  }
}

void printTimings(const std::string &path, const CompileResult &result, bool asked) {
  int verbosity = logOptions().verbosity;
  bool withPhases = asked || verbosity > 0, withKernels = asked || verbosity > 1;
  if (withPhases)
    logOptions().json ? printNotes(path, "phase ", result.phases) : printTable("phases", result.phases);
  if (withKernels)
    logOptions().json ? printNotes(path, "kernel ", result.kernels) : printTable("kernels", result.kernels);
}

void CompileArguments::noteInputs(const std::vector<std::string> &inputs, const std::string &archive) const {
  noteInput(schedFile);
  noteInput(archive);
  for (const auto *files : {&operatorFiles, &passPlugins})
    for (const std::string &file : *files)
      noteInput(file);
  for (const auto *assignments : {&bound, &inputs})
    for (const std::string &assignment : *assignments)
      noteAssigned(assignment);
}

int checkOutputs(const std::string &model, std::initializer_list<std::string> outputs) {
  for (const std::string &output : outputs)
    if (Failure failure = checkOutput(output, model))
      return reportFailure(output, failure);
  return 0;
}

/// Warns of names in --dim and --shape that the model does not have; the importer has judged those of others.
static void warnOfSizes(const std::string &path, const CompileArguments &arguments, const Session &session) {
  Sizes chosen;
  if (!hasExtension(path, ".onnx") && !arguments.general && !arguments.sizes(chosen))
    printMessages(path, namesOfNothing(session.declaredInputs(), chosen));
}

Opened openModel(const std::string &path, const CompileArguments &arguments, const TensorMap &given,
                 int threads) {
  Opened opened;
  auto stop = [&](const Failure &failure) {
    opened.exitCode = reportFailure(path, failure);
    opened.session.reset();
    return std::move(opened);
  };
  auto start = std::chrono::steady_clock::now();
  if (Failure failure = arguments.check(path))
    return stop(failure);
  if (hasExtension(path, ".tgl")) {
    if (Failure failure = Session::openFile(path, threads, opened.session, arguments.device))
      return stop(failure);
    opened.loadSeconds = secondsSince(start);
    warnOfSizes(path, arguments, *opened.session);
    return opened;
  }
  CompileOptions options;
  if (Failure failure = arguments.convert(options))
    return stop(failure);
  CompileResult result = compileForValues(path, options, given);
  printTimings(path, result, arguments.time);
  if (!result) {
    opened.exitCode = int(result.outcome);
    return opened;
  }
  opened.compileSeconds = secondsSince(start);
  opened.explanations = std::move(result.explanations);
  start = std::chrono::steady_clock::now();
  if (Failure failure =
          Session::openBytes(std::move(result.bytes), threads, opened.session, arguments.device))
    return stop(failure);
  opened.loadSeconds = secondsSince(start);
  warnOfSizes(path, arguments, *opened.session);
  return opened;
}

Failure readGiven(const std::vector<std::string> &assignments, const std::string &archive, TensorMap &given) {
  if (!archive.empty()) {
    NamedTensors tensors;
    if (Failure failure = readTensors(archive, tensors))
      return failure;
    for (auto &[name, tensor] : tensors)
      given[name] = std::move(tensor);
  }
  for (const std::string &assignment : assignments)
    if (Failure failure = readAssignment(assignment, given))
      return failure;
  return {};
}

Failure addStoredInputs(const std::string &path, TensorMap &given) {
  ModelInfo info;
  std::vector<Message> ignored;
  if (!hasExtension(path, ".onnx") || !inspectModel(path, info, ignored))
    return {};
  std::vector<std::string> names;
  for (const ModelInfo::Value &input : info.inputs)
    names.push_back(input.name);
  return readStored(path, "in_", names, given);
}

Opened openBound(const std::string &verb, const std::string &path, const CompileArguments &arguments,
                 const std::vector<std::string> &inputs, const std::string &archive, int threads) {
  TensorMap given;
  Sizes sizes;
  Failure failure = arguments.sizes(sizes);
  if (!failure)
    failure = readGiven(inputs, archive, given);
  if (!failure)
    failure = addStoredInputs(path, given);
  Opened opened;
  if (failure) {
    opened.exitCode = reportFailure(verb, failure);
    return opened;
  }
  opened = openModel(path, arguments, given, threads);
  if (!opened.session)
    return opened;
  std::vector<HostTensor> values;
  failure = gatherInputs(*opened.session, given, values, sizes);
  if (!failure)
    failure = opened.session->bind(values);
  if (failure) {
    opened.exitCode = reportFailure(path, failure);
    opened.session.reset();
  }
  return opened;
}

} // namespace tegula::tools
