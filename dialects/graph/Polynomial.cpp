// Adds, multiplies and divides the polynomials that sizes are, so that equal sizes are equal expressions.
#include "Polynomial.h"

#include "tegula/dialects/graph/Dim.h"

#include "llvm/ADT/STLExtras.h"

#include <numeric>

using namespace mlir;

namespace tegula::graph {

int compare(AffineExpr a, AffineExpr b) {
  if (a == b)
    return 0;
  if (a.getKind() != b.getKind())
    return a.getKind() > b.getKind() ? -1 : 1; // symbols and constants before divisions
  if (auto symbol = dyn_cast<AffineSymbolExpr>(a))
    return symbol.getPosition() < cast<AffineSymbolExpr>(b).getPosition() ? -1 : 1;
  if (auto constant = dyn_cast<AffineConstantExpr>(a))
    return constant.getValue() < cast<AffineConstantExpr>(b).getValue() ? -1 : 1;
  if (auto dim = dyn_cast<AffineDimExpr>(a))
    return dim.getPosition() < cast<AffineDimExpr>(b).getPosition() ? -1 : 1;
  auto x = cast<AffineBinaryOpExpr>(a), y = cast<AffineBinaryOpExpr>(b);
  int order = compare(x.getLHS(), y.getLHS());
  return order ? order : compare(x.getRHS(), y.getRHS());
}

Monomial times(const Monomial &a, const Monomial &b) {
  Monomial product;
  std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(product),
             [](AffineExpr x, AffineExpr y) { return compare(x, y) < 0; });
  return product;
}

/// a / b, where b divides a.
static std::optional<Monomial> divide(const Monomial &a, const Monomial &b) {
  Monomial quotient;
  size_t at = 0;
  for (AffineExpr atom : a) {
    if (at < b.size() && b[at] == atom)
      ++at;
    else
      quotient.push_back(atom);
  }
  return at == b.size() ? std::optional(quotient) : std::nullopt;
}

Polynomial sum(const Polynomial &a, const Polynomial &b, int64_t factor) {
  Polynomial result = a;
  result.addScaled(b, {}, factor);
  return result;
}

Polynomial product(const Polynomial &a, const Polynomial &b) {
  Polynomial result;
  result.valid = a.valid;
  for (const auto &[monomial, factor] : a.terms)
    result.addScaled(b, monomial, factor);
  return result;
}

std::optional<Polynomial> exactQuotient(Polynomial a, const Polynomial &b) {
  if (b.terms.empty() || !a.valid || !b.valid)
    return std::nullopt;
  auto [leading, factor] = *b.terms.begin();
  Polynomial quotient;
  while (!a.terms.empty()) {
    auto [monomial, coefficient] = *a.terms.begin();
    std::optional<Monomial> part = divide(monomial, leading);
    if (!part || coefficient % factor != 0 || coefficient == INT64_MIN)
      return std::nullopt;
    quotient.add(*part, coefficient / factor);
    a.addScaled(b, *part, -(coefficient / factor));
    if (!a.valid)
      return std::nullopt;
  }
  return quotient;
}

AffineExpr toExpr(const Polynomial &polynomial, MLIRContext *context) {
  AffineExpr total;
  for (const auto &[monomial, factor] : polynomial.terms) {
    AffineExpr term;
    for (AffineExpr atom : monomial)
      term = term ? term * atom : atom;
    term = term ? (factor == 1 ? term : term * factor) : getAffineConstantExpr(factor, context);
    total = total ? total + term : term;
  }
  return total ? total : getAffineConstantExpr(0, context);
}

Polynomial toPolynomial(AffineExpr expr);

/// The atom a floordiv b of normal forms that do not simplify any further.
static Polynomial divisionAtom(const Polynomial &a, const Polynomial &b, MLIRContext *context) {
  AffineExpr expr = toExpr(a, context).floorDiv(toExpr(b, context));
  if (expr.getKind() != AffineExprKind::FloorDiv)
    return toPolynomial(expr); // MLIR knew better
  return Polynomial(expr);
}

