// Imports attention and rotary position embeddings as the products and softmax that they are; recognising
// them again is fusion's business.
#include "Node.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace tegula::importer {

namespace {

/// What the two masks and the cache say about which key a query may see, as numbers added to the scores: 0 or
/// minus infinity.
class Bias {
public:
  Bias(Node &node, Dim queries, Dim keys) : node(node), queries(queries), keys(keys) {}

  /// Positions j - i of keys relative to queries, the queries shifted by how many keys precede them: a
  /// number, or one a batch.
  Value distance(Value perBatchOffset, Dim offset) {
    Type index = node.builder.getI64Type();
    Value query = node.reshape(node.iota(queries, index), {queries, 1});
    query = perBatchOffset ? node.add(query, perBatchOffset) : node.add(query, node.sizes({offset}, {}));
    return node.sub(node.iota(keys, index), query);
  }
  void require(Value allowed) {
    add(node.where(allowed, node.scalar(type(), 0.0), node.scalar(type(), -INFINITY)));
  }
  void add(Value more) {
    total = total ? node.add(total, more) : more;
    isBroken |= !more;
  }
  Type type() { return node.builder.getF32Type(); }

  Value total;
  bool isBroken = false;

private:
  Node &node;
  Dim queries, keys;
};

} // namespace

/// [batch, sequence, heads · size] to [batch, heads, sequence, size].
static Value splitHeads(Node &node, Value x, int64_t heads) {
  Shape shape = Ops::shape(x);
  if (shape.size() == 4)
    return x;
  std::optional<Dim> size = heads < 1 || shape.size() != 3 ? std::nullopt : exactDiv(shape[2], heads);
  if (!size && heads >= 1 && shape.size() == 3 && !shape[2].isStatic()) {
    size = floorDiv(shape[2], heads);
    node.equal(*size * heads, shape[2], "expected a number of heads that divides the last dimension");
  }
  if (!size) {
    node.invalid("expected inputs of rank 4, or of rank 3 with a number of heads that divides the last "
                 "dimension, got " +
                 node.shown(shape));
    return {};
  }
  return node.transpose(node.reshape(x, {shape[0], shape[1], heads, *size}), {0, 2, 1, 3});
}

/// Repeats each head for the queries that share it.
static Value repeatHeads(Node &node, Value x, Dim heads) {
  Shape shape = Ops::shape(x);
  if (!x || shape[1] == heads)
    return x;
  std::optional<Dim> times = exactDiv(heads, shape[1]);
  if (!times) {
    node.invalid("expected the query heads to be a multiple of the " + node.shown(shape[1]) +
                 " key heads, got " + node.shown(heads));
    return {};
  }
  Value wide = node.expand(node.reshape(x, {shape[0], shape[1], 1, shape[2], shape[3]}),
                           {shape[0], shape[1], *times, shape[2], shape[3]});
  return node.reshape(wide, {shape[0], heads, shape[2], shape[3]});
}

static void addMask(Node &node, Value mask, Dim keys, Bias &bias) {
  int64_t rank = Ops::rank(mask);
  Dim given = rank ? Ops::shape(mask).back() : 0;
  if (rank < 1)
    return node.invalid("expected an attention mask of rank at least 1");
  if (node.isBool(mask))
    mask = node.where(mask, node.scalar(bias.type(), 0.0), node.scalar(bias.type(), -INFINITY));
  if (Dim missing = keys - given; missing.isStatic() && missing.number() > 0 && !given.is(1)) {
    Ints low(rank, 0), high(rank, 0); // keys that the mask does not know are masked
    high.back() = missing.number();
    mask = node.pad(mask, low, high, node.like(mask, -INFINITY));
  }
  bias.add(mask);
}

namespace {
/// Which keys a query may see, by their places; -1 stands for no bound.
struct Reach {
  bool isCausal = false;
  int64_t left = -1, right = -1;
};
} // namespace

