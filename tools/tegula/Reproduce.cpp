// The verb reproduce: everything that it takes to repeat a command which ends with an internal error, in a
// folder that can be given away. It exists because a bug report without the model is worth little, and a
// model is often large or secret: its weights are left out wherever the error comes without them.
#include "Verb.h"

#include "common/Crash.h"
#include "common/Files.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tegula::tools {

namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string folder;
  std::vector<std::string> command;
};

/// A model, or IR, of more bytes is named only.
constexpr uintmax_t mostBytes = 64 << 20;

/// What repeats the error, and what of it is the model.
struct Repetition {
  std::vector<std::string> words;
  size_t model = 0; ///< 0: none is known
  std::string name; ///< of the model's copy in the folder
  std::string kind; ///< what that copy is
};

/// The command with all options taken out that write files, so that repeating it changes nothing.
std::vector<std::string> withoutOutputs(const std::vector<std::string> &command) {
  const std::vector<std::string> outputs = {"-o",     "--output",     "--profile",
                                            "--html", "--reproducer", "--save-temps"};
  std::vector<std::string> words;
  for (size_t i = 0; i < command.size(); ++i) {
    const std::string &word = command[i];
    bool isAlone = std::find(outputs.begin(), outputs.end(), word) != outputs.end();
    bool isJoined = std::any_of(outputs.begin(), outputs.end(), [&](const std::string &output) {
      return word.size() > output.size() && word.starts_with(output + (output == "-o" ? "" : "="));
    });
    i += isAlone; // its value
    if (!isAlone && !isJoined)
      words.push_back(word);
  }
  return words;
}

/// Finds the model among the words: the first file of a kind that is compiled.
size_t findModel(const std::vector<std::string> &words) {
  for (size_t i = 0; i < words.size(); ++i)
    if (words[i] == "-" ||
        ((hasExtension(words[i], ".onnx") || hasExtension(words[i], ".mlir")) && !checkReadable(words[i])))
      return i;
  return words.size();
}

