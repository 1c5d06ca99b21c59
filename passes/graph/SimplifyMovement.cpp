// Merges reshapes, transposes, slices and the like, because importers write many and every one left is a pass
// over memory.
#include "Constants.h"
#include "Movement.h"
#include "Rewriting.h"

#include "tegula/passes/graph/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/TypeSwitch.h"

namespace tegula::graph {
#define GEN_PASS_DEF_SIMPLIFYMOVEMENT
#include "tegula/passes/graph/Passes.h.inc"
} // namespace tegula::graph

using namespace mlir;
using namespace tegula::graph;

namespace {

bool allZero(ArrayRef<int64_t> values) {
  return llvm::all_of(values, [](int64_t value) { return value == 0; });
}
bool allOne(ArrayRef<int64_t> values) {
  return llvm::all_of(values, [](int64_t value) { return value == 1; });
}

/// Whether an operation returns its input as it is.
bool changesNothing(Operation *op) {
  if (op->getNumResults() != 1 || op->getNumOperands() == 0 ||
      op->getOperand(0).getType() != op->getResult(0).getType())
    return false;
  return TypeSwitch<Operation *, bool>(op)
      .Case([](TransposeOp op) { return isIdentityPerm(op.getPerm()); })
      .Case([](SliceOp op) { return allZero(op.getStarts()) && allOne(op.getSteps()); })
      .Case([](PadOp op) { return allZero(op.getLow()) && allZero(op.getHigh()); })
      .Case([](ResizeOp op) {
        return op.getCoordinates() != CoordinateMode::TfCropAndResize &&
               llvm::all_of(op.getScales(), [](double scale) { return scale == 1.0; });
      })
      .Case([](ConcatOp op) { return op.getInputs().size() == 1; })
      .Case<MaxPoolOp, AveragePoolOp>([](auto op) {
        return allOne(op.getKernel()) && allOne(op.getStrides()) && allZero(op.getPadsLow()) &&
               allZero(op.getPadsHigh());
      })
      .Case<ReshapeOp, ExpandOp, TileOp, CastOp>([](auto) { return true; })
      .Default([](Operation *) { return false; });
}

/// move(x) => x
struct DropIdentity : RewritePattern {
  DropIdentity(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 2, context) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!changesNothing(op))
      return failure();
    rewriter.replaceOp(op, op->getOperand(0));
    return success();
  }
};

/// reshape(reshape(x)) => reshape(x)
struct MergeReshapes : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<ReshapeOp>();
    if (!inner)
      return failure();
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), inner.getInput());
    return success();
  }
};

/// transpose(transpose(x)) => transpose(x), and a reshape where no element moves
struct MergeTransposes : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    if (movesUnitDimsOnly(shapeOf(op.getInput()), op.getPerm())) {
      rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getInput());
      return success();
    }
    auto inner = op.getInput().getDefiningOp<TransposeOp>();
    if (!inner)
      return failure();
    rewriter.replaceOpWithNewOp<TransposeOp>(op, op.getType(), inner.getInput(),
                                             composePerm(inner.getPerm(), op.getPerm()));
    return success();
  }
};

/// reshape(transpose(x)) => transpose(reshape(x)), where the reshape drops dimensions of one element: two
/// transposes meet more often
struct DropUnitDimsFirst : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    auto transpose = op.getInput().getDefiningOp<TransposeOp>();
    if (!transpose || !transpose->hasOneUse())
      return failure();
    Shape to = shapeOf(op), middle = shapeOf(transpose), from = shapeOf(transpose.getInput());
    if (to.size() >= middle.size())
      return failure();
    // The kept dimensions of the transpose's result, by their dimension in its input.
    SmallVector<int64_t> kept;
    size_t next = 0;
    for (auto [size, dim] : llvm::zip_equal(middle, transpose.getPerm())) {
      if (next < to.size() && to[next] == size) {
        kept.push_back(dim);
        ++next;
      } else if (!size.is(1)) {
        return failure();
      }
    }
    if (next != to.size())
      return failure();
    SmallVector<int64_t> order = kept, perm;
    Shape shape;
    llvm::sort(order);
    for (int64_t dim : order)
      shape.push_back(from[dim]);
    for (int64_t dim : kept)
      perm.push_back(llvm::find(order, dim) - order.begin());
    Value input = reshaped(rewriter, op.getLoc(), transpose.getInput(), shape);
    rewriter.replaceOpWithNewOp<TransposeOp>(op, op.getType(), input, perm);
    return success();
  }
};

