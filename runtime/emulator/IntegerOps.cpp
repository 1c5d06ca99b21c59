// Integer arithmetic. Names that floats share (add, mul, ...) are sent on to FloatOps where the type says so.
#include "FloatOps.h"
#include "Lanes.h"

#include <algorithm>
#include <type_traits>

namespace tegula::runtime::emulator {
namespace {

struct Add {
  template <class T> static T run(T a, T b) { return T(uint64_t(a) + uint64_t(b)); }
};
struct Subtract {
  template <class T> static T run(T a, T b) { return T(uint64_t(a) - uint64_t(b)); }
};
struct AddSaturated {
  static int32_t run(int32_t a, int32_t b) {
    int64_t sum = int64_t(a) + b;
    return int32_t(std::clamp<int64_t>(sum, INT32_MIN, INT32_MAX));
  }
};
struct SubtractSaturated {
  static int32_t run(int32_t a, int32_t b) {
    int64_t difference = int64_t(a) - b;
    return int32_t(std::clamp<int64_t>(difference, INT32_MIN, INT32_MAX));
  }
};
struct MultiplyLow {
  template <class T> static T run(T a, T b) { return T(uint64_t(a) * uint64_t(b)); }
  template <class T> static T run(T a, T b, T c) { return T(uint64_t(a) * uint64_t(b) + uint64_t(c)); }
};
struct MultiplyHigh {
  template <class T> static T run(T a, T b) {
    using Wide = std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>;
    return T((Wide(a) * Wide(b)) >> (8 * sizeof(T)));
  }
  template <class T> static T run(T a, T b, T c) { return Add::run(run(a, b), c); }
};
struct MultiplyWide {
  static uint32_t run(uint16_t a, uint16_t b) { return uint32_t(a) * b; }
  static int32_t run(int16_t a, int16_t b) { return int32_t(a) * b; }
  static uint64_t run(uint32_t a, uint32_t b) { return uint64_t(a) * b; }
  static int64_t run(int32_t a, int32_t b) { return int64_t(a) * b; }
  template <class T, class W> static W run(T a, T b, W c) { return Add::run(W(run(a, b)), c); }
};
struct Divide {
  template <class T> static T run(T a, T b) {
    if (b == 0)
      return T(-1); // what the hardware gives
    if (std::is_signed_v<T> && b == T(-1))
      return T(0 - uint64_t(a));
    return T(a / b);
  }
};
struct Remainder {
  template <class T> static T run(T a, T b) {
    if (b == 0)
      return a;
    if (std::is_signed_v<T> && b == T(-1))
      return 0;
    return T(a % b);
  }
};
struct Minimum {
  template <class T> static T run(T a, T b) { return a < b ? a : b; }
};
struct Maximum {
  template <class T> static T run(T a, T b) { return a > b ? a : b; }
};
template <class Op> struct Rectified {
  static int32_t run(int32_t a, int32_t b) { return std::max(Op::run(a, b), 0); }
};
struct Absolute {
  template <class T> static T run(T a) { return a < 0 ? T(0 - uint64_t(a)) : a; }
};
struct Negate {
  template <class T> static T run(T a) { return T(0 - uint64_t(a)); }
};
struct AbsoluteDifference {
  template <class T> static T run(T a, T b, T c) {
    return T(uint64_t(c) + (a < b ? uint64_t(b) - uint64_t(a) : uint64_t(a) - uint64_t(b)));
  }
};

template <class Op, class Saturated> void decodeSum(Decoding &d, Type type) {
  bool saturate = d.take("sat");
  decodeBinaryInteger<Op>(d, type);
  if (!saturate)
    return;
  if (type != Type::S32)
    d.fail("expected .s32 with .sat");
  d.out.run = binaryLanes<int32_t, int32_t, int32_t, Saturated>;
}

template <class Op> void decodeExtreme(Decoding &d, Type type) {
  bool rectifies = d.take("relu");
  decodeBinaryInteger<Op>(d, type);
  if (!rectifies)
    return;
  if (type != Type::S32)
    d.fail("expected .s32 with .relu");
  d.out.run = binaryLanes<int32_t, int32_t, int32_t, Rectified<Op>>;
}

Type doubled(Type type) { return Type(int(type) + 1); }

void decodeMultiply(Decoding &d, Type type) {
  int part = d.takeOneOf({"lo", "hi", "wide"});
  if (part < 0)
    d.fail("expected .lo, .hi or .wide");
  if (part == 0)
    return decodeBinaryInteger<MultiplyLow>(d, type);
  if (part == 1)
    return decodeBinaryInteger<MultiplyHigh>(d, type);
  d.expectOperands(3, 3);
  d.out.a = d.source(1, type);
  d.out.b = d.source(2, type);
  withInteger(d, type, [&]<class T>(T) {
    if constexpr (sizeof(T) == 8)
      d.fail("expected 16 or 32 bits with .wide");
    else
      d.out.run = binaryLanes<decltype(MultiplyWide::run(T(), T())), T, T, MultiplyWide>;
  });
  decodeTarget(d, doubled(type));
}

void decodeMultiplyAdd(Decoding &d, Type type) {
  int part = d.takeOneOf({"lo", "hi", "wide"});
  if (part < 0)
    d.fail("expected .lo, .hi or .wide");
  d.expectOperands(4, 4);
  d.out.a = d.source(1, type);
  d.out.b = d.source(2, type);
  withInteger(d, type, [&]<class T>(T) {
    if (part == 0) {
      d.out.run = ternaryLanes<T, T, T, T, MultiplyLow>;
    } else if (part == 1) {
      d.out.run = ternaryLanes<T, T, T, T, MultiplyHigh>;
    } else if constexpr (sizeof(T) == 8) {
      d.fail("expected 16 or 32 bits with .wide");
    } else {
      using W = decltype(MultiplyWide::run(T(), T()));
      d.out.run = ternaryLanes<W, T, T, W, MultiplyWide>;
    }
  });
  Type sum = part == 2 ? doubled(type) : type;
  decodeTarget(d, sum);
  d.out.c = d.source(3, sum);
}

/// A name that both integers and floats have.
template <void (*Integer)(Decoding &, Type), void (*Float)(Decoding &, Type)> void either(Decoding &d) {
  Type type = d.takeType();
  isFloat(type) ? Float(d, type) : Integer(d, type);
}

void decodeAbsoluteDifference(Decoding &d) {
  Type type = d.takeType();
  d.expectOperands(4, 4);
  decodeTarget(d, type);
  d.out.a = d.source(1, type);
  d.out.b = d.source(2, type);
  d.out.c = d.source(3, type);
  withInteger(d, type, [&]<class T>(T) { d.out.run = ternaryLanes<T, T, T, T, AbsoluteDifference>; });
}

/// Four products of bytes, summed.
template <class A, class B> void runDotProduct(Warp &warp, const Instruction &in, uint32_t mask) {
  uint32_t *d = warp.lanes<uint32_t>(in.d);
  const uint32_t *a = warp.lanes<uint32_t>(in.a), *b = warp.lanes<uint32_t>(in.b),
                 *c = warp.lanes<uint32_t>(in.c);
  eachLane(mask, [=](int lane) {
    uint32_t sum = c[lane];
    for (int byte = 0; byte < 32; byte += 8)
      sum += uint32_t(int32_t(A(a[lane] >> byte)) * int32_t(B(b[lane] >> byte)));
    d[lane] = sum;
  });
}

void decodeDotProduct(Decoding &d) {
  Type first = d.takeType(), second = d.takeType();
  d.expectOperands(4, 4);
  decodeTarget(d, Type::B32);
  d.out.a = d.source(1, Type::B32);
  d.out.b = d.source(2, Type::B32);
  d.out.c = d.source(3, Type::B32);
  d.out.run = isSigned(first)
                  ? (isSigned(second) ? runDotProduct<int8_t, int8_t> : runDotProduct<int8_t, uint8_t>)
                  : (isSigned(second) ? runDotProduct<uint8_t, int8_t> : runDotProduct<uint8_t, uint8_t>);
}

} // namespace

void addIntegerInstructions(DecodeTable &table) {
  table["add"] = either<decodeSum<Add, AddSaturated>, decodeFloatAdd>;
  table["sub"] = either<decodeSum<Subtract, SubtractSaturated>, decodeFloatSubtract>;
  table["mul"] = either<decodeMultiply, decodeFloatMultiply>;
  table["mad"] = either<decodeMultiplyAdd, decodeFloatMultiplyAdd>;
  table["div"] = either<decodeBinaryInteger<Divide>, decodeFloatDivide>;
  table["rem"] = [](Decoding &d) { decodeBinaryInteger<Remainder>(d, d.takeType()); };
  table["min"] = either<decodeExtreme<Minimum>, decodeFloatMinimum>;
  table["max"] = either<decodeExtreme<Maximum>, decodeFloatMaximum>;
  table["abs"] = either<decodeUnaryInteger<Absolute>, decodeFloatAbsolute>;
  table["neg"] = either<decodeUnaryInteger<Negate>, decodeFloatNegate>;
  table["sad"] = decodeAbsoluteDifference;
  table["dp4a"] = decodeDotProduct;
}

} // namespace tegula::runtime::emulator
