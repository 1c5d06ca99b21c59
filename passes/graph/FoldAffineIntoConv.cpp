// Multiplies per-channel constants into filters and matrices, because batch normalisation then costs nothing
// at run time.
#include "Constants.h"
#include "Movement.h"
#include "Rewriting.h"

#include "tegula/passes/graph/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/TypeSwitch.h"

namespace tegula::graph {
#define GEN_PASS_DEF_FOLDAFFINEINTOCONV
#include "tegula/passes/graph/Passes.h.inc"
} // namespace tegula::graph

using namespace mlir;
using namespace tegula::graph;

namespace {

/// The dimension of a contraction's result that its filter determines; -1 for other operations.
int64_t channelDim(Value result) {
  int64_t rank = tensorType(result).getRank();
  return TypeSwitch<Operation *, int64_t>(result.getDefiningOp())
      .Case([&](ConvOp op) -> int64_t { return op.getLayout() == Layout::ChannelsFirst ? 1 : rank - 1; })
      .Case([](ConvTransposeOp op) -> int64_t { return op.getGroup() == 1 ? 1 : -1; })
      .Case([&](MatMulOp op) { return rank - 1; })
      .Default([](Operation *) { return -1; });
}

/// The dimension of the filter that becomes `channelDim` of the result.
int64_t filterDim(Operation *op) {
  return TypeSwitch<Operation *, int64_t>(op)
      .Case([&](ConvOp op) -> int64_t {
        return op.getLayout() == Layout::ChannelsFirst ? 0 : tensorType(op.getFilter()).getRank() - 1;
      })
      .Case([](ConvTransposeOp) { return 1; })
      .Case([](MatMulOp op) { return tensorType(op.getRhs()).getRank() - 1; });
}

/// Whether `constant` has, broadcast to `result`, one value for each position of dimension `dim`.
bool isPerChannel(Value constant, Value result, int64_t dim) {
  Shape shape = shapeOf(constant);
  int64_t missing = tensorType(result).getRank() - static_cast<int64_t>(shape.size());
  if (missing < 0 || !isConstantDerived(constant))
    return false;
  for (auto [i, size] : llvm::enumerate(shape))
    if (!size.is(1) && static_cast<int64_t>(i) + missing != dim)
      return false;
  return true;
}

/// The operand of a commutative operation that is constant per channel of the other one.
template <typename Op> Value splitPerChannel(Op op, Value &other, int64_t dim) {
  for (auto [a, b] : {std::pair<Value, Value>(op.getLhs(), op.getRhs()),
                      std::pair<Value, Value>(op.getRhs(), op.getLhs())}) {
    if (a.getType() == op.getType() && isPerChannel(b, a, dim)) {
      other = a;
      return b;
    }
  }
  return {};
}

/// The contraction with a constant filter that computes `value` for one user; null if there is none.
Operation *contractionOf(Value value) {
  Operation *op = value.getDefiningOp();
  return op && op->hasOneUse() && channelDim(value) >= 0 && isConstantDerived(op->getOperand(1)) ? op
                                                                                                 : nullptr;
}

/// contraction(x, f) * s => contraction(x, f * s)
struct FoldFactor : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp mul, PatternRewriter &rewriter) const override {
    for (Value operand : mul->getOperands()) {
      Operation *op = contractionOf(operand);
      Value value, factor;
      if (!op || !(factor = splitPerChannel(mul, value, channelDim(operand))) || value != operand)
        continue;
      Value filter = op->getOperand(1);
      Shape shape(tensorType(filter).getRank(), 1);
      shape[filterDim(op)] = tensorType(factor).getNumElements();
      // The factor may be computed after the contraction: build the new one where both are known.
      Value scaled = MulOp::create(rewriter, op->getLoc(), filter.getType(), filter,
                                   reshaped(rewriter, op->getLoc(), factor, shape));
      Operation *folded = rewriter.clone(*op);
      folded->setOperand(1, scaled);
      rewriter.replaceOp(mul, folded->getResults());
      return success();
    }
    return failure();
  }
};

