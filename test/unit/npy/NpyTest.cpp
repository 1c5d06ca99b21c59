// Arrays survive numpy's formats in both directions, and files that lie about type, shape or size are
// refused.
#include "tegula/npy/Npy.h"

#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <unistd.h>

using namespace tegula::npy;

namespace {

std::vector<uint8_t> npy(const std::string &dictionary, std::vector<uint8_t> elements, uint8_t version = 1) {
  std::vector<uint8_t> bytes = {
      0x93, 'N', 'U', 'M', 'P', 'Y', version, 0, uint8_t(dictionary.size()), uint8_t(dictionary.size() >> 8)};
  if (version > 1)
    bytes.insert(bytes.end(), {0, 0});
  bytes.insert(bytes.end(), dictionary.begin(), dictionary.end());
  bytes.insert(bytes.end(), elements.begin(), elements.end());
  return bytes;
}

std::string refusal(std::span<const uint8_t> bytes) {
  Array array;
  std::string error;
  if (decodeNpy(bytes, array, error))
    return "";
  EXPECT_FALSE(error.empty());
  return error;
}

Array decode(std::span<const uint8_t> bytes) {
  Array array;
  std::string error;
  EXPECT_TRUE(decodeNpy(bytes, array, error)) << error;
  return array;
}

std::string dictionary(const std::string &descr, bool fortran, const std::string &shape) {
  return "{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") +
         ", 'shape': " + shape + ", }\n";
}

struct TemporaryFile {
  std::string path = testing::TempDir() + "npy" + std::to_string(getpid());
  ~TemporaryFile() { std::remove(path.c_str()); }
};

TEST(Npy, EveryTypeRoundTrips) {
  for (const char *type : {"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
                           "float16", "bfloat16", "float32", "float64", "complex64", "complex128"}) {
    for (std::vector<int64_t> shape : {std::vector<int64_t>{}, {3}, {0, 5}, {2, 3, 4}}) {
      Array array = {type, shape, {}};
      size_t count = 1;
      for (int64_t dim : shape)
        count *= size_t(dim);
      for (size_t i = 0; i < count * dtypeSize(type); ++i)
        array.bytes.push_back(std::string(type) == "bool" ? i & 1 : uint8_t(i * 37));
      std::vector<uint8_t> bytes;
      std::string error;
      ASSERT_TRUE(encodeNpy(array, bytes, error)) << error;
      EXPECT_EQ((bytes.size() - array.bytes.size()) % 64, 0u);
      Array back = decode(bytes);
      EXPECT_EQ(back.dtype, type);
      EXPECT_EQ(back.shape, shape);
      EXPECT_EQ(back.bytes, array.bytes);
    }
  }
}

