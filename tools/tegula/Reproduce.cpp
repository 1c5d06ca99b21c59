// The verb reproduce: everything that it takes to repeat a command which ends with an internal error, in a
// folder that can be given away. It exists because a bug report without the model is worth little, and a
// model is often large or secret: its weights are left out wherever the error comes without them.
#include "CommandLine.h"
#include "Verb.h"

#include "common/Crash.h"
#include "common/Files.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <iterator>
#include <optional>
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
  std::optional<size_t> model;
  std::string name; ///< of the model's copy in the folder
  std::string kind; ///< what that copy is
};

/// Reads a command word by word, the verb first.
class Command {
public:
  Command(const CLI::App &app, std::vector<std::string> given) : words(std::move(given)) {
    verb = words.empty() ? nullptr : verbOf(app, words.front());
    for (size_t at = verb != nullptr; at < words.size(); at += parts.back().size)
      parts.push_back(partAt(at));
  }

  /// All of it but options that write files, so that repeating it changes nothing.
  std::vector<std::string> withoutOutputs() const {
    std::vector<std::string> kept(words.begin(), words.begin() + (verb != nullptr));
    for (const Part &part : parts)
      if (!part.option || !isOutput(*part.option))
        kept.insert(kept.end(), words.begin() + long(part.begin),
                    words.begin() + long(part.begin + part.size));
    return kept;
  }

  /// The model: the first file of a kind that is compiled, which no option takes.
  std::optional<size_t> model() const {
    for (const Part &part : parts) {
      bool isServed = part.option && part.option->check_lname("serve") && part.size > 1;
      if (size_t at = part.begin + isServed; (!part.option || isServed) && isModel(words[at]))
        return at;
    }
    return std::nullopt;
  }

private:
  /// An option with its values, or one word.
  struct Part {
    size_t begin, size;
    const CLI::Option *option;
  };

  static bool isFlag(const CLI::Option &option) { return option.get_items_expected_max() == 0; }
  static bool isOutput(const CLI::Option &option) {
    return !isFlag(option) && std::any_of(std::begin(outputOptions), std::end(outputOptions),
                                          [&](const char *name) { return option.check_lname(name); });
  }
  static bool isModel(const std::string &word) {
    return word == "-" ||
           ((hasExtension(word, ".onnx") || hasExtension(word, ".mlir")) && !checkReadable(word));
  }

  const CLI::Option *find(const std::string &name) const {
    const CLI::Option *option = verb ? verb->get_option_no_throw(name) : nullptr;
    return option || !verb ? option : verb->get_parent()->get_option_no_throw(name);
  }

  Part partAt(size_t at) {
    const std::string &word = words[at];
    onlyFiles |= word == "--";
    if (onlyFiles || word.size() < 2 || word[0] != '-')
      return {at, 1, nullptr};
    bool isLong = word[1] == '-', isJoined = isLong && word.find('=') != std::string::npos;
    const CLI::Option *option = isLong ? find(word.substr(0, word.find('='))) : nullptr;
    for (size_t i = 1; !isLong && i < word.size(); ++i) { // -vO0, -vo FILE
      option = find(std::string("-") + word[i]);
      isJoined = i + 1 < word.size();
      if (!option || !isFlag(*option))
        break;
    }
    size_t values =
        option && !isJoined && !isFlag(*option) ? size_t(std::max(1, option->get_items_expected_min())) : 0;
    return {at, 1 + std::min(values, words.size() - at - 1), option};
  }

  std::vector<std::string> words;
  const CLI::App *verb = nullptr;
  std::vector<Part> parts;
  bool onlyFiles = false;
};

/// The words that a command line means: those of its files of flags too, behind the verb. As they are where
/// that cannot be said.
std::vector<std::string> meant(const CLI::App &app, const std::vector<std::string> &command) {
  std::vector<Word> words(command.begin(), command.end());
  if (expandFiles(words) || words.empty() || addDefaultVerb(words, app))
    return command;
  std::vector<std::string> texts;
  for (const Word &word : words)
    texts.push_back(word.text);
  return texts;
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
  signal(SIGCHLD, SIG_DFL); // where it was ignored, no one would know how the child ended
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
  pid_t ended = -1;
  while (child > 0 && (ended = waitpid(child, &status, 0)) < 0 && errno == EINTR)
    continue;
  return child > 0 && ended == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class Reproducer {
public:
  Reproducer(const CLI::App &app, const Arguments &arguments)
      : folder(fs::absolute(arguments.folder).string()), command(arguments.command) {
    std::vector<std::string> &words = repetition.words;
    words = Command(app, meant(app, command)).withoutOutputs();
    verb = words.empty() ? "" : words.front();
    repetition.model = Command(app, words).model();
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
    if (repetition.model)
      tryCopies();
    dropLargeIr();
    return writeScript();
  }

private:
  std::string inside(const std::string &name) const { return (fs::path(folder) / name).string(); }

  /// Takes the smallest copy of the model with which the error comes.
  void tryCopies() {
    std::string original = repetition.words[*repetition.model], error;
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
    words[*repetition.model] = model;
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
      repetition.words[*repetition.model] = model;
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
