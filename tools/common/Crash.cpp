// Ends the process on crashes, limits and signals with async-signal-safe calls only: the heap may be what
// broke, so that everything they need is written down beforehand.
#include "common/Crash.h"

#include "common/Progress.h"
#include "common/Report.h"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <new>
#include <sys/resource.h>
#include <sys/time.h>
#include <system_error>
#include <unistd.h>

namespace tegula::tools {

namespace {

char crashTool[64] = "tegula", memoryText[128], timeText[128];
char reproducerFile[4096], reproducerText[32 << 10];
char crashFiles[2][4096];
std::atomic<const char *> crashFile = nullptr; ///< one of them that is whole, or null
static_assert(std::atomic<const char *>::is_always_lock_free, "signal handlers read it");
const char *inputText = nullptr;
size_t inputSize = 0;
alignas(16) char signalStack[64 << 10];

bool writeTo(int file, const char *text, size_t size) {
  while (size > 0) {
    ssize_t count = write(file, text, size);
    if (count <= 0)
      return false;
    text += count, size -= static_cast<size_t>(count);
  }
  return true;
}

void say(const char *text) {
  if (!writeTo(STDERR_FILENO, text, std::strlen(text)))
    return;
}

/// A message in one of the two forms of Report.h; its parts are free of what JSON would escape.
void sayMessage(const char *severity, const char *code, std::initializer_list<const char *> parts) {
  bool json = logOptions().json;
  if (json) {
    say("{\"severity\": \""), say(*code ? "error" : severity);
    if (*code)
      say("\", \"code\": \""), say(code);
    say("\", \"file\": \""), say(crashTool), say("\", \"text\": \"");
  } else {
    say(crashTool), say(": "), say(severity), say(": ");
  }
  for (const char *part : parts)
    say(part);
  if (json)
    say("\"}");
  else if (*code)
    say(" ["), say(code), say("]");
  say("\n");
}

/// Leaves nothing half written and the cursor on a line of its own.
void cleanUp() {
  if (const char *path = crashFile)
    unlink(path);
  if (isProgressShown())
    say("\r\x1b[K");
}

/// The script that repeats the command, and what standard input held beside it; false where it cannot be
/// written.
bool writeScript() {
  if (!reproducerText[0])
    return false;
  int file = open(reproducerFile, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0)
    return false;
  bool ok = writeTo(file, reproducerText, std::strlen(reproducerText));
  if (inputText)
    ok = ok && writeTo(file, inputText, inputSize) && writeTo(file, "\nEND_OF_INPUT\n", 14);
  return close(file) == 0 && ok;
}

void onCrash(int signal) {
  cleanUp();
  const char *what = signal == SIGSEGV   ? "segmentation fault"
                     : signal == SIGABRT ? "aborted"
                     : signal == SIGBUS  ? "bus error"
                     : signal == SIGFPE  ? "arithmetic fault"
                                         : "illegal instruction";
  sayMessage("internal error", "E7001",
             {what, "; -v prints the IR, --save-temps=DIR keeps it after every phase"});
  if (writeScript())
    sayMessage("note", "", {"to repeat it: sh ", reproducerFile});
  _exit(int(outcomeOf(Code::Crash)));
}

/// What the user or the system asks for: the parent process sees the signal.
void onInterrupt(int signal) {
  cleanUp();
  raise(signal); // with the default action, which SA_RESETHAND has set, once this handler returns
}

void onTime(int) {
  cleanUp();
  sayMessage("error", "E0903", {"not done after ", timeText, " seconds, which is what --max-time allows"});
  _exit(int(outcomeOf(Code::TimeLimit)));
}

/// A word as a shell reads it.
std::string quoted(const std::string &word) {
  auto isPlain = [](unsigned char c) { return std::isalnum(c) || std::strchr("-_./=:,@+%", c); };
  if (!word.empty() && std::all_of(word.begin(), word.end(), isPlain))
    return word;
  std::string text = "'";
  for (char c : word)
    text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::string bytesText(uint64_t bytes) {
  for (auto [shift, unit] : {std::pair(30, " GiB"), std::pair(20, " MiB"), std::pair(10, " KiB")})
    if (bytes >> shift && bytes % (uint64_t(1) << shift) == 0)
      return std::to_string(bytes >> shift) + unit;
  return std::to_string(bytes) + " bytes";
}

} // namespace

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
  action.sa_handler = onInterrupt;
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before{};
    if (sigaction(signal, nullptr, &before) == 0 && before.sa_handler != SIG_IGN) // nohup, background jobs
      sigaction(signal, &action, nullptr);
  }
  std::set_new_handler(endOutOfMemory);
  std::set_terminate([] { // LLVM lets exceptions through that its threads may bring about
    try {
      if (std::exception_ptr current = std::current_exception())
        std::rethrow_exception(current);
    } catch (const std::exception &error) {
      if (isWantOfMemory(error))
        endOutOfMemory();
    } catch (...) {
      std::abort();
    }
    std::abort();
  });
}

