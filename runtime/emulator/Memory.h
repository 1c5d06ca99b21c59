// Every access to memory goes through here: where it is checked, alone and against those of other threads.
#pragma once

#include "Emulator.h"
#include "Races.h"
#include "Warp.h"

namespace tegula::runtime::emulator {

/// One instruction's access by the lanes of a warp: what bank conflicts and races are made of.
struct Access {
  AccessKind kind;
  Space space;
  uint32_t bytes; ///< by each lane, which is also the alignment it must have
  uint32_t mask;
  const uint64_t *addresses;
};

/// The memory that one block sees.
class Memory {
public:
  /// Where generic addresses of these spaces begin: beyond all addresses that a host uses.
  static constexpr uint64_t sharedWindow = uint64_t(1) << 56, localWindow = uint64_t(2) << 56,
                            paramWindow = uint64_t(3) << 56, windowMask = ~uint64_t(0) << 56;
  /// In .param space, what a kernel passes to functions lies from here on, for each thread.
  static constexpr uint64_t callParameters = 1 << 20;

  Memory(const Program &program, const GlobalMemory &global, const Function &entry, const Launch &launch);

  /// Forgets what is in shared and local memory: the next block begins.
  void reset();

  /// Finds the bytes behind each lane's address. Marks shared memory as written where it is. False, after
  /// reporting to the warp's block, on an access that is out of bounds, misaligned, reads shared memory that
  /// nobody wrote, or races with one of another warp or block.
  bool resolve(Warp &warp, const Instruction &instruction, const Access &access, std::byte **bytes);

  /// An asynchronous copy begins: until it lands, its destination holds nothing. Both are false, after
  /// reporting to the warp's block, where the place cannot be written or is another warp's.
  bool beginCopy(Warp &warp, const Instruction &instruction, int lane, const PendingCopy &copy);
  bool landCopy(Warp &warp, const Instruction &instruction, int lane, const PendingCopy &copy);
  /// Reports a write that raced if it changed what was there: threads may write the same value twice, as they
  /// do where the last of them have no work of their own.
  bool settle();
  SharedCells &sharedCells() { return cells; }

  /// Copies a parameter of a call from one place to another of the same thread.
  std::byte *callParameter(uint32_t thread, uint32_t offset) {
    return &calls[size_t(thread) * callBytes + offset];
  }

  static Space spaceOf(uint64_t generic);
  bool isConstant(uint64_t address) const;
  uint64_t sharedBytes() const { return shared.size(); }

private:
  struct Region {
    uint64_t base, size;
    bool writable, isConstant;
    const std::string *name;
    std::unique_ptr<GlobalCells> cells; ///< from the first access on, where it is written
  };
  /// A lane's access in words and in numbers.
  struct One {
    Space space;
    uint64_t address;
    uint32_t bytes;
    Touch touch;
    Warp &warp;
    const Instruction &instruction;
    int lane;
  };
  /// A write that comes after another thread's access without an order, and what it should not change.
  struct Suspect {
    One one;
    Earlier earlier;
    std::byte *at, before[32];
  };
  One oneOf(Warp &warp, const Instruction &instruction, int lane, AccessKind kind, Space space,
            uint64_t address, uint32_t bytes) const;
  bool fail(const One &one, const std::string &text);
  Touch touchOf(const Warp &warp, const Instruction &instruction, AccessKind kind) const;
  uint32_t resolveFast(const Access &access, Touch touch, std::byte **bytes);
  std::byte *find(const One &one, std::string &error);
  std::byte *findGlobal(const One &one, std::string &error);
  std::byte *findShared(const One &one, std::string &error);
  bool isInShared(const One &one, std::string &error) const;
  Region *regionOf(uint64_t address);
  std::string explainRace(const One &one, const Earlier &earlier);
  /// Where a write that races is, which is judged once it has been done.
  std::byte *suspect(const One &one, const Earlier &earlier, std::byte *at);
  bool noteGlobal(Region &region, uint64_t address, uint32_t bytes, const Touch &touch, Earlier &earlier);
  std::string explainGlobal(uint64_t address) const;

  std::vector<Region> regions; ///< by base
  Region *last = nullptr;
  std::vector<std::byte> shared, local, calls;
  SharedCells cells;
  std::vector<Suspect> suspects;
  std::span<const std::byte> parameters;
  uint32_t localBytes, callBytes, globalGrain;
  uint32_t block = 0;         ///< number of the one that runs, from 1 on
  bool hasOtherBlocks;        ///< that can be told apart
  bool isAfterOthers = false; ///< the block has met the others at an atomic operation
};

} // namespace tegula::runtime::emulator
