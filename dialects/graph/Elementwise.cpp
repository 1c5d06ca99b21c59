// Says what each elementwise operation computes for one element, the single definition that folding, lowering
// and the oracle use.
#include "tegula/dialects/graph/Graph.h"
#include "tegula/dialects/graph/Scalars.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// Emits scalar arithmetic at one place.
struct Scalar {
  OpBuilder &builder;
  Location loc;

  template <typename Op, typename... Args> Value make(Args &&...args) const {
    return Op::create(builder, loc, std::forward<Args>(args)...);
  }
  Value number(Type type, double value) const {
    if (isa<FloatType>(type))
      return make<arith::ConstantOp>(builder.getFloatAttr(type, value));
    return make<arith::ConstantOp>(builder.getIntegerAttr(type, static_cast<int64_t>(value)));
  }
  Value compare(arith::CmpFPredicate predicate, Value lhs, Value rhs) const {
    return make<arith::CmpFOp>(predicate, lhs, rhs);
  }
  Value compare(arith::CmpIPredicate predicate, Value lhs, Value rhs) const {
    return make<arith::CmpIOp>(predicate, lhs, rhs);
  }
  Value select(Value condition, Value yes, Value no) const {
    return make<arith::SelectOp>(condition, yes, no);
  }
  Value negate(Value integer) const { return make<arith::SubIOp>(number(integer.getType(), 0), integer); }

  /// Widens f16 and bf16 to f32, in which they are computed.
  Value widen(Value value) const {
    return isNarrow(value.getType()) ? make<arith::ExtFOp>(builder.getF32Type(), value) : value;
  }
  Value narrow(Value value, Type type) const {
    return value.getType() == type ? value : make<arith::TruncFOp>(type, value);
  }
  static bool isNarrow(Type type) { return type.isF16() || type.isBF16(); }

  /// Converts between scalar types; signedness of integers is given, truth is i1.
  Value convert(Value value, bool fromUnsigned, Type to, bool toUnsigned) const;
  Value convertFloatToInteger(Value value, Type to, bool toUnsigned) const;
};

using CmpF = arith::CmpFPredicate;
using CmpI = arith::CmpIPredicate;

Type elementOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()).getElementType(); }
bool isUnsigned(Type element) { return element.isUnsignedInteger() || element.isInteger(1); }
bool isUnsignedTensor(Value tensor) { return isUnsigned(elementOf(tensor)); }

/// The scalar type that holds an element: signless for integers.
Type scalarType(Type element) {
  auto integer = dyn_cast<IntegerType>(element);
  return integer ? IntegerType::get(element.getContext(), integer.getWidth()) : element;
}

Value Scalar::convertFloatToInteger(Value value, Type to, bool toUnsigned) const {
  value = widen(value);
  unsigned width = to.getIntOrFloatBitWidth();
  // What does not fit, and what is no number, becomes the number with the top bit alone, as on x86: the
  // conversion by itself would be undefined, and whatever checks the result later undefined with it.
  auto checked = [&](Type type, double low, double high, bool isUnsigned) {
    Value fits = make<arith::AndIOp>(compare(CmpF::OGE, value, number(value.getType(), low)),
                                     compare(CmpF::OLT, value, number(value.getType(), high)));
    Value safe = select(fits, value, number(value.getType(), 0));
    Value integer = isUnsigned ? Value(make<arith::FPToUIOp>(type, safe)) : make<arith::FPToSIOp>(type, safe);
    Value top = make<arith::ConstantOp>(
        builder.getIntegerAttr(type, APInt::getSignedMinValue(type.getIntOrFloatBitWidth())));
    return select(fits, integer, top);
  };
  if (toUnsigned && width == 64) { // a negative number wraps, as it does for the narrower types
    Value isNegative = compare(CmpF::OLT, value, number(value.getType(), 0));
    return select(isNegative, checked(to, -0x1p63, 0x1p63, false), checked(to, 0, 0x1p64, true));
  }
  // Through a wider signed integer, so that values a little outside of a narrow type wrap as they do in C
  // instead of being poison.
  Type wide = builder.getIntegerType(width < 32 || (width == 32 && !toUnsigned) ? 32 : 64);
  double limit = std::ldexp(1.0, static_cast<int>(wide.getIntOrFloatBitWidth()) - 1);
  Value integer = checked(wide, -limit, limit, false);
  return wide == to ? integer : make<arith::TruncIOp>(to, integer);
}

