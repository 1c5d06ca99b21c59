// Evaluates tensors and linalg bodies for several neighbouring elements at once; knows which values are the
// same for all lanes, so that scalar index arithmetic stays scalar and neighbouring reads become vector
// reads.
#include "tegula/codegen/common/LaneEvaluator.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace tegula::codegen {

Lanes LaneEvaluator::fail(Operation *op, const Twine &message) {
  op->emitError() << message;
  return {};
}

Value LaneEvaluator::index(int64_t v) { return arith::ConstantIndexOp::create(builder, loc, v); }
Value LaneEvaluator::value(OpFoldResult ofr) { return getValueOrCreateConstantIndexOp(builder, loc, ofr); }
OpFoldResult LaneEvaluator::apply(AffineExpr expr, ArrayRef<OpFoldResult> operands) {
  return affine::makeComposedFoldedAffineApply(builder, loc, expr, operands);
}
OpFoldResult LaneEvaluator::add(OpFoldResult a, OpFoldResult b) {
  return apply(builder.getAffineDimExpr(0) + builder.getAffineDimExpr(1), {a, b});
}

Value LaneEvaluator::asVector(Lanes lanes, int64_t width) {
  if (lanes.kind == Lanes::Vector)
    return lanes.value;
  auto type = VectorType::get(width, lanes.value.getType());
  Value splat = vector::BroadcastOp::create(builder, loc, type, lanes.value);
  if (lanes.kind == Lanes::Uniform)
    return splat;
  Value step;
  if (type.getElementType().isIndex()) {
    step = vector::StepOp::create(builder, loc, type);
  } else {
    SmallVector<Attribute> numbers;
    for (int64_t i = 0; i < width; ++i)
      numbers.push_back(builder.getIntegerAttr(type.getElementType(), i));
    step = arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, numbers));
  }
  return arith::AddIOp::create(builder, loc, splat, step);
}

Lanes LaneEvaluator::perLane(int64_t width, function_ref<Lanes(int64_t)> lane) {
  SmallVector<Value> elements;
  for (int64_t i = 0; i < width; ++i) {
    Lanes element = lane(i);
    if (!element)
      return {};
    elements.push_back(element.value);
  }
  auto type = VectorType::get(width, elements.front().getType());
  return {Lanes::Vector, vector::FromElementsOp::create(builder, loc, type, elements)};
}

/// The lanes one by one: for elements that do not lie side by side.
Lanes LaneEvaluator::evaluateLanewise(Value tensor, ArrayRef<OpFoldResult> idx, int vectorDim,
                                      int64_t width) {
  return perLane(width, [&](int64_t lane) {
    SmallVector<OpFoldResult> at(idx);
    at[vectorDim] = add(idx[vectorDim], builder.getIndexAttr(lane));
    return evaluateTensor(tensor, at, -1, 1);
  });
}

/// Looks through a slice: the position in what it was taken from.
Lanes LaneEvaluator::evaluateSlice(tensor::ExtractSliceOp slice, ArrayRef<OpFoldResult> idx, int vectorDim,
                                   int64_t width) {
  llvm::SmallBitVector dropped = slice.getDroppedDims();
  SmallVector<OpFoldResult> at;
  int sourceVectorDim = -1;
  unsigned next = 0;
  AffineExpr d0 = builder.getAffineDimExpr(0), d1 = builder.getAffineDimExpr(1),
             s0 = builder.getAffineSymbolExpr(0);
  for (auto [dim, offset, stride] : llvm::enumerate(slice.getMixedOffsets(), slice.getMixedStrides())) {
    if (dropped.test(dim)) {
      at.push_back(offset);
      continue;
    }
    bool isDense = getConstantIntValue(stride) == 1;
    if (static_cast<int>(next) == vectorDim) {
      if (!isDense)
        return evaluateLanewise(slice, idx, vectorDim, width);
      sourceVectorDim = dim;
    }
    at.push_back(isDense ? add(offset, idx[next]) : apply(d0 + d1 * s0, {offset, idx[next], stride}));
    ++next;
  }
  return evaluateTensor(slice.getSource(), at, sourceVectorDim, width);
}

/// Reads elements from memory.
Lanes LaneEvaluator::evaluateMemory(Value tensor, ArrayRef<OpFoldResult> idx, int vectorDim, int64_t width) {
  if (vectorDim != -1 && vectorDim != static_cast<int>(idx.size()) - 1)
    return evaluateLanewise(tensor, idx, vectorDim, width);
  SmallVector<Value> at;
  for (OpFoldResult each : idx)
    at.push_back(value(each));
  if (vectorDim == -1)
    return {Lanes::Uniform, tensor::ExtractOp::create(builder, loc, tensor, at)};
  auto type = VectorType::get(width, cast<RankedTensorType>(tensor.getType()).getElementType());
  return {Lanes::Vector,
          vector::TransferReadOp::create(builder, loc, type, tensor, at, std::nullopt, ArrayRef<bool>{true})};
}

