// How tools speak: every message in one form and every outcome as one exit code, as docs/exit-codes.md
// promises.
#pragma once

#include "tegula/Tegula.h"

#include <string>
#include <vector>

namespace tegula::tools {

/// An error of a tool itself or of the runtime, carried to the verb that reports it.
struct Failure {
  Failure() = default;
  Failure(Code code, std::string text) : code(code), text(std::move(text)) {}
  Code code = Code::None;
  std::string text;
  explicit operator bool() const { return code != Code::None; }
};

/// Text of any bytes as one line that a terminal shows and does not obey: control characters and what is not
/// UTF-8 come as escapes.
std::string printable(const std::string &text);

/// How messages are printed.
struct LogOptions {
  bool json = false;    ///< one JSON object a line
  bool quiet = false;   ///< errors only
  int verbosity = 0;    ///< 1: phases and their times, 2: kernels too
  int mostErrors = 100; ///< of a list of messages as text, and as many warnings; 0: all
};
LogOptions &logOptions();

/// Whether standard error is a terminal that obeys control sequences.
bool isTerminal();

/// `file(node 'conv1', op Conv, opset 13): error: text [E0215]`
std::string formatMessage(const std::string &file, const Message &message, bool coloured = false);

/// The same as one JSON object.
std::string jsonMessage(const std::string &file, const Message &message);

/// Prints a note.
void say(const std::string &file, const std::string &text);

/// How many of `messages` are shown as text: so many that neither errors nor warnings are more than
/// --max-errors allows. `rest` says what is left out, "" where nothing is.
size_t countShown(const std::vector<Message> &messages, std::string &rest);

/// Prints messages to standard error, as text as many as countShown says; nothing where there are none.
void printMessages(const std::string &file, const std::vector<Message> &messages);

/// Prints `file: error: text [E0110]` and returns the exit code.
int reportFailure(const std::string &file, const Failure &failure);

/// A JSON string literal of any bytes; what is not UTF-8 becomes U+FFFD.
std::string jsonString(const std::string &text);

/// Opens standard streams that the caller has closed on nothing, so that no file that is opened later takes
/// their place. To be called first.
void openStreams();

/// Writes out what standard output still holds; the exit code, which is no success where that fails.
int finishOutput(const char *tool, int code);

} // namespace tegula::tools
