// Verifies the graph operations against the shape rules, so that no pass has to doubt what it reads.
#include "tegula/dialects/graph/Graph.h"
#include "tegula/dialects/graph/Shapes.h"

using namespace mlir;

namespace tegula::graph {

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }
static Type elementOf(Value value) { return typeOf(value).getElementType(); }

LogicalResult verifySizedTypes(Operation *op) {
  auto check = [&](Type type) { return checkSizes(type, [&] { return op->emitOpError(); }); };
  for (TypeRange types : {TypeRange(op->getOperandTypes()), TypeRange(op->getResultTypes())})
    for (Type type : types)
      if (failed(check(type)))
        return failure();
  return success();
}

/// Compares a result's shape with what the rule gives; a rule that failed has reported already.
static LogicalResult expectShape(Operation *op, const FailureOr<Shape> &expected) {
  if (failed(expected))
    return failure();
  if (mayBeEqual(*expected, shapeOf(op->getResult(0))))
    return success();
  return op->emitOpError() << "expected a result of shape " << shapeText(*expected) << ", got "
                           << shapeText(shapeOf(op->getResult(0)));
}

static LogicalResult expectElement(Operation *op, StringRef what, Type got, Type expected) {
  if (got == expected)
    return success();
  return op->emitOpError() << "expected " << what << " of element type " << expected << ", got " << got;
}

static LogicalResult expectFloat(Operation *op, Type got) {
  if (isa<FloatType>(got))
    return success();
  return op->emitOpError() << "expected floating-point elements, got " << got;
}

static LogicalResult expectInteger(Operation *op, StringRef what, Type got) {
  if (isa<IntegerType>(got))
    return success();
  return op->emitOpError() << "expected " << what << " of integers, got " << got;
}

/// The result's elements are the input's; most movement and window operations.
static LogicalResult expectSameElement(Operation *op) {
  return expectElement(op, "a result", elementOf(op->getResult(0)), elementOf(op->getOperand(0)));
}

// ---- Elementwise ----

#define TEGULA_VERIFY_FLOAT(OP)                                                                              \
  LogicalResult OP::verify() { return expectFloat(*this, elementOf(getInput())); }
TEGULA_VERIFY_FLOAT(ExpOp)
TEGULA_VERIFY_FLOAT(LogOp)
TEGULA_VERIFY_FLOAT(SqrtOp)
TEGULA_VERIFY_FLOAT(ReciprocalOp)
TEGULA_VERIFY_FLOAT(FloorOp)
TEGULA_VERIFY_FLOAT(CeilOp)
TEGULA_VERIFY_FLOAT(RoundOp)
TEGULA_VERIFY_FLOAT(ErfOp)
TEGULA_VERIFY_FLOAT(SinOp)
TEGULA_VERIFY_FLOAT(CosOp)
TEGULA_VERIFY_FLOAT(TanOp)
TEGULA_VERIFY_FLOAT(AsinOp)
TEGULA_VERIFY_FLOAT(AcosOp)
TEGULA_VERIFY_FLOAT(AtanOp)
TEGULA_VERIFY_FLOAT(SinhOp)
TEGULA_VERIFY_FLOAT(CoshOp)
TEGULA_VERIFY_FLOAT(AsinhOp)
TEGULA_VERIFY_FLOAT(AcoshOp)
TEGULA_VERIFY_FLOAT(AtanhOp)
TEGULA_VERIFY_FLOAT(TanhOp)
TEGULA_VERIFY_FLOAT(SigmoidOp)
#undef TEGULA_VERIFY_FLOAT

static LogicalResult verifyTest(Operation *op) {
  if (failed(expectFloat(op, elementOf(op->getOperand(0)))) ||
      failed(
          expectElement(op, "a result", elementOf(op->getResult(0)), IntegerType::get(op->getContext(), 1))))
    return failure();
  return expectShape(op, shapeOf(op->getOperand(0)));
}

LogicalResult IsNaNOp::verify() { return verifyTest(*this); }
LogicalResult IsInfOp::verify() { return verifyTest(*this); }
LogicalResult CastOp::verify() { return expectShape(*this, shapeOf(getInput())); }

static LogicalResult verifyBroadcast(Operation *op) {
  Shape shape = shapeOf(op->getOperand(0));
  for (Value operand : op->getOperands().drop_front()) {
    FailureOr<Shape> joined = inferBroadcastShape(shape, shapeOf(operand), RuleAt(op));
    if (failed(joined))
      return failure();
    shape = *joined;
  }
  return expectShape(op, shape);
}

