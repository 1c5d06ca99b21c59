// Who touched which bytes since when: finds accesses to the same memory that no barrier puts in an order. It
// exists because the emulator runs warps and blocks one after the other, which hides what a card would do.
#pragma once

#include "Program.h"

#include <bit>
#include <cstdlib>

namespace tegula::runtime::emulator {

enum class AccessKind : uint8_t { Read, Write, Atomic };

/// One lane's access for the checks. Strong accesses (atomics, volatile ones, those with a memory order) race
/// with weak ones only, and a strong one that follows a strong one of another thread is ordered after it.
struct Touch {
  AccessKind kind;
  bool isStrong;
  uint16_t thread;
  uint32_t at; ///< number of the instruction
};

/// Of two accesses that race the one that came first: by a thread of the block, or by another block, whose
/// number is 0 where there were several.
struct Earlier {
  bool wrote = false;
  uint32_t thread = 0, at = 0, block = 0;
};

/// What the warps of a block know of each other's accesses to shared memory. Time counts barriers; each warp
/// knows up to which time the accesses of each other one come before its own. Accesses of one warp are in
/// order. Of reads that come before a barrier, one of other warps only is forgotten with the next read.
class SharedCells {
public:
  enum class Found : uint8_t { Nothing, Unwritten, Race };
  static constexpr uint32_t mostWarps = 32;
  /// What a warp knows, by warp.
  struct Known {
    uint16_t until[mostWarps];
  };

  SharedCells(uint64_t bytes, uint32_t grain, uint32_t warps);

  /// Nothing holds a value, and nobody has done anything.
  void beginBlock();

  /// Takes note of an access within shared memory. What was found is not noted.
  [[gnu::always_inline]] Found note(uint64_t address, uint32_t bytes, const Touch &touch) {
    Cell *cell = &cells[address >> shift], *last = &cells[(address + bytes - 1) >> shift];
    if (touch.kind == AccessKind::Read) {
      const uint32_t reader = 1u << (touch.thread / lanesPerWarp);
      for (; cell <= last; ++cell)
        if (cell->readTime != now || !(cell->readers & reader) ||
            (!touch.isStrong && (cell->reader & strongBit))) // else all is known, or a write has been found
          if (Found found = read(*cell, touch); found != Found::Nothing)
            return found;
      return Found::Nothing;
    }
    for (; cell <= last; ++cell)
      if (Found found = touch.kind == AccessKind::Write ? write(*cell, touch) : update(*cell, touch);
          found != Found::Nothing)
        return found;
    return Found::Nothing;
  }
  /// Takes note of a write that races, but writes what is there already: whose it is makes no difference.
  void noteAgain(uint64_t address, uint32_t bytes, const Touch &touch);
  /// The access that one that was found to race came after.
  Earlier explain(uint64_t address, uint32_t bytes, const Touch &touch) const;

  /// An asynchronous copy goes there: until it lands there is no value.
  void forget(uint64_t address, uint32_t bytes);
  bool isPending(uint64_t address, uint32_t bytes) const;

  /// A warp comes to a barrier: adds what it knows and has done to what those know that wait there.
  void arrive(uint32_t warp, Known &joined) const;
  /// It leaves one where all that is in `joined` has come before.
  void leave(uint32_t warp, const Known &joined);
  /// What is done from here on is later than what came before.
  void advance();

private:
  static constexpr uint16_t threadMask = 0x3ff, strongBit = 0x4000, pendingBit = 0x8000;
  static uint32_t warpOf(uint16_t by) { return (by & threadMask) / lanesPerWarp; }

  /// As many bytes as the kernel's smallest access has. Times before the block's beginning are none.
  struct Cell {
    uint32_t readers = 0; ///< warps, all of them at readTime
    uint16_t writeTime = 0, readTime = 0;
    uint16_t writer = 0, reader = 0; ///< thread and bits; the reader is the last one
    uint32_t wroteAt = 0, readAt = 0;
  };

