// Stands in for CUDA's driver library where there is no card: checks every call, runs kernels in the
// emulator, fails any one call on demand, and knows what was not given back.
//
// In the environment: FAKE_CUDA_FAIL_AT=N fails the N-th call, FAKE_CUDA_LOG=FILE receives one line a call
// when the process ends, with everything that was wrong; FAKE_CUDA_CAPABILITY=80 is another card than sm_90.
#include "emulator/Emulator.h"
#include "emulator/Program.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace tegula::runtime::emulator;

namespace {

constexpr int success = 0, invalidValue = 1, outOfMemory = 2, notFound = 500, launchFailed = 719,
              unknown = 999;

struct LoadedModule {
  std::unique_ptr<PtxModule> ptx;
};
struct Kernel {
  LoadedModule *module;
  std::string name;
  const Function *function;
  unsigned mostShared = 48 * 1024;
};
struct Issued {
  Kernel *kernel;
  unsigned grid, block, shared;
  std::vector<std::byte> parameters;
};
struct Graph {
  std::vector<Issued> launches;
};
struct Stream {
  bool capturing = false;
  Graph captured;
};
struct Event {
  bool recorded = false;
  double at = 0;
};

/// Everything of the driver's state; there is one.
struct Fake {
  int calls = 0, failAt = 0, retained = 0;
  bool initialised = false;
  void *current = nullptr, *context = this;
  double clock = 0; ///< milliseconds: each launch takes one
  std::vector<std::string> log, problems;
  std::set<void *> streams, events, graphs, executables;
  std::map<void *, std::unique_ptr<LoadedModule>> modules;
  std::map<void *, std::unique_ptr<Kernel>> kernels;
  std::map<unsigned long long, size_t> memory;
  GlobalMemory global;

  Fake() {
    if (const char *text = std::getenv("FAKE_CUDA_FAIL_AT"))
      failAt = std::atoi(text);
  }
  ~Fake() {
    const char *path = std::getenv("FAKE_CUDA_LOG");
    FILE *file = path ? std::fopen(path, "a") : nullptr;
    if (!file)
      return;
    for (const std::string &line : log)
      std::fprintf(file, "%s\n", line.c_str());
    for (const std::string &problem : problems)
      std::fprintf(file, "PROBLEM: %s\n", problem.c_str());
    std::fprintf(file, "objects left: %d\n", live());
    std::fclose(file);
  }

  int live() const {
    return int(streams.size() + events.size() + graphs.size() + executables.size() + modules.size() +
               memory.size()) +
           retained;
  }
  void problem(const std::string &text) { problems.push_back("call " + std::to_string(calls) + ": " + text); }

  /// Counts a call; what it returns is the failure that was asked for.
  int begin(const std::string &call) {
    log.push_back(call);
    if (!initialised && call != "cuInit")
      problem(call + " before cuInit");
    return ++calls == failAt ? (call.starts_with("cuMemAlloc") ? outOfMemory : unknown) : success;
  }
  /// The same for calls that need the card's context on this thread.
  int beginIn(const std::string &call) {
    if (current != context || retained == 0)
      problem(call + " without the card's context");
    return begin(call);
  }

  template <typename T> bool known(const std::set<void *> &set, T *object, const char *what) {
    if (set.count(object))
      return true;
    problem(std::string("no such ") + what);
    return false;
  }

  bool isInside(unsigned long long address, size_t bytes) {
    auto next = memory.upper_bound(address);
    if (next != memory.begin()) {
      auto [base, size] = *std::prev(next);
      if (address - base <= size && bytes <= size - (address - base))
        return true;
    }
    problem("expected an address inside of allocated memory");
    return false;
  }

  int run(const Issued &what) {
    clock += 1;
    std::string error;
    Launch launch{what.kernel->name, {what.grid}, {what.block}, what.shared, what.parameters};
    if (::tegula::runtime::emulator::launch(*what.kernel->module->ptx, global, launch, error))
      return success;
    problem(error);
    return launchFailed;
  }
};

Fake &fake() {
  static Fake instance;
  return instance;
}

template <typename T> void drop(std::set<void *> &set, T *object, const char *what) {
  if (fake().known(set, object, what)) {
    set.erase(object);
    delete object;
  }
}

std::string number(unsigned long long value) { return std::to_string(value); }

} // namespace

