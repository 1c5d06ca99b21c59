// Arithmetic on numbers that data cannot make undefined, because operations of the dialect and bodies that
// people write must agree on it, and an undefined index would undo the check that follows it.
#pragma once

#include "mlir/IR/Builders.h"

namespace tegula::graph {

/// A divisor that cannot trap: 0 and, for signed numbers, -1 become 1; `minusOne` says where it was -1, null
/// for unsigned numbers.
mlir::Value safeDivisor(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value divisor, bool isUnsigned,
                        mlir::Value &minusOne);

/// A float as an integer, rounded towards zero; what does not fit is the number with the top bit alone.
mlir::Value floatToInteger(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value, mlir::Type to,
                           bool toUnsigned);

} // namespace tegula::graph
