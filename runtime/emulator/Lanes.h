// Handlers that compute each lane alone, made from one small operation each.
#pragma once

#include "Decoder.h"
#include "Warp.h"

namespace tegula::runtime::emulator {

template <class D, class A, class Op> void unaryLanes(Warp &warp, const Instruction &in, uint32_t mask) {
  D *d = warp.lanes<D>(in.d);
  const A *a = warp.lanes<A>(in.a);
  eachLane(mask, [=](int lane) { d[lane] = Op::run(a[lane]); });
}

template <class D, class A, class B, class Op>
void binaryLanes(Warp &warp, const Instruction &in, uint32_t mask) {
  D *d = warp.lanes<D>(in.d);
  const A *a = warp.lanes<A>(in.a);
  const B *b = warp.lanes<B>(in.b);
  eachLane(mask, [=](int lane) { d[lane] = Op::run(a[lane], b[lane]); });
}

template <class D, class A, class B, class C, class Op>
void ternaryLanes(Warp &warp, const Instruction &in, uint32_t mask) {
  D *d = warp.lanes<D>(in.d);
  const A *a = warp.lanes<A>(in.a);
  const B *b = warp.lanes<B>(in.b);
  const C *c = warp.lanes<C>(in.c);
  eachLane(mask, [=](int lane) { d[lane] = Op::run(a[lane], b[lane], c[lane]); });
}

/// Calls `body` with a value of the C++ type of an integer type of 16 to 64 bits; untyped bits are unsigned.
template <class F> void withInteger(Decoding &d, Type type, F body) {
  switch (type) {
  case Type::B16:
  case Type::U16:
    return body(uint16_t());
  case Type::S16:
    return body(int16_t());
  case Type::B32:
  case Type::U32:
    return body(uint32_t());
  case Type::S32:
    return body(int32_t());
  case Type::B64:
  case Type::U64:
    return body(uint64_t());
  case Type::S64:
    return body(int64_t());
  default:
    d.fail("expected an integer type of 16, 32 or 64 bits");
  }
}

/// The same for 8 bits, too.
template <class F> void withSmallInteger(Decoding &d, Type type, F body) {
  if (type == Type::B8 || type == Type::U8)
    return body(uint8_t());
  if (type == Type::S8)
    return body(int8_t());
  withInteger(d, type, body);
}

inline void decodeTarget(Decoding &d, Type type) { d.out.d = d.target(0, bytesOf(type)); }

template <class Op> void decodeUnaryInteger(Decoding &d, Type type) {
  d.expectOperands(2, 2);
  decodeTarget(d, type);
  d.out.a = d.source(1, type);
  withInteger(d, type, [&]<class T>(T) { d.out.run = unaryLanes<T, T, Op>; });
}

template <class Op> void decodeBinaryInteger(Decoding &d, Type type) {
  d.expectOperands(3, 3);
  decodeTarget(d, type);
  d.out.a = d.source(1, type);
  d.out.b = d.source(2, type);
  withInteger(d, type, [&]<class T>(T) { d.out.run = binaryLanes<T, T, T, Op>; });
}

} // namespace tegula::runtime::emulator
