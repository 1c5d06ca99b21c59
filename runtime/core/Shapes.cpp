// Checks shapes before any compiled code runs on them: kernels believe every size that they are given.
#include "Shapes.h"

#include "Status.h"
#include "tegula/artifact/Artifact.h"
#include "tegula/support/Checked.h"

#include <algorithm>

namespace tegula::runtime {

void Shapes::startTensors(const std::vector<TensorDescription> &described, std::vector<Tensor> &tensors) {
  tensors = std::vector<Tensor>(described.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    Tensor &tensor = tensors[i];
    tensor.info = described[i].info;
    tensor.dims.assign(tensor.info.dims, tensor.info.dims + tensor.info.rank);
    tensor.info.dims = tensor.dims.data();
    measure(tensor);
  }
}

/// Computes what follows from a tensor's sizes; false where they cannot be addressed.
bool Shapes::measure(Tensor &tensor) {
  tensor.known = std::ranges::count(tensor.dims, artifact::unknownSize) == 0;
  Checked bytes = Checked::product(tensor.dims) * Checked(int64_t(tgl_dtype_size(tensor.info.dtype)));
  tensor.info.bytes = tensor.known && bytes.valid() ? size_t(bytes.get()) : 0;
  // Sizes of nothing, beside a 0, are sizes that kernels compute with.
  auto isSize = [](int64_t dim) { return dim <= int64_t(artifact::addressSpace); };
  return !tensor.known || (bytes.valid() && std::ranges::all_of(tensor.dims, isSize));
}

void Shapes::start(const Model &of, const Target &compiled) {
  model = &of;
  target = &compiled;
  startTensors(model->inputs, inputs);
  startTensors(model->outputs, outputs);
  const artifact::Manifest &manifest = model->manifest();
  symbols.assign(manifest.symbols.size(), 0);
  size_t sizes = 2; // the compiled code writes two where a check fails
  for (const Tensor &output : outputs)
    sizes += output.dims.size();
  scratch.assign(sizes, 0);
  arena = target->info().arenaBytes;
  isResolved = symbols.empty();
}

tgl_code Shapes::set(size_t index, const int64_t *dims, int32_t rank, bool &changed, tgl_status *status) {
  changed = false;
  if (index >= inputs.size())
    return setStatus(status, TGL_ERR_ARGUMENT, "no such input");
  Tensor &input = inputs[index];
  auto refuseInput = [&](std::string expected, int64_t got) {
    return setStatus(status, TGL_ERR_ARGUMENT,
                     "expected " + expected + " for input '" + input.info.name + "', got " +
                         std::to_string(got));
  };
  if (rank != input.info.rank || (rank > 0 && !dims))
    return refuseInput(std::to_string(input.info.rank) + " dimensions", dims ? rank : 0);
  const std::vector<int64_t> &allowed = model->manifest().inputs[index].dims;
  for (size_t d = 0; d < allowed.size(); ++d) {
    bool any = allowed[d] == artifact::unknownSize;
    if (any ? dims[d] < 1 : dims[d] != allowed[d])
      return refuseInput((any ? "a size of at least 1" : "size " + std::to_string(allowed[d])) +
                             " in dimension " + std::to_string(d),
                         dims[d]);
  }
  if (tgl_code code = checkBounds(index, dims, status))
    return code;
  if (input.known && std::equal(input.dims.begin(), input.dims.end(), dims))
    return succeed(status);
  std::vector<int64_t> before = input.dims;
  std::copy(dims, dims + rank, input.dims.begin());
  if (!measure(input)) {
    input.dims.swap(before);
    input.info.dims = input.dims.data();
    measure(input);
    return setStatus(status, TGL_ERR_ARGUMENT,
                     "expected sizes that can be addressed for input '" + std::string(input.info.name) + "'");
  }
  changed = true;
  isResolved = false;
  for (size_t i = 0; i < outputs.size(); ++i) { // what no symbol decides stays known
    const std::vector<int64_t> &known = model->manifest().outputs[i].dims;
    std::copy(known.begin(), known.end(), outputs[i].dims.begin());
    measure(outputs[i]);
  }
  return succeed(status);
}

/// Refuses sizes that the model was not compiled for.
tgl_code Shapes::checkBounds(size_t index, const int64_t *dims, tgl_status *status) const {
  const artifact::Manifest &manifest = model->manifest();
  const std::vector<int32_t> &of = manifest.inputs[index].dimSymbols;
  for (size_t d = 0; d < of.size() && !manifest.symbolBounds.empty(); ++d) {
    if (of[d] < 0)
      continue;
    auto [lowest, highest] = manifest.symbolBounds[size_t(of[d])];
    if (dims[d] >= lowest && dims[d] <= highest)
      continue;
    std::string bounds = highest == INT64_MAX
                             ? "at least " + std::to_string(lowest)
                             : "from " + std::to_string(lowest) + " to " + std::to_string(highest);
    return setStatus(status, TGL_ERR_ARGUMENT,
                     "expected size '" + manifest.symbols[size_t(of[d])] + "' to be " + bounds +
                         ", as the model was compiled for, got " + std::to_string(dims[d]) +
                         " in dimension " + std::to_string(d) + " of input '" + inputs[index].info.name +
                         "'");
  }
  return TGL_OK;
}

tgl_code Shapes::agree(tgl_status *status) {
  const artifact::Manifest &manifest = model->manifest();
  for (const Tensor &input : inputs)
    if (!input.known)
      return setStatus(status, TGL_ERR_ARGUMENT,
                       "the shape of input '" + std::string(input.info.name) + "' is not set");
  std::vector<const Tensor *> owner(symbols.size());
  for (size_t i = 0; i < inputs.size(); ++i)
    for (size_t d = 0; d < manifest.inputs[i].dimSymbols.size(); ++d) {
      int32_t symbol = manifest.inputs[i].dimSymbols[d];
      if (symbol < 0)
        continue;
      int64_t size = inputs[i].dims[d];
      if (!owner[size_t(symbol)]) {
        owner[size_t(symbol)] = &inputs[i];
        symbols[size_t(symbol)] = size;
      } else if (symbols[size_t(symbol)] != size) {
        return setStatus(status, TGL_ERR_ARGUMENT,
                         "dimension '" + manifest.symbols[size_t(symbol)] + "' is " +
                             std::to_string(symbols[size_t(symbol)]) + " in input '" +
                             owner[size_t(symbol)]->info.name + "' and " + std::to_string(size) +
                             " in input '" + inputs[i].info.name + "'");
      }
    }
  return TGL_OK;
}

tgl_code Shapes::refuse(int32_t check, int64_t first, int64_t second, tgl_status *status) const {
  const std::vector<artifact::Check> &checks = target->info().checks;
  std::string text;
  if (check > 0 && size_t(check) <= checks.size()) {
    const artifact::Check &failed = checks[size_t(check) - 1];
    text = failed.text;
    for (auto [place, size] : {std::pair("{0}", first), std::pair("{1}", second)})
      if (size_t at = text.find(place); at != text.npos)
        text.replace(at, 3, std::to_string(size));
    text = (failed.node.empty() ? "" : "node '" + failed.node + "': ") + text;
  } else {
    text = "the compiled code refused the sizes";
  }
  for (size_t i = 0; i < symbols.size(); ++i)
    text += (i ? ", " : " (") + model->manifest().symbols[i] + " = " + std::to_string(symbols[i]);
  return setStatus(status, TGL_ERR_ARGUMENT, symbols.empty() ? text : text + ")");
}

/// The outputs' shapes; false where they are none.
bool Shapes::takeSizes(const std::vector<int64_t> &sizes) {
  size_t next = 0;
  for (Tensor &output : outputs) {
    for (int64_t &dim : output.dims) {
      dim = sizes[next++];
      if (dim < 0)
        return false;
    }
    if (!measure(output))
      return false;
  }
  return true;
}

tgl_code Shapes::resolve(tgl_status *status) {
  if (isResolved)
    return TGL_OK;
  int64_t bytes = 0;
  if (int32_t check = target->shapesFunction()(symbols.data(), scratch.data(), &bytes))
    return refuse(check, scratch[0], scratch[1], status);
  if (bytes < 0 || uint64_t(bytes) > artifact::addressSpace || !takeSizes(scratch))
    return setStatus(status, TGL_ERR_ARGUMENT, "expected sizes whose tensors can be addressed");
  arena = uint64_t(bytes);
  isResolved = true;
  return TGL_OK;
}

} // namespace tegula::runtime
