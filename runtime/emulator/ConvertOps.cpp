// cvt between all integer and float types, with roundings and saturation.
#include "FloatOps.h"
#include "Lanes.h"

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <limits>

#pragma STDC FENV_ACCESS ON

namespace tegula::runtime::emulator {
namespace {

constexpr uint32_t flushFlag = 8, saturateFlag = 16, reluFlag = 32, integralFlag = 64, satFiniteFlag = 128;

Rounding roundingOf(const Instruction &in) { return Rounding(in.extra & 7); }

double roundIntegral(double value, Rounding rounding) {
  switch (rounding) {
  case Rounding::Nearest:
    return std::nearbyint(value);
  case Rounding::Zero:
    return std::trunc(value);
  case Rounding::Down:
    return std::floor(value);
  default:
    return std::ceil(value);
  }
}

/// The register's low bits as an integer of the source type, extended to 64 bits.
template <class From> int64_t readInteger(Warp &warp, const Instruction &in, int lane) {
  return int64_t(From(warp.read(in.a, in.fromWidth, lane)));
}

template <class From, class To> void runIntegers(Warp &warp, const Instruction &in, uint32_t mask) {
  bool saturate = in.extra & saturateFlag;
  for (; mask; mask &= mask - 1) {
    int lane = std::countr_zero(mask);
    int64_t value = readInteger<From>(warp, in, lane);
    if (saturate) {
      __int128 exact = std::is_unsigned_v<From> ? __int128(uint64_t(value)) : __int128(value);
      value = int64_t(
          std::clamp<__int128>(exact, std::numeric_limits<To>::min(), std::numeric_limits<To>::max()));
    }
    warp.write(in.d, in.width, lane, uint64_t(int64_t(To(value))));
  }
}

/// The frequent case: registers as wide as the types.
template <class To> struct ConvertTo {
  template <class From> static To run(From a) { return To(a); }
};

double readFloat(Warp &warp, const Instruction &in, Type from, int lane) {
  uint64_t bits = warp.read(in.a, in.fromWidth, lane);
  switch (from) {
  case Type::F16:
    return fromHalf(uint16_t(bits));
  case Type::BF16:
    return fromBrain(uint16_t(bits));
  case Type::F32: {
    float value = std::bit_cast<float>(uint32_t(bits));
    return (in.extra & flushFlag) && std::fabs(value) < 0x1p-126f ? std::copysign(0.0f, value) : value;
  }
  default:
    return std::bit_cast<double>(bits);
  }
}

uint64_t writeFloat(double value, const Instruction &in, Type to) {
  if (in.extra & saturateFlag)
    value = !(value > 0) ? 0 : std::min(value, 1.0);
  if ((in.extra & reluFlag) && value <= 0)
    value = 0;
  Rounding rounding = roundingOf(in);
  switch (to) {
  case Type::F16: {
    uint16_t bits = toHalf(value, rounding);
    return (in.extra & satFiniteFlag) && (bits & 0x7fff) == 0x7c00 ? bits - 1u : bits;
  }
  case Type::BF16: {
    uint16_t bits = toBrain(value, rounding);
    return (in.extra & satFiniteFlag) && (bits & 0x7fff) == 0x7f80 ? bits - 1u : bits;
  }
  case Type::TF32:
    return toTensorFloat(value, rounding);
  case Type::F32: {
    if (rounding == Rounding::Nearest) {
      float narrow = float(value);
      if ((in.extra & flushFlag) && std::fabs(narrow) < 0x1p-126f)
        narrow = std::copysign(0.0f, narrow);
      return std::bit_cast<uint32_t>(narrow);
    }
    setRounding(rounding);
    volatile float narrow = float(value);
    setRounding(Rounding::Nearest);
    return std::bit_cast<uint32_t>(float(narrow));
  }
  default:
    return std::bit_cast<uint64_t>(value);
  }
}

template <Type From, Type To> void runFloats(Warp &warp, const Instruction &in, uint32_t mask) {
  for (; mask; mask &= mask - 1) {
    int lane = std::countr_zero(mask);
    double value = readFloat(warp, in, From, lane);
    if (in.extra & integralFlag)
      value = roundIntegral(value, roundingOf(in));
    warp.write(in.d, in.width, lane, writeFloat(value, in, To));
  }
}

template <class From, Type To> void runIntegerToFloat(Warp &warp, const Instruction &in, uint32_t mask) {
  for (; mask; mask &= mask - 1) {
    int lane = std::countr_zero(mask);
    From value = From(readInteger<From>(warp, in, lane));
    uint64_t bits;
    if constexpr (To == Type::F32 || To == Type::F64) { // one rounding, also from 64 bits
      if (roundingOf(in) != Rounding::Nearest)
        setRounding(roundingOf(in));
      volatile From from = value;
      if constexpr (To == Type::F32) {
        volatile float result = float(from);
        bits = std::bit_cast<uint32_t>(float(result));
      } else {
        volatile double result = double(from);
        bits = std::bit_cast<uint64_t>(double(result));
      }
      if (roundingOf(in) != Rounding::Nearest)
        setRounding(Rounding::Nearest);
    } else {
      bits = writeFloat(double(value), in, To);
    }
    warp.write(in.d, in.width, lane, bits);
  }
}

/// Out of range becomes the nearest that is in range, NaN becomes 0.
template <Type From, class To> void runFloatToInteger(Warp &warp, const Instruction &in, uint32_t mask) {
  using Limits = std::numeric_limits<To>;
  for (; mask; mask &= mask - 1) {
    int lane = std::countr_zero(mask);
    double value = roundIntegral(readFloat(warp, in, From, lane), roundingOf(in));
    To result = 0;
    if (value >= -double(Limits::min()) && std::is_signed_v<To>)
      result = Limits::max();
    else if (std::is_unsigned_v<To> && value >= std::ldexp(1.0, 8 * int(sizeof(To))))
      result = Limits::max();
    else if (value <= double(Limits::min()))
      result = Limits::min();
    else if (!std::isnan(value))
      result = To(value);
    warp.write(in.d, in.width, lane, uint64_t(int64_t(result)));
  }
}

/// Two floats into one register, the first one above.
template <Type From, Type To> void runPack(Warp &warp, const Instruction &in, uint32_t mask) {
  uint32_t *d = warp.lanes<uint32_t>(in.d);
  const float *a = warp.lanes<float>(in.a), *b = warp.lanes<float>(in.b);
  for (; mask; mask &= mask - 1) {
    int lane = std::countr_zero(mask);
    d[lane] = uint32_t(writeFloat(a[lane], in, To)) << 16 | uint32_t(writeFloat(b[lane], in, To));
  }
}

/// Calls `body` with a float type as a template argument.
template <class F> void withFloat(Decoding &d, Type type, F body) {
  switch (type) {
  case Type::F16:
    return body.template operator()<Type::F16>();
  case Type::BF16:
    return body.template operator()<Type::BF16>();
  case Type::TF32:
    return body.template operator()<Type::TF32>();
  case Type::F32:
    return body.template operator()<Type::F32>();
  case Type::F64:
    return body.template operator()<Type::F64>();
  default:
    d.fail("expected a float type");
  }
}

void chooseIntegers(Decoding &d, Type to, Type from) {
  withSmallInteger(d, to, [&]<class T>(T) {
    withSmallInteger(d, from, [&]<class F>(F) {
      d.out.run = runIntegers<F, T>;
      if constexpr (sizeof(T) > 1 && sizeof(F) > 1)
        if (d.out.width == sizeof(T) && d.out.fromWidth == sizeof(F) && !(d.out.extra & saturateFlag))
          d.out.run = unaryLanes<T, F, ConvertTo<T>>;
    });
  });
}

void decodeConvert(Decoding &d) {
  Instruction &out = d.out;
  int integral = d.takeOneOf({"rni", "rzi", "rmi", "rpi"});
  int rounding = d.takeOneOf({"rn", "rz", "rm", "rp", "rna"});
  out.extra = uint32_t(std::max({integral, rounding, 0})) | (integral >= 0 ? integralFlag : 0) |
              (d.take("ftz") ? flushFlag : 0) | (d.take("sat") ? saturateFlag : 0) |
              (d.take("relu") ? reluFlag : 0) | (d.take("satfinite") ? satFiniteFlag : 0);
  Type to = d.takeType(), from = d.takeType();
  if (to == Type::F16x2 || to == Type::BF16x2) {
    if (from != Type::F32)
      d.fail("expected .f32");
    d.expectOperands(3, 3);
    out.d = d.target(0, 4);
    out.a = d.source(1, from);
    out.b = d.source(2, from);
    out.run = to == Type::F16x2 ? runPack<Type::F32, Type::F16> : runPack<Type::F32, Type::BF16>;
    return;
  }
  d.expectOperands(2, 2);
  Place target = d.anyTarget(d.operand(0)), source = d.anySource(d.operand(1), from);
  if (target.width == 0 || source.width == 0 || target.width < bytesOf(to) || source.width < bytesOf(from))
    d.fail("expected registers that hold the types");
  out.d = target.at;
  out.width = uint8_t(target.width);
  out.a = source.at;
  out.fromWidth = uint8_t(source.width);
  if (!isFloat(to) && !isFloat(from))
    return chooseIntegers(d, to, from);
  if (!isFloat(to))
    return withFloat(d, from, [&]<Type F>() {
      withSmallInteger(d, to, [&]<class T>(T) { d.out.run = runFloatToInteger<F, T>; });
    });
  withFloat(d, to, [&]<Type T>() {
    if (isFloat(from))
      return withFloat(d, from, [&]<Type F>() { d.out.run = runFloats<F, T>; });
    withSmallInteger(d, from, [&]<class F>(F) { d.out.run = runIntegerToFloat<F, T>; });
  });
}

} // namespace

void addConvertInstructions(DecodeTable &table) { table["cvt"] = decodeConvert; }

} // namespace tegula::runtime::emulator
