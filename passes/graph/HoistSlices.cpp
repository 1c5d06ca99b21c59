// Cuts before computing instead of after, because a product that is cut up anyway is cheaper as several
// products of slices of its matrix.
#include "Constants.h"
#include "Movement.h"
#include "Rewriting.h"

#include "tegula/passes/graph/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

namespace tegula::graph {
#define GEN_PASS_DEF_HOISTSLICES
#include "tegula/passes/graph/Passes.h.inc"
} // namespace tegula::graph

using namespace mlir;
using namespace tegula::graph;

namespace {

/// Whether `value` is used by slices with unit steps only, which together take no more than it has. What was
/// moved behind them is dead, but stands there still.
bool isCutUp(Value value) {
  Dim taken = 0;
  for (Operation *user : value.getUsers()) {
    if (isOpTriviallyDead(user))
      continue;
    auto slice = dyn_cast<SliceOp>(user);
    if (!slice || llvm::any_of(slice.getSteps(), [](int64_t step) { return step != 1; }))
      return false;
    taken += elementCount(shapeOf(slice));
  }
  return surelyAtMost(taken, elementCount(shapeOf(value)));
}

/// The only dimension that a slice shortens, to a known size; -1 if there are several or none.
int64_t cutDim(SliceOp slice) {
  int64_t dim = -1;
  for (auto [i, from, to] : llvm::enumerate(shapeOf(slice.getInput()), shapeOf(slice))) {
    if (from == to)
      continue;
    if (dim >= 0 || !to.isStatic())
      return -1;
    dim = i;
  }
  return dim;
}

Value slice(OpBuilder &builder, Location loc, Value value, ArrayRef<int64_t> starts, ShapeRef shape) {
  if (ShapeRef(shapeOf(value)) == shape)
    return value;
  return SliceOp::create(builder, loc, withShape(value, shape), value, starts,
                         SmallVector<int64_t>(shape.size(), 1));
}

/// `value` without what lies outside [start, start + size) of dimension `dim`.
Value slice(OpBuilder &builder, Location loc, Value value, int64_t dim, int64_t start, Dim size) {
  SmallVector<int64_t> starts(tensorType(value).getRank(), 0);
  Shape shape = shapeOf(value);
  starts[dim] = start;
  shape[dim] = size;
  return slice(builder, loc, value, starts, shape);
}

/// slice(transpose(x)) => transpose(slice(x))
struct HoistOverTranspose : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    auto transpose = op.getInput().getDefiningOp<TransposeOp>();
    if (!transpose || !isCutUp(transpose))
      return failure();
    SmallVector<int64_t> inverse = invertPerm(transpose.getPerm());
    Value input = slice(rewriter, op.getLoc(), transpose.getInput(), permuted(op.getStarts(), inverse),
                        permuted(shapeOf(op), inverse));
    rewriter.replaceOpWithNewOp<TransposeOp>(op, op.getType(), input, transpose.getPerm());
    return success();
  }
};

/// slice(reshape(x)) => reshape(slice(x)), where the slice is one of x along one dimension
struct HoistOverReshape : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    auto reshape = op.getInput().getDefiningOp<ReshapeOp>();
    int64_t dim = cutDim(op);
    if (!reshape || dim < 0 || !isCutUp(reshape))
      return failure();
    Shape from = shapeOf(reshape.getInput()), to = shapeOf(reshape);
    Dim outer = elementCount(ShapeRef(to).take_front(dim)),
        inner = elementCount(ShapeRef(to).drop_front(dim + 1));
    for (size_t i = 0; i < from.size(); ++i) {
      std::optional<Dim> factor = exactDiv(inner, elementCount(ShapeRef(from).drop_front(i + 1)));
      bool fits = factor && factor->isStatic() && !from[i].is(1) &&
                  elementCount(ShapeRef(from).take_front(i)) == outer && from[i] == to[dim] * *factor;
      if (!fits)
        continue;
      Value input = slice(rewriter, op.getLoc(), reshape.getInput(), i,
                          op.getStarts()[dim] * factor->number(), shapeOf(op)[dim] * *factor);
      rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), input);
      return success();
    }
    return rewriter.notifyMatchFailure(
        op, "expected the slice to be contiguous in one dimension before the reshape");
  }
};

/// slice(x + c) => slice(x) + slice(c), c constant
struct HoistOverElementwise : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    Operation *producer = op.getInput().getDefiningOp();
    int64_t dim = cutDim(op);
    if (!isa_and_nonnull<ElementwiseOpInterface>(producer) || dim < 0 || !isCutUp(op.getInput()) ||
        llvm::count_if(
            producer->getOperands(), [](Value operand) { return !isConstantDerived(operand); }) != 1)
      return failure();
    SmallVector<Value> operands;
    for (Value operand : producer->getOperands()) {
      int64_t own = dim - (tensorType(op).getRank() - tensorType(operand).getRank());
      bool isBroadcast = own < 0 || shapeOf(operand)[own].is(1);
      operands.push_back(
          isBroadcast ? operand
                      : slice(rewriter, op.getLoc(), operand, own, op.getStarts()[dim], shapeOf(op)[dim]));
    }
    Operation *moved = rewriter.clone(*producer);
    moved->setOperands(operands);
    moved->getResult(0).setType(op.getType());
    rewriter.replaceOp(op, moved->getResults());
    return success();
  }
};

/// slice(x * m) => x * slice(m), m a constant matrix cut by columns
struct HoistOverMatMul : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    auto matmul = op.getInput().getDefiningOp<MatMulOp>();
    int64_t rank = tensorType(op).getRank(), dim = cutDim(op);
    if (!matmul || dim != rank - 1 || !isCutUp(matmul) || !isConstantDerived(matmul.getRhs()))
      return failure();
    Dim columns = shapeOf(op)[dim], depth = shapeOf(matmul.getLhs()).back();
    // A slice reads and writes `columns` elements a row; a product of its own reads the row of `depth`
    // elements once more.
    if (!surelyAtMost(depth, columns * 2))
      return rewriter.notifyMatchFailure(
          op, "expected the slice to be at least half as wide as the product is deep");
    Value rhs = slice(rewriter, op.getLoc(), matmul.getRhs(), tensorType(matmul.getRhs()).getRank() - 1,
                      op.getStarts()[dim], columns);
    rewriter.replaceOpWithNewOp<MatMulOp>(op, op.getType(), matmul.getLhs(), rhs);
    return success();
  }
};

struct HoistSlices : tegula::graph::impl::HoistSlicesBase<HoistSlices> {
  using HoistSlicesBase::HoistSlicesBase;

  void runOnOperation() override {
    if (getOperation().isPrivate())
      return; // a step of a loop costs by its kernels more than by its bytes
    RewritePatternSet patterns(&getContext());
    patterns.add<HoistOverTranspose, HoistOverReshape, HoistOverElementwise, HoistOverMatMul>(&getContext());
    if (failed(applyToFixpoint(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
