// Makes arithmetic cheaper without changing its numbers, because exporters write powers, quotients and
// neutral operands as they come.
#include "Constants.h"
#include "Movement.h"
#include "Rewriting.h"

#include "tegula/passes/graph/Passes.h"

#include "mlir/IR/PatternMatch.h"

#include <cmath>

namespace tegula::graph {
#define GEN_PASS_DEF_SIMPLIFYARITHMETIC
#include "tegula/passes/graph/Passes.h.inc"
} // namespace tegula::graph

using namespace mlir;
using namespace tegula::graph;

namespace {

bool isFloat(Value value) { return isa<FloatType>(tensorType(value).getElementType()); }

/// x op neutral => x, where the neutral operand does not make the result larger.
template <typename Op> struct DropNeutral : OpRewritePattern<Op> {
  DropNeutral(MLIRContext *context, double neutral, bool bothSides)
      : OpRewritePattern<Op>(context), neutral(neutral), bothSides(bothSides) {}
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    // -0 is the neutral element of a floating-point sum: x + 0 turns -0 into 0.
    double expected = std::is_same_v<Op, AddOp> && isFloat(op.getResult()) ? -0.0 : neutral;
    if (op.getLhs().getType() == op.getType() && isSplatOf(op.getRhs(), expected)) {
      rewriter.replaceOp(op, op.getLhs());
      return success();
    }
    if (bothSides && op.getRhs().getType() == op.getType() && isSplatOf(op.getLhs(), expected)) {
      rewriter.replaceOp(op, op.getRhs());
      return success();
    }
    return failure();
  }
  double neutral;
  bool bothSides;
};

/// x - c => x + (-c), exact in floating point; sums of one kind are what other passes look for.
struct SubToAdd : OpRewritePattern<SubOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SubOp op, PatternRewriter &rewriter) const override {
    if (!isFloat(op) || !op.getRhs().getDefiningOp<ConstantOp>() || isConstantDerived(op.getLhs()))
      return failure();
    Value negated;
    if (std::optional<double> splat = splatValue(op.getRhs()))
      negated = createSplat(rewriter, op.getLoc(), tensorType(op.getRhs()), -*splat);
    else
      negated = NegOp::create(rewriter, op.getLoc(), op.getRhs().getType(), op.getRhs());
    rewriter.replaceOpWithNewOp<AddOp>(op, op.getType(), op.getLhs(), negated);
    return success();
  }
};

/// x / c => x * (1 / c) where c is a power of two, so that the reciprocal is exact.
struct DivToMul : OpRewritePattern<DivOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DivOp op, PatternRewriter &rewriter) const override {
    std::optional<double> divisor = splatValue(op.getRhs());
    if (!divisor || !isFloat(op) || !std::isfinite(*divisor) || *divisor == 0)
      return failure();
    int exponent;
    // A reciprocal outside of this range could be denormal in half precision.
    if (std::abs(std::frexp(*divisor, &exponent)) != 0.5 || std::abs(exponent) > 13)
      return failure();
    Value factor = createSplat(rewriter, op.getLoc(), tensorType(op.getRhs()), 1.0 / *divisor);
    rewriter.replaceOpWithNewOp<MulOp>(op, op.getType(), op.getLhs(), factor);
    return success();
  }
};

/// pow(x, c) => 1/x, sqrt(x), x, x*x, x*x*x
struct ExpandPow : OpRewritePattern<PowOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PowOp op, PatternRewriter &rewriter) const override {
    std::optional<double> power = splatValue(op.getRhs());
    Value base = op.getLhs();
    Type type = op.getType();
    if (!power || !isFloat(base) || base.getType() != type)
      return failure();
    if (*power == 1.0)
      rewriter.replaceOp(op, base);
    else if (*power == 2.0)
      rewriter.replaceOpWithNewOp<MulOp>(op, type, base, base);
    else if (*power == 3.0)
      rewriter.replaceOpWithNewOp<MulOp>(op, type, MulOp::create(rewriter, op.getLoc(), type, base, base),
                                         base);
    else if (*power == 0.5)
      rewriter.replaceOpWithNewOp<SqrtOp>(op, type, base);
    else if (*power == -1.0)
      rewriter.replaceOpWithNewOp<ReciprocalOp>(op, type, base);
    else
      return failure();
    return success();
  }
};

/// op(op(x)) => x for operations that are their own inverse
template <typename Op> struct DropInvolution : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto inner = op.getInput().template getDefiningOp<Op>();
    if (!inner)
      return failure();
    rewriter.replaceOp(op, inner.getInput());
    return success();
  }
};

/// op(op(x)) => op(x) for operations that change nothing the second time
template <typename Op> struct DropRepetition : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (!op.getInput().template getDefiningOp<Op>())
      return failure();
    rewriter.replaceOp(op, op.getInput());
    return success();
  }
};

/// where(true, x, y) => x, where the result is no larger
struct DropWhere : OpRewritePattern<WhereOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(WhereOp op, PatternRewriter &rewriter) const override {
    std::optional<double> condition = splatValue(op.getCondition());
    if (!condition)
      return failure();
    Value chosen = *condition != 0 ? op.getLhs() : op.getRhs();
    if (chosen.getType() != op.getType())
      return failure();
    rewriter.replaceOp(op, chosen);
    return success();
  }
};

struct SimplifyArithmetic : tegula::graph::impl::SimplifyArithmeticBase<SimplifyArithmetic> {
  using SimplifyArithmeticBase::SimplifyArithmeticBase;

  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet set(context);
    set.add<DropNeutral<MulOp>>(context, 1.0, /*bothSides=*/true);
    set.add<DropNeutral<AddOp>>(context, 0.0, /*bothSides=*/true);
    set.add<DropNeutral<SubOp>>(context, 0.0, /*bothSides=*/false);
    set.add<DropNeutral<DivOp>>(context, 1.0, /*bothSides=*/false);
    set.add<SubToAdd, DivToMul, ExpandPow, DropInvolution<NegOp>, DropInvolution<NotOp>,
            DropRepetition<ReluOp>, DropRepetition<AbsOp>, DropWhere>(context);
    patterns = std::move(set);
    return success();
  }

  void runOnOperation() override {
    if (failed(applyToFixpoint(getOperation(), patterns)))
      signalPassFailure();
  }

  FrozenRewritePatternSet patterns;
};

} // namespace
