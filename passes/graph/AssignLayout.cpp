// Brings convolutions and their surroundings to channels_last, because kernels then vectorize over channels,
// which are many and contiguous.
#include "ChannelLayout.h"
#include "Constants.h"
#include "Movement.h"

#include "tegula/passes/graph/Passes.h"

#include "llvm/ADT/TypeSwitch.h"

namespace tegula::graph {
#define GEN_PASS_DEF_ASSIGNLAYOUT
#include "tegula/passes/graph/Passes.h.inc"
} // namespace tegula::graph

using namespace mlir;
using namespace tegula::graph;

namespace {

/// Changes the attributes of an operation so that they fit operands and result transposed by `perm`.
void moveAttributes(Operation *op, ArrayRef<int64_t> perm) {
  SmallVector<int64_t> position = invertPerm(perm);
  TypeSwitch<Operation *>(op)
      .Case([&](PadOp op) {
        op.setLow(permuted(op.getLow(), perm));
        op.setHigh(permuted(op.getHigh(), perm));
      })
      .Case([&](SliceOp op) {
        op.setStarts(permuted(op.getStarts(), perm));
        op.setSteps(permuted(op.getSteps(), perm));
      })
      .Case([&](TileOp op) { op.setRepeats(permuted(op.getRepeats(), perm)); })
      .Case([&](ResizeOp op) {
        op.setScales(permuted(op.getScales(), perm));
        if (op.getRoi().size() == 2 * perm.size()) {
          SmallVector<double> roi = permuted(op.getRoi().take_front(perm.size()), perm);
          llvm::append_range(roi, permuted(op.getRoi().drop_front(perm.size()), perm));
          op.setRoi(roi);
        }
      })
      .Case<SoftmaxOp, CumSumOp, ConcatOp, GatherOp>([&](auto op) { op.setAxis(position[op.getAxis()]); })
      .Case<MaxPoolOp, AveragePoolOp>([](auto op) { op.setLayout(Layout::ChannelsLast); });
}

/// Rewrites one function as its ChannelLayout says, in the order of its operations.
class Mover {
public:
  Mover(func::FuncOp function) : function(function), layout(function), builder(function.getContext()) {}

  int64_t run() {
    SmallVector<Operation *> ops;
    function.walk([&](Operation *op) {
      if (op != function)
        ops.push_back(op);
    });
    for (Operation *op : ops)
      rewrite(op);
    for (Operation *op : llvm::reverse(replaced))
      if (op->use_empty())
        op->erase();
    return numConvs;
  }

private:
  /// The value as the model has it.
  Value plain(Value value) {
    auto [it, inserted] = plainForms.insert({value, value});
    if (!inserted || !layout.isMoved(value))
      return it->second;
    Value stored = movedForms.lookup(value);
    builder.setInsertionPointAfterValue(stored);
    Value result = transposed(builder, value.getLoc(), stored, invertPerm(layout.perm(value)));
    return plainForms[value] = result;
  }

  /// The value transposed by layout.perm.
  Value moved(Value value) {
    if (Value known = movedForms.lookup(value))
      return known;
    Value from = plain(value);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointAfterValue(from);
    return movedForms[value] = transposed(builder, value.getLoc(), from, layout.perm(value));
  }

  Value form(Value value, bool channelsLast) {
    // `perm` leads away from the order the value has in the model.
    bool meansLast = layout.isMoved(value) != layout.isChannelsLast(value);
    return channelsLast == meansLast ? plain(value) : moved(value);
  }

  void rewrite(Operation *op) {
    Value result = op->getNumResults() == 1 ? op->getResult(0) : Value();
    if (auto conv = dyn_cast<ConvOp>(op); conv && conv.getLayout() == Layout::ChannelsFirst)
      return moveConv(conv);
    if (isa<TransposeOp>(op) && layout.isFree(result)) {
      Value same = form(op->getOperand(0), layout.isChannelsLast(result));
      (layout.isMoved(result) ? movedForms : plainForms)[result] = same;
      replaced.push_back(op);
      return;
    }
    if (result && layout.isMoved(result))
      return moveAgnostic(op);
    if (auto reduce = dyn_cast<ReduceOp>(op); reduce && layout.isMoved(reduce.getInput()))
      return moveReduce(reduce, moveReduction(reduce.getAxes(), layout.perm(reduce.getInput())),
                        [](ReduceOp moved, const MovedReduction &to) { moved.setAxes(to.axes); });
    if (auto reduce = dyn_cast<ArgReduceOp>(op); reduce && layout.isMoved(reduce.getInput()))
      return moveReduce(
          reduce, moveReduction({static_cast<int64_t>(reduce.getAxis())}, layout.perm(reduce.getInput())),
          [](ArgReduceOp moved, const MovedReduction &to) { moved.setAxis(to.axes.front()); });
    if (auto reshape = dyn_cast<ReshapeOp>(op);
        reshape && layout.isMoved(reshape.getInput()) && isFlattenForMatMul(reshape))
      return moveFlatten(reshape);
    for (OpOperand &operand : op->getOpOperands())
      operand.set(plain(operand.get()));
  }

