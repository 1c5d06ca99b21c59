// The manifest to bytes and back, side by side so that a new field is added to both.
#include "Manifest.h"

#include "manifest_generated.h"
#include "tegula/support/Checked.h"

#include <algorithm>
#include <cstring>

namespace tegula::artifact {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
using flatbuffers::Vector;

bool fail(std::string &error, std::string text) {
  error = std::move(text);
  return false;
}

Offset<Vector<Offset<flatbuffers::String>>> encode(FlatBufferBuilder &builder,
                                                   const std::vector<std::string> &strings) {
  return strings.empty() ? 0 : builder.CreateVectorOfStrings(strings);
}

/// Text that is mostly absent.
Offset<flatbuffers::String> encode(FlatBufferBuilder &builder, const std::string &text) {
  return text.empty() ? 0 : builder.CreateString(text);
}

/// Encodes a list by a function that encodes one element.
template <typename T, typename F>
auto encodeEach(FlatBufferBuilder &builder, const std::vector<T> &list, F encodeOne) {
  std::vector<decltype(encodeOne(list.front()))> offsets;
  for (const T &element : list)
    offsets.push_back(encodeOne(element));
  return builder.CreateVector(offsets);
}

Offset<fbs::Tensor> encode(FlatBufferBuilder &builder, const TensorInfo &tensor) {
  auto name = builder.CreateString(tensor.name);
  auto dims = builder.CreateVector(tensor.dims);
  auto symbols = tensor.dimSymbols.empty() ? 0 : builder.CreateVector(tensor.dimSymbols);
  return fbs::CreateTensor(builder, name, uint8_t(tensor.dtype), dims, encode(builder, tensor.dimNames),
                           symbols);
}

Offset<fbs::Kernel> encode(FlatBufferBuilder &builder, const KernelInfo &kernel) {
  auto name = builder.CreateString(kernel.name);
  auto nodes = encode(builder, kernel.nodes);
  auto schedule = builder.CreateString(kernel.schedule);
  const LaunchInfo &launch = kernel.launch;
  return fbs::CreateKernel(builder, name, nodes, schedule, launch.threads, launch.cellsPerBlock,
                           launch.sharedBytes, launch.buffers, launch.sizes, kernel.codeBytes);
}

Offset<fbs::Target> encode(FlatBufferBuilder &builder, const TargetInfo &target) {
  auto name = builder.CreateString(target.name);
  auto features = encode(builder, target.features);
  auto imports = encodeEach(builder, target.imports, [&](const Import &import) {
    return fbs::CreateImport(builder, builder.CreateString(import.symbol), import.slot);
  });
  auto kernels =
      encodeEach(builder, target.kernels, [&](const KernelInfo &kernel) { return encode(builder, kernel); });
  auto dispatches = encodeEach(builder, target.dispatches, [&](const DispatchInfo &dispatch) {
    auto nodes = encode(builder, dispatch.nodes);
    return fbs::CreateDispatch(builder, dispatch.kernel, dispatch.cells, nodes,
                               encode(builder, dispatch.cellsFormula));
  });
  auto checks = encodeEach(builder, target.checks, [&](const Check &check) {
    auto node = encode(builder, check.node);
    return fbs::CreateCheck(builder, node, encode(builder, check.text));
  });
  auto packs = encodeEach(builder, target.packs, [&](const PackInfo &pack) {
    return fbs::CreatePack(builder, pack.from, pack.to, pack.rows, pack.columns, pack.width,
                           pack.elementBytes);
  });
  auto variants = encodeEach(builder, target.variants, [&](const VariantInfo &variant) {
    auto sizes = builder.CreateVector(variant.sizes);
    return fbs::CreateVariant(builder, sizes, variant.firstDispatch, variant.dispatchCount,
                              variant.arenaBytes, encode(builder, variant.arenaFormula),
                              variant.mostArenaBytes);
  });
  auto buffers = encodeEach(builder, target.buffers, [&](const BufferInfo &buffer) {
    auto nodes = encode(builder, buffer.nodes);
    return fbs::CreateBuffer(builder, nodes, buffer.bytes, encode(builder, buffer.bytesFormula), buffer.first,
                             buffer.last, buffer.scratch);
  });
  auto formula = encode(builder, target.arenaFormula);
  return fbs::CreateTarget(builder, name, features, target.keepDenormals, target.arenaBytes, target.entry,
                           imports, kernels, dispatches, target.shapes, formula, uint8_t(target.language),
                           target.architecture, checks, target.weightsBegin, target.weightsEnd, packs,
                           target.packedBytes, target.mostArenaBytes, variants, buffers, target.peakDispatch);
}

std::string decode(const flatbuffers::String *string) { return string ? string->str() : std::string(); }

std::vector<std::string> decode(const Vector<Offset<flatbuffers::String>> *strings) {
  std::vector<std::string> result;
  if (strings)
    for (const flatbuffers::String *string : *strings)
      result.push_back(string->str());
  return result;
}

/// Decodes a list, absent or not, by a function that decodes one element.
template <typename T, typename V, typename F>
void decodeEach(const V *list, std::vector<T> &result, F decodeOne) {
  result.clear();
  if (list)
    for (auto *element : *list)
      result.push_back(decodeOne(*element));
}

/// Numbers, copied as bytes because FlatBuffers' verifier does not promise that they are aligned.
template <typename T> std::vector<T> decode(const Vector<T> *numbers) {
  std::vector<T> result(numbers ? numbers->size() : 0);
  if (!result.empty())
    std::memcpy(result.data(), numbers->Data(), result.size() * sizeof(T));
  return result;
}

TensorInfo decodeTensor(const fbs::Tensor &tensor) {
  return {decode(tensor.name()), DType(tensor.dtype()), decode(tensor.dims()), decode(tensor.dim_names()),
          decode(tensor.dim_symbols())};
}

KernelInfo decodeKernel(const fbs::Kernel &kernel) {
  return {
      decode(kernel.name()),
      decode(kernel.nodes()),
      decode(kernel.schedule()),
      {kernel.threads(), kernel.cells_per_block(), kernel.shared_bytes(), kernel.buffers(), kernel.sizes()},
      kernel.code_bytes()};
}

TargetInfo decodeTarget(const fbs::Target &from) {
  TargetInfo target;
  target.name = decode(from.name());
  target.language = Language(from.language());
  target.architecture = from.architecture();
  target.features = decode(from.features());
  target.keepDenormals = from.keep_denormals();
  target.arenaBytes = from.arena_bytes();
  target.entry = from.entry();
  decodeEach(from.imports(), target.imports,
             [](const fbs::Import &import) { return Import{decode(import.symbol()), import.slot()}; });
  decodeEach(from.kernels(), target.kernels, decodeKernel);
  decodeEach(from.dispatches(), target.dispatches, [](const fbs::Dispatch &dispatch) {
    return DispatchInfo{dispatch.kernel(), dispatch.cells(), decode(dispatch.nodes()),
                        decode(dispatch.cells_formula())};
  });
  target.shapes = from.shapes();
  decodeEach(from.checks(), target.checks,
             [](const fbs::Check &check) { return Check{decode(check.node()), decode(check.text())}; });
  target.arenaFormula = decode(from.arena_formula());
  target.weightsBegin = from.weights_begin();
  target.weightsEnd = from.weights_end();
  decodeEach(from.packs(), target.packs, [](const fbs::Pack &pack) {
    return PackInfo{pack.from(), pack.to(), pack.rows(), pack.columns(), pack.width(), pack.element_bytes()};
  });
  target.packedBytes = from.packed_bytes();
  target.mostArenaBytes = from.most_arena_bytes();
  decodeEach(from.variants(), target.variants, [](const fbs::Variant &variant) {
    return VariantInfo{decode(variant.sizes()), variant.first_dispatch(),        variant.dispatch_count(),
                       variant.arena_bytes(),   decode(variant.arena_formula()), variant.most_arena_bytes()};
  });
  decodeEach(from.buffers(), target.buffers, [](const fbs::Buffer &buffer) {
    return BufferInfo{decode(buffer.nodes()), buffer.bytes(), decode(buffer.bytes_formula()),
                      buffer.first(),         buffer.last(),  buffer.scratch()};
  });
  target.peakDispatch = from.peak_dispatch();
  return target;
}

/// Whether the sizes that are known can be multiplied.
bool isPossible(const TensorInfo &tensor) {
  Checked bytes(int64_t(dtypeSize(tensor.dtype)));
  for (int64_t dim : tensor.dims)
    bytes *= Checked(dim == unknownSize ? 1 : dim);
  return tensor.dims.size() <= mostDims && bytes.valid();
}

/// Whether each unknown size of an input is one of the symbols, and no known one is; of an output that there
/// are symbols at all.
bool areSymbolsRight(const TensorInfo &tensor, size_t symbols, bool isInput) {
  if (!isInput || tensor.dimSymbols.empty())
    return tensor.dimSymbols.empty() &&
           ((!isInput && symbols > 0) || std::ranges::count(tensor.dims, unknownSize) == 0);
  if (tensor.dimSymbols.size() != tensor.dims.size())
    return false;
  for (size_t d = 0; d < tensor.dims.size(); ++d) {
    bool known = tensor.dims[d] != unknownSize;
    if (known ? tensor.dimSymbols[d] != -1
              : tensor.dimSymbols[d] < 0 || size_t(tensor.dimSymbols[d]) >= symbols)
      return false;
  }
  return true;
}

bool checkTensors(const std::vector<TensorInfo> &tensors, const char *what, size_t symbols, bool areInputs,
                  std::string &error) {
  for (const TensorInfo &tensor : tensors) {
    std::string name = std::string(what) + " '" + tensor.name + "'";
    if (dtypeSize(tensor.dtype) == 0)
      return fail(error, name + " has an unknown element type");
    if (!isPossible(tensor))
      return fail(error, name + " has an impossible shape");
    if (!tensor.dimNames.empty() && tensor.dimNames.size() != tensor.dims.size())
      return fail(error, name + " names a wrong number of dimensions");
    if (!areSymbolsRight(tensor, symbols, areInputs))
      return fail(error, name + " has sizes that nothing tells");
  }
  std::vector<std::string_view> names;
  for (const TensorInfo &tensor : tensors)
    names.push_back(tensor.name);
  std::sort(names.begin(), names.end());
  if (auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end())
    return fail(error, std::string("two ") + what + "s are named '" + std::string(*twice) + "'");
  return true;
}

/// Bounds stand for all symbols or for none.
bool checkBounds(const Manifest &manifest, std::string &error) {
  if (!manifest.symbolBounds.empty() && manifest.symbolBounds.size() != manifest.symbols.size())
    return fail(error, "expected bounds of every size that a run chooses, or of none");
  for (const SizeBounds &bounds : manifest.symbolBounds)
    if (bounds.lowest < 1 || bounds.highest < bounds.lowest)
      return fail(error, "expected bounds of at least 1 in rising order");
  return true;
}

/// Every symbol must be a size of some input, else a run could not choose it.
bool checkSymbols(const Manifest &manifest, std::string &error) {
  std::vector<bool> chosen(manifest.symbols.size());
  for (const TensorInfo &input : manifest.inputs)
    for (int32_t symbol : input.dimSymbols)
      if (symbol >= 0)
        chosen[size_t(symbol)] = true;
  for (size_t i = 0; i < chosen.size(); ++i)
    if (!chosen[i])
      return fail(error, "no input has the size '" + manifest.symbols[i] + "'");
  return true;
}

bool checkImports(const std::vector<Import> &imports, uint64_t codeBytes, std::string &error) {
  std::vector<uint64_t> slots;
  for (const Import &import : imports) {
    if (!isImportAllowed(import.symbol))
      return fail(error, "the code imports '" + import.symbol + "', which is not allowed");
    if (import.slot % 8 != 0 || codeBytes < 8 || import.slot > codeBytes - 8)
      return fail(error, "the slot of import '" + import.symbol + "' lies outside the code");
    slots.push_back(import.slot);
  }
  std::sort(slots.begin(), slots.end());
  if (std::adjacent_find(slots.begin(), slots.end()) != slots.end())
    return fail(error, "two imports share a slot");
  return true;
}

} // namespace

