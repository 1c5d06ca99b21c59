// The table of GPUs that can be compiled for without being there. Counts, clocks and sizes: NVIDIA's
// architecture white papers (A100 2020, GA102 2020, Ada 2022, H100 2022), the CUDA C++ Programming Guide, and
// the data sheets of L4, A10 and H200. What follows from how a multiprocessor works is derived in makeGpu.
#include "Features.h"

#include "tegula/target/Groups.h"

#include <charconv>

namespace tegula::target {
namespace {

struct Gpu {
  const char *name, *architecture;
  int64_t multiprocessors;
  int64_t lanes; ///< float32 units of a multiprocessor
  int64_t l1Kilobytes, l2Megabytes;
  double megahertz, gigabytesPerSecond;
  int64_t matrixFma; ///< multiply-adds of float16 with float32 sums that a multiprocessor does a cycle
};

/// An architecture's name stands for its largest card in data centres, or where there is none on desks.
const Gpu table[] = {
    {"sm_80", "sm_80", 108, 64, 192, 40, 1410, 1555, 1024},
    {"sm_86", "sm_86", 72, 128, 128, 6, 1695, 600, 512},
    {"sm_89", "sm_89", 128, 128, 128, 72, 2520, 1008, 256},
    {"sm_90", "sm_90", 132, 128, 256, 50, 1830, 3350, 2048},
    {"a100", "sm_80", 108, 64, 192, 40, 1410, 1555, 1024},
    {"rtx4090", "sm_89", 128, 128, 128, 72, 2520, 1008, 256},
    {"l4", "sm_89", 58, 128, 128, 48, 2040, 300, 512},
    {"h100", "sm_90", 132, 128, 256, 50, 1830, 3350, 2048},
    {"h200", "sm_90", 132, 128, 256, 50, 1830, 4800, 2048},
};

/// 80 for sm_80.
int64_t numberOf(std::string_view architecture) {
  int64_t number = 0;
  architecture.remove_prefix(std::string_view("sm_").size());
  std::from_chars(architecture.data(), architecture.data() + architecture.size(), number);
  return number;
}

Machine makeGpu(const Gpu &gpu) {
  Machine machine;
  machine.name = gpu.name;
  machine.cpu = gpu.architecture;
  machine.features = {"ptx80"}; // the first PTX version in which all of the table can be written
  machine.language = Language::Ptx;
  machine.cores = gpu.multiprocessors * gpu.lanes;
  machine.gigahertz = gpu.megahertz / 1e3;
  machine.launchMicroseconds = 3;
  // The widest access of a thread is 16 bytes. Half of a thread's 255 registers keeps 16 warps on a
  // multiprocessor; a vector takes four, and a quarter of them is for addresses.
  machine.vectorBytes = 16;
  machine.vectorRegisters = 24;
  // A lane does one float32 operation a cycle. L1 delivers 128 bytes a cycle to all lanes of a
  // multiprocessor.
  machine.fmaPerCycle = 0.25;
  machine.issueWidth = 0.25;
  machine.loadsPerCycle = 128.0 / static_cast<double>(gpu.lanes) / 16;
  machine.fmaLatency = 4;
  machine.l1Bytes = gpu.l1Kilobytes * 1024;
  machine.l2Bytes = machine.l3Bytes = gpu.l2Megabytes * 1024 * 1024;
  machine.l2BytesPerCycle = 64.0 / static_cast<double>(gpu.lanes);
  machine.l3BytesPerCycle = machine.memoryBytesPerCycle =
      gpu.gigabytesPerSecond * 1e3 / gpu.megahertz / static_cast<double>(machine.cores);
  // Hardware hands out cells: each is one tile, however small.
  machine.flopsPerCell = machine.bytesPerCell = 1;
  machine.enoughCellsPerCore = machine.mostCellsPerCore = int64_t(1) << 20;
  machine.cellsToHideLatency = 4;
  machine.lockstepCells = true;
  machine.stackBytes = 1024; // of every thread that may run at once, taken from the card's memory
  machine.groupCells = 128;
  // What a group may use without asking for more at its launch.
  machine.sharedBytes = declaredSharedBytes;
  machine.mostSharedBytes = mostSharedBytes(numberOf(gpu.architecture));
  machine.warpThreads = warpThreads;
  machine.clusterCores = gpu.lanes;
  // 65536 registers are 512 threads with half of the registers that one can name.
  machine.clusterThreads = 512;
  machine.threadRegisters = 128;
  machine.clusterShared = sharedKilobytes(numberOf(gpu.architecture)) * 1024;
  // bfloat16 is as fast as float16, tf32 half as fast, in every architecture of the table.
  machine.halfPerCycle = static_cast<double>(gpu.matrixFma);
  machine.tf32PerCycle = machine.halfPerCycle / 2;
  return machine;
}

} // namespace

std::optional<Machine> findGpu(const std::string &name) {
  for (const Gpu &gpu : table)
    if (name == gpu.name)
      return makeGpu(gpu);
  return std::nullopt;
}

std::vector<std::string> gpuNames() {
  std::vector<std::string> names;
  for (const Gpu &gpu : table)
    names.push_back(gpu.name);
  return names;
}

} // namespace tegula::target
