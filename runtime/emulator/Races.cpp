// What barriers do to the warps' knowledge of each other, and the rare cases of the race checks.
#include "Races.h"

#include <algorithm>

namespace tegula::runtime::emulator {

SharedCells::SharedCells(uint64_t bytes, uint32_t grain, uint32_t warps)
    : shift(uint32_t(std::countr_zero(grain))), warps(warps) {
  cells.resize((bytes + grain - 1) >> shift);
}

void SharedCells::beginBlock() {
  advance();
  beginning = now;
  for (uint32_t warp = 0; warp < warps; ++warp) {
    oldest[warp] = uint16_t(now - 1);
    std::fill_n(known[warp].until, warps, oldest[warp]);
  }
}

/// When the last time has come, all that has happened gets the first one: the knowledge of what is in no
/// order is lost, what holds a value is not.
void SharedCells::advance() {
  if (now < UINT16_MAX) {
    ++now;
    return;
  }
  for (Cell &cell : cells) {
    cell.writeTime = cell.writeTime >= beginning;
    cell.readTime = 0;
    cell.readers = 0;
  }
  beginning = 1;
  now = 2;
  for (uint32_t warp = 0; warp < warps; ++warp) {
    oldest[warp] = 1;
    std::fill_n(known[warp].until, warps, oldest[warp]);
  }
}

void SharedCells::arrive(uint32_t warp, Known &joined) const {
  for (uint32_t other = 0; other < warps; ++other)
    joined.until[other] = std::max(joined.until[other], known[warp].until[other]);
  joined.until[warp] = now;
}

void SharedCells::leave(uint32_t warp, const Known &joined) {
  oldest[warp] = UINT16_MAX;
  for (uint32_t other = 0; other < warps; ++other) {
    uint16_t &until = known[warp].until[other];
    until = std::max(until, joined.until[other]);
    if (other != warp)
      oldest[warp] = std::min(oldest[warp], until);
  }
}

void SharedCells::noteAgain(uint64_t address, uint32_t bytes, const Touch &touch) {
  for (uint64_t i = address >> shift; i <= (address + bytes - 1) >> shift; ++i)
    mark(cells[i], touch);
}

bool SharedCells::isPending(uint64_t address, uint32_t bytes) const {
  auto first = cells.begin() + std::ptrdiff_t(address >> shift),
       end = cells.begin() + std::ptrdiff_t(((address + bytes - 1) >> shift) + 1);
  return std::any_of(first, end, [](const Cell &cell) { return cell.writer & pendingBit; });
}

void SharedCells::forget(uint64_t address, uint32_t bytes) {
  for (uint64_t i = address >> shift; i <= (address + bytes - 1) >> shift; ++i)
    cells[i].writer |= pendingBit, cells[i].readTime = 0;
}

Earlier SharedCells::explain(uint64_t address, uint32_t bytes, const Touch &touch) const {
  uint32_t warp = touch.thread / lanesPerWarp;
  for (uint64_t i = address >> shift; i <= (address + bytes - 1) >> shift; ++i) {
    const Cell &cell = cells[i];
    if (!isOrdered(warp, warpOf(cell.writer), cell.writeTime))
      return {true, uint32_t(cell.writer & threadMask), cell.wroteAt};
    if (touch.kind != AccessKind::Read && !followsReads(cell, touch))
      return {false, uint32_t(cell.reader & threadMask), cell.readAt};
  }
  return {};
}

GlobalCells::GlobalCells(uint64_t base, uint64_t size, uint32_t grain)
    : shift(uint32_t(std::countr_zero(grain))), start(base >> shift),
      cells(static_cast<uint32_t *>(std::calloc(((base + size) >> shift) - start + 1, sizeof(uint32_t)))) {}

} // namespace tegula::runtime::emulator