std::vector<uint8_t> encodeManifest(const Manifest &manifest) {
  FlatBufferBuilder builder;
  auto producer = builder.CreateString(manifest.producer);
  auto modelHash = builder.CreateString(manifest.modelHash);
  auto flags = builder.CreateString(manifest.flags);
  auto encodeTensor = [&](const TensorInfo &tensor) { return encode(builder, tensor); };
  auto inputs = encodeEach(builder, manifest.inputs, encodeTensor);
  auto outputs = encodeEach(builder, manifest.outputs, encodeTensor);
  auto targets = encodeEach(builder, manifest.targets,
                            [&](const TargetInfo &target) { return encode(builder, target); });
  auto symbols = encode(builder, manifest.symbols);
  std::vector<int64_t> numbers;
  for (const SizeBounds &bounds : manifest.symbolBounds)
    numbers.insert(numbers.end(), {bounds.lowest, bounds.highest});
  auto bounds = numbers.empty() ? 0 : builder.CreateVector(numbers);
  builder.Finish(
      fbs::CreateManifest(builder, producer, modelHash, flags, inputs, outputs, targets, symbols, bounds));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

bool decodeManifest(std::span<const uint8_t> bytes, Manifest &manifest, std::string &error) {
  constexpr unsigned maxDepth = 16, maxTables = 16'000'000;
  flatbuffers::Verifier verifier(bytes.data(), bytes.size(), maxDepth, maxTables);
  if (!verifier.VerifyBuffer<fbs::Manifest>(nullptr))
    return fail(error, "malformed manifest");
  const fbs::Manifest &root = *flatbuffers::GetRoot<fbs::Manifest>(bytes.data());
  manifest.producer = decode(root.producer());
  manifest.modelHash = decode(root.model_hash());
  manifest.flags = decode(root.flags());
  decodeEach(root.inputs(), manifest.inputs, decodeTensor);
  decodeEach(root.outputs(), manifest.outputs, decodeTensor);
  decodeEach(root.targets(), manifest.targets, decodeTarget);
  manifest.symbols = decode(root.symbols());
  std::vector<int64_t> bounds = decode(root.symbol_bounds());
  if (bounds.size() % 2)
    return fail(error, "malformed manifest");
  for (size_t i = 0; i < bounds.size(); i += 2)
    manifest.symbolBounds.push_back({bounds[i], bounds[i + 1]});
  return true;
}

/// Whether a device can be asked for such launches.
static bool isPossible(const LaunchInfo &launch) {
  constexpr uint32_t mostThreads = 1024, mostShared = 1 << 20, mostParameters = 4096 / 8 - 1;
  return launch.threads >= 1 && launch.threads <= mostThreads && launch.cellsPerBlock >= 1 &&
         launch.sharedBytes <= mostShared && launch.buffers <= mostParameters &&
         launch.sizes <= mostParameters - launch.buffers;
}

/// Whether a packed weight stays within what it is read from and written to.
static bool isPossible(const PackInfo &pack, const TargetInfo &target) {
  for (uint64_t number : {pack.from, pack.to, pack.rows, pack.columns, pack.width})
    if (number > addressSpace)
      return false;
  if (pack.width < 1 || pack.columns < pack.width || pack.elementBytes < 1 || pack.elementBytes > 8)
    return false;
  uint64_t panels = (pack.columns + pack.width - 1) / pack.width;
  Checked row = Checked(int64_t(pack.rows)) * Checked(int64_t(pack.elementBytes));
  Checked from = Checked(int64_t(pack.from)) + row * Checked(int64_t(pack.columns));
  Checked to = Checked(int64_t(pack.to)) + row * Checked(int64_t(panels)) * Checked(int64_t(pack.width));
  return from.valid() && to.valid() && pack.from >= target.weightsBegin &&
         uint64_t(from.get()) <= target.weightsEnd && uint64_t(to.get()) <= target.packedBytes;
}

/// Whether a target's variants have their dispatches one behind the other, after those for all sizes.
static bool checkVariants(const TargetInfo &target, size_t symbols, std::string &error) {
  auto refuse = [&] { return fail(error, "target '" + target.name + "' has a variant that is none"); };
  if (target.variants.size() > mostVariants)
    return refuse();
  uint64_t next = target.variants.empty() ? 0 : target.variants.front().firstDispatch;
  for (const VariantInfo &variant : target.variants) {
    bool isFixed = std::ranges::any_of(variant.sizes, [](int64_t size) { return size > 0; });
    if (!isFixed || variant.sizes.size() != symbols || std::ranges::min(variant.sizes) < 0 ||
        variant.firstDispatch != next)
      return refuse();
    next += variant.dispatchCount;
  }
  return target.variants.empty() || next == target.dispatches.size() || refuse();
}

static bool checkTarget(const TargetInfo &target, size_t symbols, const CodeSize &size, uint64_t weightBytes,
                        std::string &error) {
  if (target.language != Language::X86 && target.language != Language::Ptx)
    return fail(error, "target '" + target.name + "' is in an unknown language");
  if (size.hasKernels != (target.language == Language::Ptx))
    return fail(error, "target '" + target.name + "' lacks its kernels, or has them twice");
  if (!checkImports(target.imports, size.image, error))
    return false;
  if (target.entry >= size.image || (symbols && target.shapes >= size.image))
    return fail(error, "the entry function lies outside the code");
  if (target.arenaBytes > addressSpace)
    return fail(error, "the arena is larger than any address space");
  if (target.weightsBegin > target.weightsEnd || target.weightsEnd > weightBytes)
    return fail(error, "target '" + target.name + "' reads weights that are not there");
  if (target.packedBytes > addressSpace)
    return fail(error, "the packed weights are larger than any address space");
  for (const PackInfo &pack : target.packs)
    if (target.language != Language::X86 || !isPossible(pack, target))
      return fail(error, "target '" + target.name + "' packs weights that are not there");
  for (const KernelInfo &kernel : target.kernels)
    if (target.language == Language::Ptx && !isPossible(kernel.launch))
      return fail(error, "kernel '" + kernel.name + "' asks for a launch that no device can do");
  for (const DispatchInfo &dispatch : target.dispatches)
    if (dispatch.kernel >= target.kernels.size() || dispatch.cells < (symbols ? unknownSize : 0))
      return fail(error, "a dispatch refers to a kernel that is not there");
  for (const BufferInfo &buffer : target.buffers)
    if (buffer.bytes < (symbols ? unknownSize : 0) || buffer.first > buffer.last ||
        buffer.last >= target.dispatches.size() || target.buffers.size() > mostBuffers)
      return fail(error, "target '" + target.name + "' tells of a buffer that is none");
  return checkVariants(target, symbols, error);
}

bool checkManifest(const Manifest &manifest, std::span<const CodeSize> code, uint64_t weightBytes,
                   std::string &error) {
  size_t symbols = manifest.symbols.size();
  if (!checkTensors(manifest.inputs, "input", symbols, true, error) ||
      !checkTensors(manifest.outputs, "output", symbols, false, error) || !checkSymbols(manifest, error) ||
      !checkBounds(manifest, error))
    return false;
  if (manifest.targets.empty() || manifest.targets.size() != code.size() || code.size() > mostTargets)
    return fail(error, "expected code for 1 to " + std::to_string(mostTargets) + " targets, got " +
                           std::to_string(code.size()) + " for " + std::to_string(manifest.targets.size()));
  for (size_t i = 0; i < code.size(); ++i)
    if (!checkTarget(manifest.targets[i], symbols, code[i], weightBytes, error))
      return false;
  return true;
}

} // namespace tegula::artifact
