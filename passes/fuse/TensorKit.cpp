// Writes scalar and tensor operations for the bodies, choosing the integer or float form by the operands'
// types.
#include "TensorKit.h"

using namespace mlir;

namespace tegula::fuse {

Type storageType(Type element) {
  if (element.isInteger(1))
    return IntegerType::get(element.getContext(), 8);
  if (auto integer = dyn_cast<IntegerType>(element))
    return IntegerType::get(element.getContext(), integer.getWidth());
  return element;
}

RankedTensorType storageType(RankedTensorType type) {
  return RankedTensorType::get(type.getShape(), storageType(type.getElementType()), type.getEncoding());
}

Type accumulatorType(Type element) {
  if (element.isF16() || element.isBF16())
    return Float32Type::get(element.getContext());
  return storageType(element);
}

bool isUnsigned(Type element) { return element.isInteger(1) || element.isUnsignedInteger(); }

AffineMap broadcastMap(MLIRContext *context, ShapeRef operand, ShapeRef result) {
  SmallVector<AffineExpr> exprs;
  size_t missing = result.size() - operand.size();
  for (size_t i = 0; i < operand.size(); ++i)
    exprs.push_back(operand[i].is(1) && !result[missing + i].is(1) ? getAffineConstantExpr(0, context)
                                                                   : getAffineDimExpr(missing + i, context));
  return AffineMap::get(result.size(), 0, exprs, context);
}

unsigned KernelSizes::number(Dim dim) {
  auto *known = llvm::find(dims, dim);
  unsigned number = known - dims.begin();
  if (known == dims.end()) {
    dims.push_back(dim);
    MLIRContext *context = block.getParentOp()->getContext();
    block.addArgument(IndexType::get(context), block.getParentOp()->getLoc());
  }
  return number;
}

Value KernelSizes::value(Dim dim) {
  unsigned place = number(dim);
  return block.getArgument(block.getNumArguments() - dims.size() + place);
}

// ---- Scalars ----

Value ScalarKit::index(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }

Value ScalarKit::index(Dim size) {
  if (size.isStatic())
    return index(size.number());
  assert(sizes && "expected a kernel that may have sizes");
  return sizes->value(size);
}

Value ScalarKit::constant(Type type, double value) {
  if (auto floatType = dyn_cast<FloatType>(type))
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(floatType, value));
  double limit = std::ldexp(1.0, type.isIndex() ? 63 : int(type.getIntOrFloatBitWidth()) - 1);
  int64_t integer = value >= limit ? int64_t(limit - 1) : value < -limit ? int64_t(-limit) : int64_t(value);
  return arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, integer));
}

Value ScalarKit::lowest(Type type, bool isUnsigned) {
  if (auto floatType = dyn_cast<FloatType>(type))
    return arith::ConstantOp::create(
        b, loc, b.getFloatAttr(type, APFloat::getInf(floatType.getFloatSemantics(), /*Negative=*/true)));
  unsigned width = type.getIntOrFloatBitWidth();
  return arith::ConstantOp::create(
      b, loc, b.getIntegerAttr(type, isUnsigned ? APInt::getZero(width) : APInt::getSignedMinValue(width)));
}

Value ScalarKit::highest(Type type, bool isUnsigned) {
  if (auto floatType = dyn_cast<FloatType>(type))
    return arith::ConstantOp::create(b, loc,
                                     b.getFloatAttr(type, APFloat::getInf(floatType.getFloatSemantics())));
  unsigned width = type.getIntOrFloatBitWidth();
  return arith::ConstantOp::create(
      b, loc,
      b.getIntegerAttr(type, isUnsigned ? APInt::getMaxValue(width) : APInt::getSignedMaxValue(width)));
}

template <typename FloatOp, typename IntOp> static Value either(ScalarKit &k, Value x, Value y) {
  if (isa<FloatType>(x.getType()))
    return FloatOp::create(k.b, k.loc, x, y);
  return IntOp::create(k.b, k.loc, x, y);
}

Value ScalarKit::add(Value x, Value y) { return either<arith::AddFOp, arith::AddIOp>(*this, x, y); }
Value ScalarKit::sub(Value x, Value y) { return either<arith::SubFOp, arith::SubIOp>(*this, x, y); }
Value ScalarKit::mul(Value x, Value y) { return either<arith::MulFOp, arith::MulIOp>(*this, x, y); }
Value ScalarKit::div(Value x, Value y, bool isUnsigned) {
  return isUnsigned ? either<arith::DivFOp, arith::DivUIOp>(*this, x, y)
                    : either<arith::DivFOp, arith::DivSIOp>(*this, x, y);
}
Value ScalarKit::max(Value x, Value y, bool isUnsigned) {
  return isUnsigned ? either<arith::MaximumFOp, arith::MaxUIOp>(*this, x, y)
                    : either<arith::MaximumFOp, arith::MaxSIOp>(*this, x, y);
}
Value ScalarKit::min(Value x, Value y, bool isUnsigned) {
  return isUnsigned ? either<arith::MinimumFOp, arith::MinUIOp>(*this, x, y)
                    : either<arith::MinimumFOp, arith::MinSIOp>(*this, x, y);
}
Value ScalarKit::compare(arith::CmpIPredicate predicate, Value x, Value y) {
  return arith::CmpIOp::create(b, loc, predicate, x, y);
}
Value ScalarKit::select(Value condition, Value x, Value y) {
  return arith::SelectOp::create(b, loc, condition, x, y);
}

