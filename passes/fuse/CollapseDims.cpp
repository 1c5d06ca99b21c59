// Merges dimensions that a kernel always walks together: [2, 3, 4] in one loop => [24]. Fewer, longer loops
// are what schedules are good at.
#include "KernelEdit.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "tegula/passes/fuse/Passes.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

#include <set>

namespace tegula::fuse {
#define GEN_PASS_DEF_COLLAPSEDIMS
#include "tegula/passes/fuse/Passes.h.inc"
} // namespace tegula::fuse

using namespace mlir;
using namespace tegula;
using namespace tegula::fuse;

namespace {

/// One generic operation: what each operand's kept dimensions are indexed by, and how its loops merge.
struct Nest {
  linalg::GenericOp op;
  SmallVector<SmallVector<AffineExpr>> operands; // for each operand, an expression for each kept dimension
  SmallVector<int64_t> newLoop;                  // old loop -> new loop, -1: dropped
};

/// One kernel. A tensor stands for every value that shares its buffer: an init, and the results written over
/// it.
class Collapser {
public:
  /// For each input, then the result: its size arguments afterwards.
  SmallVector<SmallVector<int64_t>> dims;

  Collapser(tile::KernelOp kernel, Launches &launches)
      : kernel(kernel), launches(launches), context(kernel.getContext()) {}

  /// False where nothing changes.
  bool run() {
    if (!collect())
      return false;
    dropUnits();
    relatePairs();
    if (!decide())
      return false;
    rewrite();
    return true;
  }

private:
  /// A place where two neighbours might merge: kept dimensions i and i + 1 of a tensor, or loops i and j of
  /// an operation.
  using Pair = std::tuple<void *, int64_t, int64_t>;
  static Pair pairOf(Value tensor, int64_t i) { return {tensor.getAsOpaquePointer(), i, -1}; }
  static Pair pairOf(Nest &nest, int64_t i, int64_t j) { return {nest.op.getOperation(), i, j}; }

  Value tensorOf(Value value) const {
    while (Value init = aliases.lookup(value))
      value = init;
    return value;
  }
  /// A tensor's sizes as they were before.
  const KernelShape &shapeOf(Value tensor) const { return sizes.find(tensor)->second; }

  /// Reads the body; false where it holds anything whose dimensions cannot change.
  bool collect() {
    for (auto [input, shape] : llvm::zip(kernel.getInputs(), tensorShapes(kernel)))
      sizes[input] = shape;
    for (Operation &op : kernel.getBlock().without_terminator()) {
      if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
        if (generic.hasIndexSemantics() || generic->getNumResults() != 1 || readsElsewhere(generic))
          return false;
        alias(generic->getResult(0), generic.getDpsInits()[0]);
        nests.push_back({generic, {}, {}});
        reduces |= generic.getNumReductionLoops() > 0;
      } else if (auto fill = dyn_cast<linalg::FillOp>(op)) {
        alias(fill.getResult(0), fill.getOutputs()[0]);
      } else if (auto empty = dyn_cast<tensor::EmptyOp>(op)) {
        if (!readSizes(empty))
          return false;
      } else if (!isa<arith::ConstantOp>(op) || isa<ShapedType>(op.getResultTypes()[0])) {
        return false;
      }
    }
    for (Nest &nest : nests)
      for (Value operand : nest.op->getOperands())
        if (!isa<RankedTensorType>(operand.getType()) || llvm::is_contained(shapeOf(operand), KernelDim(0)))
          return false;
    // A single element keeps its dimensions: there is no loop to win, and a result without dimensions has no
    // place for one.
    return !nests.empty() && !graph::elementCount(tensorShapes(kernel).back()).is(1) &&
           canAddSizes(kernel, launches);
  }

  void alias(Value result, Value init) {
    aliases[result] = init;
    sizes[result] = KernelShape(shapeOf(init));
  }

  /// False where a size is none of the kernel's.
  bool readSizes(tensor::EmptyOp empty) {
    KernelShape shape;
    for (OpFoldResult size : empty.getMixedSizes()) {
      if (std::optional<int64_t> known = getConstantIntValue(size)) {
        shape.push_back(*known);
        continue;
      }
      auto *argument = llvm::find(kernel.getSizes(), cast<Value>(size));
      if (argument == kernel.getSizes().end())
        return false;
      shape.push_back(KernelDim::symbol(argument - kernel.getSizes().begin(), context));
    }
    sizes[empty] = shape;
    empties.push_back(empty);
    return true;
  }

