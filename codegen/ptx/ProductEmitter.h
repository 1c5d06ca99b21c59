// Writes a product of matrices, or a convolution, as the work of groups of threads: both operands pass
// through shared memory, the result's tile is kept in the threads' registers.
#pragma once

#include "GridEmitter.h"

#include "tegula/dialects/tile/Product.h"

#include <memory>

namespace tegula::codegen::ptx {

/// Scheme: block, thread and register tiles as in CUTLASS (github.com/NVIDIA/cutlass, "Efficient GEMM in
/// CUDA"), convolutions as products whose left operand is gathered (implicit GEMM, Chetlur et al., cuDNN,
/// 2014). What multiplies, and how operands must lie for it, is what derived classes know.
///
/// Nothing is guarded at borders. Rows and columns beyond the last are the last ones again: a thread that has
/// none of its own reads, computes and writes the same as another. Only the sum must end: what lies beyond
/// its last step is copied as zeros.
class ProductEmitter : public GridEmitter {
public:
  /// Shared memory that a group has.
  int64_t sharedBytes() const { return bytesOf(left) + bytesOf(right); }
  /// Shared memory that a launch must ask for: all of it, where it is more than code may declare.
  int64_t bytesToAskFor() const;

protected:
  ProductEmitter(tile::KernelOp kernel, const tile::Product &product);

  /// How an operand's tile lies in shared memory: lines of `pitch` elements. So that threads that read a few
  /// elements of neighbouring lines find them in different banks, either lines are padded, or (where `chunk`
  /// is not 0) the line's chunks of that many elements are swapped: number `c` of line `l` is found at
  /// `c xor (l / over % modulo)`.
  struct Layout {
    int64_t lines = 0, pitch = 0, chunk = 0, over = 1, modulo = 1;
    int64_t elements() const { return lines * pitch; }
  };

  /// An operand on its way from memory to the threads.
  struct Operand {
    Layout layout;
    mlir::Type element;
    mlir::Value memory, shared;        ///< both as one row of elements
    Number first;                      ///< where it starts
    llvm::SmallVector<Number> strides; ///< for each loop
    int64_t run = 1;                   ///< elements that are copied at once
    /// One copy of a thread in each step.
    struct Copy {
      Number from;  ///< without what the depth adds
      Number depth; ///< within the step
      Number to;    ///< within the stage
    };
    llvm::SmallVector<Copy> copies;
    int64_t bytes() const { return element.getIntOrFloatBitWidth() / 8; }
  };

  /// Neighbouring columns of one row that a thread has summed up; a place in the group's tile.
  struct Part {
    Number row, column;
    mlir::Value sums; ///< a vector
  };

  // What multiplies.
  virtual Layout leftLayout() = 0;
  virtual Layout rightLayout() = 0;
  /// Finds out what `thread` has to do with the tile.
  virtual void placeThread() = 0;
  /// The sums of a thread before the first step.
  virtual llvm::SmallVector<mlir::Value> startSums() = 0;
  /// Adds the products of what `stage` holds.
  virtual void multiply(Number stage, llvm::SmallVectorImpl<mlir::Value> &sums) = 0;
  virtual llvm::SmallVector<Part> partsOf(llvm::ArrayRef<mlir::Value> sums) = 0;

  /// Where an element lies within a stage.
  Number placeOf(const Layout &layout, Number line, Number within);
  /// What chunks of `line` are swapped with.
  Number swapOf(const Layout &layout, Number line);

  tile::Product product;
  sched::BlockAttr block;
  Operand left, right; ///< the left one row by row, the right one step by step
  mlir::Value thread;

private:
  std::optional<Lanes> lookUp(mlir::Value tensor, llvm::ArrayRef<Number> idx, int vectorDim,
                              int64_t width) override;

  mlir::FailureOr<Groups> countGroups() override;
  mlir::LogicalResult emitGroup(mlir::Value number) override;
  void locate(mlir::Value cell);
  int64_t bytesOf(const Operand &operand) const;
  Operand describe(unsigned number, const Layout &layout);
  mlir::Value reserve(const Operand &operand, mlir::StringRef name, int64_t before);
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
  void copyRun(const Operand &operand, Number from, Number to, mlir::Value inside);
  llvm::SmallVector<Part> sumUp();
  mlir::LogicalResult finish(llvm::ArrayRef<Part> parts);
  mlir::LogicalResult finishRun(llvm::ArrayRef<Number> at, mlir::Value sums, Number column);

  llvm::SmallVector<Number> extents;      ///< of the product's loops
  Number rows, columns, depth;            ///< of the whole product
  int64_t columnRun = 1;                  ///< columns that lie together wherever so many of them start
  Number batchAt, firstRow, firstColumn;  ///< of this group
  llvm::SmallVector<Number> batchIndices; ///< position in each batch loop
  Lanes current;                          ///< the product where the epilogue is being computed
};

/// The emitter of what `kernel`'s schedule says; null, with a diagnostic, where the product's operands are
/// not what it multiplies.
std::unique_ptr<ProductEmitter> makeEmitter(tile::KernelOp kernel, const tile::Product &product);

} // namespace tegula::codegen::ptx
