// Folds operations on small constants and removes operations that change nothing, so that shape arithmetic
// vanishes while importing.
#include "tegula/dialects/graph/Elements.h"

#include "tegula/dialects/graph/Graph.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace tegula::graph {

// ---- Elementwise ----

#define TEGULA_FOLD(OP)                                                                                      \
  OpFoldResult OP::fold(FoldAdaptor adaptor) { return foldElementwise(*this, adaptor.getOperands()); }
TEGULA_FOLD(AbsOp)
TEGULA_FOLD(NegOp)
TEGULA_FOLD(ExpOp)
TEGULA_FOLD(LogOp)
TEGULA_FOLD(SqrtOp)
TEGULA_FOLD(ReciprocalOp)
TEGULA_FOLD(FloorOp)
TEGULA_FOLD(CeilOp)
TEGULA_FOLD(RoundOp)
TEGULA_FOLD(SignOp)
TEGULA_FOLD(ErfOp)
TEGULA_FOLD(SinOp)
TEGULA_FOLD(CosOp)
TEGULA_FOLD(TanOp)
TEGULA_FOLD(AsinOp)
TEGULA_FOLD(AcosOp)
TEGULA_FOLD(AtanOp)
TEGULA_FOLD(SinhOp)
TEGULA_FOLD(CoshOp)
TEGULA_FOLD(AsinhOp)
TEGULA_FOLD(AcoshOp)
TEGULA_FOLD(AtanhOp)
TEGULA_FOLD(TanhOp)
TEGULA_FOLD(SigmoidOp)
TEGULA_FOLD(ReluOp)
TEGULA_FOLD(NotOp)
TEGULA_FOLD(IsNaNOp)
TEGULA_FOLD(IsInfOp)
TEGULA_FOLD(AddOp)
TEGULA_FOLD(SubOp)
TEGULA_FOLD(MulOp)
TEGULA_FOLD(DivOp)
TEGULA_FOLD(PowOp)
TEGULA_FOLD(MaxOp)
TEGULA_FOLD(MinOp)
TEGULA_FOLD(ModOp)
TEGULA_FOLD(AndOp)
TEGULA_FOLD(OrOp)
TEGULA_FOLD(XorOp)
TEGULA_FOLD(ShiftLeftOp)
TEGULA_FOLD(ShiftRightOp)
TEGULA_FOLD(CompareOp)
TEGULA_FOLD(WhereOp)
#undef TEGULA_FOLD

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

/// sizes that are all numbers ⇒ constant; drivers do not fold what is like a constant
LogicalResult SizesOp::canonicalize(SizesOp op, PatternRewriter &rewriter) {
  auto known = dyn_cast_or_null<DenseElementsAttr>(
      Sizes{cast<RankedTensorType>(op.getType()), sizesOf(op.getValues())}.write());
  if (!known)
    return failure();
  rewriter.replaceOpWithNewOp<ConstantOp>(op, op.getType(), known);
  return success();
}

OpFoldResult SizesOp::fold(FoldAdaptor) {
  return Sizes{cast<RankedTensorType>(getType()), sizesOf(getValues())}.write();
}

OpFoldResult CastOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getResult().getType())
    return getInput();
  return foldElementwise(*this, adaptor.getOperands());
}

// ---- Movement ----

/// Builds the result of a movement from a function that maps each position of the result to a flat index of
/// the input; `outside` stands where that index is negative.
static OpFoldResult foldMove(Operation *op, Attribute input, function_ref<int64_t(IntsRef position)> indexOf,
                             const APInt *outside = nullptr) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType()),
       from = cast<RankedTensorType>(op->getOperand(0).getType());
  if (!input || !type.hasStaticShape() || !from.hasStaticShape())
    return {};
  std::optional<Elements> source = Elements::read(input);
  std::optional<Sizes> sizes = source ? std::nullopt : Sizes::read(input, from);
  if (!source && !sizes)
    return {};
  if (source && source->isSplat && type.getNumElements() > 0 && !outside)
    return Elements{type, source->values, true}.write();
  if (type.getNumElements() > kFoldLimit)
    return {};
  Elements moved{type, {}, false};
  Sizes movedSizes{type, {}};
  bool isComplete = forEachPosition(type.getShape(), [&](IntsRef position) {
    int64_t index = indexOf(position);
    if (index >= from.getNumElements() || (index < 0 && !outside))
      return false;
    if (source)
      moved.values.push_back(index < 0 ? *outside : source->at(index));
    else
      movedSizes.values.push_back(index < 0 ? Dim(outside->getSExtValue()) : sizes->values[index]);
    return true;
  });
  if (!isComplete)
    return {};
  return source ? moved.write() : movedSizes.write();
}

