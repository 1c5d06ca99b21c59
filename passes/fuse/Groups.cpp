// Decides which operations share a kernel, greedily from the last operation to the first, so that each value
// used once is never stored.
#include "Groups.h"

#include "tegula/dialects/graph/Custom.h"
#include "tegula/dialects/graph/Dim.h"
#include "tegula/dialects/graph/Graph.h"

#include "llvm/ADT/StringExtras.h"

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

bool needsKernel(Operation *op) {
  auto isEmpty = [](Value value) { // nobody reads elements that do not exist
    return llvm::is_contained(cast<RankedTensorType>(value.getType()).getShape(), 0);
  };
  auto isCount = [](OpOperand &use) { // which the host computes
    return isa<graph::LoopOp>(use.getOwner()) && use.getOperandNumber() == 0;
  };
  if (isa<graph::SizesOp>(op) && llvm::all_of(op->getUses(), isCount))
    return false;
  return isa<graph::GraphDialect>(op->getDialect()) &&
         !isa<graph::ConstantOp, graph::ChooseOp, graph::LoopOp>(op) && !isView(op) && !op->use_empty() &&
         !isEmpty(op->getResult(0));
}

std::string describe(Operation *op) {
  std::string text = op->getName().stripDialect().str();
  auto named = op->getLoc()->findInstanceOf<NameLoc>();
  return named ? text + " '" + named.getName().str() + "'" : text;
}