/// Evaluates `tensor` at `idx`; lanes run along dimension `vectorDim` (-1: a single element).
Lanes LaneEvaluator::evaluateTensor(Value tensor, ArrayRef<OpFoldResult> idx, int vectorDim, int64_t width) {
  if (std::optional<Lanes> known = lookUp(tensor, idx, vectorDim, width))
    return *known;
  if (auto slice = tensor.getDefiningOp<tensor::ExtractSliceOp>())
    return evaluateSlice(slice, idx, vectorDim, width);
  if (auto fill = tensor.getDefiningOp<linalg::FillOp>())
    return {Lanes::Uniform, fill.value()};
  if (auto generic = tensor.getDefiningOp<linalg::GenericOp>();
      generic && llvm::is_contained(group, generic)) {
    if (generic.getNumReductionLoops())
      return fail(generic, "expected the reduction to be computed before its users");
    return evaluateElementwise(generic, idx, vectorDim, width);
  }
  return evaluateMemory(tensor, idx, vectorDim, width);
}

/// Evaluates an elementwise operation where its result has position `idx`.
Lanes LaneEvaluator::evaluateElementwise(linalg::GenericOp op, ArrayRef<OpFoldResult> idx, int vectorDim,
                                         int64_t width) {
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  Point point;
  point.iv.assign(op.getNumLoops(), builder.getIndexAttr(0));
  point.width = width;
  for (auto [dim, expr] : llvm::enumerate(out.getResults())) {
    auto loop = dyn_cast<AffineDimExpr>(expr);
    if (!loop)
      return fail(op, "expected an output indexed by loops");
    point.iv[loop.getPosition()] = idx[dim];
    if (static_cast<int>(dim) == vectorDim)
      point.vectorLoop = loop.getPosition();
  }
  return evaluateGeneric(op, point);
}

/// Evaluates one operand at `point`.
Lanes LaneEvaluator::evaluateOperand(linalg::GenericOp op, OpOperand &operand, const Point &point) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  std::vector<const void *> key;
  if (stepCache) {
    // In one reduction step an element is told by the parallel loops its map uses.
    key = {&operand, reinterpret_cast<const void *>(
                         point.vectorLoop >= 0 && map.isFunctionOfDim(point.vectorLoop) ? point.width : 0)};
    for (unsigned loop = 0; loop < point.iv.size(); ++loop)
      key.push_back(map.isFunctionOfDim(loop) ? point.iv[loop].getOpaqueValue() : nullptr);
    if (auto hit = stepCache->find(key); hit != stepCache->end())
      return hit->second;
  }
  SmallVector<OpFoldResult> idx;
  int vectorDim = -1;
  bool strided = false;
  for (auto [dim, expr] : llvm::enumerate(map.getResults())) {
    idx.push_back(apply(expr, point.iv));
    if (point.vectorLoop < 0 || !expr.isFunctionOfDim(point.vectorLoop))
      continue;
    AffineExpr rest =
        simplifyAffineExpr(expr - builder.getAffineDimExpr(point.vectorLoop), map.getNumDims(), 0);
    strided |= vectorDim != -1 || rest.isFunctionOfDim(point.vectorLoop);
    vectorDim = dim;
  }
  Lanes result;
  if (strided) {
    result = perLane(point.width, [&](int64_t lane) {
      Point at = point;
      at.iv[point.vectorLoop] = add(point.iv[point.vectorLoop], builder.getIndexAttr(lane));
      at.vectorLoop = -1;
      at.width = 1;
      SmallVector<OpFoldResult> position;
      for (AffineExpr expr : map.getResults())
        position.push_back(apply(expr, at.iv));
      return evaluateTensor(operand.get(), position, -1, 1);
    });
  } else {
    result = evaluateTensor(operand.get(), idx, vectorDim, point.width);
  }
  if (stepCache)
    (*stepCache)[key] = result;
  return result;
}

