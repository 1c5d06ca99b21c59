// Writes what people say in graph.custom: its linalg with the sizes of the use, and every number that data
// could make undefined given a value.
#include "Bodies.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "tegula/dialects/graph/Custom.h"
#include "tegula/dialects/graph/Scalars.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace tegula::fuse {

namespace {

/// Takes away flags by which an operation may give anything for some operands.
void dropPromises(Operation *op) {
  MLIRContext *context = op->getContext();
  std::pair<StringRef, Attribute> flags[] = {
      {"overflowFlags", arith::IntegerOverflowFlagsAttr::get(context, arith::IntegerOverflowFlags::none)},
      {"fastmath", arith::FastMathFlagsAttr::get(context, arith::FastMathFlags::none)},
      {"isExact", Attribute()},
      {"nonNeg", Attribute()}};
  for (auto [name, none] : flags)
    if (op->getInherentAttr(name).value_or(Attribute()))
      op->setInherentAttr(StringAttr::get(context, name), none);
}

/// Writes scalar operations where they are used.
class Numbers {
public:
  Numbers(ScalarKit &s, IRMapping &values, graph::CustomSizes &sizes) : s(s), values(values), sizes(sizes) {}

  /// Writes a block; what it yields.
  SmallVector<Value> write(Block &block) {
    for (Operation &op : block.without_terminator())
      write(op);
    return llvm::map_to_vector(block.getTerminator()->getOperands(),
                               [&](Value value) { return values.lookupOrDefault(value); });
  }

  void write(Operation &op) {
    if (auto loop = dyn_cast<scf::ForOp>(op))
      return writeLoop(loop);
    values.map(op.getResult(0),
               llvm::TypeSwitch<Operation *, Value>(&op)
                   .Case([&](tensor::ExtractOp extract) { return read(extract); })
                   .Case<arith::FPToSIOp, arith::FPToUIOp>([&](Operation *cast) { return toInteger(cast); })
                   .Case<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp, arith::FloorDivSIOp,
                         arith::CeilDivSIOp>([&](Operation *division) { return divide(division); })
                   .Case<arith::ShLIOp, arith::ShRSIOp, arith::ShRUIOp>(
                       [&](Operation *shift) { return this->shift(shift); })
                   .Default([&](Operation *other) { return copy(other); }));
  }

private:
  Value of(Value value) const { return values.lookupOrDefault(value); }

  Value copy(Operation *op) {
    Operation *made = s.b.clone(*op, values);
    dropPromises(made);
    return made->getResult(0);
  }

  /// An element; an index that could be outside is moved inside.
  Value read(tensor::ExtractOp op) {
    SmallVector<Value> at;
    for (auto [index, size] : llvm::zip_equal(op.getIndices(), sizes.shapeOf(op.getTensor()))) {
      graph::IndexRange range = sizes.rangeOf(index);
      bool isInside = range.isAtLeast(0) && range.isBelow(size);
      at.push_back(isInside ? of(index) : s.clamp(of(index), size));
    }
    return s.extract(of(op.getTensor()), at);
  }

  Value toInteger(Operation *op) {
    return graph::floatToInteger(s.b, s.loc, of(op->getOperand(0)), op->getResult(0).getType(),
                                 isa<arith::FPToUIOp>(op));
  }

  /// A division by 0 gives the dividend, the remainder 0.
  Value divide(Operation *op) {
    if (op->getResult(0).getType().isInteger(1)) // of 0 and -1, the latter's own quotient is no such number
      return isa<arith::RemSIOp, arith::RemUIOp>(op) ? s.constant(op->getResult(0).getType(), 0)
                                                     : of(op->getOperand(0));
    std::optional<int64_t> number = getConstantIntValue(op->getOperand(1));
    if (sizes.rangeOf(op->getOperand(1)).isAtLeast(1) || (number && *number != 0 && *number != -1))
      return copy(op);
    Value minusOne, dividend = of(op->getOperand(0));
    bool isUnsigned = isa<arith::DivUIOp, arith::RemUIOp>(op);
    Value divisor = graph::safeDivisor(s.b, s.loc, of(op->getOperand(1)), isUnsigned, minusOne);
    Operation *made = s.b.clone(*op, values);
    dropPromises(made);
    made->setOperand(1, divisor);
    if (!minusOne || isa<arith::RemSIOp>(op))
      return made->getResult(0);
    return s.select(minusOne, s.sub(s.constant(dividend.getType(), 0), dividend), made->getResult(0));
  }

  /// A shift by at least the width gives 0, or the sign.
  Value shift(Operation *op) {
    Value amount = of(op->getOperand(1));
    Type type = amount.getType();
    unsigned width = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
    Operation *made = s.b.clone(*op, values);
    dropPromises(made);
    s.b.setInsertionPoint(made);
    made->setOperand(1, s.min(amount, s.constant(type, width - 1), /*isUnsigned=*/true));
    Value inside = s.compare(arith::CmpIPredicate::ult, amount, s.constant(type, width));
    s.b.setInsertionPointAfter(made);
    return isa<arith::ShRSIOp>(op) ? made->getResult(0)
                                   : s.select(inside, made->getResult(0), s.constant(type, 0));
  }

