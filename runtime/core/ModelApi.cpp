// The model half of the C API: argument checks around Model.
#include "Model.h"
#include "Status.h"
#include "tegula/artifact/Artifact.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

using namespace tegula;
using namespace tegula::runtime;

const char *tgl_dtype_name(tgl_dtype dtype) { return artifact::dtypeName(artifact::DType(dtype)); }
size_t tgl_dtype_size(tgl_dtype dtype) { return artifact::dtypeSize(artifact::DType(dtype)); }

/// Loads verified bytes into a new handle.
static tgl_code makeModel(std::span<const uint8_t> bytes, Mapping owner, tgl_model **model,
                          tgl_status *status) {
  auto shared = std::make_shared<Model>();
  if (tgl_code code = shared->load(bytes, std::move(owner), status))
    return code;
  *model = new tgl_model{std::move(shared)};
  return succeed(status);
}

/// Maps a regular file whole; on failure returns an empty mapping and says why.
static Mapping mapFile(const char *path, tgl_status *status) {
  auto failWith = [&](tgl_code code, const char *why) {
    setStatus(status, code, std::string(path) + ": " + why);
    return Mapping();
  };
  // Not blocking: a FIFO must be refused, not waited for.
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return failWith(TGL_ERR_IO, strerror(errno));
  struct stat info;
  bool known = fstat(fd, &info) == 0, regular = known && S_ISREG(info.st_mode);
  Mapping mapping = regular && info.st_size > 0 ? Mapping::file(fd, size_t(info.st_size)) : Mapping();
  int error = errno;
  close(fd);
  if (known && !regular)
    return failWith(TGL_ERR_IO, "not a regular file");
  if (known && info.st_size == 0)
    return failWith(TGL_ERR_CORRUPT, "the file is empty");
  return mapping.data() ? std::move(mapping) : failWith(TGL_ERR_IO, strerror(error));
}

tgl_code tgl_model_load_file(const char *path, tgl_model **model, tgl_status *status) {
  if (!path || !model)
    return setStatus(status, TGL_ERR_ARGUMENT, "expected a path and a place for the model");
  *model = nullptr;
  return guarded(status, [&] {
    tgl_status own;
    own.code = TGL_OK;
    Mapping mapping = mapFile(path, &own);
    if (!mapping.data())
      return setStatus(status, own.code, own.text);
    std::span<const uint8_t> bytes = mapping.span();
    if (tgl_code code = makeModel(bytes, std::move(mapping), model, &own))
      return setStatus(status, code, std::string(path) + ": " + own.text);
    return succeed(status);
  });
}

tgl_code tgl_model_load_memory(const void *data, size_t size, tgl_model **model, tgl_status *status) {
  if (!data || !model)
    return setStatus(status, TGL_ERR_ARGUMENT, "expected data and a place for the model");
  *model = nullptr;
  return guarded(status, [&] {
    return makeModel({static_cast<const uint8_t *>(data), size}, Mapping(), model, status);
  });
}

void tgl_model_free(tgl_model *model) { delete model; }

void tgl_model_describe(const tgl_model *model, tgl_model_info *info) { model->shared->describe(*info); }
int32_t tgl_model_input_count(const tgl_model *model) { return int32_t(model->shared->inputs.size()); }
int32_t tgl_model_output_count(const tgl_model *model) { return int32_t(model->shared->outputs.size()); }

static tgl_code describe(const std::vector<TensorDescription> &list, const char *what, int32_t index,
                         tgl_tensor_info *info, tgl_status *status) {
  if (!info || index < 0 || size_t(index) >= list.size())
    return guarded(status, [&] {
      return setStatus(status, TGL_ERR_ARGUMENT,
                       std::string("expected ") + what + " 0 to " + std::to_string(list.size()) +
                           ", exclusive, got " + std::to_string(index));
    });
  *info = list[size_t(index)].info;
  return succeed(status);
}

tgl_code tgl_model_input(const tgl_model *model, int32_t index, tgl_tensor_info *info, tgl_status *status) {
  return describe(model->shared->inputs, "input", index, info, status);
}

tgl_code tgl_model_output(const tgl_model *model, int32_t index, tgl_tensor_info *info, tgl_status *status) {
  return describe(model->shared->outputs, "output", index, info, status);
}

/// Whether there is such a target; says what there is.
static tgl_code checkIndex(const tgl_model *model, int32_t target, tgl_status *status) {
  if (target >= 0 && size_t(target) < model->shared->targets().size())
    return TGL_OK;
  return guarded(status, [&] {
    return setStatus(status, TGL_ERR_ARGUMENT,
                     "expected a target below " + std::to_string(model->shared->targets().size()) + ", got " +
                         std::to_string(target));
  });
}

tgl_code tgl_model_target(const tgl_model *model, int32_t target, tgl_target_info *info, tgl_status *status) {
  if (tgl_code code = checkIndex(model, target, status))
    return code;
  if (!info)
    return setStatus(status, TGL_ERR_ARGUMENT, "expected a place for the description");
  model->shared->targets()[size_t(target)].describe(*info);
  return succeed(status);
}