/// The product in a sum that may be computed with it in one rounding, because it has no other user; null
/// where `op` is no such sum. `addend` is the sum's other operand.
arith::MulFOp LaneEvaluator::productIn(Operation &op, Value &addend) const {
  auto sum = dyn_cast<arith::AddFOp>(op);
  if (!sum || !fusing || !isa<Float32Type, Float64Type>(sum.getType()))
    return {};
  auto productOf = [&](Value v) {
    auto product = v.getDefiningOp<arith::MulFOp>();
    return product && product->getBlock() == sum->getBlock() && product->hasOneUse() ? product
                                                                                     : arith::MulFOp();
  };
  addend = sum.getRhs();
  if (arith::MulFOp product = productOf(sum.getLhs()))
    return product;
  addend = sum.getLhs();
  return productOf(sum.getRhs());
}

/// a * b + c in one rounding.
Lanes LaneEvaluator::evaluateFused(Lanes a, Lanes b, Lanes c, int64_t width) {
  if (a.kind == Lanes::Uniform && b.kind == Lanes::Uniform && c.kind == Lanes::Uniform)
    return {Lanes::Uniform, math::FmaOp::create(builder, loc, a.value, b.value, c.value)};
  return {Lanes::Vector,
          vector::FMAOp::create(builder, loc, asVector(a, width), asVector(b, width), asVector(c, width))};
}

/// Evaluates the body of `op`; `accumulator` stands for its output, if it reads that.
Lanes LaneEvaluator::evaluateGeneric(linalg::GenericOp op, const Point &point, Lanes accumulator) {
  Block &body = *op.getBody();
  DenseMap<Value, Lanes> values;
  for (OpOperand *input : op.getDpsInputOperands()) {
    BlockArgument arg = op.getMatchingBlockArgument(input);
    if (arg.use_empty())
      continue;
    if (!(values[arg] = evaluateOperand(op, *input, point)))
      return {};
  }
  BlockArgument out = op.getMatchingBlockArgument(op.getDpsInitOperand(0));
  if (!out.use_empty()) {
    if (!accumulator) {
      OpOperand &init = *op.getDpsInitOperand(0);
      accumulator = evaluateOperand(op, init, point);
    }
    values[out] = accumulator;
  }
  auto lookup = [&](Value v) -> Lanes {
    auto it = values.find(v);
    return it != values.end() ? it->second : Lanes{Lanes::Uniform, v};
  };
  for (Operation &each : body.without_terminator()) {
    if (auto number = dyn_cast<linalg::IndexOp>(each)) {
      bool along = static_cast<int>(number.getDim()) == point.vectorLoop;
      values[number] = {along ? Lanes::Linear : Lanes::Uniform, value(point.iv[number.getDim()])};
      continue;
    }
    SmallVector<Lanes> operands;
    for (Value operand : each.getOperands())
      operands.push_back(lookup(operand));
    if (auto extract = dyn_cast<tensor::ExtractOp>(each)) {
      values[extract] = evaluateExtract(extract, ArrayRef<Lanes>(operands).drop_front(), point.width);
    } else if (Value addend; arith::MulFOp product = productIn(each, addend)) {
      values[each.getResult(0)] =
          evaluateFused(lookup(product.getLhs()), lookup(product.getRhs()), lookup(addend), point.width);
    } else {
      values[each.getResult(0)] = evaluateScalarOp(each, operands, point.width);
    }
    if (!values[each.getResult(0)])
      return {};
  }
  return lookup(body.getTerminator()->getOperand(0));
}

/// An element (or a run of elements) of a whole tensor at computed indices.
Lanes LaneEvaluator::evaluateExtract(tensor::ExtractOp op, ArrayRef<Lanes> indices, int64_t width) {
  SmallVector<OpFoldResult> at;
  int vectorDim = -1;
  bool scattered = false;
  for (auto [dim, each] : llvm::enumerate(indices)) {
    scattered |= each.kind == Lanes::Vector || (each.kind == Lanes::Linear && vectorDim != -1);
    if (each.kind == Lanes::Linear)
      vectorDim = dim;
    at.push_back(each.value);
  }
  if (!scattered)
    return evaluateTensor(op.getTensor(), at, vectorDim, width);
  SmallVector<Value> vectors;
  for (Lanes each : indices)
    vectors.push_back(each.kind == Lanes::Uniform ? Value() : asVector(each, width));
  return perLane(width, [&](int64_t lane) {
    SmallVector<OpFoldResult> position;
    for (auto [each, vec] : llvm::zip_equal(indices, vectors))
      position.push_back(
          vec ? vector::ExtractOp::create(builder, loc, vec, ArrayRef<int64_t>{lane}).getResult()
              : each.value);
    return evaluateTensor(op.getTensor(), position, -1, 1);
  });
}

