// Binds buffers and runs: everything is checked before compiled code, which checks nothing, is called.
#include "Context.h"

#include "Status.h"

#include <chrono>

namespace tegula::runtime {
namespace {

/// Owned buffers begin on whole cache lines; pages are mapped, so this holds by itself.
constexpr size_t emptyTensorAlignment = 64;
/// Where empty tensors point, so that compiled code never sees a null pointer.
alignas(emptyTensorAlignment) constexpr char nothing[emptyTensorAlignment] = {};

std::string named(const char *what, const tgl_tensor_info &info) {
  return std::string(what) + " '" + info.name + "'";
}

bool overlap(const void *a, size_t aBytes, const void *b, size_t bBytes) {
  auto first = reinterpret_cast<uintptr_t>(a), second = reinterpret_cast<uintptr_t>(b);
  return aBytes && bBytes && (first < second ? second - first < aBytes : first - second < bBytes);
}

int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

} // namespace

tgl_code Context::create(std::shared_ptr<Model> shared, int threads, tgl_status *status) {
  model = std::move(shared);
  executor = createCpuExecutor(threads, model->manifest().keepDenormals);
  if (!executor)
    return setStatus(status, TGL_ERR_MEMORY, "cannot start the context's threads");
  if (tgl_code code = model->verifyWeights(*executor, status))
    return code;
  arena = Mapping::anonymous(model->manifest().arenaBytes);
  if (model->manifest().arenaBytes > 0 && !arena.data())
    return setStatus(status, TGL_ERR_MEMORY,
                     "cannot map the arena of " + std::to_string(model->manifest().arenaBytes) + " bytes");
  inputs = std::vector<Binding>(model->inputs.size());
  outputs = std::vector<Binding>(model->outputs.size());
  inputPointers.resize(inputs.size());
  outputPointers.resize(outputs.size());
  host = {{&Context::launch}, this};
  return succeed(status);
}

tgl_code Context::bind(std::vector<Binding> &bindings, const std::vector<TensorDescription> &tensors,
                       size_t index, void *data, size_t bytes, const char *what, tgl_status *status) {
  if (index >= bindings.size())
    return setStatus(status, TGL_ERR_ARGUMENT, std::string("no such ") + what);
  const tgl_tensor_info &info = tensors[index].info;
  if (bytes != info.bytes)
    return setStatus(status, TGL_ERR_ARGUMENT,
                     "expected " + std::to_string(info.bytes) + " bytes for " + named(what, info) + ", got " +
                         std::to_string(bytes));
  if (!data && bytes > 0)
    return setStatus(status, TGL_ERR_ARGUMENT, "expected memory for " + named(what, info));
  if (reinterpret_cast<uintptr_t>(data) % tgl_dtype_size(info.dtype) != 0)
    return setStatus(status, TGL_ERR_ARGUMENT,
                     "expected memory aligned to the elements of " + named(what, info));
  bindings[index].data = bytes > 0 ? data : const_cast<char *>(nothing);
  bindings[index].bound = true;
  bindingsChecked = false;
  return succeed(status);
}

tgl_code Context::own(std::vector<Binding> &bindings, const std::vector<TensorDescription> &tensors,
                      size_t index, void **data, const char *what, tgl_status *status) {
  if (index >= bindings.size() || !data)
    return setStatus(status, TGL_ERR_ARGUMENT, std::string("no such ") + what);
  Binding &binding = bindings[index];
  const tgl_tensor_info &info = tensors[index].info;
  if (!binding.owned.data() && info.bytes > 0) {
    binding.owned = Mapping::anonymous(info.bytes);
    if (!binding.owned.data())
      return setStatus(status, TGL_ERR_MEMORY, "out of memory for " + named(what, info));
  }
  if (tgl_code code = bind(bindings, tensors, index, binding.owned.data(), info.bytes, what, status))
    return code;
  *data = binding.data;
  return TGL_OK;
}

// An input is never written: the casts only let inputs and outputs share the code that checks them.
tgl_code Context::bindInput(size_t index, const void *data, size_t bytes, tgl_status *status) {
  return bind(inputs, model->inputs, index, const_cast<void *>(data), bytes, "input", status);
}
tgl_code Context::bindOutput(size_t index, void *data, size_t bytes, tgl_status *status) {
  return bind(outputs, model->outputs, index, data, bytes, "output", status);
}
tgl_code Context::ownInput(size_t index, void **data, tgl_status *status) {
  return own(inputs, model->inputs, index, data, "input", status);
}
tgl_code Context::ownOutput(size_t index, void **data, tgl_status *status) {
  return own(outputs, model->outputs, index, data, "output", status);
}

tgl_code Context::profile(int64_t *to, size_t count, tgl_status *status) {
  size_t expected = model->manifest().dispatches.size();
  if (to && count != expected)
    return setStatus(status, TGL_ERR_ARGUMENT,
                     "expected room for " + std::to_string(expected) + " dispatches, got " +
                         std::to_string(count));
  nanoseconds = to;
  return succeed(status);
}

tgl_code Context::checkBindings(tgl_status *status) {
  auto sizeOf = [](const std::vector<TensorDescription> &tensors, size_t i) { return tensors[i].info.bytes; };
  for (size_t i = 0; i < inputs.size(); ++i)
    if (!inputs[i].bound)
      return setStatus(status, TGL_ERR_ARGUMENT, named("input", model->inputs[i].info) + " is not bound");
  for (size_t i = 0; i < outputs.size(); ++i) {
    const tgl_tensor_info &info = model->outputs[i].info;
    if (!outputs[i].bound)
      return setStatus(status, TGL_ERR_ARGUMENT, named("output", info) + " is not bound");
    for (size_t j = 0; j < inputs.size(); ++j)
      if (overlap(outputs[i].data, info.bytes, inputs[j].data, sizeOf(model->inputs, j)))
        return setStatus(status, TGL_ERR_ARGUMENT,
                         named("output", info) + " overlaps " + named("input", model->inputs[j].info));
    for (size_t j = 0; j < i; ++j)
      if (overlap(outputs[i].data, info.bytes, outputs[j].data, sizeOf(model->outputs, j)))
        return setStatus(status, TGL_ERR_ARGUMENT,
                         named("output", info) + " overlaps " + named("output", model->outputs[j].info));
  }
  for (size_t i = 0; i < inputs.size(); ++i)
    inputPointers[i] = inputs[i].data;
  for (size_t i = 0; i < outputs.size(); ++i)
    outputPointers[i] = outputs[i].data;
  bindingsChecked = true;
  return TGL_OK;
}

void Context::launch(TglHost *self, TglKernelFn kernel, void *const *buffers, int64_t cells,
                     int32_t dispatch) {
  Context &context = *reinterpret_cast<Host *>(self)->context;
  bool timed =
      context.nanoseconds && dispatch >= 0 && size_t(dispatch) < context.model->manifest().dispatches.size();
  int64_t begin = timed ? now() : 0;
  context.executor->launch(kernel, buffers, cells);
  if (timed)
    context.nanoseconds[dispatch] = now() - begin;
}

tgl_code Context::run(tgl_status *status) {
  if (running.exchange(true, std::memory_order_acquire))
    return setStatus(status, TGL_ERR_ARGUMENT, "the context is running in another thread");
  struct Finish {
    std::atomic<bool> &running;
    ~Finish() { running.store(false, std::memory_order_release); }
  } finish{running};
  if (!bindingsChecked)
    if (tgl_code code = checkBindings(status))
      return code;
  uint32_t saved = executor->enterRun();
  int32_t result =
      model->entry()(&host.host, inputPointers.data(), outputPointers.data(), model->weights(), arena.data());
  executor->leaveRun(saved);
  if (result == 0)
    return succeed(status);
  std::string text = "the compiled code reported failure " + std::to_string(result);
  if (result > 0 && size_t(result) <= model->manifest().dispatches.size()) {
    tgl_dispatch_info info;
    model->describeDispatch(size_t(result) - 1, info);
    text = "kernel '" + std::string(info.kernel) + "' failed, which computes " + info.nodes;
  }
  return setStatus(status, TGL_ERR_RUN, text);
}

} // namespace tegula::runtime