  /// conv(x, f) => conv channels_last(moved x, f as [kernel..., C/group, M])
  void moveConv(ConvOp conv) {
    size_t rank = tensorType(conv).getRank();
    SmallVector<int64_t> filterPerm, perm = channelsLastPerm(rank);
    for (size_t i = 2; i < rank; ++i)
      filterPerm.push_back(i);
    filterPerm.append({1, 0});
    Value filter = plain(conv.getFilter());
    Value input = layout.contains(conv.getInput()) ? form(conv.getInput(), /*channelsLast=*/true) : Value();
    builder.setInsertionPoint(conv);
    if (!input)
      input = transposed(builder, conv.getLoc(), conv.getInput(), perm);
    filter = transposed(builder, conv.getLoc(), filter, filterPerm);
    RankedTensorType type = withShape(conv, permuted(shapeOf(conv), perm));
    movedForms[conv.getResult()] =
        ConvOp::create(builder, conv.getLoc(), type, input, filter, conv.getStrides(), conv.getDilations(),
                       conv.getPadsLow(), conv.getPadsHigh(), conv.getGroup(), Layout::ChannelsLast);
    replaced.push_back(conv);
    ++numConvs;
  }

  /// op(x, y) => op(moved x, moved y) with the attributes of the new order
  void moveAgnostic(Operation *op) {
    Value result = op->getResult(0);
    SmallVector<int64_t> perm = layout.perm(result);
    SmallVector<unsigned> follow = layoutOperands(op);
    SmallVector<Value> operands;
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      if (!llvm::is_contained(follow, operand.getOperandNumber())) {
        operands.push_back(plain(value));
      } else if (layout.contains(value) && followsLayout(operand)) {
        operands.push_back(moved(value));
      } else {
        // A broadcast operand of lower rank, or a constant.
        Value from = plain(value);
        Shape shape(perm.size() - tensorType(from).getRank(), 1);
        llvm::append_range(shape, shapeOf(from));
        builder.setInsertionPoint(op);
        operands.push_back(
            transposed(builder, op->getLoc(), reshaped(builder, op->getLoc(), from, shape), perm));
      }
    }
    builder.setInsertionPoint(op);
    Operation *other = builder.clone(*op);
    other->setOperands(operands);
    other->getResult(0).setType(withShape(result, permuted(shapeOf(result), perm)));
    moveAttributes(other, perm);
    movedForms[result] = other->getResult(0);
    replaced.push_back(op);
  }

  /// reduce(x) => reduce(moved x), brought back to the order of dimensions it had
  template <typename Op, typename SetAxes> void moveReduce(Op op, const MovedReduction &to, SetAxes setAxes) {
    Value input = moved(op.getInput());
    builder.setInsertionPoint(op);
    auto other = cast<Op>(builder.clone(*op));
    other.getInputMutable().assign(input);
    setAxes(other, to);
    other.getResult().setType(withShape(op, permuted(shapeOf(op), to.perm)));
    plainForms[op.getResult()] = transposed(builder, op.getLoc(), other.getResult(), invertPerm(to.perm));
    replaced.push_back(op);
  }

  /// matmul(reshape(x), w) => matmul(reshape(moved x), w with its rows in the new order)
  void moveFlatten(ReshapeOp reshape) {
    Shape shape(ShapeRef(shapeOf(reshape.getInput())).drop_front());
    SmallVector<int64_t> perm;
    for (int64_t dim : ArrayRef<int64_t>(layout.perm(reshape.getInput())).drop_front())
      perm.push_back(dim - 1);
    reshape.getInputMutable().assign(moved(reshape.getInput()));
    shape.push_back(0);
    perm.push_back(perm.size());
    for (Operation *user : reshape->getUsers()) {
      auto matmul = cast<MatMulOp>(user);
      Value rows = plain(matmul.getRhs());
      builder.setInsertionPoint(matmul);
      shape.back() = shapeOf(rows)[1];
      rows = transposed(builder, matmul.getLoc(), reshaped(builder, matmul.getLoc(), rows, shape), perm);
      matmul.getRhsMutable().assign(reshaped(builder, matmul.getLoc(), rows, shapeOf(matmul.getRhs())));
    }
  }

  func::FuncOp function;
  ChannelLayout layout;
  OpBuilder builder;
  llvm::DenseMap<Value, Value> plainForms, movedForms;
  SmallVector<Operation *> replaced;
  int64_t numConvs = 0;
};

struct AssignLayout : tegula::graph::impl::AssignLayoutBase<AssignLayout> {
  using AssignLayoutBase::AssignLayoutBase;

  void runOnOperation() override { numConvsMoved += Mover(getOperation()).run(); }
};

} // namespace
