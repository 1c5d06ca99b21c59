// Facts about a machine that schedules follow from, because a constant that fitted one machine is wrong on
// the next.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tegula::target {

/// What a schedule may ask about a machine. Sizes in bytes, bandwidths in bytes a cycle of one core.
struct Machine {
  std::string name;                  ///< as the user named it: native, x86-64-v3, ...
  std::string cpu;                   ///< LLVM's name of the processor to generate code for
  std::vector<std::string> features; ///< CPU features that the code may use, as LLVM spells them
  int64_t cores = 4;                 ///< that a run may expect; only how finely work is cut follows from it
  int64_t vectorBytes = 32;          ///< width of a vector register
  int64_t vectorRegisters = 16;      ///< vector registers that code can name
  bool broadcastOperand = false;     ///< whether an arithmetic instruction can broadcast a scalar from memory
  double fmaPerCycle = 2;            ///< vector multiply-adds begun a cycle
  double fmaLatency = 4;             ///< cycles until a multiply-add's result can be used
  double loadsPerCycle = 2;          ///< vector loads a cycle
  double issueWidth = 4;             ///< instructions a cycle
  int64_t l1Bytes = 32 * 1024;
  int64_t l2Bytes = 512 * 1024;
  int64_t l3Bytes = 8 * 1024 * 1024; ///< share that one core may count on
  double l2BytesPerCycle = 32;
  double l3BytesPerCycle = 10;
  double memoryBytesPerCycle = 5;

  /// Elements of `bytes` each in one vector register.
  int64_t lanes(int64_t bytes) const { return bytes > 0 && bytes <= vectorBytes ? vectorBytes / bytes : 1; }
};

/// The machine that `name` stands for: `native`, `x86-64-v3`, `x86-64-v4` or a processor of the table;
/// nothing if unknown.
std::optional<Machine> findMachine(const std::string &name);

/// All names that findMachine knows, for messages and help.
std::vector<std::string> machineNames();

/// The machine this process runs on: CPUID for instructions, sysfs for caches.
Machine nativeMachine();

} // namespace tegula::target
