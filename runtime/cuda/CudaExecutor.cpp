// Enqueues a run on a stream. The first run of a shape launches kernel by kernel, so that a failure can be
// told from its place; the second is captured as a graph, which all later ones repeat.
#include "CudaExecutor.h"

#include <cstdlib>
#include <cstring>
#include <utility>

namespace tegula::runtime::cuda {

/// A run of more launches, as loops have them, is not captured: a graph holds each of them, with its
/// parameters, in memory of the driver.
static constexpr int64_t longest = 20000;

CudaExecutor::CudaExecutor(const CudaModel &model) : model(model), driver(model.device->driver) {
  // The driver's own way to find a kernel that fails: every launch waits, and returns the failure.
  const char *blocking = std::getenv("CUDA_LAUNCH_BLOCKING");
  eachWaits = blocking && std::strcmp(blocking, "1") == 0;
}

bool CudaExecutor::start(DeviceError &error) {
  uint64_t saved = enterRun();
  bool started = !failure && check("cuStreamCreate", driver.cuStreamCreate(&stream, streamAlone)) &&
                 check("cuEventCreate", driver.cuEventCreate(&begin, 0)) &&
                 check("cuEventCreate", driver.cuEventCreate(&end, 0));
  leaveRun(saved);
  error = failure;
  return started;
}

CudaExecutor::~CudaExecutor() {
  uint64_t saved = enterRun();
  dropGraph();
  profile(nullptr);
  for (EventHandle event : {begin, end})
    if (event)
      driver.cuEventDestroy_v2(event);
  if (stream)
    driver.cuStreamDestroy_v2(stream);
  leaveRun(saved);
}

bool CudaExecutor::check(const char *call, Result code, int32_t dispatch) {
  if (code != success && !failure)
    failure = {code == outOfMemory ? TGL_ERR_MEMORY : TGL_ERR_RUN, driver.explain(call, code), dispatch};
  return code == success;
}

uint64_t CudaExecutor::enterRun() {
  ContextHandle before = nullptr;
  driver.cuCtxGetCurrent(&before);
  isCurrent = before == model.device->context ||
              check("cuCtxSetCurrent", driver.cuCtxSetCurrent(model.device->context));
  return reinterpret_cast<uint64_t>(before);
}

void CudaExecutor::leaveRun(uint64_t saved) {
  auto before = reinterpret_cast<ContextHandle>(saved);
  if (before != model.device->context)
    driver.cuCtxSetCurrent(before);
}

void *CudaExecutor::allocate(size_t bytes, const std::string &name, DeviceError &error) {
  Address memory = 0;
  size_t size = bytes ? bytes : 1;
  bool zeroed = !failure && check("cuMemAlloc", driver.cuMemAlloc_v2(&memory, size)) &&
                check("cuMemsetD8Async", driver.cuMemsetD8Async(memory, 0, size, stream));
  if (zeroed)
    return reinterpret_cast<void *>(memory);
  if (memory)
    driver.cuMemFree_v2(memory);
  error = std::exchange(failure, {});
  error.text += ", for " + name + " of " + std::to_string(bytes) + " bytes";
  return nullptr;
}

void CudaExecutor::release(void *memory) {
  uint64_t saved = enterRun();
  driver.cuMemFree_v2(reinterpret_cast<Address>(memory));
  leaveRun(saved);
}

void CudaExecutor::upload(void *to, const void *from, size_t bytes) {
  if (!failure)
    check("cuMemcpyHtoDAsync",
          driver.cuMemcpyHtoDAsync_v2(reinterpret_cast<Address>(to), from, bytes, stream));
}

void CudaExecutor::download(void *to, const void *from, size_t bytes) {
  if (!failure)
    check("cuMemcpyDtoHAsync",
          driver.cuMemcpyDtoHAsync_v2(to, reinterpret_cast<Address>(from), bytes, stream));
}

// ---- Launches ----

bool CudaExecutor::beginLaunches(bool changed) {
  if (changed) {
    dropGraph();
    alike = 0;
    isLong = false;
  }
  timed.clear();
  numLaunches = 0;
  if (failure || !check("cuEventRecord", driver.cuEventRecord(begin, stream)))
    return true; // launches are left out
  if (graph && !times) {
    if (check("cuGraphLaunch", driver.cuGraphLaunch(graph, stream)))
      check("cuEventRecord", driver.cuEventRecord(end, stream));
    return false;
  }
  if (!times && !eachWaits && !reads && !isLong && ++alike > 1)
    capturing = check("cuStreamBeginCapture", driver.cuStreamBeginCapture_v2(stream, captureThread));
  return true;
}

void CudaExecutor::launch(TglKernelFn, void *const *buffers, int64_t cells, int32_t dispatch) {
  if (failure || cells <= 0)
    return;
  isLong |= ++numLaunches > longest;
  uint32_t kernel = model.target.dispatches[size_t(dispatch)].kernel;
  const artifact::LaunchInfo &how = model.target.kernels[kernel].launch;
  uint64_t blocks = (uint64_t(cells) - 1) / how.cellsPerBlock + 1;
  if (blocks > INT32_MAX) {
    failure = {TGL_ERR_RUN, "expected a grid of at most 2147483647 blocks, got " + std::to_string(blocks),
               dispatch};
    return;
  }
  values.clear();
  for (uint32_t i = 0; i < how.buffers; ++i)
    values.push_back(reinterpret_cast<uint64_t>(buffers[i]));
  for (uint32_t i = 0; i < how.sizes; ++i)
    values.push_back(uint64_t(static_cast<const int64_t *>(buffers[how.buffers])[i]));
  values.push_back(uint64_t(cells));
  parameters.clear();
  for (uint64_t &value : values)
    parameters.push_back(&value);
  if (times && !timeLaunch(dispatch))
    return;
  Result code = driver.cuLaunchKernel(model.functions[kernel], unsigned(blocks), 1, 1, how.threads, 1, 1,
                                      how.sharedBytes, stream, parameters.data(), nullptr);
  if (check("cuLaunchKernel", code, dispatch) && eachWaits)
    check("cuStreamSynchronize", driver.cuStreamSynchronize(stream), dispatch);
}

void CudaExecutor::endLaunches() {
  if (capturing) {
    capturing = false;
    GraphHandle captured = nullptr;
    Result code = driver.cuStreamEndCapture(stream, &captured); // also where a launch failed
    if (!failure && check("cuStreamEndCapture", code))
      repeat(captured);
    if (captured)
      driver.cuGraphDestroy(captured);
  }
  if (times && !failure && !timed.empty())
    timeLaunch(-1);
  if (!failure)
    check("cuEventRecord", driver.cuEventRecord(end, stream));
}

uint8_t CudaExecutor::read(const void *address) {
  reads = true; // noted by the first run, which is never captured
  uint8_t byte = 0;
  download(&byte, address, 1);
  if (!failure)
    check("cuStreamSynchronize", driver.cuStreamSynchronize(stream));
  return failure ? 0 : byte;
}

/// Makes the graph of a captured run, whose launches are still to be done.
void CudaExecutor::repeat(GraphHandle captured) {
  if (check("cuGraphInstantiateWithFlags", driver.cuGraphInstantiateWithFlags(&graph, captured, 0)))
    check("cuGraphLaunch", driver.cuGraphLaunch(graph, stream));
  else
    graph = nullptr;
}

void CudaExecutor::dropGraph() {
  if (graph)
    driver.cuGraphExecDestroy(graph);
  graph = nullptr;
}

DeviceError CudaExecutor::finish() {
  // Also after a failure: what was enqueued may still use the caller's memory.
  if (isCurrent)
    check("cuStreamSynchronize", driver.cuStreamSynchronize(stream));
  float milliseconds = 0;
  if (!failure && check("cuEventElapsedTime", driver.cuEventElapsedTime(&milliseconds, begin, end)))
    total = int64_t(double(milliseconds) * 1e6);
  if (times && !failure)
    readTimes();
  return std::exchange(failure, {});
}

// ---- Times ----

/// Records an event in front of a launch, or behind the last one (-1).
bool CudaExecutor::timeLaunch(int32_t dispatch) {
  if (timed.size() == events.size()) {
    EventHandle event = nullptr;
    if (!check("cuEventCreate", driver.cuEventCreate(&event, 0), dispatch))
      return false;
    events.push_back(event);
  }
  EventHandle event = events[timed.size()];
  timed.push_back(dispatch);
  return check("cuEventRecord", driver.cuEventRecord(event, stream), dispatch);
}

void CudaExecutor::readTimes() {
  for (size_t i = 0; i + 1 < timed.size(); ++i) {
    float milliseconds = 0;
    if (check("cuEventElapsedTime", driver.cuEventElapsedTime(&milliseconds, events[i], events[i + 1]),
              timed[i]))
      times[timed[i]] += int64_t(double(milliseconds) * 1e6);
  }
}

void CudaExecutor::profile(int64_t *nanoseconds) {
  times = nanoseconds;
  if (times)
    return;
  for (EventHandle event : events)
    driver.cuEventDestroy_v2(event);
  events.clear();
}

} // namespace tegula::runtime::cuda
