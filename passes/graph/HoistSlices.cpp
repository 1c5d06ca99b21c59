// Cuts before computing instead of after, because a product that is cut up anyway is cheaper as several
// products of slices of its matrix.
#include "Constants.h"
#include "Movement.h"

#include "tegula/passes/graph/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/TypeSwitch.h"

namespace tegula::graph {
#define GEN_PASS_DEF_HOISTSLICES
#include "tegula/passes/graph/Passes.h.inc"
} // namespace tegula::graph

using namespace mlir;
using namespace tegula::graph;

namespace {

/// Whether `value` is used by slices with unit steps only, which together take no more than it has.
bool isCutUp(Value value) {
  int64_t taken = 0;
  for (Operation *user : value.getUsers()) {
    auto slice = dyn_cast<SliceOp>(user);
    if (!slice || llvm::any_of(slice.getSteps(), [](int64_t step) { return step != 1; }))
      return false;
    taken += tensorType(slice).getNumElements();
  }
  return taken <= tensorType(value).getNumElements();
}

/// The only dimension that a slice shortens; -1 if there are several or none.
int64_t cutDim(SliceOp slice) {
  int64_t dim = -1;
  for (auto [i, from, to] : llvm::enumerate(shapeOf(slice.getInput()), shapeOf(slice))) {
    if (from == to)
      continue;
    if (dim >= 0)
      return -1;
    dim = i;
  }
  return dim;
}

Value slice(OpBuilder &builder, Location loc, Value value, ArrayRef<int64_t> starts,
            ArrayRef<int64_t> shape) {
  if (shapeOf(value) == shape)
    return value;
  return SliceOp::create(builder, loc, tensorType(value).clone(shape), value, starts,
                         SmallVector<int64_t>(shape.size(), 1));
}

/// `value` without what lies outside [start, start + size) of dimension `dim`.
Value slice(OpBuilder &builder, Location loc, Value value, int64_t dim, int64_t start, int64_t size) {
  SmallVector<int64_t> starts(tensorType(value).getRank(), 0), shape(shapeOf(value));
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
    ArrayRef<int64_t> from = shapeOf(reshape.getInput()), to = shapeOf(reshape);
    int64_t outer = ShapedType::getNumElements(to.take_front(dim)),
            inner = ShapedType::getNumElements(to.drop_front(dim + 1));
    for (size_t i = 0; i < from.size(); ++i) {
      int64_t own = ShapedType::getNumElements(from.drop_front(i + 1));
      if (from[i] == 1 || own == 0 || ShapedType::getNumElements(from.take_front(i)) != outer ||
          inner % own != 0 || from[i] != to[dim] * (inner / own))
        continue;
      int64_t factor = inner / own;
      Value input = slice(rewriter, op.getLoc(), reshape.getInput(), i, op.getStarts()[dim] * factor,
                          shapeOf(op)[dim] * factor);
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
      bool isBroadcast = own < 0 || shapeOf(operand)[own] == 1;
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
    int64_t columns = shapeOf(op)[dim], depth = shapeOf(matmul.getLhs()).back();
    // A slice reads and writes `columns` elements a row; a product of its own reads the row of `depth`
    // elements once more.
    if (2 * columns < depth)
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
    RewritePatternSet patterns(&getContext());
    patterns.add<HoistOverTranspose, HoistOverReshape, HoistOverElementwise, HoistOverMatMul>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