/// Of sizes that are not known, or that are large, the strides may wrap around: nothing is moved by them
/// then.
static Ints stridesOf(Value tensor) {
  IntsRef shape = cast<RankedTensorType>(tensor.getType()).getShape();
  Ints strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] =
        static_cast<int64_t>(static_cast<uint64_t>(strides[i]) * static_cast<uint64_t>(shape[i]));
  return strides;
}

static bool isAll(ArrayRef<int64_t> values, int64_t expected) {
  return llvm::all_of(values, [&](int64_t value) { return value == expected; });
}

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  auto type = cast<RankedTensorType>(getResult().getType());
  if (getInput().getType() == type)
    return getInput();
  // reshape(reshape(x)) ⇒ reshape(x)
  if (auto producer = getInput().getDefiningOp<ReshapeOp>()) {
    getInputMutable().assign(producer.getInput());
    return getResult();
  }
  if (isa_and_present<AffineMapAttr>(adaptor.getInput()))
    return adaptor.getInput();
  if (!type.hasStaticShape())
    return {};
  if (auto resource = dyn_cast_or_null<DenseResourceElementsAttr>(adaptor.getInput()))
    return DenseResourceElementsAttr::get(type, resource.getRawHandle());
  if (auto dense = dyn_cast_or_null<DenseElementsAttr>(adaptor.getInput()))
    return dense.reshape(type);
  return {};
}

OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) {
  ArrayRef<int64_t> perm = getPerm();
  if (llvm::equal(perm, llvm::seq<int64_t>(0, perm.size())))
    return getInput();
  // transpose(transpose(x, p), q) ⇒ transpose(x, p∘q)
  if (auto producer = getInput().getDefiningOp<TransposeOp>()) {
    setPerm(llvm::map_to_vector(perm, [&](int64_t dim) { return producer.getPerm()[dim]; }));
    getInputMutable().assign(producer.getInput());
    return getResult();
  }
  Ints strides = stridesOf(getInput());
  return foldMove(*this, adaptor.getInput(), [&](IntsRef position) {
    int64_t index = 0;
    for (auto [at, dim] : llvm::zip_equal(position, perm))
      index += at * strides[dim];
    return index;
  });
}

OpFoldResult ExpandOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getResult().getType())
    return getInput();
  Ints strides = stridesOf(getInput());
  IntsRef shape = cast<RankedTensorType>(getInput().getType()).getShape();
  return foldMove(*this, adaptor.getInput(), [&](IntsRef position) {
    int64_t index = 0;
    for (auto [at, dim, stride] : llvm::zip_equal(position.take_back(shape.size()), shape, strides))
      index += dim == 1 ? 0 : at * stride;
    return index;
  });
}

OpFoldResult TileOp::fold(FoldAdaptor adaptor) {
  if (isAll(getRepeats(), 1))
    return getInput();
  Ints strides = stridesOf(getInput());
  IntsRef shape = cast<RankedTensorType>(getInput().getType()).getShape();
  return foldMove(*this, adaptor.getInput(), [&](IntsRef position) {
    int64_t index = 0;
    for (auto [at, dim, stride] : llvm::zip_equal(position, shape, strides))
      index += at % dim * stride;
    return index;
  });
}

OpFoldResult SliceOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getResult().getType() && isAll(getStarts(), 0) && isAll(getSteps(), 1))
    return getInput();
  Ints strides = stridesOf(getInput());
  return foldMove(*this, adaptor.getInput(), [&](IntsRef position) {
    int64_t index = 0;
    for (auto [at, start, step, stride] : llvm::zip_equal(position, getStarts(), getSteps(), strides))
      index += (start + at * step) * stride;
    return index;
  });
}

OpFoldResult PadOp::fold(FoldAdaptor adaptor) {
  if (isAll(getLow(), 0) && isAll(getHigh(), 0))
    return getInput();
  std::optional<Elements> value = Elements::read(adaptor.getValue());
  if (getMode() != PadMode::Constant || !value)
    return {};
  Ints strides = stridesOf(getInput());
  IntsRef shape = cast<RankedTensorType>(getInput().getType()).getShape();
  auto indexOf = [&](IntsRef position) -> int64_t {
    int64_t index = 0;
    for (auto [at, low, dim, stride] : llvm::zip_equal(position, getLow(), shape, strides)) {
      if (at < low || at - low >= dim)
        return -1;
      index += (at - low) * stride;
    }
    return index;
  };
  return foldMove(*this, adaptor.getInput(), indexOf, &value->at(0));
}

/// An index that may count from the end; -1 where it is out of range.
static int64_t wrapIndex(int64_t index, int64_t size) {
  index += index < 0 ? size : 0;
  return index < 0 || index >= size ? -1 : index;
}

