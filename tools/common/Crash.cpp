// Ends the process on crashes, limits and signals with async-signal-safe calls only: the heap may be what
// broke, so that everything they need is written down beforehand.
#include "common/Crash.h"

#include "common/Progress.h"
#include "common/Report.h"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <new>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace tegula::tools {

namespace {

char crashTool[64] = "tegula", memoryText[128], timeText[128];
char reproducerFolder[4096], reproducerInput[4200], reproducerScript[4200];
char *const *reproducerWords = nullptr; ///< of the command that makes a reproducer
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

/// Keeps what standard input held, which is gone; false where it cannot be written.
bool writeInput() {
  if (!inputText)
    return true;
  int file = open(reproducerInput, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0)
    return false;
  bool ok = writeTo(file, inputText, inputSize);
  return close(file) == 0 && ok;
}

/// Lets a process of its own make the reproducer: this one may be broken. False where there is none.
bool runReproducer() {
  if (!reproducerWords || mkdir(reproducerFolder, 0700) != 0 || !writeInput())
    return false;
  signal(SIGCHLD, SIG_DFL); // where it was ignored, no one would know how the child ended
  pid_t child = fork();
  if (child == 0) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr); // the signal at hand is blocked
    execv("/proc/self/exe", reproducerWords);
    _exit(127);
  }
  int status = 0;
  pid_t ended = -1;
  while (child > 0 && (ended = waitpid(child, &status, 0)) < 0 && errno == EINTR)
    continue;
  return child > 0 && ended == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void onCrash(int signal) {
  cleanUp();
  const char *what = signal == SIGSEGV   ? "segmentation fault"
                     : signal == SIGABRT ? "aborted"
                     : signal == SIGBUS  ? "bus error"
                     : signal == SIGFPE  ? "arithmetic fault"
                                         : "illegal instruction";
  sayMessage(
      "internal error", "E7001",
      {what, reproducerWords ? "; -v prints the IR, --save-temps=DIR keeps it after every phase" : ""});
  if (runReproducer())
    sayMessage("note", "", {"to repeat it: sh ", reproducerScript});
  _exit(int(outcomeOf(Code::Crash)));
}

/// Files are read where they are mapped: what lies behind a new, earlier end is not there any more.
void onBusError(int signal, siginfo_t *info, void *) {
  if (info->si_code != BUS_ADRERR)
    return onCrash(signal);
  cleanUp();
  sayMessage("error", "E0110",
             {"a file became shorter while it was read: run again when nothing else writes to it"});
  _exit(int(outcomeOf(Code::CannotRead)));
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
  for (int signal : {SIGSEGV, SIGABRT, SIGFPE, SIGILL})
    sigaction(signal, &action, nullptr);
  struct sigaction bus{};
  bus.sa_sigaction = onBusError;
  bus.sa_flags = SA_ONSTACK | SA_RESETHAND | SA_SIGINFO;
  sigaction(SIGBUS, &bus, nullptr);
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

bool parseBytes(const std::string &text, uint64_t &bytes) {
  size_t digits = 0;
  bytes = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9' && digits < 15; ++digits)
    bytes = bytes * 10 + uint64_t(text[digits] - '0');
  const char *units = "KMGT";
  std::string unit = text.substr(digits);
  const char *found = unit.empty() ? nullptr : std::strchr(units, unit[0]);
  if (digits == 0 || (!unit.empty() && (!found || (unit.size() > 1 && unit.substr(1) != "iB"))))
    return false;
  unsigned shift = found ? unsigned(found - units + 1) * 10 : 0;
  bool fits = (bytes << shift) >> shift == bytes;
  bytes <<= shift;
  return fits && bytes > 0;
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
  seconds = std::min(seconds, 1e9); // what a timer takes
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

std::string quotedForShell(const std::string &word) {
  auto isPlain = [](unsigned char c) { return std::isalnum(c) || std::strchr("-_./=:,@+%", c); };
  if (!word.empty() && std::all_of(word.begin(), word.end(), isPlain))
    return word;
  std::string text = "'";
  for (char c : word)
    text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

void setReproducer(int argc, const char *const *argv) {
  const char *place = std::getenv("TMPDIR");
  std::string folder =
      std::string(place && *place ? place : "/tmp") + "/tegula-reproducer-" + std::to_string(getpid());
  if (folder.size() >= sizeof reproducerFolder)
    return;
  std::snprintf(reproducerFolder, sizeof reproducerFolder, "%s", folder.c_str());
  std::snprintf(reproducerInput, sizeof reproducerInput, "%s/%s", reproducerFolder, reproducedInput);
  std::snprintf(reproducerScript, sizeof reproducerScript, "%s/%s", reproducerFolder, replayScript);
  static std::vector<std::string> words = {argv[0], "reproduce", folder, "--"}; // a crash needs them
  words.insert(words.end(), argv + 1, argv + argc);
  static std::vector<char *> pointers;
  for (std::string &word : words)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);
  reproducerWords = pointers.data();
}

void setReproducerInput(const std::string &input) {
  inputText = input.data();
  inputSize = input.size();
}

std::string writeReproducer() { return runReproducer() ? reproducerScript : ""; }

} // namespace tegula::tools
