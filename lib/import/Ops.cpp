// Implements the short forms of graph operations that operators are decomposed into.
#include "Ops.h"

#include "tegula/dialects/graph/Pieces.h"

#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace tegula::importer {

Shape Ops::shape(Value value) { return value ? graph::shapeOf(value) : Shape(); }

RankedTensorType Ops::type(ShapeRef shape, Type element) {
  return graph::tensorType(llvm::map_to_vector(shape, [&](Dim size) { return facts.representative(size); }),
                           element);
}

void Ops::assume(graph::Requirement::Kind kind, Dim lhs, Dim rhs, StringRef text) const {
  std::string node;
  if (auto name = dyn_cast<NameLoc>(loc))
    node = name.getName().str();
  // "1 <= s - 2" is easier to understand as "3 <= s".
  Dim shift = kind == graph::Requirement::Kind::AtMost
                  ? std::max<int64_t>(0, -std::min(lhs.constantTerm(), rhs.constantTerm()))
                  : 0;
  facts.require({kind, lhs + shift, rhs + shift, node, text.str()});
}

Type Ops::element(Value value) {
  return value ? mlir::cast<RankedTensorType>(value.getType()).getElementType() : builder.getF32Type();
}

Value Ops::finish(Operation *op) {
  if (failed(mlir::verify(op, /*verifyRecursively=*/false))) {
    op->erase();
    return {};
  }
  // An in-place fold may enable another one; each shortens a chain, so this ends.
  SmallVector<OpFoldResult> folded;
  while (succeeded(op->fold(folded)) && folded.empty())
    ;
  if (folded.empty())
    return op->getResult(0);
  if (auto attribute = dyn_cast<Attribute>(folded.front())) {
    if (isa<graph::ConstantOp>(op) || (isa<graph::SizesOp>(op) && isa<AffineMapAttr>(attribute)))
      return op->getResult(0);
    Operation *constant =
        op->getDialect()->materializeConstant(builder, attribute, op->getResult(0).getType(), loc);
    if (!constant)
      return op->getResult(0);
    op->erase();
    return constant->getResult(0);
  }
  Value value = mlir::cast<Value>(folded.front());
  if (value != op->getResult(0))
    op->erase();
  return value;
}

Value Ops::constant(ElementsAttr value) {
  return graph::ConstantOp::create(builder, loc, value.getType(), value);
}

Value Ops::scalar(Type element, double value) { return filled({}, element, value); }

Value Ops::filled(ShapeRef shape, Type element, double value) {
  if (!graph::isStatic(shape))
    return expand(filled({}, element, value), shape);
  RankedTensorType type = this->type(shape, element);
  if (auto real = dyn_cast<FloatType>(element)) {
    APFloat number(value);
    bool loses;
    number.convert(real.getFloatSemantics(), APFloat::rmNearestTiesToEven, &loses);
    return constant(DenseElementsAttr::get(type, number));
  }
  return constant(DenseElementsAttr::get(type, APInt(element.getIntOrFloatBitWidth(),
                                                     static_cast<uint64_t>(static_cast<int64_t>(value)),
                                                     /*isSigned=*/true, /*implicitTrunc=*/true)));
}

Value Ops::sizes(ShapeRef values, ShapeRef shape) {
  Value vector = make<graph::SizesOp>({static_cast<int64_t>(values.size())}, builder.getI64Type(),
                                      graph::sizesMap(values, builder.getContext()));
  return reshape(vector, shape);
}

Value Ops::numbers(IntsRef values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, builder.getI64Type());
  return constant(DenseElementsAttr::get(type, values));
}

std::optional<Shape> Ops::broadcast(ArrayRef<Value> values) {
  if (llvm::is_contained(values, Value()))
    return std::nullopt;
  Shape joined;
  for (Value value : values) {
    FailureOr<Shape> next = graph::inferBroadcastShape(joined, shape(value), *this);
    if (failed(next))
      return std::nullopt;
    joined = *next;
  }
  return joined;
}

Value Ops::compare(Predicate predicate, Value lhs, Value rhs) {
  std::optional<Shape> joined = broadcast({lhs, rhs});
  return joined ? make<graph::CompareOp>(*joined, builder.getI1Type(), predicate, lhs, rhs) : Value();
}

Value Ops::where(Value condition, Value yes, Value no) {
  std::optional<Shape> joined = broadcast({condition, yes, no});
  return joined ? make<graph::WhereOp>(*joined, element(yes), condition, yes, no) : Value();
}

Value Ops::cast(Value input, Type to) {
  return input ? make<graph::CastOp>(shape(input), to, input) : Value();
}