/// Hides what lies beyond the reach, and beyond the key counts `lengths` of each batch where they are given.
static void addReach(Node &node, Value lengths, const Reach &reach, Shape query, Dim keys, Dim past,
                     Bias &bias) {
  Value offset;
  if (lengths) {
    lengths = node.reshape(lengths, {query[0], 1, 1, 1});
    offset = node.sub(lengths, node.sizes({query[2]}, {}));
    bias.require(node.compare(Predicate::Less, node.iota(keys, node.builder.getI64Type()), lengths));
  }
  if (reach.isCausal)
    bias.require(node.compare(Predicate::LessEqual, bias.distance(offset, past), 0.0));
  if (reach.left >= 0)
    bias.require(
        node.compare(Predicate::GreaterEqual, bias.distance(offset, past), -static_cast<double>(reach.left)));
  if (reach.right >= 0)
    bias.require(
        node.compare(Predicate::LessEqual, bias.distance(offset, past), static_cast<double>(reach.right)));
}

/// Softmax of the scores; where `mayBeEmpty`, a query that may see no key at all gives zeros instead of 0/0.
static Value weightsOf(Node &node, Value scores, Value bias, bool mayBeEmpty, Type element) {
  Value wide =
      node.integer("softmax_precision", 1) == 11 ? node.cast(scores, node.builder.getF64Type()) : scores;
  Value weights = node.cast(node.softmax(wide, 3), element);
  if (!bias || !mayBeEmpty)
    return weights;
  Value best = node.reduce(ReduceKind::Max, bias, {Ops::rank(bias) - 1}, true);
  return node.where(node.compare(Predicate::Equal, best, -INFINITY), node.like(weights, 0.0), weights);
}

static void attention(Node &node) {
  Value q = node.input(0), k = node.input(1), v = node.input(2), mask = node.optional(3),
        pastKey = node.optional(4), pastValue = node.optional(5), lengths = node.optional(6);
  bool isFlat = Ops::rank(q) == 3;
  int64_t queryHeads = node.integer("q_num_heads", 0), keyHeads = node.integer("kv_num_heads", 0);
  Reach reach{node.integer("is_causal", 0) != 0, node.integer("left_window_size", -1),
              node.integer("right_window_size", -1)};
  int64_t mode = node.integer("qk_matmul_output_mode", 0);
  double cap = node.real("softcap", 0.0);
  q = splitHeads(node, q, queryHeads), k = splitHeads(node, k, keyHeads), v = splitHeads(node, v, keyHeads);
  if (!q || !k || !v)
    return;
  if (!node.element(q).isF32())
    return node.unsupported("attention on another type than float32, float16 and bfloat16 is not supported",
                            Code::UnsupportedType);
  if (static_cast<bool>(pastKey) != static_cast<bool>(pastValue) || (pastKey && lengths))
    return node.invalid("expected past_key and past_value together, and not with nonpad_kv_seqlen");
  std::optional<int64_t> size = node.fixed(Ops::shape(q)[3], "the size of a head");
  if (!size)
    return;
  double scale =
      node.hasAttribute("scale") ? node.real("scale", 1.0) : 1.0 / std::sqrt(static_cast<double>(*size));
  Dim past = pastKey ? Ops::shape(pastKey)[2] : 0, queries = Ops::shape(q)[2];
  if (pastKey)
    k = node.concat({pastKey, k}, 2), v = node.concat({pastValue, v}, 2);
  node.result(k, 1);
  node.result(v, 2);
  k = repeatHeads(node, k, Ops::shape(q)[1]), v = repeatHeads(node, v, Ops::shape(q)[1]);
  if (!k || !v)
    return;
  Dim keys = Ops::shape(k)[2];

  Bias bias(node, queries, keys);
  if (mask)
    addMask(node, mask, keys, bias);
  addReach(node, lengths, reach, Ops::shape(q), keys, past, bias);
  if (bias.isBroken)
    return;

  Value raw = node.matmul(node.mul(q, scale), node.transpose(k, {0, 1, 3, 2})), scores = raw;
  if (cap > 0)
    scores = node.mul(node.unary<graph::TanhOp>(node.div(scores, cap)), cap);
  Value capped = scores;
  if (bias.total)
    scores = node.add(scores, bias.total);
  Value weights = weightsOf(node, scores, bias.total, mask || lengths || reach.left >= 0 || reach.right >= 0,
                            node.element(q));
  Value y = node.matmul(weights, v);
  if (isFlat && y)
    y = node.reshape(node.transpose(y, {0, 2, 1, 3}),
                     {Ops::shape(y)[0], queries, Ops::shape(y)[1] * Ops::shape(y)[3]});
  node.result(y);
  if (mode < 0 || mode > 3)
    return node.invalid("expected qk_matmul_output_mode from 0 to 3, got " + Twine(mode));
  const Value stages[] = {raw, capped, scores, weights};
  node.result(stages[mode], 3);
}