  void writeLoop(scf::ForOp loop) {
    SmallVector<Value> carried =
        llvm::map_to_vector(loop.getInitArgs(), [&](Value init) { return of(init); });
    auto made = scf::ForOp::create(
        s.b, s.loc, of(loop.getLowerBound()), of(loop.getUpperBound()), of(loop.getStep()), carried,
        [&](OpBuilder &nested, Location at, Value step, ValueRange now) {
          values.map(loop.getInductionVar(), step);
          values.map(loop.getRegionIterArgs(), now);
          ScalarKit kit(nested, at, s.sizes);
          scf::YieldOp::create(nested, at, Numbers(kit, values, sizes).write(*loop.getBody()));
        });
    values.map(loop.getResults(), made.getResults());
  }

  ScalarKit &s;
  IRMapping &values;
  graph::CustomSizes &sizes;
};

/// Writes the operations of one body, with the types of this use.
class Body {
public:
  Body(TensorKit &k, graph::CustomSizes sizes) : k(k), sizes(std::move(sizes)) {}

  Value write(graph::CustomOp op, ValueRange in) {
    Block &block = op.getBody().front();
    values.map(block.getArguments(), in);
    for (Operation &each : block.without_terminator())
      write(each);
    return of(block.getTerminator()->getOperand(0));
  }

private:
  Value of(Value value) const { return values.lookup(value); }

  void write(Operation &op) {
    if (auto structured = dyn_cast<linalg::LinalgOp>(op))
      values.map(op.getResult(0), writeLoops(structured));
    else if (auto empty = dyn_cast<tensor::EmptyOp>(op))
      values.map(empty.getResult(), k.empty(sizes.shapeOf(empty), empty.getType().getElementType()));
    else if (auto dim = dyn_cast<tensor::DimOp>(op))
      values.map(dim.getResult(), k.index(*sizes.sizeOf(dim)));
    else
      Numbers(k, values, sizes).write(op);
  }

  Value writeLoops(linalg::LinalgOp op) {
    Value init = op.getDpsInits()[0];
    if (auto fill = dyn_cast<linalg::FillOp>(op.getOperation());
        fill && !isa<TensorType>(fill.value().getType()))
      return k.fill(sizes.shapeOf(init), of(fill.value()));
    SmallVector<Value> inputs;
    SmallVector<AffineMap> maps;
    SmallVector<BlockArgument> arguments;
    SmallVector<OpOperand *> elsewhere;
    for (OpOperand *input : op.getDpsInputOperands()) {
      BlockArgument argument = op.getMatchingBlockArgument(input);
      if (!isa<TensorType>(input->get().getType())) {
        values.map(argument, of(input->get()));
      } else if (!graph::goesUp(op.getMatchingIndexingMap(input))) {
        elsewhere.push_back(input);
      } else {
        arguments.push_back(argument);
        inputs.push_back(of(input->get()));
        maps.push_back(op.getMatchingIndexingMap(input));
      }
    }
    AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
    addExtents(op, out, inputs, maps);
    return k.accumulate(startOf(init), out, inputs, maps, op.getIteratorTypesArray(),
                        [&](ScalarKit &s, ValueRange given) {
                          values.map(arguments, given.take_front(arguments.size()));
                          values.map(op.getMatchingBlockArgument(op.getDpsInitOperand(0)), given.back());
                          for (OpOperand *input : elsewhere)
                            values.map(op.getMatchingBlockArgument(input),
                                       s.readAt(of(input->get()), op.getMatchingIndexingMap(input)));
                          return Numbers(s, values, sizes).write(*op.getBlock()).front();
                        });
  }

  /// Loops that no operand is left to walk get one of which only the size counts.
  void addExtents(linalg::LinalgOp op, AffineMap out, SmallVectorImpl<Value> &inputs,
                  SmallVectorImpl<AffineMap> &maps) {
    for (unsigned loop = 0; loop < op.getNumLoops(); ++loop) {
      AffineExpr index = k.d(loop);
      auto walks = [&](AffineMap map) { return llvm::is_contained(map.getResults(), index); };
      if (walks(out) || llvm::any_of(maps, walks))
        continue;
      inputs.push_back(k.empty(sizes.loopsOf(op)[loop], k.b.getI8Type()));
      maps.push_back(k.map(op.getNumLoops(), index));
    }
  }

  /// What an operation begins with: a tensor that is nobody else's.
  Value startOf(Value init) {
    if (isa_and_nonnull<tensor::EmptyOp, linalg::FillOp>(init.getDefiningOp()))
      return of(init);
    return k.mapOver(tensorType(sizes.shapeOf(init), graphElement(init)), of(init),
                     [](ScalarKit &, ValueRange args) { return args[0]; });
  }

  TensorKit &k;
  graph::CustomSizes sizes;
  IRMapping values;
};

} // namespace

Value buildCustom(TensorKit &k, Operation *op, ValueRange in) {
  auto custom = dyn_cast<graph::CustomOp>(op);
  if (!custom)
    return {};
  FailureOr<graph::CustomSizes> sizes = graph::CustomSizes::of(custom);
  if (failed(sizes))
    return {};
  Value result = Body(k, std::move(*sizes)).write(custom, in);
  // A kernel computes: what only moves a tensor through is copied.
  if (isa<BlockArgument>(result) || result.getDefiningOp<arith::ConstantOp>())
    return k.mapOver(tensorType(shapeOf(op->getResult(0)), graphElement(result)), result,
                     [](ScalarKit &, ValueRange args) { return args[0]; });
  return result;
}

} // namespace tegula::fuse
