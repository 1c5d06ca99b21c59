// Binds buffers and runs: everything is checked before compiled code, which checks nothing, is called.
#include "Context.h"

#include "Status.h"

#include <algorithm>
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

tgl_code Context::create(std::shared_ptr<Model> shared, const DeviceName &on, int threads,
                         tgl_status *status) {
  model = std::move(shared);
  name = on;
  if (name.open) {
    tgl_status why = {};
    opened = openDevice(name, &why);
    if (!opened)
      return setStatus(status, why.code, why.text);
  }
  if (tgl_code code = model->findTarget(name, opened.get(), targetNumber, status))
    return code;
  target = &model->targets()[targetNumber];
  if (tgl_code code = model->mapCode(targetNumber, status))
    return code;
  executor = createCpuExecutor(threads, target->info().keepDenormals);
  if (!executor)
    return setStatus(status, TGL_ERR_MEMORY, "cannot start the context's threads");
  if (tgl_code code = model->verifyWeights(*executor, status))
    return code;
  if (tgl_code code = model->packWeights(targetNumber, *executor, status))
    return code;
  if (opened)
    if (tgl_code code = startDevice(status))
      return code;
  inputs = std::vector<Binding>(model->inputs.size());
  outputs = std::vector<Binding>(model->outputs.size());
  inputPointers.resize(inputs.size());
  outputPointers.resize(outputs.size());
  shapes.start(*model, *target);
  if (shapes.resolved())
    if (tgl_code code = growArena(status))
      return code;
  host = {{&Context::launch, &Context::read, &Context::refuse}, this};
  return succeed(status);
}

/// Puts a device in the place of this process's threads, which have verified the weights.
tgl_code Context::startDevice(tgl_status *status) {
  if (tgl_code code = model->loadOn(name, *opened, targetNumber, onDevice, status))
    return code;
  DeviceError error;
  std::unique_ptr<DeviceExecutor> made = onDevice->createExecutor(error);
  if (!made)
    return setStatus(status, error.code, "device '" + name.text + "': " + error.text);
  device = made.get();
  executor = std::move(made);
  return TGL_OK;
}

/// Makes a larger arena where the shapes need one; the old one goes first, so that there are never two.
tgl_code Context::growArena(tgl_status *status) {
  ready = false;
  if (device) {
    if (tgl_code code = growOnDevice(status))
      return code;
  } else if (shapes.arenaBytes() > arena.size()) {
    arena = Mapping();
    arena = Mapping::anonymous(shapes.arenaBytes());
    if (!arena.data())
      return setStatus(status, TGL_ERR_MEMORY,
                       "cannot map the arena of " + std::to_string(shapes.arenaBytes()) + " bytes");
  }
  ready = true;
  return TGL_OK;
}

tgl_code Context::growOnDevice(tgl_status *status) {
  launchesChanged = true;
  uint64_t saved = executor->enterRun();
  DeviceError error;
  auto grow = [&](DeviceBuffer &buffer, size_t bytes, const std::string &what) {
    if (!error && (bytes > buffer.size() || !buffer.data()))
      error = buffer.resize(*device, bytes, what);
  };
  grow(deviceArena, shapes.arenaBytes(), "the arena");
  for (size_t i = 0; i < inputs.size(); ++i)
    grow(inputs[i].copy, shapes.input(i).bytes, named("input", shapes.input(i)));
  for (size_t i = 0; i < outputs.size(); ++i)
    grow(outputs[i].copy, shapes.output(i).bytes, named("output", shapes.output(i)));
  executor->leaveRun(saved);
  return error ? setStatus(status, error.code, "device '" + name.text + "': " + error.text) : TGL_OK;
}

/// Computes what follows from the shapes, unless that is done; outputs of another size lose their memory.
tgl_code Context::makeReady(tgl_status *status) {
  if (ready)
    return TGL_OK;
  if (tgl_code code = shapes.agree(status))
    return code;
  if (tgl_code code = shapes.resolve(status))
    return code;
  for (size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i].bytes != shapes.output(i).bytes)
      outputs[i].bound = false;
  bindingsChecked = false;
  return growArena(status);
}

