// Reads, writes and computes small constants, by interpreting the scalar arithmetic that operations emit.
#include "tegula/dialects/graph/Elements.h"

#include "tegula/dialects/graph/Graph.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace tegula::graph {

static Type signless(Type element) {
  auto integer = dyn_cast<IntegerType>(element);
  return integer ? IntegerType::get(element.getContext(), integer.getWidth()) : element;
}

int64_t Elements::integer(int64_t index) const {
  const APInt &value = at(index);
  return type.getElementType().isUnsignedInteger() || value.getBitWidth() == 1
             ? static_cast<int64_t>(value.getZExtValue())
             : value.getSExtValue();
}

TypedAttr Elements::scalar(int64_t index) const {
  if (auto real = dyn_cast<FloatType>(type.getElementType()))
    return FloatAttr::get(real, APFloat(real.getFloatSemantics(), at(index)));
  return IntegerAttr::get(signless(type.getElementType()), at(index));
}

/// Weights are kept as raw bytes; small ones are worth reading.
static DenseElementsAttr readResource(DenseResourceElementsAttr resource, RankedTensorType type) {
  AsmResourceBlob *blob = resource.getRawHandle().getBlob();
  if (!blob)
    return {};
  ArrayRef<char> data = blob->getData();
  if (type.getElementType().isInteger(1)) {
    if (static_cast<int64_t>(data.size()) != type.getNumElements())
      return {};
    return DenseElementsAttr::get(type, llvm::map_to_vector(data, [](char byte) { return byte != 0; }));
  }
  int64_t width = type.getElementTypeBitWidth() / 8;
  return static_cast<int64_t>(data.size()) == type.getNumElements() * width
             ? DenseElementsAttr::getFromRawBuffer(type, data)
             : DenseElementsAttr();
}

std::optional<Elements> Elements::read(Attribute attribute) {
  auto value = dyn_cast_or_null<ElementsAttr>(attribute);
  auto type = value ? dyn_cast<RankedTensorType>(value.getShapedType()) : RankedTensorType();
  if (!type || !isa<IntegerType, FloatType>(type.getElementType()))
    return std::nullopt;
  auto dense = dyn_cast<DenseElementsAttr>(attribute);
  bool isSplat = dense && dense.isSplat() && type.getNumElements() > 0;
  if (type.getNumElements() > kFoldLimit && !isSplat)
    return std::nullopt;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attribute))
    dense = readResource(resource, type);
  if (!dense)
    return std::nullopt;
  Elements result{type, {}, isSplat};
  if (isa<FloatType>(type.getElementType())) {
    if (isSplat)
      result.values.push_back(dense.getSplatValue<APFloat>().bitcastToAPInt());
    else
      for (const APFloat &number : dense.getValues<APFloat>())
        result.values.push_back(number.bitcastToAPInt());
  } else if (isSplat) {
    result.values.push_back(dense.getSplatValue<APInt>());
  } else {
    llvm::append_range(result.values, dense.getValues<APInt>());
  }
  return result;
}

DenseElementsAttr Elements::write() const {
  auto real = dyn_cast<FloatType>(type.getElementType());
  if (!real)
    return DenseElementsAttr::get(type, ArrayRef<APInt>(values));
  SmallVector<APFloat> numbers;
  for (const APInt &bits : values)
    numbers.emplace_back(real.getFloatSemantics(), bits);
  return DenseElementsAttr::get(type, ArrayRef<APFloat>(numbers));
}

namespace {

/// The scalar program of one elementwise operation, run once an element.
class Interpreter {
public:
  explicit Interpreter(ElementwiseOpInterface op) {
    OpBuilder builder(op.getContext());
    builder.setInsertionPointToEnd(&block);
    SmallVector<Value> arguments;
    for (Value operand : op->getOperands())
      arguments.push_back(block.addArgument(
          signless(cast<RankedTensorType>(operand.getType()).getElementType()), op.getLoc()));
    result = op.emitScalar(builder, op.getLoc(), arguments);
    for (Operation &step : block)
      if (auto constant = dyn_cast<arith::ConstantOp>(step))
        values[constant] = constant.getValue();
  }