/// An index computed from others, of which at least one differs between the lanes. Tiling adds a tile's
/// offset to indices this way.
Lanes LaneEvaluator::evaluateApply(affine::AffineApplyOp op, ArrayRef<Lanes> operands, int64_t width) {
  AffineMap map = op.getAffineMap();
  AffineExpr expr = map.getResult(0);
  auto symbolOf = [&](size_t number) {
    return number < map.getNumDims() ? builder.getAffineDimExpr(number)
                                     : builder.getAffineSymbolExpr(number - map.getNumDims());
  };
  auto scalarAt = [&](int64_t lane) {
    SmallVector<OpFoldResult> scalars;
    for (Lanes each : operands) {
      if (each.kind == Lanes::Vector)
        scalars.push_back(
            vector::ExtractOp::create(builder, loc, each.value, ArrayRef<int64_t>{lane}).getResult());
      else
        scalars.push_back(each.kind == Lanes::Linear ? add(each.value, builder.getIndexAttr(lane))
                                                     : OpFoldResult(each.value));
    }
    return value(affine::makeComposedFoldedAffineApply(builder, loc, map, scalars));
  };
  // One lane more is one index more, where the one linear operand counts once and the others are the same for
  // all lanes.
  AffineExpr rest = expr;
  size_t varying = 0;
  for (auto [number, each] : llvm::enumerate(operands)) {
    if (each.kind == Lanes::Uniform)
      continue;
    varying += each.kind == Lanes::Linear ? 1 : 2;
    rest = simplifyAffineExpr(rest - symbolOf(number), map.getNumDims(), map.getNumSymbols());
    bool stillVaries = false;
    rest.walk([&](AffineExpr part) { stillVaries |= part == symbolOf(number); });
    varying += stillVaries ? 2 : 0;
  }
  if (varying == 1)
    return {Lanes::Linear, scalarAt(0)};
  return perLane(width, [&](int64_t lane) { return Lanes{Lanes::Uniform, scalarAt(lane)}; });
}

/// A scalar operation of a body, on as many lanes as its operands need.
Lanes LaneEvaluator::evaluateScalarOp(Operation &op, ArrayRef<Lanes> operands, int64_t width) {
  if (op.getNumResults() != 1 || op.getNumRegions())
    return fail(&op, "expected an operation with one result and no region in a tile");
  bool uniform = llvm::all_of(operands, [](const Lanes &l) { return l.kind == Lanes::Uniform; });
  IRMapping mapping;
  if (uniform) {
    for (auto [operand, lanesOf] : llvm::zip_equal(op.getOperands(), operands))
      mapping.map(operand, lanesOf.value);
    return {Lanes::Uniform, builder.clone(op, mapping)->getResult(0)};
  }
  // scalar + lane stays what it is when a scalar is added or its type changes, so that reads at such indices
  // stay neighbours.
  bool keepsLinear =
      (isa<arith::AddIOp>(op) && (operands[0].kind == Lanes::Uniform || operands[1].kind == Lanes::Uniform) &&
       operands[0].kind != Lanes::Vector && operands[1].kind != Lanes::Vector) ||
      (isa<arith::SubIOp>(op) && operands[0].kind == Lanes::Linear && operands[1].kind == Lanes::Uniform) ||
      (isa<arith::IndexCastOp, arith::IndexCastUIOp>(op) && operands[0].kind == Lanes::Linear);
  if (keepsLinear) {
    for (auto [operand, lanesOf] : llvm::zip_equal(op.getOperands(), operands))
      mapping.map(operand, lanesOf.value);
    return {Lanes::Linear, builder.clone(op, mapping)->getResult(0)};
  }
  if (auto offset = dyn_cast<affine::AffineApplyOp>(op))
    return evaluateApply(offset, operands, width);
  if (!OpTrait::hasElementwiseMappableTraits(&op))
    return fail(&op, "expected an elementwise operation in a tile");
  SmallVector<Value> vectors;
  for (auto [number, lanesOf] : llvm::enumerate(operands)) {
    bool scalarCondition = isa<arith::SelectOp>(op) && number == 0 && lanesOf.kind == Lanes::Uniform;
    vectors.push_back(scalarCondition ? lanesOf.value : asVector(lanesOf, width));
  }
  OperationState state(loc, op.getName());
  state.addOperands(vectors);
  state.addTypes(VectorType::get(width, op.getResult(0).getType()));
  state.addAttributes(op.getDiscardableAttrDictionary().getValue());
  state.propertiesAttr = op.getPropertiesAsAttribute();
  return {Lanes::Vector, builder.create(state)->getResult(0)};
}

} // namespace tegula::codegen