  /// How far each loop runs.
  SmallVector<KernelDim> extentsOf(linalg::GenericOp op) const {
    SmallVector<KernelDim> extents(op.getNumLoops(), KernelDim::invalid());
    for (auto [operand, map] : llvm::zip_equal(op->getOperands(), op.getIndexingMapsArray()))
      for (auto [size, expr] : llvm::zip_equal(shapeOf(operand), map.getResults()))
        if (auto dim = dyn_cast<AffineDimExpr>(expr))
          if (KernelDim &extent = extents[dim.getPosition()]; !extent.isValid() || !extent.isStatic())
            if (!extent.isValid() || size.isStatic())
              extent = size;
    return extents;
  }

  static bool readsElsewhere(linalg::GenericOp op) {
    return op.getBody()->walk([](tensor::ExtractOp) { return WalkResult::interrupt(); }).wasInterrupted();
  }

  /// Whether loops of one step may go. A result keeps two dimensions where something is summed: rows and
  /// columns.
  bool mayDropLoops() {
    auto isUnit = [](auto loop) {
      return std::get<0>(loop).is(1) && std::get<1>(loop) == utils::IteratorType::reduction;
    };
    for (Nest &nest : nests)
      if (llvm::any_of(llvm::zip_equal(extentsOf(nest.op), nest.op.getIteratorTypesArray()), isUnit))
        return false;
    auto result = cast<RankedTensorType>(kernel.getFunctionType().getResult(0));
    return !reduces || llvm::count_if(result.getShape(), [](int64_t size) { return size != 1; }) >= 2;
  }

  /// Reads each operand's indices, without loops of one step if `drop`; false where linalg would not take
  /// what is left.
  bool readIndices(bool drop) {
    for (Nest &nest : nests) {
      SmallVector<AffineExpr> replacement;
      SmallVector<KernelDim> extents = extentsOf(nest.op);
      nest.newLoop.clear();
      nest.operands.clear();
      for (auto [loop, extent] : llvm::enumerate(extents)) {
        bool gone = extent.is(1) && drop;
        nest.newLoop.push_back(gone ? -1 : 0);
        replacement.push_back(gone ? getAffineConstantExpr(0, context) : getAffineDimExpr(loop, context));
      }
      for (auto [operand, map] : llvm::zip_equal(nest.op->getOperands(), nest.op.getIndexingMapsArray())) {
        nest.operands.emplace_back();
        for (auto [size, expr] : llvm::zip_equal(shapeOf(operand), map.getResults())) {
          AffineExpr left = simplifyAffineExpr(expr.replaceDims(replacement), map.getNumDims(), 0);
          if (auto dim = dyn_cast<AffineDimExpr>(left);
              dim && left != expr && !(extents[dim.getPosition()] == size))
            return false;
          nest.operands.back().push_back(left);
        }
      }
    }
    return true;
  }

  /// Drops loops of one step, then dimensions of size one that nothing but zero indexes.
  void dropUnits() {
    if (!mayDropLoops() || !readIndices(/*drop=*/true))
      readIndices(/*drop=*/false);
    for (Nest &nest : nests)
      for (auto [operand, exprs] : llvm::zip_equal(nest.op->getOperands(), nest.operands)) {
        auto [entry, added] = kept.insert({tensorOf(operand), SmallVector<bool>()});
        SmallVector<bool> &keep = entry->second;
        if (added)
          keep.assign(exprs.size(), false);
        for (auto [i, expr] : llvm::enumerate(exprs))
          keep[i] = keep[i] || !shapeOf(operand)[i].is(1) || expr != getAffineConstantExpr(0, context);
      }
    for (Nest &nest : nests)
      for (auto [operand, exprs] : llvm::zip_equal(nest.op->getOperands(), nest.operands)) {
        SmallVector<AffineExpr> left;
        for (auto [expr, keep] : llvm::zip_equal(exprs, kept[tensorOf(operand)]))
          if (keep)
            left.push_back(expr);
        exprs = left;
      }
  }

