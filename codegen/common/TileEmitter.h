// Emits vector code for one tile, because register accumulators with their epilogue need one view of all
// operations of a tile.
#pragma once

#include "tegula/codegen/common/LaneEvaluator.h"
#include "tegula/dialects/sched/Sched.h"

namespace tegula::codegen {

/// Evaluates a tile from its root backwards. Results of reductions stand in registers (`registers`) or, for
/// reductions along the lanes, in scalars (`rowScalars`).
class TileEmitter : LaneEvaluator {
public:
  TileEmitter(mlir::tensor::InsertSliceOp insert, sched::ScheduleAttr schedule);

  /// Replaces the insertion by vector code that writes to its destination. Fails, with a diagnostic, on an
  /// operation it does not know.
  mlir::LogicalResult emit();

private:
  // Tile programs whose reductions run over loops: TileEmitter.cpp.
  mlir::LogicalResult emitRegisters();
  mlir::LogicalResult reduceIntoRegisters(mlir::linalg::GenericOp op);
  struct Reduction;
  mlir::LogicalResult startAccumulators(Reduction &reduction, llvm::ArrayRef<unsigned> outputLoops);
  void chooseUnroll(Reduction &reduction);
  mlir::LogicalResult reduceStep(Reduction &reduction, llvm::ArrayRef<mlir::OpFoldResult> at,
                                 llvm::SmallVectorImpl<mlir::Value> &values);
  mlir::LogicalResult reduceNest(Reduction &reduction, size_t depth, llvm::ArrayRef<mlir::OpFoldResult> at,
                                 llvm::SmallVectorImpl<mlir::Value> &values);
  // Tile programs whose reductions run along the lanes: RowEmitter.cpp.
  mlir::LogicalResult emitRows();
  mlir::LogicalResult reduceRow(mlir::linalg::GenericOp op);
  mlir::LogicalResult writeRow(mlir::Value tensor, mlir::OpFoldResult columns);
  /// Walks one row: `chunk(start, width, number)` for `unroll` chunks of whole vectors an iteration, then for
  /// what is left, in narrower vectors where the row's length is known and element by element where not.
  /// `carried` goes through the loops.
  void alongRow(mlir::OpFoldResult columns, int64_t unroll, llvm::SmallVectorImpl<mlir::Value> &carried,
                llvm::function_ref<void(mlir::OpFoldResult, int64_t, int64_t)> chunk);

  struct RegisterTile;
  std::optional<Lanes> lookUp(mlir::Value tensor, llvm::ArrayRef<mlir::OpFoldResult> idx, int vectorDim,
                              int64_t width) override;
  Lanes evaluateRegisters(mlir::Value tensor, const RegisterTile &tile,
                          llvm::ArrayRef<mlir::OpFoldResult> idx, int vectorDim, int64_t width);
  /// Writes lanes at position `idx` of the tile into the destination.
  void write(Lanes lanes, llvm::ArrayRef<mlir::OpFoldResult> idx, int64_t width);

  /// An accumulator of a tile: where it stands, and its name in the register tile.
  struct Accumulator {
    Point point;
    std::vector<int64_t> key;
  };
  /// A reduction over loops, while its code is written.
  struct Reduction {
    mlir::linalg::GenericOp op;
    llvm::SmallVector<mlir::OpFoldResult> extents; ///< of all loops
    llvm::SmallVector<unsigned> loops;             ///< those that are summed over, outermost first
    llvm::SmallVector<int64_t> unroll;             ///< steps of each in one iteration
    llvm::SmallVector<Accumulator> accumulators;
    llvm::SmallVector<mlir::Value> initial; ///< their first values
  };

  /// A register tile: vectors by outer point and start of chunk.
  struct RegisterTile {
    llvm::SmallVector<int64_t> shape;
    std::map<std::vector<int64_t>, mlir::Value> vectors;
  };

  mlir::tensor::InsertSliceOp insert;
  sched::ScheduleAttr schedule;
  mlir::Value dest; ///< the destination as written so far
  llvm::DenseMap<mlir::Value, RegisterTile> registers;
  llvm::DenseMap<mlir::Value, mlir::Value> rowScalars;
  llvm::DenseSet<mlir::Value> materialized;
};

/// The chunks of a dimension of `extent`: (start, width), all of `lanes` but the last.
llvm::SmallVector<std::pair<int64_t, int64_t>> chunks(int64_t extent, int64_t lanes);

} // namespace tegula::codegen