Value Ops::reshape(Value input, ShapeRef to) { return make<graph::ReshapeOp>(to, element(input), input); }

Value Ops::transpose(Value input, IntsRef perm) {
  if (!input)
    return {};
  FailureOr<Shape> result = graph::inferTransposeShape(shape(input), perm, *this);
  return failed(result) ? Value() : make<graph::TransposeOp>(*result, element(input), input, perm);
}

Value Ops::expand(Value input, ShapeRef to) { return make<graph::ExpandOp>(to, element(input), input); }

Value Ops::slice(Value input, ShapeRef starts, IntsRef steps, ShapeRef counts) {
  if (!input)
    return {};
  Ints known(starts.size(), 0), unit(steps);
  Shape outer = shape(input);
  for (auto [axis, start] : llvm::enumerate(starts)) {
    if (start.isStatic()) {
      known[axis] = start.number();
      outer[axis] = counts[axis];
      continue;
    }
    // Where a slice begins is not known at compile time: elements by their index.
    Value first = sizes({start}, {}), step = sizes({steps[axis]}, {});
    input = gather(input, make<graph::RangeOp>({counts[axis]}, builder.getI64Type(), first, step),
                   static_cast<int64_t>(axis));
    outer[axis] = counts[axis];
    unit[axis] = 1;
  }
  return make<graph::SliceOp>(outer, element(input), input, known, unit);
}

Value Ops::slice(Value input, int64_t axis, Dim begin, Dim end) {
  if (!input)
    return {};
  Shape starts(rank(input), 0), counts = shape(input);
  starts[axis] = begin;
  counts[axis] = end - begin;
  return slice(input, starts, Ints(rank(input), 1), counts);
}

Value Ops::pad(Value input, IntsRef low, IntsRef high, Value value) {
  if (!input)
    return {};
  FailureOr<Shape> result = graph::inferPadShape(shape(input), low, high, *this);
  return failed(result)
             ? Value()
             : make<graph::PadOp>(*result, element(input), input, value, low, high, graph::PadMode::Constant);
}

Value Ops::concat(ArrayRef<Value> inputs, int64_t axis) {
  if (inputs.empty() || llvm::is_contained(inputs, Value()))
    return {};
  SmallVector<Value> pieces(inputs);
  graph::joinNeighbours(pieces, [&](ArrayRef<Value> some) { return concat(some, axis); });
  inputs = pieces;
  if (llvm::is_contained(inputs, Value()))
    return {};
  SmallVector<Shape> shapes = llvm::map_to_vector(inputs, [](Value input) { return shape(input); });
  FailureOr<Shape> result = graph::inferConcatShape(shapes, axis, *this);
  return failed(result) ? Value()
                        : make<graph::ConcatOp>(*result, element(inputs.front()), ValueRange(inputs), axis);
}

Value Ops::gather(Value input, Value indices, int64_t axis) {
  if (!input || !indices)
    return {};
  FailureOr<Shape> result = graph::inferGatherShape(shape(input), shape(indices), axis, *this);
  return failed(result) ? Value() : make<graph::GatherOp>(*result, element(input), input, indices, axis);
}

Value Ops::iota(Dim count, Type element) {
  return make<graph::RangeOp>({count}, element, scalar(element, 0), scalar(element, 1));
}

Value Ops::matmul(Value lhs, Value rhs) {
  if (!lhs || !rhs)
    return {};
  FailureOr<Shape> result = graph::inferMatMulShape(shape(lhs), shape(rhs), *this);
  return failed(result) ? Value() : make<graph::MatMulOp>(*result, element(lhs), lhs, rhs);
}

Value Ops::reduce(ReduceKind kind, Value input, IntsRef axes, bool keep) {
  if (!input)
    return {};
  FailureOr<Shape> result = graph::inferReduceShape(shape(input), axes, *this);
  if (failed(result))
    return {};
  Value reduced = make<graph::ReduceOp>(*result, element(input), kind, input, axes);
  if (!keep)
    return reduced;
  Shape kept = shape(input);
  for (int64_t axis : axes)
    kept[axis] = 1;
  return reshape(reduced, kept);
}

Value Ops::softmax(Value input, int64_t axis) {
  return input ? make<graph::SoftmaxOp>(shape(input), element(input), input, axis) : Value();
}

Value Ops::layerNorm(Value input, Value scale, Value bias, int64_t axis, double epsilon) {
  if (!input || !scale)
    return {};
  return finish(
      graph::LayerNormOp::create(builder, loc, input.getType(), input, scale, bias, axis, APFloat(epsilon)));
}

} // namespace tegula::importer
