// What the verbs share: each registers itself with the command line, and most compile a model on their way.
#pragma once

#include "common/Inputs.h"
#include "common/Report.h"
#include "common/Session.h"
#include "common/Sizes.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

namespace tegula::tools {

/// The group of options that --help leaves out.
inline constexpr const char *furtherOptions = "Further options";
/// The group of those that stand in the program, but behind a verb as well.
inline constexpr const char *globalOptions = "Options of all verbs";

/// What `tegula help` explains besides verbs.
std::vector<std::string> helpTopics();

/// The verb of that name, nullptr where the program has none.
const CLI::App *verbOf(const CLI::App &app, const std::string &name);

/// The long names of options that name a file or a folder to write, where they take a value.
inline constexpr const char *outputOptions[] = {"output",     "profile", "counters",  "html",
                                                "reproducer", "json",    "save-temps"};

/// What a verb does once its arguments are parsed; returns the exit code.
using Action = std::function<int()>;

// Each adds a subcommand that sets `action` when it is chosen.
void addCompile(CLI::App &app, Action &action);
void addRun(CLI::App &app, Action &action);
void addBench(CLI::App &app, Action &action);
void addVerify(CLI::App &app, Action &action);
void addInspect(CLI::App &app, Action &action);
void addExplain(CLI::App &app, Action &action);
void addCheck(CLI::App &app, Action &action);
void addHelp(CLI::App &app, Action &action);
void addNewPass(CLI::App &app, Action &action);
void addCompletion(CLI::App &app, Action &action);
void addReproduce(CLI::App &app, Action &action);

/// Compile options as they stand on the command line.
struct CompileArguments {
  int optLevel = 2;
  std::vector<std::string> targets; ///< none: the machine that the device is
  std::string device = "cpu", denormals = "flush", precision = "fp32", schedFile, saveTemps;
  std::vector<std::string> dims, shapes, bound, operatorFiles, passPlugins, insertedPasses;
  int threads = 0;
  bool time = false;
  int64_t maxNodes = CompileOptions().maxNodes;
  int maxNesting = CompileOptions().maxNesting;
  bool runs = false;    ///< what is compiled is run
  bool general = false; ///< hot sizes get no code of their own
  bool explain = false; ///< what was decided is asked for

  /// Adds the options to a verb; --threads means compile threads only where the verb runs nothing.
  void addTo(CLI::App &verb, bool runs);
  /// Those of them that say what the model is: sizes, fixed inputs, limits.
  void addModelOptions(CLI::App &verb);
  /// Checks and converts everything but the target and the files, which the compiler judges.
  Failure convert(CompileOptions &options) const;
  /// What --dim and --shape say.
  Failure sizes(Sizes &chosen) const;
  /// Says which files they name, and those of every "name=@file" of `inputs` and `archive`, so that outputs
  /// are no such file.
  void noteInputs(const std::vector<std::string> &inputs = {}, const std::string &archive = "") const;
  /// Refuses sizes that a file of this kind cannot be given.
  Failure check(const std::string &path) const;
  /// Whether something is said about the model or the machine to compile it for.
  bool isSpecific() const {
    return !dims.empty() || !shapes.empty() || !bound.empty() || !operatorFiles.empty() || !targets.empty();
  }
};

/// A model ready to run, or the exit code with which to stop; everything is then printed already.
struct Opened {
  int exitCode = 0;
  std::unique_ptr<Session> session;
  std::vector<Explanation> explanations = {}; ///< where the arguments ask for them
  double compileSeconds = 0, loadSeconds = 0;
};

/// Compiles an .onnx or .mlir file and loads it, or loads a .tgl file. Where a model cannot be compiled for
/// any size, the shapes of the `given` values fix its open dimensions.
Opened openModel(const std::string &path, const CompileArguments &arguments, const TensorMap &given,
                 int threads);

/// The same with values bound to all inputs: those of every "name=@file" of `inputs` and of the .npz
/// `archive` (may be empty), then stored ones, then seeded ones. `verb` names whose arguments are wrong.
Opened openBound(const std::string &verb, const std::string &path, const CompileArguments &arguments,
                 const std::vector<std::string> &inputs, const std::string &archive, int threads);

/// Reports the first of `outputs` that cannot be written before anything long begins; the exit code, 0 where
/// all can. Those that are not asked for are "".
int checkOutputs(const std::string &model, std::initializer_list<std::string> outputs);

/// Compiles by the file's extension and prints all messages.
CompileResult compileFile(const std::string &path, Emit emit, const CompileOptions &options);

/// Prints how long each phase and kernel of compiling `path` took, where `asked` or -v says so.
void printTimings(const std::string &path, const CompileResult &result, bool asked);

/// Reads every "name=@file" of `assignments` and every array of the .npz `archive` (may be empty).
Failure readGiven(const std::vector<std::string> &assignments, const std::string &archive, TensorMap &given);

/// Adds what in_<name>.npy files beside an .onnx model say about inputs that `given` lacks.
Failure addStoredInputs(const std::string &path, TensorMap &given);

} // namespace tegula::tools
