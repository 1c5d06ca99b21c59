// Writes a product of matrices, or a convolution, as the work of groups of threads: both operands pass
// through shared memory, the result's tile is kept in the threads' registers.
#pragma once

#include "Numbers.h"

#include "tegula/codegen/common/LaneEvaluator.h"
#include "tegula/dialects/tile/Product.h"
#include "tegula/dialects/tile/Tile.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

namespace tegula::codegen::ptx {

/// Scheme: block, thread and register tiles as in CUTLASS (github.com/NVIDIA/cutlass, "Efficient GEMM in
/// CUDA"), convolutions as products whose left operand is gathered (implicit GEMM, Chetlur et al., cuDNN,
/// 2014).
///
/// Nothing is guarded at borders. Rows and columns beyond the last are the last ones again: a thread that has
/// none of its own reads, computes and writes the same as another. Only the sum must end: what lies beyond
/// its last step is copied as zeros.
class ProductEmitter : LaneEvaluator {
public:
  ProductEmitter(tile::KernelOp kernel, const tile::Product &product);

  /// Replaces the kernel's body by a loop over groups. Fails, with a diagnostic, where an epilogue cannot be
  /// computed.
  mlir::LogicalResult emit();

private:
  using Number = mlir::OpFoldResult;

  /// An operand on its way from memory to the threads.
  struct Operand {
    mlir::Value memory, shared;        ///< both as one row of elements
    Number first;                      ///< where it starts
    llvm::SmallVector<Number> strides; ///< for each loop
    int64_t run = 1;                   ///< elements that are copied at once
    int64_t stage = 0;                 ///< elements of one stage in shared memory
    /// One copy of a thread in each step.
    struct Copy {
      Number from;  ///< without what the depth adds
      Number depth; ///< within the step
      Number to;    ///< within the stage
    };
    llvm::SmallVector<Copy> copies;
  };

  std::optional<Lanes> lookUp(mlir::Value tensor, llvm::ArrayRef<Number> idx, int vectorDim,
                              int64_t width) override;

  mlir::FailureOr<mlir::scf::ForOp> makeGrid();
  void locate(mlir::Value cell);
  void placeThread();
  Operand describe(unsigned number, int64_t elements, mlir::StringRef name);
  void planLeft();
  void planRight();
  /// Copy `number` of a thread, in a tile of `outer` x `inner` copies with the inner ones beside each other.
  std::pair<Number, Number> shareOf(int64_t number, int64_t outer, int64_t inner);
  Number nearestRow(Number row);
  Number nearestColumn(Number column, int64_t run);
  Number offsetOf(const Operand &operand, llvm::ArrayRef<unsigned> loops, llvm::ArrayRef<Number> at);
  Number depthOffset(const Operand &operand, Number depth);
  llvm::SmallVector<Number> extentsOf(llvm::ArrayRef<unsigned> loops);
  Number total(llvm::ArrayRef<unsigned> loops);

  void copyStep(Number stage, Number step);
  void sumUp();
  void multiply(Number stage, llvm::SmallVectorImpl<mlir::Value> &sums);
  mlir::LogicalResult finish();
  mlir::LogicalResult finishRun(llvm::ArrayRef<Number> at, mlir::Value sums, Number column);

  tile::KernelOp kernel;
  tile::Product product;
  sched::BlockAttr block;
  Numbers numbers;
  mlir::Value root, dest;
  llvm::SmallVector<Number> extents; ///< of the product's loops
  Number rows, columns, depth;       ///< of the whole product
  int64_t columnRun = 1;             ///< columns that lie together wherever four of them start
  Operand left, right;
  mlir::Value thread;
  Number batchAt, firstRow, firstColumn;  ///< of this group
  Number threadRow, threadColumn;         ///< of this thread, among its neighbours
  llvm::SmallVector<Number> batchIndices; ///< position in each batch loop
  llvm::SmallVector<mlir::Value> sums;    ///< of this thread: four columns each, row by row
  Lanes current;                          ///< the product where the epilogue is being computed
};

} // namespace tegula::codegen::ptx