Value Scalar::convert(Value value, bool fromUnsigned, Type to, bool toUnsigned) const {
  Type from = value.getType();
  if (from == to)
    return value;
  bool fromFloat = isa<FloatType>(from), toFloat = isa<FloatType>(to);
  if (to.isInteger(1))
    return fromFloat ? compare(CmpF::UNE, value, number(from, 0)) : compare(CmpI::ne, value, number(from, 0));
  if (fromFloat && !toFloat)
    return convertFloatToInteger(value, to, toUnsigned);
  unsigned fromWidth = from.getIntOrFloatBitWidth(), toWidth = to.getIntOrFloatBitWidth();
  if (fromFloat) {
    if (fromWidth < toWidth)
      return make<arith::ExtFOp>(to, value);
    return fromWidth > toWidth ? make<arith::TruncFOp>(to, value) : make<arith::TruncFOp>(to, widen(value));
  }
  if (toFloat) {
    Type compute = isNarrow(to) ? Type(builder.getF32Type()) : to;
    return narrow(
        fromUnsigned ? make<arith::UIToFPOp>(compute, value) : make<arith::SIToFPOp>(compute, value), to);
  }
  if (fromWidth > toWidth)
    return make<arith::TruncIOp>(to, value);
  return fromUnsigned ? make<arith::ExtUIOp>(to, value) : make<arith::ExtSIOp>(to, value);
}

/// Computes a float function in f32 or f64.
template <typename Function> Value onFloat(OpBuilder &builder, Location loc, Value input, Function function) {
  Scalar s{builder, loc};
  return s.narrow(function(s, s.widen(input)), input.getType());
}

/// An arithmetic operation of two operands: `FloatOp` in f32 or f64, or one of the integer operations.
template <typename FloatOp, typename SignedOp, typename UnsignedOp>
Value onNumbers(OpBuilder &builder, Location loc, Value tensor, ValueRange operands) {
  Scalar s{builder, loc};
  Value lhs = operands[0], rhs = operands[1];
  if (isa<FloatType>(lhs.getType()))
    return s.narrow(s.make<FloatOp>(s.widen(lhs), s.widen(rhs)), lhs.getType());
  return isUnsignedTensor(tensor) ? s.make<UnsignedOp>(lhs, rhs) : s.make<SignedOp>(lhs, rhs);
}

} // namespace

Value safeDivisor(OpBuilder &builder, Location loc, Value divisor, bool isUnsigned, Value &minusOne) {
  Scalar s{builder, loc};
  Value one = s.number(divisor.getType(), 1);
  Value safe = s.select(s.compare(CmpI::eq, divisor, s.number(divisor.getType(), 0)), one, divisor);
  if (isUnsigned)
    return safe;
  minusOne = s.compare(CmpI::eq, divisor, s.number(divisor.getType(), -1));
  return s.select(minusOne, one, safe);
}

Value floatToInteger(OpBuilder &builder, Location loc, Value value, Type to, bool toUnsigned) {
  return Scalar{builder, loc}.convertFloatToInteger(value, to, toUnsigned);
}

// ---- One operand ----

#define TEGULA_MATH(OP, MATH)                                                                                \
  Value OP::emitScalar(OpBuilder &builder, Location loc, ValueRange operands) {                              \
    return onFloat(builder, loc, operands[0], [](const Scalar &s, Value x) { return s.make<MATH>(x); });     \
  }
TEGULA_MATH(ExpOp, math::ExpOp)
TEGULA_MATH(LogOp, math::LogOp)
TEGULA_MATH(SqrtOp, math::SqrtOp)
TEGULA_MATH(FloorOp, math::FloorOp)
TEGULA_MATH(CeilOp, math::CeilOp)
TEGULA_MATH(RoundOp, math::RoundEvenOp)
TEGULA_MATH(ErfOp, math::ErfOp)
TEGULA_MATH(SinOp, math::SinOp)
TEGULA_MATH(CosOp, math::CosOp)
TEGULA_MATH(TanOp, math::TanOp)
TEGULA_MATH(AsinOp, math::AsinOp)
TEGULA_MATH(AcosOp, math::AcosOp)
TEGULA_MATH(AtanOp, math::AtanOp)
TEGULA_MATH(SinhOp, math::SinhOp)
TEGULA_MATH(CoshOp, math::CoshOp)
TEGULA_MATH(AsinhOp, math::AsinhOp)
TEGULA_MATH(AcoshOp, math::AcoshOp)
TEGULA_MATH(AtanhOp, math::AtanhOp)
TEGULA_MATH(TanhOp, math::TanhOp)
#undef TEGULA_MATH

