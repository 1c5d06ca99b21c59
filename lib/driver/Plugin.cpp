// Loads plug-ins: the stamp is read out of the file as data, so that nothing of a library that does not fit
// is ever executed.
#include "tegula/driver/Plugin.h"
#include "tegula/Tegula.h"
#include "tegula/driver/Register.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Transforms/Passes.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/xxhash.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <mutex>
#include <optional>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace llvm;

namespace tegula::driver {

namespace {

struct Loaded {
  std::string path, hash;
  const PluginInfo *info;
};

/// Plug-ins stay until the process ends, as the registry of passes does.
struct Plugins {
  std::mutex mutex;
  std::vector<Loaded> loaded;
};
Plugins &plugins() {
  static Plugins all;
  return all;
}

Error refuse(const Twine &text) { return createStringError(inconvertibleErrorCode(), text); }

/// The largest file that is read; a plug-in is far smaller.
constexpr uint64_t mostBytes = uint64_t(1) << 30;

/// The stamp in a shared library's bytes.
Expected<std::string> stampOf(MemoryBufferRef buffer) {
  const char *none = "is no plug-in of tegula: expected a shared library with TEGULA_PASS_PLUGIN";
  Expected<std::unique_ptr<object::Binary>> binary = object::createBinary(buffer);
  if (!binary) {
    consumeError(binary.takeError());
    return refuse(none);
  }
  auto *library = dyn_cast<object::ELFObjectFileBase>(binary->get());
  if (!library || library->getEType() != ELF::ET_DYN)
    return refuse(none);
  for (const object::SectionRef &section : library->sections()) {
    Expected<StringRef> name = section.getName();
    if (!name) {
      consumeError(name.takeError());
      continue;
    }
    if (*name != ".tegula.plugin")
      continue;
    Expected<StringRef> contents = section.getContents();
    if (!contents) {
      consumeError(contents.takeError());
      return refuse(none);
    }
    std::string stamp = contents->take_until([](char c) { return c == 0; }).str();
    return llvm::all_of(stamp, isPrint) ? Expected<std::string>(stamp) : refuse(none);
  }
  return refuse(none);
}

/// Opens a library; its constructors run.
Expected<const PluginInfo *> open(const std::string &path) {
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *why = dlerror();
    return refuse("cannot be loaded: " + Twine(why ? why : "no reason given"));
  }
  auto info = reinterpret_cast<const PluginInfo *(*)()>(dlsym(library, "tegulaPluginInfo"));
  const PluginInfo *given = info ? info() : nullptr;
  if (!given)
    return refuse("is no plug-in of tegula: it lacks the function tegulaPluginInfo");
  return given;
}

/// Opens a library and registers its passes, between those that are there and those that will be.
Error load(const std::string &path, const PluginInfo *&info) {
  Expected<const PluginInfo *> given = open(path);
  if (!given)
    return given.takeError();
  info = *given;
  if (info->registerPasses)
    info->registerPasses();
  return Error::success();
}

/// What a process that ended wrote last, without LLVM's words in front.
std::string lastWords(StringRef said) {
  StringRef line = said.ltrim().split('\n').first;
  for (StringRef front : {"CommandLine Error: ", "LLVM ERROR: "})
    if (size_t begin = line.find(front); begin != line.npos)
      line = line.drop_front(begin + front.size());
  return line.rtrim(" !\r").str();
}

/// How the trial ends, by the process that was made for it: one that a constructor starts is another.
struct Verdict {
  pid_t process = 0;
  bool isLoaded = false;
};

constexpr unsigned mostSeconds = 60; ///< of a trial

/// Loads the library in a process of its own, and writes a sentence where that cannot be done.
[[noreturn]] void loadApart(const std::string &path, int said, int told) {
  for (int signal = 1; signal < 32; ++signal)
    ::signal(signal, SIG_DFL); // no last words of the tool, and no reproducer
  rlimit noDump{};
  setrlimit(RLIMIT_CORE, &noDump);
  alarm(mostSeconds);
  dup2(said, STDERR_FILENO);
  const PluginInfo *info = nullptr;
  std::string why = toString(load(path, info));
  if (why.empty()) { // its flags must not be those of passes that come later
    registerPasses();
    mlir::registerTransformsPasses();
  }
  if (!why.empty() && write(said, why.data(), why.size()) < 0)
    _exit(2);
  Verdict verdict{getpid(), why.empty()};
  _exit(write(told, &verdict, sizeof verdict) == ssize_t(sizeof verdict) ? 0 : 2);
}

struct Pipe {
  int ends[2] = {-1, -1};
  bool isOpen = pipe2(ends, O_CLOEXEC) == 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
  std::string text; ///< what came out of it, or its beginning

