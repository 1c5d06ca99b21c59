// Keeps sizes in normal form, says how small and large they can be, and prints them.
#include "tegula/dialects/graph/Dim.h"

#include "Polynomial.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace tegula::graph {

namespace {

// ---- Ranges ----

std::optional<int64_t> lowest(const Polynomial &polynomial, bool negated, SymbolRanges ranges);

/// The lowest value of an atom, or of its negation.
std::optional<int64_t> lowest(AffineExpr atom, bool negated, SymbolRanges ranges) {
  auto binary = dyn_cast<AffineBinaryOpExpr>(atom);
  if (!binary) {
    auto symbol = dyn_cast<AffineSymbolExpr>(atom);
    SymbolRange range =
        symbol && symbol.getPosition() < ranges.size() ? ranges[symbol.getPosition()] : SymbolRange();
    if (negated && range.highest == INT64_MAX)
      return std::nullopt;
    return negated ? -range.highest : range.lowest;
  }
  auto by = dyn_cast<AffineConstantExpr>(binary.getRHS());
  std::optional<int64_t> bound = lowest(toPolynomial(binary.getLHS()), negated, ranges);
  if (!bound || binary.getKind() != AffineExprKind::FloorDiv)
    return std::nullopt;
  if (!by && negated) // dividing by at least 1 makes nothing larger that is positive
    return std::min<int64_t>(*bound, 0);
  if (!by) // what is not negative stays so
    return *bound >= 0 ? std::optional<int64_t>(0) : std::nullopt;
  return negated ? -floorOf(-*bound, by.getValue()) : floorOf(*bound, by.getValue());
}

/// The lowest value of a product of atoms, or of its negation. Of several atoms none may be negative.
std::optional<int64_t> lowest(const Monomial &monomial, bool negated, SymbolRanges ranges) {
  if (monomial.size() == 1)
    return lowest(monomial.front(), negated, ranges);
  int64_t product = 1;
  for (AffineExpr atom : monomial) {
    std::optional<int64_t> least = lowest(atom, false, ranges);
    if (least && *least >= 0 && negated)
      if ((least = lowest(atom, true, ranges)))
        least = -*least;
    if (!least || *least < 0 || __builtin_mul_overflow(product, *least, &product))
      return std::nullopt;
  }
  return negated ? -product : product;
}

std::optional<int64_t> lowest(const Polynomial &polynomial, bool negated, SymbolRanges ranges) {
  int64_t total = 0;
  for (const auto &[monomial, coefficient] : polynomial.terms) {
    bool isNegative = (coefficient < 0) != negated;
    std::optional<int64_t> least = lowest(monomial, isNegative, ranges);
    int64_t bound;
    if (coefficient == INT64_MIN || !least || __builtin_mul_overflow(std::abs(coefficient), *least, &bound) ||
        __builtin_add_overflow(total, bound, &total))
      return std::nullopt;
  }
  return total;
}

/// The lowest value, where a sum that has none by its terms may have one because floor(x/q) lies between
/// (x-q+1)/q and x/q.
std::optional<int64_t> lowestOf(const Polynomial &polynomial, int depth, SymbolRanges ranges) {
  std::optional<int64_t> least = lowest(polynomial, false, ranges);
  if (least || depth == 0 || !polynomial.valid)
    return least;
  for (const auto &[monomial, factor] : polynomial.terms) {
    auto division =
        monomial.size() == 1 ? dyn_cast<AffineBinaryOpExpr>(monomial.front()) : AffineBinaryOpExpr(nullptr);
    auto by = division ? dyn_cast<AffineConstantExpr>(division.getRHS()) : AffineConstantExpr();
    if (!by)
      continue;
    int64_t divisor = by.getValue();
    Polynomial others = polynomial, relaxed, bound = toPolynomial(division.getLHS());
    others.add(monomial, -factor);
    relaxed.addScaled(others, {}, divisor);
    if (factor > 0)
      bound.add({}, 1 - divisor);
    relaxed.addScaled(bound, {}, factor);
    if (std::optional<int64_t> found = lowestOf(relaxed, depth - 1, ranges))
      return -floorOf(-*found, divisor);
  }
  return std::nullopt;
}

constexpr int kBoundDepth = 3;

Polynomial polynomialOf(Dim dim) {
  if (!dim.isValid())
    return Polynomial::bad();
  return dim.isStatic() ? Polynomial(dim.number()) : toPolynomial(dim.expr(nullptr));
}

Dim dimOf(const Polynomial &polynomial, MLIRContext *context) {
  if (!polynomial.valid)
    return Dim::invalid();
  if (std::optional<int64_t> number = polynomial.constant())
    return *number;
  return Dim(toExpr(polynomial, context));
}

MLIRContext *contextOf(Dim a, Dim b) {
  return a.isStatic() ? (b.isStatic() ? nullptr : b.expr(nullptr).getContext())
                      : a.expr(nullptr).getContext();
}

} // namespace

// ---- Dim ----

Dim::Dim(AffineExpr expr) {
  Polynomial polynomial = toPolynomial(expr);
  if (!polynomial.valid)
    value = INT64_MIN;
  else if (std::optional<int64_t> number = polynomial.constant())
    value = *number;
  else
    expression = toExpr(polynomial, expr.getContext());
}

Dim Dim::symbol(unsigned index, MLIRContext *context) { return Dim(getAffineSymbolExpr(index, context)); }

AffineExpr Dim::expr(MLIRContext *context) const {
  return expression ? expression : getAffineConstantExpr(value, context);
}

unsigned Dim::numSymbols() const {
  unsigned count = 0;
  if (expression)
    expression.walk([&](AffineExpr part) {
      if (auto symbol = dyn_cast<AffineSymbolExpr>(part))
        count = std::max(count, symbol.getPosition() + 1);
    });
  return count;
}