// One unsigned comparison covers both ends.
Value ScalarKit::inside(Value x, Dim size) { return compare(arith::CmpIPredicate::ult, x, index(size)); }

Value ScalarKit::clamp(Value x, Dim size) {
  Value last = size.isStatic() ? index(size.number() - 1) : sub(index(size), index(1));
  return max(min(x, last), index(0));
}

Value ScalarKit::modulo(Value x, Value y) {
  Value rest = arith::RemSIOp::create(b, loc, x, y);
  Value isNegative = compare(arith::CmpIPredicate::slt, rest, index(0));
  return select(isNegative, add(rest, y), rest);
}

Value ScalarKit::both(Value x, Value y) {
  if (!x || !y)
    return x ? x : y;
  return arith::AndIOp::create(b, loc, x, y);
}

Value ScalarKit::convert(Value x, Type to, bool isUnsigned) {
  Type from = x.getType();
  if (from == to)
    return x;
  if (from.isIndex() || to.isIndex()) {
    if (isa<FloatType>(to))
      return convert(convert(x, b.getI64Type()), to);
    return isUnsigned ? Value(arith::IndexCastUIOp::create(b, loc, to, x))
                      : arith::IndexCastOp::create(b, loc, to, x);
  }
  unsigned fromBits = from.getIntOrFloatBitWidth(), toBits = to.getIntOrFloatBitWidth();
  if (isa<FloatType>(from) && isa<FloatType>(to)) {
    if (fromBits == toBits) // f16 and bf16 are no part of each other
      return convert(convert(x, b.getF32Type()), to);
    return fromBits < toBits ? Value(arith::ExtFOp::create(b, loc, to, x))
                             : arith::TruncFOp::create(b, loc, to, x);
  }
  if (isa<FloatType>(from))
    return isUnsigned ? Value(arith::FPToUIOp::create(b, loc, to, x))
                      : arith::FPToSIOp::create(b, loc, to, x);
  if (isa<FloatType>(to))
    return isUnsigned ? Value(arith::UIToFPOp::create(b, loc, to, x))
                      : arith::SIToFPOp::create(b, loc, to, x);
  if (toBits < fromBits)
    return arith::TruncIOp::create(b, loc, to, x);
  return isUnsigned ? Value(arith::ExtUIOp::create(b, loc, to, x)) : arith::ExtSIOp::create(b, loc, to, x);
}

Value ScalarKit::extract(Value tensor, ArrayRef<Value> at) {
  return tensor::ExtractOp::create(b, loc, tensor, at);
}
Value ScalarKit::loopIndex(int64_t dim) { return linalg::IndexOp::create(b, loc, dim); }

/// An affine expression of the loops' indices, written with plain arithmetic. Divisors are positive numbers.
static Value expand(ScalarKit &k, AffineExpr expr) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return k.index(constant.getValue());
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return k.loopIndex(dim.getPosition());
  auto both = cast<AffineBinaryOpExpr>(expr);
  Value lhs = expand(k, both.getLHS()), rhs = expand(k, both.getRHS());
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return k.add(lhs, rhs);
  case AffineExprKind::FloorDiv:
    return arith::FloorDivSIOp::create(k.b, k.loc, lhs, rhs);
  case AffineExprKind::Mod:
    return k.modulo(lhs, rhs);
  default:
    return k.mul(lhs, rhs);
  }
}

Value ScalarKit::readAt(Value tensor, AffineMap map) {
  SmallVector<Value> at;
  for (AffineExpr expr : map.getResults())
    at.push_back(expand(*this, expr));
  return extract(tensor, at);
}

bool fitsOperand(AffineMap map, ShapeRef operand, ShapeRef loops) {
  for (auto [expr, size] : llvm::zip_equal(map.getResults(), operand))
    if (auto dim = dyn_cast<AffineDimExpr>(expr); dim && !(loops[dim.getPosition()] == size))
      return false;
  return true;
}

// ---- Tensors ----

SmallVector<OpFoldResult> TensorKit::extents(ShapeRef shape) {
  return llvm::map_to_vector(shape, [&](Dim dim) -> OpFoldResult {
    if (dim.isStatic())
      return b.getIndexAttr(dim.number());
    return index(dim);
  });
}

