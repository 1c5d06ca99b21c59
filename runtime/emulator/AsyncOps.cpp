// cp.async: copies land when they are waited for and not before, so that a missing wait is noticed.
#include "Lanes.h"
#include "Reach.h"

#include <algorithm>
#include <cstring>

namespace tegula::runtime::emulator {
namespace {

/// Reads what a lane copies, which may be less than it writes and have any size.
bool readPart(Warp &warp, const Instruction &in, int lane, uint64_t from, uint32_t bytes, std::byte *data) {
  uint64_t addresses[lanesPerWarp];
  std::byte *source[lanesPerWarp];
  for (uint32_t i = 0; i < bytes; ++i) {
    addresses[lane] = from + i;
    if (!warp.owner().memory.resolve(warp, in, {AccessKind::Read, Space::Global, 1, 1u << lane, addresses},
                                     source))
      return false;
    data[i] = *source[lane];
  }
  return true;
}

/// a: destination; b: source; c: bytes to read, where given; d: predicate to ignore the source. The rest of
/// what is written becomes zero.
void runCopy(Warp &warp, const Instruction &in, uint32_t mask) {
  Memory &memory = warp.owner().memory;
  uint64_t to[lanesPerWarp], from[lanesPerWarp];
  addressesOf(warp, in, in.a, to);
  Instruction side = in; // the two addresses have offsets of their own
  side.immediate = int64_t(int32_t(in.extra));
  side.wideAddress = in.fromWidth == 8;
  addressesOf(warp, side, in.b, from);

  uint32_t whole = mask;
  if (in.d != Instruction::noRegister)
    whole &= ~warp.predicate(in.d);
  uint32_t parts = 0, sizes[lanesPerWarp];
  for (uint32_t left = in.c == Instruction::noRegister ? 0 : whole; left; left &= left - 1) {
    int lane = std::countr_zero(left);
    sizes[lane] = std::min<uint32_t>(warp.lanes<uint32_t>(in.c)[lane], in.bytes);
    if (sizes[lane] != in.bytes)
      parts |= 1u << lane;
  }
  whole &= ~parts;
  uint32_t reads = whole;
  for (uint32_t left = parts; left; left &= left - 1)
    reads |= (sizes[std::countr_zero(left)] != 0) << std::countr_zero(left);
  count(warp, in, {AccessKind::Read, Space::Global, in.bytes, reads, from});
  count(warp, in, {AccessKind::Write, Space::Shared, in.bytes, mask, to});
  std::byte *source[lanesPerWarp];
  if (!memory.resolve(warp, in, {AccessKind::Read, Space::Global, in.bytes, whole, from}, source))
    return;
  for (uint32_t left = mask; left; left &= left - 1) {
    int lane = std::countr_zero(left);
    PendingCopy copy{to[lane], in.bytes, warp.copyGroup[lane], {}};
    if (whole >> lane & 1)
      std::memcpy(copy.data, source[lane], in.bytes);
    else if ((parts >> lane & 1) && !readPart(warp, in, lane, from[lane], sizes[lane], copy.data))
      return;
    if (!memory.beginCopy(warp, in, lane, copy))
      return;
    warp.copies[lane].push_back(copy);
  }
}

void runCommit(Warp &warp, const Instruction &, uint32_t mask) {
  for (; mask; mask &= mask - 1)
    ++warp.copyGroup[std::countr_zero(mask)];
}

/// Lets land all but the `extra` latest groups; with a count of -1 also what is not in a group yet.
void runWait(Warp &warp, const Instruction &in, uint32_t mask) {
  for (; mask; mask &= mask - 1) {
    int lane = std::countr_zero(mask);
    std::deque<PendingCopy> &copies = warp.copies[lane];
    while (!copies.empty() && (in.immediate < 0 || int64_t(copies.front().group) + in.immediate <
                                                       int64_t(warp.copyGroup[lane]))) {
      const PendingCopy &copy = copies.front();
      if (!warp.owner().memory.landCopy(warp, in, lane, copy))
        return;
      copies.pop_front();
    }
  }
}

void decodeCopy(Decoding &d) {
  int cache = d.takeOneOf({"ca", "cg"});
  bool hint = d.take("L2::cache_hint");
  d.takeMemoryHints();
  bool toShared = d.take("shared::cta") || d.take("shared");
  if (cache < 0 || !toShared || !d.take("global"))
    d.fail("expected .ca or .cg, .shared and .global");
  d.expectOperands(3, hint ? 5 : 4);
  uint64_t bytes = d.literal(d.operand(2));
  if (bytes != 16 && (cache == 1 || (bytes != 4 && bytes != 8)))
    d.fail("expected 16 bytes, or 4 or 8 with .ca");
  d.address(d.operand(1), Space::Global, d.out.b);
  if (d.out.immediate != int32_t(d.out.immediate))
    d.fail("expected an offset of 32 bits");
  d.out.extra = uint32_t(d.out.immediate);
  d.out.fromWidth = d.out.wideAddress ? 8 : 4;
  d.out.wideAddress = true;
  d.address(d.operand(0), Space::Shared, d.out.a);
  d.out.space = Space::Global;
  d.reaches(Space::Shared, uint32_t(bytes));
  d.reaches(Space::Global, uint32_t(bytes));
  d.out.bytes = uint8_t(bytes);
  size_t next = 3;
  if (next < d.operandCount() - (hint ? 1 : 0)) {
    const Names::Symbol *symbol = d.symbol(d.operand(next).name);
    if (symbol && symbol->kind == Names::Symbol::Register && symbol->place.width == 0)
      d.out.d = d.predicate(d.operand(next));
    else
      d.out.c = d.source(next, Type::U32);
  }
  d.out.run = runCopy;
}

void decodeAsync(Decoding &d) {
  if (!d.take("async"))
    d.fail("expected .async");
  if (d.take("commit_group")) {
    d.expectOperands(0, 0);
    d.out.run = runCommit;
  } else if (d.take("wait_group")) {
    d.expectOperands(1, 1);
    d.out.immediate = int64_t(d.literal(d.operand(0)));
    d.out.run = runWait;
  } else if (d.take("wait_all")) {
    d.expectOperands(0, 0);
    d.out.immediate = -1;
    d.out.run = runWait;
  } else {
    decodeCopy(d);
  }
}

} // namespace

void addAsyncInstructions(DecodeTable &table) { table["cp"] = decodeAsync; }

} // namespace tegula::runtime::emulator
