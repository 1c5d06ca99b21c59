// One context's work on a card: a stream, its memory, and the graph that repeats a run's launches.
#pragma once

#include "CudaDevice.h"

namespace tegula::runtime::cuda {

class CudaExecutor : public DeviceExecutor {
public:
  explicit CudaExecutor(const CudaModel &model);
  ~CudaExecutor() override;
  bool start(DeviceError &error);

  uint64_t enterRun() override;
  void leaveRun(uint64_t saved) override;
  void *allocate(size_t bytes, const std::string &name, DeviceError &error) override;
  void release(void *memory) override;
  void upload(void *to, const void *from, size_t bytes) override;
  void download(void *to, const void *from, size_t bytes) override;
  bool beginLaunches(bool changed) override;
  void launch(TglKernelFn kernel, void *const *buffers, int64_t cells, int32_t dispatch) override;
  void endLaunches() override;
  uint8_t read(const void *address) override;
  DeviceError finish() override;
  void profile(int64_t *nanoseconds) override;
  int64_t launchNanoseconds() const override { return total; }

private:
  /// Notes the first failure of a run; whether there is none.
  bool check(const char *call, Result code, int32_t dispatch = -1);
  bool timeLaunch(int32_t dispatch);
  void readTimes();
  void repeat(GraphHandle captured);
  void dropGraph();

  const CudaModel &model;
  const Driver &driver;
  StreamHandle stream = nullptr;
  EventHandle begin = nullptr, end = nullptr; ///< around the launches of a run
  DeviceError failure;
  bool isCurrent = false;       ///< whether the calling thread works in the card's context
  std::vector<uint64_t> values; ///< of a launch's parameters
  std::vector<void *> parameters;

  GraphExecHandle graph = nullptr;
  int alike = 0; ///< runs since the launches last changed
  bool capturing = false, eachWaits = false;
  int64_t numLaunches = 0; ///< of this run
  bool isLong = false;     ///< a run had too many launches for a graph
  bool reads = false;      ///< launches follow from what others computed: no graph can repeat them

  int64_t *times = nullptr; ///< of the caller
  int64_t total = 0;
  std::vector<EventHandle> events; ///< one before each launch of a profiled run, one behind the last
  std::vector<int32_t> timed;      ///< which dispatches those were
};

} // namespace tegula::runtime::cuda
