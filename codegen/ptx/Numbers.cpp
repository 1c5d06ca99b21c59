// Implements the folding arithmetic on positions; divisions are done in 32 bits where numbers are known to
// fit, because a GPU divides 64 bits in dozens of instructions.
#include "Numbers.h"

using namespace mlir;

namespace tegula::codegen::ptx {

static constexpr auto noWrap = arith::IntegerOverflowFlags::nsw | arith::IntegerOverflowFlags::nuw;

Numbers::Number Numbers::plus(Number a, Number b) {
  std::optional<int64_t> x = getConstantIntValue(a), y = getConstantIntValue(b);
  if (x && y)
    return number(*x + *y);
  if (x == 0)
    return b;
  if (y == 0)
    return a;
  return arith::AddIOp::create(builder, loc, value(a), value(b), noWrap).getResult();
}

Numbers::Number Numbers::minus(Number a, int64_t b) {
  if (std::optional<int64_t> x = getConstantIntValue(a))
    return number(*x - b);
  return arith::SubIOp::create(builder, loc, value(a), value(number(b)), noWrap).getResult();
}

Numbers::Number Numbers::times(Number a, Number b) {
  std::optional<int64_t> x = getConstantIntValue(a), y = getConstantIntValue(b);
  if (x && y)
    return number(*x * *y);
  if (x == 0 || y == 0)
    return number(0);
  if (x == 1)
    return b;
  if (y == 1)
    return a;
  return arith::MulIOp::create(builder, loc, value(a), value(b), noWrap).getResult();
}

Numbers::Number Numbers::over(Number a, Number b) {
  std::optional<int64_t> x = getConstantIntValue(a), y = getConstantIntValue(b);
  if (x && y)
    return number(*x / *y);
  return y == 1 ? a : Number(arith::DivUIOp::create(builder, loc, value(a), value(b)).getResult());
}

Numbers::Number Numbers::modulo(Number a, Number b) {
  std::optional<int64_t> x = getConstantIntValue(a), y = getConstantIntValue(b);
  if (x && y)
    return number(*x % *y);
  return y == 1 ? number(0) : Number(arith::RemUIOp::create(builder, loc, value(a), value(b)).getResult());
}

Numbers::Number Numbers::least(Number a, Number b) {
  std::optional<int64_t> x = getConstantIntValue(a), y = getConstantIntValue(b);
  if (x && y)
    return number(std::min(*x, *y));
  return arith::MinUIOp::create(builder, loc, value(a), value(b)).getResult();
}

Numbers::Number Numbers::exclusiveOr(Number a, Number b) {
  std::optional<int64_t> x = getConstantIntValue(a), y = getConstantIntValue(b);
  if (x && y)
    return number(*x ^ *y);
  return arith::XOrIOp::create(builder, loc, value(a), value(b)).getResult();
}

Numbers::Number Numbers::ceilOver(Number a, int64_t b) { return over(plus(a, number(b - 1)), number(b)); }

SmallVector<Numbers::Number> Numbers::split(Number flat, ArrayRef<Number> extents) {
  SmallVector<Number> at(extents.size(), number(0));
  // Where all extents are known, so is that the number fits 32 bits.
  int64_t total = 1;
  bool isNarrow = !getConstantIntValue(flat) && extents.size() > 1;
  for (Number extent : extents) {
    int64_t known = getConstantIntValue(extent).value_or(INT64_MAX);
    isNarrow &= known <= INT32_MAX && (total *= std::max<int64_t>(known, 1)) <= INT32_MAX / 2;
    if (!isNarrow)
      break;
  }
  if (isNarrow) {
    Value rest = arith::IndexCastUIOp::create(builder, loc, builder.getI32Type(), value(flat));
    for (size_t i = extents.size(); i-- > 0;) {
      Value extent = arith::ConstantIntOp::create(builder, loc, *getConstantIntValue(extents[i]), 32);
      Value here = i ? arith::RemUIOp::create(builder, loc, rest, extent).getResult() : rest;
      at[i] = arith::IndexCastUIOp::create(builder, loc, builder.getIndexType(), here).getResult();
      if (i)
        rest = arith::DivUIOp::create(builder, loc, rest, extent);
    }
    return at;
  }
  for (size_t i = extents.size(); i-- > 0;) {
    at[i] = i ? modulo(flat, extents[i]) : flat;
    if (i)
      flat = over(flat, extents[i]);
  }
  return at;
}

} // namespace tegula::codegen::ptx
