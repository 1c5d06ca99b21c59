// The program tegula-equiv: executes two modules through -O0 on the same inputs and compares the values. It
// exists so that every pass is checked by numbers: `tegula-opt %s --some-pass | tegula-equiv %s -`.
#include "Buffers.h"
#include "Functions.h"

#include "common/Files.h"
#include "common/Inputs.h"
#include "common/Sizes.h"
#include "common/Tensors.h"
#include "common/Usage.h"
#include "common/Words.h"

#include <algorithm>
#include <cstdio>
#include <map>

using namespace tegula;
using namespace tegula::tools;

namespace {

struct Arguments {
  std::string before, after;
  std::string target = "native", device = "cpu"; ///< of AFTER
  int beforeLevel = 0, level = 0, threads = 1;
  std::vector<std::string> inputs, functions, dims;
  double tolerance = 1e-5;
  bool saysHow = false; ///< to compile and run
};

std::string nameOf(const std::string &path, const Function &function) {
  return (path == "-" ? "<stdin>" : path) + "(@" + function.name + ")";
}

/// Compiles one function and loads it; the exit code is nonzero, and everything printed, where that fails.
int open(const Arguments &arguments, bool isAfter, const std::string &where, const Function &function,
         std::unique_ptr<Session> &session) {
  CompileOptions options;
  options.optLevel = isAfter ? arguments.level : arguments.beforeLevel;
  if (isAfter)
    options.target = arguments.target;
  options.threads = 1;
  options.keepDenormals = true; // a comparison of values wants no flushing on either side
  CompileResult result = compileModule(function.text, Emit::Artifact, options);
  printMessages(where, result.messages);
  if (!result)
    return int(result.outcome);
  if (Failure failure = Session::openBytes(std::move(result.bytes), arguments.threads, session,
                                           isAfter ? arguments.device : "cpu"))
    return reportFailure(where, failure);
  return 0;
}

/// The sizes at which symbolic functions are compared: those asked for, else all ones, small ones that
/// differ, and some that fill vectors and leave a rest.
std::vector<Sizes> sizesToTry(const Arguments &arguments, const Function &function) {
  Sizes asked;
  for (const std::string &dim : arguments.dims)
    parseDim(dim, asked); // checked with the other options
  if (function.symbols.empty())
    return {Sizes()};
  std::vector<Sizes> all;
  static constexpr int64_t sizes[][4] = {{1, 1, 1, 1}, {2, 3, 5, 4}, {19, 8, 6, 33}};
  for (const auto &row : sizes) {
    Sizes chosen = asked;
    for (size_t i = 0; i < function.symbols.size(); ++i)
      chosen.dims.emplace(function.symbols[i], row[i % 4]);
    if (all.empty() || all.back().dims != chosen.dims)
      all.push_back(chosen);
  }
  return all;
}

std::string textOf(const Sizes &sizes, const Function &function) {
  std::string text;
  for (const std::string &symbol : function.symbols)
    text += " " + symbol + "=" + std::to_string(sizes.dims.at(symbol));
  return text;
}

/// Compares one value, and prints how close it is.
bool isClose(const Arguments &arguments, const HostTensor &got, const HostTensor &expected,
             const std::string &what) {
  Difference difference = relativeDifference(got, expected);
  bool close = difference.comparable && difference.error <= (isFloat(got.dtype) ? arguments.tolerance : 0);
  std::printf("@%s: worst error %.3g%s%s\n", what.c_str(), difference.error, close ? "" : ", different ",
              close ? "" : difference.reason.c_str());
  return close;
}

/// Runs both sessions on the same inputs and compares the results.
int compareRuns(const Arguments &arguments, const Function &before, const std::string (&where)[2],
                std::unique_ptr<Session> (&sessions)[2], const Sizes &sizes) {
  TensorMap given;
  for (const std::string &input : arguments.inputs)
    if (Failure failure = readAssignment(input, given))
      return reportFailure("tegula-equiv", failure);
  std::vector<HostTensor> values;
  Failure failure = gatherInputs(*sessions[0], given, values, sizes);
  for (int i : {0, 1}) {
    if (!failure)
      failure = sessions[i]->bind(values);
    if (!failure)
      failure = sessions[i]->run();
    if (failure)
      return reportFailure(where[i] + textOf(sizes, before), failure);
  }
  std::vector<HostTensor> expected = sessions[0]->results(), got = sessions[1]->results();
  if (expected.size() != got.size())
    return reportFailure(where[1], {Code::ModulesDiffer, "expected " + std::to_string(expected.size()) +
                                                             " results, got " + std::to_string(got.size())});
  bool ok = true;
  for (size_t i = 0; i < got.size(); ++i)
    ok &= isClose(arguments, got[i], expected[i],
                  before.name + textOf(sizes, before) + " " + sessions[0]->outputs()[i].name);
  return ok ? 0 : int(Outcome::VerificationFailed);
}

/// Runs code on buffers and compares what is left in them. A pass may add arguments of its own, as scratch
/// memory is one; what is left there is nobody's business.
int compareBuffers(const Arguments &arguments, const Function &before, const Function &after,
                   const std::string (&where)[2]) {
  Memory memory[2];
  for (int i : {0, 1})
    if (Failure failure = runOnBuffers(i ? after.text : before.text, memory[i]))
      return reportFailure(where[i], failure);
  if (memory[1].arguments.size() < memory[0].arguments.size() ||
      memory[1].results.size() != memory[0].results.size())
    return reportFailure(where[1],
                         {Code::ModulesDiffer, "expected the arguments and results of " + where[0]});
  bool ok = true;
  for (size_t i = 0; i < memory[0].arguments.size(); ++i)
    ok &= isClose(arguments, memory[1].arguments[i], memory[0].arguments[i],
                  before.name + " arg" + std::to_string(i));
  for (size_t i = 0; i < memory[0].results.size(); ++i)
    ok &= isClose(arguments, memory[1].results[i], memory[0].results[i],
                  before.name + " result" + std::to_string(i));
  return ok ? 0 : int(Outcome::VerificationFailed);
}

int compare(const Arguments &arguments, const Function &before, const Function &after) {
  std::unique_ptr<Session> sessions[2];
  std::string where[2] = {nameOf(arguments.before, before), nameOf(arguments.after, after)};
  if (before.onBuffers && after.onBuffers && arguments.saysHow)
    return reportFailure(where[1], {Code::ContradictingOptions,
                                    "expected no -O, --before-O, --target, --device or --dim "
                                    "for code on buffers, which is executed as it is"});
  if (before.onBuffers && after.onBuffers)
    return compareBuffers(arguments, before, after, where);
  if (int code = open(arguments, false, where[0], before, sessions[0]))
    return code;
  if (int code = open(arguments, true, where[1], after, sessions[1]))
    return code;
  int worst = 0;
  for (const Sizes &sizes : sizesToTry(arguments, before))
    worst = std::max(worst, compareRuns(arguments, before, where, sessions, sizes));
  return worst;
}

int compareAll(const Arguments &arguments) {
  if (arguments.before == "-" && arguments.after == "-")
    return reportFailure("tegula-equiv", {Code::Usage, "only one module can come from standard input"});
  std::string texts[2];
  std::vector<Function> functions[2];
  for (int i : {0, 1}) {
    const std::string &path = i ? arguments.after : arguments.before;
    if (Failure failure = readFile(path, texts[i]))
      return reportFailure(path, failure);
    if (Failure failure = splitFunctions(texts[i], i ? &functions[0] : nullptr, functions[i]))
      return reportFailure(path, failure);
  }
  int worst = 0;
  size_t compared = 0;
  std::map<std::string, size_t> seen; // parts of a file may use a name again
  for (const Function &before : functions[0]) {
    size_t number = seen[before.name]++;
    const auto &wanted = arguments.functions;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), before.name) == wanted.end())
      continue;
    auto after = std::find_if(functions[1].begin(), functions[1].end(), [&](const Function &other) {
      return other.name == before.name && number-- == 0;
    });
    int code =
        after == functions[1].end()
            ? reportFailure(arguments.after, {Code::ModulesDiffer, "expected a function @" + before.name})
            : compare(arguments, before, *after);
    worst = std::max(worst, code);
    ++compared;
  }
  if (compared == 0)
    return reportFailure(arguments.before, {Code::InvalidText, "expected functions to compare, found none"});
  std::printf("%s: %zu functions\n", worst ? "NOT equivalent" : "equivalent", compared);
  return worst;
}

} // namespace