  bool isOrdered(uint32_t warp, uint32_t other, uint16_t time) const {
    return time <= oldest[warp] || warp == other || time <= known[warp].until[other];
  }
  /// Whether the last write comes before `touch`, or need not.
  bool followsWrite(const Cell &cell, const Touch &touch) {
    uint32_t warp = touch.thread / lanesPerWarp, other = warpOf(cell.writer);
    if (isOrdered(warp, other, cell.writeTime))
      return true;
    if (!touch.isStrong || !(cell.writer & strongBit))
      return false;
    known[warp].until[other] = cell.writeTime;
    return true;
  }
  bool followsReads(const Cell &cell, const Touch &touch) const {
    uint32_t warp = touch.thread / lanesPerWarp;
    if (cell.readTime <= oldest[warp] || (touch.isStrong && (cell.reader & strongBit)))
      return true;
    for (uint32_t others = cell.readers & ~(1u << warp); others; others &= others - 1)
      if (!isOrdered(warp, uint32_t(std::countr_zero(others)), cell.readTime))
        return false;
    return true;
  }
  bool holdsValue(const Cell &cell) const {
    return cell.writeTime >= beginning && !(cell.writer & pendingBit);
  }

  Found read(Cell &cell, const Touch &touch) {
    if (!holdsValue(cell))
      return Found::Unwritten;
    if (!followsWrite(cell, touch))
      return Found::Race;
    if (cell.readTime != now) {
      cell.readTime = now;
      cell.readers = 0;
      cell.reader = 0;
    }
    // Only where all reads are strong may a strong write follow them.
    bool isStrong = touch.isStrong && (!cell.readers || (cell.reader & strongBit));
    cell.readers |= 1u << (touch.thread / lanesPerWarp);
    cell.reader = uint16_t(touch.thread | (isStrong ? strongBit : 0));
    cell.readAt = touch.at;
    return Found::Nothing;
  }
  Found write(Cell &cell, const Touch &touch) {
    if (!followsWrite(cell, touch) || !followsReads(cell, touch))
      return Found::Race;
    mark(cell, touch);
    return Found::Nothing;
  }
  void mark(Cell &cell, const Touch &touch) {
    cell.writeTime = now;
    cell.writer = uint16_t(touch.thread | (touch.isStrong ? strongBit : 0));
    cell.wroteAt = touch.at;
  }
  Found update(Cell &cell, const Touch &touch) {
    return holdsValue(cell) ? write(cell, touch) : Found::Unwritten;
  }

  std::vector<Cell> cells;
  uint32_t shift, warps;
  uint16_t now = 1, beginning = 1;
  Known known[mostWarps] = {};
  uint16_t oldest[mostWarps] = {}; ///< of what each warp knows of all others
};

/// Which blocks of a launch touched a region of global memory.
class GlobalCells {
public:
  /// Numbers that can be told apart.
  static constexpr uint32_t mostBlocks = (1u << 30) - 1;

  GlobalCells(uint64_t base, uint64_t size, uint32_t grain);
  /// False where there is no memory for the check.
  bool exists() const { return bool(cells); }

  /// Takes note of an access by the block of this number, from 1 on. False where it races with that of
  /// another block, which `earlier` then names.
  bool note(uint64_t address, uint32_t bytes, bool writes, uint32_t block, Earlier &earlier) {
    uint64_t first = (address >> shift) - start, last = ((address + bytes - 1) >> shift) - start;
    for (uint64_t i = first; i <= last; ++i) {
      uint32_t &cell = cells.get()[i];
      if (cell == (block | wroteBit))
        continue;
      if (cell == 0 || cell == block) {
        cell = writes ? block | wroteBit : block;
      } else if (writes || (cell & wroteBit)) {
        earlier = {(cell & wroteBit) != 0, 0, 0, cell & manyBit ? 0 : cell & mostBlocks};
        return false;
      } else {
        cell |= manyBit;
      }
    }
    return true;
  }

private:
  static constexpr uint32_t wroteBit = 1u << 31, manyBit = 1u << 30;
  struct Free {
    void operator()(uint32_t *memory) const { std::free(memory); }
  };
  uint32_t shift;
  uint64_t start;
  std::unique_ptr<uint32_t, Free> cells; ///< zero, and no memory, where nothing was touched
};

} // namespace tegula::runtime::emulator
