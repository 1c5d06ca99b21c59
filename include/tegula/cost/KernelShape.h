// What a scheduler must know about a kernel, read once from its body, so that candidates and costs need no
// IR.
#pragma once

#include "tegula/dialects/tile/Tile.h"

namespace tegula::cost {

/// The computation of one kernel as loops over its root's result and, for reductions, over what is summed up.
struct KernelShape {
  sched::Algorithm algorithm = sched::Algorithm::Loops;
  bool tileable = false;                 ///< whether the body can be cut along its result at all
  llvm::SmallVector<int64_t> result;     ///< extents of the root's result, assumed ones where `unknown`
  llvm::SmallVector<bool> unknown;       ///< which of them only the run will tell
  llvm::SmallVector<int64_t> highest;    ///< of each dimension, what it is or can be at most
  llvm::SmallVector<int64_t> reductions; ///< extents of the anchor's reduction loops, outermost first
  int64_t elementBytes = 4;              ///< of an accumulator
  int64_t resultBytes = 4;               ///< of a result element
  int64_t vectorOperand =
      -1; ///< contract: kernel input with the operand along the vector dimension, -1: not a plain input
  int64_t vectorOperandBytes = 0; ///< of that whole operand
  bool vectorOperandVaries =
      false; ///< contract: whether that operand depends on other result dimensions too (batches)
  bool rowsInResult = false; ///< rows: whether the result holds whole rows, not one value a row
  /// rows: reductions of each row, one after the other, where its threads can share them; 0 where not
  int64_t sharedReductions = 0;
  bool openRows = false; ///< rows: whether only the run will tell how long they are
  /// contract: extents of a product of matrices, where it is one; all 0 where it is none
  int64_t batch = 0, rows = 0, columns = 0, depth = 0;
  /// contract: elements that lie together of the left operand along the depth, of the right one along columns
  int64_t leftRun = 1, rightRun = 1;
  /// contract: what multiplies such operands without rounding them: `fma` for float32
  sched::Multiply multiply = sched::Multiply::Fma;
  int64_t leftBytes = 4, rightBytes = 4; ///< of an element of each of the product's operands
  int64_t operations = 1;                ///< arithmetic operations for a result element and reduction step
  bool looksUp = false;                  ///< window: each step reads memory at places that it computes
  int64_t inputs = 0;                    ///< inputs read for each element (map, rows, window)

  /// The most that a tile may hold of a dimension.
  int64_t mostOf(unsigned dim) const { return std::min(highest[dim], int64_t(1) << 30); }
  int64_t reductionSteps() const;
  int64_t resultElements() const;
  double flops() const { return 1.0 * resultElements() * reductionSteps() * operations; }
};

/// Reads the shape of `kernel`. Kernels that no algorithm but plain loops fits get `Loops`.
KernelShape analyse(tile::KernelOp kernel);

/// Extents as the scheduler takes them: of open ones what their bounds let it assume.
llvm::SmallVector<int64_t> assume(llvm::ArrayRef<mlir::OpFoldResult> extents, tile::KernelOp kernel);

} // namespace tegula::cost