bool isWantOfMemory(const std::exception &error) {
  auto *system = dynamic_cast<const std::system_error *>(&error);
  return dynamic_cast<const std::bad_alloc *>(&error) ||
         (system && (system->code() == std::errc::resource_unavailable_try_again || // no more threads
                     system->code() == std::errc::not_enough_memory));
}

void endOutOfMemory() {
  cleanUp();
  sayMessage("error", memoryText[0] ? "E0902" : "E0901", {"out of memory", memoryText});
  _exit(int(outcomeOf(Code::OutOfMemory)));
}

void removeOnCrash(const std::string &path) {
  char *next = crashFiles[crashFile == crashFiles[0]]; // not the one that a signal may find now
  int size = path.empty() ? 0 : std::snprintf(next, sizeof crashFiles[0], "%s", path.c_str());
  bool isWhole = size > 0 && size_t(size) < sizeof crashFiles[0]; // the part of a path names another file
  crashFile = isWhole ? next : nullptr;
}

bool limitMemory(uint64_t bytes) {
  std::snprintf(memoryText, sizeof memoryText, ": --max-memory allows %s", bytesText(bytes).c_str());
  rlimit limit{};
  if (getrlimit(RLIMIT_DATA, &limit) != 0)
    return false;
  limit.rlim_cur = std::min<rlim_t>(bytes, limit.rlim_max);
  return setrlimit(RLIMIT_DATA, &limit) == 0;
}

void limitTime(double seconds) {
  std::snprintf(timeText, sizeof timeText, "%g", seconds);
  struct sigaction action{};
  action.sa_handler = onTime;
  sigaction(SIGALRM, &action, nullptr);
  itimerval timer{};
  timer.it_value.tv_sec = static_cast<time_t>(seconds);
  timer.it_value.tv_usec = static_cast<suseconds_t>((seconds - double(timer.it_value.tv_sec)) * 1e6);
  setitimer(ITIMER_REAL, &timer, nullptr);
}

void explainMemory(Message &message) {
  if (message.code != Code::OutOfMemory || !memoryText[0])
    return;
  message.text += memoryText;
  message.code = Code::MemoryLimit;
}

void setReproducer(int argc, const char *const *argv, const std::string &version) {
  const char *folder = std::getenv("TMPDIR");
  std::snprintf(reproducerFile, sizeof reproducerFile, "%s/tegula-reproducer-%d.sh",
                folder && *folder ? folder : "/tmp", int(getpid()));
  char here[4096];
  std::string text =
      "#!/bin/sh\n# Repeats an internal error of tegula. It holds the command line, and names the "
      "model's files without holding them.\n";
  for (size_t at = 0, end; at < version.size(); at = end + 1) {
    end = std::min(version.find('\n', at), version.size());
    text += "# " + version.substr(at, end - at) + "\n";
  }
  text += "cd " + quoted(getcwd(here, sizeof here) ? here : ".") + " || exit\n";
  for (int i = 0; i < argc; ++i)
    text += (i ? " " : "") + quoted(argv[i]);
  text += "\n";
  if (text.size() < sizeof reproducerText) // else there is none
    std::memcpy(reproducerText, text.c_str(), text.size() + 1);
}

void setReproducerInput(const std::string &input) {
  size_t size = std::strlen(reproducerText);
  constexpr const char document[] = " <<'END_OF_INPUT'\n";
  if (size == 0 || size + sizeof document > sizeof reproducerText)
    return;
  std::memcpy(reproducerText + size - 1, document, sizeof document); // in place of the line's end
  inputText = input.data();
  inputSize = input.size();
}

std::string writeReproducer() { return writeScript() ? reproducerFile : ""; }

} // namespace tegula::tools
