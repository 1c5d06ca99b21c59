// Imports matrix products in all their ONNX forms.
#include "Node.h"

#include "llvm/ADT/StringExtras.h"

#include <cmath>

using namespace mlir;

namespace tegula::importer {

/// numpy.matmul: a vector on the left is a row, on the right a column, and its dimension disappears again.
static Value matmul(Node &node, Value lhs, Value rhs) {
  if (!lhs || !rhs)
    return {};
  bool isRow = Ops::rank(lhs) == 1, isColumn = Ops::rank(rhs) == 1;
  if (isRow)
    lhs = node.reshape(lhs, {1, Ops::shape(lhs)[0]});
  if (isColumn)
    rhs = node.reshape(rhs, {Ops::shape(rhs)[0], 1});
  Value product = node.matmul(lhs, rhs);
  if (!product || (!isRow && !isColumn))
    return product;
  Shape shape = Ops::shape(product);
  if (isRow)
    shape.erase(shape.end() - 2);
  if (isColumn)
    shape.pop_back();
  return node.reshape(product, shape);
}

static void matMul(Node &node) { node.result(matmul(node, node.input(0), node.input(1))); }

/// Subtracts a zero point that is one number, or one a row of the left or column of the right operand.
static Value centred(Node &node, size_t index, size_t zeroIndex, bool isLeft) {
  Type i32 = node.builder.getI32Type();
  Value x = node.cast(node.input(index), i32);
  if (!node.has(zeroIndex))
    return x;
  Value zero = node.cast(node.input(zeroIndex), i32);
  if (isLeft && Ops::rank(zero) == 1 && !Ops::shape(zero)[0].is(1))
    zero = node.reshape(zero, {Ops::shape(zero)[0], 1});
  return node.sub(x, zero);
}

static void matMulInteger(Node &node) {
  node.result(matmul(node, centred(node, 0, 2, true), centred(node, 1, 3, false)));
}

static void gemm(Node &node) {
  Value a = node.input(0), b = node.input(1);
  double alpha = node.real("alpha", 1.0), beta = node.real("beta", 1.0);
  bool transA = node.integer("transA", 0) != 0, transB = node.integer("transB", 0) != 0;
  if (node.opset < 7)
    node.integer("broadcast", 0);
  if (!a || !b)
    return;
  if (!node.isFloat(a) && (alpha != std::floor(alpha) || beta != std::floor(beta)))
    return node.unsupported("a fraction as alpha or beta of integers is not supported",
                            Code::UnsupportedType);
  if (Ops::rank(a) != 2 || Ops::rank(b) != 2)
    return node.invalid("expected matrices, got " + node.shown(Ops::shape(a)) + " and " +
                        node.shown(Ops::shape(b)));
  Value y = node.matmul(transA ? node.transpose(a, {1, 0}) : a, transB ? node.transpose(b, {1, 0}) : b);
  if (alpha != 1.0)
    y = node.mul(y, alpha);
  if (node.has(2) && beta != 0.0) {
    Value c = node.input(2);
    y = node.add(y, beta != 1.0 ? node.mul(c, beta) : c);
  } else {
    node.ignore(2);
  }
  node.result(y);
}

// ---- Einsum ----

namespace {

/// One operand with a letter a dimension.
struct Term {
  std::string letters;
  Value value;
};

} // namespace

/// Keeps the letters of `order` that the term has, in that order; sums the others away.
static Term arrange(Node &node, Term term, const std::string &order) {
  Ints gone;
  std::string kept;
  for (size_t i = 0; i < term.letters.size(); ++i) {
    if (order.find(term.letters[i]) == std::string::npos)
      gone.push_back(static_cast<int64_t>(i));
    else
      kept += term.letters[i];
  }
  Value value = gone.empty() ? term.value : node.reduce(ReduceKind::Sum, term.value, gone, false);
  Ints perm;
  std::string letters;
  for (char letter : order)
    if (size_t at = kept.find(letter); at != std::string::npos && letters.find(letter) == std::string::npos) {
      perm.push_back(static_cast<int64_t>(at));
      letters += letter;
    }
  return {letters, node.transpose(value, perm)};
}

/// Multiplies two terms: letters of both that `keep` has are the batch, other shared letters are contracted.
static Term multiply(Node &node, Term lhs, Term rhs, const std::string &keep) {
  std::string batch, rows, columns, inner;
  for (char letter : lhs.letters) {
    bool shared = rhs.letters.find(letter) != std::string::npos,
         kept = keep.find(letter) != std::string::npos;
    (shared ? (kept ? batch : inner) : rows) += letter;
  }
  for (char letter : rhs.letters)
    if (lhs.letters.find(letter) == std::string::npos)
      columns += letter;
  std::map<char, Dim> sizes;
  for (const Term &term : {lhs, rhs})
    for (size_t i = 0; i < term.letters.size(); ++i)
      sizes[term.letters[i]] = Ops::shape(term.value)[i];
  auto product = [&](const std::string &letters) {
    Dim total = 1;
    for (char letter : letters)
      total *= sizes[letter];
    return total;
  };
  Value left = node.reshape(arrange(node, lhs, batch + rows + inner).value,
                            {product(batch), product(rows), product(inner)});
  Value right = node.reshape(arrange(node, rhs, batch + inner + columns).value,
                             {product(batch), product(inner), product(columns)});
  std::string letters = batch + rows + columns;
  Shape shape;
  for (char letter : letters)
    shape.push_back(sizes[letter]);
  return {letters, node.reshape(node.matmul(left, right), shape)};
}

/// The first two places of a letter that stands in a term twice.
static std::optional<std::pair<size_t, size_t>> findRepeated(const std::string &letters) {
  for (size_t i = 0; i < letters.size(); ++i)
    if (size_t again = letters.find(letters[i], i + 1); again != std::string::npos)
      return std::pair(i, again);
  return std::nullopt;
}

/// The diagonal of a term in which a letter stands twice: of the two dimensions as one, every size-plus-first
/// element. Null where it cannot be taken (reported).
static Term diagonal(Node &node, Term term, size_t first, size_t second) {
  Shape shape = Ops::shape(term.value);
  Ints perm;
  for (size_t i = 0; i < term.letters.size(); ++i)
    if (i != first && i != second)
      perm.push_back(static_cast<int64_t>(i));
  Shape outer = llvm::map_to_vector<6>(perm, [&](int64_t dim) { return shape[dim]; });
  perm.append({static_cast<int64_t>(first), static_cast<int64_t>(second)});
  std::optional<int64_t> size = node.fixed(shape[first], "the size of a diagonal");
  if (!size)
    return {};
  if (!node.equal(shape[first], shape[second], "expected a square to take the diagonal of")) {
    node.invalid("expected a square to take the diagonal of, got " + node.shown(shape[first]) + " and " +
                 node.shown(shape[second]));
    return {};
  }
  outer.push_back(shape[first] * shape[second]);
  Value flat = node.reshape(node.transpose(term.value, perm), outer);
  Ints steps(outer.size(), 1);
  steps.back() = *size + 1;
  outer.back() = *size;
  std::string letters = term.letters;
  letters.erase(second, 1);
  letters += letters[first];
  letters.erase(first, 1);
  return {letters, node.slice(flat, Shape(outer.size(), 0), steps, outer)};
}

namespace {

/// An equation with a letter for each dimension: those of an ellipsis lie above ASCII, counted from its last
/// dimension.
struct Equation {
  SmallVector<std::string> terms;
  std::string output;
};

} // namespace

constexpr char firstOfEllipsis = '\x80'; // above all that ASCII has
static bool isOfEllipsis(char letter) { return static_cast<unsigned char>(letter) >= 0x80; }

/// `term` with letters in place of its ellipsis, which stands for `hidden` dimensions.
static std::string withoutEllipsis(StringRef term, int64_t hidden) {
  auto [before, after] = term.split("...");
  std::string letters = before.str();
  for (int64_t i = hidden; i-- > 0;)
    letters += static_cast<char>(firstOfEllipsis + i);
  return letters + after.str();
}

/// Reads an equation and finds what its ellipses stand for; nothing where it is malformed (reported).
static std::optional<Equation> readEquation(Node &node, std::string text, ArrayRef<Value> inputs) {
  auto malformed = [&](const Twine &expected) {
    node.invalid("expected " + expected + " in equation '" + text + "'");
    return std::nullopt;
  };
  llvm::erase(text, ' ');
  auto [left, right] = StringRef(text).split("->");
  SmallVector<StringRef> parts;
  left.split(parts, ',');
  if (parts.size() != inputs.size() || inputs.empty())
    return malformed("as many terms as inputs");
  Equation equation;
  int64_t mostHidden = 0;
  std::map<char, int64_t> count;
  for (auto [part, value] : llvm::zip_equal(parts, inputs)) {
    bool hasEllipsis = part.contains("...");
    int64_t hidden = Ops::rank(value) - static_cast<int64_t>(part.size()) + (hasEllipsis ? 3 : 0);
    if (!value || hidden < 0 || (!hasEllipsis && hidden > 0)) {
      node.invalid("expected a letter for each dimension in term '" + part + "'");
      return std::nullopt;
    }
    equation.terms.push_back(withoutEllipsis(part, hidden));
    mostHidden = std::max(mostHidden, hidden);
    for (char letter : equation.terms.back())
      if (!llvm::isAlpha(letter) && !isOfEllipsis(letter))
        return malformed("letters, commas and at most one ellipsis a term");
    for (char letter : equation.terms.back())
      ++count[letter];
  }
  equation.output = withoutEllipsis(right, right.contains("...") ? mostHidden : 0);
  if (left.size() ==
      text.size()) { // no arrow: the ellipsis, then the letters that occur once, in alphabetical order
    equation.output = withoutEllipsis("...", mostHidden);
    for (auto [letter, times] : count)
      if (times == 1 && !isOfEllipsis(letter))
        equation.output += letter;
  }
  for (char letter : equation.output)
    if (!count.count(letter) || StringRef(equation.output).count(letter) > 1)
      return malformed("each letter of the result once, and in an input,");
  return equation;
}

/// Leaves dimensions out of the terms that have them in size 1 while others have more.
static void dropBroadcast(Node &node, MutableArrayRef<Term> terms) {
  std::map<char, bool> isWide;
  for (const Term &term : terms)
    for (auto [letter, dim] : llvm::zip_equal(term.letters, Ops::shape(term.value)))
      isWide[letter] |= !dim.is(1);
  for (Term &term : terms) {
    Shape shape;
    std::string letters;
    for (auto [letter, dim] : llvm::zip_equal(term.letters, Ops::shape(term.value)))
      if (!dim.is(1) || !isWide[letter])
        shape.push_back(dim), letters += letter;
    term = {letters, node.reshape(term.value, shape)};
  }
}

/// The inputs with their letters, each of which stands for one size and at most once a term; nothing where
/// they do not (reported).
static std::optional<std::vector<Term>> readTerms(Node &node, const Equation &equation,
                                                  ArrayRef<Value> inputs) {
  std::vector<Term> terms;
  for (auto [letters, value] : llvm::zip_equal(equation.terms, inputs)) {
    Term term{letters, value};
    while (auto places = findRepeated(term.letters))
      if (term = diagonal(node, term, places->first, places->second); !term.value)
        return std::nullopt;
    terms.push_back(term);
  }
  dropBroadcast(node, terms);
  std::map<char, Dim> sizes;
  for (const Term &term : terms)
    for (auto [letter, dim] : llvm::zip_equal(term.letters, Ops::shape(term.value)))
      if (!sizes.try_emplace(letter, dim).second &&
          !node.equal(sizes[letter], dim, "expected one size a letter")) {
        node.invalid(
            "expected letters that stand for one size each, got " + node.shown(sizes[letter]) + " and " +
            node.shown(dim) + " for " +
            (isOfEllipsis(letter) ? "a dimension of the ellipsis" : "'" + std::string(1, letter) + "'"));
        return std::nullopt;
      }
  return terms;
}

static void einsum(Node &node) {
  if (!node.require("equation"))
    return;
  SmallVector<Value> inputs;
  for (size_t i = 0; i < node.numInputs(); ++i)
    inputs.push_back(node.input(i));
  std::optional<Equation> equation = readEquation(node, node.text("equation", ""), inputs);
  std::optional<std::vector<Term>> read = equation ? readTerms(node, *equation, inputs) : std::nullopt;
  if (!read)
    return;
  const std::vector<Term> &terms = *read;
  const std::string &output = equation->output;
  Term total = terms[0];
  for (size_t i = 1; i < terms.size(); ++i) {
    std::string later = output;
    for (size_t j = i + 1; j < terms.size(); ++j)
      later += terms[j].letters;
    // Letters of one side alone that no one needs any more are summed away first.
    Term left = arrange(node, total, later + terms[i].letters),
         right = arrange(node, terms[i], later + total.letters);
    if (!left.value || !right.value)
      return;
    total = multiply(node, left, right, later);
    if (!total.value)
      return;
  }
  node.result(arrange(node, total, output).value);
}

ArrayRef<Operator> contractionOperators() {
  static const Operator table[] = {
      {"", "Einsum", 12, einsum, ""},
      {"", "Gemm", 1, gemm, ""},
      {"", "MatMul", 1, matMul, ""},
      {"", "MatMulInteger", 10, matMulInteger, ""},
  };
  return table;
}

} // namespace tegula::importer