OpFoldResult GatherOp::fold(FoldAdaptor adaptor) {
  std::optional<Elements> indices = Elements::read(adaptor.getIndices());
  if (!indices)
    return {};
  Ints strides = stridesOf(getInput()), indexStrides = stridesOf(getIndices());
  auto input = cast<RankedTensorType>(getInput().getType());
  size_t axis = getAxis(), indexRank = indexStrides.size();
  return foldMove(*this, adaptor.getInput(), [&](IntsRef position) -> int64_t {
    int64_t index = 0, at = 0;
    for (size_t i = 0; i < indexRank; ++i)
      at += position[axis + i] * indexStrides[i];
    int64_t chosen = wrapIndex(indices->integer(at), input.getDimSize(axis));
    if (chosen < 0)
      return -1;
    for (size_t i = 0; i < strides.size(); ++i)
      index += (i == axis ? chosen : position[i < axis ? i : i + indexRank - 1]) * strides[i];
    return index;
  });
}

OpFoldResult GatherElementsOp::fold(FoldAdaptor adaptor) {
  std::optional<Elements> indices = Elements::read(adaptor.getIndices());
  if (!indices)
    return {};
  Ints strides = stridesOf(getInput()), indexStrides = stridesOf(getIndices());
  int64_t axis = getAxis(), size = cast<RankedTensorType>(getInput().getType()).getDimSize(axis);
  return foldMove(*this, adaptor.getInput(), [&](IntsRef position) -> int64_t {
    int64_t index = 0, at = 0;
    for (auto [where, stride] : llvm::zip_equal(position, indexStrides))
      at += where * stride;
    int64_t chosen = wrapIndex(indices->integer(at), size);
    if (chosen < 0)
      return -1;
    for (int64_t i = 0; i < static_cast<int64_t>(strides.size()); ++i)
      index += (i == axis ? chosen : position[i]) * strides[i];
    return index;
  });
}

OpFoldResult GatherNDOp::fold(FoldAdaptor adaptor) {
  std::optional<Elements> indices = Elements::read(adaptor.getIndices());
  if (!indices)
    return {};
  Ints strides = stridesOf(getInput()), indexStrides = stridesOf(getIndices());
  IntsRef shape = cast<RankedTensorType>(getInput().getType()).getShape();
  size_t batch = getBatchDims(), prefix = indexStrides.size() - 1;
  size_t depth = cast<RankedTensorType>(getIndices().getType()).getShape().back();
  return foldMove(*this, adaptor.getInput(), [&](IntsRef position) -> int64_t {
    int64_t index = 0, at = 0;
    for (size_t i = 0; i < prefix; ++i)
      at += position[i] * indexStrides[i];
    for (size_t i = 0; i < strides.size(); ++i) {
      int64_t chosen = i < batch            ? position[i]
                       : i >= batch + depth ? position[prefix + i - batch - depth]
                                            : 0;
      if (i >= batch && i < batch + depth)
        chosen = wrapIndex(indices->integer(at + i - batch), shape[i]);
      if (chosen < 0)
        return -1;
      index += chosen * strides[i];
    }
    return index;
  });
}

OpFoldResult TriluOp::fold(FoldAdaptor adaptor) {
  std::optional<Elements> input = Elements::read(adaptor.getInput());
  if (!input)
    return {};
  Ints strides = stridesOf(getInput());
  size_t rank = strides.size();
  APInt zero(input->at(0).getBitWidth(), 0);
  auto indexOf = [&](IntsRef position) -> int64_t {
    int64_t index = 0, distance = position[rank - 1] - position[rank - 2];
    if (getUpper() ? distance < getDiagonal() : distance > getDiagonal())
      return -1;
    for (auto [at, stride] : llvm::zip_equal(position, strides))
      index += at * stride;
    return index;
  };
  return input->type.getNumElements() == 0 ? OpFoldResult()
                                           : foldMove(*this, adaptor.getInput(), indexOf, &zero);
}

/// Visits the elements of a concatenation in order: which input, and which element of it.
static void joinParts(ConcatOp op, function_ref<void(size_t part, int64_t element)> visit) {
  int64_t axis = op.getAxis(), outer = 1, inner = 1;
  auto type = cast<RankedTensorType>(op.getResult().getType());
  for (int64_t i = 0; i < type.getRank(); ++i)
    (i < axis ? outer : inner) *= i == axis ? 1 : type.getDimSize(i);
  for (int64_t row = 0; row < outer; ++row)
    for (auto [part, input] : llvm::enumerate(op.getInputs()))
      for (int64_t i = 0, count = cast<RankedTensorType>(input.getType()).getDimSize(axis) * inner; i < count;
           ++i)
        visit(part, row * count + i);
}

