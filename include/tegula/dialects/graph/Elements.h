// The elements of a small constant as plain bits, so that folds need one representation only.
#pragma once

#include "tegula/dialects/graph/Shapes.h"

#include "mlir/IR/BuiltinAttributes.h"

#include <optional>
#include <vector>

namespace tegula::graph {

/// Constants up to this many elements take part in folding: enough for shape arithmetic, too little to cost
/// time or memory.
inline constexpr int64_t kFoldLimit = 4096;

/// Elements of a tensor in row-major order, floats by their bits. A splat of any size has one entry.
struct Elements {
  mlir::RankedTensorType type;
  std::vector<llvm::APInt> values;
  bool isSplat = false;

  const llvm::APInt &at(int64_t index) const { return values[isSplat ? 0 : index]; }
  int64_t integer(int64_t index) const;
  /// The scalar as an attribute of its signless type.
  mlir::TypedAttr scalar(int64_t index) const;

  /// Reads a constant; nothing where it is unknown, too large and no splat, or of an exotic kind.
  static std::optional<Elements> read(mlir::Attribute attribute);
  mlir::DenseElementsAttr write() const;
};

/// Integers of a small tensor, some of which are sizes: what graph.sizes holds.
struct Sizes {
  mlir::RankedTensorType type;
  Shape values; ///< row-major

  /// Reads the value of a constant or of graph.sizes; nothing where it is unknown, too large or no integers.
  static std::optional<Sizes> read(mlir::Attribute attribute, mlir::Type type);
  static std::optional<Sizes> read(mlir::Value value);
  /// A dense attribute where all are numbers, else the attribute of graph.sizes; null where one is invalid.
  mlir::Attribute write() const;
};

/// Visits all positions of a shape in row-major order, until `visit` says no.
bool forEachPosition(IntsRef shape, llvm::function_ref<bool(IntsRef position)> visit);

/// Folds an elementwise operation on integers of which some are sizes.
mlir::OpFoldResult foldSizes(mlir::Operation *op, llvm::ArrayRef<mlir::Attribute> operands);

/// Folds an elementwise operation by interpreting what it emits for one element.
mlir::OpFoldResult foldElementwise(mlir::Operation *op, llvm::ArrayRef<mlir::Attribute> operands);

} // namespace tegula::graph