/// (contraction(x, f) + b) * s => contraction(x, f) * s + b * s
struct DistributeFactor : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp mul, PatternRewriter &rewriter) const override {
    for (Value operand : mul->getOperands()) {
      auto add = operand.getDefiningOp<AddOp>();
      if (!add || !add->hasOneUse())
        continue;
      for (Value addend : add->getOperands()) {
        Operation *op = contractionOf(addend);
        Value sum, product, bias, factor;
        if (!op || !(bias = splitPerChannel(add, sum, channelDim(addend))) || sum != addend ||
            !(factor = splitPerChannel(mul, product, channelDim(addend))) || product != operand)
          continue;
        Value scaled = MulOp::create(rewriter, mul.getLoc(), mul.getType(), sum, factor);
        Value wide = tensorType(bias).getNumElements() >= tensorType(factor).getNumElements() ? bias : factor;
        Value first = reshapedLike(rewriter, bias, wide), second = reshapedLike(rewriter, factor, wide);
        Value shift = MulOp::create(rewriter, mul.getLoc(), wide.getType(), first, second);
        rewriter.replaceOpWithNewOp<AddOp>(mul, mul.getType(), scaled, shift);
        return success();
      }
    }
    return failure();
  }
  /// Per-channel constants may be of different ranks; one element or as many as `like` has.
  static Value reshapedLike(PatternRewriter &rewriter, Value value, Value like) {
    if (tensorType(value).getNumElements() == tensorType(like).getNumElements())
      return reshaped(rewriter, value.getLoc(), value, shapeOf(like));
    return reshaped(rewriter, value.getLoc(), value, {});
  }
};

/// (contraction(x, f) + a) + b => contraction(x, f) + (a + b)
struct MergeBiases : OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AddOp outer, PatternRewriter &rewriter) const override {
    for (Value operand : outer->getOperands()) {
      auto inner = operand.getDefiningOp<AddOp>();
      if (!inner || !inner->hasOneUse())
        continue;
      for (Value addend : inner->getOperands()) {
        Operation *op = contractionOf(addend);
        Value sum, product, first, second;
        if (!op || !(first = splitPerChannel(inner, sum, channelDim(addend))) || sum != addend ||
            !(second = splitPerChannel(outer, product, channelDim(addend))) || product != operand)
          continue;
        Value wide =
            tensorType(first).getNumElements() >= tensorType(second).getNumElements() ? first : second;
        Value bias = AddOp::create(rewriter, outer.getLoc(), wide.getType(),
                                   DistributeFactor::reshapedLike(rewriter, first, wide),
                                   DistributeFactor::reshapedLike(rewriter, second, wide));
        rewriter.replaceOpWithNewOp<AddOp>(outer, outer.getType(), sum, bias);
        return success();
      }
    }
    return failure();
  }
};

/// conv(x * s, f) => conv(x, f * s) for one group: padding is zero before and after the product.
struct FoldInputFactor : OpRewritePattern<ConvOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConvOp conv, PatternRewriter &rewriter) const override {
    auto mul = conv.getInput().getDefiningOp<MulOp>();
    if (!mul || !mul->hasOneUse() || conv.getGroup() != 1 || !isConstantDerived(conv.getFilter()))
      return failure();
    bool first = conv.getLayout() == Layout::ChannelsFirst;
    int64_t rank = tensorType(conv.getFilter()).getRank();
    Value input, factor = splitPerChannel(mul, input, first ? 1 : rank - 1);
    if (!factor)
      return failure();
    Shape shape(rank, 1);
    shape[first ? 1 : rank - 2] = tensorType(factor).getNumElements();
    Value scaled = MulOp::create(rewriter, conv.getLoc(), conv.getFilter().getType(), conv.getFilter(),
                                 reshaped(rewriter, conv.getLoc(), factor, shape));
    rewriter.modifyOpInPlace(conv, [&] {
      conv.getInputMutable().assign(input);
      conv.getFilterMutable().assign(scaled);
    });
    return success();
  }
};

struct FoldAffineIntoConv : tegula::graph::impl::FoldAffineIntoConvBase<FoldAffineIntoConv> {
  using FoldAffineIntoConvBase::FoldAffineIntoConvBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FoldFactor, DistributeFactor, MergeBiases, FoldInputFactor>(&getContext());
    if (failed(applyToFixpoint(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
