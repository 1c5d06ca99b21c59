// Recognises layer normalisation written as arithmetic, because as one operation it becomes one kernel with
// the row in cache.
#include "Constants.h"
#include "Movement.h"
#include "Rewriting.h"

#include "tegula/passes/graph/Passes.h"

#include "mlir/IR/PatternMatch.h"

namespace tegula::graph {
#define GEN_PASS_DEF_FUSELAYERNORM
#include "tegula/passes/graph/Passes.h.inc"
} // namespace tegula::graph

using namespace mlir;
using namespace tegula::graph;

namespace {

/// The mean over all dimensions from `axis` on, with the dimensions kept, of what is returned; null if
/// `value` is not one.
Value matchTrailingMean(Value value, int64_t &axis) {
  auto reshape = value.getDefiningOp<ReshapeOp>();
  auto reduce = reshape ? reshape.getInput().getDefiningOp<ReduceOp>() : ReduceOp();
  if (!reduce || reduce.getKind() != ReduceKind::Mean || reduce.getAxes().empty())
    return {};
  Shape input = shapeOf(reduce.getInput());
  axis = llvm::min_element(reduce.getAxes())[0];
  if (reduce.getAxes().size() != input.size() - axis)
    return {};
  Shape kept(ShapeRef(input).take_front(axis));
  kept.resize(input.size(), 1);
  return shapeOf(value) == kept ? reduce.getInput() : Value();
}

/// x of x*x or pow(x, 2).
Value matchSquare(Value value) {
  if (auto mul = value.getDefiningOp<MulOp>())
    return mul.getLhs() == mul.getRhs() ? mul.getLhs() : Value();
  auto pow = value.getDefiningOp<PowOp>();
  return pow && isSplatOf(pow.getRhs(), 2.0) ? pow.getLhs() : Value();
}

/// The operand beside `value` of a commutative operation, if it broadcasts to the operation's result.
template <typename Op> Value otherOperand(Op op, Value value) {
  if (op.getType() != value.getType())
    return {};
  return op.getLhs() == value ? op.getRhs() : op.getLhs();
}

/// The only user of `value`, if it is an `Op`.
template <typename Op> Op onlyUser(Value value) {
  return value.hasOneUse() ? dyn_cast<Op>(*value.getUsers().begin()) : Op();
}

/// (x - mean) / sqrt(mean((x - mean)^2) + epsilon) [* scale] [+ bias] => layer_norm
struct FuseQuotient : OpRewritePattern<DivOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DivOp div, PatternRewriter &rewriter) const override {
    auto difference = div.getLhs().getDefiningOp<SubOp>();
    auto root = div.getRhs().getDefiningOp<SqrtOp>();
    auto shifted = root ? root.getInput().getDefiningOp<AddOp>() : AddOp();
    if (!difference || !shifted || !tensorType(div).getElementType().isF32())
      return rewriter.notifyMatchFailure(div, "expected a difference over the square root of a sum");
    std::optional<double> epsilon = splatValue(shifted.getRhs());
    if (!epsilon)
      return rewriter.notifyMatchFailure(div, "expected a constant epsilon");
    int64_t axis = 0, varianceAxis = 0;
    Value x = matchTrailingMean(difference.getRhs(), axis);
    Value squares = matchTrailingMean(shifted.getLhs(), varianceAxis);
    if (!x || !squares || x != difference.getLhs() || axis != varianceAxis ||
        matchSquare(squares) != difference || x.getType() != div.getType())
      return rewriter.notifyMatchFailure(div,
                                         "expected mean and variance of one tensor over its last dimensions");

    Operation *last = div;
    Value scale, bias;
    if (auto mul = onlyUser<MulOp>(div)) {
      if ((scale = otherOperand(mul, div.getResult())))
        last = mul;
    }
    if (auto add = onlyUser<AddOp>(last->getResult(0))) {
      if ((bias = otherOperand(add, last->getResult(0))))
        last = add;
    }
    rewriter.setInsertionPoint(last);
    if (!scale) {
      Shape row(ShapeRef(shapeOf(x)).drop_front(axis));
      if (!isStatic(row)) // one number broadcasts as well
        row.assign(row.size(), 1);
      scale = createSplat(rewriter, div.getLoc(), withShape(x, row), 1.0);
    }
    rewriter.replaceOpWithNewOp<LayerNormOp>(last, x.getType(), x, scale, bias, axis, APFloat(*epsilon));
    return success();
  }
};

struct FuseLayerNorm : tegula::graph::impl::FuseLayerNormBase<FuseLayerNorm> {
  using FuseLayerNormBase::FuseLayerNormBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseQuotient>(&getContext());
    if (failed(applyToFixpoint(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
