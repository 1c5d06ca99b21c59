// Opens, binds and runs through tegula/runtime.h only: what tools measure and verify is what users call.
#include "common/Session.h"

#include "common/Tensors.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace tegula::tools {

Failure fromStatus(const tgl_status &status) {
  switch (status.code) {
  case TGL_OK:
    return {};
  case TGL_ERR_ARGUMENT:
    return {Code::InvalidRun, status.text};
  case TGL_ERR_IO:
    return {Code::CannotOpenArtifact, status.text};
  case TGL_ERR_CORRUPT:
    return {Code::DamagedArtifact, status.text};
  case TGL_ERR_VERSION:
    return {Code::ArtifactVersion, status.text};
  case TGL_ERR_UNSUPPORTED:
    return {Code::ArtifactForOthers, status.text};
  case TGL_ERR_MEMORY:
    return {Code::OutOfMemory, status.text};
  case TGL_ERR_RUN:
    return {Code::RunFailed, status.text};
  }
  return {Code::Internal, status.text};
}

namespace {

Port portOf(const tgl_tensor_info &info) {
  return {info.name,
          tgl_dtype_name(info.dtype),
          {info.dims, info.dims + info.rank},
          {info.dim_names, info.dim_names + info.rank},
          info.bytes};
}

} // namespace

std::string Port::shapeText() const {
  std::string text;
  for (size_t d = 0; d < shape.size(); ++d)
    text += (d ? "x" : "") + (shape[d] < 0 ? dimNames[d] : std::to_string(shape[d]));
  return text.empty() ? "scalar" : text;
}

Failure Session::openFile(const std::string &path, int threads, std::unique_ptr<Session> &session,
                          const std::string &device) {
  session.reset(new Session());
  tgl_status status{};
  if (tgl_model_load_file(path.c_str(), &session->model, &status) != TGL_OK)
    return fromStatus(status);
  return session->start(threads, device);
}

Failure Session::openBytes(std::vector<uint8_t> &&bytes, int threads, std::unique_ptr<Session> &session,
                           const std::string &device) {
  session.reset(new Session());
  // The runtime uses memory in place that begins at a page.
  session->held = std::move(bytes);
  void *at = session->held.data();
  size_t size = session->held.size(), page = size_t(sysconf(_SC_PAGESIZE));
  if (reinterpret_cast<uintptr_t>(at) % page != 0) {
    void *image = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (image == MAP_FAILED)
      return {Code::OutOfMemory, "not enough memory for an artifact of " + std::to_string(size) + " bytes"};
    session->image = image;
    session->imageSize = size;
    std::memcpy(image, at, size);
    session->held = {};
    at = image;
  }
  tgl_status status{};
  if (tgl_model_load_memory(at, size, &session->model, &status) != TGL_OK)
    return fromStatus(status);
  return session->start(threads, device);
}

Session::~Session() {
  tgl_context_free(context);
  tgl_model_free(model);
  if (image)
    munmap(image, imageSize);
}

int Session::threads() const { return tgl_context_threads(context); }
std::string Session::device() const { return tgl_context_device(context); }
int64_t Session::deviceNanoseconds() const { return tgl_context_device_nanoseconds(context); }

Failure describePorts(const tgl_model *model, std::vector<Port> &inputs, std::vector<Port> &outputs) {
  tgl_status status{};
  tgl_tensor_info info{};
  for (int32_t i = 0; i < tgl_model_input_count(model); ++i) {
    if (tgl_model_input(model, i, &info, &status) != TGL_OK)
      return fromStatus(status);
    inputs.push_back(portOf(info));
  }
  for (int32_t i = 0; i < tgl_model_output_count(model); ++i) {
    if (tgl_model_output(model, i, &info, &status) != TGL_OK)
      return fromStatus(status);
    outputs.push_back(portOf(info));
  }
  return {};
}

Failure Session::start(int threads, const std::string &device) {
  if (Failure failure = describePorts(model, inputPorts, outputPorts))
    return failure;
  tgl_model_info info{};
  tgl_model_describe(model, &info);
  symbolic = info.symbols[0] != 0;
  declaredPorts = inputPorts;
  tgl_status status{};
  if (tgl_context_create_on(model, device.c_str(), threads, &context, &status) == TGL_OK)
    return {};
  // A device that is not there, and one that the artifact has no code for, have the same status.
  tgl_device_info found{};
  bool isThere = tgl_device_describe(device.c_str(), &found, nullptr) == TGL_OK;
  if (!isThere && status.code == TGL_ERR_UNSUPPORTED)
    return {Code::DeviceMissing, status.text};
  if (!isThere && status.code == TGL_ERR_ARGUMENT)
    return {Code::UnknownDevice, status.text};
  return fromStatus(status);
}

/// Tells the runtime the shapes of the inputs, and learns those of the outputs.
Failure Session::chooseShapes(const std::vector<HostTensor> &values) {
  tgl_status status{};
  auto refused = [&] { // what was passed were sizes
    return status.code == TGL_ERR_ARGUMENT ? Failure(Code::RunSizes, status.text) : fromStatus(status);
  };
  tgl_tensor_info info{};
  for (size_t i = 0; i < values.size(); ++i) {
    const std::vector<int64_t> &shape = values[i].shape;
    if (tgl_set_input_shape(context, int32_t(i), shape.data(), int32_t(shape.size()), &status) != TGL_OK)
      return refused();
    if (tgl_context_input_shape(context, int32_t(i), &info, &status) != TGL_OK)
      return refused();
    inputPorts[i] = portOf(info);
  }
  for (size_t i = 0; i < outputPorts.size(); ++i) {
    if (tgl_context_output_shape(context, int32_t(i), &info, &status) != TGL_OK)
      return refused();
    outputPorts[i] = portOf(info);
  }
  return {};
}

