// Logic, shifts and bit fields.
#include "Lanes.h"

#include <algorithm>
#include <type_traits>

namespace tegula::runtime::emulator {
namespace {

struct And {
  template <class T> static T run(T a, T b) { return a & b; }
};
struct Or {
  template <class T> static T run(T a, T b) { return a | b; }
};
struct Xor {
  template <class T> static T run(T a, T b) { return a ^ b; }
};
struct Not {
  template <class T> static T run(T a) { return T(~a); }
};
struct CNot {
  template <class T> static T run(T a) { return a == 0; }
};

/// On predicates, a whole warp is one word.
template <class Op> void runPredicates(Warp &warp, const Instruction &in, uint32_t mask) {
  uint32_t a = warp.predicate(in.a), b = warp.predicate(in.b), &d = warp.predicate(in.d);
  d = (d & ~mask) | (Op::run(a, b) & mask);
}
void runNotPredicate(Warp &warp, const Instruction &in, uint32_t mask) {
  uint32_t a = warp.predicate(in.a), &d = warp.predicate(in.d);
  d = (d & ~mask) | (~a & mask);
}

template <class Op> void decodeLogic(Decoding &d) {
  Type type = d.takeType();
  if (type != Type::Pred)
    return decodeBinaryInteger<Op>(d, type);
  d.expectOperands(3, 3);
  d.out.d = d.target(0, 0);
  d.out.a = d.source(1, type);
  d.out.b = d.source(2, type);
  d.out.run = runPredicates<Op>;
}

void decodeNot(Decoding &d) {
  Type type = d.takeType();
  if (type != Type::Pred)
    return decodeUnaryInteger<Not>(d, type);
  d.expectOperands(2, 2);
  d.out.d = d.target(0, 0);
  d.out.a = d.source(1, type);
  d.out.run = runNotPredicate;
}

// Shifts by the width or more give what shifting bit by bit would.
struct ShiftLeft {
  template <class T> static T run(T a, uint32_t by) { return by >= 8 * sizeof(T) ? 0 : T(uint64_t(a) << by); }
};
struct ShiftRight {
  template <class T> static T run(T a, uint32_t by) {
    constexpr uint32_t last = 8 * sizeof(T) - 1;
    if (std::is_unsigned_v<T> && by > last)
      return 0;
    return T(a >> (by > last ? last : by));
  }
};

template <class Op> void decodeShift(Decoding &d) {
  Type type = d.takeType();
  d.expectOperands(3, 3);
  decodeTarget(d, type);
  d.out.a = d.source(1, type);
  d.out.b = d.source(2, Type::U32);
  withInteger(d, type, [&]<class T>(T) { d.out.run = binaryLanes<T, T, uint32_t, Op>; });
}

template <bool Left, bool Clamp> struct Funnel {
  static uint32_t run(uint32_t low, uint32_t high, uint32_t by) {
    by = Clamp ? std::min(by, 32u) : by & 31;
    uint64_t both = uint64_t(high) << 32 | low;
    return Left ? uint32_t(both << by >> 32) : uint32_t(both >> by);
  }
};

void decodeFunnel(Decoding &d) {
  int side = d.takeOneOf({"l", "r"}), mode = d.takeOneOf({"wrap", "clamp"});
  Type type = d.takeType();
  if (side < 0 || mode < 0 || type != Type::B32)
    d.fail("expected .l or .r, .wrap or .clamp, and .b32");
  d.expectOperands(4, 4);
  decodeTarget(d, type);
  d.out.a = d.source(1, type);
  d.out.b = d.source(2, type);
  d.out.c = d.source(3, type);
  using U = uint32_t;
  const Handler handlers[] = {
      ternaryLanes<U, U, U, U, Funnel<true, false>>, ternaryLanes<U, U, U, U, Funnel<true, true>>,
      ternaryLanes<U, U, U, U, Funnel<false, false>>, ternaryLanes<U, U, U, U, Funnel<false, true>>};
  d.out.run = handlers[side * 2 + mode];
}

/// Any function of three bits, given by its table.
void runLogic3(Warp &warp, const Instruction &in, uint32_t mask) {
  uint32_t *d = warp.lanes<uint32_t>(in.d);
  const uint32_t *a = warp.lanes<uint32_t>(in.a), *b = warp.lanes<uint32_t>(in.b),
                 *c = warp.lanes<uint32_t>(in.c);
  uint32_t table = in.extra;
  eachLane(mask, [=](int lane) {
    uint32_t result = 0;
    for (int row = 0; row < 8; ++row)
      if (table >> row & 1)
        result |=
            (row & 4 ? a[lane] : ~a[lane]) & (row & 2 ? b[lane] : ~b[lane]) & (row & 1 ? c[lane] : ~c[lane]);
    d[lane] = result;
  });
}

void decodeLogic3(Decoding &d) {
  if (d.takeType() != Type::B32)
    d.fail("expected .b32");
  d.expectOperands(5, 5);
  decodeTarget(d, Type::B32);
  d.out.a = d.source(1, Type::B32);
  d.out.b = d.source(2, Type::B32);
  d.out.c = d.source(3, Type::B32);
  d.out.extra = uint32_t(d.literal(d.operand(4)));
  d.out.run = runLogic3;
}

struct Extract {
  template <class T> static T run(T a, uint32_t position, uint32_t length) {
    position &= 255, length &= 255;
    constexpr uint32_t last = 8 * sizeof(T) - 1;
    if (length == 0)
      return 0;
    uint32_t top = std::min(position + length - 1, last);
    bool sign = std::is_signed_v<T> && (uint64_t(a) >> top & 1);
    T result = 0;
    for (uint32_t i = 0; i <= last; ++i) {
      bool bit = i < length && position + i <= last ? uint64_t(a) >> (position + i) & 1 : sign;
      result |= T(uint64_t(bit) << i);
    }
    return result;
  }
};

void decodeExtract(Decoding &d) {
  Type type = d.takeType();
  d.expectOperands(4, 4);
  decodeTarget(d, type);
  d.out.a = d.source(1, type);
  d.out.b = d.source(2, Type::U32);
  d.out.c = d.source(3, Type::U32);
  withInteger(d, type, [&]<class T>(T) { d.out.run = ternaryLanes<T, T, uint32_t, uint32_t, Extract>; });
}

template <class T> void runInsert(Warp &warp, const Instruction &in, uint32_t mask) {
  T *d = warp.lanes<T>(in.d);
  const T *a = warp.lanes<T>(in.a), *b = warp.lanes<T>(in.b);
  const uint32_t *positions = warp.lanes<uint32_t>(in.c), *lengths = warp.lanes<uint32_t>(in.extra);
  eachLane(mask, [=](int lane) {
    uint32_t position = positions[lane] & 255, length = lengths[lane] & 255;
    constexpr uint32_t width = 8 * sizeof(T);
    if (position >= width || length == 0) {
      d[lane] = b[lane];
      return;
    }
    T field = length >= width ? T(~T(0)) : T((T(1) << length) - 1);
    d[lane] = T((b[lane] & ~(field << position)) | ((a[lane] & field) << position));
  });
}

void decodeInsert(Decoding &d) {
  Type type = d.takeType();
  if (type != Type::B32 && type != Type::B64)
    d.fail("expected .b32 or .b64");
  d.expectOperands(5, 5);
  decodeTarget(d, type);
  d.out.a = d.source(1, type);
  d.out.b = d.source(2, type);
  d.out.c = d.source(3, Type::U32);
  d.out.extra = d.source(4, Type::U32);
  d.out.run = type == Type::B32 ? runInsert<uint32_t> : runInsert<uint64_t>;
}

/// Picks four of eight bytes. Modes are numbered as decodePermute names them, 0 being the general one.
uint32_t permute(uint32_t a, uint32_t b, uint32_t selector, uint32_t mode) {
  uint64_t bytes = uint64_t(b) << 32 | a;
  static const uint16_t tables[6][4] = {{0x3210, 0x4321, 0x5432, 0x6543}, {0x5670, 0x6701, 0x7012, 0x0123},
                                        {0x0000, 0x1111, 0x2222, 0x3333}, {0x3210, 0x3211, 0x3222, 0x3333},
                                        {0x0000, 0x1110, 0x2210, 0x3210}, {0x1010, 0x3232, 0x1010, 0x3232}};
  if (mode != 0)
    selector = tables[mode - 1][selector & 3];
  uint32_t result = 0;
  for (int i = 0; i < 4; ++i) {
    uint32_t pick = selector >> (4 * i) & 15;
    uint8_t byte = uint8_t(bytes >> (8 * (pick & 7)));
    if (pick & 8)
      byte = byte & 0x80 ? 0xff : 0;
    result |= uint32_t(byte) << (8 * i);
  }
  return result;
}

void decodePermute(Decoding &d) {
  d.takeType();
  d.out.extra = uint32_t(d.takeOneOf({"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"}) + 1);
  d.expectOperands(4, 4);
  decodeTarget(d, Type::B32);
  d.out.a = d.source(1, Type::B32);
  d.out.b = d.source(2, Type::B32);
  d.out.c = d.source(3, Type::B32);
  d.out.run = [](Warp &warp, const Instruction &in, uint32_t mask) {
    uint32_t *result = warp.lanes<uint32_t>(in.d);
    const uint32_t *a = warp.lanes<uint32_t>(in.a), *b = warp.lanes<uint32_t>(in.b),
                   *c = warp.lanes<uint32_t>(in.c);
    eachLane(mask,
             [=, mode = in.extra](int lane) { result[lane] = permute(a[lane], b[lane], c[lane], mode); });
  };
}

struct PopulationCount {
  template <class T> static uint32_t run(T a) { return uint32_t(std::popcount(a)); }
};
struct LeadingZeros {
  template <class T> static uint32_t run(T a) { return uint32_t(std::countl_zero(a)); }
};
struct Reverse {
  template <class T> static T run(T a) {
    T result = 0;
    for (size_t i = 0; i < 8 * sizeof(T); ++i)
      result = T(result << 1 | (a >> i & 1));
    return result;
  }
};
/// The position of the highest bit that differs from the sign, all ones where there is none.
template <bool FromTop> struct FindTop {
  template <class T> static uint32_t run(T a) {
    using U = std::make_unsigned_t<T>;
    U bits = a < 0 ? U(~U(a)) : U(a);
    if (bits == 0)
      return ~0u;
    return FromTop ? uint32_t(std::countl_zero(bits))
                   : uint32_t(8 * sizeof(T) - 1) - uint32_t(std::countl_zero(bits));
  }
};

template <class Op> void decodeCount(Decoding &d) {
  Type type = d.takeType();
  d.expectOperands(2, 2);
  decodeTarget(d, Type::U32);
  d.out.a = d.source(1, type);
  if (type == Type::B32)
    d.out.run = unaryLanes<uint32_t, uint32_t, Op>;
  else if (type == Type::B64)
    d.out.run = unaryLanes<uint32_t, uint64_t, Op>;
  else
    d.fail("expected .b32 or .b64");
}

void decodeFindTop(Decoding &d) {
  bool fromTop = d.take("shiftamt");
  Type type = d.takeType();
  d.expectOperands(2, 2);
  decodeTarget(d, Type::U32);
  d.out.a = d.source(1, type);
  withInteger(d, type, [&]<class T>(T) {
    d.out.run = fromTop ? unaryLanes<uint32_t, T, FindTop<true>> : unaryLanes<uint32_t, T, FindTop<false>>;
  });
}

void decodeReverse(Decoding &d) {
  Type type = d.takeType();
  d.expectOperands(2, 2);
  decodeTarget(d, type);
  d.out.a = d.source(1, type);
  d.out.run =
      type == Type::B64 ? unaryLanes<uint64_t, uint64_t, Reverse> : unaryLanes<uint32_t, uint32_t, Reverse>;
}

} // namespace

void addBitInstructions(DecodeTable &table) {
  table["and"] = decodeLogic<And>;
  table["or"] = decodeLogic<Or>;
  table["xor"] = decodeLogic<Xor>;
  table["not"] = decodeNot;
  table["cnot"] = [](Decoding &d) { decodeUnaryInteger<CNot>(d, d.takeType()); };
  table["shl"] = decodeShift<ShiftLeft>;
  table["shr"] = decodeShift<ShiftRight>;
  table["shf"] = decodeFunnel;
  table["lop3"] = decodeLogic3;
  table["bfe"] = decodeExtract;
  table["bfi"] = decodeInsert;
  table["prmt"] = decodePermute;
  table["popc"] = decodeCount<PopulationCount>;
  table["clz"] = decodeCount<LeadingZeros>;
  table["bfind"] = decodeFindTop;
  table["brev"] = decodeReverse;
}

} // namespace tegula::runtime::emulator