namespace {

bool isElementwise(Operation *op) { return isa<graph::ElementwiseOpInterface>(op); }

bool isDepthwise(graph::ConvOp conv) {
  bool last = conv.getLayout() == graph::Layout::ChannelsLast;
  Shape input = shapeOf(conv.getInput()), out = shapeOf(conv.getResult());
  Dim channels = last ? input.back() : input[1], filters = last ? out.back() : out[1];
  return channels.is(conv.getGroup()) && filters.is(conv.getGroup());
}

/// A body that people wrote weighs as much as the operation that it resembles.
int weightOf(graph::CustomOp custom) {
  int weight = 1;
  for (auto op : custom.getBody().front().getOps<linalg::LinalgOp>()) {
    if (!op.getNumReductionLoops())
      continue;
    // Of a product each operand is read again and again.
    auto isShared = [&](OpOperand *input) {
      AffineMap map = op.getMatchingIndexingMap(input);
      return op.payloadUsesValueFromOperand(input) &&
             llvm::any_of(llvm::seq(op.getNumLoops()),
                          [&](unsigned loop) { return !map.isFunctionOfDim(loop); });
    };
    weight = std::max(weight, llvm::count_if(op.getDpsInputOperands(), isShared) > 1 ? 3 : 2);
  }
  return weight;
}

/// The anchors, by how much is gained when what follows happens in registers; 0 for operations that are none.
int anchorWeight(Operation *op) {
  if (auto conv =
          dyn_cast<graph::ConvOp>(op)) // groups are a dimension of the body, which what follows does not have
    return conv.getGroup() == 1 || isDepthwise(conv) ? 3 : 0;
  if (isa<graph::MatMulOp>(op))
    return 3;
  if (auto custom = dyn_cast<graph::CustomOp>(op))
    return weightOf(custom);
  if (isa<graph::MaxPoolOp, graph::AveragePoolOp, graph::ReduceOp, graph::SoftmaxOp, graph::LayerNormOp>(op))
    return 2;
  return isa<graph::GatherOp, graph::GatherElementsOp, graph::TriluOp>(op);
}
constexpr int heavy = 3;

/// Elementwise operations of one expression: registers are used up long before, and the time to find some
/// grows faster than their number.
constexpr size_t mostMembers = 256;

/// Whether a body reads each element of an operand once, or once more, and finds it by its loops.
bool readsInOrder(graph::CustomOp custom, unsigned operand) {
  constexpr unsigned mostReads = 2;
  unsigned reads = 0;
  for (OpOperand &use : custom.getBody().front().getArgument(operand).getUses()) {
    auto op = dyn_cast<linalg::LinalgOp>(use.getOwner());
    if (isa<tensor::DimOp>(use.getOwner()))
      continue;
    if (!op || op.isDpsInit(&use) || !op.getMatchingIndexingMap(&use).isPermutation())
      return false;
    ++reads;
  }
  return reads > 0 && reads <= mostReads;
}

/// Reductions read each element of their first operand once; so do poolings, unless they pad: then the
/// padding stands between.
bool takesPrologue(Operation *op, unsigned operand) {
  if (auto custom = dyn_cast<graph::CustomOp>(op))
    return readsInOrder(custom, operand);
  if (operand != 0)
    return false;
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
  Grouping(Block &block, Refusals *refusals) : block(block), refusals(refusals) {
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

private:
  using Cone = llvm::SmallDenseSet<Operation *>;

  bool available(Operation *op) const { return op && needsKernel(op) && !taken.contains(op); }
  static bool usedOnlyIn(Operation *op, const Cone &cone) {
    return llvm::all_of(op->getUsers(), [&](Operation *user) { return cone.contains(user); });
  }

  /// Writes down why `producer` stays outside of what `cone` holds of its users; nothing where `why` is null.
  static void refuse(Refusals *why, Operation *producer, const Cone &cone,
                     llvm::function_ref<std::string()> reason) {
    if (!why)
      return;
    for (Operation *user : producer->getUsers())
      if (cone.contains(user))
        (*why)[{producer, user}] = reason();
  }

  /// Says who else reads the result of `op`.
  static std::string otherUsers(Operation *op, const Cone &cone) {
    auto others = llvm::to_vector(
        llvm::make_filter_range(op->getUsers(), [&](Operation *user) { return !cone.contains(user); }));
    llvm::sort(others, [](Operation *x, Operation *y) { return x != y && x->isBeforeInBlock(y); });
    others.erase(llvm::unique(others), others.end());
    SmallVector<std::string> names;
    for (Operation *user : others)
      names.push_back(isa<graph::GraphDialect>(user->getDialect()) ? describe(user) : "the model's results");
    std::string more = names.size() > 3 ? " and " + std::to_string(names.size() - 3) + " more" : "";
    names.resize(std::min<size_t>(names.size(), 3));
    return "several users: also read by " + llvm::join(names, ", ") + more;
  }

  std::string otherShape(Operation *producer, ShapeRef shape) const {
    SmallVector<std::string> symbols = graph::readSymbols(block.getParentOp());
    return "sizes differ: " + graph::shapeText(shapeOf(producer->getResult(0)), symbols) +
           " is read where the kernel computes " + graph::shapeText(shape, symbols);
  }

  /// Adds the elementwise producers of `from` whose results have its shape and stay inside, latest first: a
  /// producer's users are then all decided before it is.
  void addElementwise(Operation *from, ShapeRef shape, Cone &cone, Refusals *why = nullptr) const {
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
      if (cone.contains(op))
        continue;
      if (cone.size() >= mostMembers)
        refuse(why, op, cone,
               [] { return "the kernel is full: it has " + std::to_string(mostMembers) + " operations"; });
      else if (!(ShapeRef(shapeOf(op->getResult(0))) == shape)) {
        refuse(why, op, cone, [&] { return otherShape(op, shape); });
      } else if (!usedOnlyIn(op, cone)) {
        refuse(why, op, cone, [&] { return otherUsers(op, cone); });
      } else {
        cone.insert(op);
        addProducers(op);
      }
    }
  }

  /// The weightiest producer that the expression can follow; on a tie the latest one.
  Operation *findAnchor(const Cone &cone, ShapeRef shape, Refusals *why = nullptr) const {
    llvm::SmallSetVector<Operation *, 4> fitting;
    for (Operation *op : cone)
      for (Value operand : op->getOperands()) {
        Operation *producer = operand.getDefiningOp();
        if (!available(producer) || !anchorWeight(producer))
          continue;
        if (!(ShapeRef(shapeOf(operand)) == shape))
          refuse(why, producer, cone, [&] { return otherShape(producer, shape); });
        else if (!usedOnlyIn(producer, cone))
          refuse(why, producer, cone, [&] { return otherUsers(producer, cone); });
        else
          fitting.insert(producer);
      }
    auto rank = [this](Operation *x) { return std::pair(anchorWeight(x), order.lookup(x)); };
    auto isLess = [&](Operation *x, Operation *y) { return rank(x) < rank(y); };
    auto best = std::max_element(fitting.begin(), fitting.end(), isLess);
    if (best == fitting.end())
      return nullptr;
    for (Operation *other : fitting)
      if (other != *best)
        refuse(why, other, cone, [&] { return outweighed(other, *best); });
    return *best;
  }

  /// Says which of two anchors a kernel took.
  static std::string outweighed(Operation *other, Operation *best) {
    int lost = anchorWeight(other), won = anchorWeight(best);
    std::string why =
        lost == won ? "which comes later and weighs as much (" + std::to_string(won) + ")"
                    : "which weighs more (" + std::to_string(won) + " against " + std::to_string(lost) + ")";
    return "a kernel has one anchor, here " + describe(best) + ", " + why;
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

  /// Adds the expression that makes an operand of `consumer`, where nobody else needs it.
  void addPrologue(Operation *consumer, unsigned operand, Cone &cone) const {
    Operation *producer = consumer->getOperand(operand).getDefiningOp();
    if (!available(producer) || !isElementwise(producer))
      return;
    Cone user = {consumer};
    if (!usedOnlyIn(producer, user))
      return refuse(refusals, producer, user, [&] { return otherUsers(producer, user); });
    if (followsHeavyAnchor(producer))
      return refuse(refusals, producer, user,
                    [] { return "it follows a product or convolution in that one's registers"; });
    Cone prologue;
    addElementwise(producer, shapeOf(producer->getResult(0)), prologue, refusals);
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
            available(producer) && isReadThrough(producer, besideHeavyAnchor)) {
          if (usedOnlyIn(producer, cone))
            found.push_back(producer);
          else
            refuse(refusals, producer, cone, [&] { return otherUsers(producer, cone); });
        }
    cone.insert(found.begin(), found.end());
  }

  Group grow(Operation *root) const {
    Group group;
    Cone cone = {root};
    if (isElementwise(root)) {
      Shape shape = shapeOf(root->getResult(0));
      addElementwise(root, shape, cone, refusals);
      group.anchor = findAnchor(cone, shape, refusals);
      addReadThroughs(cone, group.anchor && anchorWeight(group.anchor) == heavy);
    } else if (isa<graph::TransposeOp>(root)) {
      addPrologue(root, 0, cone); // computed where it is written
    } else {
      group.anchor = root;
    }
    if (group.anchor) {
      cone.insert(group.anchor);
      addPadding(group.anchor, cone);
      for (unsigned operand = 0; operand < group.anchor->getNumOperands(); ++operand)
        if (takesPrologue(group.anchor, operand))
          addPrologue(group.anchor, operand, cone);
    }
    group.ops.assign(cone.begin(), cone.end());
    llvm::sort(group.ops, [this](Operation *x, Operation *y) { return order.lookup(x) < order.lookup(y); });
    return group;
  }

  Block &block;
  Refusals *refusals; ///< null where nobody wants to know
  llvm::DenseMap<Operation *, size_t> order;
  llvm::DenseSet<Operation *> taken;
};

} // namespace

