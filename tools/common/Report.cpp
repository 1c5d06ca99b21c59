// Prints messages and survives crashes with a clear last line, so that scripts can rely on text and exit code
// alone.
#include "common/Report.h"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <new>
#include <unistd.h>

namespace tegula::tools {

namespace {

char crashTool[64] = "tegula", crashFile[4096];
alignas(16) char signalStack[64 << 10];

void say(const char *text) {
  if (write(STDERR_FILENO, text, std::strlen(text)) < 0)
    return;
}

// Only async-signal-safe calls: the heap may be what broke.
void onCrash(int signal) {
  if (crashFile[0])
    unlink(crashFile);
  say(crashTool);
  say(": internal error: ");
  say(signal == SIGSEGV   ? "segmentation fault"
      : signal == SIGABRT ? "aborted"
      : signal == SIGBUS  ? "bus error"
      : signal == SIGFPE  ? "arithmetic fault"
                          : "illegal instruction");
  say("; -v prints the IR, --save-temps=DIR keeps it after every phase\n");
  _exit(int(Outcome::Internal));
}

void onNoMemory() {
  if (crashFile[0])
    unlink(crashFile);
  say(crashTool);
  say(": error: out of memory\n");
  _exit(int(Outcome::ResourceLimit));
}

} // namespace

std::string formatMessage(const std::string &file, const Message &message) {
  std::string where;
  auto add = [&](const std::string &part) { where += (where.empty() ? "" : ", ") + part; };
  if (!message.node.empty())
    add("node '" + message.node + "'");
  if (!message.op.empty())
    add("op " + message.op);
  if (message.opset > 0)
    add("opset " + std::to_string(message.opset));
  const char *severity = message.severity == Message::Severity::Error     ? "error"
                         : message.severity == Message::Severity::Warning ? "warning"
                                                                          : "note";
  return file + (where.empty() ? "" : "(" + where + ")") + ": " + severity + ": " + message.text;
}

void printMessages(const std::string &file, const std::vector<Message> &messages) {
  for (const Message &message : messages)
    std::fprintf(stderr, "%s\n", formatMessage(file, message).c_str());
}

int reportFailure(const std::string &file, const Failure &failure) {
  bool named = failure.text.starts_with(file + ": "); // the runtime says the path itself
  std::fprintf(stderr, "%s: error: %s\n", file.c_str(), failure.text.c_str() + (named ? file.size() + 2 : 0));
  return int(failure.outcome);
}

std::string jsonString(const std::string &text) {
  std::string result = "\"";
  for (unsigned char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += char(c);
    } else if (c < 0x20 || c == 0x7f) {
      char buffer[8];
      std::snprintf(buffer, sizeof buffer, "\\u%04x", c);
      result += buffer;
    } else {
      result += char(c);
    }
  }
  return result + "\"";
}

void installCrashHandlers(const char *tool) {
  std::snprintf(crashTool, sizeof crashTool, "%s", tool);
  stack_t stack{};
  stack.ss_sp = signalStack;
  stack.ss_size = sizeof signalStack;
  sigaltstack(&stack, nullptr); // a stack overflow has no room for its own handler
  struct sigaction action{};
  action.sa_handler = onCrash;
  action.sa_flags = SA_ONSTACK | SA_RESETHAND;
  for (int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL})
    sigaction(signal, &action, nullptr);
  std::set_new_handler(onNoMemory);
}

void removeOnCrash(const std::string &path) {
  std::snprintf(crashFile, sizeof crashFile, "%s", path.c_str());
}

} // namespace tegula::tools