  /// Says which pairs merge together or not at all.
  void relatePairs() {
    for (Nest &nest : nests) {
      llvm::SetVector<std::pair<int64_t, int64_t>> loopPairs;
      for (auto [operand, exprs] : llvm::zip_equal(nest.op->getOperands(), nest.operands))
        for (size_t i = 0; i + 1 < exprs.size(); ++i) {
          auto first = dyn_cast<AffineDimExpr>(exprs[i]), second = dyn_cast<AffineDimExpr>(exprs[i + 1]);
          Pair pair = pairOf(tensorOf(operand), i);
          pairs.insert(pair);
          if (!first || !second || first == second) {
            refused.push_back(pair);
            continue;
          }
          loopPairs.insert({first.getPosition(), second.getPosition()});
          pairs.unionSets(pair, pairOf(nest, first.getPosition(), second.getPosition()));
        }
      for (auto [i, j] : loopPairs)
        relateLoops(nest, i, j);
    }
  }

  void relateLoops(Nest &nest, int64_t i, int64_t j) {
    Pair pair = pairOf(nest, i, j);
    auto iterators = nest.op.getIteratorTypesArray();
    if (iterators[i] != iterators[j])
      refused.push_back(pair);
    AffineExpr first = getAffineDimExpr(i, context), second = getAffineDimExpr(j, context);
    for (auto [operand, exprs] : llvm::zip_equal(nest.op->getOperands(), nest.operands)) {
      auto at = llvm::find(exprs, first), next = llvm::find(exprs, second);
      size_t uses = llvm::count_if(
          exprs, [&](AffineExpr expr) { return expr.isFunctionOfDim(i) || expr.isFunctionOfDim(j); });
      if (uses == 0)
        continue;
      if (uses != 2 || at == exprs.end() || next == exprs.end() || next != at + 1)
        refused.push_back(pair);
      else
        pairs.unionSets(pair, pairOf(tensorOf(operand), at - exprs.begin()));
    }
  }

  bool merges(const Pair &pair) const { return !refusedClasses.contains(pairs.getLeaderValue(pair)); }

  /// Numbers the new loops and dimensions; false where they are the old ones.
  bool decide() {
    for (const Pair &pair : refused)
      refusedClasses.insert(pairs.getLeaderValue(pair));
    bool changed = false;
    for (auto &[tensor, keep] : kept) {
      KernelShape &shape = shapes[tensor];
      int64_t position = 0;
      for (auto [size, stays] : llvm::zip_equal(shapeOf(tensor), keep)) {
        if (!stays)
          continue;
        bool joins = position > 0 && merges(pairOf(tensor, position - 1));
        if (joins)
          shape.back() *= size;
        else
          shape.push_back(size);
        ++position;
      }
      changed |= shape.size() != keep.size();
    }
    for (Nest &nest : nests)
      numberLoops(nest);
    return changed;
  }

  void numberLoops(Nest &nest) {
    // A loop that follows another one has that one's number; the others are counted in their order.
    llvm::DenseMap<int64_t, int64_t> leader;
    for (auto [operand, exprs] : llvm::zip_equal(nest.op->getOperands(), nest.operands))
      for (size_t i = 0; i + 1 < exprs.size(); ++i)
        if (merges(pairOf(tensorOf(operand), i)))
          leader[cast<AffineDimExpr>(exprs[i + 1]).getPosition()] =
              cast<AffineDimExpr>(exprs[i]).getPosition();
    int64_t count = 0;
    for (size_t loop = 0; loop < nest.newLoop.size(); ++loop)
      if (nest.newLoop[loop] != -1 && !leader.count(loop))
        nest.newLoop[loop] = count++;
    for (auto [loop, first] : leader) {
      while (leader.count(first))
        first = leader[first];
      nest.newLoop[loop] = nest.newLoop[first];
    }
    numLoops[nest.op] = count;
  }

  AffineMap newMap(Nest &nest, Value operand, ArrayRef<AffineExpr> exprs) const {
    SmallVector<AffineExpr> replacement, results;
    for (int64_t loop : nest.newLoop)
      replacement.push_back(loop < 0 ? getAffineConstantExpr(0, context) : getAffineDimExpr(loop, context));
    for (size_t i = 0; i < exprs.size(); ++i)
      if (i == 0 || !merges(pairOf(tensorOf(operand), i - 1)))
        results.push_back(exprs[i].replaceDims(replacement));
    return AffineMap::get(numLoops.lookup(nest.op), 0, results, context);
  }