TEST(Npy, ReadsOtherOrders) {
  Array fortran = decode(npy(dictionary("|u1", true, "(2, 3)"), {1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(fortran.bytes, (std::vector<uint8_t>{1, 3, 5, 2, 4, 6}));
  Array big = decode(npy(dictionary(">i2", false, "(2,)"), {1, 2, 3, 4}));
  EXPECT_EQ(big.bytes, (std::vector<uint8_t>{2, 1, 4, 3}));
  Array complex = decode(npy(dictionary(">c8", false, "()"), {1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(complex.bytes, (std::vector<uint8_t>{4, 3, 2, 1, 8, 7, 6, 5}));
  Array truth = decode(npy(dictionary("|b1", false, "(3,)"), {0, 1, 7}));
  EXPECT_EQ(truth.bytes, (std::vector<uint8_t>{0, 1, 1}));
  Array second = decode(npy(dictionary("|u1", false, "(1,)"), {9}, 2));
  EXPECT_EQ(second.bytes, std::vector<uint8_t>{9});
}

TEST(Npy, HostileHeadersAreRefused) {
  std::vector<uint8_t> four(4);
  EXPECT_EQ(refusal(npy(dictionary("|u1", false, "(4,)"), four)), "");
  for (const char *shape : {"(5,)", "(3,)", "(-4,)", "(4", "4", "(4)", "(2, 2", "(2 2)", "(,4)", "(2,,2)",
                            "(99999999999999999999,)", "(4294967296, 4294967296)",
                            "(9223372036854775807, 9223372036854775807, 4)", "[4]", "(4.0,)", "(0x4,)"})
    EXPECT_NE(refusal(npy(dictionary("|u1", false, shape), four)), "") << shape;
  for (const char *type :
       {"O", "|O", "<U1", "|S4", "u1", "", "<", "<x4", "<f3", "<f16", "[('a', '<f4')]", "<M8[s]", "|V4"})
    EXPECT_NE(refusal(npy(dictionary(type, false, "(4,)"), four)), "") << type;
  for (const char *text :
       {"", "{", "{}", "{'descr': '|u1'}", "{'descr': '|u1', 'fortran_order': False, 'shape': (4,)",
        "{'descr': '|u1', 'shape': (4,)}", "{'descr': '|u1', 'fortran_order': False, 'shape': (4,)} x",
        "{'descr': '|u1', 'fortran_order': 0, 'shape': (4,)}",
        "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (4,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (4,), 'more': 1}",
        "{'descr' '|u1', 'fortran_order': False, 'shape': (4,)}"})
    EXPECT_NE(refusal(npy(text, four)), "") << text;
  std::vector<uint8_t> version = npy(dictionary("|u1", false, "(4,)"), four);
  version[6] = 4;
  EXPECT_EQ(refusal(version), "unknown .npy version 4.0");
}

TEST(Npy, EveryTruncationIsRefused) {
  for (uint8_t version : {1, 2}) {
    std::vector<uint8_t> bytes = npy(dictionary("<f4", false, "(2,)"), std::vector<uint8_t>(8), version);
    for (size_t size = 0; size < bytes.size(); ++size)
      EXPECT_NE(refusal(std::vector<uint8_t>(bytes.begin(), bytes.begin() + ptrdiff_t(size))), "");
  }
}

TEST(Npy, WriterChecksItsArray) {
  std::vector<uint8_t> bytes;
  std::string error;
  EXPECT_FALSE(encodeNpy({"float33", {}, {}}, bytes, error));
  EXPECT_FALSE(encodeNpy({"float32", {2}, std::vector<uint8_t>(4)}, bytes, error));
  EXPECT_FALSE(encodeNpy({"float32", {INT64_MAX, 3}, {}}, bytes, error));
}

TEST(Npy, ReportsMissingFilesAndFolders) {
  Array array;
  std::string error;
  EXPECT_FALSE(readNpy("/nowhere/x.npy", array, error));
  EXPECT_EQ(error, "/nowhere/x.npy: No such file or directory");
  EXPECT_FALSE(readNpy("/", array, error));
  EXPECT_FALSE(writeNpy("/nowhere/x.npy", {"int8", {}, {1}}, error));
}

TEST(Npz, KeepsNamesAndOrder) {
  TemporaryFile file;
  std::vector<NamedArray> arrays = {
      {"z", {"int8", {2}, {1, 2}}}, {"a/b:0", {"float32", {0}, {}}}, {"m", {"bool", {}, {1}}}};
  std::string error;
  ASSERT_TRUE(writeNpz(file.path, arrays, error)) << error;
  std::vector<NamedArray> back;
  ASSERT_TRUE(readArrays(file.path, back, error)) << error;
  ASSERT_EQ(back.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(back[i].name, arrays[i].name);
    EXPECT_EQ(back[i].array.shape, arrays[i].array.shape);
    EXPECT_EQ(back[i].array.bytes, arrays[i].array.bytes);
  }
  arrays.push_back(arrays[0]);
  EXPECT_FALSE(writeNpz(file.path, arrays, error));
}

/// An archive with one entry deflated, as numpy.savez_compressed writes it.
std::vector<uint8_t> compressedArchive() {
  return {
#include "compressed.inc"
  };
}

TEST(Npz, ReadsDeflatedEntries) {
  std::vector<NamedArray> arrays;
  std::string error;
  ASSERT_TRUE(decodeNpz(compressedArchive(), arrays, error)) << error;
  ASSERT_EQ(arrays.size(), 1u);
  EXPECT_EQ(arrays[0].name, "x");
  EXPECT_EQ(arrays[0].array.dtype, "int16");
  EXPECT_EQ(arrays[0].array.shape, (std::vector<int64_t>{10, 10}));
  EXPECT_EQ(arrays[0].array.bytes[2], 1);
}

std::vector<uint8_t> readBytes(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

const std::vector<NamedArray> smallArrays = {{"x", {"int8", {4}, {1, 2, 3, 4}}}, {"y", {"int8", {}, {5}}}};

TEST(Npz, SizesMayHave64Bits) {
  TemporaryFile file;
  std::string error;
  for (uint64_t wideFrom : {0, 150, 200}) { // all, the second entry and the end, the end alone
    ASSERT_TRUE(writeNpz(file.path, smallArrays, error, wideFrom)) << error;
    std::vector<uint8_t> bytes = readBytes(file.path);
    std::string text(bytes.begin(), bytes.end());
    EXPECT_NE(text.find("PK\6\6"), text.npos) << wideFrom;
    std::vector<NamedArray> back;
    ASSERT_TRUE(decodeNpz(bytes, back, error)) << error << wideFrom;
    ASSERT_EQ(back.size(), 2u);
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(back[i].name, smallArrays[i].name);
      EXPECT_EQ(back[i].array.bytes, smallArrays[i].array.bytes);
    }
  }
  // The locator's place, and the end record's count, directory size and place, near 2^64.
  std::vector<uint8_t> honest = readBytes(file.path);
  std::vector<NamedArray> arrays;
  for (size_t at : {honest.size() - 22 - 12, honest.size() - 22 - 20 - 24, honest.size() - 22 - 20 - 16,
                    honest.size() - 22 - 20 - 8}) {
    std::vector<uint8_t> bytes = honest;
    std::fill_n(bytes.begin() + ptrdiff_t(at), 8, 0xff);
    EXPECT_FALSE(decodeNpz(bytes, arrays, error)) << at;
  }
}

TEST(Npz, DamagedArchivesNeverBreakTheReader) {
  TemporaryFile file;
  std::string error;
  ASSERT_TRUE(writeNpz(file.path, smallArrays, error));
  std::vector<uint8_t> stored = readBytes(file.path);
  ASSERT_TRUE(writeNpz(file.path, smallArrays, error, 0));
  std::vector<uint8_t> wide = readBytes(file.path);
  std::vector<NamedArray> arrays;
  for (const std::vector<uint8_t> &honest : {stored, wide, compressedArchive()}) {
    for (size_t size = 0; size < honest.size(); ++size)
      EXPECT_FALSE(
          decodeNpz(std::vector<uint8_t>(honest.begin(), honest.begin() + ptrdiff_t(size)), arrays, error));
    std::mt19937 random(2);
    for (int round = 0; round < 20'000; ++round) {
      std::vector<uint8_t> bytes = honest;
      for (unsigned count = 1 + random() % 3; count > 0; --count)
        bytes[random() % bytes.size()] = random() % 3 ? uint8_t(random()) : 0xff;
      decodeNpz(bytes, arrays, error);
    }
  }
}

} // namespace