/// What an anchor does with its operands.
static std::string asOperandOf(Operation *producer, Operation *anchor) {
  if (anchorWeight(anchor) == heavy)
    return "a product or convolution reads each element many times, which would be computed as often";
  auto reads = [&](unsigned operand) { return takesPrologue(anchor, operand); };
  if (llvm::none_of(llvm::seq(anchor->getNumOperands()), reads))
    return anchor->getName().stripDialect().str() + " reads elements in an order of its own";
  if (!isElementwise(producer))
    return "only elementwise operations are computed where " + anchor->getName().stripDialect().str() +
           " reads them";
  if (isa<graph::CustomOp>(anchor))
    return "only what custom reads in order, and once or twice, is computed where it is read";
  return "only what " + anchor->getName().stripDialect().str() + " reads first is computed where it is read";
}

std::string whyNotAsked(Operation *producer, Operation *consumer, const Group &group) {
  if (consumer == group.anchor)
    return asOperandOf(producer, consumer);
  bool besideHeavy = group.anchor && anchorWeight(group.anchor) == heavy;
  if (isReadThrough(producer, /*besideHeavyAnchor=*/false) && besideHeavy)
    return "beside a product or convolution only broadcasts are read through";
  if (!isElementwise(consumer))
    return consumer->getName().stripDialect().str() + " reads what is stored";
  if (anchorWeight(producer))
    return "a kernel has one anchor, here " + describe(group.anchor ? group.anchor : consumer);
  return producer->getName().stripDialect().str() + " is computed in a kernel of its own";
}

SmallVector<Group> formGroups(Block &block, bool fuse, Refusals *refusals) {
  if (fuse)
    return Grouping(block, refusals).run();
  SmallVector<Group> groups;
  for (Operation &op : block)
    if (needsKernel(&op))
      groups.push_back({{&op}, &op});
  return groups;
}

} // namespace tegula::fuse