Value TensorKit::empty(ShapeRef shape, Type element) {
  SmallVector<Value> unknown;
  for (Dim dim : shape)
    if (!dim.isStatic())
      unknown.push_back(index(dim));
  return tensor::EmptyOp::create(b, loc, tensorType(shape, element), unknown);
}

Value TensorKit::fill(ShapeRef shape, Value scalar) {
  Value init = empty(shape, scalar.getType());
  return linalg::FillOp::create(b, loc, scalar, init).getResult(0);
}

Value TensorKit::accumulate(Value init, AffineMap outMap, ValueRange inputs, ArrayRef<AffineMap> maps,
                            ArrayRef<utils::IteratorType> iterators, ScalarFn fn) {
  // Nothing to combine: what there is to begin with is the result.
  if (llvm::any_of(inputs, isEmpty))
    return init;
  SmallVector<AffineMap> allMaps(maps);
  allMaps.push_back(outMap);
  auto body = [&](OpBuilder &nested, Location at, ValueRange args) {
    ScalarKit kit(nested, at, sizes);
    linalg::YieldOp::create(nested, at, fn(kit, args));
  };
  return linalg::GenericOp::create(b, loc, TypeRange(init.getType()), inputs, ValueRange(init), allMaps,
                                   iterators, body)
      .getResult(0);
}

Value TensorKit::mapInto(Value destination, ValueRange inputs, ArrayRef<AffineMap> maps, ScalarFn fn) {
  int64_t rank = tensorType(destination).getRank();
  Iterators iterators(rank, utils::IteratorType::parallel);
  return accumulate(destination, AffineMap::getMultiDimIdentityMap(rank, context()), inputs, maps, iterators,
                    [&](ScalarKit &k, ValueRange args) { return fn(k, args.drop_back()); });
}

Value TensorKit::mapOver(RankedTensorType result, ValueRange inputs, ArrayRef<AffineMap> maps, ScalarFn fn) {
  return mapInto(empty(shapeOf(result), result.getElementType()), inputs, maps, fn);
}

Value TensorKit::mapOver(RankedTensorType result, ValueRange inputs, ScalarFn fn) {
  SmallVector<AffineMap> maps;
  for (Value input : inputs)
    maps.push_back(broadcastMap(context(), shapeOf(input), shapeOf(result)));
  return mapOver(result, inputs, maps, fn);
}

Value TensorKit::convertAll(Value tensor, Type element, bool isUnsigned) {
  if (tensorType(tensor).getElementType() == element)
    return tensor;
  return mapOver(tensorType(shapeOf(tensor), element), tensor,
                 [&](ScalarKit &k, ValueRange args) { return k.convert(args[0], element, isUnsigned); });
}

Value TensorKit::place(Value tensor, Value destination, ShapeRef offsets) {
  SmallVector<OpFoldResult> at = extents(offsets), sizes = extents(shapeOf(tensor));
  SmallVector<OpFoldResult> strides(offsets.size(), b.getIndexAttr(1));
  auto type = tensorType(tensor);
  Value slice = tensor::ExtractSliceOp::create(b, loc, type, destination, at, sizes, strides);
  AffineMap identity = AffineMap::getMultiDimIdentityMap(offsets.size(), context());
  Value copy = mapInto(slice, tensor, identity, [](ScalarKit &, ValueRange args) { return args[0]; });
  return tensor::InsertSliceOp::create(b, loc, copy, destination, at, sizes, strides);
}

/// The groups that keep every dimension of a tensor of `rank` but join `dim` and `dim + 1`.
static SmallVector<ReassociationIndices> joined(int64_t rank, int64_t dim) {
  SmallVector<ReassociationIndices> groups;
  for (int64_t i = 0; i < rank; ++i) {
    if (i == dim + 1)
      groups.back().push_back(i);
    else
      groups.push_back({i});
  }
  return groups;
}

Value TensorKit::splitDim(Value tensor, int64_t dim, int64_t outer) {
  Shape shape = shapeOf(tensor);
  Dim inner = floorDiv(shape[dim], outer);
  shape[dim] = outer;
  shape.insert(shape.begin() + dim + 1, inner);
  auto type = tensorType(shape, tensorType(tensor).getElementType());
  return tensor::ExpandShapeOp::create(b, loc, type, tensor, joined(shape.size(), dim), extents(shape));
}

Value TensorKit::joinDims(Value tensor, int64_t dim) {
  Shape shape = shapeOf(tensor);
  SmallVector<ReassociationIndices> groups = joined(shape.size(), dim);
  shape[dim] *= shape[dim + 1];
  shape.erase(shape.begin() + dim + 1);
  auto type = tensorType(shape, tensorType(tensor).getElementType());
  return tensor::CollapseShapeOp::create(b, loc, type, tensor, groups);
}

} // namespace tegula::fuse
