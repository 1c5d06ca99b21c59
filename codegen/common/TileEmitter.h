// Emits vector code for one tile, because register accumulators with their epilogue need one view of all
// operations of a tile.
#pragma once

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

#include "tegula/dialects/sched/Sched.h"

namespace tegula::codegen {

/// A value computed for a number of neighbouring elements at once.
struct Lanes {
  enum Kind {
    Uniform, ///< one scalar that holds for every lane
    Linear,  ///< scalar + lane number
    Vector   ///< one element a lane
  } kind = Uniform;
  mlir::Value value; ///< the scalar, or a 1-D vector

  explicit operator bool() const { return static_cast<bool>(value); }
};

/// Where in its iteration space an operation is evaluated: a value a loop, lanes along loop `vectorLoop` (-1:
/// a single point).
struct Point {
  llvm::SmallVector<mlir::OpFoldResult> iv;
  int vectorLoop = -1;
  int64_t width = 1;
};

/// Evaluates linalg operations at points of their iteration space, by demand, from the root of a tile
/// backwards. Results of reductions stand in registers (`registers`) or, for reductions along the lanes, in
/// scalars (`rowScalars`).
class TileEmitter {
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

  // Evaluation by demand: LaneEvaluator.cpp.
  Lanes evaluateTensor(mlir::Value tensor, llvm::ArrayRef<mlir::OpFoldResult> idx, int vectorDim,
                       int64_t width);
  struct RegisterTile;
  Lanes evaluateLanewise(mlir::Value tensor, llvm::ArrayRef<mlir::OpFoldResult> idx, int vectorDim,
                         int64_t width);
  Lanes evaluateRegisters(mlir::Value tensor, const RegisterTile &tile,
                          llvm::ArrayRef<mlir::OpFoldResult> idx, int vectorDim, int64_t width);
  Lanes evaluateSlice(mlir::tensor::ExtractSliceOp slice, llvm::ArrayRef<mlir::OpFoldResult> idx,
                      int vectorDim, int64_t width);
  Lanes evaluateMemory(mlir::Value tensor, llvm::ArrayRef<mlir::OpFoldResult> idx, int vectorDim,
                       int64_t width);
  Lanes evaluateGeneric(mlir::linalg::GenericOp op, const Point &point, Lanes accumulator = {});
  Lanes evaluateElementwise(mlir::linalg::GenericOp op, llvm::ArrayRef<mlir::OpFoldResult> idx, int vectorDim,
                            int64_t width);
  Lanes evaluateOperand(mlir::linalg::GenericOp op, mlir::OpOperand &operand, const Point &point);
  Lanes evaluateExtract(mlir::tensor::ExtractOp op, llvm::ArrayRef<Lanes> indices, int64_t width);
  Lanes evaluateApply(mlir::affine::AffineApplyOp op, llvm::ArrayRef<Lanes> operands, int64_t width);
  Lanes evaluateScalarOp(mlir::Operation &op, llvm::ArrayRef<Lanes> operands, int64_t width);
  Lanes perLane(int64_t width, llvm::function_ref<Lanes(int64_t)> lane);

  Lanes fail(mlir::Operation *op, const llvm::Twine &message);
  mlir::Value asVector(Lanes lanes, int64_t width);
  mlir::Value index(int64_t value);
  mlir::Value value(mlir::OpFoldResult ofr);
  mlir::OpFoldResult apply(mlir::AffineExpr expr, llvm::ArrayRef<mlir::OpFoldResult> operands);
  mlir::OpFoldResult add(mlir::OpFoldResult a, mlir::OpFoldResult b);
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
  mlir::OpBuilder builder;
  mlir::Location loc;
  int64_t lanes;
  mlir::Value dest; ///< the destination as written so far
  llvm::SmallVector<mlir::linalg::LinalgOp> group;
  llvm::DenseMap<mlir::Value, RegisterTile> registers;
  llvm::DenseMap<mlir::Value, mlir::Value> rowScalars;
  llvm::DenseSet<mlir::Value> materialized;
  /// Operand values of the current reduction step, shared between the points that read the same element.
  std::map<std::vector<const void *>, Lanes> *stepCache = nullptr;
  bool fusing = false; ///< inside a reduction: products that are summed become fused multiply-adds
};

/// The chunks of a dimension of `extent`: (start, width), all of `lanes` but the last.
llvm::SmallVector<std::pair<int64_t, int64_t>> chunks(int64_t extent, int64_t lanes);

} // namespace tegula::codegen
