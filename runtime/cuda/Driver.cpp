// Finds the driver library and its functions.
#include "Driver.h"

#include <cstdlib>
#include <dlfcn.h>
#include <mutex>

namespace tegula::runtime::cuda {

/// The names of calls end in a version where the ABI has several; people know them without.
static std::string plainName(std::string name) {
  size_t version = name.rfind("_v");
  return version == name.npos ? name : name.substr(0, version);
}

std::string Driver::explain(const char *call, Result code) const {
  const char *name = nullptr, *text = nullptr;
  if (cuGetErrorName(code, &name) != success || !name)
    name = "an unknown error";
  if (cuGetErrorString(code, &text) != success || !text)
    text = "no description";
  return plainName(call) + ": " + name + " (" + text + ")";
}

/// Looks every function up; the first that is missing is named in `error`.
static bool findFunctions(void *library, const char *path, Driver &driver, std::string &error) {
#define TEGULA_CUDA_FIND(name, ...)                                                                          \
  driver.name = reinterpret_cast<decltype(driver.name)>(dlsym(library, #name));                              \
  if (!driver.name) {                                                                                        \
    error = std::string(path) + " has no function " #name ": expected the driver of CUDA 11.4 or newer";     \
    return false;                                                                                            \
  }
  TEGULA_CUDA_FUNCTIONS(TEGULA_CUDA_FIND)
#undef TEGULA_CUDA_FIND
  return true;
}

const Driver *loadDriver(DeviceError &error) {
  static std::mutex mutex;
  static Driver driver;
  static bool loaded = false;
  std::lock_guard lock(mutex);
  if (loaded)
    return &driver;
  const char *asked = std::getenv("TEGULA_CUDA_DRIVER");
  const char *path = asked && *asked ? asked : "libcuda.so.1";
  error.code = TGL_ERR_UNSUPPORTED;
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    error.text = std::string("no driver library: ") + dlerror();
    return nullptr;
  }
  if (!findFunctions(library, path, driver, error.text)) {
    dlclose(library);
    return nullptr;
  }
  if (Result code = driver.cuInit(0)) { // tried again by whoever asks next
    error.text = driver.explain("cuInit", code);
    dlclose(library);
    return nullptr;
  }
  error = {};
  loaded = true;
  return &driver;
}

} // namespace tegula::runtime::cuda
