// Writes arithmetic of one floating-point type, scalar or vector: functions that become arithmetic read as
// formulas instead of calls that make operations.
#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace tegula::codegen {

class MathWriter {
public:
  using Value = mlir::Value;

  /// Of values of `type`: float32, float64, or a vector of one of them.
  MathWriter(mlir::OpBuilder &at, mlir::Location loc, mlir::Type type, bool keepDenormals)
      : keepDenormals(keepDenormals), builder(loc, at), floatType(type),
        isDouble(mlir::getElementTypeOrSelf(type).isF64()),
        intType(withElement(builder.getIntegerType(isDouble ? 64 : 32))) {}

  const bool keepDenormals; ///< small results must be right too, not only zero

  Value real(double value) {
    return constant(floatType, builder.getFloatAttr(mlir::getElementTypeOrSelf(floatType), value));
  }
  Value integer(int64_t value) {
    return constant(intType, builder.getIntegerAttr(mlir::getElementTypeOrSelf(intType), value));
  }
  Value add(Value a, Value b) { return mlir::arith::AddFOp::create(builder, a, b); }
  Value sub(Value a, Value b) { return mlir::arith::SubFOp::create(builder, a, b); }
  Value mul(Value a, Value b) { return mlir::arith::MulFOp::create(builder, a, b); }
  Value div(Value a, Value b) { return mlir::arith::DivFOp::create(builder, a, b); }
  Value negate(Value a) { return mlir::arith::NegFOp::create(builder, a); }
  Value fma(Value a, Value b, Value c) { return mlir::math::FmaOp::create(builder, a, b, c); }
  Value size(Value a) { return mlir::math::AbsFOp::create(builder, a); }
  Value root(Value a) { return mlir::math::SqrtOp::create(builder, a); }
  Value nearest(Value a) { return mlir::math::RoundEvenOp::create(builder, a); }
  Value whole(Value a) { return mlir::math::TruncOp::create(builder, a); }
  /// `size`, which has no sign, with that of `sign`.
  Value withSign(Value size, Value sign) {
    Value bit = andInt(bitsOf(sign), integer(isDouble ? INT64_MIN : INT32_MIN));
    return fromBits(mlir::arith::OrIOp::create(builder, bitsOf(size), bit));
  }
  Value addInt(Value a, Value b) { return mlir::arith::AddIOp::create(builder, a, b); }
  Value subInt(Value a, Value b) { return mlir::arith::SubIOp::create(builder, a, b); }
  Value andInt(Value a, Value b) { return mlir::arith::AndIOp::create(builder, a, b); }
  Value shiftLeft(Value a, int64_t by) { return mlir::arith::ShLIOp::create(builder, a, integer(by)); }
  Value shiftRight(Value a, int64_t by) { return mlir::arith::ShRSIOp::create(builder, a, integer(by)); }
  Value bitsOf(Value a) { return mlir::arith::BitcastOp::create(builder, intType, a); }
  Value fromBits(Value a) { return mlir::arith::BitcastOp::create(builder, floatType, a); }
  Value toFloat(Value a) { return mlir::arith::SIToFPOp::create(builder, floatType, a); }
  Value compare(mlir::arith::CmpFPredicate predicate, Value a, Value b) {
    return mlir::arith::CmpFOp::create(builder, predicate, a, b);
  }
  Value isZero(Value a) {
    return mlir::arith::CmpIOp::create(builder, mlir::arith::CmpIPredicate::eq, a, integer(0));
  }
  Value both(Value a, Value b) { return mlir::arith::AndIOp::create(builder, a, b); }
  Value select(Value condition, Value a, Value b) {
    return mlir::arith::SelectOp::create(builder, condition, a, b);
  }
  /// `x` within [low, high]; NaN stays. One instruction each way: the constant comes first.
  Value clamp(Value x, double low, double high) {
    Value l = real(low), h = real(high);
    x = select(compare(mlir::arith::CmpFPredicate::OGT, l, x), l, x);
    return select(compare(mlir::arith::CmpFPredicate::OLT, h, x), h, x);
  }
  /// The polynomial with these coefficients, highest power first.
  Value polynomial(Value x, llvm::ArrayRef<double> coefficients) {
    Value sum = real(coefficients.front());
    for (double coefficient : coefficients.drop_front())
      sum = fma(sum, x, real(coefficient));
    return sum;
  }

  /// A writer of float64 where this is one of float32, and values that go from one to the other.
  MathWriter wide() { return {builder, builder.getLoc(), withElement(builder.getF64Type()), keepDenormals}; }
  Value extend(Value a) { return mlir::arith::ExtFOp::create(builder, withElement(builder.getF64Type()), a); }
  Value truncate(Value a) { return mlir::arith::TruncFOp::create(builder, floatType, a); }

  template <typename Op> Value call(Value a) { return Op::create(builder, a); }
  bool isOfDouble() const { return isDouble; }

private:
  mlir::Type withElement(mlir::Type element) {
    auto vector = mlir::dyn_cast<mlir::VectorType>(floatType);
    return vector ? mlir::Type(vector.clone(element)) : element;
  }
  Value constant(mlir::Type type, mlir::TypedAttr value) {
    if (auto vector = mlir::dyn_cast<mlir::VectorType>(type))
      return mlir::arith::ConstantOp::create(builder,
                                             mlir::DenseElementsAttr::get(vector, mlir::Attribute(value)));
    return mlir::arith::ConstantOp::create(builder, value);
  }

  mlir::ImplicitLocOpBuilder builder;
  mlir::Type floatType;
  bool isDouble;
  mlir::Type intType;
};

} // namespace tegula::codegen
