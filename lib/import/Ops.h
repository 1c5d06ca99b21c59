// Builds graph operations in the short form in which operators are decomposed, folding at once; a null value
// stands for an error already reported.
#pragma once

#include "tegula/dialects/graph/Graph.h"
#include "tegula/dialects/graph/Shapes.h"
#include "tegula/support/Checked.h"

#include "mlir/IR/Builders.h"

#include <map>

namespace tegula::importer {

using graph::Dim;
using graph::Ints;
using graph::IntsRef;
using graph::Predicate;
using graph::ReduceKind;
using graph::Shape;
using graph::ShapeRef;
using mlir::Type;
using mlir::Value;

/// What one import knows and assumes of sizes.
class SizeFacts {
public:
  llvm::SmallVector<std::string> symbols;
  llvm::SmallVector<std::string> fixingOptions; ///< of each symbol: "--dim batch=N"
  llvm::SmallVector<graph::SymbolRange> ranges; ///< of each symbol
  void require(graph::Requirement requirement);
  /// The size that stands for all that were assumed to be equal to it, by imports before this one.
  Dim representative(Dim size) const { return representative(size, *current); }
  /// Makes requirements that are equations hold from the next import on, which finds the others again; false,
  /// with everything as it was, where none is new.
  bool unify();
  llvm::SmallVector<graph::Requirement> allRequirements() const { return main.all(); }

  /// What is required from here on holds in a branch only, which only a run takes or not; `graph` and `path`
  /// are the same for this branch in every import.
  void enterBranch(const void *graph, const std::string &path);
  /// Back to what surrounds the branch; all that it requires.
  llvm::SmallVector<graph::Requirement> leaveBranch();

  SizeFacts() = default;
  SizeFacts(const SizeFacts &) = delete;

private:
  /// What is known in the model as a whole, or in one branch besides what surrounds it.
  struct Known {
    Known *outer = nullptr;
    llvm::SmallVector<graph::Requirement> learned, requirements;
    llvm::SmallVector<Dim> meanings; ///< of each symbol
    llvm::SmallVector<std::pair<Dim, Dim>> equal;

    llvm::SmallVector<graph::Requirement> all() const;
  };
  Dim representative(Dim size, const Known &known) const;
  bool learn(Dim lhs, Dim rhs, Known &known);
  bool learnAll(Known &known);

  Known main, *current = &main;
  std::map<std::pair<const void *, std::string>, Known> branches;
};

/// Null in, null out: handlers need no checks between steps.
class Ops : public graph::Rule {
public:
  Ops(mlir::OpBuilder &builder, SizeFacts &facts)
      : builder(builder), loc(builder.getUnknownLoc()), facts(facts) {}

  mlir::OpBuilder &builder;
  mlir::Location loc;
  SizeFacts &facts;

  // ---- Reading ----
  /// The shape, empty for null.
  static Shape shape(Value value);
  /// first, first + 1, ... up to last, exclusive.
  static Ints span(int64_t first, int64_t last) {
    return llvm::to_vector(llvm::seq(first, std::max(first, last)));
  }
  /// The number of elements; shapes of values are known not to overflow.
  static Dim count(ShapeRef shape) { return graph::elementCount(shape); }
  static int64_t rank(Value value) { return value ? graph::tensorType(value).getRank() : 0; }
  /// "2x3", with the symbols' names.
  std::string shown(ShapeRef shape) const { return graph::shapeText(shape, facts.symbols); }
  std::string shown(Dim size) const { return size.text(facts.symbols); }
  /// The element type, f32 for null.
  Type element(Value value);
  bool isFloat(Value value) { return mlir::isa<mlir::FloatType>(element(value)); }
  bool isBool(Value value) { return element(value).isInteger(1); }

  // ---- Making ----
  /// Creates, verifies and folds an operation whose type is known.
  template <typename Op, typename... Args> Value make(ShapeRef shape, Type element, Args &&...args) {
    if ((isNull(args) || ...))
      return {};
    return finish(Op::create(builder, loc, type(shape, element), std::forward<Args>(args)...));
  }
  mlir::RankedTensorType type(ShapeRef shape, Type element);
  Value constant(mlir::ElementsAttr value);
  /// A constant of rank 0.
  Value scalar(Type element, double value);
  /// A scalar of the same element type.
  Value like(Value value, double number) { return value ? scalar(element(value), number) : Value(); }
  Value numbers(IntsRef values);
  /// Sizes as a tensor of i64, a constant where all are numbers.
  Value sizes(ShapeRef values, ShapeRef shape);
  Value sizes(ShapeRef values) { return sizes(values, {static_cast<int64_t>(values.size())}); }
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
  Value transpose(Value input, IntsRef perm);
  Value expand(Value input, ShapeRef to);
  /// `counts` elements from each start on; where a start is not known at compile time, by index.
  Value slice(Value input, ShapeRef starts, IntsRef steps, ShapeRef counts);
  /// Elements [begin, end) of one axis.
  Value slice(Value input, int64_t axis, Dim begin, Dim end);
  Value pad(Value input, IntsRef low, IntsRef high, Value value);
  Value concat(mlir::ArrayRef<Value> inputs, int64_t axis);
  Value gather(Value input, Value indices, int64_t axis);
  /// 0, 1, ... of the given integer or float type.
  Value iota(Dim count, Type element);
  Value matmul(Value lhs, Value rhs);
  /// Reduces; with `keep` the axes stay with size 1.
  Value reduce(ReduceKind kind, Value input, IntsRef axes, bool keep);
  Value sum(Value input, IntsRef axes) { return reduce(ReduceKind::Sum, input, axes, true); }
  Value mean(Value input, IntsRef axes) { return reduce(ReduceKind::Mean, input, axes, true); }
  Value softmax(Value input, int64_t axis);
  /// `bias` may be null.
  Value layerNorm(Value input, Value scale, Value bias, int64_t axis, double epsilon);
  /// sigmoid-like pieces used by several operators
  Value clamp(Value input, double low, double high) {
    return min(max(input, like(input, low)), like(input, high));
  }

  /// Whether a shape may be the expected one, which is assumed where it depends on symbols.
  bool fits(ShapeRef shape, ShapeRef expected, llvm::StringRef text) const {
    return shape.size() == expected.size() && llvm::all_of(llvm::zip_equal(shape, expected), [&](auto pair) {
             return equal(std::get<0>(pair), std::get<1>(pair), text);
           });
  }
  std::optional<Shape> broadcast(mlir::ArrayRef<Value> values);
  /// Starts an error at the current node.
  mlir::InFlightDiagnostic error() const override { return mlir::emitError(loc); }
  llvm::ArrayRef<std::string> names() const override { return facts.symbols; }
  void assume(graph::Requirement::Kind kind, Dim lhs, Dim rhs, llvm::StringRef text) const override;

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
