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

Offset<fbs::Target> encodeTarget(FlatBufferBuilder &builder, const Manifest &manifest) {
  auto name = builder.CreateString(manifest.target);
  auto features = encode(builder, manifest.features);
  auto imports = encodeEach(builder, manifest.imports, [&](const Import &import) {
    return fbs::CreateImport(builder, builder.CreateString(import.symbol), import.slot);
  });
  auto kernels = encodeEach(builder, manifest.kernels, [&](const KernelInfo &kernel) {
    auto kernelName = builder.CreateString(kernel.name);
    auto nodes = encode(builder, kernel.nodes);
    return fbs::CreateKernel(builder, kernelName, nodes, builder.CreateString(kernel.schedule));
  });
  auto dispatches = encodeEach(builder, manifest.dispatches, [&](const DispatchInfo &dispatch) {
    auto nodes = encode(builder, dispatch.nodes);
    return fbs::CreateDispatch(builder, dispatch.kernel, dispatch.cells, nodes,
                               encode(builder, dispatch.cellsFormula));
  });
  auto formula = encode(builder, manifest.arenaFormula);
  return fbs::CreateTarget(builder, name, features, manifest.keepDenormals, manifest.arenaBytes,
                           manifest.entry, imports, kernels, dispatches, manifest.shapes, formula);
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

void decodeTarget(const fbs::Target &target, Manifest &manifest) {
  manifest.target = decode(target.name());
  manifest.features = decode(target.features());
  manifest.keepDenormals = target.keep_denormals();
  manifest.arenaBytes = target.arena_bytes();
  manifest.entry = target.entry();
  decodeEach(target.imports(), manifest.imports,
             [](const fbs::Import &import) { return Import{decode(import.symbol()), import.slot()}; });
  decodeEach(target.kernels(), manifest.kernels, [](const fbs::Kernel &kernel) {
    return KernelInfo{decode(kernel.name()), decode(kernel.nodes()), decode(kernel.schedule())};
  });
  decodeEach(target.dispatches(), manifest.dispatches, [](const fbs::Dispatch &dispatch) {
    return DispatchInfo{dispatch.kernel(), dispatch.cells(), decode(dispatch.nodes()),
                        decode(dispatch.cells_formula())};
  });
  manifest.shapes = target.shapes();
  manifest.arenaFormula = decode(target.arena_formula());
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
  auto targets = builder.CreateVector({encodeTarget(builder, manifest)});
  auto symbols = encode(builder, manifest.symbols);
  auto checks = encodeEach(builder, manifest.checks, [&](const Check &check) {
    auto node = encode(builder, check.node);
    return fbs::CreateCheck(builder, node, encode(builder, check.text));
  });
  builder.Finish(
      fbs::CreateManifest(builder, producer, modelHash, flags, inputs, outputs, targets, symbols, checks));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

bool decodeManifest(std::span<const uint8_t> bytes, Manifest &manifest, std::string &error) {
  constexpr unsigned maxDepth = 16, maxTables = 16'000'000;
  flatbuffers::Verifier verifier(bytes.data(), bytes.size(), maxDepth, maxTables);
  if (!verifier.VerifyBuffer<fbs::Manifest>(nullptr))
    return fail(error, "malformed manifest");
  const fbs::Manifest &root = *flatbuffers::GetRoot<fbs::Manifest>(bytes.data());
  if (root.targets()->size() != 1)
    return fail(error, "expected code for 1 target, got " + std::to_string(root.targets()->size()));
  manifest.producer = decode(root.producer());
  manifest.modelHash = decode(root.model_hash());
  manifest.flags = decode(root.flags());
  decodeEach(root.inputs(), manifest.inputs, decodeTensor);
  decodeEach(root.outputs(), manifest.outputs, decodeTensor);
  decodeTarget(*root.targets()->Get(0), manifest);
  manifest.symbols = decode(root.symbols());
  decodeEach(root.checks(), manifest.checks,
             [](const fbs::Check &check) { return Check{decode(check.node()), decode(check.text())}; });
  return true;
}

bool checkManifest(const Manifest &manifest, uint64_t codeBytes, std::string &error) {
  size_t symbols = manifest.symbols.size();
  if (!checkTensors(manifest.inputs, "input", symbols, true, error) ||
      !checkTensors(manifest.outputs, "output", symbols, false, error) || !checkSymbols(manifest, error) ||
      !checkImports(manifest.imports, codeBytes, error))
    return false;
  if (manifest.entry >= codeBytes || (symbols > 0 && manifest.shapes >= codeBytes))
    return fail(error, "the entry function lies outside the code");
  constexpr uint64_t addressSpace = uint64_t(1) << 47;
  if (manifest.arenaBytes > addressSpace)
    return fail(error, "the arena is larger than any address space");
  for (const DispatchInfo &dispatch : manifest.dispatches)
    if (dispatch.kernel >= manifest.kernels.size() || dispatch.cells < (symbols > 0 ? unknownSize : 0))
      return fail(error, "a dispatch refers to a kernel that is not there");
  return true;
}

} // namespace tegula::artifact