/// Runs the command in a process of its own, with its messages in a file, and returns the exit code.
int run(const std::vector<std::string> &command, const std::string &messages) {
  std::vector<std::string> words = {"tegula"};
  words.insert(words.end(), command.begin(), command.end());
  words.push_back("--no-reproducer");
  std::vector<char *> pointers;
  for (std::string &word : words)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_t child = fork();
  if (child == 0) {
    int nothing = open("/dev/null", O_RDWR),
        file = open(messages.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    execv("/proc/self/exe", pointers.data());
    _exit(127);
  }
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
    continue;
  return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class Reproducer {
public:
  Reproducer(const CLI::App &app, const Arguments &arguments)
      : folder(fs::absolute(arguments.folder).string()), command(arguments.command) {
    repetition.words = withoutOutputs(command);
    std::vector<std::string> &words = repetition.words;
    size_t first = 0;
    while (first < words.size() && words[first].starts_with("-") && words[first] != "-")
      ++first;
    if (first < words.size() && !isVerb(app, words[first]))
      words.insert(words.begin() + long(first), "compile");
    verb = first < words.size() ? words[first] : "";
    repetition.model = findModel(words);
    if (verb == "compile")
      words.insert(words.end(), {"-o", "/dev/null"});
  }

  /// What was made, or why not.
  Failure make() {
    std::error_code failure;
    fs::create_directory(folder, failure);
    if (failure)
      return {Code::CannotWrite, "cannot make the folder: " + failure.message()};
    for (const auto &entry : fs::directory_iterator(folder, failure)) // of a crash what standard input held
      if (entry.path().filename() != reproducedInput)
        return {Code::CannotWrite, "expected a folder that is empty or does not exist yet"};
    chmod(folder.c_str(), 0700);
    if (repetition.model < repetition.words.size())
      tryCopies();
    dropLargeIr();
    return writeScript();
  }

private:
  std::string inside(const std::string &name) const { return (fs::path(folder) / name).string(); }

  /// Takes the smallest copy of the model with which the error comes.
  void tryCopies() {
    std::string original = repetition.words[repetition.model], error;
    std::error_code failure;
    if (original == "-" && fs::exists(inside(reproducedInput), failure))
      return void(attempt(inside(reproducedInput), "what standard input held"));
    if (original == "-")
      return;
    bool isOnnx = hasExtension(original, ".onnx");
    std::string copy = inside(isOnnx ? "model.onnx" : "model.mlir");
    if (isOnnx && stripModel(original, copy, error) &&
        attempt(copy, "the model with one value everywhere in place of large weights"))
      return;
    fs::remove(copy, failure);
    bool isSmall = fs::file_size(original, failure) <= mostBytes && !failure;
    if (isSmall && fs::copy_file(original, copy, failure) && attempt(copy, "the model itself"))
      return;
    if (!isSmall)
      attempt(fs::absolute(original).string(), "");
  }

  /// Whether the error comes with this file as the model.
  bool attempt(const std::string &model, const std::string &kind) {
    std::vector<std::string> words = repetition.words;
    words[repetition.model] = model;
    bool keepsIr =
        verb == "compile" || verb == "run" || verb == "bench" || verb == "verify" || verb == "explain";
    if (keepsIr)
      words.insert(words.end(), {"--save-temps", inside("ir")});
    std::error_code failure;
    fs::remove_all(inside("ir"), failure);
    int code = run(words, inside("messages.txt"));
    // A pass that crashed while its IR was kept has failed; one of a user's own is no internal error then.
    repeats =
        code == int(Outcome::Internal) || (code != 0 && fs::exists(inside("ir/reproducer.mlir"), failure));
    repetition.kind = kind;
    repetition.name = kind.empty() ? "" : fs::path(model).filename().string();
    if (kind.empty())
      repetition.words[repetition.model] = model;
    return repeats;
  }

  /// Text of IR with weights in it can be larger than the model.
  void dropLargeIr() {
    std::error_code failure;
    for (const auto &entry : fs::directory_iterator(inside("ir"), failure))
      if (entry.file_size(failure) > mostBytes)
        fs::remove(entry.path(), failure);
  }

  Failure writeScript() {
    std::string text = "#!/bin/sh\n# Repeats an internal error of tegula";
    text += repeats ? ", whose messages are in messages.txt.\n"
                    : "; it did not come again when this was written.\n";
    if (!repetition.name.empty())
      text += "# " + repetition.name + ": " + repetition.kind + "\n";
    else
      text += "# It names the model's files without holding them.\n";
    std::error_code failure;
    for (const auto &entry : fs::directory_iterator(inside("ir"), failure))
      if (std::string name = entry.path().filename(); name.starts_with("reproducer.mlir"))
        text +=
            "# The passes that failed, on the IR before them: tegula-opt --run-reproducer ir/" + name + "\n";
    text += "# tegula " TEGULA_VERSION ", LLVM " + llvmVersion() + ", " + buildType() + " build " +
            gitRevision() + "\n";
    text += "here=$(cd \"$(dirname \"$0\")\" && pwd)\ncd " +
            quotedForShell(fs::current_path(failure).string()) + " || exit\n";
    text += quotedForShell(fs::read_symlink("/proc/self/exe", failure).string());
    const std::vector<std::string> &words = repetition.name.empty() && !repeats ? command : repetition.words;
    for (size_t i = 0; i < words.size(); ++i)
      text += i == repetition.model && !repetition.name.empty()
                  ? " \"$here\"/" + quotedForShell(repetition.name)
                  : " " + quotedForShell(words[i]);
    text += " --no-reproducer\n";
    return writeFile(inside(replayScript), {reinterpret_cast<const uint8_t *>(text.data()), text.size()});
  }

  std::string folder, verb;
  std::vector<std::string> command;
  Repetition repetition;
  bool repeats = false;
};

int reproduce(const CLI::App &app, const Arguments &arguments) {
  Reproducer reproducer(app, arguments);
  if (Failure failure = reproducer.make())
    return reportFailure(arguments.folder, failure);
  return 0;
}

} // namespace

void addReproduce(CLI::App &app, Action &action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App *verb = app.add_subcommand(
      "reproduce", "Write what it takes to repeat a command that ends with an internal error");
  verb->add_option("DIR", arguments->folder, "The folder for the script, the model without weights, and IR")
      ->required();
  verb->add_option("WORDS", arguments->command, "The command behind --: -- compile model.onnx -O 0")
      ->required()
      ->expected(-1);
  verb->callback(
      [&app, &action, arguments] { action = [&app, arguments] { return reproduce(app, *arguments); }; });
}

} // namespace tegula::tools
