// The program tegula: one driver with verbs. It exists so that compiling, running, timing, verifying and
// inspecting a model share one grammar.
#include "CommandLine.h"
#include "Description.h"
#include "Effects.h"
#include "Globals.h"
#include "Verb.h"

#include "common/Crash.h"
#include "common/Usage.h"

#include "llvm/Support/ErrorHandling.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

using namespace tegula;
using namespace tegula::tools;

static std::string versionText() {
  std::string revision = gitRevision();
  std::string text = std::string("tegula ") + TEGULA_VERSION +
                     (revision.empty() ? "" : " (" + revision + ")") + ", " + buildType() + " build\nLLVM " +
                     llvmVersion() + "\ntargets:";
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

/// The value of an option before anything is parsed; empty where it is not given.
static std::string valueOf(const std::vector<Word> &words, const std::string &option) {
  for (size_t i = 0; i < words.size() && words[i].text != "--"; ++i) {
    if (words[i].text.starts_with(option + "="))
      return words[i].text.substr(option.size() + 1);
    if (words[i].text == option && i + 1 < words.size())
      return words[i + 1].text;
  }
  return "";
}

/// All words of the command line, from wherever they come; `place` is that of the word that is wrong.
static Failure gatherWords(int argc, char **argv, const CLI::App &app, std::vector<Word> &words,
                           std::string &place) {
  for (int i = 1; i < argc; ++i)
    words.push_back({argv[i], ""});
  if (Failure failure = expandFiles(words))
    return failure;
  if (words.empty())
    return {Code::MissingArgument, "expected a verb or a model"};
  logOptions().json = valueOf(words, "--log") == "json"; // also of what is wrong with the command line
  if (Failure failure = addDefaultVerb(words, app))
    return failure;
  std::string config = valueOf(words, "--config");
  if (!config.empty())
    if (Failure failure = addConfig(app, config, words))
      return failure;
  const CLI::App *verb = verbOf(app, words.front().text);
  std::vector<Word> behind(words.begin() + (verb != nullptr), words.end());
  return WordCheck(app, verb ? *verb : app).check(behind, place);
}

static void declare(CLI::App &app, Action &action) {
  app.formatter(makeFormatter());
  app.set_help_flag("-h,--help", "Print the most used options");
  app.set_help_all_flag("--help-all", "Print all options");
  app.require_subcommand(1);
  app.fallthrough(); // options of all verbs may stand behind the verb
  app.set_version_flag("--version", versionText, "Print versions, build and targets");
  app.add_flag_callback(
      "--list-operators",
      [] {
        listOperators();
        throw CLI::Success();
      },
      "Print the ONNX operators that can be compiled");
  app.footer("Exit codes: 0 ok, 1 usage or bad input, 2 unsupported model, 3 verification failed, 4 resource "
             "limit, 70 internal error.");
  addCompile(app, action);
  addRun(app, action);
  addBench(app, action);
  addVerify(app, action);
  addCheck(app, action);
  addInspect(app, action);
  addExplain(app, action);
  addHelp(app, action);
  addCompletion(app, action);
  addNewPass(app, action);
  addReproduce(app, action);
}

/// A bug was met and survived: says how to repeat it.
static int finishInternal(int code) {
  if (code == int(Outcome::Internal))
    if (std::string path = writeReproducer(); !path.empty())
      say("tegula", "to repeat it: sh " + path);
  return code;
}

int main(int argc, char **argv) {
  openStreams();
  installCrashHandlers("tegula");
  // What LLVM allocates past operator new would end as a crash.
  llvm::install_bad_alloc_error_handler([](void *, const char *, bool) { endOutOfMemory(); });
  CLI::App app("Compiles ONNX models to native code and runs them.\n`tegula model.onnx` is `tegula compile "
               "model.onnx`.",
               "tegula");
  Action action;
  std::shared_ptr<GlobalOptions> globals = addGlobals(app);
  declare(app, action);
  std::vector<Word> words;
  std::string place;
  try {
    if (Failure failure = gatherWords(argc, argv, app, words, place))
      return reportUsage("tegula", failure, place);
    std::vector<std::string> arguments;
    for (auto word = words.rbegin(); word != words.rend(); ++word) // CLI11 takes them from the back
      arguments.push_back(word->text);
    app.parse(arguments);
  } catch (const CLI::ParseError &error) {
    return reportUsage(app, error, placeOf(words, error.what()));
  } catch (const std::exception &error) {
    return reportFailure("tegula", {Code::Internal, error.what()});
  }
  if (int code = applyGlobals(*globals))
    return code;
  if (const CLI::App *verb = verbOf(app, words.front().text))
    if (Failure failure = checkEffects(*verb, words, place))
      return reportFailure(place, failure);
  if (!globals->noReproducer)
    setReproducer(argc, argv);
  try {
    return finishInternal(finishOutput("tegula", action()));
  } catch (const std::exception &error) {
    if (isWantOfMemory(error))
      return reportFailure("tegula", {Code::OutOfMemory, "out of memory"});
    return finishInternal(reportFailure("tegula", {Code::Internal, error.what()}));
  }
}