enum class Numbers { Any, Integer, Unsigned };

static LogicalResult verifyBinary(Operation *op, Numbers numbers) {
  Type element = elementOf(op->getOperand(0));
  if (numbers != Numbers::Any && failed(expectInteger(op, "operands", element)))
    return failure();
  if (numbers == Numbers::Unsigned && !element.isUnsignedInteger())
    return op->emitOpError() << "expected unsigned integers, got " << element;
  if (failed(expectElement(op, "a right operand", elementOf(op->getOperand(1)), element)) ||
      failed(expectSameElement(op)))
    return failure();
  return verifyBroadcast(op);
}

#define TEGULA_VERIFY_BINARY(OP, NUMBERS)                                                                    \
  LogicalResult OP::verify() { return verifyBinary(*this, Numbers::NUMBERS); }
TEGULA_VERIFY_BINARY(AddOp, Any)
TEGULA_VERIFY_BINARY(SubOp, Any)
TEGULA_VERIFY_BINARY(MulOp, Any)
TEGULA_VERIFY_BINARY(DivOp, Any)
TEGULA_VERIFY_BINARY(MaxOp, Any)
TEGULA_VERIFY_BINARY(MinOp, Any)
TEGULA_VERIFY_BINARY(ModOp, Any)
TEGULA_VERIFY_BINARY(AndOp, Integer)
TEGULA_VERIFY_BINARY(OrOp, Integer)
TEGULA_VERIFY_BINARY(XorOp, Integer)
TEGULA_VERIFY_BINARY(ShiftLeftOp, Unsigned)
TEGULA_VERIFY_BINARY(ShiftRightOp, Unsigned)
#undef TEGULA_VERIFY_BINARY

LogicalResult PowOp::verify() {
  return failed(expectSameElement(*this)) ? failure() : verifyBroadcast(*this);
}

LogicalResult CompareOp::verify() {
  if (failed(expectElement(*this, "a right operand", elementOf(getRhs()), elementOf(getLhs()))) ||
      failed(expectElement(*this, "a result", elementOf(getResult()), IntegerType::get(getContext(), 1))))
    return failure();
  return verifyBroadcast(*this);
}

LogicalResult WhereOp::verify() {
  if (failed(expectElement(*this, "a condition", elementOf(getCondition()),
                           IntegerType::get(getContext(), 1))) ||
      failed(expectElement(*this, "a right operand", elementOf(getRhs()), elementOf(getLhs()))) ||
      failed(expectElement(*this, "a result", elementOf(getResult()), elementOf(getLhs()))))
    return failure();
  return verifyBroadcast(*this);
}

// ---- Sizes ----

LogicalResult SizesOp::verify() {
  auto type = cast<RankedTensorType>(getType());
  AffineMap map = getValues();
  if (failed(expectInteger(*this, "a result", type.getElementType())))
    return failure();
  if (map.getNumDims() != 0 || map.getNumResults() != type.getNumElements())
    return emitOpError() << "expected a size for each of " << type.getNumElements()
                         << " elements and no dims, got " << getValuesAttr();
  if (AffineMap normal = sizesMap(sizesOf(map), getContext()); normal != map)
    return emitOpError() << "expected sizes in normal form, " << AffineMapAttr::get(normal) << ", got "
                         << getValuesAttr();
  return success();
}

// ---- Movement ----

LogicalResult ReshapeOp::verify() {
  return failed(expectSameElement(*this))
             ? failure()
             : checkReshape(shapeOf(getInput()), shapeOf(getResult()), RuleAt(*this));
}

LogicalResult TransposeOp::verify() {
  if (failed(expectSameElement(*this)))
    return failure();
  return expectShape(*this, inferTransposeShape(shapeOf(getInput()), getPerm(), RuleAt(*this)));
}

LogicalResult ExpandOp::verify() {
  return failed(expectSameElement(*this))
             ? failure()
             : checkExpand(shapeOf(getInput()), shapeOf(getResult()), RuleAt(*this));
}

LogicalResult TileOp::verify() {
  if (failed(expectSameElement(*this)))
    return failure();
  return expectShape(*this, inferTileShape(shapeOf(getInput()), getRepeats(), RuleAt(*this)));
}

