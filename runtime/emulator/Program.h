// PTX decoded once: instructions as handlers with register offsets, so that running them looks nothing up.
#pragma once

#include "tegula/target/Groups.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tegula::runtime::emulator {

class Warp;
struct Instruction;

constexpr int lanesPerWarp = target::warpThreads;
constexpr uint32_t allLanes = 0xffffffff;
constexpr uint32_t predicateBytes = 8; ///< half of it unused: so that all registers are aligned

/// Executes one instruction for the lanes of `mask`.
using Handler = void (*)(Warp &warp, const Instruction &instruction, uint32_t mask);

enum class Space : uint8_t { Generic, Global, Shared, Local, Param, Const };

enum class Kind : uint8_t {
  Plain,
  Collective, ///< runs once all the lanes that it names have arrived
  Branch,
  BranchTable,
  Call,
  Return,
  Exit,
  Barrier,
};

/// What an instruction asks of a multiprocessor; counts are told by it.
enum class Work : uint8_t {
  Fma,
  Mma,
  Float,
  Special, ///< functions of math, and divisions
  Integer,
  Convert,
  Compare,
  Move,
  Control,
  Shuffle,
  Barrier,
  Wait, ///< for asynchronous copies
  Load,
  Store,
  Copy,
  LoadMatrix,
  StoreMatrix,
  Atomic,
  Other,
};

/// Places in the registers of a warp are byte offsets; a register is one value for each lane, side by side,
/// of 2, 4 or 8 bytes; a predicate is one word with a bit for each lane.
struct Instruction {
  static constexpr uint32_t noRegister = ~0u;

  Handler run = nullptr;
  uint32_t d = noRegister, a = noRegister, b = noRegister, c = noRegister;
  uint32_t guard = noRegister, guardFlip = 0; ///< lanes run where predicate ^ flip is set
  uint32_t member = noRegister; ///< of a collective: lanes that take part; all where there is none
  uint32_t list = 0;            ///< first of its entries in Program::lists
  uint32_t extra = 0;           ///< by handler: modes, counts
  int64_t immediate = 0;        ///< address offset, or branch target
  Kind kind = Kind::Plain;
  Space space = Space::Generic;
  uint8_t bytes = 0;     ///< of one element in memory
  uint8_t count = 1;     ///< elements of a vector
  uint8_t width = 0;     ///< bytes of the (destination) registers
  uint8_t fromWidth = 0; ///< bytes of the source register, where it may differ
  bool isSigned = false, wideAddress = true;
  bool isStrong = false; ///< an access with a memory order, or a volatile one
  Work work = Work::Other;
  uint32_t flops = 0; ///< of each thread, those of matrix units of a warp
  int line = 0;
};

/// A register's initial value, the same in all lanes: literals and addresses.
struct Constant {
  uint32_t place;
  uint8_t width;
  uint64_t value;
};

struct Function {
  std::string name;
  bool isEntry = false;
  uint32_t start = 0;                       ///< first instruction
  uint32_t registerBytes = 0;               ///< end of its registers
  uint32_t sharedBytes = 0, localBytes = 0; ///< ends of its memory
  uint32_t sharedAlignment = 16;
  uint32_t callBytes = 0; ///< end of the parameters that it passes on, a thread
  uint32_t parameterBytes = 0;
  uint32_t sharedGrain = 16, globalGrain = 16; ///< bytes of the smallest accesses that it makes
  uint64_t mostThreads = 0;                    ///< of a block, 0 = any
  std::vector<uint64_t> requiredThreads;       ///< x, y, z, where it is fixed
  std::vector<Constant> constants;
  std::vector<uint32_t> dynamicShared; ///< constants to which the end of static shared memory is added
};

struct Variable {
  std::string name;
  uint64_t address = 0, size = 0;
  bool writable = false;
};

struct Program {
  uint32_t architecture = 0; ///< 80 for sm_80
  std::vector<Instruction> code;
  std::vector<uint32_t> lists;
  std::vector<Function> functions; ///< functions that are called first, entries after them
  std::map<std::string, uint32_t, std::less<>> entries;
  std::vector<std::string> lines; ///< of the text, for messages
  std::deque<std::string> names;  ///< of registers in families
  std::vector<Variable> variables;
  std::vector<std::unique_ptr<std::byte[]>> storage; ///< behind the variables
};

/// The first registers of each warp, 4 bytes a lane: values that special registers are read from.
enum class Special : uint8_t {
  TidX,
  TidY,
  TidZ,
  NtidX,
  NtidY,
  NtidZ,
  CtaidX,
  CtaidY,
  CtaidZ,
  NctaidX,
  NctaidY,
  NctaidZ,
  LaneId,
  WarpId,
  NwarpId,
  SmId,
  NsmId,
  GridId,
  MaskEq,
  MaskLe,
  MaskLt,
  MaskGe,
  MaskGt,
  DynamicShared,
  TotalShared,
  Count,
};

constexpr uint32_t place(Special special) { return uint32_t(special) * 4 * lanesPerWarp; }

} // namespace tegula::runtime::emulator
