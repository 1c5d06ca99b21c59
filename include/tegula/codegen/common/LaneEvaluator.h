// Computes what linalg bodies say, several neighbouring elements at once and by demand, because every way to
// write a kernel (tiles of vectors, rows, blocks of threads) needs the same arithmetic at its end.
#pragma once

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

#include <map>
#include <optional>
#include <vector>

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

/// Evaluates linalg operations at points of their iteration space, from a root backwards. What it computes
/// stands where `builder` does.
class LaneEvaluator {
public:
  LaneEvaluator(mlir::OpBuilder builder, mlir::Location loc, int64_t lanes)
      : builder(builder), loc(loc), lanes(lanes) {}
  virtual ~LaneEvaluator() = default;

protected:
  /// What is known of `tensor` without computing it; nothing where it must be computed.
  virtual std::optional<Lanes> lookUp(mlir::Value tensor, llvm::ArrayRef<mlir::OpFoldResult> idx,
                                      int vectorDim, int64_t width) = 0;

  Lanes evaluateTensor(mlir::Value tensor, llvm::ArrayRef<mlir::OpFoldResult> idx, int vectorDim,
                       int64_t width);
  Lanes evaluateLanewise(mlir::Value tensor, llvm::ArrayRef<mlir::OpFoldResult> idx, int vectorDim,
                         int64_t width);
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
  mlir::arith::MulFOp productIn(mlir::Operation &op, mlir::Value &addend) const;
  Lanes evaluateFused(Lanes a, Lanes b, Lanes c, int64_t width);
  Lanes perLane(int64_t width, llvm::function_ref<Lanes(int64_t)> lane);

  Lanes fail(mlir::Operation *op, const llvm::Twine &message);
  mlir::Value asVector(Lanes lanes, int64_t width);
  mlir::Value index(int64_t value);
  mlir::Value value(mlir::OpFoldResult ofr);
  mlir::OpFoldResult apply(mlir::AffineExpr expr, llvm::ArrayRef<mlir::OpFoldResult> operands);
  mlir::OpFoldResult add(mlir::OpFoldResult a, mlir::OpFoldResult b);

  mlir::OpBuilder builder;
  mlir::Location loc;
  int64_t lanes;
  llvm::SmallVector<mlir::linalg::LinalgOp> group; ///< operations that may be computed
  /// Operand values of the current reduction step, shared between the points that read the same element.
  std::map<std::vector<const void *>, Lanes> *stepCache = nullptr;
  bool fusing = false; ///< inside a reduction: products that are summed become fused multiply-adds
};

} // namespace tegula::codegen
