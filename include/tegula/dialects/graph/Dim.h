// A size of a tensor, a number or an expression over the model's symbols, so that each shape rule is written
// once for static, symbolic and run-time sizes.
#pragma once

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>
#include <string>

namespace tegula::graph {

/// The values that a symbol may take.
struct SymbolRange {
  int64_t lowest = 1, highest = INT64_MAX;
  friend bool operator==(const SymbolRange &, const SymbolRange &) = default;
};
/// One a symbol; of symbols beyond it is known what is known of all.
using SymbolRanges = llvm::ArrayRef<SymbolRange>;

/// A size. Symbols stand for numbers of at least 1, which the runtime checks when it is told them.
///
/// An expression is kept in normal form, a polynomial over symbols and floor divisions, so two sizes that are
/// the same polynomial compare equal. Arithmetic that leaves 63 bits makes a size invalid for good.
class Dim {
public:
  Dim() = default;
  Dim(int64_t number) : value(number) {}
  /// Brings `expr` over symbols to normal form.
  explicit Dim(mlir::AffineExpr expr);
  static Dim symbol(unsigned index, mlir::MLIRContext *context);
  static Dim invalid() { return Dim(INT64_MIN); }

  bool isStatic() const { return !expression; }
  bool isValid() const { return expression || value != INT64_MIN; }
  bool is(int64_t number) const { return !expression && value == number; }
  /// The number of a static size.
  int64_t number() const {
    assert(isStatic() && "expected a static size");
    return value;
  }
  std::optional<int64_t> fixed() const { return isStatic() ? std::optional(value) : std::nullopt; }
  /// The number, or ShapedType::kDynamic.
  int64_t numberOrDynamic() const { return isStatic() ? value : mlir::ShapedType::kDynamic; }
  mlir::AffineExpr expr(mlir::MLIRContext *context) const;
  bool hasSymbol(unsigned index) const { return expression && expression.isFunctionOfSymbol(index); }
  /// One more than the highest symbol in it.
  unsigned numSymbols() const;
  /// "s0 * 2", or with the symbols' names "batch * 2".
  std::string text(llvm::ArrayRef<std::string> names = {}) const;

  /// The number in the sum that it is.
  int64_t constantTerm() const;

  /// What is known of its range; the bounds may be wider than the range.
  std::optional<int64_t> minimum(SymbolRanges ranges = {}) const;
  std::optional<int64_t> maximum(SymbolRanges ranges = {}) const;

  /// With each symbol replaced; symbols beyond `symbols` stay.
  Dim substitute(llvm::ArrayRef<Dim> symbols) const;
  /// The number for these symbols; nothing where it overflows or divides by zero.
  std::optional<int64_t> evaluate(llvm::ArrayRef<int64_t> symbols) const;

  friend Dim operator+(Dim a, Dim b);
  friend Dim operator-(Dim a, Dim b);
  friend Dim operator*(Dim a, Dim b);
  Dim &operator+=(Dim b) { return *this = *this + b; }
  Dim &operator-=(Dim b) { return *this = *this - b; }
  Dim &operator*=(Dim b) { return *this = *this * b; }
  /// Rounding towards minus infinity; invalid for a divisor that may be 0 or less.
  friend Dim floorDiv(Dim a, Dim b);
  friend Dim ceilDiv(Dim a, Dim b);
  friend Dim modulo(Dim a, Dim b);
  /// a / b where b divides a for all symbols, as far as polynomial division can tell.
  friend std::optional<Dim> exactDiv(Dim a, Dim b);

