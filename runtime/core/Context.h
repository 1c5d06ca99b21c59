// One caller's state for running a model: bound buffers, arena, and the threads or the device that compute.
#pragma once

#include "DeviceBuffer.h"
#include "Model.h"
#include "Shapes.h"
#include "tegula/runtime/core/Trace.h"

#include <atomic>

namespace tegula::runtime {

class Context {
public:
  tgl_code create(std::shared_ptr<Model> model, const DeviceName &on, int threads, tgl_status *status);

  const Model &loaded() const { return *model; }
  const std::string &deviceName() const { return name.text; }
  size_t targetIndex() const { return targetNumber; }
  /// The target's variant that the next run takes, -1 where the shapes do not tell yet.
  int32_t variantIndex() const {
    return shapes.resolved() ? int32_t(target->variantFor(shapes.sizes())) : -1;
  }
  int64_t deviceNanoseconds() const { return device ? device->launchNanoseconds() : 0; }
  int threads() const { return executor->threads(); }
  tgl_code setInputShape(size_t index, const int64_t *dims, int32_t rank, tgl_status *status);
  tgl_code describeInput(size_t index, tgl_tensor_info *info, tgl_status *status) const;
  tgl_code describeOutput(size_t index, tgl_tensor_info *info, tgl_status *status);
  size_t arenaBytes() const { return device ? deviceArena.size() : arena.size(); }
  tgl_code bindInput(size_t index, const void *data, size_t bytes, tgl_status *status);
  tgl_code bindOutput(size_t index, void *data, size_t bytes, tgl_status *status);
  tgl_code ownInput(size_t index, void **data, tgl_status *status);
  tgl_code ownOutput(size_t index, void **data, tgl_status *status);
  tgl_code profile(int64_t *nanoseconds, size_t count, tgl_status *status);
  tgl_code trace(size_t capacity, tgl_status *status);
  const Trace *traced() const { return events.get(); }
  tgl_code count(bool enable, tgl_status *status);
  tgl_code counts(std::span<const tgl_launch_counts> &all, tgl_status *status);
  tgl_code run(tgl_status *status);

private:
  /// A bound buffer, and the memory behind it where it is the context's own.
  struct Binding {
    void *data = nullptr;
    size_t bytes = 0;
    bool bound = false;
    Mapping owned;
    DeviceBuffer copy; ///< what kernels work on, where that is not `data`
  };
  /// What compiled code gets as its host; `host` comes first, so that its address is the context's too.
  struct Host {
    TglHost host;
    Context *context;
  };

  static tgl_code bind(Binding &binding, const tgl_tensor_info &info, void *data, size_t bytes,
                       const char *what, tgl_status *status);
  static tgl_code own(Binding &binding, const tgl_tensor_info &info, void **data, const char *what,
                      tgl_status *status);
  tgl_code findInput(size_t index, tgl_status *status) const;
  tgl_code findOutput(size_t index, tgl_status *status);
  tgl_code makeReady(tgl_status *status);
  tgl_code startDevice(tgl_status *status);
  tgl_code growArena(tgl_status *status);
  tgl_code growOnDevice(tgl_status *status);
  tgl_code checkBindings(tgl_status *status);
  int32_t runHere();
  int32_t runOnDevice(DeviceError &error);
  void noteDeviceTimes(int64_t begin);
  tgl_code explainFailure(int32_t result, const DeviceError &error, tgl_status *status) const;
  static void launch(TglHost *host, TglKernelFn kernel, void *const *buffers, int64_t cells,
                     int32_t dispatch);
  static int32_t read(TglHost *host, const void *address);
  static void refuse(TglHost *host, int32_t check, int64_t first, int64_t second);

  /// What compiled code has said before it gave up; a check of 0 is nothing.
  struct Refusal {
    int32_t check = 0;
    int64_t first = 0, second = 0;
  };

  std::shared_ptr<Model> model;
  const Target *target = nullptr;
  size_t targetNumber = 0;
  DeviceName name;
  std::shared_ptr<Device> opened;        ///< nullptr where threads of this process compute
  std::shared_ptr<DeviceModel> onDevice; ///< the same
  std::unique_ptr<Executor> executor;
  DeviceExecutor *device = nullptr; ///< the executor, where it has memory of its own
  Shapes shapes;
  Mapping arena;
  DeviceBuffer deviceArena;
  std::vector<Binding> inputs, outputs;
  std::vector<void *> inputPointers, outputPointers; ///< what compiled code receives
  bool ready = false; ///< shapes are resolved and the arena holds what they need
  bool bindingsChecked = false;
  bool launchesChanged = true; ///< since the device was last asked to run them
  Refusal refusal;
  int64_t *nanoseconds = nullptr;
  std::unique_ptr<Trace> events; ///< nullptr where nothing is noted
  /// With events on a device: what each launch took, and its cells.
  std::vector<int64_t> deviceTimes, deviceCells;
  Host host = {};
  std::atomic<bool> running = false;
};

} // namespace tegula::runtime

struct tgl_context {
  tegula::runtime::Context context;
};
