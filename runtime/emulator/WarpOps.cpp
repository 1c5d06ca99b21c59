// Instructions by which the lanes of a warp speak to each other: shuffles, votes, reductions.
#include "Lanes.h"

#include <algorithm>
#include <array>

namespace tegula::runtime::emulator {
namespace {

/// What a lane gets from one that is not there: a value that shows wherever it is used, a NaN for floats.
constexpr uint32_t poison = 0x7fc0dead;

enum ShuffleMode : uint32_t { Up, Down, Butterfly, Index };

/// d: result; a: value; b: lane; c: clamp and segment; immediate: predicate or -1; member: mask.
void runShuffle(Warp &warp, const Instruction &in, uint32_t mask) {
  uint32_t *d = warp.lanes<uint32_t>(in.d);
  const uint32_t *b = warp.lanes<uint32_t>(in.b), *c = warp.lanes<uint32_t>(in.c);
  std::array<uint32_t, lanesPerWarp> values;
  std::copy_n(warp.lanes<uint32_t>(in.a), lanesPerWarp, values.begin());
  uint32_t inRange = 0;
  for (uint32_t left = mask; left; left &= left - 1) {
    int lane = std::countr_zero(left);
    int by = int(b[lane] & 31), clamp = int(c[lane] & 31), segment = int(c[lane] >> 8 & 31);
    int last = (lane & segment) | (clamp & ~segment), first = lane & segment;
    int from = lane;
    bool ok = false;
    switch (in.extra) {
    case Up:
      from = lane - by;
      ok = from >= last;
      break;
    case Down:
      from = lane + by;
      ok = from <= last;
      break;
    case Butterfly:
      from = lane ^ by;
      ok = from <= last;
      break;
    default:
      from = first | (by & ~segment);
      ok = from <= last;
    }
    if (!ok)
      from = lane;
    d[lane] = mask >> from & 1 ? values[size_t(from)] : poison;
    inRange |= uint32_t(ok) << lane;
  }
  if (in.immediate >= 0) {
    uint32_t &target = warp.predicate(uint32_t(in.immediate));
    target = (target & ~mask) | inRange;
  }
}

void decodeShuffle(Decoding &d) {
  int mode = d.takeOneOf({"up", "down", "bfly", "idx"});
  if (mode < 0 || !d.take("sync") || d.takeType() != Type::B32)
    d.fail("expected .sync, .up, .down, .bfly or .idx, and .b32");
  d.expectOperands(5, 5);
  const Operand &target = d.operand(0);
  d.out.immediate = -1;
  if (target.kind == Operand::List) {
    if (target.list.size() != 2)
      d.fail("expected a register and a predicate");
    d.out.d = d.target(target.list[0], 4);
    d.out.immediate = d.target(target.list[1], 0);
  } else {
    d.out.d = d.target(target, 4);
  }
  d.out.a = d.source(1, Type::B32);
  d.out.b = d.source(2, Type::B32);
  d.out.c = d.source(3, Type::B32);
  d.out.member = d.source(4, Type::B32);
  d.out.extra = uint32_t(mode);
  d.out.kind = Kind::Collective;
  d.out.run = runShuffle;
}

enum VoteMode : uint32_t { All, Any, Uniform, Ballot };

/// Lanes with different masks of members vote apart.
void runVote(Warp &warp, const Instruction &in, uint32_t mask) {
  uint32_t holds = (warp.predicate(in.a) ^ (in.isSigned ? allLanes : 0)) & mask;
  const uint32_t *members = warp.lanes<uint32_t>(in.member);
  uint32_t result = 0;
  for (uint32_t left = mask; left; left &= left - 1) {
    int lane = std::countr_zero(left);
    uint32_t voters = members[lane] & mask, yes = holds & voters;
    bool is = in.extra == All ? yes == voters : in.extra == Any ? yes != 0 : yes == 0 || yes == voters;
    if (in.extra == Ballot)
      warp.lanes<uint32_t>(in.d)[lane] = yes;
    result |= uint32_t(is) << lane;
  }
  if (in.extra != Ballot) {
    uint32_t &target = warp.predicate(in.d);
    target = (target & ~mask) | result;
  }
}

void decodeVote(Decoding &d) {
  int mode = d.takeOneOf({"all", "any", "uni", "ballot"});
  if (mode < 0 || !d.take("sync"))
    d.fail("expected .sync, and .all, .any, .uni or .ballot");
  d.takeType();
  d.expectOperands(3, 3);
  d.out.d = d.target(0, mode == Ballot ? 4 : 0);
  d.out.a = d.predicate(d.operand(1));
  d.out.isSigned = d.operand(1).negated;
  d.out.member = d.source(2, Type::B32);
  d.out.extra = uint32_t(mode);
  d.out.kind = Kind::Collective;
  d.out.run = runVote;
}

/// match.any: which lanes hold the same value; match.all: all of them, or none.
template <class T> void runMatch(Warp &warp, const Instruction &in, uint32_t mask) {
  const T *a = warp.lanes<T>(in.a);
  const uint32_t *members = warp.lanes<uint32_t>(in.member);
  uint32_t *d = warp.lanes<uint32_t>(in.d);
  uint32_t allSame = 0;
  for (uint32_t left = mask; left; left &= left - 1) {
    int lane = std::countr_zero(left);
    uint32_t same = 0, voters = members[lane] & mask;
    for (uint32_t other = voters; other; other &= other - 1)
      same |= uint32_t(a[std::countr_zero(other)] == a[lane]) << std::countr_zero(other);
    d[lane] = in.extra ? (same == voters ? same : 0) : same;
    allSame |= uint32_t(same == voters) << lane;
  }
  if (in.extra && in.immediate >= 0) {
    uint32_t &target = warp.predicate(uint32_t(in.immediate));
    target = (target & ~mask) | allSame;
  }
}

void decodeMatch(Decoding &d) {
  int mode = d.takeOneOf({"any", "all"});
  if (mode < 0 || !d.take("sync"))
    d.fail("expected .sync, and .any or .all");
  Type type = d.takeType();
  d.expectOperands(3, 3);
  const Operand &target = d.operand(0);
  bool pair = target.kind == Operand::List && target.list.size() == 2;
  d.out.d = d.target(pair ? target.list[0] : target, 4);
  d.out.immediate = pair ? int64_t(d.target(target.list[1], 0)) : -1;
  d.out.a = d.source(1, type);
  d.out.member = d.source(2, Type::B32);
  d.out.extra = uint32_t(mode);
  d.out.kind = Kind::Collective;
  d.out.run = bytesOf(type) == 8 ? runMatch<uint64_t> : runMatch<uint32_t>;
}

struct Sum {
  template <class T> static T run(T a, T b) { return T(uint64_t(a) + uint64_t(b)); }
};
struct Minimum {
  template <class T> static T run(T a, T b) { return std::min(a, b); }
};
struct Maximum {
  template <class T> static T run(T a, T b) { return std::max(a, b); }
};
struct And {
  template <class T> static T run(T a, T b) { return a & b; }
};
struct Or {
  template <class T> static T run(T a, T b) { return a | b; }
};
struct Xor {
  template <class T> static T run(T a, T b) { return a ^ b; }
};

template <class T, class Op> void runReduce(Warp &warp, const Instruction &in, uint32_t mask) {
  std::array<T, lanesPerWarp> a;
  std::copy_n(warp.lanes<T>(in.a), lanesPerWarp, a.begin());
  const uint32_t *members = warp.lanes<uint32_t>(in.member);
  T *d = warp.lanes<T>(in.d);
  for (uint32_t left = mask; left; left &= left - 1) {
    int lane = std::countr_zero(left);
    uint32_t voters = members[lane] & mask;
    T result = a[size_t(std::countr_zero(voters))];
    for (voters &= voters - 1; voters; voters &= voters - 1)
      result = Op::run(result, a[size_t(std::countr_zero(voters))]);
    d[lane] = result;
  }
}

void decodeReduce(Decoding &d) {
  int operation = d.takeOneOf({"add", "min", "max", "and", "or", "xor"});
  if (operation < 0 || !d.take("sync"))
    d.fail("expected .sync and an operation");
  Type type = d.takeType();
  if (bytesOf(type) != 4 || isFloat(type))
    d.fail("expected an integer type of 32 bits");
  d.expectOperands(3, 3);
  decodeTarget(d, type);
  d.out.a = d.source(1, type);
  d.out.member = d.source(2, Type::B32);
  d.out.kind = Kind::Collective;
  withInteger(d, type, [&]<class T>(T) {
    const Handler handlers[] = {runReduce<T, Sum>, runReduce<T, Minimum>, runReduce<T, Maximum>,
                                runReduce<T, And>, runReduce<T, Or>,      runReduce<T, Xor>};
    d.out.run = handlers[operation];
  });
}

void decodeActiveMask(Decoding &d) {
  d.takeType();
  d.expectOperands(1, 1);
  d.out.d = d.target(0, 4);
  d.out.run = [](Warp &warp, const Instruction &in, uint32_t mask) {
    eachLane(mask, [target = warp.lanes<uint32_t>(in.d), mask](int lane) { target[lane] = mask; });
  };
}

/// The lowest lane of the members is chosen; its number goes to all of them.
void decodeElect(Decoding &d) {
  if (!d.take("sync"))
    d.fail("expected .sync");
  d.expectOperands(2, 2);
  const Operand &target = d.operand(0);
  if (target.kind != Operand::List || target.list.size() != 2)
    d.fail("expected a register and a predicate");
  if (!d.isSink(target.list[0]))
    d.out.a = d.target(target.list[0], 4);
  d.out.d = d.target(target.list[1], 0);
  d.out.member = d.source(1, Type::B32);
  d.out.kind = Kind::Collective;
  d.out.run = [](Warp &warp, const Instruction &in, uint32_t mask) {
    uint32_t leader = mask & (0 - mask);
    if (in.a != Instruction::noRegister)
      eachLane(mask, [to = warp.lanes<uint32_t>(in.a), leader](int lane) {
        to[lane] = uint32_t(std::countr_zero(leader));
      });
    uint32_t &is = warp.predicate(in.d);
    is = (is & ~mask) | leader;
  };
}

} // namespace

void addWarpInstructions(DecodeTable &table) {
  table["shfl"] = decodeShuffle;
  table["vote"] = decodeVote;
  table["match"] = decodeMatch;
  table["redux"] = decodeReduce;
  table["elect"] = decodeElect;
  table["activemask"] = decodeActiveMask;
}

} // namespace tegula::runtime::emulator
