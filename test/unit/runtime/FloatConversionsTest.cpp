// Float conversions, over all halves and a dense net of floats, against an independent definition of
// rounding.
#include "core/FloatConversions.h"

#include <bit>
#include <cmath>
#include <gtest/gtest.h>

using namespace tegula::runtime;

namespace {

uint32_t low16(__m128i value) { return uint32_t(_mm_cvtsi128_si32(value)) & 0xffff; }
__m128i inRegister(uint32_t bits) { return _mm_cvtsi32_si128(int(bits)); }

/// The value of a format's bits, from its definition.
double valueOf(uint32_t bits, int exponentBits, int mantissaBits) {
  int bias = (1 << (exponentBits - 1)) - 1, top = (1 << exponentBits) - 1;
  int exponent = int(bits >> mantissaBits) & top;
  double mantissa = double(bits & ((1u << mantissaBits) - 1)) / double(1u << mantissaBits);
  double size = exponent == top ? (mantissa != 0 ? NAN : INFINITY)
                : exponent == 0 ? std::ldexp(mantissa, 1 - bias)
                                : std::ldexp(1 + mantissa, exponent - bias);
  return bits >> (exponentBits + mantissaBits) ? -size : size;
}

/// Whether `bits` is `value` rounded to nearest, ties to even, by looking at its two neighbours.
bool isRounded(double value, uint32_t bits, int exponentBits, int mantissaBits) {
  if (std::isnan(value))
    return std::isnan(valueOf(bits, exponentBits, mantissaBits));
  uint32_t sign = 1u << (exponentBits + mantissaBits), infinity = ((1u << exponentBits) - 1) << mantissaBits;
  if (std::signbit(value) != bool(bits & sign))
    return false;
  uint32_t size = bits & (sign - 1);
  value = std::fabs(value);
  // Beyond the largest number, infinity takes the place of the next one.
  auto at = [&](uint32_t b) {
    return b == infinity
               ? 2 * valueOf(b - 1, exponentBits, mantissaBits) - valueOf(b - 2, exponentBits, mantissaBits)
               : valueOf(b, exponentBits, mantissaBits);
  };
  if (size > infinity)
    return false;
  if (std::isinf(value))
    return size == infinity;
  double here = at(size);
  bool aboveFits = true;
  if (size < infinity && value > here) {
    double above = at(size + 1);
    aboveFits = value - here < above - value || (value - here == above - value && size % 2 == 0);
  }
  bool belowFits = true;
  if (size > 0 && value < here) {
    double below = at(size - 1);
    belowFits = here - value < value - below || (here - value == value - below && size % 2 == 0);
  }
  return aboveFits && belowFits;
}

TEST(FloatConversions, AllHalvesExtendExactlyAndComeBack) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    float value = extendHalfToFloat(inRegister(bits | 0xabcd0000));
    double expected = valueOf(bits, 5, 10);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(value));
      ASSERT_TRUE(std::isnan(valueOf(low16(truncateFloatToHalf(value)), 5, 10)));
      continue;
    }
    ASSERT_EQ(value, expected) << bits;
    ASSERT_EQ(std::signbit(value), std::signbit(expected));
    ASSERT_EQ(low16(truncateFloatToHalf(value)), bits);
    ASSERT_EQ(low16(truncateDoubleToHalf(value)), bits);
  }
}

TEST(FloatConversions, FloatsAndDoublesRoundOnce) {
  uint32_t step = 3517; // odd and not small, so that the low bits take many values
  for (uint64_t wide = 0; wide < 0x100000000; wide += step) {
    float value = std::bit_cast<float>(uint32_t(wide));
    ASSERT_TRUE(isRounded(value, low16(truncateFloatToHalf(value)), 5, 10)) << value;
    ASSERT_TRUE(isRounded(value, low16(truncateFloatToBFloat(value)), 8, 7)) << value;
  }
  for (uint32_t bits = 0; bits < 0x7f80; ++bits) { // ties, and what lies just beside them
    double here = valueOf(bits, 8, 7), above = valueOf(bits + 1, 8, 7),
           tie = std::isinf(above) ? here : (here + above) / 2;
    for (double value : {tie, std::nextafter(tie, 0), std::nextafter(tie, INFINITY), -tie}) {
      ASSERT_TRUE(isRounded(value, low16(truncateDoubleToBFloat(value)), 8, 7)) << value;
      ASSERT_TRUE(isRounded(value, low16(truncateDoubleToHalf(value)), 5, 10)) << value;
    }
  }
  EXPECT_EQ(low16(truncateDoubleToHalf(65520.0)), 0x7c00u);
  EXPECT_EQ(low16(truncateDoubleToHalf(65519.999)), 0x7bffu);
  EXPECT_EQ(low16(truncateFloatToHalf(INFINITY)), 0x7c00u);
  EXPECT_EQ(low16(truncateFloatToBFloat(3.4e38f)), 0x7f80u);
  EXPECT_EQ(low16(truncateDoubleToHalf(1e-320)), 0u);
}

} // namespace