LogicalResult SliceOp::verify() {
  if (failed(expectSameElement(*this)))
    return failure();
  return checkSlice(shapeOf(getInput()), getStarts(), getSteps(), shapeOf(getResult()), RuleAt(*this));
}

LogicalResult PadOp::verify() {
  if (failed(expectSameElement(*this)) ||
      failed(expectElement(*this, "a value", elementOf(getValue()), elementOf(getInput()))))
    return failure();
  if (!elementCount(shapeOf(getValue())).is(1))
    return emitOpError() << "expected a value of one element, got " << shapeText(shapeOf(getValue()));
  for (auto [dim, low, high] : llvm::zip(shapeOf(getInput()), getLow(), getHigh())) {
    bool isReflect = getMode() == PadMode::Reflect;
    if (getMode() != PadMode::Constant && (low > 0 || high > 0) && surelyLess(dim, isReflect ? 2 : 1))
      return emitOpError() << "expected at least " << (isReflect ? 2 : 1) << " elements to repeat, got "
                           << dim.text();
  }
  return expectShape(*this, inferPadShape(shapeOf(getInput()), getLow(), getHigh(), RuleAt(*this)));
}

LogicalResult GatherOp::verify() {
  if (failed(expectSameElement(*this)) || failed(expectInteger(*this, "indices", elementOf(getIndices()))))
    return failure();
  return expectShape(*this,
                     inferGatherShape(shapeOf(getInput()), shapeOf(getIndices()), getAxis(), RuleAt(*this)));
}

LogicalResult GatherElementsOp::verify() {
  if (failed(expectSameElement(*this)) || failed(expectInteger(*this, "indices", elementOf(getIndices()))))
    return failure();
  return expectShape(
      *this, inferGatherElementsShape(shapeOf(getInput()), shapeOf(getIndices()), getAxis(), RuleAt(*this)));
}

LogicalResult GatherNDOp::verify() {
  if (failed(expectSameElement(*this)) || failed(expectInteger(*this, "indices", elementOf(getIndices()))))
    return failure();
  return expectShape(
      *this, inferGatherNDShape(shapeOf(getInput()), shapeOf(getIndices()), getBatchDims(), RuleAt(*this)));
}

LogicalResult TriluOp::verify() {
  if (typeOf(getInput()).getRank() < 2)
    return emitOpError() << "expected an input of rank at least 2, got " << typeOf(getInput()).getRank();
  return failed(expectSameElement(*this)) ? failure() : expectShape(*this, shapeOf(getInput()));
}

LogicalResult ResizeOp::verify() {
  Shape input = shapeOf(getInput()), result = shapeOf(getResult());
  if (failed(expectSameElement(*this)))
    return failure();
  if (result.size() != input.size() || getScales().size() != input.size())
    return emitOpError() << "expected a result and scales of rank " << input.size() << ", got "
                         << result.size() << " and " << getScales().size();
  for (auto [from, to, scale] : llvm::zip_equal(input, result, getScales())) {
    bool isLate = scale == 0 && !(from.isStatic() && to.isStatic()); // what the sizes give at run time
    if (!(scale > 0) && !isLate)
      return emitOpError() << "expected scales above 0, got " << scale;
    if (from.is(0) && !to.is(0))
      return emitOpError() << "expected at least one element to resize, got shape " << shapeText(input);
  }
  bool isCrop = getCoordinates() == CoordinateMode::TfCropAndResize;
  if (getRoi().size() != (isCrop ? 2 * input.size() : 0))
    return emitOpError() << "expected " << (isCrop ? 2 * input.size() : 0) << " roi entries, got "
                         << getRoi().size();
  return success();
}

LogicalResult ConcatOp::verify() {
  SmallVector<Shape> shapes;
  for (Value input : getInputs()) {
    if (failed(expectElement(*this, "inputs", elementOf(input), elementOf(getResult()))))
      return failure();
    shapes.push_back(shapeOf(input));
  }
  return expectShape(*this, inferConcatShape(shapes, getAxis(), RuleAt(*this)));
}

LogicalResult RangeOp::verify() {
  if (failed(expectSameElement(*this)) ||
      failed(expectElement(*this, "a delta", elementOf(getDelta()), elementOf(getStart()))))
    return failure();
  if (!elementCount(shapeOf(getStart())).is(1) || !elementCount(shapeOf(getDelta())).is(1) ||
      typeOf(getResult()).getRank() != 1)
    return emitOpError() << "expected a start and delta of one element and a result of rank 1, got "
                         << shapeText(shapeOf(getStart())) << ", " << shapeText(shapeOf(getDelta()))
                         << " and " << shapeText(shapeOf(getResult()));
  return success();
}

