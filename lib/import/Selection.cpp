// Imports TopK and the scattering operators as comparisons of every place with every candidate: nothing is
// sorted, nothing is written twice, and every step is a parallel operation.
#include "Node.h"

using namespace mlir;

namespace tegula::importer {

/// Comparisons of one operator; more take too long to be of use.
static constexpr int64_t kMaxComparisons = int64_t(1) << 27;

/// False where so many comparisons are too many (reported). Unknown sizes are taken to be small.
static bool isAffordable(Node &node, std::initializer_list<Dim> sizes) {
  Dim product = 1;
  for (Dim size : sizes)
    product *= size;
  if (product.isValid() && (!product.isStatic() || product.number() <= kMaxComparisons))
    return true;
  node.unsupported("more than 2^27 comparisons of an index with a place are not supported");
  return false;
}

/// The same tensor with its dimension `axis` at the end and all others in front of it as one, and back.
static Value asRows(Node &node, Value x, int64_t axis) {
  Ints perm = Ops::span(0, Ops::rank(x));
  perm.erase(perm.begin() + axis);
  perm.push_back(axis);
  Value moved = node.transpose(x, perm);
  Shape shape = Ops::shape(moved);
  return node.reshape(moved,
                      {Ops::count(ShapeRef(shape).drop_back()), shape.empty() ? Dim(1) : shape.back()});
}

static Value fromRows(Node &node, Value rows, Shape shape, int64_t axis) {
  int64_t rank = static_cast<int64_t>(shape.size());
  Dim size = rows ? Ops::shape(rows)[1] : Dim(0);
  shape.erase(shape.begin() + axis);
  shape.push_back(size);
  Ints perm = Ops::span(0, rank - 1);
  perm.insert(perm.begin() + axis, rank - 1);
  return node.transpose(node.reshape(rows, shape), perm);
}

// ---- TopK ----

/// How many elements of its row stand before each one: larger ones, and equal ones of a lower index.
static Value ranksOf(Node &node, Value rows, bool isLargest) {
  Dim count = Ops::shape(rows)[0], size = Ops::shape(rows)[1];
  Value mine = node.reshape(rows, {count, size, 1}), others = node.reshape(rows, {count, 1, size});
  Value index = node.iota(size, node.builder.getI64Type());
  Value isEarlier =
      node.compare(Predicate::Less, node.reshape(index, {1, 1, size}), node.reshape(index, {1, size, 1}));
  Value isBetter = node.compare(isLargest ? Predicate::Greater : Predicate::Less, others, mine);
  Value isEqual = node.compare(Predicate::Equal, others, mine);
  Value comesFirst = node.binary<graph::OrOp>(isBetter, node.binary<graph::AndOp>(isEqual, isEarlier));
  return node.reduce(ReduceKind::Sum, node.cast(comesFirst, node.builder.getI64Type()), {2}, false);
}

static void topK(Node &node) {
  Value x = node.input(0);
  std::optional<Ints> given =
      node.opset < 10 ? std::optional(Ints{node.integer("k", 0)}) : node.constantIntegers(1, "K");
  bool isLargest = node.integer("largest", 1) != 0;
  node.integer("sorted", 1); // sorted ones are as good as any
  std::optional<int64_t> axis = node.axis(node.integer("axis", -1), Ops::rank(x));
  if (!x || !given || !axis)
    return;
  Dim size = Ops::shape(x)[*axis];
  if (given->size() != 1 || given->front() < 1 ||
      !node.atMost(given->front(), size, "expected at most as many as there are"))
    return node.invalid("expected K from 1 to " + node.shown(size));
  Value rows = asRows(node, x, *axis);
  Dim count = Ops::shape(rows)[0], k = given->front();
  if (!isAffordable(node, {count, size, size}))
    return;
  Type i64 = node.builder.getI64Type();
  Value ranks = node.reshape(ranksOf(node, rows, isLargest), {count, 1, size});
  Value wanted = node.reshape(node.iota(k, i64), {1, k, 1}),
        index = node.reshape(node.iota(size, i64), {1, 1, size});
  Value isHere = node.compare(Predicate::Equal, ranks, wanted);
  Value indices = node.reduce(ReduceKind::Sum, node.where(isHere, index, node.like(index, 0.0)), {2}, false);
  Value values = indices ? node.make<graph::GatherElementsOp>(Shape{count, k}, node.element(x), rows, indices,
                                                              int64_t(1))
                         : Value();
  node.result(fromRows(node, values, Ops::shape(x), *axis), 0);
  node.result(fromRows(node, indices, Ops::shape(x), *axis), 1);
}

// ---- Scatter ----

/// ONNX's reduction; nothing where it is unknown (reported).
static std::optional<std::string> reductionOf(Node &node) {
  std::string reduction = node.text("reduction", "none");
  if (llvm::is_contained({"none", "add", "mul", "max", "min"}, StringRef(reduction)))
    return reduction;
  node.invalid("expected reduction none, add, mul, max or min, got '" + reduction + "'");
  return std::nullopt;
}

static Value fromTheEnd(Node &node, Value indices, Value size) {
  return node.where(node.compare(Predicate::Less, indices, 0.0), node.add(indices, size), indices);
}

/// `data` combined with those of `candidates` (broadcast over `isHere`, reduced over `axis`) that are for it.
static Value combine(Node &node, Value data, Value candidates, Value isHere, int64_t axis,
                     StringRef reduction) {
  bool isLowest = reduction == "max";
  if (reduction == "max" || reduction == "min") {
    // What is for another place is replaced by what is there already.
    Shape shape = Ops::shape(data);
    shape.insert(shape.begin() + axis, 1);
    Value masked = node.where(isHere, candidates, node.reshape(data, shape));
    Value best = node.reduce(isLowest ? ReduceKind::Max : ReduceKind::Min, masked, {axis}, false);
    return isLowest ? node.max(data, best) : node.min(data, best);
  }
  bool isSum = reduction == "add";
  Value masked = node.where(isHere, candidates, node.like(candidates, isSum ? 0.0 : 1.0));
  Value total = node.reduce(isSum ? ReduceKind::Sum : ReduceKind::Prod, masked, {axis}, false);
  return isSum ? node.add(data, total) : node.mul(data, total);
}

/// The number of the last candidate that is for each place, -1 where none is.
static Value lastHere(Node &node, Value isHere, Value numbers, int64_t axis) {
  return node.reduce(ReduceKind::Max, node.where(isHere, numbers, node.like(numbers, -1.0)), {axis}, false);
}

static void scatterElements(Node &node) {
  Value data = node.input(0), indices = node.input(1), updates = node.input(2);
  std::optional<int64_t> axis = node.axis(node.integer("axis", 0), Ops::rank(data));
  std::optional<std::string> reduction = reductionOf(node);
  if (!data || !indices || !updates || !axis || !reduction)
    return;
  Shape shape = Ops::shape(data), given = Ops::shape(indices);
  if (given.size() != shape.size() ||
      !node.fits(Ops::shape(updates), given, "expected as many updates as indices"))
    return node.invalid("expected indices and updates of one shape and the input's rank");
  Type i64 = node.builder.getI64Type();
  Dim size = shape[*axis];
  indices = fromTheEnd(node, node.cast(indices, i64), node.sizes({size}, {}));
  // Where indices end before the input does, what follows is for no place.
  Ints low(shape.size(), 0), high(shape.size(), 0);
  for (size_t i = 0; i < shape.size(); ++i)
    if (static_cast<int64_t>(i) != *axis && !(given[i] == shape[i])) {
      std::optional<int64_t> more = node.fixed(shape[i] - given[i], "what indices leave out");
      if (!more || *more < 0)
        return more ? node.invalid("expected indices within the input's shape") : void();
      high[i] = *more;
    }
  if (llvm::any_of(high, [](int64_t more) { return more != 0; })) {
    indices = node.pad(indices, low, high, node.like(indices, -1.0));
    updates = node.pad(updates, low, high, node.like(updates, 0.0));
  }
  Value rows = asRows(node, data, *axis), at = asRows(node, indices, *axis),
        with = asRows(node, updates, *axis);
  if (!rows || !at || !with)
    return;
  Dim count = Ops::shape(rows)[0], candidates = Ops::shape(at)[1];
  if (!isAffordable(node, {count, size, candidates}))
    return;
  Value places = node.reshape(node.iota(size, i64), {1, size, 1});
  Value isHere = node.compare(Predicate::Equal, node.reshape(at, {count, 1, candidates}), places);
  Value result;
  if (*reduction == "none") {
    Value last = lastHere(node, isHere, node.reshape(node.iota(candidates, i64), {1, 1, candidates}), 2);
    Value chosen = node.max(last, node.like(last, 0.0));
    Value written = chosen ? node.make<graph::GatherElementsOp>(Shape{count, size}, node.element(data), with,
                                                                chosen, int64_t(1))
                           : Value();
    result = node.where(node.compare(Predicate::GreaterEqual, last, 0.0), written, rows);
  } else {
    result = combine(node, rows, node.reshape(with, {count, 1, candidates}), isHere, 2, *reduction);
  }
  node.result(fromRows(node, result, shape, *axis));
}

/// Index tuples as numbers of places, counted row-major over the dimensions that they index.
static Value placeNumbers(Node &node, Value indices, ShapeRef indexed, Dim count) {
  Type i64 = node.builder.getI64Type();
  Value tuples = node.reshape(node.cast(indices, i64), {count, static_cast<int64_t>(indexed.size())});
  Value total = node.filled({count, 1}, i64, 0);
  for (auto [i, size] : llvm::enumerate(indexed)) {
    Value length = node.sizes({size}, {}),
          one = node.slice(tuples, 1, static_cast<int64_t>(i), static_cast<int64_t>(i) + 1);
    total = node.add(node.mul(total, length), fromTheEnd(node, one, length));
  }
  return node.reshape(total, {1, count});
}

static void scatterND(Node &node) {
  Value data = node.input(0), indices = node.input(1), updates = node.input(2);
  std::optional<std::string> reduction = reductionOf(node);
  if (!data || !indices || !updates || !reduction)
    return;
  Shape shape = Ops::shape(data), given = Ops::shape(indices);
  std::optional<int64_t> length =
      given.empty() ? std::nullopt : node.fixed(given.back(), "the length of index tuples");
  if (!length || *length < 1 || *length > static_cast<int64_t>(shape.size()))
    return given.empty() || length
               ? node.invalid("expected index tuples of 1 to " + Twine(shape.size()) + " numbers")
               : void();
  ShapeRef indexed = ShapeRef(shape).take_front(*length), rest = ShapeRef(shape).drop_front(*length);
  Shape expected(given.begin(), given.end() - 1);
  expected.append(rest.begin(), rest.end());
  if (!node.fits(Ops::shape(updates), expected, "expected an update for each index tuple"))
    return node.invalid("expected updates of " + node.shown(expected) + ", got " +
                        node.shown(Ops::shape(updates)));
  Dim places = Ops::count(indexed), inner = Ops::count(rest), count = Ops::count(ShapeRef(given).drop_back());
  bool isPlain = *reduction == "none";
  if (!isAffordable(node, {places, count, isPlain ? Dim(1) : inner}))
    return;
  Type i64 = node.builder.getI64Type();
  Value rows = node.reshape(data, {places, inner}), with = node.reshape(updates, {count, inner});
  Value isHere = node.compare(Predicate::Equal, placeNumbers(node, indices, indexed, count),
                              node.reshape(node.iota(places, i64), {places, 1}));
  Value result;
  if (isPlain) {
    Value last = lastHere(node, isHere, node.reshape(node.iota(count, i64), {1, count}), 1);
    Value written = node.gather(with, node.max(last, node.like(last, 0.0)), 0);
    Value isWritten = node.compare(Predicate::GreaterEqual, last, 0.0);
    result = node.where(node.reshape(isWritten, {places, 1}), written, rows);
  } else {
    result = combine(node, rows, node.reshape(with, {1, count, inner}),
                     node.reshape(isHere, {places, count, 1}), 1, *reduction);
  }
  node.result(node.reshape(result, shape));
}

ArrayRef<Operator> selectionOperators() {
  static const Operator table[] = {
      {"", "Scatter", 9, scatterElements, "up to 2^27 comparisons of indices with places"},
      {"", "ScatterElements", 11, scatterElements, "up to 2^27 comparisons of indices with places"},
      {"", "ScatterND", 11, scatterND, "up to 2^27 comparisons of indices with places"},
      {"", "TopK", 1, topK, "K must be known at compile time; up to 2^27 comparisons of elements"},
  };
  return table;
}

} // namespace tegula::importer
