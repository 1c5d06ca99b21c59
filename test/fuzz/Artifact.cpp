// Fuzz target: any bytes as an artifact, loaded, described and given a context, but never run. Changes keep
// the section table and its checksums honest, so that what is behind them is reached.
#include "Format.h"
#include "Temporary.h"

#include "tegula/artifact/CodeAbi.h"
#include "tegula/artifact/Writer.h"
#include "tegula/runtime.h"

#include <algorithm>
#include <memory>
#include <random>

using namespace tegula;
using namespace tegula::artifact;

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

namespace {

/// A section's contents, apart from where they lie.
struct Part {
  uint32_t kind, index;
  std::vector<uint8_t> bytes;
};

/// The sections of what begins as an artifact does; none where it does not.
std::vector<Part> split(const uint8_t *data, size_t size) {
  std::vector<Part> parts;
  Header header;
  if (size < pageSize || std::memcmp(data, magic, sizeof(magic)) != 0)
    return parts;
  std::memcpy(&header, data, sizeof(header));
  for (size_t i = 0; i < std::min<size_t>(header.sectionCount, maxSections); ++i) {
    Section section;
    std::memcpy(&section, data + sizeof(Header) + i * sizeof(Section), sizeof(section));
    if (section.offset > size || section.length > size - section.offset)
      return {};
    parts.push_back(
        {section.kind, section.index, {data + section.offset, data + section.offset + section.length}});
  }
  return parts;
}

/// Lays sections out as an honest writer does.
std::vector<uint8_t> join(const std::vector<Part> &parts) {
  std::vector<uint8_t> file(pageSize);
  std::vector<Section> table;
  for (const Part &part : parts) {
    Section section = {part.kind, part.index, file.size(), part.bytes.size(), {}};
    file.insert(file.end(), part.bytes.begin(), part.bytes.end());
    file.resize(roundToPage(file.size()));
    section.checksum = checksumOf(file.data() + section.offset, file.size() - section.offset);
    if (part.kind == uint32_t(SectionKind::Weights) && !table.empty())
      section.checksum = table.back().checksum;
    table.push_back(section);
  }
  Header header = {};
  std::memcpy(header.magic, magic, sizeof(magic));
  header.formatVersion = formatVersion;
  header.codeAbiVersion = TGL_CODE_ABI_VERSION;
  header.fileLength = file.size();
  header.sectionCount = uint32_t(table.size());
  std::memcpy(file.data(), &header, sizeof(header));
  std::memcpy(file.data() + sizeof(header), table.data(), table.size() * sizeof(Section));
  header.checksum = checksumOfHeader(file.data());
  std::memcpy(file.data(), &header, sizeof(header));
  return file;
}

/// Gives the weights' blocks the checksums that they have.
void sumWeights(std::vector<Part> &parts) {
  for (size_t i = 1; i < parts.size(); ++i) {
    if (parts[i].kind != uint32_t(SectionKind::Weights) ||
        parts[i - 1].kind != uint32_t(SectionKind::WeightSums))
      continue;
    std::vector<uint8_t> &weights = parts[i].bytes, &sums = parts[i - 1].bytes;
    sums.clear();
    for (size_t at = 0; at < weights.size(); at += weightBlock) {
      Checksum sum = checksumOf(weights.data() + at, std::min<size_t>(weights.size() - at, weightBlock));
      sums.insert(sums.end(), sum.bytes, sum.bytes + sizeof(sum.bytes));
    }
  }
}

/// An artifact with something in every field, for a beginning.
std::vector<uint8_t> sample(bool isSymbolic, bool isPtx) {
  ArtifactContents contents;
  Manifest &manifest = contents.manifest;
  manifest.producer = "fuzz";
  manifest.inputs = {{"x", DType::Float32, {isSymbolic ? unknownSize : 1, 3}, {"batch", ""}, {}}};
  manifest.outputs = {{"y", DType::Float32, {isSymbolic ? unknownSize : 1, 3}, {"batch", ""}, {}}};
  manifest.targets.resize(1);
  TargetInfo &target = manifest.targets.front();
  target.name = isPtx ? "sm_80" : "x86-64";
  target.language = isPtx ? Language::Ptx : Language::X86;
  target.architecture = isPtx ? 80 : 0;
  target.entry = 16;
  target.arenaBytes = 4096;
  target.weightsEnd = 64;
  target.imports = {{"expf", 8}};
  target.kernels = {{"k", {"node"}, "#sched.schedule<map>", {32, 1, 0, 2, 0}, 10}};
  target.dispatches = {{0, isSymbolic ? unknownSize : 3, {"node"}, isSymbolic ? "batch" : ""}};
  if (isSymbolic) {
    manifest.symbols = {"batch"};
    manifest.symbolBounds = {{1, 8}};
    manifest.inputs[0].dimSymbols = {0, -1};
    target.shapes = 32;
    target.checks = {{"node", "expected {0} and {1}"}};
    target.arenaFormula = "0.1 KiB*batch";
    target.dispatches.push_back(target.dispatches.front());
    target.variants = {{{4}, 1, 1, 64, "", 64}};
  }
  if (!isPtx) {
    target.packs = {{0, 0, 2, 8, 4, 4}};
    target.packedBytes = 64;
  }
  static const std::vector<uint8_t> weights(64, 1);
  contents.weights = {WeightChunk::view(0, weights.data(), weights.size())};
  contents.code = {{std::vector<uint8_t>(64, 0xcc)}};
  if (isPtx)
    contents.code[0].kernels = std::string(16, ' ');
  std::vector<uint8_t> bytes;
  std::string error;
  if (!writeArtifact(contents, bytes, error))
    fuzz::finding("expected to write a sample: " + error);
  return bytes;
}

/// Changes the contents of one section, mostly of the manifest, or the sections themselves.
void change(std::vector<Part> &parts, std::minstd_rand &random) {
  size_t at = random() % 4 ? 0 : random() % parts.size();
  if (random() % 32 == 0)
    std::swap(parts[at], parts[random() % parts.size()]);
  else if (random() % 32 == 0)
    parts.insert(parts.begin() + long(random() % parts.size()), parts[at]);
  else if (random() % 32 == 0 && parts.size() > 1)
    parts.erase(parts.begin() + long(at));
  else {
    std::vector<uint8_t> &bytes = parts[at].bytes;
    size_t size = bytes.size();
    bytes.resize(size + 64);
    bytes.resize(LLVMFuzzerMutate(bytes.data(), size, bytes.size()));
  }
}

void describe(const tgl_model *model) {
  tgl_status status;
  tgl_model_info info;
  tgl_model_describe(model, &info);
  tgl_tensor_info tensor;
  for (int32_t i = 0; i < tgl_model_input_count(model); ++i)
    if (tgl_model_input(model, i, &tensor, &status) != TGL_OK ||
        tgl_model_find_input(model, tensor.name) != i)
      fuzz::finding("expected to find an input by its name");
  for (int32_t i = 0; i < tgl_model_output_count(model); ++i)
    if (tgl_model_output(model, i, &tensor, &status) != TGL_OK)
      fuzz::finding("expected an output that can be described");
  for (int32_t target = 0; target < info.target_count; ++target) {
    tgl_target_info about;
    tgl_dispatch_info dispatch;
    tgl_variant_info variant;
    if (tgl_model_target(model, target, &about, &status) != TGL_OK)
      fuzz::finding("expected a target that can be described");
    for (int32_t i = 0; i < about.dispatch_count; ++i)
      if (tgl_model_dispatch(model, target, i, &dispatch, &status) != TGL_OK)
        fuzz::finding("expected a dispatch that can be described");
    for (int32_t i = 0; i < about.variant_count; ++i)
      if (tgl_model_variant(model, target, i, &variant, &status) != TGL_OK)
        fuzz::finding("expected a variant that can be described");
  }
}

} // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize, unsigned seed) {
  std::minstd_rand random(seed);
  if (random() % 16 == 0)
    return LLVMFuzzerMutate(data, size, maxSize);
  std::vector<Part> parts = split(data, size);
  if (parts.empty()) {
    std::vector<uint8_t> bytes = sample(random() % 2, random() % 2);
    parts = split(bytes.data(), bytes.size());
  }
  for (size_t left = 1 + random() % 3; left > 0; --left)
    change(parts, random);
  if (random() % 8)
    sumWeights(parts);
  std::vector<uint8_t> file = parts.size() <= maxSections ? join(parts) : std::vector<uint8_t>();
  if (file.empty() || file.size() > maxSize)
    return LLVMFuzzerMutate(data, size, maxSize);
  std::ranges::copy(file, data);
  return file.size();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // On a page, as a mapped file is, so that weights are used where they lie.
  size_t room = roundToPage(std::max<size_t>(size, 1));
  std::unique_ptr<uint8_t, decltype(&std::free)> page(
      static_cast<uint8_t *>(std::aligned_alloc(pageSize, room)), &std::free);
  std::copy_n(data, size, page.get());
  tgl_model *model = nullptr;
  tgl_status status = {};
  tgl_code code = tgl_model_load_memory(page.get(), size, &model, &status);
  if ((code == TGL_OK) != (model != nullptr) || (code != TGL_OK && status.text[0] == 0))
    fuzz::finding("expected a model, or a reason why there is none");
  if (!model)
    return 0;
  describe(model);
  tgl_context *context = nullptr;
  if (tgl_context_create(model, 1, &context, &status) != TGL_OK && status.text[0] == 0)
    fuzz::finding("expected a reason why there is no context");
  tgl_context_free(context);
  tgl_model_free(model);
  return 0;
}