// ---- Contractions, windows, reductions ----

LogicalResult MatMulOp::verify() {
  if (failed(expectSameElement(*this)) ||
      failed(expectElement(*this, "a right operand", elementOf(getRhs()), elementOf(getLhs()))))
    return failure();
  return expectShape(*this, inferMatMulShape(shapeOf(getLhs()), shapeOf(getRhs()), RuleAt(*this)));
}

LogicalResult ConvOp::verify() {
  if (failed(expectSameElement(*this)) ||
      failed(expectElement(*this, "a filter", elementOf(getFilter()), elementOf(getInput()))))
    return failure();
  WindowRef window{{}, getStrides(), getDilations(), getPadsLow(), getPadsHigh()};
  return expectShape(*this, inferConvShape(shapeOf(getInput()), shapeOf(getFilter()), window, getGroup(),
                                           getLayout() == Layout::ChannelsLast, RuleAt(*this)));
}

LogicalResult ConvTransposeOp::verify() {
  if (failed(expectSameElement(*this)) ||
      failed(expectElement(*this, "a filter", elementOf(getFilter()), elementOf(getInput()))))
    return failure();
  WindowRef window{{}, getStrides(), getDilations(), getPadsLow(), {}};
  return checkConvTranspose(shapeOf(getInput()), shapeOf(getFilter()), window, getGroup(),
                            shapeOf(getResult()), RuleAt(*this));
}

template <typename Pool> static LogicalResult verifyPool(Pool pool) {
  WindowRef window{pool.getKernel(), pool.getStrides(), pool.getDilations(), pool.getPadsLow(),
                   pool.getPadsHigh()};
  return checkPool(shapeOf(pool.getInput()), window, pool.getLayout() == Layout::ChannelsLast,
                   shapeOf(pool.getResult()), RuleAt(pool));
}

LogicalResult MaxPoolOp::verify() { return failed(expectSameElement(*this)) ? failure() : verifyPool(*this); }
LogicalResult AveragePoolOp::verify() {
  return failed(expectSameElement(*this)) ? failure() : verifyPool(*this);
}
LogicalResult MaxPoolIndicesOp::verify() {
  Type index = IntegerType::get(getContext(), 64);
  return failed(expectElement(*this, "a result", elementOf(getResult()), index)) ? failure()
                                                                                 : verifyPool(*this);
}

LogicalResult ReduceOp::verify() {
  if (failed(expectSameElement(*this)))
    return failure();
  return expectShape(*this, inferReduceShape(shapeOf(getInput()), getAxes(), RuleAt(*this)));
}

LogicalResult ArgReduceOp::verify() {
  if (failed(expectElement(*this, "a result", elementOf(getResult()), IntegerType::get(getContext(), 64))))
    return failure();
  return expectShape(*this, inferReduceShape(shapeOf(getInput()), {getAxis()}, RuleAt(*this)));
}

LogicalResult CumSumOp::verify() {
  if (failed(expectSameElement(*this)) ||
      failed(checkAxis(getAxis(), typeOf(getInput()).getRank(), RuleAt(*this))))
    return failure();
  return expectShape(*this, shapeOf(getInput()));
}

LogicalResult SoftmaxOp::verify() {
  if (failed(expectFloat(*this, elementOf(getInput()))))
    return failure();
  return checkAxis(getAxis(), typeOf(getInput()).getRank(), RuleAt(*this));
}

LogicalResult LayerNormOp::verify() {
  Shape input = shapeOf(getInput());
  if (failed(expectFloat(*this, elementOf(getInput()))) || failed(expectSameElement(*this)) ||
      failed(checkAxis(getAxis(), input.size(), RuleAt(*this))))
    return failure();
  SmallVector<Value> parameters{getScale()};
  if (getBias())
    parameters.push_back(getBias());
  for (Value parameter : parameters) {
    if (failed(expectElement(*this, "scale and bias", elementOf(parameter), elementOf(getInput()))) ||
        failed(checkExpand(shapeOf(parameter), input, RuleAt(*this))))
      return failure();
  }
  return expectShape(*this, input);
}

} // namespace tegula::graph