tgl_code Context::setInputShape(size_t index, const int64_t *dims, int32_t rank, tgl_status *status) {
  if (running.load(std::memory_order_acquire))
    return setStatus(status, TGL_ERR_ARGUMENT, "the context is running in another thread");
  bool changed = false;
  if (tgl_code code = shapes.set(index, dims, rank, changed, status))
    return code;
  if (changed) {
    ready = bindingsChecked = false;
    if (inputs[index].bytes != shapes.input(index).bytes)
      inputs[index].bound = false;
  }
  // What does not agree yet may do so once another input is set.
  if (!ready && shapes.agree(nullptr) == TGL_OK)
    if (tgl_code code = makeReady(status))
      return code;
  return succeed(status);
}

tgl_code Context::findInput(size_t index, tgl_status *status) const {
  if (index >= inputs.size())
    return setStatus(status, TGL_ERR_ARGUMENT, "no such input");
  if (!shapes.inputKnown(index))
    return setStatus(status, TGL_ERR_ARGUMENT,
                     "the shape of " + named("input", shapes.input(index)) + " is not set");
  return TGL_OK;
}

tgl_code Context::findOutput(size_t index, tgl_status *status) {
  return index < outputs.size() ? makeReady(status) : setStatus(status, TGL_ERR_ARGUMENT, "no such output");
}

tgl_code Context::describeInput(size_t index, tgl_tensor_info *info, tgl_status *status) const {
  if (index >= inputs.size() || !info)
    return setStatus(status, TGL_ERR_ARGUMENT, "no such input");
  *info = shapes.input(index);
  return succeed(status);
}

tgl_code Context::describeOutput(size_t index, tgl_tensor_info *info, tgl_status *status) {
  if (!info)
    return setStatus(status, TGL_ERR_ARGUMENT, "no such output");
  if (tgl_code code = findOutput(index, status))
    return code;
  *info = shapes.output(index);
  return succeed(status);
}

tgl_code Context::bind(Binding &binding, const tgl_tensor_info &info, void *data, size_t bytes,
                       const char *what, tgl_status *status) {
  if (bytes != info.bytes)
    return setStatus(status, TGL_ERR_ARGUMENT,
                     "expected " + std::to_string(info.bytes) + " bytes for " + named(what, info) + ", got " +
                         std::to_string(bytes));
  if (!data && bytes > 0)
    return setStatus(status, TGL_ERR_ARGUMENT, "expected memory for " + named(what, info));
  if (reinterpret_cast<uintptr_t>(data) % tgl_dtype_size(info.dtype) != 0)
    return setStatus(status, TGL_ERR_ARGUMENT,
                     "expected memory aligned to the elements of " + named(what, info));
  binding.data = bytes > 0 ? data : const_cast<char *>(nothing);
  binding.bytes = bytes;
  binding.bound = true;
  return succeed(status);
}

tgl_code Context::own(Binding &binding, const tgl_tensor_info &info, void **data, const char *what,
                      tgl_status *status) {
  if (!data)
    return setStatus(status, TGL_ERR_ARGUMENT, "expected a place for the address of " + named(what, info));
  if (info.bytes > binding.owned.size()) {
    binding.bound = false;
    binding.owned = Mapping();
    binding.owned = Mapping::anonymous(info.bytes);
    if (!binding.owned.data())
      return setStatus(status, TGL_ERR_MEMORY, "out of memory for " + named(what, info));
  }
  if (tgl_code code = bind(binding, info, binding.owned.data(), info.bytes, what, status))
    return code;
  *data = binding.data;
  return TGL_OK;
}

// An input is never written: the casts only let inputs and outputs share the code that checks them.
tgl_code Context::bindInput(size_t index, const void *data, size_t bytes, tgl_status *status) {
  if (tgl_code code = findInput(index, status))
    return code;
  bindingsChecked = false;
  return bind(inputs[index], shapes.input(index), const_cast<void *>(data), bytes, "input", status);
}
tgl_code Context::bindOutput(size_t index, void *data, size_t bytes, tgl_status *status) {
  if (tgl_code code = findOutput(index, status))
    return code;
  bindingsChecked = false;
  return bind(outputs[index], shapes.output(index), data, bytes, "output", status);
}
tgl_code Context::ownInput(size_t index, void **data, tgl_status *status) {
  if (tgl_code code = findInput(index, status))
    return code;
  bindingsChecked = false;
  return own(inputs[index], shapes.input(index), data, "input", status);
}
tgl_code Context::ownOutput(size_t index, void **data, tgl_status *status) {
  if (tgl_code code = findOutput(index, status))
    return code;
  bindingsChecked = false;
  return own(outputs[index], shapes.output(index), data, "output", status);
}