  const KernelShape &newShape(Value value) const {
    auto found = shapes.find(tensorOf(value));
    return found == shapes.end() ? shapeOf(value) : found->second;
  }

  RankedTensorType newType(Value value) const {
    SmallVector<int64_t> numbers =
        llvm::map_to_vector(newShape(value), [](KernelDim dim) { return dim.numberOrDynamic(); });
    return RankedTensorType::get(numbers, cast<RankedTensorType>(value.getType()).getElementType());
  }

  /// The size arguments of a shape; products of sizes become arguments of their own.
  SmallVector<int64_t> numbersOf(const KernelShape &shape) {
    return llvm::map_to_vector(shape, [&](KernelDim dim) -> int64_t {
      if (dim.isStatic())
        return -1;
      auto [entry, added] = sizeNumbers.insert({dim.expr(context), 0});
      if (added)
        entry->second = sizeNumber(kernel, launches, dim);
      return entry->second;
    });
  }

  void rewrite() {
    // All decisions are made on the old types, so the new ones are looked up before any is set.
    SmallVector<std::pair<Value, RankedTensorType>> types;
    SmallVector<BlockArgument> inputs(kernel.getInputs()); // more arguments may come
    for (Value input : inputs) {
      types.push_back({input, newType(input)});
      dims.push_back(numbersOf(newShape(input)));
    }
    dims.push_back(numbersOf(newShape(kernel.getBlock().getTerminator()->getOperand(0))));
    for (Operation &op : kernel.getBlock().without_terminator())
      for (Value result : op.getResults())
        if (isa<RankedTensorType>(result.getType()))
          types.push_back({result, newType(result)});
    for (tensor::EmptyOp empty : empties) {
      SmallVector<Value> unknown;
      for (int64_t number : numbersOf(newShape(empty)))
        if (number >= 0)
          unknown.push_back(kernel.getSizes()[number]);
      empty.getDynamicSizesMutable().assign(unknown);
    }
    for (Nest &nest : nests) {
      SmallVector<AffineMap> maps;
      for (auto [operand, exprs] : llvm::zip_equal(nest.op->getOperands(), nest.operands))
        maps.push_back(newMap(nest, operand, exprs));
      SmallVector<Attribute> iterators(numLoops[nest.op]);
      for (auto [loop, iterator] : llvm::zip_equal(nest.newLoop, nest.op.getIteratorTypes()))
        if (loop >= 0)
          iterators[loop] = iterator;
      OpBuilder builder(context);
      nest.op.setIndexingMapsAttr(builder.getAffineMapArrayAttr(maps));
      nest.op.setIteratorTypesAttr(builder.getArrayAttr(iterators));
    }
    for (auto [value, type] : types)
      value.setType(type);
  }

  tile::KernelOp kernel;
  Launches &launches;
  MLIRContext *context;
  bool reduces = false;
  llvm::DenseMap<Value, KernelShape> sizes; // of each tensor, as they were
  SmallVector<tensor::EmptyOp> empties;
  llvm::DenseMap<AffineExpr, int64_t> sizeNumbers;
  llvm::DenseMap<Value, Value> aliases; // result -> init
  SmallVector<Nest> nests;
  llvm::MapVector<Value, SmallVector<bool>> kept;
  llvm::EquivalenceClasses<Pair> pairs;
  SmallVector<Pair> refused;
  std::set<Pair> refusedClasses;
  llvm::DenseMap<Value, KernelShape> shapes;
  llvm::DenseMap<Operation *, int64_t> numLoops;
};

struct CollapseDims : fuse::impl::CollapseDimsBase<CollapseDims> {
  void runOnOperation() override {
    Launches launches = findLaunches(getOperation());
    for (auto kernel : getOperation().getOps<tile::KernelOp>()) {
      Collapser collapser(kernel, launches);
      if (!collapser.run())
        continue;
      adoptBodyType(kernel, launches, collapser.dims);
      ++numKernelsCollapsed;
    }
  }
};

} // namespace