tgl_code tgl_model_dispatch(const tgl_model *model, int32_t target, int32_t index, tgl_dispatch_info *info,
                            tgl_status *status) {
  if (tgl_code code = checkIndex(model, target, status))
    return code;
  const Target &of = model->shared->targets()[size_t(target)];
  if (!info || index < 0 || size_t(index) >= of.info().dispatches.size())
    return setStatus(status, TGL_ERR_ARGUMENT, "no such dispatch");
  of.describeDispatch(size_t(index), *info);
  return succeed(status);
}

tgl_code tgl_model_buffer(const tgl_model *model, int32_t target, int32_t index, tgl_buffer_info *info,
                          tgl_status *status) {
  if (tgl_code code = checkIndex(model, target, status))
    return code;
  const Target &of = model->shared->targets()[size_t(target)];
  if (!info || index < 0 || size_t(index) >= of.info().buffers.size())
    return setStatus(status, TGL_ERR_ARGUMENT, "no such buffer");
  of.describeBuffer(size_t(index), *info);
  return succeed(status);
}

tgl_code tgl_model_section(const tgl_model *model, int32_t index, tgl_section_info *info,
                           tgl_status *status) {
  const std::vector<tegula::artifact::SectionSize> &sections = model->shared->sections();
  if (!info || index < 0 || size_t(index) >= sections.size())
    return setStatus(status, TGL_ERR_ARGUMENT, "no such section");
  const tegula::artifact::SectionSize &section = sections[size_t(index)];
  std::string_view name = section.name;
  bool isOfTarget = name == "code" || name == "kernels";
  *info = {section.name, isOfTarget ? int32_t(section.target) : -1, section.bytes};
  return succeed(status);
}

tgl_code tgl_model_variant(const tgl_model *model, int32_t target, int32_t index, tgl_variant_info *info,
                           tgl_status *status) {
  if (tgl_code code = checkIndex(model, target, status))
    return code;
  const Target &of = model->shared->targets()[size_t(target)];
  if (!info || index < 0 || size_t(index) >= of.variantCount())
    return setStatus(status, TGL_ERR_ARGUMENT, "no such variant");
  of.describeVariant(size_t(index), *info);
  return succeed(status);
}

tgl_code tgl_model_symbol(const tgl_model *model, int32_t index, tgl_symbol_info *info, tgl_status *status) {
  const artifact::Manifest &manifest = model->shared->manifest();
  if (!info || index < 0 || size_t(index) >= manifest.symbols.size())
    return setStatus(status, TGL_ERR_ARGUMENT, "no such size");
  artifact::SizeBounds bounds =
      manifest.symbolBounds.empty() ? artifact::SizeBounds() : manifest.symbolBounds[size_t(index)];
  *info = {manifest.symbols[size_t(index)].c_str(), bounds.lowest, bounds.highest};
  return succeed(status);
}

/// Reads a device's name and opens it where it is not this process.
static tgl_code openNamed(const char *text, DeviceName &name, std::shared_ptr<Device> &device,
                          tgl_status *status) {
  if (tgl_code code = parseDevice(text, name, status))
    return code;
  if (!name.open)
    return TGL_OK;
  tgl_status own = {};
  device = openDevice(name, &own);
  return device ? TGL_OK : setStatus(status, own.code, own.text);
}

tgl_code tgl_model_check_target(const tgl_model *model, int32_t target, const char *device,
                                tgl_status *status) {
  if (tgl_code code = checkIndex(model, target, status))
    return code;
  return guarded(status, [&] {
    DeviceName name;
    std::shared_ptr<Device> opened;
    if (tgl_code code = openNamed(device, name, opened, status))
      return code;
    if (tgl_code code = model->shared->targets()[size_t(target)].checkDevice(name, opened.get(), status))
      return code;
    return succeed(status);
  });
}

int32_t tgl_model_find_target(const tgl_model *model, const char *device, tgl_status *status) {
  size_t target = 0;
  tgl_code code = guarded(status, [&] {
    DeviceName name;
    std::shared_ptr<Device> opened;
    if (tgl_code failed = openNamed(device, name, opened, status))
      return failed;
    return model->shared->findTarget(name, opened.get(), target, status);
  });
  return code == TGL_OK ? int32_t(target) : -1;
}

static int32_t find(const std::vector<TensorDescription> &list, const char *name) {
  for (size_t i = 0; name && i < list.size(); ++i)
    if (std::strcmp(list[i].info.name, name) == 0)
      return int32_t(i);
  return -1;
}

int32_t tgl_model_find_input(const tgl_model *model, const char *name) {
  return find(model->shared->inputs, name);
}
int32_t tgl_model_find_output(const tgl_model *model, const char *name) {
  return find(model->shared->outputs, name);
}
