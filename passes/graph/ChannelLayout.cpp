// Implements the choice of layouts as a minimum cut whose cost is the bytes transposed.
#include "ChannelLayout.h"

#include "Constants.h"
#include "MinimumCut.h"
#include "Movement.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace tegula::graph {

SmallVector<int64_t> channelsLastPerm(size_t rank) {
  SmallVector<int64_t> perm = {0};
  for (size_t i = 2; i < rank; ++i)
    perm.push_back(i);
  perm.push_back(1);
  return perm;
}

SmallVector<int64_t> channelsFirstPerm(size_t rank) { return invertPerm(channelsLastPerm(rank)); }

/// Whether a reshape groups the dimensions of the image only, given where the channels stand.
static bool keepsChannels(ReshapeOp reshape, bool meansLast) {
  Shape input = shapeOf(reshape.getInput()), result = shapeOf(reshape);
  return input.size() >= 3 && result.size() >= 3 && input[0] == result[0] &&
         (meansLast ? input.back() == result.back() : input[1] == result[1]);
}

SmallVector<unsigned> layoutOperands(Operation *op) {
  auto first = [](bool ok) { return ok ? SmallVector<unsigned>{0} : SmallVector<unsigned>{}; };
  return TypeSwitch<Operation *, SmallVector<unsigned>>(op)
      .Case<ElementwiseOpInterface, ConcatOp>(
          [](auto op) { return llvm::to_vector(llvm::seq<unsigned>(0, op->getNumOperands())); })
      .Case<PadOp, SliceOp, TileOp, SoftmaxOp, CumSumOp, ResizeOp, ExpandOp>(
          [&](auto) { return first(true); })
      .Case([&](GatherOp op) { return first(tensorType(op.getIndices()).getRank() == 1); })
      .Case<MaxPoolOp, AveragePoolOp>([&](auto op) { return first(op.getLayout() == Layout::ChannelsFirst); })
      .Case([&](ReshapeOp op) { return first(keepsChannels(op, false) || keepsChannels(op, true)); })
      .Default([&](Operation *) { return first(false); });
}

MovedReduction moveReduction(ArrayRef<int64_t> axes, ArrayRef<int64_t> perm) {
  MovedReduction moved;
  for (auto [i, dim] : llvm::enumerate(perm)) {
    if (llvm::is_contained(axes, dim)) {
      moved.axes.push_back(i);
      continue;
    }
    int64_t before = llvm::count_if(axes, [dim = dim](int64_t axis) { return axis < dim; });
    moved.perm.push_back(dim - before);
  }
  return moved;
}

bool isFlattenForMatMul(ReshapeOp reshape) {
  Shape input = shapeOf(reshape.getInput()), result = shapeOf(reshape);
  return result.size() == 2 && !input.empty() && input[0] == result[0] &&
         isStatic(ShapeRef(input).drop_front()) && llvm::all_of(reshape->getUsers(), [&](Operation *user) {
           auto matmul = dyn_cast<MatMulOp>(user);
           return matmul && matmul.getLhs() == reshape && tensorType(matmul.getRhs()).getRank() == 2 &&
                  isConstantDerived(matmul.getRhs());
         });
}

/// Whether the operation works in any layout, given what its result's dimensions mean.
static bool carries(Operation *op, bool meansLast) {
  if (auto reshape = dyn_cast<ReshapeOp>(op))
    return keepsChannels(reshape, meansLast);
  // Pools know channels first only.
  return !layoutOperands(op).empty() && !(meansLast && isa<MaxPoolOp, AveragePoolOp>(op));
}

bool followsLayout(OpOperand &operand) {
  Operation *op = operand.getOwner();
  return llvm::is_contained(layoutOperands(op), operand.getOperandNumber()) &&
         (isa<ReshapeOp>(op) ||
          tensorType(operand.get()).getRank() == tensorType(op->getResult(0)).getRank());
}

/// What the result of a model's own transpose means, given its input; nothing if it is not one between the
/// two orders.
static std::optional<bool> resultMeansLast(TransposeOp op, bool inputMeansLast) {
  size_t rank = op.getPerm().size();
  if (op.getPerm() == ArrayRef<int64_t>(inputMeansLast ? channelsFirstPerm(rank) : channelsLastPerm(rank)))
    return !inputMeansLast;
  return std::nullopt;
}
static std::optional<bool> inputMeansLast(TransposeOp op, bool resultMeansLast) {
  size_t rank = op.getPerm().size();
  if (op.getPerm() == ArrayRef<int64_t>(resultMeansLast ? channelsLastPerm(rank) : channelsFirstPerm(rank)))
    return !resultMeansLast;
  return std::nullopt;
}

static ConvOp channelsFirstConv(Operation *op) {
  auto conv = dyn_cast_or_null<ConvOp>(op);
  return conv && conv.getLayout() == Layout::ChannelsFirst ? conv : ConvOp();
}

ChannelLayout::ChannelLayout(func::FuncOp function) {
  function.walk([&](ConvOp conv) {
    if (!channelsFirstConv(conv))
      return;
    visit(conv.getInput(), false);
    visit(conv.getResult(), false);
  });
  while (!worklist.empty())
    spread(worklist.pop_back_val());
  for (auto &[value, info] : values)
    info.isFree = findFree(value);
  decide();
}

SmallVector<int64_t> ChannelLayout::perm(Value value) const {
  size_t rank = tensorType(value).getRank();
  return values.lookup(value).meansLast ? channelsFirstPerm(rank) : channelsLastPerm(rank);
}

