// One caller's state for running a model: bound buffers, arena and threads.
#pragma once

#include "Model.h"
#include "Shapes.h"

#include <atomic>

namespace tegula::runtime {

class Context {
public:
  tgl_code create(std::shared_ptr<Model> model, int threads, tgl_status *status);

  const Model &loaded() const { return *model; }
  int threads() const { return executor->threads(); }
  tgl_code setInputShape(size_t index, const int64_t *dims, int32_t rank, tgl_status *status);
  tgl_code describeInput(size_t index, tgl_tensor_info *info, tgl_status *status) const;
  tgl_code describeOutput(size_t index, tgl_tensor_info *info, tgl_status *status);
  size_t arenaBytes() const { return arena.size(); }
  tgl_code bindInput(size_t index, const void *data, size_t bytes, tgl_status *status);
  tgl_code bindOutput(size_t index, void *data, size_t bytes, tgl_status *status);
  tgl_code ownInput(size_t index, void **data, tgl_status *status);
  tgl_code ownOutput(size_t index, void **data, tgl_status *status);
  tgl_code profile(int64_t *nanoseconds, size_t count, tgl_status *status);
  tgl_code run(tgl_status *status);

private:
  /// A bound buffer, and the memory behind it where it is the context's own.
  struct Binding {
    void *data = nullptr;
    size_t bytes = 0;
    bool bound = false;
    Mapping owned;
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
  tgl_code growArena(tgl_status *status);
  tgl_code checkBindings(tgl_status *status);
  static void launch(TglHost *host, TglKernelFn kernel, void *const *buffers, int64_t cells,
                     int32_t dispatch);

  std::shared_ptr<Model> model;
  std::unique_ptr<Executor> executor;
  Shapes shapes;
  Mapping arena;
  std::vector<Binding> inputs, outputs;
  std::vector<void *> inputPointers, outputPointers; ///< what compiled code receives
  bool ready = false; ///< shapes are resolved and the arena holds what they need
  bool bindingsChecked = false;
  int64_t *nanoseconds = nullptr;
  Host host = {};
  std::atomic<bool> running = false;
};

} // namespace tegula::runtime

struct tgl_context {
  tegula::runtime::Context context;
};
