// The context half of the C API: argument checks around Context.
#include "Context.h"
#include "Status.h"

#include <new>

using namespace tegula::runtime;

tgl_code tgl_context_create_on(tgl_model *model, const char *device, int32_t threads, tgl_context **context,
                               tgl_status *status) {
  if (!model || !context)
    return setStatus(status, TGL_ERR_ARGUMENT, "expected a model and a place for the context");
  *context = nullptr;
  constexpr int32_t maxThreads = 1024;
  if (threads < 0 || threads > maxThreads)
    return setStatus(status, TGL_ERR_ARGUMENT, "expected 0 to 1024 threads");
  return guarded(status, [&] {
    DeviceName name;
    if (tgl_code code = parseDevice(device, name, status))
      return code;
    auto made = std::make_unique<tgl_context>();
    if (tgl_code code = made->context.create(model->shared, name, threads, status))
      return code;
    *context = made.release();
    return succeed(status);
  });
}

tgl_code tgl_context_create(tgl_model *model, int32_t threads, tgl_context **context, tgl_status *status) {
  return tgl_context_create_on(model, "cpu", threads, context, status);
}

void tgl_context_free(tgl_context *context) { delete context; }
int32_t tgl_context_threads(const tgl_context *context) { return context->context.threads(); }
const char *tgl_context_device(const tgl_context *context) { return context->context.deviceName().c_str(); }
int32_t tgl_context_target(const tgl_context *context) { return int32_t(context->context.targetIndex()); }
int32_t tgl_context_variant(const tgl_context *context) { return context->context.variantIndex(); }
int64_t tgl_context_device_nanoseconds(const tgl_context *context) {
  return context->context.deviceNanoseconds();
}

tgl_code tgl_set_input_shape(tgl_context *context, int32_t index, const int64_t *dims, int32_t rank,
                             tgl_status *status) {
  return guarded(status, [&] { return context->context.setInputShape(size_t(index), dims, rank, status); });
}

tgl_code tgl_context_input_shape(tgl_context *context, int32_t index, tgl_tensor_info *info,
                                 tgl_status *status) {
  return guarded(status, [&] { return context->context.describeInput(size_t(index), info, status); });
}

tgl_code tgl_context_output_shape(tgl_context *context, int32_t index, tgl_tensor_info *info,
                                  tgl_status *status) {
  return guarded(status, [&] { return context->context.describeOutput(size_t(index), info, status); });
}

size_t tgl_context_arena_bytes(const tgl_context *context) { return context->context.arenaBytes(); }

tgl_code tgl_bind_input(tgl_context *context, int32_t index, const void *data, size_t bytes,
                        tgl_status *status) {
  return guarded(status, [&] { return context->context.bindInput(size_t(index), data, bytes, status); });
}

tgl_code tgl_bind_output(tgl_context *context, int32_t index, void *data, size_t bytes, tgl_status *status) {
  return guarded(status, [&] { return context->context.bindOutput(size_t(index), data, bytes, status); });
}

/// The index of a name, or a number that no list reaches.
static size_t findIndex(const std::vector<TensorDescription> &list, const char *name) {
  for (size_t i = 0; name && i < list.size(); ++i)
    if (std::string_view(list[i].info.name) == name)
      return i;
  return SIZE_MAX;
}

static tgl_code refuseName(const char *what, const char *name, tgl_status *status) {
  return setStatus(status, TGL_ERR_ARGUMENT,
                   std::string("the model has no ") + what + " '" + (name ? name : "") + "'");
}

tgl_code tgl_bind_input_named(tgl_context *context, const char *name, const void *data, size_t bytes,
                              tgl_status *status) {
  return guarded(status, [&] {
    size_t index = findIndex(context->context.loaded().inputs, name);
    return index == SIZE_MAX ? refuseName("input", name, status)
                             : context->context.bindInput(index, data, bytes, status);
  });
}

tgl_code tgl_bind_output_named(tgl_context *context, const char *name, void *data, size_t bytes,
                               tgl_status *status) {
  return guarded(status, [&] {
    size_t index = findIndex(context->context.loaded().outputs, name);
    return index == SIZE_MAX ? refuseName("output", name, status)
                             : context->context.bindOutput(index, data, bytes, status);
  });
}

tgl_code tgl_own_input(tgl_context *context, int32_t index, void **data, tgl_status *status) {
  return guarded(status, [&] { return context->context.ownInput(size_t(index), data, status); });
}

tgl_code tgl_own_output(tgl_context *context, int32_t index, void **data, tgl_status *status) {
  return guarded(status, [&] { return context->context.ownOutput(size_t(index), data, status); });
}

tgl_code tgl_run(tgl_context *context, tgl_status *status) {
  return guarded(status, [&] { return context->context.run(status); });
}

tgl_code tgl_context_trace(tgl_context *context, size_t capacity, tgl_status *status) {
  return guarded(status, [&] { return context->context.trace(capacity, status); });
}

size_t tgl_context_events(const tgl_context *context, const tgl_event **events) {
  const tegula::runtime::Trace *trace = context->context.traced();
  *events = trace ? trace->data() : nullptr;
  return trace ? trace->size() : 0;
}

size_t tgl_context_events_wanted(const tgl_context *context) {
  const tegula::runtime::Trace *trace = context->context.traced();
  return trace ? trace->wanted() : 0;
}

tgl_code tgl_context_profile(tgl_context *context, int64_t *nanoseconds, size_t count, tgl_status *status) {
  return guarded(status, [&] { return context->context.profile(nanoseconds, count, status); });
}

tgl_code tgl_context_count(tgl_context *context, int32_t enable, tgl_status *status) {
  return guarded(status, [&] { return context->context.count(enable != 0, status); });
}

tgl_code tgl_context_counts(tgl_context *context, const tgl_launch_counts **counts, size_t *count,
                            tgl_status *status) {
  return guarded(status, [&] {
    std::span<const tgl_launch_counts> all;
    tgl_code code = context->context.counts(all, status);
    *counts = all.data();
    *count = all.size();
    return code;
  });
}