tgl_code Context::profile(int64_t *to, size_t count, tgl_status *status) {
  size_t expected = target->info().dispatches.size();
  if (to && count != expected)
    return setStatus(status, TGL_ERR_ARGUMENT,
                     "expected room for " + std::to_string(expected) + " dispatches, got " +
                         std::to_string(count));
  nanoseconds = to;
  if (device)
    device->profile(to);
  return succeed(status);
}

tgl_code Context::trace(size_t capacity, tgl_status *status) {
  if (running.load(std::memory_order_acquire))
    return setStatus(status, TGL_ERR_ARGUMENT, "the context is running in another thread");
  executor->trace(nullptr);
  events.reset();
  if (capacity)
    events = std::make_unique<Trace>(capacity);
  executor->trace(events.get());
  if (!device)
    return succeed(status);
  deviceTimes.assign(capacity ? target->info().dispatches.size() : 0, 0);
  deviceCells = deviceTimes;
  return profile(capacity ? deviceTimes.data() : nullptr, deviceTimes.size(), status);
}

tgl_code Context::count(bool enable, tgl_status *status) {
  if (running.load(std::memory_order_acquire))
    return setStatus(status, TGL_ERR_ARGUMENT, "the context is running in another thread");
  if (!device || !device->count(enable))
    return setStatus(status, TGL_ERR_ARGUMENT,
                     "expected the device emulator, which alone counts what kernels do, got " + name.text);
  return succeed(status);
}

tgl_code Context::counts(std::span<const tgl_launch_counts> &all, tgl_status *status) {
  if (running.load(std::memory_order_acquire))
    return setStatus(status, TGL_ERR_ARGUMENT, "the context is running in another thread");
  all = device ? device->counts() : std::span<const tgl_launch_counts>();
  return succeed(status);
}

/// Kernels of a device follow each other: where one begins, those before it say.
void Context::noteDeviceTimes(int64_t begin) {
  for (size_t i = 0; i < deviceTimes.size(); ++i) {
    if (deviceTimes[i] > 0)
      events->add({int32_t(i), 0, deviceCells[i], begin, begin + deviceTimes[i]});
    begin += deviceTimes[i];
  }
}

tgl_code Context::checkBindings(tgl_status *status) {
  for (size_t i = 0; i < inputs.size(); ++i)
    if (!inputs[i].bound)
      return setStatus(status, TGL_ERR_ARGUMENT, named("input", shapes.input(i)) + " is not bound");
  for (size_t i = 0; i < outputs.size(); ++i) {
    auto refuseOverlap = [&](const char *what, const tgl_tensor_info &other) {
      return setStatus(status, TGL_ERR_ARGUMENT,
                       named("output", shapes.output(i)) + " overlaps " + named(what, other));
    };
    if (!outputs[i].bound)
      return setStatus(status, TGL_ERR_ARGUMENT, named("output", shapes.output(i)) + " is not bound");
    for (size_t j = 0; j < inputs.size(); ++j)
      if (overlap(outputs[i].data, outputs[i].bytes, inputs[j].data, inputs[j].bytes))
        return refuseOverlap("input", shapes.input(j));
    for (size_t j = 0; j < i; ++j)
      if (overlap(outputs[i].data, outputs[i].bytes, outputs[j].data, outputs[j].bytes))
        return refuseOverlap("output", shapes.output(j));
  }
  for (size_t i = 0; i < inputs.size(); ++i)
    inputPointers[i] = device ? inputs[i].copy.data() : inputs[i].data;
  for (size_t i = 0; i < outputs.size(); ++i)
    outputPointers[i] = device ? outputs[i].copy.data() : outputs[i].data;
  bindingsChecked = true;
  return TGL_OK;
}