Dim operator+(Dim a, Dim b) { return dimOf(sum(polynomialOf(a), polynomialOf(b)), contextOf(a, b)); }
Dim operator-(Dim a, Dim b) { return dimOf(sum(polynomialOf(a), polynomialOf(b), -1), contextOf(a, b)); }
Dim operator*(Dim a, Dim b) { return dimOf(product(polynomialOf(a), polynomialOf(b)), contextOf(a, b)); }

Dim floorDiv(Dim a, Dim b) {
  std::optional<int64_t> least = b.minimum();
  if (!least || *least < 1)
    return Dim::invalid();
  return dimOf(floorQuotient(polynomialOf(a), polynomialOf(b), contextOf(a, b)), contextOf(a, b));
}
Dim ceilDiv(Dim a, Dim b) { return floorDiv(a + b - 1, b); }
Dim modulo(Dim a, Dim b) { return a - b * floorDiv(a, b); }

std::optional<Dim> exactDiv(Dim a, Dim b) {
  std::optional<Polynomial> quotient = exactQuotient(polynomialOf(a), polynomialOf(b));
  return quotient ? std::optional(dimOf(*quotient, contextOf(a, b))) : std::nullopt;
}

/// (b - a) / (a + b + 1), rounded down, is -1 where b is smaller, else 0.
Dim least(Dim a, Dim b) {
  if (surelyAtMost(a, b))
    return a;
  if (surelyAtMost(b, a))
    return b;
  // That the divisor is positive is promised of the arguments, if not always to be seen.
  Dim isSmaller =
      dimOf(floorQuotient(polynomialOf(b - a), polynomialOf(a + b + 1), contextOf(a, b)), contextOf(a, b));
  return a - (b - a) * isSmaller;
}
Dim greatest(Dim a, Dim b) { return a + b - least(a, b); }

int64_t Dim::constantTerm() const {
  Polynomial polynomial = polynomialOf(*this);
  auto found = polynomial.terms.find(Monomial());
  return found == polynomial.terms.end() ? 0 : found->second;
}

std::optional<int64_t> Dim::minimum(SymbolRanges ranges) const {
  return isValid() ? lowestOf(polynomialOf(*this), kBoundDepth, ranges) : std::nullopt;
}
std::optional<int64_t> Dim::maximum(SymbolRanges ranges) const {
  std::optional<int64_t> bound = isValid() ? (0 - *this).minimum(ranges) : std::nullopt;
  return bound ? std::optional(-*bound) : std::nullopt;
}

Dim Dim::substitute(ArrayRef<Dim> symbols) const {
  if (!expression)
    return *this;
  for (auto [symbol, size] : llvm::enumerate(symbols))
    if (!size.isValid() && expression.isFunctionOfSymbol(symbol))
      return invalid();
  SmallVector<AffineExpr> replacements =
      llvm::map_to_vector(symbols, [&](Dim dim) { return dim.expr(expression.getContext()); });
  return Dim(expression.replaceSymbols(replacements));
}

std::optional<int64_t> Dim::evaluate(ArrayRef<int64_t> symbols) const {
  Dim result = substitute(llvm::map_to_vector(symbols, [](int64_t number) { return Dim(number); }));
  return result.isStatic() && result.isValid() ? std::optional(result.value) : std::nullopt;
}

std::optional<bool> areEqual(Dim a, Dim b) {
  if (a == b)
    return true;
  Dim difference = a - b;
  std::optional<int64_t> least = difference.minimum(), most = difference.maximum();
  if ((least && *least > 0) || (most && *most < 0))
    return false;
  return std::nullopt;
}

bool surelyAtMost(Dim a, Dim b, SymbolRanges ranges) {
  std::optional<int64_t> least = (b - a).minimum(ranges);
  return least && *least >= 0;
}

/// What is added is printed before what is taken away; division rounds down.
static void print(const Polynomial &polynomial, ArrayRef<std::string> names, llvm::raw_ostream &os);

static void print(AffineExpr atom, ArrayRef<std::string> names, llvm::raw_ostream &os) {
  auto symbol = dyn_cast<AffineSymbolExpr>(atom);
  auto division = dyn_cast<AffineBinaryOpExpr>(atom);
  if (symbol && symbol.getPosition() < names.size()) {
    os << names[symbol.getPosition()];
  } else if (!division) {
    os << atom;
  } else {
    for (AffineExpr side : {division.getLHS(), division.getRHS()}) {
      bool isPlain = !isa<AffineBinaryOpExpr>(side);
      os << (side == division.getRHS() ? "/" : "") << (isPlain ? "" : "(");
      print(toPolynomial(side), names, os);
      os << (isPlain ? "" : ")");
    }
  }
}

static void print(const Polynomial &polynomial, ArrayRef<std::string> names, llvm::raw_ostream &os) {
  bool isFirst = true;
  for (bool wantNegative : {false, true}) {
    for (const auto &[monomial, factor] : polynomial.terms) {
      if ((factor < 0) != wantNegative)
        continue;
      os << (wantNegative ? "-" : isFirst ? "" : "+");
      isFirst = false;
      llvm::interleave(monomial, os, [&](AffineExpr atom) { print(atom, names, os); }, "*");
      if (monomial.empty() || std::abs(factor) != 1)
        os << (monomial.empty() ? "" : "*") << std::abs(factor);
    }
  }
}

std::string Dim::text(ArrayRef<std::string> names) const {
  if (!isValid())
    return "overflow";
  if (isStatic())
    return value < 0 ? "?" : std::to_string(value);
  std::string result;
  llvm::raw_string_ostream os(result);
  print(polynomialOf(*this), names, os);
  return result;
}

} // namespace tegula::graph