Failure Session::bind(const std::vector<HostTensor> &values) {
  if (values.size() != inputPorts.size())
    return {Code::InvalidRun, "expected " + std::to_string(inputPorts.size()) + " inputs, got " +
                                  std::to_string(values.size())};
  if (symbolic)
    if (Failure failure = chooseShapes(values))
      return failure;
  tgl_status status{};
  for (size_t i = 0; i < values.size(); ++i) {
    const Port &port = inputPorts[i];
    if (values[i].dtype != port.dtype)
      return {Code::InputType,
              "input '" + port.name + "': expected " + port.dtype + ", got " + values[i].dtype};
    if (values[i].shape != port.shape || values[i].bytes.size() != port.bytes)
      return {Code::InputShape, "input '" + port.name + "': expected shape " + port.shapeText() + ", got " +
                                    shapeText(values[i].shape)};
    void *data = nullptr;
    if (tgl_own_input(context, int32_t(i), &data, &status) != TGL_OK)
      return fromStatus(status);
    if (port.bytes)
      std::memcpy(data, values[i].bytes.data(), port.bytes);
  }
  outputData.assign(outputPorts.size(), nullptr);
  for (size_t i = 0; i < outputPorts.size(); ++i)
    if (tgl_own_output(context, int32_t(i), &outputData[i], &status) != TGL_OK)
      return fromStatus(status);
  return {};
}

Failure Session::run() {
  tgl_status status{};
  tgl_run(context, &status);
  return fromStatus(status);
}

Failure Session::runProfiled(std::vector<int64_t> &nanoseconds) {
  tgl_status status{};
  tgl_target_info target{};
  if (tgl_model_target(model, tgl_context_target(context), &target, &status) != TGL_OK)
    return fromStatus(status);
  nanoseconds.assign(size_t(target.dispatch_count), 0);
  if (tgl_context_profile(context, nanoseconds.data(), nanoseconds.size(), &status) != TGL_OK)
    return fromStatus(status);
  Failure failure = run();
  tgl_context_profile(context, nullptr, 0, nullptr);
  return failure;
}

Failure Session::runTraced(int runs, std::vector<TracedRun> &traced) {
  tgl_status status{};
  tgl_target_info target{};
  if (tgl_model_target(model, tgl_context_target(context), &target, &status) != TGL_OK)
    return fromStatus(status);
  auto now = [] {
    return int64_t(std::chrono::duration_cast<std::chrono::nanoseconds>(
                       std::chrono::steady_clock::now().time_since_epoch())
                       .count());
  };
  Failure failure;
  constexpr size_t mostEvents = 1 << 20; // of a run
  size_t capacity = size_t(std::max(1, target.dispatch_count)) * size_t(threads());
  for (int i = 0; i < runs && !failure; ++i) {
    if (tgl_context_trace(context, capacity, &status) != TGL_OK)
      return fromStatus(status);
    TracedRun &run = traced.emplace_back();
    run.begin = now();
    failure = this->run();
    run.end = now();
    const tgl_event *events = nullptr;
    size_t count = tgl_context_events(context, &events), wanted = tgl_context_events_wanted(context);
    if (!failure && wanted > count && capacity < mostEvents) { // loops launch dispatches once a step
      capacity = std::min(mostEvents, wanted + wanted / 8);    // who takes part varies
      traced.pop_back(), --i;
      continue;
    }
    run.missed = wanted - count;
    run.events.assign(events, events + count);
    std::sort(run.events.begin(), run.events.end(), [](const tgl_event &a, const tgl_event &b) {
      return std::pair(a.begin_nanoseconds, a.thread) < std::pair(b.begin_nanoseconds, b.thread);
    });
  }
  tgl_context_trace(context, 0, nullptr);
  return failure;
}

Failure Session::startCounting() {
  tgl_status status{};
  tgl_context_count(context, 1, &status);
  return fromStatus(status);
}

Failure Session::counts(std::span<const tgl_launch_counts> &counted) const {
  tgl_status status{};
  const tgl_launch_counts *first = nullptr;
  size_t count = 0;
  if (tgl_context_counts(context, &first, &count, &status) == TGL_OK)
    counted = {first, count};
  return fromStatus(status);
}

Failure Session::describeDispatch(int32_t dispatch, DispatchNames &names) const {
  tgl_status status{};
  tgl_dispatch_info info{};
  if (tgl_model_dispatch(model, tgl_context_target(context), dispatch, &info, &status) != TGL_OK)
    return fromStatus(status);
  names = {info.kernel, info.nodes};
  return {};
}

bool Session::usesWideVectors() const {
  tgl_target_info target{};
  return tgl_model_target(model, tgl_context_target(context), &target, nullptr) == TGL_OK &&
         std::strstr(target.features, "avx512f");
}

std::vector<HostTensor> Session::results() const {
  std::vector<HostTensor> values;
  for (size_t i = 0; i < outputPorts.size(); ++i) {
    auto *data = static_cast<const uint8_t *>(outputData[i]);
    values.push_back({outputPorts[i].dtype, outputPorts[i].shape, {data, data + outputPorts[i].bytes}});
  }
  return values;
}

} // namespace tegula::tools
