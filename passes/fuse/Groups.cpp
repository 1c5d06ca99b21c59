// Decides which operations share a kernel, greedily from the last operation to the first, so that each value
// used once is never stored.
#include "Groups.h"

#include "tegula/dialects/graph/Dim.h"
#include "tegula/dialects/graph/Graph.h"

#include <set>

using namespace mlir;

namespace tegula::fuse {

using graph::Dim;
using graph::Shape;
using graph::shapeOf;
using graph::ShapeRef;

bool isView(Operation *op) {
  if (isa<graph::ReshapeOp>(op))
    return true;
  Shape to = op->getNumResults() == 1 ? shapeOf(op->getResult(0)) : Shape();
  if (auto transpose = dyn_cast<graph::TransposeOp>(op)) { // dimensions of size one may stand anywhere
    int64_t last = -1;
    for (auto [size, source] : llvm::zip_equal(to, transpose.getPerm())) {
      if (size.is(1))
        continue;
      if (source < last)
        return false;
      last = source;
    }
    return true;
  }
  if (auto expand = dyn_cast<graph::ExpandOp>(op))
    return elementCount(shapeOf(expand.getInput())) == elementCount(to);
  return false;
}

namespace {

bool isElementwise(Operation *op) { return isa<graph::ElementwiseOpInterface>(op); }

bool isDepthwise(graph::ConvOp conv) {
  bool last = conv.getLayout() == graph::Layout::ChannelsLast;
  Shape input = shapeOf(conv.getInput()), out = shapeOf(conv.getResult());
  Dim channels = last ? input.back() : input[1], filters = last ? out.back() : out[1];
  return channels.is(conv.getGroup()) && filters.is(conv.getGroup());
}

/// The anchors, by how much is gained when what follows happens in registers; 0 for operations that are none.
int anchorWeight(Operation *op) {
  if (auto conv =
          dyn_cast<graph::ConvOp>(op)) // groups are a dimension of the body, which what follows does not have
    return conv.getGroup() == 1 || isDepthwise(conv) ? 3 : 0;
  if (isa<graph::MatMulOp>(op))
    return 3;
  if (isa<graph::MaxPoolOp, graph::AveragePoolOp, graph::ReduceOp, graph::SoftmaxOp, graph::LayerNormOp>(op))
    return 2;
  return isa<graph::GatherOp, graph::GatherElementsOp, graph::TriluOp>(op);
}
constexpr int heavy = 3;

/// Reductions read each element once; so do poolings, unless they pad: then the padding stands between.
bool takesPrologue(Operation *op) {
  auto pads = [](auto pool) {
    return llvm::any_of(llvm::concat<const int64_t>(pool.getPadsLow(), pool.getPadsHigh()),
                        [](int64_t pad) { return pad != 0; });
  };
  if (auto pool = dyn_cast<graph::MaxPoolOp>(op))
    return !pads(pool);
  if (auto pool = dyn_cast<graph::AveragePoolOp>(op))
    return !pads(pool);
  return anchorWeight(op) == 2;
}

/// Movements that an expression reads through instead of storing their result.
bool isReadThrough(Operation *op, bool besideHeavyAnchor) {
  if (isa<graph::ExpandOp>(op))
    return true;
  if (besideHeavyAnchor)
    return false;
  if (auto slice = dyn_cast<graph::SliceOp>(op))
    return llvm::all_of(slice.getSteps(), [](int64_t step) { return step > 0; });
  return isa<graph::TransposeOp>(op);
}

/// Grows one group at a time, each from its root backwards.
class Grouping {
public:
  explicit Grouping(Block &block) : block(block) {
    for (auto [i, op] : llvm::enumerate(block))
      order[&op] = i;
  }

  SmallVector<Group> run() {
    SmallVector<Group> groups;
    for (Operation &op : llvm::reverse(block)) {
      if (taken.contains(&op) || !needsKernel(&op))
        continue;
      groups.push_back(grow(&op));
      taken.insert(groups.back().ops.begin(), groups.back().ops.end());
    }
    std::reverse(groups.begin(), groups.end());
    return groups;
  }

  /// Whether there is anything to compute: nobody reads elements that do not exist.
  static bool needsKernel(Operation *op) {
    auto isEmpty = [](Value value) {
      return llvm::is_contained(cast<RankedTensorType>(value.getType()).getShape(), 0);
    };
    return isa<graph::GraphDialect>(op->getDialect()) && !isa<graph::ConstantOp, graph::ChooseOp>(op) &&
           !isView(op) && !op->use_empty() && !isEmpty(op->getResult(0));
  }

private:
  using Cone = llvm::SmallDenseSet<Operation *>;

  bool available(Operation *op) const { return op && needsKernel(op) && !taken.contains(op); }
  static bool usedOnlyIn(Operation *op, const Cone &cone) {
    return llvm::all_of(op->getUsers(), [&](Operation *user) { return cone.contains(user); });
  }

