// Comparisons and selections: setp, set, selp, slct, for ordered and unordered floats alike.
#include "Halves.h"
#include "Lanes.h"

#include <array>
#include <cmath>

namespace tegula::runtime::emulator {
namespace {

enum Comparison : uint32_t { Eq, Ne, Lt, Le, Gt, Ge, Equ, Neu, Ltu, Leu, Gtu, Geu, Num, Nan, Comparisons };

template <uint32_t C, class T> bool compare(T a, T b) {
  bool unordered = false;
  if constexpr (std::is_floating_point_v<T>)
    unordered = std::isunordered(a, b);
  switch (C) {
  case Eq:
    return a == b;
  case Ne:
    return !unordered && a != b;
  case Lt:
    return a < b;
  case Le:
    return a <= b;
  case Gt:
    return a > b;
  case Ge:
    return a >= b;
  case Equ:
    return unordered || a == b;
  case Neu:
    return unordered || a != b;
  case Ltu:
    return unordered || a < b;
  case Leu:
    return unordered || a <= b;
  case Gtu:
    return unordered || a > b;
  case Geu:
    return unordered || a >= b;
  case Num:
    return !unordered;
  default:
    return unordered;
  }
}

struct AsHalf {
  static float value(uint16_t bits) { return fromHalf(bits); }
};
struct AsBrain {
  static float value(uint16_t bits) { return fromBrain(bits); }
};
struct AsIs {
  template <class T> static T value(T v) { return v; }
};

constexpr uint32_t combineAnd = 1, combineOr = 2, negateThird = 4, flushInputs = 8;

template <class T> T flushed(T value, bool flush) {
  if constexpr (std::is_same_v<T, float>)
    if (flush && std::fabs(value) < 0x1p-126f)
      return std::copysign(0.0f, value);
  return value;
}

/// The result of the comparison, bit by bit, combined with a third predicate where there is one.
template <class T, class As, uint32_t C> uint32_t compareLanes(Warp &warp, const Instruction &in) {
  const T *a = warp.lanes<T>(in.a), *b = warp.lanes<T>(in.b);
  uint32_t bits = 0;
  bool flush = in.extra & flushInputs;
  if (std::is_same_v<T, float> && flush) {
    for (int lane = 0; lane < lanesPerWarp; ++lane)
      bits |= uint32_t(compare<C>(flushed(As::value(a[lane]), true), flushed(As::value(b[lane]), true)))
              << lane;
  } else {
    for (int lane = 0; lane < lanesPerWarp; ++lane)
      bits |= uint32_t(compare<C>(As::value(a[lane]), As::value(b[lane]))) << lane;
  }
  return bits;
}

uint32_t combine(Warp &warp, const Instruction &in, uint32_t bits) {
  if (in.c == Instruction::noRegister)
    return bits;
  uint32_t third = warp.predicate(in.c) ^ (in.extra & negateThird ? allLanes : 0);
  uint32_t how = in.extra & 3;
  return how == combineAnd ? bits & third : how == combineOr ? bits | third : bits ^ third;
}

template <class T, class As, uint32_t C>
void runSetPredicate(Warp &warp, const Instruction &in, uint32_t mask) {
  uint32_t bits = compareLanes<T, As, C>(warp, in);
  uint32_t opposite = in.list ? combine(warp, in, ~bits) : 0;
  uint32_t result = combine(warp, in, bits);
  uint32_t &target = warp.predicate(in.d);
  target = (target & ~mask) | (result & mask);
  if (in.list) { // p|q: q is the opposite comparison, combined likewise
    uint32_t &second = warp.predicate(uint32_t(in.immediate));
    second = (second & ~mask) | (opposite & mask);
  }
}

/// set: all ones, or 1.0, where the comparison holds.
template <class T, class As, uint32_t C> void runSet(Warp &warp, const Instruction &in, uint32_t mask) {
  uint32_t bits = combine(warp, in, compareLanes<T, As, C>(warp, in));
  uint32_t *d = warp.lanes<uint32_t>(in.d);
  uint32_t yes = uint32_t(in.immediate);
  eachLane(mask, [=](int lane) { d[lane] = bits >> lane & 1 ? yes : 0; });
}

template <class T, class As, bool Set, size_t... C>
constexpr std::array<Handler, sizeof...(C)> makeTable(std::index_sequence<C...>) {
  return {(Set ? runSet<T, As, C> : runSetPredicate<T, As, C>)...};
}
template <class T, class As, bool Set> Handler choose(uint32_t comparison) {
  static constexpr auto table = makeTable<T, As, Set>(std::make_index_sequence<Comparisons>());
  return table[comparison];
}

template <bool Set> Handler chooseFor(Decoding &d, Type type, uint32_t comparison) {
  switch (type) {
  case Type::F16:
    return choose<uint16_t, AsHalf, Set>(comparison);
  case Type::BF16:
    return choose<uint16_t, AsBrain, Set>(comparison);
  case Type::F32:
    return choose<float, AsIs, Set>(comparison);
  case Type::F64:
    return choose<double, AsIs, Set>(comparison);
  default:
    break;
  }
  Handler result = nullptr;
  withInteger(d, type, [&]<class T>(T) { result = choose<T, AsIs, Set>(comparison); });
  return result;
}

uint32_t takeComparison(Decoding &d) {
  int found = d.takeOneOf(
      {"eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"});
  if (found >= 0)
    return uint32_t(found);
  static const uint32_t unsignedNames[] = {Lt, Le, Gt, Ge};
  found = d.takeOneOf({"lo", "ls", "hi", "hs"});
  if (found < 0)
    d.fail("expected a comparison");
  return unsignedNames[found];
}

void takeCombination(Decoding &d, size_t third) {
  int how = d.takeOneOf({"and", "or", "xor"});
  d.expectOperands(how < 0 ? third : third + 1, how < 0 ? third : third + 1);
  d.out.extra = d.take("ftz") ? flushInputs : 0;
  if (how < 0)
    return;
  const Operand &operand = d.operand(third);
  d.out.c = d.predicate(operand);
  d.out.extra |= uint32_t(how + 1) | (operand.negated ? negateThird : 0);
}

/// Two comparisons: p of the lower halves, q of the upper ones.
template <class As, uint32_t C> void runSetPair(Warp &warp, const Instruction &in, uint32_t mask) {
  const uint16_t *a = warp.lanes<uint16_t>(in.a), *b = warp.lanes<uint16_t>(in.b);
  uint32_t bits[2] = {0, 0};
  for (int i = 0; i < 2 * lanesPerWarp; ++i)
    bits[i % 2] |= uint32_t(compare<C>(As::value(a[i]), As::value(b[i]))) << (i / 2);
  uint32_t lower = combine(warp, in, bits[0]), upper = combine(warp, in, bits[1]);
  uint32_t &first = warp.predicate(in.d);
  first = (first & ~mask) | (lower & mask);
  uint32_t &second = warp.predicate(uint32_t(in.immediate));
  second = (second & ~mask) | (upper & mask);
}

template <class As, size_t... C> Handler choosePair(uint32_t comparison, std::index_sequence<C...>) {
  static constexpr Handler table[] = {runSetPair<As, C>...};
  return table[comparison];
}

void decodeSetPredicate(Decoding &d) {
  uint32_t comparison = takeComparison(d);
  takeCombination(d, 3);
  Type type = d.takeType();
  const Operand &target = d.operand(0);
  if (target.kind == Operand::List) {
    if (target.list.size() != 2)
      d.fail("expected two predicates");
    d.out.d = d.isSink(target.list[0]) ? d.unusedPredicate() : d.target(target.list[0], 0);
    d.out.immediate = d.isSink(target.list[1]) ? d.unusedPredicate() : d.target(target.list[1], 0);
    d.out.list = 1;
  } else {
    d.out.d = d.target(target, 0);
  }
  d.out.a = d.source(1, type);
  d.out.b = d.source(2, type);
  constexpr auto all = std::make_index_sequence<Comparisons>();
  bool pairs = type == Type::F16x2 || type == Type::BF16x2;
  if (pairs && !d.out.list)
    d.fail("expected two predicates");
  d.out.run = type == Type::F16x2    ? choosePair<AsHalf>(comparison, all)
              : type == Type::BF16x2 ? choosePair<AsBrain>(comparison, all)
                                     : chooseFor<false>(d, type, comparison);
}

void decodeSet(Decoding &d) {
  uint32_t comparison = takeComparison(d);
  takeCombination(d, 3);
  Type result = d.takeType(), type = d.takeType();
  if (bytesOf(result) != 4 || result == Type::F16x2 || result == Type::BF16x2)
    d.fail("expected .u32, .s32 or .f32");
  d.out.immediate = result == Type::F32 ? 0x3f800000 : 0xffffffff;
  decodeTarget(d, result);
  d.out.a = d.source(1, type);
  d.out.b = d.source(2, type);
  d.out.run = chooseFor<true>(d, type, comparison);
}

template <class T> void runSelect(Warp &warp, const Instruction &in, uint32_t mask) {
  T *d = warp.lanes<T>(in.d);
  const T *a = warp.lanes<T>(in.a), *b = warp.lanes<T>(in.b);
  uint32_t bits = warp.predicate(in.c);
  eachLane(mask, [=](int lane) { d[lane] = bits >> lane & 1 ? a[lane] : b[lane]; });
}

void decodeSelect(Decoding &d) {
  Type type = d.takeType();
  d.expectOperands(4, 4);
  decodeTarget(d, type);
  d.out.a = d.source(1, type);
  d.out.b = d.source(2, type);
  d.out.c = d.predicate(d.operand(3));
  d.out.run = bytesOf(type) == 2   ? runSelect<uint16_t>
              : bytesOf(type) == 4 ? runSelect<uint32_t>
                                   : runSelect<uint64_t>;
}

/// slct: chooses by the sign of the third operand.
template <class T, class S> void runSignSelect(Warp &warp, const Instruction &in, uint32_t mask) {
  T *d = warp.lanes<T>(in.d);
  const T *a = warp.lanes<T>(in.a), *b = warp.lanes<T>(in.b);
  const S *c = warp.lanes<S>(in.c);
  eachLane(mask, [=](int lane) { d[lane] = c[lane] >= 0 ? a[lane] : b[lane]; });
}

void decodeSignSelect(Decoding &d) {
  d.take("ftz");
  Type type = d.takeType(), by = d.takeType();
  d.expectOperands(4, 4);
  decodeTarget(d, type);
  d.out.a = d.source(1, type);
  d.out.b = d.source(2, type);
  d.out.c = d.source(3, by);
  bool floats = by == Type::F32;
  if (bytesOf(type) == 4)
    d.out.run = floats ? runSignSelect<uint32_t, float> : runSignSelect<uint32_t, int32_t>;
  else if (bytesOf(type) == 8)
    d.out.run = floats ? runSignSelect<uint64_t, float> : runSignSelect<uint64_t, int32_t>;
  else
    d.out.run = floats ? runSignSelect<uint16_t, float> : runSignSelect<uint16_t, int32_t>;
}

} // namespace

void addCompareInstructions(DecodeTable &table) {
  table["setp"] = decodeSetPredicate;
  table["set"] = decodeSet;
  table["selp"] = decodeSelect;
  table["slct"] = decodeSignSelect;
}

} // namespace tegula::runtime::emulator
