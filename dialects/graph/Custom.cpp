// Verifies graph.custom: a body that people wrote may hold nothing that could read outside of a tensor, run
// on without end, leave elements unwritten or do anything but compute.
#include "tegula/dialects/graph/Custom.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Dominance.h"

using namespace mlir;

namespace tegula::graph {

/// Loops inside of each other, in one body.
static constexpr unsigned mostNesting = 8;
/// How often an element may be computed anew because several operations read it in places of their own.
static constexpr int64_t mostComputations = 64;

// ---- Types ----

/// The element type in bodies: integers have no sign there.
static Type bodyElement(Type element) {
  auto integer = dyn_cast<IntegerType>(element);
  return integer ? IntegerType::get(element.getContext(), integer.getWidth()) : element;
}

/// Whether a type of the body is that of a value outside, but for sizes that it does not know.
static bool stands(Type inside, Type outside) {
  auto have = dyn_cast<RankedTensorType>(inside);
  auto want = cast<RankedTensorType>(outside);
  if (!have || have.getEncoding() || have.getRank() != want.getRank() ||
      have.getElementType() != bodyElement(want.getElementType()) || !isBodyElement(have.getElementType()))
    return false;
  return llvm::all_of(llvm::zip_equal(have.getShape(), want.getShape()), [](auto sizes) {
    auto [known, given] = sizes;
    return ShapedType::isDynamic(known) || known == given;
  });
}

LogicalResult CustomOp::verify() {
  Block &block = getBody().front();
  if (block.getNumArguments() != getInputs().size())
    return emitOpError("expected a body of ")
           << getInputs().size() << " arguments, got " << block.getNumArguments();
  for (auto [argument, input] : llvm::zip_equal(block.getArguments(), getInputs()))
    if (!stands(argument.getType(), input.getType()))
      return emitOpError("expected an argument for ")
             << input.getType() << ", numbers without a sign, got " << argument.getType();
  auto yield = dyn_cast<YieldOp>(block.back());
  if (!yield)
    return emitOpError("expected a body that ends in graph.yield");
  if (!stands(yield.getValue().getType(), getResult().getType()))
    return yield.emitOpError("expected a value for ")
           << getResult().getType() << ", numbers without a sign, got " << yield.getValue().getType();
  return success();
}

// ---- Arithmetic ----

static bool isScalar(Type type) { return type.isIndex() || type.isSignlessInteger(1) || isBodyElement(type); }

/// What every machine computes, on numbers and on vectors of them.
static bool isArithmetic(Operation *op) {
  using namespace arith;
  return isa<AddFOp, AddIOp, AndIOp, CeilDivSIOp, CmpFOp, CmpIOp, arith::ConstantOp, DivFOp, DivSIOp, DivUIOp,
             ExtFOp, ExtSIOp, ExtUIOp, FloorDivSIOp, FPToSIOp, FPToUIOp, IndexCastOp, IndexCastUIOp, MaxSIOp,
             MaxUIOp, MaximumFOp, MinSIOp, MinUIOp, MinimumFOp, MulFOp, MulIOp, NegFOp, OrIOp, RemFOp,
             RemSIOp, RemUIOp, SelectOp, ShLIOp, ShRSIOp, ShRUIOp, SIToFPOp, SubFOp, SubIOp, TruncFOp,
             TruncIOp, UIToFPOp, XOrIOp>(op) ||
         isa<math::AbsFOp, math::AcosOp, math::AcoshOp, math::AsinOp, math::AsinhOp, math::AtanOp,
             math::AtanhOp, math::CeilOp, math::CosOp, math::CoshOp, math::ErfOp, math::ExpOp, math::FloorOp,
             math::FmaOp, math::LogOp, math::PowFOp, math::RoundEvenOp, math::RsqrtOp, math::SinOp,
             math::SinhOp, math::SqrtOp, math::TanOp, math::TanhOp>(op);
}

static LogicalResult verifyArithmetic(Operation *op) {
  if (!isArithmetic(op))
    return op->emitOpError(
        "expected arithmetic that every machine has, or linalg and loops where they belong");
  for (TypeRange types : {TypeRange(op->getOperandTypes()), TypeRange(op->getResultTypes())})
    for (Type type : types)
      if (!isScalar(type))
        return op->emitOpError("expected numbers of 8, 16, 32 or 64 bits, booleans and indices, got ")
               << type;
  return success();
}

// ---- Bodies of loops ----

namespace {
/// Checks what stands in the body of one operation of linalg.
class Payload {
public:
  explicit Payload(CustomSizes &sizes) : sizes(sizes) {}

