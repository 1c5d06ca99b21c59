// Each operation's shape rule, defined once, because the verifiers check what the importer infers.
#pragma once

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/SmallVector.h"

namespace tegula::graph {

using Shape = llvm::SmallVector<int64_t>;
using ShapeRef = llvm::ArrayRef<int64_t>;
/// Starts the diagnostic of a failed rule.
using ErrorFn = llvm::function_ref<mlir::InFlightDiagnostic()>;

/// "2x3x4", "scalar" for rank 0.
std::string shapeText(ShapeRef shape);

/// Spatial attributes of a window operation, one entry a spatial dimension.
struct WindowRef {
  ShapeRef kernel, strides, dilations, padsLow, padsHigh;
};

mlir::FailureOr<Shape> inferBroadcastShape(ShapeRef lhs, ShapeRef rhs, ErrorFn error);
mlir::FailureOr<Shape> inferTransposeShape(ShapeRef input, ShapeRef perm, ErrorFn error);
mlir::FailureOr<Shape> inferTileShape(ShapeRef input, ShapeRef repeats, ErrorFn error);
mlir::FailureOr<Shape> inferPadShape(ShapeRef input, ShapeRef low, ShapeRef high, ErrorFn error);
mlir::FailureOr<Shape> inferGatherShape(ShapeRef input, ShapeRef indices, int64_t axis, ErrorFn error);
mlir::FailureOr<Shape> inferGatherElementsShape(ShapeRef input, ShapeRef indices, int64_t axis,
                                                ErrorFn error);
mlir::FailureOr<Shape> inferGatherNDShape(ShapeRef input, ShapeRef indices, int64_t batchDims, ErrorFn error);
mlir::FailureOr<Shape> inferConcatShape(llvm::ArrayRef<Shape> inputs, int64_t axis, ErrorFn error);
mlir::FailureOr<Shape> inferMatMulShape(ShapeRef lhs, ShapeRef rhs, ErrorFn error);
mlir::FailureOr<Shape> inferConvShape(ShapeRef input, ShapeRef filter, const WindowRef &window, int64_t group,
                                      bool channelsLast, ErrorFn error);
mlir::FailureOr<Shape> inferReduceShape(ShapeRef input, ShapeRef axes, ErrorFn error);

/// Rules of operations whose result's shape is chosen and not implied.
mlir::LogicalResult checkReshape(ShapeRef input, ShapeRef result, ErrorFn error);
mlir::LogicalResult checkExpand(ShapeRef input, ShapeRef result, ErrorFn error);
mlir::LogicalResult checkSlice(ShapeRef input, ShapeRef starts, ShapeRef steps, ShapeRef result,
                               ErrorFn error);
mlir::LogicalResult checkConvTranspose(ShapeRef input, ShapeRef filter, const WindowRef &window,
                                       int64_t group, ShapeRef result, ErrorFn error);
mlir::LogicalResult checkPool(ShapeRef input, const WindowRef &window, bool channelsLast, ShapeRef result,
                              ErrorFn error);
mlir::LogicalResult checkAxis(int64_t axis, size_t rank, ErrorFn error);

} // namespace tegula::graph