/// op(reshape(x), reshape(y)) => reshape(op(x, y)) for x and y of one shape: flattening comes last
struct SinkReshapes : OpInterfaceRewritePattern<ElementwiseOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(ElementwiseOpInterface op, PatternRewriter &rewriter) const override {
    if (op->getNumOperands() < 2)
      return failure();
    SmallVector<Value> inputs;
    for (Value operand : op->getOperands()) {
      auto reshape = operand.getDefiningOp<ReshapeOp>();
      if (!reshape || shapeOf(operand) != shapeOf(op->getResult(0)) ||
          shapeOf(reshape.getInput()) != shapeOf(inputs.empty() ? reshape.getInput() : inputs.front()))
        return failure();
      inputs.push_back(reshape.getInput());
    }
    RankedTensorType type = tensorType(op->getResult(0));
    Operation *inner = rewriter.clone(*op);
    inner->setOperands(inputs);
    inner->getResult(0).setType(withShape(op->getResult(0), shapeOf(inputs.front())));
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, type, inner->getResult(0));
    return success();
  }
};

/// slice(slice(x)) => slice(x)
struct MergeSlices : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<SliceOp>();
    if (!inner)
      return failure();
    SmallVector<int64_t> starts, steps;
    for (size_t i = 0; i < op.getStarts().size(); ++i) {
      starts.push_back(inner.getStarts()[i] + op.getStarts()[i] * inner.getSteps()[i]);
      steps.push_back(inner.getSteps()[i] * op.getSteps()[i]);
    }
    rewriter.replaceOpWithNewOp<SliceOp>(op, op.getType(), inner.getInput(), starts, steps);
    return success();
  }
};

/// pad(pad(x)) => pad(x), both with the same constant and no crops
struct MergePads : OpRewritePattern<PadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PadOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<PadOp>();
    if (!inner || op.getMode() != PadMode::Constant || inner.getMode() != PadMode::Constant)
      return failure();
    std::optional<double> a = splatValue(op.getValue()), b = splatValue(inner.getValue());
    auto isCrop = [](int64_t amount) { return amount < 0; };
    if (!a || !b || *a != *b || llvm::any_of(op.getLow(), isCrop) || llvm::any_of(op.getHigh(), isCrop) ||
        llvm::any_of(inner.getLow(), isCrop) || llvm::any_of(inner.getHigh(), isCrop))
      return failure();
    SmallVector<int64_t> low(op.getLow()), high(op.getHigh());
    for (size_t i = 0; i < low.size(); ++i) {
      low[i] += inner.getLow()[i];
      high[i] += inner.getHigh()[i];
    }
    rewriter.replaceOpWithNewOp<PadOp>(op, op.getType(), inner.getInput(), op.getValue(), low, high,
                                       PadMode::Constant);
    return success();
  }
};

/// elementwise(expand(x), y) => elementwise(x, y), where y alone makes the result as large
struct DropExpand : OpInterfaceRewritePattern<ElementwiseOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(ElementwiseOpInterface op, PatternRewriter &rewriter) const override {
    if (op->getNumOperands() < 2)
      return failure();
    for (OpOperand &operand : op->getOpOperands()) {
      auto expand = operand.get().getDefiningOp<ExpandOp>();
      if (!expand)
        continue;
      Shape shape;
      for (Value other : op->getOperands()) {
        Value used = other == operand.get() ? expand.getInput() : other;
        FailureOr<Shape> both = inferBroadcastShape(shape, shapeOf(used), RuleAt(op));
        if (failed(both))
          return failure();
        shape = *both;
      }
      if (shape != shapeOf(op->getResult(0)))
        continue;
      Value from = operand.get();
      rewriter.modifyOpInPlace(op, [&] {
        for (OpOperand &use : op->getOpOperands())
          if (use.get() == from)
            use.set(expand.getInput());
      });
      return success();
    }
    return failure();
  }
};

