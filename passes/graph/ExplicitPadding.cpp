// Pads the inputs of convolutions and pools beforehand, because their inner loops then read without asking
// whether they may.
#include "Constants.h"
#include "Movement.h"

#include "tegula/passes/graph/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace tegula::graph {
#define GEN_PASS_DEF_EXPLICITPADDING
#include "tegula/passes/graph/Passes.h.inc"
} // namespace tegula::graph

using namespace mlir;
using namespace tegula::graph;

namespace {

/// How many elements the windows reach beyond the low end of the input and beyond its high end, at least
/// none and at most where sizes are unknown; false where there is no bound.
template <typename Op>
bool reach(Op op, ArrayRef<int64_t> kernel, size_t firstDim, SmallVector<int64_t> &low,
           SmallVector<int64_t> &high) {
  Shape input = shapeOf(op.getInput()), result = shapeOf(op);
  low.assign(input.size(), 0);
  high.assign(input.size(), 0);
  for (size_t i = 0; i < kernel.size(); ++i) {
    size_t dim = firstDim + i;
    Dim extent = (result[dim] - 1) * op.getStrides()[i] + (kernel[i] - 1) * op.getDilations()[i] + 1;
    std::optional<int64_t> beyond = (extent - input[dim] - op.getPadsLow()[i]).maximum();
    if (!beyond)
      return false;
    low[dim] = op.getPadsLow()[i];
    high[dim] = std::max<int64_t>(0, *beyond);
  }
  return true;
}

/// Replaces the operation's padding by a padded input.
template <typename Op>
LogicalResult padInput(Op op, ArrayRef<int64_t> kernel, bool lowest, PatternRewriter &rewriter) {
  if (elementCount(shapeOf(op)).is(0))
    return failure();
  SmallVector<int64_t> low, high;
  if (!reach(op, kernel, op.getLayout() == Layout::ChannelsFirst ? 2 : 1, low, high))
    return rewriter.notifyMatchFailure(op, "expected windows that reach beyond the input by a known amount");
  auto isNegative = [](int64_t amount) { return amount < 0; };
  if (llvm::any_of(op.getPadsLow(), isNegative) || llvm::any_of(op.getPadsHigh(), isNegative))
    return rewriter.notifyMatchFailure(op, "expected padding that does not crop");
  SmallVector<int64_t> none(kernel.size(), 0);
  if (op.getPadsLow() == ArrayRef<int64_t>(none) && op.getPadsHigh() == ArrayRef<int64_t>(none) &&
      high == SmallVector<int64_t>(high.size(), 0))
    return failure();
  Value input = op.getInput();
  if (!llvm::all_of(llvm::concat<int64_t>(low, high), [](int64_t amount) { return amount == 0; })) {
    Shape shape = shapeOf(input);
    for (size_t dim = 0; dim < shape.size(); ++dim)
      shape[dim] += low[dim] + high[dim];
    RankedTensorType scalar = withShape(input, {});
    Value value = lowest ? createLowest(rewriter, op.getLoc(), scalar)
                         : createSplat(rewriter, op.getLoc(), scalar, 0.0);
    input = PadOp::create(rewriter, op.getLoc(), withShape(input, shape), input, value, low, high,
                          PadMode::Constant);
  }
  rewriter.modifyOpInPlace(op, [&] {
    op.getInputMutable().assign(input);
    op.setPadsLow(none);
    op.setPadsHigh(none);
  });
  return success();
}

/// conv with padding => pad with zeros, conv without
struct PadConv : OpRewritePattern<ConvOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConvOp op, PatternRewriter &rewriter) const override {
    size_t spatial = op.getStrides().size();
    ArrayRef<int64_t> filter = tensorType(op.getFilter()).getShape();
    bool first = op.getLayout() == Layout::ChannelsFirst;
    return padInput(op, first ? filter.drop_front(2) : filter.take_front(spatial), /*lowest=*/false,
                    rewriter);
  }
};

/// max_pool with padding => pad with the lowest number, max_pool without
struct PadMaxPool : OpRewritePattern<MaxPoolOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MaxPoolOp op, PatternRewriter &rewriter) const override {
    return padInput(op, op.getKernel(), /*lowest=*/true, rewriter);
  }
};

/// average_pool that counts its padding => pad with zeros, average_pool without
struct PadAveragePool : OpRewritePattern<AveragePoolOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AveragePoolOp op, PatternRewriter &rewriter) const override {
    if (!op.getCountIncludePad())
      return rewriter.notifyMatchFailure(op, "expected padding that counts");
    SmallVector<int64_t> low, high;
    if (!reach(op, op.getKernel(), op.getLayout() == Layout::ChannelsFirst ? 2 : 1, low, high))
      return rewriter.notifyMatchFailure(op,
                                         "expected windows that reach beyond the input by a known amount");
    for (size_t i = 0; i < op.getKernel().size(); ++i)
      if (high[i + (op.getLayout() == Layout::ChannelsFirst ? 2 : 1)] > op.getPadsHigh()[i])
        return rewriter.notifyMatchFailure(
            op, "expected windows inside the padding, as positions beyond do not count");
    return padInput(op, op.getKernel(), /*lowest=*/false, rewriter);
  }
};

struct ExplicitPadding : tegula::graph::impl::ExplicitPaddingBase<ExplicitPadding> {
  using ExplicitPaddingBase::ExplicitPaddingBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<PadConv, PadMaxPool, PadAveragePool>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
