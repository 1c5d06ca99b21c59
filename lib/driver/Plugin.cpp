// Loads plug-ins: the stamp is read out of the file as data, so that nothing of a library that does not fit
// is ever executed.
#include "tegula/driver/Plugin.h"
#include "tegula/Tegula.h"

#include "mlir/IR/DialectRegistry.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/xxhash.h"

#include <algorithm>
#include <dlfcn.h>
#include <mutex>
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

/// Registration ends the process where two plug-ins use one flag: say which one was the second.
const char *registering = nullptr;
void onFatalError(void *, const char *reason, bool) {
  std::string text = std::string(registering) + ": error: cannot register its passes: " + reason + "\n";
  if (write(STDERR_FILENO, text.data(), text.size()) < 0)
    _exit(70);
  _exit(1);
}

/// Opens a library whose stamp fits, and registers its passes.
Expected<const PluginInfo *> open(const std::string &path, const std::string &shown) {
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *why = dlerror();
    return refuse("cannot be loaded: " + Twine(why ? why : "no reason given"));
  }
  auto info = reinterpret_cast<const PluginInfo *(*)()>(dlsym(library, "tegulaPluginInfo"));
  const PluginInfo *given = info ? info() : nullptr;
  if (!given)
    return refuse("is no plug-in of tegula: it lacks the function tegulaPluginInfo");
  if (given->registerPasses) {
    registering = shown.c_str();
    ScopedFatalErrorHandler handler(onFatalError);
    given->registerPasses();
  }
  return given;
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
  Expected<const PluginInfo *> info = open(real.str().str(), path);
  if (!info)
    return info.takeError();
  XXH128_hash_t value = xxh3_128bits(arrayRefFromStringRef((*buffer)->getBuffer()));
  std::string hash =
      toHex(ArrayRef(reinterpret_cast<const uint8_t *>(&value), sizeof value), /*LowerCase=*/true);
  all.loaded.push_back({real.str().str(), hash, *info});
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
