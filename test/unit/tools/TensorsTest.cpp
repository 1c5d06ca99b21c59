// Tests seeded values and both comparisons, because every other test of numbers trusts them.
#include "common/Tensors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

using namespace tegula;
using namespace tegula::tools;

namespace {

template <typename T> HostTensor tensorOf(const std::string &dtype, std::vector<T> values) {
  HostTensor tensor{dtype, {int64_t(values.size())}, {}};
  tensor.bytes.resize(values.size() * sizeof(T));
  std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}

HostTensor floats(std::vector<float> values) { return tensorOf<float>("float32", std::move(values)); }

constexpr float nan = std::numeric_limits<float>::quiet_NaN(),
                infinity = std::numeric_limits<float>::infinity();

TEST(SeededTensor, IsTheSameForOneNameAndDiffersForAnother) {
  EXPECT_EQ(seededTensor("x", "float32", {4, 5}).bytes, seededTensor("x", "float32", {4, 5}).bytes);
  EXPECT_NE(seededTensor("x", "float32", {4, 5}).bytes, seededTensor("y", "float32", {4, 5}).bytes);
}

TEST(SeededTensor, FloatsAreStandardNormal) {
  for (const char *dtype : {"float32", "float64", "float16", "bfloat16"}) {
    HostTensor tensor = seededTensor("x", dtype, {100, 200});
    double sum = 0, squares = 0;
    for (size_t i = 0; i < 20000; ++i) {
      double value = elementAsDouble(tensor, i);
      sum += value, squares += value * value;
    }
    EXPECT_NEAR(sum / 20000, 0, 0.03) << dtype;
    EXPECT_NEAR(squares / 20000, 1, 0.05) << dtype;
  }
}

TEST(SeededTensor, FollowsTheName) {
  HostTensor ids = seededTensor("input_ids", "int64", {1000}),
             types = seededTensor("token_type_ids", "int64", {1000});
  HostTensor mask = seededTensor("attention_mask", "int64", {10}), flags = seededTensor("x", "bool", {10});
  double largest = 0, largestType = 0;
  for (size_t i = 0; i < 1000; ++i) {
    largest = std::max(largest, elementAsDouble(ids, i));
    largestType = std::max(largestType, elementAsDouble(types, i));
  }
  EXPECT_GT(largest, 90);
  EXPECT_LT(largest, 100);
  EXPECT_EQ(largestType, 1);
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(elementAsDouble(mask, i), 1);
    EXPECT_EQ(elementAsDouble(flags, i), 1);
  }
}

TEST(ElementAsDouble, ReadsEveryType) {
  EXPECT_EQ(elementAsDouble(tensorOf<uint16_t>("bfloat16", {0x3fc0}), 0), 1.5);
  EXPECT_EQ(elementAsDouble(tensorOf<uint16_t>("float16", {0x3e00}), 0), 1.5);
  EXPECT_EQ(elementAsDouble(tensorOf<int8_t>("int8", {-3}), 0), -3);
  EXPECT_EQ(elementAsDouble(tensorOf<uint64_t>("uint64", {1ull << 63}), 0), 0x1p63);
  EXPECT_EQ(elementSize("float64"), 8u);
  EXPECT_EQ(elementSize("string"), 0u);
}

TEST(ElementCount, RefusesOverflow) {
  EXPECT_EQ(elementCount({}), 1);
  EXPECT_EQ(elementCount({3, 0}), 0);
  EXPECT_FALSE(elementCount({int64_t(1) << 40, int64_t(1) << 40}));
  EXPECT_FALSE(elementCount({-1}));
}

TEST(RelativeDifference, IsRelativeToTheLargestReference) {
  EXPECT_NEAR(relativeDifference(floats({1, 10.5f}), floats({1, 10})).error, 0.05, 1e-9);
  EXPECT_EQ(relativeDifference(floats({nan, infinity}), floats({nan, infinity})).error, 0);
}

TEST(RelativeDifference, NanOnOneSideIsInfinitelyFar) {
  EXPECT_EQ(relativeDifference(floats({nan}), floats({1})).error, INFINITY);
  EXPECT_EQ(relativeDifference(floats({1}), floats({nan})).error, INFINITY);
  EXPECT_EQ(relativeDifference(floats({infinity}), floats({1})).error, INFINITY);
  EXPECT_EQ(relativeDifference(floats({infinity}), floats({-infinity})).error, INFINITY);
}

TEST(RelativeDifference, ComparesIntegersExactly) {
  Difference difference = relativeDifference(tensorOf<int64_t>("int64", {1, 1ll << 60, 3, 4}),
                                             tensorOf<int64_t>("int64", {1, (1ll << 60) + 1, 3, 4}));
  EXPECT_EQ(difference.error, 0.25);
  EXPECT_NE(difference.reason.find("[1]"), std::string::npos);
}

TEST(RelativeDifference, RefusesOtherTypesAndShapes) {
  EXPECT_EQ(relativeDifference(floats({1}), floats({1, 2})).reason, "expected shape 2, got 1");
  EXPECT_FALSE(relativeDifference(tensorOf<int32_t>("int32", {1}), floats({1})).comparable);
}

TEST(FirstMismatch, FollowsNumpy) {
  EXPECT_EQ(firstMismatch(floats({1.0009f, nan, infinity}), floats({1, nan, infinity}), 1e-3, 1e-7), "");
  EXPECT_NE(firstMismatch(floats({1.002f}), floats({1}), 1e-3, 1e-7), "");
  EXPECT_NE(firstMismatch(floats({infinity}), floats({1}), 1e-3, 1e-7), "");
  EXPECT_NE(firstMismatch(floats({1}), floats({infinity}), 1e-3, 1e-7), "");
  EXPECT_NE(firstMismatch(floats({1}), floats({nan}), 1e-3, 1e-7), "");
  EXPECT_EQ(firstMismatch(floats({0, 5}), floats({0, 4}), 0, 0),
            "1 of 2 values differ, first at [1]: got 5, expected 4");
}

TEST(FirstMismatch, SeesLargeIntegersThatOneDoubleHolds) {
  EXPECT_NE(firstMismatch(tensorOf<int64_t>("int64", {1ll << 60}),
                          tensorOf<int64_t>("int64", {(1ll << 60) + 1}), 0, 0),
            "");
}

} // namespace