void Context::launch(TglHost *self, TglKernelFn kernel, void *const *buffers, int64_t cells,
                     int32_t dispatch) {
  Context &context = *reinterpret_cast<Host *>(self)->context;
  bool known = dispatch >= 0 && size_t(dispatch) < context.target->info().dispatches.size();
  bool timed = context.nanoseconds && known && !context.device;
  if (!context.deviceCells.empty() && known)
    context.deviceCells[size_t(dispatch)] = cells;
  int64_t begin = timed ? now() : 0;
  if (known || !context.device) // a device finds the kernel by it
    context.executor->launch(kernel, buffers, cells, dispatch);
  if (timed)
    context.nanoseconds[dispatch] += now() - begin; // loops launch it again
}

int32_t Context::read(TglHost *self, const void *address) {
  Context &context = *reinterpret_cast<Host *>(self)->context;
  return context.device ? context.device->read(address) : *static_cast<const uint8_t *>(address);
}

void Context::refuse(TglHost *self, int32_t check, int64_t first, int64_t second) {
  reinterpret_cast<Host *>(self)->context->refusal = {check, first, second};
}

int32_t Context::runHere() {
  return target->entry()(&host.host, inputPointers.data(), outputPointers.data(), model->weights(),
                         arena.data(), shapes.symbolValues(), target->packed.data());
}

int32_t Context::runOnDevice(DeviceError &error) {
  for (size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].bytes)
      device->upload(inputs[i].copy.data(), inputs[i].data, inputs[i].bytes);
  int32_t result = 0;
  if (device->beginLaunches(launchesChanged)) {
    // Compiled code counts from the first weight of the artifact, a device holds those of its target.
    uintptr_t weights = reinterpret_cast<uintptr_t>(onDevice->weights()) - target->info().weightsBegin;
    result = target->entry()(&host.host, inputPointers.data(), outputPointers.data(),
                             reinterpret_cast<const uint8_t *>(weights),
                             static_cast<uint8_t *>(deviceArena.data()), shapes.symbolValues(),
                             /*packed=*/nullptr);
    device->endLaunches();
  }
  for (size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i].bytes)
      device->download(outputs[i].data, outputs[i].copy.data(), outputs[i].bytes);
  error = device->finish();
  launchesChanged = bool(error) || result != 0;
  return result;
}

/// Names the launch that failed and the nodes it computes.
tgl_code Context::explainFailure(int32_t result, const DeviceError &error, tgl_status *status) const {
  std::string text = error ? "device '" + name.text + "': " + error.text
                           : "the compiled code reported failure " + std::to_string(result);
  int64_t failed = error ? error.dispatch : int64_t(result) - 1;
  if (failed >= 0 && size_t(failed) < target->info().dispatches.size()) {
    tgl_dispatch_info info;
    target->describeDispatch(size_t(failed), info);
    text = "kernel '" + std::string(info.kernel) + "' failed, which computes " + info.nodes +
           (error ? ": " + text : "");
  }
  return setStatus(status, error ? error.code : TGL_ERR_RUN, text);
}

tgl_code Context::run(tgl_status *status) {
  if (running.exchange(true, std::memory_order_acquire))
    return setStatus(status, TGL_ERR_ARGUMENT, "the context is running in another thread");
  struct Finish {
    std::atomic<bool> &running;
    ~Finish() { running.store(false, std::memory_order_release); }
  } finish{running};
  if (!ready)
    if (tgl_code code = makeReady(status))
      return code;
  if (!bindingsChecked)
    if (tgl_code code = checkBindings(status))
      return code;
  DeviceError error;
  if (nanoseconds)
    std::fill_n(nanoseconds, target->info().dispatches.size(), 0);
  int64_t begin = deviceTimes.empty() ? 0 : now();
  uint64_t saved = executor->enterRun();
  int32_t result = device ? runOnDevice(error) : runHere();
  executor->leaveRun(saved);
  if (!deviceTimes.empty() && events)
    noteDeviceTimes(begin);
  if (Refusal why = std::exchange(refusal, {}); why.check && !error)
    return shapes.refuse(why.check, why.first, why.second, status);
  return result == 0 && !error ? succeed(status) : explainFailure(result, error, status);
}

} // namespace tegula::runtime