Value ReciprocalOp::emitScalar(OpBuilder &builder, Location loc, ValueRange operands) {
  return onFloat(builder, loc, operands[0],
                 [](const Scalar &s, Value x) { return s.make<arith::DivFOp>(s.number(x.getType(), 1), x); });
}

Value SigmoidOp::emitScalar(OpBuilder &builder, Location loc, ValueRange operands) {
  return onFloat(builder, loc, operands[0], [](const Scalar &s, Value x) {
    Value one = s.number(x.getType(), 1);
    Value exponential = s.make<math::ExpOp>(s.make<arith::NegFOp>(x));
    return s.make<arith::DivFOp>(one, s.make<arith::AddFOp>(one, exponential));
  });
}

Value AbsOp::emitScalar(OpBuilder &builder, Location loc, ValueRange operands) {
  Scalar s{builder, loc};
  Value x = operands[0];
  if (isa<FloatType>(x.getType()))
    return s.narrow(s.make<math::AbsFOp>(s.widen(x)), x.getType());
  if (isUnsignedTensor(getInput()))
    return x;
  return s.select(s.compare(CmpI::slt, x, s.number(x.getType(), 0)), s.negate(x), x);
}

Value NegOp::emitScalar(OpBuilder &builder, Location loc, ValueRange operands) {
  Scalar s{builder, loc};
  Value x = operands[0];
  return isa<FloatType>(x.getType()) ? s.narrow(s.make<arith::NegFOp>(s.widen(x)), x.getType()) : s.negate(x);
}

Value SignOp::emitScalar(OpBuilder &builder, Location loc, ValueRange operands) {
  Scalar s{builder, loc};
  Value x = operands[0];
  Type type = x.getType();
  Value zero = s.number(type, 0), one = s.number(type, 1), minusOne = s.number(type, -1);
  if (isa<FloatType>(type)) // zero and NaN stay what they are
    return s.select(s.compare(CmpF::OGT, x, zero), one, s.select(s.compare(CmpF::OLT, x, zero), minusOne, x));
  if (isUnsignedTensor(getInput()))
    return s.select(s.compare(CmpI::ne, x, zero), one, zero);
  return s.select(s.compare(CmpI::sgt, x, zero), one,
                  s.select(s.compare(CmpI::slt, x, zero), minusOne, zero));
}

Value ReluOp::emitScalar(OpBuilder &builder, Location loc, ValueRange operands) {
  Scalar s{builder, loc};
  Value x = operands[0], zero = s.number(x.getType(), 0);
  if (isa<FloatType>(x.getType())) // unordered, so that NaN stays NaN
    return s.select(s.compare(CmpF::UGT, x, zero), x, zero);
  return isUnsignedTensor(getInput()) ? x : s.make<arith::MaxSIOp>(x, zero);
}

Value NotOp::emitScalar(OpBuilder &builder, Location loc, ValueRange operands) {
  Scalar s{builder, loc};
  Type type = operands[0].getType();
  Value ones =
      s.make<arith::ConstantOp>(IntegerAttr::get(type, APInt::getAllOnes(type.getIntOrFloatBitWidth())));
  return s.make<arith::XOrIOp>(operands[0], ones);
}

Value IsNaNOp::emitScalar(OpBuilder &builder, Location loc, ValueRange operands) {
  return Scalar{builder, loc}.compare(CmpF::UNO, operands[0], operands[0]);
}

Value IsInfOp::emitScalar(OpBuilder &builder, Location loc, ValueRange operands) {
  Scalar s{builder, loc};
  Value x = s.widen(operands[0]);
  auto type = cast<FloatType>(x.getType());
  auto isInfinity = [&](bool negative) {
    APFloat infinity = APFloat::getInf(type.getFloatSemantics(), negative);
    return s.compare(CmpF::OEQ, x, s.make<arith::ConstantOp>(FloatAttr::get(type, infinity)));
  };
  if (getNegative() && getPositive())
    return s.make<arith::OrIOp>(isInfinity(true), isInfinity(false));
  if (getNegative() || getPositive())
    return isInfinity(getNegative());
  return s.number(builder.getI1Type(), 0);
}

