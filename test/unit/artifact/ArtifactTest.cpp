// Artifacts survive the round trip byte for byte, and no damaged or lying file gets past the reader.
#include "Format.h"
#include "Manifest.h"
#include "tegula/artifact/Reader.h"
#include "tegula/artifact/Writer.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <random>
#include <unistd.h>

using namespace tegula::artifact;

namespace {

ArtifactContents makeContents() {
  ArtifactContents contents;
  Manifest &m = contents.manifest;
  m.producer = "test 1";
  m.modelHash = "0123";
  m.flags = "-O2";
  m.targets.resize(1);
  TargetInfo &t = m.targets[0];
  t.name = "x86-64-v3";
  t.features = {"avx2", "fma"};
  m.targets[0].keepDenormals = true;
  m.inputs = {{"x", DType::Float32, {1, 3}, {"batch", ""}}, {"mask", DType::Bool, {}, {}}};
  m.outputs = {{"y", DType::BFloat16, {0, 7}, {}}};
  m.targets[0].arenaBytes = 4096;
  m.targets[0].entry = 16;
  m.targets[0].imports = {{"expf", 8}, {"memcpy", 24}};
  m.targets[0].kernels = {{"k0", {"conv1", "relu1"}, "#sched.schedule<>"}, {"k1", {}, ""}};
  m.targets[0].dispatches = {{1, 7, {"a"}}, {0, 1, {"conv1", "relu1"}}};
  contents.code = {{std::vector<uint8_t>(100, 0xcc)}};
  static const std::vector<uint8_t> weights(5000, 0x5a);
  contents.weights = {WeightChunk::view(0, weights.data(), 10), WeightChunk::view(64, weights.data(), 5000)};
  return contents;
}

/// The same with sizes that a run chooses.
ArtifactContents makeSymbolicContents() {
  ArtifactContents contents = makeContents();
  Manifest &m = contents.manifest;
  m.symbols = {"batch", "seq"};
  m.inputs = {{"x", DType::Float32, {unknownSize, 3}, {"batch", ""}, {0, -1}},
              {"mask", DType::Bool, {unknownSize, unknownSize}, {"batch", "seq"}, {0, 1}}};
  m.outputs = {{"y", DType::BFloat16, {unknownSize, 7}, {"batch*seq", ""}, {}}};
  m.targets[0].shapes = 32;
  m.targets[0].checks = {{"add", "expected equal sizes, got {0} and {1}"}, {"", "expected less"}};
  m.targets[0].arenaFormula = "0.9 KiB*batch*seq";
  m.targets[0].dispatches[0].cells = unknownSize;
  m.targets[0].dispatches[0].cellsFormula = "batch";
  return contents;
}

std::vector<uint8_t> write(const ArtifactContents &contents) {
  std::vector<uint8_t> bytes;
  std::string error;
  EXPECT_TRUE(writeArtifact(contents, bytes, error)) << error;
  return bytes;
}

std::string refusalToWrite(const ArtifactContents &contents) {
  std::vector<uint8_t> bytes;
  std::string error;
  EXPECT_FALSE(writeArtifact(contents, bytes, error));
  return error;
}

/// Reads everything; empty on success, else the reason for the refusal.
std::string read(std::span<const uint8_t> bytes, ArtifactView &view) {
  ReadError error;
  if (!readArtifact(bytes, view, error)) {
    EXPECT_NE(error.code, ReadCode::Ok);
    EXPECT_FALSE(error.text.empty());
    return error.text;
  }
  for (size_t block = 0; block < view.weightBlockCount(); ++block)
    if (!verifyWeightBlock(view, block))
      return "weights";
  return "";
}

std::string refusal(std::span<const uint8_t> bytes) {
  ArtifactView view;
  return read(bytes, view);
}

Section *sectionsOf(std::vector<uint8_t> &bytes) {
  return reinterpret_cast<Section *>(bytes.data() + sizeof(Header));
}

/// Gives a changed header the checksum of an honest one.
void sign(std::vector<uint8_t> &bytes) {
  auto &header = *reinterpret_cast<Header *>(bytes.data());
  header.checksum = checksumOfHeader(bytes.data());
}

TEST(Artifact, RoundTripKeepsEverything) {
  ArtifactContents contents = makeContents();
  std::vector<uint8_t> bytes = write(contents);
  ArtifactView view;
  ASSERT_EQ(read(bytes, view), "");
  EXPECT_EQ(view.manifest.producer, "test 1");
  EXPECT_EQ(view.manifest.modelHash, "0123");
  EXPECT_EQ(view.manifest.flags, "-O2");
  EXPECT_EQ(view.manifest.targets[0].name, "x86-64-v3");
  EXPECT_EQ(view.manifest.targets[0].features, contents.manifest.targets[0].features);
  EXPECT_TRUE(view.manifest.targets[0].keepDenormals);
  EXPECT_EQ(view.manifest.targets[0].arenaBytes, 4096u);
  EXPECT_EQ(view.manifest.targets[0].entry, 16u);
  ASSERT_EQ(view.manifest.inputs.size(), 2u);
  EXPECT_EQ(view.manifest.inputs[0].name, "x");
  EXPECT_EQ(view.manifest.inputs[0].dims, (std::vector<int64_t>{1, 3}));
  EXPECT_EQ(view.manifest.inputs[0].dimNames, (std::vector<std::string>{"batch", ""}));
  EXPECT_EQ(view.manifest.inputs[1].dtype, DType::Bool);
  EXPECT_EQ(view.manifest.outputs[0].dtype, DType::BFloat16);
  ASSERT_EQ(view.manifest.targets[0].imports.size(), 2u);
  EXPECT_EQ(view.manifest.targets[0].imports[1].symbol, "memcpy");
  EXPECT_EQ(view.manifest.targets[0].imports[1].slot, 24u);
  ASSERT_EQ(view.manifest.targets[0].kernels.size(), 2u);
  EXPECT_EQ(view.manifest.targets[0].kernels[0].nodes, (std::vector<std::string>{"conv1", "relu1"}));
  EXPECT_EQ(view.manifest.targets[0].kernels[0].schedule, "#sched.schedule<>");
  ASSERT_EQ(view.manifest.targets[0].dispatches.size(), 2u);
  EXPECT_EQ(view.manifest.targets[0].dispatches[0].kernel, 1u);
  EXPECT_EQ(view.manifest.targets[0].dispatches[0].cells, 7);
  EXPECT_TRUE(std::ranges::equal(view.code[0].image, contents.code[0].image));
  ASSERT_GE(view.weights.size(), 5064u);
  EXPECT_EQ(view.weights[9], 0x5a);
  EXPECT_EQ(view.weights[10], 0);
  EXPECT_EQ(view.weights[64], 0x5a);
  EXPECT_EQ(view.weightsOffset % pageSize, 0u);
}

TEST(Artifact, RoundTripKeepsSymbols) {
  ArtifactContents contents = makeSymbolicContents();
  std::vector<uint8_t> bytes = write(contents);
  ArtifactView view;
  ASSERT_EQ(read(bytes, view), "");
  const Manifest &m = view.manifest;
  EXPECT_EQ(m.symbols, contents.manifest.symbols);
  EXPECT_EQ(m.inputs[1].dims, (std::vector<int64_t>{unknownSize, unknownSize}));
  EXPECT_EQ(m.inputs[0].dimSymbols, (std::vector<int32_t>{0, -1}));
  EXPECT_EQ(m.inputs[1].dimSymbols, (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(m.outputs[0].dimNames[0], "batch*seq");
  EXPECT_EQ(m.targets[0].shapes, 32u);
  ASSERT_EQ(m.targets[0].checks.size(), 2u);
  EXPECT_EQ(m.targets[0].checks[0].node, "add");
  EXPECT_EQ(m.targets[0].checks[0].text, "expected equal sizes, got {0} and {1}");
  EXPECT_EQ(m.targets[0].arenaFormula, "0.9 KiB*batch*seq");
  EXPECT_EQ(m.targets[0].dispatches[0].cells, unknownSize);
  EXPECT_EQ(m.targets[0].dispatches[0].cellsFormula, "batch");
}

TEST(Artifact, EqualContentsGiveEqualBytesInMemoryAndInAFile) {
  std::vector<uint8_t> bytes = write(makeContents());
  EXPECT_EQ(bytes, write(makeContents()));
  std::string path = testing::TempDir() + "artifact" + std::to_string(getpid()) + ".tgl", error;
  std::ofstream(path) << "an older file";
  ASSERT_TRUE(writeArtifact(makeContents(), path, error)) << error;
  std::ifstream file(path, std::ios::binary);
  std::vector<uint8_t> written{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(bytes, written);
  std::remove(path.c_str());
}

TEST(Artifact, WeightsOfSeveralBlocksAndSteps) {
  ArtifactContents contents = makeContents();
  std::vector<uint8_t> large(3 * weightBlock + 777);
  for (size_t i = 0; i < large.size(); ++i)
    large[i] = uint8_t(i * 2654435761u >> 13);
  contents.weights = {{128, large.size(), [&](const ByteSink &sink) {
                         for (size_t at = 0; at < large.size(); at += 100'003)
                           if (!sink(&large[at], std::min<size_t>(100'003, large.size() - at)))
                             return false;
                         return true;
                       }}};
  std::vector<uint8_t> bytes = write(contents);
  ArtifactView view;
  ASSERT_EQ(read(bytes, view), "");
  EXPECT_EQ(view.weightBlockCount(), 4u);
  EXPECT_TRUE(std::equal(large.begin(), large.end(), view.weights.begin() + 128));
  bytes[view.weightsOffset + 2 * weightBlock + 5] ^= 1;
  ASSERT_EQ(read(bytes, view), "weights");
  EXPECT_TRUE(verifyWeightBlock(view, 1));
  EXPECT_FALSE(verifyWeightBlock(view, 2));
  EXPECT_FALSE(verifyWeightBlock(view, 4));
}

TEST(Artifact, NoWeightsAtAll) {
  ArtifactContents contents = makeContents();
  contents.weights.clear();
  ArtifactView view;
  std::vector<uint8_t> bytes = write(contents);
  ASSERT_EQ(read(bytes, view), "");
  EXPECT_TRUE(view.weights.empty());
}

TEST(Artifact, EveryFlippedByteIsRefused) {
  for (const ArtifactContents &contents : {makeContents(), makeSymbolicContents()}) {
    std::vector<uint8_t> bytes = write(contents);
    for (size_t i = 0; i < bytes.size(); ++i)
      for (uint8_t mask : {0x01, 0x80}) {
        bytes[i] ^= mask;
        EXPECT_NE(refusal(bytes), "") << "byte " << i;
        bytes[i] ^= mask;
      }
    EXPECT_EQ(refusal(bytes), "");
  }
}

TEST(Artifact, EveryTruncationAndExtensionIsRefused) {
  std::vector<uint8_t> bytes = write(makeContents());
  for (size_t size = 0; size < bytes.size(); ++size) {
    // A copy of its own, so that a reader which looks behind the end is caught by the address sanitizer.
    std::vector<uint8_t> cut(bytes.begin(), bytes.begin() + ptrdiff_t(size));
    EXPECT_NE(refusal(cut), "") << size;
  }
  bytes.resize(bytes.size() + pageSize);
  EXPECT_NE(refusal(bytes), "");
}

TEST(Artifact, OtherVersionsAreNamed) {
  std::vector<uint8_t> bytes = write(makeContents());
  ReadError error;
  ArtifactView view;
  reinterpret_cast<Header *>(bytes.data())->formatVersion = formatVersion + 1;
  EXPECT_FALSE(readArtifact(bytes, view, error));
  EXPECT_EQ(error.code, ReadCode::Version);
  EXPECT_EQ(error.text, "expected artifact format 3, got 4: compile the model again");
  bytes = write(makeContents());
  reinterpret_cast<Header *>(bytes.data())->codeAbiVersion = 77;
  EXPECT_FALSE(readArtifact(bytes, view, error));
  EXPECT_EQ(error.code, ReadCode::Version);
}

TEST(Artifact, LyingSectionTablesWithHonestChecksumsAreRefused) {
  std::vector<uint8_t> bytes = write(makeContents());
  const std::vector<Section> sections(sectionsOf(bytes), sectionsOf(bytes) + 4);
  auto changed = [&](auto change) {
    std::vector<uint8_t> copy = bytes;
    change(copy, sectionsOf(copy));
    sign(copy);
    return refusal(copy);
  };
  for (size_t i = 0; i < 4; ++i)
    for (uint64_t value : {uint64_t(0), uint64_t(1), pageSize, bytes.size(), uint64_t(1) << 63, UINT64_MAX}) {
      EXPECT_NE(changed([&](auto &, Section *s) { s[i].offset = value + (s[i].offset == value); }), "");
      // A length within the same page only moves the border to the fill, which is as sound.
      if (roundToPage(value) != roundToPage(sections[i].length))
        EXPECT_NE(changed([&](auto &, Section *s) { s[i].length = value; }), "");
      EXPECT_NE(
          changed([&](auto &, Section *s) { s[i].kind = uint32_t(value) + (s[i].kind == uint32_t(value)); }),
          "");
    }
  for (uint32_t count : {0u, 3u, 5u, 101u, 102u, UINT32_MAX})
    EXPECT_NE(changed([&](auto &copy, Section *) {
                reinterpret_cast<Header *>(copy.data())->sectionCount = count;
              }),
              "");
  EXPECT_NE(changed([&](auto &copy, Section *) {
              reinterpret_cast<Header *>(copy.data())->fileLength -= pageSize;
            }),
            "");
}

TEST(Artifact, WriterRefusesWhatTheReaderWould) {
  auto changed = [](auto change) {
    ArtifactContents contents = makeContents();
    change(contents);
    return refusalToWrite(contents);
  };
  EXPECT_EQ(changed([](auto &c) { c.manifest.targets[0].imports[0].symbol = "system"; }),
            "the code imports 'system', which is not allowed");
  EXPECT_NE(changed([](auto &c) { c.manifest.targets[0].imports[0].slot = 12; }), "");
  EXPECT_NE(changed([](auto &c) { c.manifest.targets[0].imports[0].slot = 96; }), "");
  EXPECT_NE(changed([](auto &c) { c.manifest.targets[0].imports[0].slot = UINT64_MAX - 7; }), "");
  EXPECT_NE(changed([](auto &c) { c.manifest.targets[0].imports[0].slot = 24; }), "");
  EXPECT_NE(changed([](auto &c) { c.manifest.targets[0].entry = 100; }), "");
  EXPECT_NE(changed([](auto &c) { c.manifest.targets[0].arenaBytes = UINT64_MAX; }), "");
  EXPECT_NE(changed([](auto &c) { c.manifest.targets[0].dispatches[0].kernel = 2; }), "");
  EXPECT_NE(changed([](auto &c) { c.manifest.targets[0].dispatches[0].cells = -1; }), "");
  EXPECT_NE(changed([](auto &c) { c.manifest.inputs[0].dtype = DType(0); }), "");
  EXPECT_NE(changed([](auto &c) { c.manifest.inputs[0].dtype = DType(99); }), "");
  EXPECT_NE(changed([](auto &c) { c.manifest.inputs[0].dims = {-1}; }), "");
  EXPECT_NE(changed([](auto &c) { c.manifest.inputs[0].dims = {INT64_MAX, 2}; }), "");
  EXPECT_NE(changed([](auto &c) { c.manifest.inputs[0].dimNames = {"a"}; }), "");
  EXPECT_EQ(changed([](auto &c) { c.manifest.inputs[1].name = "x"; }), "two inputs are named 'x'");
  EXPECT_NE(changed([](auto &c) { std::swap(c.weights[0], c.weights[1]); }), "");
  EXPECT_NE(changed([](auto &c) { c.weights[1].offset = UINT64_MAX - 5; }), "");
  EXPECT_EQ(
      changed([](auto &c) { c.weights[1].produce = [](const ByteSink &sink) { return sink("abc", 3); }; }),
      "expected 5000 bytes of a weight, got 3");
}

TEST(Artifact, KeepsBoundsAndVariantsAndRefusesThoseThatCannotBe) {
  ArtifactContents sound = makeSymbolicContents();
  TargetInfo &target = sound.manifest.targets[0];
  auto all = uint32_t(target.dispatches.size());
  target.dispatches.push_back(target.dispatches[0]);
  target.variants = {{{1, 128}, all, 1, 64, "", 64}, {{0, 128}, all + 1, 0, 32, "4 B*batch", 96}};
  target.mostArenaBytes = 99;
  target.kernels[0].codeBytes = 7;
  sound.manifest.symbolBounds = {{1, 8}, {16, INT64_MAX}};
  ArtifactView view;
  ASSERT_EQ(read(write(sound), view), "");
  const TargetInfo &back = view.manifest.targets[0];
  EXPECT_EQ(view.manifest.symbolBounds, sound.manifest.symbolBounds);
  EXPECT_EQ(back.mostArenaBytes, 99u);
  EXPECT_EQ(back.kernels[0].codeBytes, 7u);
  ASSERT_EQ(back.variants.size(), 2u);
  EXPECT_EQ(back.variants[1].sizes, (std::vector<int64_t>{0, 128}));
  EXPECT_EQ(back.variants[1].firstDispatch, all + 1);
  EXPECT_EQ(back.variants[1].arenaFormula, "4 B*batch");
  EXPECT_EQ(back.variants[1].mostArenaBytes, 96u);
  auto refused = [&](auto change) {
    ArtifactContents contents = sound;
    change(contents.manifest);
    return refusalToWrite(contents);
  };
  std::string none = "target '" + target.name + "' has a variant that is none";
  EXPECT_EQ(refused([](Manifest &m) { m.targets[0].variants[0].sizes = {1}; }), none);
  EXPECT_EQ(refused([](Manifest &m) { m.targets[0].variants[0].sizes = {0, 0}; }), none);
  EXPECT_EQ(refused([](Manifest &m) { m.targets[0].variants[0].sizes = {1, -1}; }), none);
  EXPECT_EQ(refused([](Manifest &m) { m.targets[0].variants[0].firstDispatch = 0; }), none);
  EXPECT_EQ(refused([](Manifest &m) { m.targets[0].variants[1].dispatchCount = 9; }), none);
  EXPECT_EQ(refused([](Manifest &m) { m.targets[0].variants.resize(17, m.targets[0].variants[1]); }), none);
  EXPECT_NE(refused([](Manifest &m) { m.symbolBounds.pop_back(); }), "");
  EXPECT_NE(refused([](Manifest &m) { m.symbolBounds[0] = {0, 8}; }), "");
  EXPECT_NE(refused([](Manifest &m) { m.symbolBounds[0] = {9, 8}; }), "");
}

TEST(Artifact, WriterRefusesPacksAndLaunchesThatCannotBe) {
  ArtifactContents sound = makeContents();
  TargetInfo &target = sound.manifest.targets[0];
  target.weightsEnd = 4096;
  target.packedBytes = 24 * 4;
  target.packs = {{64, 0, 4, 5, 3, 4}}; // 4 rows of 5 columns as 2 panels of 3
  ArtifactView view;
  ASSERT_EQ(read(write(sound), view), "");
  const PackInfo &pack = view.manifest.targets[0].packs.at(0);
  EXPECT_EQ(pack.from + pack.rows + pack.columns + pack.width + pack.elementBytes, 64u + 4 + 5 + 3 + 4);
  auto refused = [&](auto change) {
    ArtifactContents contents = sound;
    change(contents.manifest.targets[0].packs[0]);
    return refusalToWrite(contents);
  };
  const char *gone = "target 'x86-64-v3' packs weights that are not there";
  EXPECT_EQ(refused([](PackInfo &p) { p.from = 4096 - 79; }), gone);
  EXPECT_EQ(refused([](PackInfo &p) { p.to = 4; }), gone);
  EXPECT_EQ(refused([](PackInfo &p) { p.width = 0; }), gone);
  EXPECT_EQ(refused([](PackInfo &p) { p.width = 6; }), gone);
  EXPECT_EQ(refused([](PackInfo &p) { p.rows = uint64_t(1) << 46; }), gone);
  EXPECT_EQ(refused([](PackInfo &p) { p.rows = UINT64_MAX; }), gone);
  EXPECT_EQ(refused([](PackInfo &p) { p.elementBytes = 9; }), gone);
  sound.manifest.targets[0].packs.clear();
  sound.manifest.targets[0].weightsEnd = uint64_t(1) << 40;
  EXPECT_EQ(refusalToWrite(sound), "target 'x86-64-v3' reads weights that are not there");

  ArtifactContents device = makeContents();
  device.manifest.targets[0].language = Language::Ptx;
  EXPECT_EQ(refusalToWrite(device), "target 'x86-64-v3' lacks its kernels, or has them twice");
  device.code[0].kernels = ".version 8.0";
  EXPECT_EQ(refusalToWrite(device), "kernel 'k0' asks for a launch that no device can do");
  for (KernelInfo &kernel : device.manifest.targets[0].kernels)
    kernel.launch = {128, 1, 0, 2, 1};
  ASSERT_EQ(read(write(device), view), "");
  EXPECT_EQ(view.manifest.targets[0].kernels[1].launch.threads, 128u);
  EXPECT_EQ(view.code[0].kernels.size(), 12u);
  device.manifest.targets[0].kernels[0].launch.threads = 2048;
  EXPECT_EQ(refusalToWrite(device), "kernel 'k0' asks for a launch that no device can do");
}

TEST(Artifact, WriterRefusesSymbolsThatNothingTells) {
  auto changed = [](auto change) {
    ArtifactContents contents = makeSymbolicContents();
    change(contents.manifest);
    return refusalToWrite(contents);
  };
  EXPECT_EQ(changed([](Manifest &m) { m.symbols.push_back("free"); }), "no input has the size 'free'");
  const char *unsaid = "input 'x' has sizes that nothing tells";
  EXPECT_EQ(changed([](Manifest &m) { m.inputs[0].dimSymbols = {2, -1}; }), unsaid);
  EXPECT_EQ(changed([](Manifest &m) { m.inputs[0].dimSymbols = {-1, -1}; }), unsaid);
  EXPECT_EQ(changed([](Manifest &m) { m.inputs[0].dimSymbols = {-2, -1}; }), unsaid);
  EXPECT_EQ(changed([](Manifest &m) { m.inputs[0].dimSymbols = {0, 1}; }), unsaid);
  EXPECT_EQ(changed([](Manifest &m) { m.inputs[0].dimSymbols = {0}; }), unsaid);
  EXPECT_EQ(changed([](Manifest &m) { m.inputs[0].dimSymbols = {}; }), unsaid);
  EXPECT_EQ(changed([](Manifest &m) { m.inputs[0].dims[0] = -2; }), "input 'x' has an impossible shape");
  EXPECT_EQ(changed([](Manifest &m) { m.outputs[0].dimSymbols = {0, -1}; }),
            "output 'y' has sizes that nothing tells");
  EXPECT_EQ(changed([](Manifest &m) { m.targets[0].shapes = 100; }),
            "the entry function lies outside the code");
  EXPECT_NE(changed([](Manifest &m) { m.targets[0].dispatches[0].cells = -2; }), "");
  ArtifactContents fixed = makeContents();
  fixed.manifest.outputs[0].dims[0] = unknownSize;
  EXPECT_EQ(refusalToWrite(fixed), "output 'y' has sizes that nothing tells");
}

TEST(Artifact, FailedWritesLeaveTheOldFile) {
  std::string folder = testing::TempDir() + "artifact" + std::to_string(getpid()), path = folder + ".tgl",
              error;
  std::ofstream(path) << "old";
  ArtifactContents contents = makeContents();
  contents.weights[1].produce = [](const ByteSink &) { return false; };
  EXPECT_FALSE(writeArtifact(contents, path, error));
  std::ifstream file(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "old");
  std::remove(path.c_str());
  EXPECT_FALSE(writeArtifact(makeContents(), folder + "/none/x.tgl", error));
  EXPECT_FALSE(writeArtifact(makeContents(), "/dev/null", error));
}

TEST(Artifact, MutatedManifestsNeverBreakTheReader) {
  const std::vector<uint8_t> honest = encodeManifest(makeSymbolicContents().manifest);
  std::mt19937 random(1);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<uint8_t> bytes = honest;
    for (unsigned count = 1 + random() % 4; count > 0; --count)
      bytes[random() % bytes.size()] = random() % 3 ? uint8_t(random()) : 0xff;
    Manifest manifest;
    std::string error;
    CodeSize code[] = {{100, false}};
    accepted += decodeManifest(bytes, manifest, error) && checkManifest(manifest, code, 8192, error);
  }
  EXPECT_LT(accepted, 20'000);
}

TEST(Artifact, TablesAgree) {
  for (int i = 1; i <= 13; ++i) {
    EXPECT_EQ(parseDType(dtypeName(DType(i))), DType(i));
    EXPECT_GT(dtypeSize(DType(i)), 0u);
  }
  EXPECT_EQ(dtypeName(DType(0)), nullptr);
  EXPECT_EQ(dtypeSize(DType(14)), 0u);
  EXPECT_FALSE(parseDType("float8"));
  for (std::string_view name : allowedImports())
    EXPECT_TRUE(isImportAllowed(name));
  for (std::string_view name : {"", "exp ", "dlopen", "system", "zzz"})
    EXPECT_FALSE(isImportAllowed(name));
}

} // namespace