  /// Whether both are the same polynomial. "Not equal" does not mean different: see surelyDifferent.
  friend bool operator==(Dim a, Dim b) { return a.expression == b.expression && a.value == b.value; }
  friend bool operator!=(Dim, Dim) = delete;

private:
  mlir::AffineExpr expression; ///< null for a number
  int64_t value = 0;           ///< 0 for an expression
};

Dim floorDiv(Dim a, Dim b);
Dim ceilDiv(Dim a, Dim b);
Dim modulo(Dim a, Dim b);
std::optional<Dim> exactDiv(Dim a, Dim b);
/// The smaller and the larger of two sizes that are never negative; an expression where symbols decide.
Dim least(Dim a, Dim b);
Dim greatest(Dim a, Dim b);

/// Whether two sizes are equal (true), different (false), or whether that depends on symbols (nothing).
std::optional<bool> areEqual(Dim a, Dim b);
inline bool surelyDifferent(Dim a, Dim b) { return areEqual(a, b) == std::optional(false); }
/// a <= b for all symbols.
bool surelyAtMost(Dim a, Dim b, SymbolRanges ranges = {});
/// a < b for all symbols.
inline bool surelyLess(Dim a, Dim b) { return surelyAtMost(a + 1, b); }

using Shape = llvm::SmallVector<Dim>;
using ShapeRef = llvm::ArrayRef<Dim>;

/// "2x3x4", "s0x128", "scalar" for rank 0.
std::string shapeText(ShapeRef shape, llvm::ArrayRef<std::string> names = {});
/// The product of all sizes; invalid where one is negative or the product overflows.
Dim elementCount(ShapeRef shape);
bool isStatic(ShapeRef shape);
/// The numbers of a static shape.
llvm::SmallVector<int64_t> numbersOf(ShapeRef shape);
Shape dimsOf(llvm::ArrayRef<int64_t> numbers);
/// Same length, and no size that differs for sure.
bool mayBeEqual(ShapeRef a, ShapeRef b);

/// Sizes as a map from symbols: affine_map<()[s0] -> (s0, 128)>, with as many symbols as it needs.
mlir::AffineMap sizesMap(ShapeRef sizes, mlir::MLIRContext *context);
Shape sizesOf(mlir::AffineMap map);

/// A tensor type carries unknown sizes as its encoding, which is such a map of all its sizes:
///   tensor<?x128xf32, affine_map<()[s0] -> (s0, 128)>>
/// A static type has no encoding.
mlir::RankedTensorType tensorType(ShapeRef shape, mlir::Type element);
inline mlir::RankedTensorType tensorType(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType());
}
Shape shapeOf(mlir::Type tensor);
Shape shapeOf(mlir::Value tensor);
/// Checks that a tensor type's encoding says its sizes; other types pass.
mlir::LogicalResult checkSizes(mlir::Type type, llvm::function_ref<mlir::InFlightDiagnostic()> error);

/// What import assumed of the sizes and the runtime checks when it is told them.
struct Requirement {
  enum class Kind { Equal, AtMost, Never }; ///< Never holds for no sizes: what it stands for must not run
  Kind kind;
  Dim lhs, rhs;
  std::string node; ///< the ONNX node that needs it
  std::string text; ///< what it needs: "expected equal inner sizes"
};
/// Reads and writes the attributes `tegula.symbols` and `tegula.require` of @main:
///   tegula.symbols = ["batch", "seq"]
///   tegula.require = [["equal", affine_map<()[s0, s1] -> (s0, s1)>, "node", "text"]]
llvm::SmallVector<std::string> readSymbols(mlir::Operation *function);
void writeSymbols(mlir::Operation *function, llvm::ArrayRef<std::string> names);
llvm::SmallVector<Requirement> readRequirements(mlir::Operation *function);
/// The same as a list of its own, null for none.
llvm::SmallVector<Requirement> readRequirements(mlir::ArrayAttr list);
mlir::ArrayAttr requirementsAttr(llvm::ArrayRef<Requirement> requirements, mlir::MLIRContext *context);
/// Reads and writes what the user promises of the symbols, lowest and highest value of each; nothing of any
/// is no attribute:
///   tegula.bounds = array<i64: 1, 8, 1, 2048>
llvm::SmallVector<SymbolRange> readRanges(mlir::Operation *function);
void writeRanges(mlir::Operation *function, SymbolRanges ranges);

/// A symbol of @main and the size that it has in one of its variants.
using FixedSize = std::pair<std::string, int64_t>;
/// Reads and writes which sizes a function beside @main is for, in the order of their names; none is no
/// attribute:
///   tegula.fixed = {batch = 1 : i64}
llvm::SmallVector<FixedSize> readFixed(mlir::Operation *function);
void writeFixed(mlir::Operation *function, llvm::ArrayRef<FixedSize> sizes);
void writeRequirements(mlir::Operation *function, llvm::ArrayRef<Requirement> requirements);

} // namespace tegula::graph
