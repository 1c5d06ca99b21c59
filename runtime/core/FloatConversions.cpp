// Float formats converted in integers: exact, rounded once to even, whatever the machine's mode.
#include "FloatConversions.h"

#if defined(__x86_64__)
#include <bit>

namespace tegula::runtime {
namespace {

struct Format {
  int exponentBits, mantissaBits;
  constexpr uint64_t maxExponent() const { return (uint64_t(1) << exponentBits) - 1; }
  constexpr int bias() const { return (1 << (exponentBits - 1)) - 1; }
};

constexpr Format half = {5, 10}, bfloat = {8, 7}, single = {8, 23}, dbl = {11, 52};

/// Drops the low `count` bits, rounding to nearest and ties to even.
uint64_t roundAway(uint64_t value, int count) {
  if (count > 63)
    return 0;
  uint64_t kept = value >> count, rest = value & ((uint64_t(1) << count) - 1),
           tie = uint64_t(1) << (count - 1);
  return kept + (rest > tie || (rest == tie && (kept & 1)));
}

uint64_t narrow(uint64_t bits, Format from, Format to) {
  uint64_t sign = bits >> (from.exponentBits + from.mantissaBits) << (to.exponentBits + to.mantissaBits);
  uint64_t exponent = bits >> from.mantissaBits & from.maxExponent();
  uint64_t mantissa = bits & ((uint64_t(1) << from.mantissaBits) - 1);
  int shift = from.mantissaBits - to.mantissaBits;
  uint64_t infinity = to.maxExponent() << to.mantissaBits;
  if (exponent == from.maxExponent()) {
    uint64_t quiet = uint64_t(1) << (to.mantissaBits - 1);
    return sign | infinity | (mantissa ? (mantissa >> shift | quiet) : 0);
  }
  int newExponent = int(exponent) - from.bias() + to.bias();
  if (exponent == 0 && from.exponentBits == to.exponentBits) // denormal here and there
    return sign | roundAway(mantissa, shift);
  if (exponent == 0) // far below the smallest number of the narrower format
    return sign;
  mantissa |= uint64_t(1) << from.mantissaBits;
  if (newExponent <= 0) // becomes a denormal; a carry out of it makes the smallest normal number
    return sign | roundAway(mantissa, shift + 1 - newExponent);
  // The leading one adds one to the exponent field, and so does a carry of the rounding.
  uint64_t result = (uint64_t(newExponent - 1) << to.mantissaBits) + roundAway(mantissa, shift);
  return sign | (newExponent >= int(to.maxExponent()) || result > infinity ? infinity : result);
}

__m128i inRegister(uint64_t bits) { return _mm_cvtsi32_si128(int(bits)); }

} // namespace

__m128i truncateFloatToHalf(float value) {
  return inRegister(narrow(std::bit_cast<uint32_t>(value), single, half));
}
__m128i truncateDoubleToHalf(double value) {
  return inRegister(narrow(std::bit_cast<uint64_t>(value), dbl, half));
}
__m128i truncateFloatToBFloat(float value) {
  return inRegister(narrow(std::bit_cast<uint32_t>(value), single, bfloat));
}
__m128i truncateDoubleToBFloat(double value) {
  return inRegister(narrow(std::bit_cast<uint64_t>(value), dbl, bfloat));
}

float extendHalfToFloat(__m128i value) {
  uint32_t bits = uint32_t(_mm_cvtsi128_si32(value)) & 0xffff;
  uint32_t sign = bits >> 15 << 31, exponent = bits >> 10 & 0x1f, mantissa = bits & 0x3ff;
  if (exponent == 0x1f)
    return std::bit_cast<float>(sign | 0x7f800000 | (mantissa ? 0x400000 | mantissa << 13 : 0));
  if (exponent == 0 && mantissa == 0)
    return std::bit_cast<float>(sign);
  if (exponent == 0) { // a denormal half is a normal float
    int shift = std::countl_zero(mantissa) - 21;
    mantissa = mantissa << shift & 0x3ff;
    exponent = uint32_t(1 - shift);
  }
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

} // namespace tegula::runtime
#endif