static OpFoldResult concatSizes(ConcatOp op, ArrayRef<Attribute> inputs) {
  SmallVector<Sizes> parts;
  for (auto [input, value] : llvm::zip_equal(inputs, op.getInputs())) {
    std::optional<Sizes> part = Sizes::read(input, value.getType());
    if (!part)
      return {};
    parts.push_back(std::move(*part));
  }
  Sizes joined{cast<RankedTensorType>(op.getResult().getType()), {}};
  joinParts(op, [&](size_t part, int64_t element) { joined.values.push_back(parts[part].values[element]); });
  return joined.write();
}

OpFoldResult ConcatOp::fold(FoldAdaptor adaptor) {
  if (getInputs().size() == 1)
    return getInputs().front();
  auto type = cast<RankedTensorType>(getResult().getType());
  if (!type.hasStaticShape() || type.getNumElements() > kFoldLimit)
    return {};
  if (llvm::any_of(adaptor.getInputs(), llvm::IsaAndPresentPred<AffineMapAttr>))
    return concatSizes(*this, adaptor.getInputs());
  SmallVector<Elements> parts;
  for (Attribute input : adaptor.getInputs()) {
    std::optional<Elements> part = Elements::read(input);
    if (!part)
      return {};
    parts.push_back(std::move(*part));
  }
  Elements joined{type, {}, false};
  joinParts(*this, [&](size_t part, int64_t element) { joined.values.push_back(parts[part].at(element)); });
  return joined.write();
}

// ---- Range, reduce ----

OpFoldResult RangeOp::fold(FoldAdaptor adaptor) {
  auto type = cast<RankedTensorType>(getResult().getType());
  std::optional<Elements> start = Elements::read(adaptor.getStart()),
                          delta = Elements::read(adaptor.getDelta());
  if (!start || !delta || !isa<IntegerType>(type.getElementType()) || !type.hasStaticShape() ||
      type.getNumElements() > kFoldLimit)
    return {};
  Elements result{type, {}, false};
  APInt value = start->at(0);
  for (int64_t i = 0; i < type.getNumElements(); ++i, value += delta->at(0))
    result.values.push_back(value);
  return result.write();
}

/// Sums and products of a whole vector of sizes.
static OpFoldResult foldSizesReduction(ReduceOp op, Attribute input) {
  std::optional<Sizes> source = Sizes::read(input, op.getInput().getType());
  if (!source || op.getType().getNumElements() != 1 ||
      (op.getKind() != ReduceKind::Sum && op.getKind() != ReduceKind::Prod))
    return {};
  bool isSum = op.getKind() == ReduceKind::Sum;
  Dim total = isSum ? 0 : 1;
  for (Dim each : source->values)
    total = isSum ? total + each : total * each;
  return Sizes{op.getType(), {total}}.write();
}

/// Integers only: the order of a floating-point reduction belongs to the schedule.
OpFoldResult ReduceOp::fold(FoldAdaptor adaptor) {
  auto input = cast<RankedTensorType>(getInput().getType()),
       type = cast<RankedTensorType>(getResult().getType());
  if (getAxes().empty())
    return getInput();
  if (isa_and_present<AffineMapAttr>(adaptor.getInput()))
    return foldSizesReduction(*this, adaptor.getInput());
  std::optional<Elements> source = Elements::read(adaptor.getInput());
  if (!source || !isa<IntegerType>(type.getElementType()) || input.getNumElements() > kFoldLimit ||
      getKind() == ReduceKind::Mean || input.getNumElements() == 0)
    return {};
  bool isUnsigned = type.getElementType().isUnsignedInteger();
  auto combine = [&](const APInt &a, const APInt &b) {
    switch (getKind()) {
    case ReduceKind::Sum:
      return a + b;
    case ReduceKind::Prod:
      return a * b;
    case ReduceKind::Max:
      return (isUnsigned ? a.ugt(b) : a.sgt(b)) ? a : b;
    default:
      return (isUnsigned ? a.ult(b) : a.slt(b)) ? a : b;
    }
  };
  Ints strides(input.getRank(), 0);
  int64_t stride = 1;
  for (int64_t i = input.getRank(); i-- > 0;) {
    if (llvm::is_contained(getAxes(), i))
      continue;
    strides[i] = stride;
    stride *= input.getDimSize(i);
  }
  std::vector<std::optional<APInt>> totals(type.getNumElements());
  Ints position(input.getRank(), 0);
  for (int64_t i = 0; i < input.getNumElements(); ++i) {
    int64_t at = 0;
    for (auto [where, step] : llvm::zip_equal(position, strides))
      at += where * step;
    totals[at] = totals[at] ? combine(*totals[at], source->at(i)) : source->at(i);
    for (int64_t dim = input.getRank(); dim-- > 0;) {
      if (++position[dim] < input.getDimSize(dim))
        break;
      position[dim] = 0;
    }
  }
  Elements result{type, {}, false};
  for (std::optional<APInt> &total : totals)
    result.values.push_back(std::move(*total));
  return result.write();
}

} // namespace tegula::graph
