// A small vocabulary for writing linalg on tensors, so that each body reads as the formula it computes.
#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "tegula/dialects/graph/Dim.h"

namespace tegula::fuse {

using graph::Dim;
using graph::Shape;
using graph::shapeOf;
using graph::ShapeRef;
using graph::tensorType;

/// Whether a tensor has no elements, whatever the unknown sizes are.
inline bool isEmpty(mlir::Value tensor) { return llvm::is_contained(tensorType(tensor).getShape(), 0); }

/// The type in which elements are stored: booleans as i8, unsigned integers signless.
mlir::Type storageType(mlir::Type element);
/// The same for a whole tensor. While a body is written, its types say unknown sizes as graph types do.
mlir::RankedTensorType storageType(mlir::RankedTensorType type);
/// The type in which sums of such elements are kept: 16-bit floats are summed in f32.
mlir::Type accumulatorType(mlir::Type element);
/// Whether integers of this graph type (booleans among them) compare and convert as unsigned numbers.
bool isUnsigned(mlir::Type element);

/// Maps a result's indices to those of an operand that is broadcast to it as numpy does.
mlir::AffineMap broadcastMap(mlir::MLIRContext *context, ShapeRef operand, ShapeRef result);

/// The size arguments of the kernel that is being written: one for each unknown size that its body asks for.
class KernelSizes {
public:
  explicit KernelSizes(mlir::Block &block) : block(block) {}
  /// The number of the argument for an unknown size.
  unsigned number(Dim dim);
  mlir::Value value(Dim dim);
  /// The sizes, in their arguments' order; the arguments stand at the end of the block's.
  llvm::SmallVector<Dim> dims;

private:
  mlir::Block &block;
};

/// Writes scalar operations at one place.
class ScalarKit {
public:
  using Value = mlir::Value;
  mlir::OpBuilder &b;
  mlir::Location loc;
  KernelSizes *sizes; ///< may be null where all sizes are known
  ScalarKit(mlir::OpBuilder &b, mlir::Location loc, KernelSizes *sizes) : b(b), loc(loc), sizes(sizes) {}

  Value index(int64_t value);
  Value index(Dim size);                         ///< one of the kernel's sizes, or a constant
  Value constant(mlir::Type type, double value); ///< rounded to the type; integers saturate
  Value lowest(mlir::Type type, bool isUnsigned);
  Value highest(mlir::Type type, bool isUnsigned);
  /// Integer or float operations, by the operands' type.
  Value add(Value x, Value y);
  Value sub(Value x, Value y);
  Value mul(Value x, Value y);
  Value div(Value x, Value y, bool isUnsigned = false);
  Value max(Value x, Value y, bool isUnsigned = false);
  Value min(Value x, Value y, bool isUnsigned = false);
  /// Signed integer comparison, as on indices.
  Value compare(mlir::arith::CmpIPredicate predicate, Value x, Value y);
  Value select(Value condition, Value x, Value y);
  /// 0 <= x < size, for an index.
  Value inside(Value x, Dim size);
  /// An index moved into 0 .. size-1.
  Value clamp(Value x, Dim size);
  /// x mod y, at least 0, for an index and a positive y.
  Value modulo(Value x, Value y);
  Value both(Value x, Value y); ///< x and y; a null operand is true
  /// Conversion between number types; `isUnsigned` speaks of the integer on either side.
  Value convert(Value x, mlir::Type to, bool isUnsigned = false);
  Value extract(Value tensor, llvm::ArrayRef<Value> at);
  Value loopIndex(int64_t dim);
  /// The element of `tensor` where `map` leads from the loops' indices.
  Value readAt(Value tensor, mlir::AffineMap map);
};

/// Whether a tensor can be an operand under `map`: a loop alone must walk the whole dimension, as linalg
/// demands.
bool fitsOperand(mlir::AffineMap map, ShapeRef operand, ShapeRef loops);

using ScalarFn = llvm::function_ref<mlir::Value(ScalarKit &, mlir::ValueRange)>;
using Iterators = llvm::SmallVector<mlir::utils::IteratorType>;

/// Writes tensor operations at one place.
class TensorKit : public ScalarKit {
public:
  using ScalarKit::ScalarKit;
  mlir::MLIRContext *context() const { return b.getContext(); }
  mlir::AffineExpr d(unsigned dim) const { return mlir::getAffineDimExpr(dim, context()); }
  mlir::AffineExpr c(int64_t value) const { return mlir::getAffineConstantExpr(value, context()); }
  mlir::AffineMap map(unsigned dims, llvm::ArrayRef<mlir::AffineExpr> results) const {
    return mlir::AffineMap::get(dims, 0, results, context());
  }

  Value empty(ShapeRef shape, mlir::Type element);
  Value fill(ShapeRef shape, Value scalar);
  /// A tensor's sizes as operations take them.
  llvm::SmallVector<mlir::OpFoldResult> extents(ShapeRef shape);
  /// One element of the result from one element of each input, all loops parallel.
  Value mapOver(mlir::RankedTensorType result, mlir::ValueRange inputs, llvm::ArrayRef<mlir::AffineMap> maps,
                ScalarFn fn);
  /// The same for inputs that broadcast to the result.
  Value mapOver(mlir::RankedTensorType result, mlir::ValueRange inputs, ScalarFn fn);
  /// The same, written over `destination`.
  Value mapInto(Value destination, mlir::ValueRange inputs, llvm::ArrayRef<mlir::AffineMap> maps,
                ScalarFn fn);
  /// Combines elements into `init`; the last argument of `fn` is the accumulator.
  Value accumulate(Value init, mlir::AffineMap outMap, mlir::ValueRange inputs,
                   llvm::ArrayRef<mlir::AffineMap> maps, llvm::ArrayRef<mlir::utils::IteratorType> iterators,
                   ScalarFn fn);
  /// All elements converted to another number type; nothing where they have it.
  Value convertAll(Value tensor, mlir::Type element, bool isUnsigned = false);
  /// `tensor` copied to `offsets` of `destination`.
  Value place(Value tensor, Value destination, ShapeRef offsets);
  /// Splits dimension `dim` into `outer` times the rest, or joins it with the next one.
  Value splitDim(Value tensor, int64_t dim, int64_t outer);
  Value joinDims(Value tensor, int64_t dim);
};

} // namespace tegula::fuse
