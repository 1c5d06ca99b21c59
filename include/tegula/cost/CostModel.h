// Predicts how long a kernel takes under a schedule, so that schedules can be chosen without running them.
#pragma once

#include "tegula/cost/KernelShape.h"
#include "tegula/target/Machine.h"

#include <array>
#include <string_view>

namespace tegula::cost {

/// Where operands come from, nearest first. Of a GPU, L1 stands for the memory that the threads of a group
/// share, and L2 for its last cache.
enum class Level { L1, L2, L3, Memory };
inline constexpr size_t numLevels = 4;

/// Bytes out of each level, towards the registers.
using Traffic = std::array<double, numLevels>;

/// Cycles of one core for the whole kernel, and what they consist of.
struct Prediction {
  double cycles = 0;
  double computeCycles = 0; ///< arithmetic, loads from L1 and issue slots of the innermost loops
  double trafficCycles = 0; ///< moving operands up from outer levels of the memory hierarchy
  int64_t registers = 0;    ///< vector registers live in the innermost loop
  Traffic bytes{};          ///< of the operands that the prediction follows
  std::string_view limit = "multiply-adds"; ///< what the computing waits for
};

/// Bytes that a core gets from a level each cycle.
double bandwidthOf(Level level, const target::Machine &machine);

/// The nearest level beyond L1 that a tensor of so many bytes stays in between two kernels.
Level homeOf(double bytes, const target::Machine &machine);

/// A register tile of a contraction: extents for each result dimension, the last one in whole vectors.
struct ContractTile {
  llvm::SmallVector<int64_t> extents;
  int64_t rows() const;                 ///< elements of all dimensions but the last
  int64_t vectors(int64_t lanes) const; ///< vectors of the last dimension
};

/// Predicts a contraction (matmul, convolution) computed with `tile`. Terms as in Roller (Zhu et al., OSDI
/// 2022): for each memory level the time is traffic by bandwidth; arithmetic is bound by multiply-adds,
/// loads, issue or latency.
Prediction predictContract(const KernelShape &shape, const ContractTile &tile,
                           const target::Machine &machine);

/// How the cells of a matrix product follow each other: those that share rows of the left operand, or those
/// that share columns of the right one. What is shared stays in L2, the other operand passes by.
struct Walk {
  bool rowsOutside = false;
  int64_t rows = 0, columns = 0; ///< of one cell
};

/// Predicts the cycles in which operands of a product come from beyond L2, all cells together.
double predictWalk(const KernelShape &shape, const Walk &walk, const target::Machine &machine);

/// The most rows of the left operand that stay in L2 while the right one passes by; at least 1.
int64_t rowsThatStay(const KernelShape &shape, const target::Machine &machine);

/// A block tile of a product: what a group of threads computes, and how it shares that out.
struct BlockTile {
  int64_t rows, columns, depth, threadRows, threadColumns, stages;
  sched::Multiply multiply = sched::Multiply::Fma;
  int64_t leftBytes = 4, rightBytes = 4; ///< of an element in shared memory
  int64_t threads() const { return rows / threadRows * (columns / threadColumns); }
  /// Of both operands, with what keeps the rows of the left one in different banks where threads multiply.
  int64_t sharedBytes() const {
    int64_t padding = multiply == sched::Multiply::Fma ? bankPadding : 0;
    return stages * (rows * (depth + padding) * leftBytes + depth * columns * rightBytes);
  }
  /// Whether a thread needs twice its share of the registers.
  bool isWide() const { return threadRows * threadColumns > sched::fewSums; }
  static constexpr int64_t bankPadding = 4;
};

/// Multiply-adds that the matrix units of a cluster do a cycle; 0 where it has none for them.
double matrixRate(sched::Multiply multiply, const target::Machine &machine);

/// Predicts a product whose operands groups of threads stage in shared memory. Cycles are of one cluster of
/// cores; registers are those of a thread.
Prediction predictBlocks(const KernelShape &shape, const BlockTile &tile, const target::Machine &machine);

/// How threads share rows: `together` of them a row, each `lanes` elements at once, and `unroll` of those
/// before anything else happens.
struct RowGroup {
  int64_t threads, together, lanes, unroll;
};

/// Predicts reductions of rows, and what is computed from them. Cycles are of one cluster of cores; registers
/// are those of a thread. With one thread together each thread has rows of its own.
Prediction predictRows(const KernelShape &shape, const RowGroup &group, const target::Machine &machine);

/// Predicts a window (depthwise convolution, pooling) computed with `tile`, whose window is unrolled.
Prediction predictWindow(const KernelShape &shape, const ContractTile &tile, const target::Machine &machine);

} // namespace tegula::cost