Value CastOp::emitScalar(OpBuilder &builder, Location loc, ValueRange operands) {
  Type to = elementOf(getResult());
  return Scalar{builder, loc}.convert(operands[0], isUnsignedTensor(getInput()), scalarType(to),
                                      isUnsigned(to));
}

// ---- Two and three operands ----

#define TEGULA_ARITH(OP, FLOAT, SIGNED, UNSIGNED)                                                            \
  Value OP::emitScalar(OpBuilder &builder, Location loc, ValueRange operands) {                              \
    return onNumbers<FLOAT, SIGNED, UNSIGNED>(builder, loc, getLhs(), operands);                             \
  }
TEGULA_ARITH(AddOp, arith::AddFOp, arith::AddIOp, arith::AddIOp)
TEGULA_ARITH(SubOp, arith::SubFOp, arith::SubIOp, arith::SubIOp)
TEGULA_ARITH(MulOp, arith::MulFOp, arith::MulIOp, arith::MulIOp)
TEGULA_ARITH(MaxOp, arith::MaximumFOp, arith::MaxSIOp, arith::MaxUIOp)
TEGULA_ARITH(MinOp, arith::MinimumFOp, arith::MinSIOp, arith::MinUIOp)
#undef TEGULA_ARITH

#define TEGULA_BITWISE(OP, ARITH)                                                                            \
  Value OP::emitScalar(OpBuilder &builder, Location loc, ValueRange operands) {                              \
    return Scalar{builder, loc}.make<ARITH>(operands[0], operands[1]);                                       \
  }
TEGULA_BITWISE(AndOp, arith::AndIOp)
TEGULA_BITWISE(OrOp, arith::OrIOp)
TEGULA_BITWISE(XorOp, arith::XOrIOp)
#undef TEGULA_BITWISE

Value DivOp::emitScalar(OpBuilder &builder, Location loc, ValueRange operands) {
  Scalar s{builder, loc};
  Value lhs = operands[0], rhs = operands[1];
  if (isa<FloatType>(lhs.getType()))
    return s.narrow(s.make<arith::DivFOp>(s.widen(lhs), s.widen(rhs)), lhs.getType());
  Value minusOne, safe = safeDivisor(builder, loc, rhs, isUnsignedTensor(getLhs()), minusOne);
  if (!minusOne)
    return s.make<arith::DivUIOp>(lhs, safe);
  return s.select(minusOne, s.negate(lhs), s.make<arith::DivSIOp>(lhs, safe));
}

Value ModOp::emitScalar(OpBuilder &builder, Location loc, ValueRange operands) {
  Scalar s{builder, loc};
  Value lhs = operands[0], rhs = operands[1], remainder, fix, opposite;
  Type type = lhs.getType();
  if (isa<FloatType>(type)) {
    lhs = s.widen(lhs), rhs = s.widen(rhs);
    remainder = s.make<arith::RemFOp>(lhs, rhs);
    if (getFmod())
      return s.narrow(remainder, type);
    Value zero = s.number(rhs.getType(), 0);
    opposite = s.make<arith::XOrIOp>(s.compare(CmpF::OLT, remainder, zero), s.compare(CmpF::OLT, rhs, zero));
    fix = s.make<arith::AndIOp>(opposite, s.compare(CmpF::ONE, remainder, zero));
    return s.narrow(s.select(fix, s.make<arith::AddFOp>(remainder, rhs), remainder), type);
  }
  bool unsignedNumbers = isUnsignedTensor(getLhs());
  Value minusOne, safe = safeDivisor(builder, loc, rhs, unsignedNumbers, minusOne);
  if (unsignedNumbers)
    return s.make<arith::RemUIOp>(lhs, safe);
  remainder = s.make<arith::RemSIOp>(lhs, safe);
  if (getFmod())
    return remainder;
  Value zero = s.number(type, 0);
  opposite = s.make<arith::XOrIOp>(s.compare(CmpI::slt, remainder, zero), s.compare(CmpI::slt, rhs, zero));
  fix = s.make<arith::AndIOp>(opposite, s.compare(CmpI::ne, remainder, zero));
  return s.select(fix, s.make<arith::AddIOp>(remainder, rhs), remainder);
}

