// Builds graph operations in the short form in which operators are decomposed, folding at once; a null value
// stands for an error already reported.
#pragma once

#include "tegula/dialects/graph/Graph.h"
#include "tegula/dialects/graph/Shapes.h"
#include "tegula/support/Checked.h"

#include "mlir/IR/Builders.h"

namespace tegula::importer {

using graph::Predicate;
using graph::ReduceKind;
using graph::Shape;
using graph::ShapeRef;
using mlir::Type;
using mlir::Value;

/// Null in, null out: handlers need no checks between steps.
class Ops {
public:
  explicit Ops(mlir::OpBuilder &builder) : builder(builder), loc(builder.getUnknownLoc()) {}

  mlir::OpBuilder &builder;
  mlir::Location loc;

  //===-- Reading
  //----------------------------------------------------------------------------------------===//
  /// The shape, empty for null.
  static ShapeRef shape(Value value);
  /// first, first + 1, ... up to last, exclusive.
  static Shape span(int64_t first, int64_t last) {
    return llvm::to_vector(llvm::seq(first, std::max(first, last)));
  }
  /// The number of elements; shapes of values are known not to overflow.
  static int64_t count(ShapeRef shape) { return Checked::product(shape).get(); }
  static int64_t rank(Value value) { return static_cast<int64_t>(shape(value).size()); }
  /// The element type, f32 for null.
  Type element(Value value);
  bool isFloat(Value value) { return mlir::isa<mlir::FloatType>(element(value)); }
  bool isBool(Value value) { return element(value).isInteger(1); }

  //===-- Making
  //-----------------------------------------------------------------------------------------===//
  /// Creates, verifies and folds an operation whose type is known.
  template <typename Op, typename... Args> Value make(ShapeRef shape, Type element, Args &&...args) {
    if ((isNull(args) || ...))
      return {};
    return finish(
        Op::create(builder, loc, mlir::RankedTensorType::get(shape, element), std::forward<Args>(args)...));
  }
  Value constant(mlir::ElementsAttr value);
  /// A constant of rank 0.
  Value scalar(Type element, double value);
  /// A scalar of the same element type.
  Value like(Value value, double number) { return value ? scalar(element(value), number) : Value(); }
  Value numbers(ShapeRef values);
  Value filled(ShapeRef shape, Type element, double value);

  template <typename Op> Value unary(Value input) {
    return input ? make<Op>(shape(input), element(input), input) : Value();
  }
  /// A broadcasting operation whose result has the left operand's element type.
  template <typename Op, typename... Args> Value binary(Value lhs, Value rhs, Args... args) {
    std::optional<Shape> joined = broadcast({lhs, rhs});
    return joined ? make<Op>(*joined, element(lhs), lhs, rhs, args...) : Value();
  }
  Value add(Value lhs, Value rhs) { return binary<graph::AddOp>(lhs, rhs); }
  Value sub(Value lhs, Value rhs) { return binary<graph::SubOp>(lhs, rhs); }
  Value mul(Value lhs, Value rhs) { return binary<graph::MulOp>(lhs, rhs); }
  Value div(Value lhs, Value rhs) { return binary<graph::DivOp>(lhs, rhs); }
  Value max(Value lhs, Value rhs) { return binary<graph::MaxOp>(lhs, rhs); }
  Value min(Value lhs, Value rhs) { return binary<graph::MinOp>(lhs, rhs); }
  Value add(Value lhs, double rhs) { return add(lhs, like(lhs, rhs)); }
  Value sub(Value lhs, double rhs) { return sub(lhs, like(lhs, rhs)); }
  Value mul(Value lhs, double rhs) { return mul(lhs, like(lhs, rhs)); }
  Value div(Value lhs, double rhs) { return div(lhs, like(lhs, rhs)); }
  Value exp(Value input) { return unary<graph::ExpOp>(input); }
  Value log(Value input) { return unary<graph::LogOp>(input); }
  Value sqrt(Value input) { return unary<graph::SqrtOp>(input); }
  Value neg(Value input) { return unary<graph::NegOp>(input); }
  Value abs(Value input) { return unary<graph::AbsOp>(input); }
  Value compare(Predicate predicate, Value lhs, Value rhs);
  Value compare(Predicate predicate, Value lhs, double rhs) {
    return compare(predicate, lhs, like(lhs, rhs));
  }
  Value where(Value condition, Value yes, Value no);
  Value cast(Value input, Type element);

  Value reshape(Value input, ShapeRef to);
  Value transpose(Value input, ShapeRef perm);
  Value expand(Value input, ShapeRef to);
  Value slice(Value input, ShapeRef starts, ShapeRef steps, ShapeRef counts);
  /// Elements [begin, end) of one axis.
  Value slice(Value input, int64_t axis, int64_t begin, int64_t end);
  Value pad(Value input, ShapeRef low, ShapeRef high, Value value);
  Value concat(mlir::ArrayRef<Value> inputs, int64_t axis);
  Value gather(Value input, Value indices, int64_t axis);
  /// 0, 1, ... of the given integer or float type.
  Value iota(int64_t count, Type element);
  Value matmul(Value lhs, Value rhs);
  /// Reduces; with `keep` the axes stay with size 1.
  Value reduce(ReduceKind kind, Value input, ShapeRef axes, bool keep);
  Value sum(Value input, ShapeRef axes) { return reduce(ReduceKind::Sum, input, axes, true); }
  Value mean(Value input, ShapeRef axes) { return reduce(ReduceKind::Mean, input, axes, true); }
  Value softmax(Value input, int64_t axis);
  /// `bias` may be null.
  Value layerNorm(Value input, Value scale, Value bias, int64_t axis, double epsilon);
  /// sigmoid-like pieces used by several operators
  Value clamp(Value input, double low, double high) {
    return min(max(input, like(input, low)), like(input, high));
  }

  std::optional<Shape> broadcast(mlir::ArrayRef<Value> values);
  /// Starts an error at the current node.
  mlir::InFlightDiagnostic error() { return mlir::emitError(loc); }

  /// Verifies and folds a new operation; null where it is malformed (reported).
  Value finish(mlir::Operation *op);

private:
  template <typename T> static bool isNull(const T &argument) {
    if constexpr (std::is_convertible_v<T, Value>)
      return !argument;
    else
      return false;
  }
};

} // namespace tegula::importer
