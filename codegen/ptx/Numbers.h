// Arithmetic on positions and sizes, folded where both sides are known, because addresses of shared tiles are
// mostly numbers and the rest must stay cheap.
#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Builders.h"

namespace tegula::codegen::ptx {

/// Writes operations on numbers that are never negative and never overflow.
class Numbers {
public:
  using Number = mlir::OpFoldResult;

  Numbers(mlir::OpBuilder &builder, mlir::Location loc) : builder(builder), loc(loc) {}

  Number plus(Number a, Number b);
  Number minus(Number a, int64_t b);
  Number times(Number a, Number b);
  Number over(Number a, Number b);
  Number modulo(Number a, Number b);
  Number least(Number a, Number b);
  Number exclusiveOr(Number a, Number b);
  Number ceilOver(Number a, int64_t b);
  /// The position in each of `extents`, innermost last, of an element with number `flat` of all of them. The
  /// outermost takes what is left.
  llvm::SmallVector<Number> split(Number flat, llvm::ArrayRef<Number> extents);

  Number number(int64_t value) { return builder.getIndexAttr(value); }
  mlir::Value value(Number a) { return getValueOrCreateConstantIndexOp(builder, loc, a); }
  static bool is(Number a, int64_t value) { return mlir::getConstantIntValue(a) == value; }

private:
  template <typename Op> Number divide(Number a, Number b);

  mlir::OpBuilder &builder;
  mlir::Location loc;
};

} // namespace tegula::codegen::ptx