static void rotaryEmbedding(Node &node) {
  Value x = node.input(0), cosine = node.input(1), sine = node.input(2);
  bool isInterleaved = node.integer("interleaved", 0) != 0;
  int64_t heads = node.integer("num_heads", 0), part = node.integer("rotary_embedding_dim", 0);
  if (node.has(3)) {
    Value positions = node.input(3);
    cosine = node.gather(cosine, positions, 0), sine = node.gather(sine, positions, 0);
  }
  if (!x || !cosine || !sine)
    return;
  Shape original = Ops::shape(x);
  x = splitHeads(node, x, heads); // [batch, heads, sequence, size]
  if (!x)
    return;
  Shape shape = Ops::shape(x);
  std::optional<int64_t> known = node.fixed(shape[3], "the size of a head");
  if (!known)
    return;
  int64_t size = *known, half = (part ? part : size) / 2;
  Shape table{shape[0], 1, shape[2], half};
  Dim count = Ops::count(table);
  if (half < 1 || 2 * half > size ||
      !node.equal(Ops::count(Ops::shape(cosine)), count, "expected caches for each position") ||
      !node.equal(Ops::count(Ops::shape(sine)), count, "expected caches for each position"))
    return node.invalid("expected caches of half the rotated size for each position, got " +
                        node.shown(Ops::shape(cosine)));
  cosine = node.reshape(cosine, table), sine = node.reshape(sine, table);
  Value rotated = node.slice(x, 3, 0, 2 * half), first, second;
  Shape pairs{shape[0], shape[1], shape[2], half, 2}, single{shape[0], shape[1], shape[2], half};
  if (isInterleaved) {
    Value split = node.reshape(rotated, pairs);
    first = node.reshape(node.slice(split, 4, 0, 1), single),
    second = node.reshape(node.slice(split, 4, 1, 2), single);
  } else {
    first = node.slice(rotated, 3, 0, half), second = node.slice(rotated, 3, half, 2 * half);
  }
  Value real = node.sub(node.mul(cosine, first), node.mul(sine, second)),
        imaginary = node.add(node.mul(sine, first), node.mul(cosine, second));
  Value joined;
  if (isInterleaved) {
    Shape column(single);
    column.push_back(1);
    joined = node.reshape(node.concat({node.reshape(real, column), node.reshape(imaginary, column)}, 4),
                          {shape[0], shape[1], shape[2], 2 * half});
  } else {
    joined = node.concat({real, imaginary}, 3);
  }
  if (2 * half < size)
    joined = node.concat({joined, node.slice(x, 3, 2 * half, size)}, 3);
  node.result(original.size() == 3 ? node.reshape(node.transpose(joined, {0, 2, 1, 3}), original) : joined);
}

ArrayRef<Operator> attentionOperators() {
  constexpr bool kInF32 = true;
  static const Operator table[] = {
      {"", "Attention", 23, attention, "not float64", kInF32},
      {"", "RotaryEmbedding", 23, rotaryEmbedding, "", kInF32},
  };
  return table;
}

} // namespace tegula::importer