  LogicalResult verify(Block &block, unsigned depth) {
    for (Operation &op : block.without_terminator())
      if (failed(verify(op, depth)) || failed(sizes.follow(op)))
        return failure();
    return success();
  }

private:
  LogicalResult verify(Operation &op, unsigned depth) {
    if (isa<linalg::IndexOp>(op))
      return success();
    if (auto extract = dyn_cast<tensor::ExtractOp>(op))
      return verifyExtract(extract);
    if (auto loop = dyn_cast<scf::ForOp>(op))
      return verifyLoop(loop, depth);
    return verifyArithmetic(&op);
  }

  LogicalResult verifyExtract(tensor::ExtractOp op) {
    if (op.getTensor().getDefiningOp<tensor::EmptyOp>())
      return op.emitOpError("expected a tensor whose elements are known, got one of tensor.empty");
    for (Dim size : sizes.shapeOf(op.getTensor()))
      if (!surelyAtMost(1, size))
        return op.emitOpError("expected a tensor that has an element for all sizes, got ")
               << shapeText(sizes.shapeOf(op.getTensor()));
    return success();
  }

  LogicalResult verifyLoop(scf::ForOp loop, unsigned depth) {
    if (depth >= mostNesting)
      return loop.emitOpError("expected at most ") << mostNesting << " loops inside of each other";
    std::optional<int64_t> step = getConstantIntValue(loop.getStep());
    if (!step || *step < 1 || *step > INT32_MAX)
      return loop.emitOpError("expected a step that is a constant of at least 1");
    // So far from the last number that a step does not wrap.
    auto isNear = [](const IndexRange::Bound &bound) { return bound.bits < 63; };
    if (llvm::none_of(sizes.rangeOf(loop.getLowerBound()).lowest, isNear) ||
        llvm::none_of(sizes.rangeOf(loop.getUpperBound()).highest, isNear))
      return loop.emitOpError(
          "expected bounds that follow from sizes, or that arith.maxsi and arith.minsi put between sizes");
    if (!loop.getInductionVar().getType().isIndex() || loop.getUnsignedCmp())
      return loop.emitOpError("expected a signed loop over an index");
    for (Type type : loop.getResultTypes())
      if (!isScalar(type))
        return loop.emitOpError("expected a loop that carries numbers, got ") << type;
    return verify(*loop.getBody(), depth + 1);
  }

