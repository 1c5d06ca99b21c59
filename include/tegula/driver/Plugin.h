// What a plug-in of passes is: a shared library with a stamp that is read before any of its code runs, and
// one function that says what it registers. It exists so that a library built against something else is
// refused with a sentence.
#pragma once

#include "tegula/driver/Stamp.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace mlir {
class DialectRegistry;
}

namespace tegula {

/// What a plug-in gives; either function may be null.
struct PluginInfo {
  const char *name;
  void (*registerPasses)();
  void (*registerDialects)(mlir::DialectRegistry &);
};

} // namespace tegula

/// Makes a shared library a plug-in; to be written once, outside of any namespace:
/// `TEGULA_PASS_PLUGIN("my passes", registerMyPasses, nullptr)`.
#define TEGULA_PASS_PLUGIN(NAME, REGISTER_PASSES, REGISTER_DIALECTS)                                         \
  extern "C" [[gnu::visibility("default"), gnu::used, gnu::section(".tegula.plugin")]]                       \
  constexpr char tegulaPluginStamp[] =                                                                       \
      "tegula " TEGULA_STAMP_VERSION ", LLVM " TEGULA_STAMP_LLVM ", headers " TEGULA_STAMP_HEADERS;          \
  extern "C" [[gnu::visibility("default")]] const tegula::PluginInfo *tegulaPluginInfo() {                   \
    static constexpr tegula::PluginInfo info{NAME, REGISTER_PASSES, REGISTER_DIALECTS};                      \
    return &info;                                                                                            \
  }

namespace tegula::driver {

/// The stamp of this build: "tegula 0.1.0, LLVM 22.1.8, headers 0123456789abcdef".
llvm::StringRef pluginStamp();

/// Loads the plug-in at `path` and registers its passes for the whole process; a second time it does nothing.
/// Forks: the library is loaded in a child first, so that one that ends the process is refused.
/// Its dialects come with `registerDialects` from then on.
llvm::Error loadPassPlugin(const std::string &path);

/// The plug-ins that are loaded, as hashes of their files in the order of loading: part of what an artifact
/// was made of.
std::vector<std::string> loadedPluginHashes();

/// Registers the dialects of all plug-ins; `registerDialects` of Register.h does so.
void registerPluginDialects(mlir::DialectRegistry &registry);

} // namespace tegula::driver