void ChannelLayout::visit(Value value, bool meansLast) {
  if (isConstantDerived(value) || !values.insert({value, {meansLast, meansLast, false, 0}}).second)
    return;
  worklist.push_back(value);
}

void ChannelLayout::spread(Value value) {
  bool meansLast = values.lookup(value).meansLast;
  if (Operation *def = value.getDefiningOp()) {
    if (carries(def, meansLast)) {
      for (OpOperand &operand : def->getOpOperands())
        if (followsLayout(operand))
          visit(operand.get(), meansLast);
    } else if (auto transpose = dyn_cast<TransposeOp>(def)) {
      if (std::optional<bool> input = inputMeansLast(transpose, meansLast))
        visit(transpose.getInput(), *input);
    }
  }
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    if (auto transpose = dyn_cast<TransposeOp>(user)) {
      if (std::optional<bool> result = resultMeansLast(transpose, meansLast))
        visit(transpose.getResult(), *result);
    } else if (carries(user, meansLast) && followsLayout(use)) {
      visit(user->getResult(0), meansLast);
    }
  }
}

/// Whether all that computes the value can follow its layout.
bool ChannelLayout::findFree(Value value) const {
  Operation *def = value.getDefiningOp();
  bool meansLast = values.lookup(value).meansLast;
  auto agrees = [&](Value operand, bool last) {
    return isConstantDerived(operand) || (contains(operand) && values.lookup(operand).meansLast == last);
  };
  if (auto transpose = dyn_cast_or_null<TransposeOp>(def)) {
    std::optional<bool> input = inputMeansLast(transpose, meansLast);
    return input && contains(transpose.getInput()) && agrees(transpose.getInput(), *input);
  }
  return def && carries(def, meansLast) && llvm::all_of(def->getOpOperands(), [&](OpOperand &operand) {
           return !followsLayout(operand) || agrees(operand.get(), meansLast);
         });
}

/// The node of the cut that a use ties its value to; -1 if any layout will do.
int ChannelLayout::requiredBy(OpOperand &use) const {
  Operation *user = use.getOwner();
  Value value = use.get();
  int home = values.lookup(value).meansLast ? MinimumCut::source : MinimumCut::sink;
  if (channelsFirstConv(user) && use.getOperandNumber() == 0)
    return MinimumCut::source;
  if (user->getNumResults() == 1 && isFree(user->getResult(0)) &&
      (isa<TransposeOp>(user) || followsLayout(use)))
    return values.lookup(user->getResult(0)).node;
  auto movesFreely = [&](ArrayRef<int64_t> axes) {
    return movesUnitDimsOnly(shapeOf(user->getResult(0)), invertPerm(moveReduction(axes, perm(value)).perm));
  };
  return TypeSwitch<Operation *, int>(user)
      .Case([&](ReduceOp op) { return movesFreely(op.getAxes()) ? -1 : home; })
      .Case([&](ArgReduceOp op) { return movesFreely({static_cast<int64_t>(op.getAxis())}) ? -1 : home; })
      .Case([&](ReshapeOp op) { return isFlattenForMatMul(op) ? -1 : home; })
      .Default([&](Operation *) { return home; });
}

/// How many elements a shape is taken to have where symbols leave it open: the comparison matters, not the
/// number.
static int64_t expectedElements(const Shape &shape) {
  constexpr int64_t kExpectedSymbol = 64, kMost = int64_t(1) << 40;
  Dim count = elementCount(shape);
  SmallVector<int64_t> symbols(count.numSymbols(), kExpectedSymbol);
  return std::clamp<int64_t>(count.evaluate(symbols).value_or(kMost), 0, kMost);
}

void ChannelLayout::decide() {
  MinimumCut cut;
  for (auto &[value, info] : values) {
    info.node = cut.addNode();
    if (channelsFirstConv(value.getDefiningOp()))
      cut.addEdge(MinimumCut::source, info.node, MinimumCut::infinite);
    else if (!info.isFree && info.meansLast)
      cut.addEdge(MinimumCut::source, info.node, MinimumCut::infinite);
    else if (!info.isFree)
      cut.addEdge(info.node, MinimumCut::sink, MinimumCut::infinite);
  }
  for (auto &[value, info] : values) {
    // A reshape costs nothing at run time, yet one less is better; behind another reshape it is none.
    int64_t cost = isa_and_nonnull<ReshapeOp>(value.getDefiningOp()) ? 0 : 1;
    if (!movesUnitDimsOnly(shapeOf(value), perm(value)))
      cost += expectedElements(shapeOf(value)) *
              static_cast<int64_t>(llvm::divideCeil(tensorType(value).getElementTypeBitWidth(), 8));
    // One transpose serves all users that want the other layout: `last` follows if the value alone is stored
    // last, `first` likewise.
    int last = cut.addNode(), first = cut.addNode();
    cut.addEdge(info.node, last, cost);
    cut.addEdge(first, info.node, cost);
    for (OpOperand &use : value.getUses()) {
      int user = requiredBy(use);
      if (user < 0)
        continue;
      cut.addEdge(last, user, MinimumCut::infinite);
      cut.addEdge(user, first, MinimumCut::infinite);
    }
  }
  cut.solve();
  for (auto &[value, info] : values)
    info.storedLast = cut.isSourceSide(info.node);
}

} // namespace tegula::graph