extern "C" {

// For tests: begins anew, with the state that cuInit leaves.
void fakeCudaReset(int failAt) {
  fake().calls = 0;
  fake().failAt = failAt;
  fake().log.clear();
  fake().problems.clear();
}
int fakeCudaCalls() { return fake().calls; }
int fakeCudaLive() { return fake().live(); }
const char *fakeCudaProblem() { return fake().problems.empty() ? "" : fake().problems.front().c_str(); }
const char *fakeCudaCall(int index) {
  return index < int(fake().log.size()) ? fake().log[size_t(index)].c_str() : "";
}

int cuInit(unsigned flags) {
  if (int failed = fake().begin("cuInit"))
    return failed;
  fake().initialised = true;
  return flags == 0 ? success : invalidValue;
}

int cuGetErrorName(int code, const char **text) {
  *text = code == outOfMemory    ? "CUDA_ERROR_OUT_OF_MEMORY"
          : code == notFound     ? "CUDA_ERROR_NOT_FOUND"
          : code == launchFailed ? "CUDA_ERROR_LAUNCH_FAILED"
          : code == invalidValue ? "CUDA_ERROR_INVALID_VALUE"
                                 : "CUDA_ERROR_UNKNOWN";
  return success;
}
int cuGetErrorString(int, const char **text) {
  *text = "as the test asked";
  return success;
}

int cuDeviceGetCount(int *count) {
  *count = 1;
  return fake().begin("cuDeviceGetCount");
}
int cuDeviceGet(int *device, int ordinal) {
  *device = ordinal;
  return ordinal == 0 ? fake().begin("cuDeviceGet") : invalidValue;
}
int cuDeviceGetName(char *name, int size, int) {
  std::snprintf(name, size_t(size), "Fake card");
  return fake().begin("cuDeviceGetName");
}
int cuDeviceTotalMem_v2(size_t *bytes, int) {
  *bytes = size_t(1) << 30;
  return fake().begin("cuDeviceTotalMem");
}
int cuDeviceGetAttribute(int *value, int attribute, int) {
  const char *text = std::getenv("FAKE_CUDA_CAPABILITY");
  int capability = text ? std::atoi(text) : 90;
  constexpr int major = 75, minor = 76;
  if (attribute != major && attribute != minor)
    return invalidValue;
  *value = attribute == major ? capability / 10 : capability % 10;
  return fake().begin("cuDeviceGetAttribute");
}

int cuDevicePrimaryCtxRetain(void **context, int) {
  if (int failed = fake().begin("cuDevicePrimaryCtxRetain"))
    return failed;
  ++fake().retained;
  *context = fake().context;
  return success;
}
int cuDevicePrimaryCtxRelease_v2(int) {
  if (--fake().retained < 0)
    fake().problem("a context is released twice");
  return fake().begin("cuDevicePrimaryCtxRelease");
}
int cuCtxGetCurrent(void **context) {
  *context = fake().current;
  return success;
}
int cuCtxSetCurrent(void *context) {
  if (int failed = context ? fake().begin("cuCtxSetCurrent") : success)
    return failed;
  fake().current = context;
  return success;
}

int cuModuleLoadDataEx(void **module, const void *image, unsigned count, int *options, void **values) {
  if (int failed = fake().beginIn("cuModuleLoadDataEx"))
    return failed;
  ParseError error;
  auto loaded = std::make_unique<LoadedModule>();
  loaded->ptx = PtxModule::parse(static_cast<const char *>(image), error);
  if (!loaded->ptx) {
    constexpr int errorLog = 5;
    for (unsigned i = 0; i < count; ++i)
      if (options[i] == errorLog)
        std::snprintf(static_cast<char *>(values[i]), 512, "line %d: %s", error.line, error.text.c_str());
    return invalidValue;
  }
  *module = loaded.get();
  fake().modules[*module] = std::move(loaded);
  return success;
}
int cuModuleUnload(void *module) {
  std::erase_if(fake().kernels, [&](const auto &each) { return each.second->module == module; });
  if (!fake().modules.erase(module))
    fake().problem("no such module");
  return fake().beginIn("cuModuleUnload");
}
int cuModuleGetFunction(void **function, void *module, const char *name) {
  if (int failed = fake().beginIn(std::string("cuModuleGetFunction ") + name))
    return failed;
  if (!fake().modules.count(module))
    fake().problem("no such module");
  const Program &program = static_cast<LoadedModule *>(module)->ptx->program();
  auto entry = program.entries.find(name);
  if (entry == program.entries.end())
    return notFound;
  auto kernel = std::make_unique<Kernel>(
      Kernel{static_cast<LoadedModule *>(module), name, &program.functions[entry->second]});
  *function = kernel.get();
  fake().kernels[*function] = std::move(kernel);
  return success;
}
int cuFuncSetAttribute(void *function, int attribute, int value) {
  constexpr int maxDynamicShared = 8;
  if (attribute != maxDynamicShared || !fake().kernels.count(function))
    fake().problem("no such function or attribute");
  else
    fake().kernels[function]->mostShared = unsigned(value);
  return fake().beginIn("cuFuncSetAttribute " + number(unsigned(value)));
}

int cuMemAlloc_v2(unsigned long long *address, size_t bytes) {
  if (int failed = fake().beginIn("cuMemAlloc " + number(bytes)))
    return failed;
  constexpr size_t alignment = 256;
  void *memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  std::memset(memory, 0xcd, bytes); // nobody may count on zeros
  *address = reinterpret_cast<unsigned long long>(memory);
  fake().memory[*address] = bytes;
  fake().global.add(memory, bytes, "memory of the card");
  return success;
}
int cuMemFree_v2(unsigned long long address) {
  if (fake().memory.erase(address)) {
    fake().global.remove(reinterpret_cast<void *>(address));
    std::free(reinterpret_cast<void *>(address));
  } else {
    fake().problem("memory is freed that is not allocated");
  }
  return fake().beginIn("cuMemFree");
}
int cuMemsetD8Async(unsigned long long address, unsigned char value, size_t bytes, void *stream) {
  if (int failed = fake().beginIn("cuMemsetD8Async " + number(bytes)))
    return failed;
  if (fake().known(fake().streams, stream, "stream") && fake().isInside(address, bytes))
    std::memset(reinterpret_cast<void *>(address), value, bytes);
  return success;
}
int cuMemcpyHtoD_v2(unsigned long long to, const void *from, size_t bytes) {
  if (int failed = fake().beginIn("cuMemcpyHtoD " + number(bytes)))
    return failed;
  if (fake().isInside(to, bytes))
    std::memcpy(reinterpret_cast<void *>(to), from, bytes);
  return success;
}
int cuMemcpyHtoDAsync_v2(unsigned long long to, const void *from, size_t bytes, void *stream) {
  if (int failed = fake().beginIn("cuMemcpyHtoDAsync " + number(bytes)))
    return failed;
  if (fake().known(fake().streams, stream, "stream") && fake().isInside(to, bytes))
    std::memcpy(reinterpret_cast<void *>(to), from, bytes);
  return success;
}
int cuMemcpyDtoHAsync_v2(void *to, unsigned long long from, size_t bytes, void *stream) {
  if (int failed = fake().beginIn("cuMemcpyDtoHAsync " + number(bytes)))
    return failed;
  if (fake().known(fake().streams, stream, "stream") && fake().isInside(from, bytes))
    std::memcpy(to, reinterpret_cast<const void *>(from), bytes);
  return success;
}

int cuStreamCreate(void **stream, unsigned) {
  if (int failed = fake().beginIn("cuStreamCreate"))
    return failed;
  fake().streams.insert(*stream = new Stream);
  return success;
}
int cuStreamDestroy_v2(void *stream) {
  drop(fake().streams, static_cast<Stream *>(stream), "stream");
  return fake().beginIn("cuStreamDestroy");
}
int cuStreamSynchronize(void *stream) {
  if (fake().known(fake().streams, stream, "stream") && static_cast<Stream *>(stream)->capturing)
    fake().problem("a stream that is captured cannot be waited for");
  return fake().beginIn("cuStreamSynchronize");
}
int cuStreamBeginCapture_v2(void *stream, unsigned) {
  if (int failed = fake().beginIn("cuStreamBeginCapture"))
    return failed;
  if (fake().known(fake().streams, stream, "stream"))
    static_cast<Stream *>(stream)->capturing = true;
  return success;
}
int cuStreamEndCapture(void *stream, void **graph) {
  if (fake().known(fake().streams, stream, "stream")) {
    auto *ended = static_cast<Stream *>(stream);
    if (!ended->capturing)
      fake().problem("a capture ends that has not begun");
    ended->capturing = false;
    Graph captured = std::exchange(ended->captured, {});
    if (int failed = fake().beginIn("cuStreamEndCapture"))
      return failed;
    fake().graphs.insert(*graph = new Graph(std::move(captured)));
  }
  return success;
}
int cuGraphInstantiateWithFlags(void **executable, void *graph, unsigned long long) {
  if (int failed = fake().beginIn("cuGraphInstantiate"))
    return failed;
  if (fake().known(fake().graphs, graph, "graph"))
    fake().executables.insert(*executable = new Graph(*static_cast<Graph *>(graph)));
  return success;
}
int cuGraphLaunch(void *executable, void *stream) {
  if (int failed = fake().beginIn("cuGraphLaunch"))
    return failed;
  if (fake().known(fake().executables, executable, "graph") && fake().known(fake().streams, stream, "stream"))
    for (const Issued &launch : static_cast<Graph *>(executable)->launches)
      if (int failed = fake().run(launch))
        return failed;
  return success;
}
int cuGraphDestroy(void *graph) {
  drop(fake().graphs, static_cast<Graph *>(graph), "graph");
  return fake().beginIn("cuGraphDestroy");
}
int cuGraphExecDestroy(void *executable) {
  drop(fake().executables, static_cast<Graph *>(executable), "graph");
  return fake().beginIn("cuGraphExecDestroy");
}

int cuLaunchKernel(void *function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                   unsigned blockY, unsigned blockZ, unsigned shared, void *stream, void **parameters,
                   void **extra) {
  auto kernel = fake().kernels.find(function);
  if (kernel == fake().kernels.end() || !fake().known(fake().streams, stream, "stream")) {
    fake().problem("no such function");
    return invalidValue;
  }
  const Function &entry = *kernel->second->function;
  if (int failed = fake().beginIn("cuLaunchKernel " + entry.name + " grid " + number(gridX) + " block " +
                                  number(blockX) + " shared " + number(shared)))
    return failed;
  if (gridX < 1 || gridY != 1 || gridZ != 1 || blockX < 1 || blockY != 1 || blockZ != 1 || extra ||
      (entry.mostThreads && blockX > entry.mostThreads) || shared > kernel->second->mostShared)
    fake().problem("a launch that no card can do");
  Issued issued{kernel->second.get(), gridX, blockX, shared, {}};
  for (size_t i = 0; i < entry.parameterBytes / 8; ++i) { // all of them have 8 bytes
    auto *bytes = static_cast<const std::byte *>(parameters[i]);
    issued.parameters.insert(issued.parameters.end(), bytes, bytes + 8);
  }
  auto *on = static_cast<Stream *>(stream);
  if (!on->capturing)
    return fake().run(issued);
  on->captured.launches.push_back(std::move(issued));
  return success;
}

int cuEventCreate(void **event, unsigned) {
  if (int failed = fake().beginIn("cuEventCreate"))
    return failed;
  fake().events.insert(*event = new Event);
  return success;
}
int cuEventDestroy_v2(void *event) {
  drop(fake().events, static_cast<Event *>(event), "event");
  return fake().beginIn("cuEventDestroy");
}
int cuEventRecord(void *event, void *stream) {
  if (int failed = fake().beginIn("cuEventRecord"))
    return failed;
  if (fake().known(fake().events, event, "event") && fake().known(fake().streams, stream, "stream"))
    *static_cast<Event *>(event) = {true, fake().clock};
  return success;
}
int cuEventElapsedTime(float *milliseconds, void *begin, void *end) {
  if (int failed = fake().beginIn("cuEventElapsedTime"))
    return failed;
  if (fake().known(fake().events, begin, "event") && fake().known(fake().events, end, "event")) {
    auto *from = static_cast<Event *>(begin), *to = static_cast<Event *>(end);
    if (!from->recorded || !to->recorded)
      fake().problem("an event that was not recorded is asked for its time");
    *milliseconds = float(to->at - from->at);
  }
  return success;
}

} // extern "C"