  /// Adds the elementwise producers of `from` whose results have its shape and stay inside, latest first: a
  /// producer's users are then all decided before it is.
  void addElementwise(Operation *from, ShapeRef shape, Cone &cone) const {
    auto later = [this](Operation *x, Operation *y) { return order.lookup(x) > order.lookup(y); };
    std::set<Operation *, decltype(later)> candidates(later);
    auto addProducers = [&](Operation *op) {
      for (Value operand : op->getOperands())
        if (Operation *producer = operand.getDefiningOp(); available(producer) && isElementwise(producer))
          candidates.insert(producer);
    };
    cone.insert(from);
    addProducers(from);
    while (!candidates.empty()) {
      Operation *op = *candidates.begin();
      candidates.erase(candidates.begin());
      if (cone.contains(op) || !(ShapeRef(shapeOf(op->getResult(0))) == shape) || !usedOnlyIn(op, cone))
        continue;
      cone.insert(op);
      addProducers(op);
    }
  }

  /// The weightiest producer that the expression can follow; on a tie the latest one.
  Operation *findAnchor(const Cone &cone, ShapeRef shape) const {
    Operation *best = nullptr;
    for (Operation *op : cone)
      for (Value operand : op->getOperands()) {
        Operation *producer = operand.getDefiningOp();
        if (!available(producer) || !anchorWeight(producer) || !(ShapeRef(shapeOf(operand)) == shape) ||
            !usedOnlyIn(producer, cone))
          continue;
        auto rank = [this](Operation *x) { return std::pair(anchorWeight(x), order.lookup(x)); };
        if (!best || rank(producer) > rank(best))
          best = producer;
      }
    return best;
  }

  /// Whether the elementwise operations that end in `op` would follow a matmul or convolution: they are
  /// better off there.
  bool followsHeavyAnchor(Operation *op) const {
    Cone cone;
    Shape shape = shapeOf(op->getResult(0));
    addElementwise(op, shape, cone);
    Operation *anchor = findAnchor(cone, shape);
    return anchor && anchorWeight(anchor) == heavy;
  }

  /// Adds the expression that makes the first operand of `consumer`, where nobody else needs it.
  void addPrologue(Operation *consumer, Cone &cone) const {
    Operation *producer = consumer->getOperand(0).getDefiningOp();
    if (!available(producer) || !isElementwise(producer) || !usedOnlyIn(producer, {consumer}) ||
        followsHeavyAnchor(producer))
      return;
    Cone prologue;
    addElementwise(producer, shapeOf(producer->getResult(0)), prologue);
    addReadThroughs(prologue, /*besideHeavyAnchor=*/false);
    cone.insert(prologue.begin(), prologue.end());
  }

  /// Adds the padding in front of a window that uses each element a few times only: asking whether one lies
  /// inside costs less than writing and reading a padded copy.
  void addPadding(Operation *anchor, Cone &cone) const {
    auto conv = dyn_cast<graph::ConvOp>(anchor);
    if (!(conv ? isDepthwise(conv) : isa<graph::MaxPoolOp, graph::AveragePoolOp>(anchor)))
      return;
    auto pad = anchor->getOperand(0).getDefiningOp<graph::PadOp>();
    if (!pad || !available(pad) || !usedOnlyIn(pad, {anchor}) || pad.getMode() != graph::PadMode::Constant)
      return;
    // Lanes stay neighbours where the innermost dimension is not padded.
    auto crops = [](int64_t amount) { return amount < 0; };
    if (pad.getLow().back() == 0 && pad.getHigh().back() == 0 && llvm::none_of(pad.getLow(), crops) &&
        llvm::none_of(pad.getHigh(), crops))
      cone.insert(pad);
  }

  void addReadThroughs(Cone &cone, bool besideHeavyAnchor) const {
    SmallVector<Operation *> found;
    for (Operation *op : cone)
      for (Value operand : op->getOperands())
        if (Operation *producer = operand.getDefiningOp();
            available(producer) && isReadThrough(producer, besideHeavyAnchor) && usedOnlyIn(producer, cone))
          found.push_back(producer);
    cone.insert(found.begin(), found.end());
  }

  Group grow(Operation *root) const {
    Group group;
    Cone cone = {root};
    if (isElementwise(root)) {
      Shape shape = shapeOf(root->getResult(0));
      addElementwise(root, shape, cone);
      group.anchor = findAnchor(cone, shape);
      addReadThroughs(cone, group.anchor && anchorWeight(group.anchor) == heavy);
    } else if (isa<graph::TransposeOp>(root)) {
      addPrologue(root, cone); // computed where it is written
    } else {
      group.anchor = root;
    }
    if (group.anchor) {
      cone.insert(group.anchor);
      addPadding(group.anchor, cone);
      if (takesPrologue(group.anchor))
        addPrologue(group.anchor, cone);
    }
    group.ops.assign(cone.begin(), cone.end());
    llvm::sort(group.ops, [this](Operation *x, Operation *y) { return order.lookup(x) < order.lookup(y); });
    return group;
  }

  Block &block;
  llvm::DenseMap<Operation *, size_t> order;
  llvm::DenseSet<Operation *> taken;
};

} // namespace

SmallVector<Group> formGroups(Block &block, bool fuse) {
  if (fuse)
    return Grouping(block).run();
  SmallVector<Group> groups;
  for (Operation &op : block)
    if (Grouping::needsKernel(&op))
      groups.push_back({{&op}, &op});
  return groups;
}

} // namespace tegula::fuse
