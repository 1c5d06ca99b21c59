// Executes PTX text on the CPU and checks it: how kernels for a GPU are proved right on machines without one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tegula::runtime::emulator {

struct Program;
class Counters;

struct ParseError {
  int line = 0; ///< in the PTX text, counted from 1
  std::string text;
};

/// A module of PTX text, decoded. Variables in its .global space live as long as it does, and keep their
/// values from launch to launch.
class PtxModule {
public:
  /// nullptr, and why, for text that is malformed or uses an instruction that the emulator does not know.
  static std::unique_ptr<PtxModule> parse(std::string_view text, ParseError &error);
  ~PtxModule();
  PtxModule(const PtxModule &) = delete;

  std::vector<std::string> entries() const;
  const Program &program() const { return *decoded; }

private:
  explicit PtxModule(std::unique_ptr<Program> decoded);
  std::unique_ptr<Program> decoded;
};

/// What kernels may touch in global memory. A device address is the address of the host memory behind it, so
/// any memory of the process may be lent to a kernel; nothing else can be reached.
class GlobalMemory {
public:
  struct Region {
    uint64_t base, size;
    bool writable;
    std::string name;
  };

  /// False where it overlaps a region that is there already.
  bool add(const void *base, uint64_t size, std::string name, bool writable = true);
  void remove(const void *base);
  const std::vector<Region> &regions() const { return sorted; }

private:
  std::vector<Region> sorted; ///< by base
};

struct Extent {
  uint32_t x = 1, y = 1, z = 1;
};

struct Launch {
  std::string_view entry;
  Extent grid, block;
  uint32_t dynamicSharedBytes = 0;
  std::span<const std::byte> parameters; ///< packed as PTX lays them out
  uint64_t warpInstructionLimit = 0;     ///< an error beyond that many, against endless loops; 0 = none
  Counters *counters = nullptr;          ///< what the launch is added to, where that is wanted
};

struct LaunchCounts {
  uint64_t warpInstructions = 0, threadInstructions = 0;
};

/// Runs all blocks of a launch, one after the other. False on the first error, with a text that names the
/// kernel, the block, the thread and the line of PTX.
bool launch(const PtxModule &module, const GlobalMemory &memory, const Launch &what, std::string &error,
            LaunchCounts *counts = nullptr);

} // namespace tegula::runtime::emulator
