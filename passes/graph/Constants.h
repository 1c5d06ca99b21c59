// Reads and makes constants, because passes ask what a tensor holds without wanting to know how it is stored.
#pragma once

#include "tegula/dialects/graph/Graph.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/Builders.h"

#include <optional>

namespace tegula::graph {

/// Whether the value depends on constants only, so that FoldConstants can compute it.
bool isConstantDerived(mlir::Value value);

/// The number that all elements of a constant have, if there is one: bf16, f16, f32, f64 and integers of up
/// to 53 bits.
std::optional<double> splatValue(mlir::Value value);

/// Whether all elements are `number`; for floats, with its sign where it is zero.
bool isSplatOf(mlir::Value value, double number);

/// A constant with all elements `number`, rounded to the type.
mlir::Value createSplat(mlir::OpBuilder &builder, mlir::Location loc, mlir::RankedTensorType type,
                        double number);

/// A constant of floats with all elements of the lowest number there is (-infinity), or of integers likewise.
mlir::Value createLowest(mlir::OpBuilder &builder, mlir::Location loc, mlir::RankedTensorType type);

/// The stored bytes, row-major; nothing for splats, booleans and kinds of attributes that have none.
std::optional<llvm::ArrayRef<char>> rawBytes(mlir::ElementsAttr value);

/// An attribute over a blob's bytes: small tensors as dense attributes, the others as resources, which take
/// the blob without a copy.
mlir::ElementsAttr createElements(mlir::RankedTensorType type, mlir::AsmResourceBlob blob);

/// Frees the blobs that createElements made and `root` does not mention any more.
void releaseUnusedBlobs(mlir::Operation *root);

} // namespace tegula::graph
