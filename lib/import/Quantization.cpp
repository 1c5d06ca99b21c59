// Imports quantisation as the arithmetic it stands for; fusing it into integer kernels is the compiler's
// business.
#include "Node.h"

#include <limits>

using namespace mlir;

namespace tegula::importer {

/// Shapes a scale or zero point so that it broadcasts to x: one number, one along the axis, or one a block of
/// the axis.
static Value spread(Node &node, Value parameter, Value x, int64_t axis, int64_t block) {
  if (!parameter || !x || Ops::rank(parameter) == 0)
    return parameter;
  if (Ops::count(Ops::shape(parameter)).is(1) && block == 0)
    return node.reshape(parameter, {});
  std::optional<int64_t> at = node.axis(axis, Ops::rank(x));
  if (!at)
    return {};
  if (block == 0) {
    Shape shape(Ops::rank(x), 1);
    if (Ops::rank(parameter) != 1) {
      node.invalid("expected scales of rank 1, got " + node.shown(Ops::shape(parameter)));
      return {};
    }
    shape[*at] = Ops::shape(parameter)[0];
    return node.reshape(parameter, shape);
  }
  Shape shape = Ops::shape(parameter);
  if (static_cast<int64_t>(shape.size()) != Ops::rank(x) || block < 0 ||
      !node.equal(ceilDiv(Ops::shape(x)[*at], block), shape[*at], "expected one scale a block")) {
    node.invalid("expected one scale a block of " + Twine(block) + " elements, got " + node.shown(shape));
    return {};
  }
  Value indices =
      node.div(node.iota(Ops::shape(x)[*at], node.builder.getI64Type()), static_cast<double>(block));
  return node.gather(parameter, indices, *at);
}

/// round(x / scale) + zero, held to the range of the type.
static Value quantize(Node &node, Value x, Value scale, Value zero, Type to) {
  Value level = node.unary<graph::RoundOp>(node.div(x, scale));
  if (zero)
    level = node.add(level, node.cast(zero, node.element(level)));
  unsigned width = to.getIntOrFloatBitWidth();
  bool isUnsigned = to.isUnsignedInteger();
  double low = isUnsigned ? 0 : -static_cast<double>(int64_t(1) << (width - 1));
  double high = static_cast<double>((int64_t(1) << (isUnsigned ? width : width - 1)) - 1);
  return node.cast(node.clamp(level, low, high), to);
}

/// (x - zero) · scale
static Value dequantize(Node &node, Value x, Value scale, Value zero) {
  Type i32 = node.builder.getI32Type();
  Value level = node.cast(x, i32);
  if (zero)
    level = node.sub(level, node.cast(zero, i32));
  return node.mul(node.cast(level, node.element(scale)), scale);
}

static bool isQuantized(Type type) {
  return isa<IntegerType>(type) && (type.getIntOrFloatBitWidth() == 8 || type.getIntOrFloatBitWidth() == 16);
}

/// ONNX's number of the type asked for, 0 where none is; -1 stands for all that are no type.
static int outputType(Node &node) {
  int64_t number = node.integer("output_dtype", 0);
  return number == std::clamp<int64_t>(number, 0, INT32_MAX) ? static_cast<int>(number) : -1;
}

static void quantizeLinear(Node &node) {
  Value x = node.input(0);
  int64_t axis = node.integer("axis", 1), block = node.integer("block_size", 0);
  int dataType = outputType(node);
  int64_t precision = node.integer("precision", 0);
  node.integer("saturate", 1);
  Value scale = spread(node, node.input(1), x, axis, block),
        zero = node.has(2) ? spread(node, node.input(2), x, axis, block) : Value();
  Type to = node.has(2) ? node.element(zero)
            : dataType  ? elementType(node.builder.getContext(), dataType)
                        : Type(node.builder.getIntegerType(8, false));
  if (!x || !scale || (node.has(2) && !zero))
    return;
  if (!to || !isQuantized(to))
    return node.unsupported("quantisation to " + dataTypeName(dataType) + " is not supported",
                            Code::UnsupportedType);
  if (!node.isFloat(x) || (precision != 0 && precision != 1))
    return node.unsupported("quantisation of integers or in a precision other than float32 is not supported",
                            Code::UnsupportedType);
  Type wide = node.builder.getF32Type();
  if (node.element(x) != node.element(scale) || !node.element(x).isF32())
    return node.unsupported("quantisation of another type than float32 is not supported",
                            Code::UnsupportedType);
  node.result(quantize(node, node.cast(x, wide), node.cast(scale, wide), zero, to));
}

static void dequantizeLinear(Node &node) {
  Value x = node.input(0);
  int64_t axis = node.integer("axis", 1), block = node.integer("block_size", 0);
  int dataType = outputType(node);
  Value scale = spread(node, node.input(1), x, axis, block),
        zero = node.has(2) ? spread(node, node.input(2), x, axis, block) : Value();
  if (!x || !scale || (node.has(2) && !zero))
    return;
  if (!isa<IntegerType>(node.element(x)))
    return node.unsupported("dequantisation of floating point is not supported", Code::UnsupportedType);
  Value y = dequantize(node, x, scale, zero);
  Type to = dataType ? elementType(node.builder.getContext(), dataType) : node.element(scale);
  if (!to)
    return node.unsupported("dequantisation to " + dataTypeName(dataType) + " is not supported",
                            Code::UnsupportedType);
  node.result(node.cast(y, to));
}

static void dynamicQuantizeLinear(Node &node) {
  Value x = node.input(0);
  Ints all = Ops::span(0, Ops::rank(x));
  Value high = node.reduce(ReduceKind::Max, x, all, false), low = node.reduce(ReduceKind::Min, x, all, false);
  high = node.max(high, node.like(high, 0.0)), low = node.min(low, node.like(low, 0.0));
  Value scale = node.div(node.sub(high, low), 255.0);
  Value isFlat = node.compare(Predicate::Equal, scale, 0.0);
  scale = node.where(isFlat, node.like(scale, 1.0), scale);
  Type byte = node.builder.getIntegerType(8, /*isSigned=*/false);
  Value zero =
      node.cast(node.unary<graph::RoundOp>(node.clamp(node.neg(node.div(low, scale)), 0.0, 255.0)), byte);
  node.result(quantize(node, x, scale, zero, byte), 0);
  node.result(scale, 1);
  node.result(zero, 2);
}

/// Quantises an integer product: its unit is the product of both operands' scales.
static void requantize(Node &node, Value product, Value leftScale, Value rightScale, size_t scaleIndex,
                       size_t zeroIndex, Type to) {
  Value scale = node.input(scaleIndex), zero = node.has(zeroIndex) ? node.input(zeroIndex) : Value();
  for (Value *parameter : {&scale, &zero})
    if (*parameter && Ops::count(Ops::shape(*parameter)).is(1))
      *parameter = node.reshape(*parameter, {});
  Type wide = node.builder.getF32Type();
  if (!product || !leftScale || !rightScale || !scale)
    return;
  Value unit =
      node.div(node.mul(node.cast(leftScale, wide), node.cast(rightScale, wide)), node.cast(scale, wide));
  Value level = node.unary<graph::RoundOp>(node.mul(node.cast(product, wide), unit));
  if (zero)
    level = node.add(level, node.cast(zero, wide));
  bool isUnsigned = to.isUnsignedInteger();
  node.result(node.cast(node.clamp(level, isUnsigned ? 0 : -128, isUnsigned ? 255 : 127), to));
}

static void qLinearMatMul(Node &node) {
  Type i32 = node.builder.getI32Type();
  Value a = node.input(0), b = node.input(3);
  // Parameters are one number, one a row of a, or one a column of b.
  auto shaped = [&](size_t index, bool isRow) -> Value {
    Value parameter = node.input(index);
    if (Ops::rank(parameter) == 1 && Ops::shape(parameter)[0].is(1))
      return node.reshape(parameter, {});
    return isRow && Ops::rank(parameter) == 1 ? node.reshape(parameter, {Ops::shape(parameter)[0], 1})
                                              : parameter;
  };
  if (Ops::rank(a) < 2 || Ops::rank(b) < 2)
    return node.unsupported("vectors are not supported");
  Value lhs = node.sub(node.cast(a, i32), node.cast(shaped(2, true), i32)),
        rhs = node.sub(node.cast(b, i32), node.cast(shaped(5, false), i32));
  requantize(node, node.matmul(lhs, rhs), shaped(1, true), shaped(4, false), 6, 7,
             node.element(node.optional(7)));
}

ArrayRef<Operator> quantizationOperators() {
  static const Operator table[] = {
      {"", "DequantizeLinear", 10, dequantizeLinear, "from 8, 16 and 32 bit integers"},
      {"", "DynamicQuantizeLinear", 11, dynamicQuantizeLinear, ""},
      {"", "QLinearMatMul", 10, qLinearMatMul, "matrices"},
      {"", "QuantizeLinear", 10, quantizeLinear, "float32 to 8 and 16 bit integers"},
  };
  return table;
}

} // namespace tegula::importer
