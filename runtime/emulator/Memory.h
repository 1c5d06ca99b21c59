// Every access to memory goes through here: where it is checked, and where a checker for races would listen.
#pragma once

#include "Emulator.h"
#include "Program.h"

namespace tegula::runtime::emulator {

enum class AccessKind : uint8_t { Read, Write, Atomic };

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

  /// Forgets what is in shared and local memory: a new block begins.
  void reset();

  /// Finds the bytes behind each lane's address. Marks shared memory as written where it is. False, after
  /// reporting to the warp's block, on an access that is out of bounds, misaligned, or reads shared memory
  /// that nobody wrote.
  bool resolve(Warp &warp, const Instruction &instruction, const Access &access, std::byte **bytes);

  /// cp.async has been issued: until it lands, its destination holds nothing.
  void forgetShared(uint64_t address, uint32_t bytes);
  void landShared(uint64_t address, const std::byte *from, uint32_t bytes);

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
  };
  uint32_t resolveFast(const Access &access, std::byte **bytes);
  bool isWritten(uint64_t address, uint32_t bytes) const;
  std::byte *find(Space space, uint64_t address, const Access &access, uint32_t thread, std::string &error);
  std::byte *findGlobal(uint64_t address, const Access &access, std::string &error);
  std::byte *findShared(uint64_t address, const Access &access, std::string &error);
  std::string explainGlobal(uint64_t address) const;

  std::vector<Region> regions; ///< by base
  const Region *last = nullptr;
  std::vector<std::byte> shared, local, calls;
  std::vector<uint8_t> written; ///< 0xff where shared memory holds a value
  std::span<const std::byte> parameters;
  uint32_t localBytes, callBytes;
};

} // namespace tegula::runtime::emulator