/// base^exponent for integers, by squaring; what overflows wraps.
static Value emitIntegerPower(const Scalar &s, Value base, Value exponent, bool isSignedBase,
                              bool isSignedExponent) {
  Type type = base.getType(), bits = exponent.getType();
  Value one = s.number(type, 1), zero = s.number(type, 0), square = base, result = one;
  for (unsigned bit = 0, width = bits.getIntOrFloatBitWidth(); bit < width; ++bit) {
    Value isSet = s.compare(CmpI::ne, s.make<arith::AndIOp>(exponent, s.number(bits, int64_t(1) << bit)),
                            s.number(bits, 0));
    result = s.select(isSet, s.make<arith::MulIOp>(result, square), result);
    square = s.make<arith::MulIOp>(square, square);
  }
  if (!isSignedExponent)
    return result;
  // 1/base truncates to 0 unless the base is 1 or -1.
  Value isUnit = s.compare(CmpI::eq, base, one);
  if (isSignedBase)
    isUnit = s.make<arith::OrIOp>(isUnit, s.compare(CmpI::eq, base, s.number(type, -1)));
  Value isNegative = s.compare(CmpI::slt, exponent, s.number(bits, 0));
  return s.select(isNegative, s.select(isUnit, result, zero), result);
}

Value PowOp::emitScalar(OpBuilder &builder, Location loc, ValueRange operands) {
  Scalar s{builder, loc};
  Type base = operands[0].getType(), exponent = operands[1].getType();
  if (!isa<FloatType>(base) && !isa<FloatType>(exponent))
    return emitIntegerPower(s, operands[0], operands[1], !isUnsignedTensor(getLhs()),
                            !isUnsignedTensor(getRhs()));
  // In f64 where an integer or an f64 takes part on the left, else in f32; an f64 exponent keeps its
  // precision.
  bool isWide = !isa<FloatType>(base) || base.isF64() || exponent.isF64();
  Type compute = isWide ? builder.getF64Type() : builder.getF32Type();
  Value lhs = s.convert(operands[0], isUnsignedTensor(getLhs()), compute, false);
  Value rhs = s.convert(operands[1], isUnsignedTensor(getRhs()), compute, false);
  return s.convert(s.make<math::PowFOp>(lhs, rhs), false, base, isUnsignedTensor(getLhs()));
}

/// A shift by at least the width gives 0.
template <typename Shift> static Value emitShift(OpBuilder &builder, Location loc, ValueRange operands) {
  Scalar s{builder, loc};
  Type type = operands[0].getType();
  Value inside = s.compare(CmpI::ult, operands[1], s.number(type, type.getIntOrFloatBitWidth()));
  Value zero = s.number(type, 0);
  return s.select(inside, s.make<Shift>(operands[0], s.select(inside, operands[1], zero)), zero);
}

Value ShiftLeftOp::emitScalar(OpBuilder &builder, Location loc, ValueRange operands) {
  return emitShift<arith::ShLIOp>(builder, loc, operands);
}

Value ShiftRightOp::emitScalar(OpBuilder &builder, Location loc, ValueRange operands) {
  return emitShift<arith::ShRUIOp>(builder, loc, operands);
}

Value CompareOp::emitScalar(OpBuilder &builder, Location loc, ValueRange operands) {
  static constexpr CmpF kFloat[] = {CmpF::OEQ, CmpF::UNE, CmpF::OLT, CmpF::OLE, CmpF::OGT, CmpF::OGE};
  static constexpr CmpI kSigned[] = {CmpI::eq, CmpI::ne, CmpI::slt, CmpI::sle, CmpI::sgt, CmpI::sge};
  static constexpr CmpI kUnsigned[] = {CmpI::eq, CmpI::ne, CmpI::ult, CmpI::ule, CmpI::ugt, CmpI::uge};
  Scalar s{builder, loc};
  size_t predicate = static_cast<size_t>(getPredicate());
  if (isa<FloatType>(operands[0].getType()))
    return s.compare(kFloat[predicate], operands[0], operands[1]);
  return s.compare(isUnsignedTensor(getLhs()) ? kUnsigned[predicate] : kSigned[predicate], operands[0],
                   operands[1]);
}

Value WhereOp::emitScalar(OpBuilder &builder, Location loc, ValueRange operands) {
  return Scalar{builder, loc}.select(operands[0], operands[1], operands[2]);
}

} // namespace tegula::graph
