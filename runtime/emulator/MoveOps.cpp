// mov in all its forms, address conversions between state spaces, and clocks.
#include "Block.h"
#include "Lanes.h"

namespace tegula::runtime::emulator {
namespace {

struct Copy {
  template <class T> static T run(T a) { return a; }
};

void chooseCopy(Decoding &d, uint32_t width) {
  d.out.run = width == 2   ? unaryLanes<uint16_t, uint16_t, Copy>
              : width == 4 ? unaryLanes<uint32_t, uint32_t, Copy>
                           : unaryLanes<uint64_t, uint64_t, Copy>;
}

/// Entries of the list: the parts, lowest first.
void runJoin(Warp &warp, const Instruction &in, uint32_t mask) {
  const uint32_t *parts = warp.list(in);
  for (; mask; mask &= mask - 1) {
    int lane = std::countr_zero(mask);
    uint64_t value = 0;
    for (uint32_t i = 0; i < in.count; ++i)
      value |= warp.read(parts[i], in.fromWidth, lane) << (8 * in.fromWidth * i);
    warp.write(in.d, in.width, lane, value);
  }
}

void runSplit(Warp &warp, const Instruction &in, uint32_t mask) {
  const uint32_t *parts = warp.list(in);
  for (; mask; mask &= mask - 1) {
    int lane = std::countr_zero(mask);
    uint64_t value = warp.read(in.a, in.fromWidth, lane);
    for (uint32_t i = 0; i < in.count; ++i)
      if (parts[i] != Instruction::noRegister)
        warp.write(parts[i], in.width, lane, value >> (8 * in.width * i));
  }
}

void decodeParts(Decoding &d, Type type, bool join) {
  const std::vector<Operand> &parts = d.operand(join ? 1 : 0).list;
  uint32_t whole = bytesOf(type), count = uint32_t(parts.size());
  if (count != 2 && count != 4)
    d.fail("expected 2 or 4 parts");
  uint32_t width = whole / count;
  if (width < 2)
    d.fail("expected parts of 16 bits or more");
  Type part = width == 2 ? Type::B16 : Type::B32;
  std::vector<uint32_t> places;
  for (const Operand &operand : parts)
    places.push_back(!join && d.isSink(operand) ? Instruction::noRegister
                     : join                     ? d.source(operand, part)
                                                : d.target(operand, width));
  d.useList(places);
  d.out.count = uint8_t(count);
  d.out.width = uint8_t(join ? whole : width);
  d.out.fromWidth = uint8_t(join ? width : whole);
  if (join)
    d.out.d = d.target(0, whole);
  else
    d.out.a = d.source(1, type);
  d.out.run = join ? runJoin : runSplit;
}

void decodeMove(Decoding &d) {
  Type type = d.takeType();
  d.expectOperands(2, 2);
  const Operand &from = d.operand(1);
  if (type == Type::Pred) {
    d.out.d = d.target(0, 0);
    d.out.a = d.predicate(from);
    d.out.run = [](Warp &warp, const Instruction &in, uint32_t mask) {
      uint32_t a = warp.predicate(in.a), &target = warp.predicate(in.d);
      target = (target & ~mask) | (a & mask);
    };
    return;
  }
  if (from.kind == Operand::List || d.operand(0).kind == Operand::List)
    return decodeParts(d, type, from.kind == Operand::List);
  decodeTarget(d, type);
  if (from.kind == Operand::Name &&
      (from.name == "%clock" || from.name == "%clock64" || from.name == "%globaltimer")) {
    d.out.width = uint8_t(bytesOf(type));
    d.out.run = [](Warp &warp, const Instruction &in, uint32_t mask) {
      uint64_t now = warp.owner().counts.warpInstructions;
      for (; mask; mask &= mask - 1)
        warp.write(in.d, in.width, std::countr_zero(mask), now);
    };
    return;
  }
  d.out.a = d.source(1, type);
  chooseCopy(d, bytesOf(type));
}

uint64_t windowOf(Decoding &d, Space space) {
  switch (space) {
  case Space::Shared:
    return Memory::sharedWindow;
  case Space::Local:
    return Memory::localWindow;
  case Space::Param:
    return Memory::paramWindow;
  case Space::Global:
  case Space::Const:
    return 0;
  default:
    d.fail("expected a state space");
  }
}

void decodeAddressConversion(Decoding &d) {
  bool toSpace = d.take("to");
  uint64_t window = windowOf(d, d.takeSpace());
  Type type = d.takeType();
  if (bytesOf(type) != 8)
    d.fail("expected addresses of 64 bits");
  d.expectOperands(2, 2);
  decodeTarget(d, type);
  d.out.a = d.source(1, type);
  d.out.immediate = int64_t(toSpace ? 0 - window : window);
  if (window == 0)
    return chooseCopy(d, 8);
  d.out.run = [](Warp &warp, const Instruction &in, uint32_t mask) {
    uint64_t *target = warp.lanes<uint64_t>(in.d);
    const uint64_t *a = warp.lanes<uint64_t>(in.a);
    eachLane(mask, [=, by = uint64_t(in.immediate)](int lane) { target[lane] = a[lane] + by; });
  };
}

void decodeIsSpace(Decoding &d) {
  Space space = d.takeSpace();
  windowOf(d, space);
  d.expectOperands(2, 2);
  d.out.d = d.target(0, 0);
  d.out.a = d.source(1, Type::U64);
  d.out.space = space;
  d.out.run = [](Warp &warp, const Instruction &in, uint32_t mask) {
    uint32_t &target = warp.predicate(in.d);
    for (; mask; mask &= mask - 1) {
      uint32_t bit = mask & (0 - mask);
      uint64_t address = warp.lanes<uint64_t>(in.a)[std::countr_zero(mask)];
      bool constant = in.space == Space::Const && warp.owner().memory.isConstant(address);
      bool is = in.space == Space::Const ? constant : Memory::spaceOf(address) == in.space;
      target = is ? target | bit : target & ~bit;
    }
  };
}

} // namespace

void addMoveInstructions(DecodeTable &table) {
  table["mov"] = decodeMove;
  table["cvta"] = decodeAddressConversion;
  table["isspacep"] = decodeIsSpace;
}

} // namespace tegula::runtime::emulator
