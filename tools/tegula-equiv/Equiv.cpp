// The program tegula-equiv: executes two modules through -O0 on the same inputs and compares the values. It
// exists so that every pass is checked by numbers: `tegula-opt %s --some-pass | tegula-equiv %s -`.
#include "common/Files.h"
#include "common/Inputs.h"
#include "common/Tensors.h"
#include "common/Usage.h"

#include <CLI/CLI.hpp>
#include <cstdio>

using namespace tegula;
using namespace tegula::tools;

namespace {

struct Arguments {
  std::string before, after;
  int beforeLevel = 0, level = 0, threads = 1;
  std::vector<std::string> inputs;
  double tolerance = 1e-5;
};

/// Compiles one module and loads it; the exit code is nonzero, and everything printed, where that fails.
int open(const std::string &path, int level, int threads, std::unique_ptr<Session> &session) {
  std::string text;
  if (Failure failure = readFile(path, text))
    return reportFailure(path, failure);
  CompileOptions options;
  options.optLevel = level;
  options.keepDenormals = true; // a comparison of values wants no flushing on either side
  CompileResult result = compileModule(text, Emit::Artifact, options);
  printMessages(path == "-" ? "<stdin>" : path, result.messages);
  if (!result)
    return int(result.outcome);
  if (Failure failure = Session::openBytes(std::move(result.bytes), threads, session))
    return reportFailure(path, failure);
  return 0;
}

int compare(const Arguments &arguments) {
  if (arguments.before == "-" && arguments.after == "-")
    return reportFailure("tegula-equiv", {Outcome::BadInput, "only one module can come from standard input"});
  std::unique_ptr<Session> before, after;
  // Standard input first: a pipe's writer should not wait for a compilation.
  bool swapped = arguments.after == "-";
  for (bool second : {swapped, !swapped})
    if (int code = second ? open(arguments.after, arguments.level, arguments.threads, after)
                          : open(arguments.before, arguments.beforeLevel, arguments.threads, before))
      return code;
  TensorMap given;
  for (const std::string &input : arguments.inputs)
    if (Failure failure = readAssignment(input, given))
      return reportFailure("tegula-equiv", failure);
  std::vector<HostTensor> values;
  Failure failure = gatherInputs(*before, given, values);
  for (Session *session : {before.get(), after.get()}) {
    if (!failure)
      failure = session->bind(values);
    if (!failure)
      failure = session->run();
    if (failure)
      return reportFailure(session == before.get() ? arguments.before : arguments.after, failure);
  }
  std::vector<HostTensor> expected = before->results(), got = after->results();
  if (expected.size() != got.size())
    return reportFailure("tegula-equiv",
                         {Outcome::VerificationFailed, "expected " + std::to_string(expected.size()) +
                                                           " results, got " + std::to_string(got.size())});
  bool ok = true;
  for (size_t i = 0; i < got.size(); ++i) {
    Difference difference = relativeDifference(got[i], expected[i]);
    bool close =
        difference.comparable && difference.error <= (isFloat(got[i].dtype) ? arguments.tolerance : 0);
    std::printf("%s: worst error %.3g%s%s\n", before->outputs()[i].name.c_str(), difference.error,
                close ? "" : ", different ", close ? "" : difference.reason.c_str());
    ok &= close;
  }
  std::printf("%s\n", ok ? "equivalent" : "NOT equivalent");
  return ok ? 0 : int(Outcome::VerificationFailed);
}

} // namespace

int main(int argc, char **argv) {
  installCrashHandlers("tegula-equiv");
  Arguments arguments;
  CLI::App app("Executes two modules (graph, tile or scheduled IR) on the same inputs and compares their "
               "results. Exit code 3 where they differ.",
               "tegula-equiv");
  app.add_option("BEFORE", arguments.before, "The reference, an .mlir file; - is standard input")->required();
  app.add_option("AFTER", arguments.after, "The module to judge")->required();
  app.add_option("-O", arguments.level, "Optimisation of AFTER: 0 (default) or 2")
      ->check(quiet(CLI::IsMember({0, 2})))
      ->type_name("0|2");
  app.add_option("--before-O", arguments.beforeLevel, "Optimisation of BEFORE: 0 (default) or 2")
      ->check(quiet(CLI::IsMember({0, 2})))
      ->type_name("0|2");
  app.add_option("--input", arguments.inputs, "An input's value; others are seeded")
      ->type_name("NAME=@FILE")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--tolerance", arguments.tolerance,
                 "Largest max|a-b| / max|b| of a result (1e-5); integers must be equal")
      ->check(quiet(CLI::NonNegativeNumber))
      ->type_name("X");
  app.add_option("--threads", arguments.threads, "Threads of a run (1)")
      ->check(quiet(CLI::NonNegativeNumber))
      ->type_name("N");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return reportUsage(app, error);
  }
  return compare(arguments);
}
