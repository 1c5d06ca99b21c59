// Imports ONNX operators that choose elements by index or by position.
#include "Node.h"

#include "tegula/dialects/graph/Elements.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace tegula::importer {

static void gather(Node &node) {
  Value x = node.input(0), indices = node.input(1);
  std::optional<int64_t> axis = node.axis(node.integer("axis", 0), Ops::rank(x));
  if (!axis || !indices)
    return;
  // One index known at compile time is a slice, which costs nothing.
  Attribute constant;
  std::optional<graph::Elements> known;
  if (Ops::count(Ops::shape(indices)).is(1) && matchPattern(indices, m_Constant(&constant)))
    known = graph::Elements::read(constant);
  Dim size = Ops::shape(x)[*axis], at = known ? known->integer(0) : -1;
  if (known && known->integer(0) < 0)
    at += size;
  if (!at.isStatic() || at.number() < 0 || !graph::surelyLess(at, size))
    return node.result(node.gather(x, indices, *axis));
  Shape shape = Ops::shape(x);
  shape.erase(shape.begin() + *axis);
  shape.insert(shape.begin() + *axis, Ops::rank(indices), 1);
  node.result(node.reshape(node.slice(x, *axis, at, at + 1), shape));
}

static void gatherElements(Node &node) {
  Value x = node.input(0), indices = node.input(1);
  std::optional<int64_t> axis = node.axis(node.integer("axis", 0), Ops::rank(x));
  if (!axis || !indices)
    return;
  node.result(node.make<graph::GatherElementsOp>(Ops::shape(indices), node.element(x), x, indices, *axis));
}

static void gatherND(Node &node) {
  Value x = node.input(0), indices = node.input(1);
  int64_t batchDims = node.integer("batch_dims", 0);
  FailureOr<Shape> shape = graph::inferGatherNDShape(Ops::shape(x), Ops::shape(indices), batchDims, node);
  if (succeeded(shape))
    node.result(node.make<graph::GatherNDOp>(*shape, node.element(x), x, indices, batchDims));
}

static void trilu(Node &node) {
  Value x = node.input(0);
  bool upper = node.integer("upper", 1) != 0;
  int64_t diagonal = 0;
  if (node.has(1)) {
    std::optional<Ints> k = node.constantIntegers(1, "k");
    if (!k)
      return;
    if (k->size() != 1)
      return node.invalid("expected a diagonal of one element, got " + Twine(k->size()));
    diagonal = (*k)[0];
  }
  if (node.isBool(x)) { // zero and one as numbers
    Type byte = node.builder.getI8Type();
    Value number = node.make<graph::TriluOp>(Ops::shape(x), byte, node.cast(x, byte), upper, diagonal);
    return node.result(node.cast(number, node.builder.getI1Type()));
  }
  node.result(node.make<graph::TriluOp>(Ops::shape(x), node.element(x), x, upper, diagonal));
}

static void oneHot(Node &node) {
  Value indices = node.input(0), values = node.input(2);
  std::optional<SmallVector<double>> depths = node.constantReals(1, "depth");
  int64_t rank = Ops::rank(indices) + 1;
  std::optional<int64_t> axis = node.axis(node.integer("axis", -1), rank);
  if (!depths || !axis || !values)
    return;
  if (depths->size() != 1 || !((*depths)[0] >= 1 && (*depths)[0] < 0x1p31) ||
      !node.fits(Ops::shape(values), {2}, "expected two values"))
    return node.invalid("expected a depth of at least 1 and two values");
  int64_t depth = static_cast<int64_t>((*depths)[0]);
  Shape at = Ops::shape(indices), along(rank, 1);
  at.insert(at.begin() + *axis, 1);
  along[*axis] = depth;
  Type index = node.builder.getI64Type();
  Value wanted = node.reshape(node.cast(indices, index), at);
  Value limit = node.scalar(index, static_cast<double>(depth));
  wanted = node.where(node.compare(Predicate::Less, wanted, 0.0), node.add(wanted, limit), wanted);
  Value isHot = node.compare(Predicate::Equal, wanted, node.reshape(node.iota(depth, index), along));
  Value off = node.reshape(node.slice(values, 0, 0, 1), {}),
        on = node.reshape(node.slice(values, 0, 1, 2), {});
  node.result(node.where(isHot, on, off));
}

static void compress(Node &node) {
  Value x = node.input(0);
  std::optional<Ints> condition = node.constantIntegers(1, "condition");
  bool isFlat = !node.hasAttribute("axis");
  std::optional<int64_t> axis = isFlat ? 0 : node.axis(node.integer("axis", 0), Ops::rank(x));
  if (!x || !condition || !axis)
    return;
  if (isFlat)
    x = node.reshape(x, {Ops::count(Ops::shape(x))});
  Ints chosen;
  for (auto [i, isChosen] : llvm::enumerate(*condition))
    if (isChosen)
      chosen.push_back(static_cast<int64_t>(i));
  if (x && !chosen.empty() &&
      !node.atMost(chosen.back() + 1, Ops::shape(x)[*axis],
                   "expected at most as many conditions as elements"))
    return node.invalid("expected at most as many conditions as elements, got " + Twine(condition->size()));
  node.result(node.gather(x, node.numbers(chosen), *axis));
}

/// Reverses the first elements of each row, as many as its length says.
static void reverseSequence(Node &node) {
  Value x = node.input(0), lengths = node.input(1);
  int64_t time = node.integer("time_axis", 0), batch = node.integer("batch_axis", 1);
  if (Ops::rank(x) < 2 || !lengths || Ops::rank(lengths) != 1 || std::min(time, batch) != 0 ||
      std::max(time, batch) != 1)
    return node.invalid("expected an input of rank at least 2, lengths of rank 1, and the axes 0 and 1");
  Shape alongTime(Ops::rank(x), 1), alongBatch(Ops::rank(x), 1);
  alongTime[time] = Ops::shape(x)[time];
  alongBatch[batch] = Ops::shape(lengths)[0];
  Type index = node.builder.getI64Type();
  Value position = node.reshape(node.iota(Ops::shape(x)[time], index), alongTime);
  Value length = node.reshape(node.cast(lengths, index), alongBatch);
  Value mirrored = node.sub(node.sub(length, 1.0), position);
  Value source = node.where(node.compare(Predicate::Less, position, length), mirrored, position);
  source = node.expand(source, Ops::shape(x));
  if (source)
    node.result(node.make<graph::GatherElementsOp>(Ops::shape(source), node.element(x), x, source, time));
}

ArrayRef<Operator> indexOperators() {
  static const Operator table[] = {
      {"", "Compress", 9, compress, "the condition must be known at compile time"},
      {"", "Gather", 1, gather, ""},
      {"", "GatherElements", 11, gatherElements, ""},
      {"", "GatherND", 11, gatherND, ""},
      {"", "OneHot", 9, oneHot, "the depth must be known at compile time"},
      {"", "ReverseSequence", 10, reverseSequence, ""},
      {"", "Trilu", 14, trilu, "the diagonal must be known at compile time"},
  };
  return table;
}

} // namespace tegula::importer
