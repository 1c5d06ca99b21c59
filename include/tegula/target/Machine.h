// Facts about a machine that schedules follow from, because a constant that fitted one machine is wrong on
// the next.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tegula::target {

/// What code for a machine is written in.
enum class Language { X86, Ptx };

/// What a schedule may ask about a machine. Sizes in bytes, bandwidths in bytes a cycle of one core. A core
/// is what computes one cell: where cells run in lockstep, one lane of what executes them.
struct Machine {
  std::string name;                  ///< as the user named it: native, x86-64-v3, ...
  std::string cpu;                   ///< LLVM's name of the processor to generate code for
  std::vector<std::string> features; ///< features that the code may use, as LLVM spells them
  Language language = Language::X86;
  int64_t cores = 4;             ///< that a run may expect; only how finely work is cut follows from it
  int64_t vectorBytes = 32;      ///< width of a vector register
  int64_t vectorRegisters = 16;  ///< vector registers that code can name
  bool broadcastOperand = false; ///< whether an arithmetic instruction can broadcast a scalar from memory
  double fmaPerCycle = 2;        ///< vector multiply-adds begun a cycle
  double fmaLatency = 4;         ///< cycles until a multiply-add's result can be used
  double loadsPerCycle = 2;      ///< vector loads a cycle
  double issueWidth = 4;         ///< instructions a cycle
  int64_t l1Bytes = 32 * 1024;
  int64_t l2Bytes = 512 * 1024;
  int64_t l3Bytes = 8 * 1024 * 1024; ///< share that one core may count on
  double l2BytesPerCycle = 32;
  double l3BytesPerCycle = 10;
  double memoryBytesPerCycle = 5;
  double gigahertz = 3;          ///< while all cores work; only for predictions in seconds, decides nothing
  double launchMicroseconds = 1; ///< from the end of one kernel to the start of the next; decides nothing

  /// Work of one cell, as arithmetic or as memory: enough that handing it out costs nothing beside it, little
  /// enough that the last one is not waited for.
  double flopsPerCell = 2e6, bytesPerCell = 64 * 1024;
  /// Cells for each core after which no further dimension is split (cutting a second one costs reuse inside
  /// the cells), and at most: more even out nothing.
  int64_t enoughCellsPerCore = 4, mostCellsPerCore = 32;
  /// Cells that a core has to interleave before its latencies are hidden; 0 where it hides them inside of
  /// one.
  int64_t cellsToHideLatency = 0;
  /// Whether neighbouring cells run in lockstep: then they should touch neighbouring elements together, and
  /// nothing is gained where the elements that one cell reads lie side by side.
  bool lockstepCells = false;
  int64_t stackBytes = 64 * 1024; ///< that the temporaries of one cell may take
  int64_t groupCells = 1;         ///< cells that are started together

  /// Memory that the threads of one group share, in bytes; 0 where there is none, and threads know nothing of
  /// each other. All that follows holds only for machines that have it.
  int64_t sharedBytes = 0;
  int64_t mostSharedBytes = 0; ///< the same, where a launch asks for more
  int64_t warpThreads = 1;     ///< threads that run in lockstep and can pass registers to each other
  int64_t clusterCores = 1;    ///< cores that the threads of a group run on
  int64_t clusterThreads = 1;  ///< threads that those cores should hold at once
  int64_t clusterShared = 1;   ///< bytes of shared memory of the groups that they hold at once
  int64_t threadRegisters = 0; ///< registers of 32 bits that each of those threads then has
  /// Multiply-adds that the matrix units of a cluster do a cycle with float32 sums, of tf32 and of 16-bit
  /// floats; 0 where there are none.
  double tf32PerCycle = 0, halfPerCycle = 0;

  /// Elements of `bytes` each in one vector register.
  int64_t lanes(int64_t bytes) const { return bytes > 0 && bytes <= vectorBytes ? vectorBytes / bytes : 1; }
};

/// The machine that `name` stands for: `native`, `x86-64-v3`, `x86-64-v4`, a processor or a GPU of the
/// tables; nothing if unknown.
std::optional<Machine> findMachine(const std::string &name);

/// All names that findMachine knows, for messages and help.
std::vector<std::string> machineNames();

/// The machine this process runs on: CPUID for instructions, sysfs for caches.
Machine nativeMachine();

} // namespace tegula::target