  void closeEnd(int which) {
    if (ends[which] >= 0)
      close(ends[which]);
    ends[which] = -1;
  }
  /// Takes what is there.
  void drain() {
    char buffer[1024];
    ssize_t count = 1;
    while (ends[0] >= 0 && (count = read(ends[0], buffer, sizeof buffer)) > 0)
      if (text.size() < sizeof buffer)
        text.append(buffer, size_t(count));
    if (count == 0)
      closeEnd(0);
  }
  ~Pipe() {
    closeEnd(0);
    closeEnd(1);
  }
};

/// Waits for a trial, and returns the process's status where it can be known. Processes that a constructor
/// starts may keep the pipes open for ever, and the caller may ignore its children's ends: neither is waited
/// for.
std::optional<int> watch(pid_t child, Pipe &said, Pipe &told) {
  using Clock = std::chrono::steady_clock;
  constexpr int milliseconds = 20;
  auto deadline = Clock::now() + std::chrono::seconds(mostSeconds + 5);
  int status = 0;
  pid_t ended = 0;
  while (ended == 0 && told.text.size() < sizeof(Verdict) && Clock::now() < deadline) {
    pollfd both[] = {{said.ends[0], POLLIN, 0}, {told.ends[0], POLLIN, 0}};
    poll(both, 2, milliseconds);
    ended = waitpid(child, &status, WNOHANG);
    told.drain();
    said.drain();
  }
  if (ended == 0 && told.text.size() < sizeof(Verdict))
    kill(child, SIGKILL);
  while (ended == 0 || (ended < 0 && errno == EINTR))
    ended = waitpid(child, &status, 0);
  return ended == child ? std::optional(status) : std::nullopt;
}

/// Whether the library can be loaded at all. LLVM ends the process where two flags of a command line, or of
/// passes, have one name, and constructors may do what they like: a process of its own meets that first.
Error tryApart(const std::string &path) {
  Pipe said, told;
  pid_t child = said.isOpen && told.isOpen ? fork() : -1;
  if (child < 0)
    return refuse("cannot be loaded: " + Twine(strerror(errno)));
  if (child == 0)
    loadApart(path, said.ends[1], told.ends[1]);
  said.closeEnd(1);
  told.closeEnd(1);
  std::optional<int> status = watch(child, said, told);
  Verdict verdict;
  if (told.text.size() >= sizeof verdict)
    std::memcpy(&verdict, told.text.data(), sizeof verdict);
  if (verdict.process == child && verdict.isLoaded)
    return Error::success();
  if (verdict.process == child && !said.text.empty())
    return refuse(said.text);
  std::string why = lastWords(said.text);
  if (why.empty())
    why = status && WIFSIGNALED(*status) ? std::string("it ends the process: ") + strsignal(WTERMSIG(*status))
                                         : "it ends the process";
  return refuse("cannot be loaded: " + why);
}

} // namespace

StringRef pluginStamp() {
  return "tegula " TEGULA_STAMP_VERSION ", LLVM " TEGULA_STAMP_LLVM ", headers " TEGULA_STAMP_HEADERS;
}

Error loadPassPlugin(const std::string &path) {
  Plugins &all = plugins();
  std::lock_guard<std::mutex> lock(all.mutex);
  SmallString<256> real;
  if (std::error_code failure = sys::fs::real_path(path, real))
    return refuse("cannot be read: " + failure.message());
  if (llvm::any_of(all.loaded, [&](const Loaded &known) { return known.path == real.str(); }))
    return Error::success();
  uint64_t size = 0;
  if (!sys::fs::is_regular_file(real) || sys::fs::file_size(real, size) || size > mostBytes)
    return refuse("is no plug-in of tegula: expected a regular file of at most 1 GiB");
  auto buffer = MemoryBuffer::getFile(real, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return refuse("cannot be read: " + buffer.getError().message());
  Expected<std::string> stamp = stampOf(**buffer);
  if (!stamp)
    return stamp.takeError();
  if (*stamp != pluginStamp())
    return refuse("was built against " + *stamp + "; expected " + pluginStamp() + ": build it again");
  if (Error error = tryApart(real.str().str()))
    return error;
  const PluginInfo *info = nullptr;
  if (Error error = load(real.str().str(), info))
    return error;
  XXH128_hash_t value = xxh3_128bits(arrayRefFromStringRef((*buffer)->getBuffer()));
  std::string hash =
      toHex(ArrayRef(reinterpret_cast<const uint8_t *>(&value), sizeof value), /*LowerCase=*/true);
  all.loaded.push_back({real.str().str(), hash, info});
  return Error::success();
}

std::vector<std::string> loadedPluginHashes() {
  Plugins &all = plugins();
  std::lock_guard<std::mutex> lock(all.mutex);
  std::vector<std::string> hashes;
  for (const Loaded &plugin : all.loaded)
    hashes.push_back(plugin.hash);
  return hashes;
}

void registerPluginDialects(mlir::DialectRegistry &registry) {
  Plugins &all = plugins();
  std::lock_guard<std::mutex> lock(all.mutex);
  for (const Loaded &plugin : all.loaded)
    if (plugin.info->registerDialects)
      plugin.info->registerDialects(registry);
}

} // namespace tegula::driver

bool tegula::loadPassPlugin(const std::string &path, std::string &error) {
  error = toString(driver::loadPassPlugin(path));
  return error.empty();
}
