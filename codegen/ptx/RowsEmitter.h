// Writes reductions of rows, and what is computed from them, as the work of threads that share a row.
#pragma once

#include "GridEmitter.h"

#include "tegula/codegen/common/RowReduction.h"
#include "tegula/dialects/tile/Rows.h"
#include "tegula/target/Groups.h"

namespace tegula::codegen::ptx {

using target::warpThreads;

/// Neighbouring threads take neighbouring vectors of a row. Partial results pass from thread to thread within
/// a warp, and through shared memory between warps, until all have the whole one (butterfly: Harris,
/// "Optimizing Parallel Reduction in CUDA", 2007).
///
/// A row of at most `unroll` vectors a thread is written out: what it reads and computes for one reduction is
/// still in registers for the next. Threads beyond a row's end compute its last vector again, which counts in
/// no sum and is written with the same values.
class RowsEmitter : public GridEmitter {
public:
  RowsEmitter(tile::KernelOp kernel, tile::Rows rows);

private:
  /// Writes `width` elements from `start` on. Where `inside` is not null, it says whether they are elements
  /// of the row that no other thread has.
  using Chunk = llvm::function_ref<void(Number start, mlir::Value inside, int64_t number)>;

  std::optional<Lanes> lookUp(mlir::Value tensor, llvm::ArrayRef<Number> idx, int vectorDim,
                              int64_t width) override;

  mlir::FailureOr<Groups> countGroups() override;
  mlir::LogicalResult emitGroup(mlir::Value number) override;
  void placeThread();
  mlir::Value fitsRegisters();
  mlir::LogicalResult emitVersions();
  mlir::LogicalResult emitRow();
  int64_t widthFor(Number extent) const;
  void alongRow(Number count, int64_t width, llvm::SmallVectorImpl<mlir::Value> &carried, Chunk chunk);
  void alongOpenRow(Number count, int64_t width, llvm::SmallVectorImpl<mlir::Value> &carried, Chunk chunk);
  void loopOver(Number from, Number to, int64_t step, llvm::SmallVectorImpl<mlir::Value> &carried,
                llvm::function_ref<void(mlir::Value)> body);
  mlir::LogicalResult reduce(mlir::linalg::GenericOp op);
  mlir::Value shareAmongThreads(const RowReduction &row, mlir::Value value);
  mlir::Value shuffle(mlir::Value value, int64_t distance);
  mlir::LogicalResult writeRow();

  tile::Rows rows;
  sched::ScheduleAttr schedule;
  int64_t together;
  mlir::Value thread;            ///< number of this thread among those of its row
  llvm::SmallVector<Number> row; ///< position in the result
  bool isWrittenOut = false;     ///< rows of unknown length have at most `unroll` chunks of each thread
  llvm::DenseMap<mlir::Value, mlir::Value> done; ///< reductions of this row
};

} // namespace tegula::codegen::ptx