  /// The result for these operands, or nothing where a step does not fold.
  Attribute run(ArrayRef<TypedAttr> operands) {
    for (auto [argument, operand] : llvm::zip_equal(block.getArguments(), operands))
      values[argument] = operand;
    for (Operation &step : block) {
      if (isa<arith::ConstantOp>(step))
        continue;
      SmallVector<Attribute> inputs =
          llvm::map_to_vector(step.getOperands(), [&](Value value) { return values.lookup(value); });
      SmallVector<OpFoldResult> folded;
      if (auto truncation = dyn_cast<arith::TruncFOp>(step)) { // arith folds it only where nothing is lost
        values[truncation] = rounded(inputs.front(), cast<FloatType>(truncation.getType()));
        continue;
      }
      if (failed(step.fold(inputs, folded)) || folded.size() != 1)
        return {};
      auto value = dyn_cast<Value>(folded.front());
      values[step.getResult(0)] = value ? values.lookup(value) : cast<Attribute>(folded.front());
    }
    return values.lookup(result);
  }

private:
  static Attribute rounded(Attribute number, FloatType type) {
    APFloat value = cast<FloatAttr>(number).getValue();
    bool loses;
    value.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven, &loses);
    return FloatAttr::get(type, value);
  }

  Block block;
  Value result;
  DenseMap<Value, Attribute> values;
};

/// Reads an operand as if broadcast to the result's shape.
struct Broadcast {
  Elements elements;
  SmallVector<int64_t> strides; ///< one a result dimension, 0 where the operand repeats

  Broadcast(Elements source, IntsRef result) : elements(std::move(source)), strides(result.size(), 0) {
    IntsRef shape = elements.type.getShape();
    int64_t stride = 1;
    for (size_t i = shape.size(); i-- > 0;) {
      strides[i + result.size() - shape.size()] = shape[i] == 1 ? 0 : stride;
      stride *= shape[i];
    }
  }
};

} // namespace

OpFoldResult foldElementwise(Operation *op, ArrayRef<Attribute> operands) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (!type.hasStaticShape())
    return {};
  if (llvm::any_of(operands, llvm::IsaAndPresentPred<AffineMapAttr>))
    return foldSizes(op, operands);
  SmallVector<Broadcast> sources;
  bool isSplat = type.getNumElements() > 0;
  for (Attribute operand : operands) {
    std::optional<Elements> elements = Elements::read(operand);
    if (!elements)
      return {};
    isSplat &= elements->isSplat || elements->type.getNumElements() == 1;
    sources.emplace_back(std::move(*elements), type.getShape());
  }
  if (!isSplat && type.getNumElements() > kFoldLimit)
    return {};
  Interpreter interpreter{cast<ElementwiseOpInterface>(op)};
  Elements result{type, {}, isSplat};
  SmallVector<int64_t> position(type.getRank(), 0);
  for (int64_t i = 0, count = isSplat ? 1 : type.getNumElements(); i < count; ++i) {
    SmallVector<TypedAttr> scalars;
    for (const Broadcast &source : sources) {
      int64_t index = 0;
      for (auto [at, stride] : llvm::zip_equal(position, source.strides))
        index += at * stride;
      scalars.push_back(source.elements.scalar(index));
    }
    Attribute value = interpreter.run(scalars);
    if (auto integer = dyn_cast_or_null<IntegerAttr>(value))
      result.values.push_back(integer.getValue());
    else if (auto real = dyn_cast_or_null<FloatAttr>(value))
      result.values.push_back(real.getValue().bitcastToAPInt());
    else
      return {};
    for (int64_t dim = type.getRank(); dim-- > 0;) {
      if (++position[dim] < type.getDimSize(dim))
        break;
      position[dim] = 0;
    }
  }
  return result.write();
}

} // namespace tegula::graph
