// Reads a contraction as a product of matrices, because whoever shares its operands between threads must know
// which loops walk which of them, for matrix products and convolutions alike.
#pragma once

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>

namespace tegula::tile {

/// `result[batch, rows, column] += left[batch, rows, depth] * right[batch, depth, column]` in float32;
/// operands may be stored as float16 or bfloat16. Several loops may make up the rows (of images: their height
/// and width) and the depth (of a window: its height, width and channels); operands are indexed by linear
/// expressions of them.
struct Product {
  mlir::linalg::GenericOp op;
  unsigned left = 0, right = 0;      ///< numbers of the operands
  llvm::SmallVector<unsigned> batch; ///< loops that the right operand depends on, or no operand
  llvm::SmallVector<unsigned> rows;  ///< loops of the left operand alone, outermost first
  llvm::SmallVector<unsigned> depth; ///< loops that are summed over, outermost first
  unsigned column = 0;               ///< the loop along the last dimension of the result
};

/// `op` as a product that starts from zero; nothing where it is another computation.
std::optional<Product> productOf(mlir::linalg::GenericOp op);

/// How far the elements of one operand lie apart for neighbouring values of each loop, in elements: a number,
/// or null where sizes are unknown. `first` is where the operand starts.
llvm::SmallVector<std::optional<int64_t>> stridesOf(const Product &product, unsigned operand,
                                                    std::optional<int64_t> &first);

/// How many neighbouring elements of an operand along `loop` may be read together wherever a run starts at a
/// multiple of them: the largest power of two of at most `most`.
int64_t runLength(const Product &product, unsigned operand, unsigned loop, int64_t most);

/// Whether `root` is computed from `product` element by element, each from the one at its own position.
bool followsInPlace(mlir::Value product, mlir::Value root);

} // namespace tegula::tile
