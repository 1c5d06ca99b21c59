// Rounding of doubles to narrow formats: f16, bf16, tf32, in every rounding mode that PTX has.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace tegula::runtime::emulator {

enum class Rounding : uint8_t { Nearest, Zero, Down, Up, NearestAway };

/// The bits of the nearest value with `Exponent` and `Mantissa` bits. NaN becomes the one that PTX names.
template <int Exponent, int Mantissa> uint32_t roundTo(double value, Rounding rounding) {
  constexpr int bias = (1 << (Exponent - 1)) - 1;
  constexpr uint32_t infinity = ((1u << Exponent) - 1) << Mantissa;
  uint64_t bits = std::bit_cast<uint64_t>(value);
  uint32_t sign = uint32_t(bits >> 63) << (Exponent + Mantissa);
  if (std::isnan(value))
    return infinity | ((1u << Mantissa) - 1);
  if (std::isinf(value))
    return sign | infinity;
  int exponent = std::max(int(bits >> 52 & 0x7ff) - 1023, 1 - bias); // the smallest normal one for all below
  double size = std::fabs(value);
  if (exponent > bias + 1) // far too large: any number that overflows, too
    exponent = bias + 1, size = std::ldexp(1.5, exponent);
  // In units of the last place, the number has an integral part of Mantissa + 1 bits.
  double units = size * std::bit_cast<double>(uint64_t(1023 + Mantissa - exponent) << 52);
  double whole = std::floor(units), rest = units - whole;
  uint32_t count = uint32_t(whole);
  bool up = false;
  switch (rounding) {
  case Rounding::Nearest:
    up = rest > 0.5 || (rest == 0.5 && count % 2);
    break;
  case Rounding::NearestAway:
    up = rest >= 0.5;
    break;
  case Rounding::Zero:
    break;
  case Rounding::Down:
    up = sign && rest > 0;
    break;
  case Rounding::Up:
    up = !sign && rest > 0;
    break;
  }
  // A carry out of the mantissa is the next exponent; the implicit bit adds one to a normal exponent.
  uint32_t result = (uint32_t(exponent + bias - 1) << Mantissa) + count + up;
  if (result >= infinity) {
    bool toInfinity = rounding == Rounding::Nearest || rounding == Rounding::NearestAway ||
                      (rounding == Rounding::Down && sign) || (rounding == Rounding::Up && !sign);
    result = toInfinity ? infinity : infinity - 1;
  }
  return sign | result;
}

inline uint16_t toHalf(double value, Rounding rounding = Rounding::Nearest) {
  return uint16_t(roundTo<5, 10>(value, rounding));
}
inline uint16_t toBrain(double value, Rounding rounding = Rounding::Nearest) {
  return uint16_t(roundTo<8, 7>(value, rounding));
}
inline uint32_t toTensorFloat(double value, Rounding rounding) {
  return roundTo<8, 10>(value, rounding) << 13;
}

inline float fromBrain(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }
inline float fromHalf(uint16_t bits) {
  uint32_t magnitude = bits & 0x7fffu, sign = uint32_t(bits & 0x8000u) << 16;
  if (magnitude >= 0x7c00)
    return std::bit_cast<float>(sign | 0x7f800000u | (magnitude & 0x3ffu) << 13);
  // Shifted into place, the exponent is too small by 112; the product is exact, also for denormals.
  float scaled = std::bit_cast<float>(magnitude << 13) * 0x1p112f;
  return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(scaled));
}

} // namespace tegula::runtime::emulator
