// The program tegula: one driver with verbs. It exists so that compiling, running, timing, verifying and
// inspecting a model share one grammar.
#include "Verb.h"

#include "common/Usage.h"

#include "llvm/Support/ErrorHandling.h"

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

using namespace tegula;
using namespace tegula::tools;

static std::string versionText() {
  std::string text = std::string("tegula ") + TEGULA_VERSION + "\nLLVM " + llvmVersion() + "\ntargets:";
  for (const std::string &target : supportedTargets())
    text += " " + target;
  return text;
}

/// One operator a line: name, opsets, notes, separated by tabs.
static void listOperators() {
  for (const OperatorInfo &info : supportedOperators()) {
    bool standard = info.domain.empty() || info.domain == "ai.onnx";
    std::string opsets = std::to_string(info.since) + (info.until ? "-" + std::to_string(info.until) : "+");
    std::printf("%s%s\t%s\t%s\n", standard ? "" : (info.domain + ".").c_str(), info.name.c_str(),
                opsets.c_str(), info.notes.c_str());
  }
}

/// `tegula model.onnx` means compile: the first argument that is no option and no verb is a model.
static std::vector<std::string> withDefaultVerb(int argc, char **argv, const CLI::App &app) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty() || arguments[0].empty() || arguments[0] == "-h" || arguments[0] == "--help" ||
      arguments[0] == "--version" || arguments[0] == "--list-operators")
    return arguments;
  for (const CLI::App *verb : app.get_subcommands({}))
    if (verb->get_name() == arguments[0])
      return arguments;
  bool file = arguments[0][0] == '-' || arguments[0].find_first_of("./") != std::string::npos ||
              std::filesystem::exists(arguments[0]);
  if (!file)
    throw CLI::ValidationError("expected a verb or a model, got '" + arguments[0] + "'");
  arguments.insert(arguments.begin(), "compile");
  return arguments;
}

int main(int argc, char **argv) {
  openStreams();
  installCrashHandlers("tegula");
  // What LLVM allocates past operator new would end as a crash.
  llvm::install_bad_alloc_error_handler([](void *, const char *, bool) { endOutOfMemory(); });
  CLI::App app("Compiles ONNX models to native code and runs them.\n`tegula model.onnx` is `tegula compile "
               "model.onnx`.",
               "tegula");
  app.require_subcommand(1);
  app.set_version_flag("--version", versionText, "Print the versions of tegula and LLVM, and the targets");
  app.add_flag_callback(
      "--list-operators",
      [] {
        listOperators();
        throw CLI::Success();
      },
      "Print the ONNX operators that can be compiled");
  app.footer("Exit codes: 0 ok, 1 usage or bad input, 2 unsupported model, 3 verification failed, 4 resource "
             "limit, 70 internal error.");
  Action action;
  addCompile(app, action);
  addRun(app, action);
  addBench(app, action);
  addVerify(app, action);
  addInspect(app, action);
  addExplain(app, action);
  addHelp(app, action);
  addNewPass(app, action);
  try {
    std::vector<std::string> arguments = withDefaultVerb(argc, argv, app);
    std::reverse(arguments.begin(), arguments.end()); // CLI11 takes them from the back
    app.parse(arguments);
  } catch (const CLI::ParseError &error) {
    return reportUsage(app, error);
  } catch (const std::exception &error) {
    return reportFailure("tegula", {Code::Internal, error.what()});
  }
  try {
    return finishOutput("tegula", action());
  } catch (const std::bad_alloc &) {
    return reportFailure("tegula", {Code::OutOfMemory, "out of memory"});
  } catch (const std::exception &error) {
    return reportFailure("tegula", {Code::Internal, error.what()});
  }
}
