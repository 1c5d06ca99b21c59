// Float arithmetic: f32 and f64 as the processor has it, f16 and bf16 in double, with all modes that PTX has.
#include "FloatOps.h"
#include "Lanes.h"

#include <cfenv>
#include <cmath>
#include <limits>

#pragma STDC FENV_ACCESS ON

namespace tegula::runtime::emulator {

void setRounding(Rounding rounding) {
  static const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
  std::fesetround(modes[int(rounding)]);
}

namespace {

/// What the modifiers ask for, packed into Instruction::extra.
struct Modes {
  uint32_t bits = 0;
  static constexpr uint32_t flush = 8, saturate = 16, keepNan = 32, relu = 64;
  Rounding rounding() const { return Rounding(bits & 7); }
};

struct Add {
  template <class T> static T run(T a, T b, uint32_t) { return a + b; }
};
struct Subtract {
  template <class T> static T run(T a, T b, uint32_t) { return a - b; }
};
struct Multiply {
  template <class T> static T run(T a, T b, uint32_t) { return a * b; }
};
struct Divide {
  template <class T> static T run(T a, T b, uint32_t) { return a / b; }
};
struct MultiplyAdd {
  template <class T> static T run(T a, T b, T c, uint32_t) { return std::fma(a, b, c); }
};
struct Minimum {
  template <class T> static T run(T a, T b, uint32_t modes) {
    if (std::isnan(a) || std::isnan(b))
      return modes & Modes::keepNan ? std::numeric_limits<T>::quiet_NaN() : std::isnan(a) ? b : a;
    if (a == b)
      return std::signbit(a) ? a : b;
    return a < b ? a : b;
  }
};
struct Maximum {
  template <class T> static T run(T a, T b, uint32_t modes) {
    if (std::isnan(a) || std::isnan(b))
      return modes & Modes::keepNan ? std::numeric_limits<T>::quiet_NaN() : std::isnan(a) ? b : a;
    if (a == b)
      return std::signbit(a) ? b : a;
    return a > b ? a : b;
  }
};
struct SquareRoot {
  template <class T> static T run(T a, uint32_t) { return std::sqrt(a); }
};
struct Reciprocal {
  template <class T> static T run(T a, uint32_t) { return T(1) / a; }
};

/// How a format is stored and computed.
struct Single {
  using Stored = float;
  using Value = float;
  static float load(float v) { return v; }
  static float store(float v, Rounding) { return v; }
};
struct Double {
  using Stored = double;
  using Value = double;
  static double load(double v) { return v; }
  static double store(double v, Rounding) { return v; }
};
struct Half {
  using Stored = uint16_t;
  using Value = double;
  static double load(uint16_t v) { return fromHalf(v); }
  static uint16_t store(double v, Rounding rounding) { return toHalf(v, rounding); }
};
struct Brain {
  using Stored = uint16_t;
  using Value = double;
  static double load(uint16_t v) { return fromBrain(v); }
  static uint16_t store(double v, Rounding rounding) { return toBrain(v, rounding); }
};

template <class F> typename F::Value prepare(typename F::Stored stored, uint32_t modes) {
  auto value = F::load(stored);
  if constexpr (std::is_same_v<F, Single>)
    if ((modes & Modes::flush) && std::fabs(value) < 0x1p-126f)
      return std::copysign(0.0f, value);
  return value;
}

template <class F> typename F::Stored finish(typename F::Value value, uint32_t modes) {
  if (modes & Modes::saturate)
    value = !(value > 0) ? 0 : value > 1 ? 1 : value;
  if ((modes & Modes::relu) && value <= 0)
    value = 0;
  if constexpr (std::is_same_v<F, Single>)
    if ((modes & Modes::flush) && std::fabs(value) < 0x1p-126f)
      value = std::copysign(0.0f, value);
  return F::store(value, Modes{modes}.rounding());
}

/// Any mode; `Elements` values in one register.
template <class F, int Elements, int Operands, class Op>
[[gnu::noinline]]
void runFloat(Warp &warp, const Instruction &in, uint32_t mask) {
  using S = typename F::Stored;
  S *d = warp.lanes<S>(in.d);
  const S *a = warp.lanes<S>(in.a), *b = a, *c = a;
  if constexpr (Operands > 1)
    b = warp.lanes<S>(in.b);
  if constexpr (Operands > 2)
    c = warp.lanes<S>(in.c);
  const uint32_t modes = in.extra;
  bool narrow = sizeof(S) == 2; // these round when they are stored
  bool direct = !narrow && Modes{modes}.rounding() != Rounding::Nearest;
  if (direct)
    setRounding(Modes{modes}.rounding());
  for (; mask; mask &= mask - 1)
    for (int i = std::countr_zero(mask) * Elements, end = i + Elements; i < end; ++i) {
      auto x = prepare<F>(a[i], modes);
      if constexpr (Operands == 1)
        d[i] = finish<F>(Op::run(x, modes), modes);
      else if constexpr (Operands == 2)
        d[i] = finish<F>(Op::run(x, prepare<F>(b[i], modes), modes), modes);
      else
        d[i] = finish<F>(Op::run(x, prepare<F>(b[i], modes), prepare<F>(c[i], modes), modes), modes);
    }
  if (direct)
    setRounding(Rounding::Nearest);
}

template <int Operands, class Op> void decodeFloat(Decoding &d, Type type) {
  uint32_t modes = uint32_t(takeRounding(d));
  modes |= (d.take("ftz") ? Modes::flush : 0) | (d.take("sat") ? Modes::saturate : 0) |
           (d.take("NaN") ? Modes::keepNan : 0) | (d.take("relu") ? Modes::relu : 0);
  d.expectOperands(Operands + 1, Operands + 1);
  decodeTarget(d, type);
  d.out.a = d.source(1, type);
  if (Operands > 1)
    d.out.b = d.source(2, type);
  if (Operands > 2)
    d.out.c = d.source(3, type);
  d.out.extra = modes;
  switch (type) {
  case Type::F32:
    d.out.run = runFloat<Single, 1, Operands, Op>;
    break;
  case Type::F64:
    d.out.run = runFloat<Double, 1, Operands, Op>;
    break;
  case Type::F16:
    d.out.run = runFloat<Half, 1, Operands, Op>;
    break;
  case Type::F16x2:
    d.out.run = runFloat<Half, 2, Operands, Op>;
    break;
  case Type::BF16:
    d.out.run = runFloat<Brain, 1, Operands, Op>;
    break;
  case Type::BF16x2:
    d.out.run = runFloat<Brain, 2, Operands, Op>;
    break;
  default:
    d.fail("expected a float type");
  }
  if (Handler fast = modes == 0 ? fastFloat(d.name(), type) : nullptr)
    d.out.run = fast;
}

/// Sets, clears or flips the sign bit of each element; nothing else, so NaN payloads survive.
template <class T, T KeepBits, T FlipBits> struct SignBits {
  static T run(T a) { return T((a & KeepBits) ^ FlipBits); }
};

template <bool Flip> void decodeSign(Decoding &d, Type type) {
  bool flush = d.take("ftz");
  d.expectOperands(2, 2);
  decodeTarget(d, type);
  d.out.a = d.source(1, type);
  if (flush && type == Type::F32) {
    struct Flushed {
      static float run(float a) {
        float size = std::fabs(a) < 0x1p-126f ? 0.0f : std::fabs(a);
        return Flip ? std::copysign(size, std::signbit(a) ? 1.0f : -1.0f) : size;
      }
    };
    d.out.run = unaryLanes<float, float, Flushed>;
    return;
  }
  switch (type) {
  case Type::F32:
    d.out.run =
        unaryLanes<uint32_t, uint32_t, SignBits<uint32_t, Flip ? ~0u : 0x7fffffffu, Flip ? 0x80000000u : 0>>;
    break;
  case Type::F64:
    d.out.run = unaryLanes<uint64_t, uint64_t,
                           SignBits<uint64_t, Flip ? ~0ull : (~0ull >> 1), Flip ? 1ull << 63 : 0ull>>;
    break;
  case Type::F16:
  case Type::BF16:
    d.out.run = unaryLanes<uint16_t, uint16_t, SignBits<uint16_t, Flip ? 0xffff : 0x7fff, Flip ? 0x8000 : 0>>;
    break;
  default:
    d.out.run =
        unaryLanes<uint32_t, uint32_t, SignBits<uint32_t, Flip ? ~0u : 0x7fff7fffu, Flip ? 0x80008000u : 0>>;
  }
}

/// The result has the size of the second operand and the sign of the first.
struct CopySign {
  template <class T> static T run(T sign, T size) { return std::copysign(size, sign); }
};

void decodeCopySign(Decoding &d) {
  Type type = d.takeType();
  d.expectOperands(3, 3);
  decodeTarget(d, type);
  d.out.a = d.source(1, type);
  d.out.b = d.source(2, type);
  if (type == Type::F32)
    d.out.run = binaryLanes<float, float, float, CopySign>;
  else if (type == Type::F64)
    d.out.run = binaryLanes<double, double, double, CopySign>;
  else
    d.fail("expected .f32 or .f64");
}

/// sqrt and rcp; their approximations are exact here.
template <class Op> void decodeRoot(Decoding &d) {
  Type type = d.takeType();
  d.take("approx");
  decodeFloat<1, Op>(d, type);
}

void decodeFma(Decoding &d) { decodeFloat<3, MultiplyAdd>(d, d.takeType()); }

} // namespace

void decodeFloatAdd(Decoding &d, Type type) { decodeFloat<2, Add>(d, type); }
void decodeFloatSubtract(Decoding &d, Type type) { decodeFloat<2, Subtract>(d, type); }
void decodeFloatMultiply(Decoding &d, Type type) { decodeFloat<2, Multiply>(d, type); }
void decodeFloatMultiplyAdd(Decoding &d, Type type) { decodeFloat<3, MultiplyAdd>(d, type); }
void decodeFloatDivide(Decoding &d, Type type) {
  d.takeOneOf({"approx", "full"});
  decodeFloat<2, Divide>(d, type);
}
void decodeFloatMinimum(Decoding &d, Type type) { decodeFloat<2, Minimum>(d, type); }
void decodeFloatMaximum(Decoding &d, Type type) { decodeFloat<2, Maximum>(d, type); }
void decodeFloatAbsolute(Decoding &d, Type type) { decodeSign<false>(d, type); }
void decodeFloatNegate(Decoding &d, Type type) { decodeSign<true>(d, type); }

void addFloatInstructions(DecodeTable &table) {
  table["fma"] = decodeFma;
  table["sqrt"] = decodeRoot<SquareRoot>;
  table["rcp"] = decodeRoot<Reciprocal>;
  table["copysign"] = decodeCopySign;
}

} // namespace tegula::runtime::emulator