/// reduce over dimensions of one element => reshape
struct ReduceUnitDims : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceOp op, PatternRewriter &rewriter) const override {
    if (!llvm::all_of(op.getAxes(), [&](int64_t axis) { return shapeOf(op.getInput())[axis].is(1); }))
      return failure();
    rewriter.replaceOp(op, reshaped(rewriter, op.getLoc(), op.getInput(), shapeOf(op)));
    return success();
  }
};

/// pool over the whole image => reduce and reshape
template <typename PoolOp, ReduceKind kind> struct PoolToReduce : OpRewritePattern<PoolOp> {
  using OpRewritePattern<PoolOp>::OpRewritePattern;
  LogicalResult matchAndRewrite(PoolOp op, PatternRewriter &rewriter) const override {
    Shape input = shapeOf(op.getInput()), result = shapeOf(op);
    size_t first = op.getLayout() == Layout::ChannelsFirst ? 2 : 1, spatial = op.getKernel().size();
    if (!allZero(op.getPadsLow()) || !allZero(op.getPadsHigh()) || !allOne(op.getDilations()) ||
        ShapeRef(input).slice(first, spatial) != ShapeRef(dimsOf(op.getKernel())) ||
        !llvm::all_of(ShapeRef(result).slice(first, spatial), [](Dim size) { return size.is(1); }))
      return failure();
    SmallVector<int64_t> axes;
    Shape shape;
    for (size_t i = 0; i < input.size(); ++i) {
      if (i >= first && i < first + spatial)
        axes.push_back(i);
      else
        shape.push_back(input[i]);
    }
    Value reduced = ReduceOp::create(rewriter, op.getLoc(), withShape(op, shape), kind, op.getInput(), axes);
    rewriter.replaceOp(op, reshaped(rewriter, op.getLoc(), reduced, result));
    return success();
  }
};

/// gather with equidistant ascending constant indices => slice
struct GatherToSlice : OpRewritePattern<GatherOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(GatherOp op, PatternRewriter &rewriter) const override {
    auto constant = op.getIndices().getDefiningOp<ConstantOp>();
    auto dense = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : DenseElementsAttr();
    if (!dense || dense.getNumElements() == 0 || !dense.getElementType().isSignlessInteger())
      return failure();
    Shape shape = shapeOf(op.getInput());
    int64_t axis = op.getAxis(), previous = -1, start = 0, step = 1, position = 0;
    for (const APInt &value : dense.getValues<APInt>()) {
      int64_t index = value.getSExtValue();
      index += index < 0 ? shape[axis].fixed().value_or(0) : 0;
      if (index < 0 || !surelyLess(index, shape[axis]))
        return failure();
      if (position == 0)
        start = index;
      else if (position == 1)
        step = index - previous;
      if (index != start + position * step || step < 1)
        return failure();
      previous = index;
      ++position;
    }
    SmallVector<int64_t> starts(shape.size(), 0), steps(shape.size(), 1);
    Shape sliced = shape;
    starts[axis] = start;
    steps[axis] = step;
    sliced[axis] = position;
    Value slice = SliceOp::create(rewriter, op.getLoc(), withShape(op, sliced), op.getInput(), starts, steps);
    rewriter.replaceOp(op, reshaped(rewriter, op.getLoc(), slice, shapeOf(op)));
    return success();
  }
};

struct SimplifyMovement : tegula::graph::impl::SimplifyMovementBase<SimplifyMovement> {
  using SimplifyMovementBase::SimplifyMovementBase;

  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet set(context);
    set.add<DropIdentity, MergeReshapes, MergeTransposes, DropUnitDimsFirst, SinkReshapes, MergeSlices,
            MergePads, DropExpand, ReduceUnitDims, GatherToSlice, PoolToReduce<MaxPoolOp, ReduceKind::Max>,
            PoolToReduce<AveragePoolOp, ReduceKind::Mean>>(context);
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
