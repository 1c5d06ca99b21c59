// Multiplies what threads share on matrix units: warps load fragments of both operands and keep the sums as
// the units leave them.
#pragma once

#include "ProductEmitter.h"

namespace tegula::codegen::ptx {

/// Fragments: PTX ISA, mma.m16n8k8 and mma.m16n8k16. Both operands lie in shared memory with their chunks of
/// 16 bytes swapped, so that neither copies nor fragments meet in a bank. What has 16 bits comes by ldmatrix,
/// and so does the left operand in float32, whose chunks are rows of four floats to it. Of the right one in
/// float32 a thread reads four columns at once: number `n` of fragment `f` is then column `4 n + f`, which
/// also gives a thread four neighbouring columns of the result.
///
/// The order of a sum is free. Where float32 is rounded to 16 bits, a thread has steps `t` and `t + 4` of
/// eight, which take the place of `2 t` and `2 t + 1`; 16-bit fragments of the other operand follow.
class MatrixEmitter : public ProductEmitter {
public:
  MatrixEmitter(tile::KernelOp kernel, const tile::Product &product);

protected:
  Layout leftLayout() override;
  Layout rightLayout() override;
  void placeThread() override;
  llvm::SmallVector<mlir::Value> startSums() override;
  void multiply(Number stage, llvm::SmallVectorImpl<mlir::Value> &sums) override;
  llvm::SmallVector<Part> partsOf(llvm::ArrayRef<mlir::Value> sums) override;

private:
  /// Rows and columns of one instruction, and of its half; columns of four.
  static constexpr int64_t rows = 16, columns = 8, halfRows = 8, quadColumns = 32;

  bool isNarrow(const Operand &operand) const { return operand.bytes() == 2; }
  int64_t rowFragments() const { return block.getThreadRows() * sched::warpRows / rows; }
  int64_t columnFragments() const { return block.getThreadColumns() * sched::warpColumns / columns; }
  int64_t depthAtOnce() const { return sched::depthOf(block.getMultiply()); }

  llvm::SmallVector<Number> placeLeft();
  llvm::SmallVector<Number> placeRight();
  llvm::SmallVector<mlir::Value> loadLeft(Number base, int64_t step);
  llvm::SmallVector<mlir::Value> loadRight(Number base, int64_t step);
  mlir::Value loadMatrices(const Operand &operand, Number at, bool transposed);
  mlir::Value round(mlir::Value number);
  mlir::Value pack(mlir::Value first, mlir::Value second);
  mlir::Value multiplyFragments(mlir::Value row, mlir::Value column, mlir::Value sum);
  mlir::Value fragmentOf(llvm::ArrayRef<mlir::Value> registers);

  mlir::Type unit;             ///< element that the units multiply
  Number lane, group, inGroup; ///< group: lane / 4, inGroup: lane % 4
  Number warpRow, warpColumn;  ///< where this warp's part of the tile starts
  llvm::SmallVector<Number> leftAt,
      rightAt; ///< within a stage; of each 32 bytes of depth, each pair of columns
};

} // namespace tegula::codegen::ptx
