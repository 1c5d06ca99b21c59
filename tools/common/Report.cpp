// Prints messages in one form, as text for people or as JSON for scripts.
#include "common/Report.h"

#include "common/Crash.h"
#include "common/Progress.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace tegula::tools {

namespace {

/// The bytes of the UTF-8 character at `at`, and which it is; 0 where there is none.
size_t characterAt(const std::string &text, size_t at, uint32_t &point) {
  auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  unsigned first = byte(at);
  size_t size = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
  point = size == 1 ? first : first & (0xffu >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if (byte(at + i) >> 6 != 2)
      return 0;
    point = point << 6 | (byte(at + i) & 0x3f);
  }
  static constexpr uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  bool isSurrogate = point >= 0xd800 && point < 0xe000;
  return point < least[size] || point > 0x10ffff || isSurrogate ? 0 : size;
}

/// Characters that move the cursor, change colours or turn the order of others around.
bool isControl(uint32_t point) {
  return point < 0x20 || (point >= 0x7f && point < 0xa0) || (point >= 0x200e && point <= 0x200f) ||
         (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

std::string escaped(const std::string &text, bool keepLines) {
  std::string result;
  char buffer[16];
  for (size_t at = 0; at < text.size();) {
    uint32_t point = 0;
    size_t size = characterAt(text, at, point);
    if (size == 0)
      std::snprintf(buffer, sizeof buffer, "\\x%02x", static_cast<unsigned char>(text[at]));
    else if (point == '\n')
      std::snprintf(buffer, sizeof buffer, "\\n");
    else
      std::snprintf(buffer, sizeof buffer, point < 0x80 ? "\\x%02x" : "\\u%04x", unsigned(point));
    if (size && (!isControl(point) || (keepLines && (point == '\n' || point == '\t'))))
      result.append(text, at, size);
    else
      result += buffer;
    at += std::max<size_t>(size, 1);
  }
  return result;
}

} // namespace

std::string printable(const std::string &text) { return escaped(text, /*keepLines=*/false); }

LogOptions &logOptions() {
  static LogOptions options;
  return options;
}

bool isTerminal() {
  const char *terminal = std::getenv("TERM");
  return isatty(STDERR_FILENO) && terminal && std::strcmp(terminal, "dumb") != 0;
}

static const char *nameOf(Message::Severity severity) {
  return severity == Message::Severity::Error     ? "error"
         : severity == Message::Severity::Warning ? "warning"
                                                  : "note";
}

/// The word before a message's text, in colour where a terminal shows it.
static std::string severityText(Message::Severity severity, bool coloured) {
  if (!coloured)
    return nameOf(severity);
  const char *colour = severity == Message::Severity::Error     ? "\x1b[1;31m"
                       : severity == Message::Severity::Warning ? "\x1b[1;35m"
                                                                : "\x1b[1;36m";
  return colour + std::string(nameOf(severity)) + "\x1b[0m";
}

std::string formatMessage(const std::string &file, const Message &message, bool coloured) {
  std::string where;
  auto add = [&](const std::string &part) { where += (where.empty() ? "" : ", ") + part; };
  if (!message.node.empty())
    add("node '" + message.node + "'");
  if (!message.op.empty())
    add("op " + message.op);
  if (message.opset > 0)
    add("opset " + std::to_string(message.opset));
  std::string text =
      printable((message.file.empty() ? file : message.file) + (where.empty() ? "" : "(" + where + ")")) +
      ": " + severityText(message.severity, coloured) + ": " + printable(message.text);
  if (message.code != Code::None)
    text += " [" + codeText(message.code) + "]";
  return message.listing.empty() ? text : text + "\n" + escaped(message.listing, /*keepLines=*/true);
}

std::string jsonMessage(const std::string &file, const Message &message) {
  std::string text = "{\"severity\": \"" + std::string(nameOf(message.severity)) + "\"";
  auto add = [&](const char *name, const std::string &value) {
    text += ", \"" + std::string(name) + "\": " + jsonString(value);
  };
  if (message.code != Code::None)
    add("code", codeText(message.code));
  add("file", message.file.empty() ? file : message.file);
  add("node", message.node);
  add("op", message.op);
  add("domain", message.domain);
  text += ", \"opset\": " + std::to_string(message.opset);
  add("text", message.text);
  if (!message.listing.empty())
    add("listing", message.listing);
  return text + "}";
}

size_t countShown(const std::vector<Message> &messages, std::string &rest) {
  size_t shown = 0, most = size_t(logOptions().mostErrors), counts[2] = {}, left[2] = {};
  for (const Message &message : messages) {
    bool isError = message.severity == Message::Severity::Error;
    if (message.severity != Message::Severity::Note && most && counts[isError]++ == most && !left[0] &&
        !left[1])
      left[isError] = 1;
    else if (left[0] || left[1])
      left[isError] += message.severity != Message::Severity::Note;
    else
      ++shown;
  }
  auto amount = [](size_t count, const char *word) {
    return std::to_string(count) + " more " + word + (count == 1 ? "" : "s");
  };
  rest = left[1] ? amount(left[1], "error") : "";
  if (left[0] && !logOptions().quiet)
    rest += (rest.empty() ? "" : " and ") + amount(left[0], "warning");
  rest += rest.empty() ? "" : "; --max-errors 0 shows all";
  return shown;
}

void printMessages(const std::string &file, const std::vector<Message> &messages) {
  static const bool coloured = isTerminal() && !std::getenv("NO_COLOR");
  ProgressPause pause;
  std::string rest;
  size_t shown = logOptions().json ? messages.size() : countShown(messages, rest);
  for (size_t i = 0; i < shown; ++i) {
    Message message = messages[i];
    if (logOptions().quiet && message.severity != Message::Severity::Error)
      continue;
    explainMemory(message);
    std::string line =
        logOptions().json ? jsonMessage(file, message) : formatMessage(file, message, coloured);
    std::fprintf(stderr, "%s\n", line.c_str());
  }
  if (!rest.empty()) // also where only errors are printed
    std::fprintf(stderr, "%s\n",
                 formatMessage(file, {Message::Severity::Note, "", "", 0, rest}, coloured).c_str());
}

void say(const std::string &file, const std::string &text) {
  printMessages(file, {{Message::Severity::Note, "", "", 0, text}});
}

int reportFailure(const std::string &file, const Failure &failure) {
  bool named = failure.text.starts_with(file + ": "); // the runtime says the path itself
  Message message;
  message.text = failure.text.substr(named ? file.size() + 2 : 0);
  message.code = failure.code;
  printMessages(file, {message});
  return int(outcomeOf(failure.code));
}

std::string jsonString(const std::string &text) {
  std::string result = "\"";
  for (size_t at = 0; at < text.size();) {
    uint32_t point = 0;
    size_t size = characterAt(text, at, point);
    char buffer[8];
    std::snprintf(buffer, sizeof buffer, "\\u%04x", size ? unsigned(point) : 0xfffdu);
    if (size == 0 || point < 0x20 || point == 0x7f)
      result += buffer;
    else if (point == '"' || point == '\\')
      result += {'\\', char(point)};
    else
      result.append(text, at, size);
    at += std::max<size_t>(size, 1);
  }
  return result + "\"";
}

void openStreams() {
  for (int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(stream, F_GETFD) < 0 && errno == EBADF)
      open("/dev/null", stream == STDERR_FILENO ? O_WRONLY : O_RDONLY); // output that is lost is to fail
}

int finishOutput(const char *tool, int code) {
  bool failed = std::fflush(stdout) != 0;
  if (!failed && !std::ferror(stdout))
    return code;
  std::string why = failed ? std::string(": ") + std::strerror(errno) : "";
  int failure = reportFailure(tool, {Code::CannotWrite, "cannot write to standard output" + why});
  return code ? code : failure;
}

} // namespace tegula::tools
