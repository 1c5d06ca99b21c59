// atom and red: read, modify and write, lane after lane.
#include "FloatOps.h"
#include "Lanes.h"
#include "Reach.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tegula::runtime::emulator {
namespace {

struct Add {
  template <class T> static T run(T old, T b, T) {
    if constexpr (std::is_integral_v<T>)
      return T(uint64_t(old) + uint64_t(b));
    else
      return old + b;
  }
};
struct Minimum {
  template <class T> static T run(T old, T b, T) { return b < old ? b : old; }
};
struct Maximum {
  template <class T> static T run(T old, T b, T) { return b > old ? b : old; }
};
struct And {
  template <class T> static T run(T old, T b, T) { return old & b; }
};
struct Or {
  template <class T> static T run(T old, T b, T) { return old | b; }
};
struct Xor {
  template <class T> static T run(T old, T b, T) { return old ^ b; }
};
struct Exchange {
  template <class T> static T run(T, T b, T) { return b; }
};
struct CompareAndSwap {
  template <class T> static T run(T old, T b, T c) { return old == b ? c : old; }
};
struct Increment {
  template <class T> static T run(T old, T b, T) { return old >= b ? T(0) : T(old + 1); }
};
struct Decrement {
  template <class T> static T run(T old, T b, T) { return old == 0 || old > b ? b : T(old - 1); }
};
struct AddHalf {
  static uint16_t run(uint16_t old, uint16_t b, uint16_t) {
    return toHalf(double(fromHalf(old)) + fromHalf(b));
  }
};
struct AddBrain {
  static uint16_t run(uint16_t old, uint16_t b, uint16_t) {
    return toBrain(double(fromBrain(old)) + fromBrain(b));
  }
};
template <class Op> struct Twice {
  static uint32_t run(uint32_t old, uint32_t b, uint32_t) {
    return uint32_t(Op::run(uint16_t(old >> 16), uint16_t(b >> 16), 0)) << 16 |
           Op::run(uint16_t(old), uint16_t(b), 0);
  }
};

/// Lanes in order: a thread may update what another of its warp just did.
template <class T, class Op> void runAtomic(Warp &warp, const Instruction &in, uint32_t mask) {
  std::byte *at[lanesPerWarp];
  if (!reach(warp, in, AccessKind::Atomic, sizeof(T), mask, at))
    return;
  const T *b = warp.lanes<T>(in.b), *c = in.c == Instruction::noRegister ? b : warp.lanes<T>(in.c);
  T *d = in.d == Instruction::noRegister ? nullptr : warp.lanes<T>(in.d);
  for (; mask; mask &= mask - 1) {
    int lane = std::countr_zero(mask);
    T old;
    std::memcpy(&old, at[lane], sizeof(T));
    T result = Op::run(old, b[lane], c[lane]);
    std::memcpy(at[lane], &result, sizeof(T));
    if (d)
      d[lane] = old;
  }
}

enum Operation { OpAdd, OpMin, OpMax, OpAnd, OpOr, OpXor, OpExchange, OpCompare, OpIncrement, OpDecrement };

template <class T> Handler chooseInteger(int operation) {
  const Handler handlers[] = {
      runAtomic<T, Add>,       runAtomic<T, Minimum>,  runAtomic<T, Maximum>,  runAtomic<T, And>,
      runAtomic<T, Or>,        runAtomic<T, Xor>,      runAtomic<T, Exchange>, runAtomic<T, CompareAndSwap>,
      runAtomic<T, Increment>, runAtomic<T, Decrement>};
  return handlers[operation];
}

Handler chooseFloat(int operation, Type type) {
  if (operation != OpAdd)
    return nullptr;
  switch (type) {
  case Type::F32:
    return runAtomic<float, Add>;
  case Type::F64:
    return runAtomic<double, Add>;
  case Type::F16:
    return runAtomic<uint16_t, AddHalf>;
  case Type::BF16:
    return runAtomic<uint16_t, AddBrain>;
  case Type::F16x2:
    return runAtomic<uint32_t, Twice<AddHalf>>;
  case Type::BF16x2:
    return runAtomic<uint32_t, Twice<AddBrain>>;
  default:
    return nullptr;
  }
}

template <bool HasResult> void decodeAtomic(Decoding &d) {
  d.takeMemoryHints();
  d.take("noftz");
  Space space = d.takeSpace();
  int operation = d.takeOneOf({"add", "min", "max", "and", "or", "xor", "exch", "cas", "inc", "dec"});
  if (operation < 0)
    d.fail("expected an operation");
  Type type = d.takeType();
  size_t next = HasResult ? 1 : 0, operands = next + (operation == OpCompare ? 3 : 2);
  d.expectOperands(operands, operands);
  if (HasResult && !d.isSink(d.operand(0)))
    decodeTarget(d, type);
  d.address(next, space);
  d.reaches(d.out.space, bytesOf(type));
  d.out.b = d.source(next + 1, type);
  if (operation == OpCompare)
    d.out.c = d.source(next + 2, type);
  if (isFloat(type))
    d.out.run = chooseFloat(operation, type);
  else
    withInteger(d, type, [&]<class T>(T) { d.out.run = chooseInteger<T>(operation); });
  if (!d.out.run)
    d.fail("unknown operation for this type");
}

} // namespace

void addAtomicInstructions(DecodeTable &table) {
  table["atom"] = decodeAtomic<true>;
  table["red"] = decodeAtomic<false>;
}

} // namespace tegula::runtime::emulator