  CustomSizes &sizes;
};
} // namespace

// ---- Operations on tensors ----

/// Which loops an operation may have, and what it may write and read.
static LogicalResult verifyStructure(linalg::LinalgOp op) {
  if (op->getNumResults() != 1 || !isa<RankedTensorType>(op->getResult(0).getType()) ||
      op->getNumRegions() != 1)
    return op->emitOpError("expected one result, a tensor");
  OpOperand &init = *op.getDpsInitOperand(0);
  AffineMap out = op.getMatchingIndexingMap(&init);
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  bool isWritten = out.isProjectedPermutation() && out.getNumResults() == op.getNumParallelLoops();
  for (AffineExpr expr : out.getResults())
    isWritten &= isa<AffineDimExpr>(expr) &&
                 iterators[cast<AffineDimExpr>(expr).getPosition()] == utils::IteratorType::parallel;
  if (!isWritten)
    return op->emitOpError("expected the parallel loops, each once, as indices of the result, so that each "
                           "element is written, and once; got ")
           << AffineMapAttr::get(out);
  bool readsInit = !isa<linalg::FillOp>(op.getOperation()) && op.payloadUsesValueFromOperand(&init);
  if (op.getNumReductionLoops() && !readsInit)
    return op->emitOpError("expected a reduction to combine its elements with what it has so far");
  for (OpOperand &operand : op->getOpOperands())
    if (operand.get().getDefiningOp<tensor::EmptyOp>() &&
        (&operand == &init ? readsInit : op.payloadUsesValueFromOperand(&operand)))
      return op->emitOpError("expected operand ")
             << operand.getOperandNumber() << " to have elements where they are read, got tensor.empty";
  return success();
}

/// How often the elements behind `tensor` are computed for one of its own, if nothing is stored in between.
static int64_t countComputations(Operation *op, const llvm::DenseMap<Operation *, int64_t> &of) {
  int64_t count = 1;
  for (Value operand : op->getOperands())
    if (auto found = of.find(operand.getDefiningOp()); found != of.end())
      count += found->second;
  return count;
}

static LogicalResult verifyTop(Operation &op) {
  if (auto empty = dyn_cast<tensor::EmptyOp>(op))
    return empty.getType().getEncoding() || !isBodyElement(empty.getType().getElementType())
               ? empty.emitOpError("expected numbers of 8, 16, 32 or 64 bits, got ") << empty.getType()
               : LogicalResult(success());
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    std::optional<int64_t> number = dim.getConstantIndex();
    auto type = dyn_cast<RankedTensorType>(dim.getSource().getType());
    return type && number && *number >= 0 && *number < type.getRank()
               ? LogicalResult(success())
               : dim.emitOpError("expected the number of a dimension as a constant");
  }
  if (auto constant = dyn_cast<arith::ConstantOp>(op); constant && isa<TensorType>(constant.getType())) {
    auto type = dyn_cast<RankedTensorType>(constant.getType());
    return type && !type.getEncoding() && isBodyElement(type.getElementType()) &&
                   isa<DenseElementsAttr>(constant.getValue())
               ? LogicalResult(success())
               : constant.emitOpError("expected a tensor of numbers, written out");
  }
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  return structured ? verifyStructure(structured) : verifyArithmetic(&op);
}

/// Whether each value stands before what uses it; MLIR asks that only after operations have verified
/// themselves, which for a body means to follow its values.
static LogicalResult verifyOrder(CustomOp custom) {
  DominanceInfo dominance(custom);
  WalkResult walked = custom.getBody().walk([&](Operation *op) {
    for (Value operand : op->getOperands())
      if (!dominance.properlyDominates(operand, op)) {
        op->emitError("expected operands that are defined before");
        return WalkResult::interrupt();
      }
    return WalkResult::advance();
  });
  return success(!walked.wasInterrupted());
}

LogicalResult CustomOp::verifyRegions() {
  if (failed(verifyOrder(*this)))
    return failure();
  Block &block = getBody().front();
  // Sizes are followed through what has been checked, and checks need sizes: one operation after the other.
  llvm::DenseMap<Operation *, int64_t> computations;
  CustomSizes sizes;
  sizes.start(*this);
  for (Operation &op : block.without_terminator()) {
    if (failed(verifyTop(op)) || failed(sizes.follow(op)))
      return failure();
    auto structured = dyn_cast<linalg::LinalgOp>(op);
    if (!structured || isa<linalg::FillOp>(op))
      continue;
    if (failed(Payload(sizes).verify(*structured.getBlock(), 0)))
      return failure();
    int64_t &needed = computations[&op] = countComputations(&op, computations);
    if (needed > mostComputations)
      return op.emitOpError("expected elements that are computed at most ")
             << mostComputations << " times, got " << needed
             << ": end the graph.custom before and begin another one, between which they are stored";
  }
  auto yield = cast<YieldOp>(block.getTerminator());
  if (yield.getValue().getDefiningOp<tensor::EmptyOp>())
    return yield.emitOpError("expected a value that is computed, got tensor.empty");
  return sizes.finish(*this);
}

} // namespace tegula::graph