/// The largest monomial that divides every term of both.
static Monomial commonFactor(const Polynomial &a, const Polynomial &b) {
  std::optional<Monomial> common;
  for (const Polynomial *each : {&a, &b})
    for (const auto &[monomial, factor] : each->terms) {
      if (!common) {
        common = monomial;
        continue;
      }
      Monomial both;
      std::set_intersection(common->begin(), common->end(), monomial.begin(), monomial.end(),
                            std::back_inserter(both),
                            [](AffineExpr x, AffineExpr y) { return compare(x, y) < 0; });
      common = both;
    }
  return common.value_or(Monomial());
}

Polynomial floorQuotient(const Polynomial &a, const Polynomial &b, MLIRContext *context);

/// floor(a / divisor) for a number of at least 2: whole multiples leave the division, common factors are
/// cancelled, and floor(floor(x/m)/n) becomes floor(x/(m·n)).
static Polynomial floorQuotient(const Polynomial &a, int64_t divisor, MLIRContext *context) {
  Polynomial whole, rest;
  int64_t common = divisor;
  for (const auto &[monomial, factor] : a.terms) {
    int64_t quotient = floorOf(factor, divisor);
    whole.add(monomial, quotient);
    rest.add(monomial, factor - quotient * divisor);
    if (!monomial.empty())
      common = std::gcd(common, factor - quotient * divisor);
  }
  if (rest.constant())
    return whole;
  if (common > 1) {
    Polynomial smaller;
    for (const auto &[monomial, factor] : rest.terms)
      smaller.add(monomial, factor / common);
    return sum(whole, floorQuotient(smaller, Polynomial(divisor / common), context));
  }
  for (const auto &[monomial, factor] : rest.terms) {
    auto inner =
        monomial.size() == 1 ? dyn_cast<AffineBinaryOpExpr>(monomial.front()) : AffineBinaryOpExpr(nullptr);
    auto by = inner ? dyn_cast<AffineConstantExpr>(inner.getRHS()) : AffineConstantExpr();
    int64_t both;
    if (factor != 1 || !by || __builtin_mul_overflow(by.getValue(), divisor, &both))
      continue;
    Polynomial others = rest;
    others.add(monomial, -1);
    Polynomial joined = sum(toPolynomial(inner.getLHS()), others, by.getValue());
    return sum(whole, floorQuotient(joined, Polynomial(both), context));
  }
  return sum(whole, divisionAtom(rest, Polynomial(divisor), context));
}

Polynomial floorQuotient(const Polynomial &a, const Polynomial &b, MLIRContext *context) {
  if (!a.valid || !b.valid)
    return Polynomial::bad();
  if (std::optional<Polynomial> quotient = exactQuotient(a, b))
    return *quotient;
  if (std::optional<int64_t> divisor = b.constant()) {
    if (*divisor <= 0)
      return Polynomial::bad();
    if (std::optional<int64_t> number = a.constant())
      return floorOf(*number, *divisor);
    return floorQuotient(a, *divisor, context);
  }
  if (Monomial common = commonFactor(a, b); !common.empty()) {
    Polynomial factor;
    factor.add(common, 1);
    return floorQuotient(*exactQuotient(a, factor), *exactQuotient(b, factor), context);
  }
  return divisionAtom(a, b, context);
}

Polynomial toPolynomial(AffineExpr expr) {
  MLIRContext *context = expr.getContext();
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  if (!binary)
    return Polynomial(expr);
  Polynomial a = toPolynomial(binary.getLHS()), b = toPolynomial(binary.getRHS());
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return sum(a, b);
  case AffineExprKind::Mul:
    return product(a, b);
  case AffineExprKind::FloorDiv:
    return floorQuotient(a, b, context);
  case AffineExprKind::CeilDiv:
    return floorQuotient(sum(sum(a, b), 1, -1), b, context);
  default: // a mod b = a - b·floor(a/b)
    return sum(a, product(b, floorQuotient(a, b, context)), -1);
  }
}

} // namespace tegula::graph