int main(int argc, char **argv) {
  installCrashHandlers("tegula-equiv");
  Arguments arguments;
  CLI::App app("Executes every function of two modules (graph, tile or scheduled IR, or code on buffers) on "
               "the same inputs and "
               "compares the results. Exit code 3 where they differ.",
               "tegula-equiv");
  app.add_option("BEFORE", arguments.before, "The reference, an .mlir file; - is standard input")->required();
  app.add_option("AFTER", arguments.after, "The module to judge")->required();
  app.add_option("--function", arguments.functions, "Only this function")
      ->type_name("NAME")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("-O", arguments.level, "Optimisation of AFTER: 0 (default) or 2")
      ->check(oneOf({"0", "2"}))
      ->type_name("0|2");
  app.add_option("--before-O", arguments.beforeLevel, "Optimisation of BEFORE: 0 (default) or 2")
      ->check(oneOf({"0", "2"}))
      ->type_name("0|2");
  app.add_option("--target", arguments.target, "The machine AFTER is compiled for (native)")
      ->type_name("NAME");
  app.add_option("--device", arguments.device, "The device AFTER runs on (cpu), such as emulator")
      ->type_name("NAME");
  app.add_option("--input", arguments.inputs, "An input's value; others are seeded")
      ->type_name("NAME=@FILE")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--dim", arguments.dims, "A symbolic size; others take several values, one run for each")
      ->type_name("NAME=N")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false)
      ->check([](const std::string &text) {
        Sizes sizes;
        Failure failure = parseDim(text, sizes);
        return failure ? failure.text : std::string();
      });
  app.add_option("--tolerance", arguments.tolerance,
                 "Largest max|a-b| / max|b| of a result (1e-5); integers must be equal")
      ->check(atLeast(0))
      ->type_name("X");
  app.add_option("--threads", arguments.threads, "Threads of a run (1)")
      ->check(within(0, 1024))
      ->type_name("N");
  std::string place;
  if (Failure failure = WordCheck(app, app).check({argv + 1, argv + argc}, place))
    return reportUsage("tegula-equiv", failure, place);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return reportUsage(app, error);
  }
  for (const char *option : {"-O", "--before-O", "--target", "--device", "--dim"})
    arguments.saysHow |= app.count(option) > 0;
  return compareAll(arguments);
}
