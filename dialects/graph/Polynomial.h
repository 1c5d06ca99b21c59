// Polynomials whose atoms are symbols and floor divisions: the normal form of sizes. It exists apart from
// Dim, because sizes are compared and bounded in other words than they are added and divided.
#pragma once

#include "mlir/IR/AffineExpr.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"

#include <map>
#include <optional>

namespace tegula::graph {

/// A total order of expressions that depends on their structure only.
int compare(mlir::AffineExpr a, mlir::AffineExpr b);

/// A product of atoms, in order and each as often as its power.
using Monomial = llvm::SmallVector<mlir::AffineExpr, 2>;

/// Higher degrees first, a graded order, which polynomial division relies on.
struct MonomialOrder {
  bool operator()(const Monomial &a, const Monomial &b) const {
    if (a.size() != b.size())
      return a.size() > b.size();
    for (auto [x, y] : llvm::zip_equal(a, b))
      if (int order = compare(x, y))
        return order < 0;
    return false;
  }
};

Monomial times(const Monomial &a, const Monomial &b);

/// A sum of monomials with coefficients other than 0; empty is 0.
struct Polynomial {
  std::map<Monomial, int64_t, MonomialOrder> terms;
  bool valid = true;

  Polynomial() = default;
  Polynomial(int64_t number) { add({}, number); }
  explicit Polynomial(mlir::AffineExpr atom) { add({atom}, 1); }
  static Polynomial bad() {
    Polynomial result;
    result.valid = false;
    return result;
  }

  void add(const Monomial &monomial, int64_t factor) {
    if (factor == 0)
      return;
    auto [entry, isNew] = terms.try_emplace(monomial, factor);
    if (isNew)
      return;
    valid &= !__builtin_add_overflow(entry->second, factor, &entry->second);
    if (entry->second == 0)
      terms.erase(entry);
  }
  void addScaled(const Polynomial &other, const Monomial &by, int64_t factor) {
    valid &= other.valid;
    for (const auto &[monomial, coefficient] : other.terms) {
      int64_t product;
      valid &= !__builtin_mul_overflow(coefficient, factor, &product);
      add(times(monomial, by), product);
    }
  }
  std::optional<int64_t> constant() const {
    if (terms.empty())
      return 0;
    if (terms.size() == 1 && terms.begin()->first.empty())
      return terms.begin()->second;
    return std::nullopt;
  }
};

/// a + factor * b
Polynomial sum(const Polynomial &a, const Polynomial &b, int64_t factor = 1);
Polynomial product(const Polynomial &a, const Polynomial &b);

/// Long division; nothing where a rest would stay.
std::optional<Polynomial> exactQuotient(Polynomial a, const Polynomial &b);

/// a / b, rounded down.
inline int64_t floorOf(int64_t a, int64_t b) { return llvm::divideFloorSigned(a, b); }
Polynomial floorQuotient(const Polynomial &a, const Polynomial &b, mlir::MLIRContext *context);

Polynomial toPolynomial(mlir::AffineExpr expr);
mlir::AffineExpr toExpr(const Polynomial &polynomial, mlir::MLIRContext *context);

} // namespace tegula::graph
