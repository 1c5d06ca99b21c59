// Each operation's shape rule, defined once over sizes that may be symbols, because the verifiers check what
// the importer infers.
#pragma once

#include "tegula/dialects/graph/Dim.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Operation.h"

namespace tegula::graph {

using Ints = llvm::SmallVector<int64_t>;
using IntsRef = llvm::ArrayRef<int64_t>;

/// What a shape rule talks to: where it reports, and what it says when sizes could fit or not.
class Rule {
public:
  virtual ~Rule() = default;
  /// Starts the diagnostic of a failed rule.
  virtual mlir::InFlightDiagnostic error() const = 0;
  /// What messages call the symbols.
  virtual llvm::ArrayRef<std::string> names() const { return {}; }
  /// The rule goes on as if this were so.
  virtual void assume(Requirement::Kind kind, Dim lhs, Dim rhs, llvm::StringRef text) const {}

  /// Whether both may be equal; where that depends on symbols it is assumed.
  bool equal(Dim a, Dim b, llvm::StringRef text) const {
    return compare(Requirement::Kind::Equal, a, b, text);
  }
  /// Whether a <= b may hold; where that depends on symbols it is assumed.
  bool atMost(Dim a, Dim b, llvm::StringRef text) const {
    return compare(Requirement::Kind::AtMost, a, b, text);
  }

private:
  bool compare(Requirement::Kind kind, Dim a, Dim b, llvm::StringRef text) const;
};

/// A rule that is checked at an operation.
class RuleAt : public Rule {
public:
  explicit RuleAt(mlir::Operation *op) : op(op) {}
  mlir::InFlightDiagnostic error() const override { return op->emitOpError(); }

private:
  mlir::Operation *op;
};

/// Spatial attributes of a window operation, one entry a spatial dimension.
struct WindowRef {
  IntsRef kernel, strides, dilations, padsLow, padsHigh;
};

mlir::FailureOr<Shape> inferBroadcastShape(ShapeRef lhs, ShapeRef rhs, const Rule &rule);
mlir::FailureOr<Shape> inferTransposeShape(ShapeRef input, IntsRef perm, const Rule &rule);
mlir::FailureOr<Shape> inferTileShape(ShapeRef input, IntsRef repeats, const Rule &rule);
mlir::FailureOr<Shape> inferPadShape(ShapeRef input, IntsRef low, IntsRef high, const Rule &rule);
mlir::FailureOr<Shape> inferGatherShape(ShapeRef input, ShapeRef indices, int64_t axis, const Rule &rule);
mlir::FailureOr<Shape> inferGatherElementsShape(ShapeRef input, ShapeRef indices, int64_t axis,
                                                const Rule &rule);
mlir::FailureOr<Shape> inferGatherNDShape(ShapeRef input, ShapeRef indices, int64_t batchDims,
                                          const Rule &rule);
mlir::FailureOr<Shape> inferConcatShape(llvm::ArrayRef<Shape> inputs, int64_t axis, const Rule &rule);
mlir::FailureOr<Shape> inferMatMulShape(ShapeRef lhs, ShapeRef rhs, const Rule &rule);
mlir::FailureOr<Shape> inferConvShape(ShapeRef input, ShapeRef filter, const WindowRef &window, int64_t group,
                                      bool channelsLast, const Rule &rule);
mlir::FailureOr<Shape> inferReduceShape(ShapeRef input, IntsRef axes, const Rule &rule);

/// Rules of operations whose result's shape is chosen and not implied.
mlir::LogicalResult checkReshape(ShapeRef input, ShapeRef result, const Rule &rule);
mlir::LogicalResult checkExpand(ShapeRef input, ShapeRef result, const Rule &rule);
mlir::LogicalResult checkSlice(ShapeRef input, IntsRef starts, IntsRef steps, ShapeRef result,
                               const Rule &rule);
mlir::LogicalResult checkConvTranspose(ShapeRef input, ShapeRef filter, const WindowRef &window,
                                       int64_t group, ShapeRef result, const Rule &rule);
mlir::LogicalResult checkPool(ShapeRef input, const WindowRef &window, bool channelsLast, ShapeRef result,
                              const Rule &rule);
mlir::LogicalResult checkAxis(int64_t axis, size_t rank, const Rule &rule);

} // namespace tegula::graph
