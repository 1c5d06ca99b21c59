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

static void einsum(Node &node) {
  if (!node.require("equation"))
    return;
  std::string equation = node.text("equation", "");
  llvm::erase(equation, ' ');
  SmallVector<Value> inputs;
  for (size_t i = 0; i < node.numInputs(); ++i)
    inputs.push_back(node.input(i));
  if (equation.find('.') != std::string::npos)
    return node.unsupported("an ellipsis in equation '" + equation +
                            "' is not supported: name the dimensions");
  auto [left, right] = StringRef(equation).split("->");
  SmallVector<StringRef> parts;
  left.split(parts, ',');
  if (parts.size() != inputs.size() || inputs.empty())
    return node.invalid("expected as many terms as inputs in equation '" + equation + "'");
  std::vector<Term> terms;
  std::map<char, int64_t> count;
  std::map<char, Dim> sizes;
  for (auto [part, value] : llvm::zip_equal(parts, inputs)) {
    if (!value || static_cast<int64_t>(part.size()) != Ops::rank(value))
      return node.invalid("expected a letter for each dimension in term '" + part + "'");
    for (auto [letter, dim] : llvm::zip_equal(part, Ops::shape(value))) {
      if (!llvm::isAlpha(letter) || (!sizes.try_emplace(letter, dim).second &&
                                     !node.equal(sizes[letter], dim, "expected one size a letter")))
        return node.invalid("expected letters that stand for one size each in equation '" + equation + "'");
      ++count[letter];
    }
    for (char letter : part)
      if (part.count(letter) > 1)
        return node.unsupported("a repeated letter in term '" + part + "' is not supported");
    terms.push_back({part.str(), value});
  }
  std::string output = right.str();
  if (left.size() == equation.size()) // no arrow: the letters that occur once, in alphabetical order
    for (auto [letter, times] : count)
      if (times == 1)
        output += letter;
  for (char letter : output)
    if (!count.count(letter) || StringRef(output).count(letter) > 1)
      return node.invalid("expected each letter of the result once, and in an input, in equation '" +
                          equation + "'");
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
      {"", "Einsum", 12, einsum, "no ellipsis, no letter twice in a term"},
      {"", "Gemm", 1, gemm, ""},
      {"", "MatMul", 1, matMul, ""},
      {"", "MatMulInteger", 10, matMulInteger, ""},
  };
  return table;
}

} // namespace tegula::importer
