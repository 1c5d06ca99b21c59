// Places a kernel's temporaries: memref.alloc => stack or scratch memory, and strided copies => loops.
// It exists because a run allocates nothing: every byte a kernel uses is known before the model is loaded.
#include "tegula/codegen/common/Passes.h"

#include "tegula/support/Checked.h"
#include "tegula/support/Refusal.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace tegula::codegen {
#define GEN_PASS_DEF_PLACETEMPORARIES
#include "tegula/codegen/common/Passes.h.inc"

static constexpr int64_t alignment = 64;

/// Arithmetic on sizes: numbers and expressions over the kernel's sizes alike.
static AffineExpr roundUp(AffineExpr bytes) { return bytes.ceilDiv(alignment) * alignment; }

/// The kernel's sizes, which stand between its buffers and the range of cells; none in other functions.
static ValueRange sizesOf(func::FuncOp function) {
  if (!function->hasAttr(cellsAttr))
    return {};
  auto isNumber = [](Value argument) { return argument.getType().isIndex(); };
  return function.getArguments().drop_until(isNumber).take_while(isNumber).drop_back(2);
}

/// `value` over the kernel's sizes, or the largest it can be; null where it depends on anything else.
static AffineExpr exprOf(Value value, ValueRange sizes) {
  MLIRContext *context = value.getContext();
  if (auto number = getConstantIntValue(value))
    return getAffineConstantExpr(*number, context);
  if (auto found = llvm::find(sizes, value); found != sizes.end())
    return getAffineSymbolExpr(std::distance(sizes.begin(), found), context);
  Operation *op = value.getDefiningOp();
  if (!op)
    return {};
  // The smallest of several values is at most any of them: a number where one is known.
  if (auto smallest = dyn_cast<arith::MinSIOp>(op)) {
    AffineExpr left = exprOf(smallest.getLhs(), sizes), right = exprOf(smallest.getRhs(), sizes);
    return !left || isa_and_present<AffineConstantExpr>(right) ? right : left;
  }
  auto operands = llvm::map_to_vector(op->getOperands(), [&](Value operand) {
    return isa<arith::ArithDialect, affine::AffineDialect>(op->getDialect()) ? exprOf(operand, sizes)
                                                                             : AffineExpr();
  });
  auto resultOf = [&](AffineMap map, unsigned result) -> AffineExpr {
    AffineExpr expr = map.getResult(result);
    for (unsigned i = 0; i < map.getNumInputs(); ++i)
      if (!operands[i] &&
          (i < map.getNumDims() ? expr.isFunctionOfDim(i) : expr.isFunctionOfSymbol(i - map.getNumDims())))
        return {};
    for (AffineExpr &operand : operands)
      operand = operand ? operand : getAffineConstantExpr(0, context);
    return expr.replaceDimsAndSymbols(ArrayRef(operands).take_front(map.getNumDims()),
                                      ArrayRef(operands).drop_front(map.getNumDims()));
  };
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op))
    return resultOf(apply.getAffineMap(), 0);
  if (auto smallest = dyn_cast<affine::AffineMinOp>(op)) {
    AffineExpr best;
    for (unsigned i = 0; i < smallest.getMap().getNumResults(); ++i)
      if (AffineExpr expr = resultOf(smallest.getMap(), i); expr && (!best || isa<AffineConstantExpr>(expr)))
        best = expr;
    return best;
  }
  if (operands.size() != 2 || !operands[0] || !operands[1])
    return {};
  return llvm::TypeSwitch<Operation *, AffineExpr>(op)
      .Case<arith::AddIOp>([&](auto) { return operands[0] + operands[1]; })
      .Case<arith::SubIOp>([&](auto) { return operands[0] - operands[1]; })
      .Case<arith::MulIOp>([&](auto) { return operands[0] * operands[1]; })
      .Case<arith::CeilDivSIOp, arith::CeilDivUIOp>([&](auto) { return operands[0].ceilDiv(operands[1]); })
      .Case<arith::FloorDivSIOp, arith::DivUIOp>([&](auto) { return operands[0].floorDiv(operands[1]); })
      .Default([](Operation *) { return AffineExpr(); });
}

/// Bytes of an allocation, rounded up so that the next one is aligned too; null where nothing bounds them.
static AffineExpr bytesOf(memref::AllocOp alloc, ValueRange sizes) {
  MemRefType type = alloc.getType();
  if (!type.getLayout().isIdentity())
    return {};
  Type element = type.getElementType();
  int64_t bits = 64, lanes = 1;
  if (auto vector = dyn_cast<VectorType>(element)) {
    lanes = vector.getNumElements();
    element = vector.getElementType();
  }
  if (element.isIntOrFloat())
    bits = element.getIntOrFloatBitWidth();
  Checked known = Checked(lanes) * Checked(llvm::divideCeil(bits, 8)) + Checked(0);
  AffineExpr unknown = getAffineConstantExpr(1, alloc.getContext());
  ValueRange dynamic = alloc.getDynamicSizes();
  for (int64_t size : type.getShape()) {
    if (!ShapedType::isDynamic(size)) {
      known *= Checked(size);
      continue;
    }
    AffineExpr expr = exprOf(dynamic.front(), sizes);
    if (!expr)
      return {};
    if (auto number = dyn_cast<AffineConstantExpr>(expr))
      known *= Checked(number.getValue());
    else
      unknown = unknown * expr;
    dynamic = dynamic.drop_front();
  }
  Checked end = known + Checked(alignment - 1);
  return end.valid() ? roundUp(unknown * known.get()) : AffineExpr();
}

/// Whether a loop hands the buffer to its next iteration: then each iteration needs one of its own.
static bool outlivesIteration(Value buffer) {
  for (Operation *user : buffer.getUsers()) {
    if (isa<scf::YieldOp>(user) && isa<LoopLikeOpInterface>(user->getParentOp()))
      return true;
    if (auto view = dyn_cast<ViewLikeOpInterface>(user); view && outlivesIteration(user->getResult(0)))
      return true;
  }
  return false;
}

static void copyByLoops(func::FuncOp function) {
  function.walk([](memref::CopyOp copy) {
    auto isBlock = [](Value value) { return cast<MemRefType>(value.getType()).getLayout().isIdentity(); };
    if (isBlock(copy.getSource()) && isBlock(copy.getTarget()))
      return;
    OpBuilder builder(copy);
    linalg::makeMemRefCopyOp(builder, copy.getLoc(), copy.getSource(), copy.getTarget());
    copy.erase();
  });
}

namespace {
/// A temporary and where it lies in the scratch memory of one call.
struct Placed {
  memref::AllocOp alloc;
  AffineExpr offset;
};
} // namespace

/// Splits the allocations by size: the smallest that fit together stay on the stack, where the compiler knows
/// their bytes. Returns the bytes of the others for one call.
static FailureOr<AffineExpr> sortOut(func::FuncOp function, int64_t stackBytes,
                                     SmallVector<std::pair<memref::AllocOp, int64_t>> &stack,
                                     SmallVector<Placed> &scratch) {
  SmallVector<std::pair<AffineExpr, memref::AllocOp>> bySize;
  WalkResult walked = function.walk([&](memref::AllocOp alloc) {
    AffineExpr bytes = bytesOf(alloc, sizesOf(function));
    if (!bytes) {
      alloc.emitOpError("expected a temporary whose size follows from the kernel's sizes");
      return WalkResult::interrupt();
    }
    if (outlivesIteration(alloc)) {
      alloc.emitOpError("expected a temporary that lives no longer than its iteration");
      return WalkResult::interrupt();
    }
    bySize.push_back({bytes, alloc});
    return WalkResult::advance();
  });
  if (walked.wasInterrupted())
    return failure();
  // Ties by position, so that the layout does not depend on the sort.
  auto known = [&](size_t index) {
    auto number = dyn_cast<AffineConstantExpr>(bySize[index].first);
    return number ? number.getValue() : INT64_MAX;
  };
  auto order = llvm::to_vector(llvm::seq<size_t>(0, bySize.size()));
  llvm::sort(order, [&](size_t a, size_t b) { return std::pair(known(a), a) < std::pair(known(b), b); });
  Checked used(0);
  AffineExpr offset = getAffineConstantExpr(0, function.getContext());
  for (size_t index : order) {
    auto [bytes, alloc] = bySize[index];
    if ((used + Checked(known(index))).opt().value_or(INT64_MAX) <= stackBytes) {
      used += Checked(known(index));
      stack.push_back({alloc, known(index)});
      continue;
    }
    scratch.push_back({alloc, offset});
    if (auto sum = dyn_cast<AffineConstantExpr>(offset), number = dyn_cast<AffineConstantExpr>(bytes);
        sum && number && !(Checked(sum.getValue()) + Checked(number.getValue())).valid())
      return refuse(alloc.emitError(), Code::TooMuchMemory) << "expected temporaries that can be addressed";
    offset = offset + bytes;
  }
  return offset;
}

static void replace(memref::AllocOp alloc, Value place) {
  alloc.replaceAllUsesWith(place);
  alloc.erase();
}

/// A stack allocation, where `builder` stands; one of unknown size is a view of the most that it can be.
static void useStack(OpBuilder builder, memref::AllocOp alloc, int64_t bytes) {
  MemRefType type = alloc.getType();
  bool isStatic = type.hasStaticShape();
  Value place = memref::AllocaOp::create(builder, alloc.getLoc(),
                                         isStatic ? type : MemRefType::get(bytes, builder.getI8Type()),
                                         builder.getI64IntegerAttr(alignment));
  if (!isStatic) {
    builder.setInsertionPoint(alloc);
    Value zero = arith::ConstantIndexOp::create(builder, alloc.getLoc(), 0);
    place = memref::ViewOp::create(builder, alloc.getLoc(), type, place, zero, alloc.getDynamicSizes());
  }
  replace(alloc, place);
}

/// A number, or what computes it from the kernel's sizes.
static Value materialize(OpBuilder &builder, Location loc, AffineExpr expr, ValueRange sizes) {
  if (auto number = dyn_cast<AffineConstantExpr>(expr))
    return arith::ConstantIndexOp::create(builder, loc, number.getValue());
  return affine::AffineApplyOp::create(builder, loc, AffineMap::get(0, sizes.size(), expr), sizes);
}

/// Gives the function one more buffer, of `total` bytes, in which each call owns the `bytes` of its first
/// cell.
static void useScratch(func::FuncOp function, ArrayRef<Placed> placed, AffineExpr bytes, AffineExpr total) {
  OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
  Location loc = function.getLoc();
  auto number = dyn_cast<AffineConstantExpr>(total);
  auto type = number ? MemRefType::get(number.getValue(), builder.getI8Type())
                     : MemRefType::get({}, builder.getI8Type());
  (void)function.insertArgument(function.getNumArguments(), type, {}, loc);
  Value scratch = function.getArguments().back(),
        begin = function.getArgument(function.getNumArguments() - 3);
  ValueRange sizes = sizesOf(function);
  if (!number)
    scratch = memref::ReinterpretCastOp::create(
        builder, loc, MemRefType::get(ShapedType::kDynamic, builder.getI8Type()), scratch,
        OpFoldResult(builder.getIndexAttr(0)), OpFoldResult(materialize(builder, loc, total, sizes)),
        OpFoldResult(builder.getIndexAttr(1)));
  Value mine = arith::MulIOp::create(builder, loc, begin, materialize(builder, loc, bytes, sizes));
  for (const Placed &each : placed) {
    Value start = arith::AddIOp::create(builder, loc, mine, materialize(builder, loc, each.offset, sizes));
    OpBuilder::InsertionGuard guard(builder);
    memref::AllocOp alloc = each.alloc;
    if (!alloc.getType().hasStaticShape())
      builder.setInsertionPoint(alloc);
    replace(alloc, memref::ViewOp::create(builder, alloc.getLoc(), alloc.getType(), scratch, start,
                                          alloc.getDynamicSizes()));
  }
  function->setAttr(scratchAttr, number ? Attribute(builder.getI64IntegerAttr(number.getValue()))
                                        : AffineMapAttr::get(AffineMap::get(0, sizes.size(), total)));
}

/// How many cells the kernel has, over its sizes.
static AffineExpr cellsOf(func::FuncOp function) {
  if (auto map = function->getAttrOfType<AffineMapAttr>(cellsAttr))
    return map.getValue().getResult(0);
  auto number = function->getAttrOfType<IntegerAttr>(cellsAttr);
  return getAffineConstantExpr(number ? number.getInt() : 1, function.getContext());
}

static LogicalResult place(func::FuncOp function, int64_t stackBytes) {
  SmallVector<std::pair<memref::AllocOp, int64_t>> stack;
  SmallVector<Placed> scratch;
  function.walk([](memref::DeallocOp dealloc) { dealloc.erase(); });
  FailureOr<AffineExpr> bytes = sortOut(function, stackBytes, stack, scratch);
  if (failed(bytes))
    return failure();
  OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
  for (auto [alloc, size] : stack)
    useStack(builder, alloc, size);
  if (scratch.empty())
    return success();
  AffineExpr cells = cellsOf(function);
  if (auto each = dyn_cast<AffineConstantExpr>(*bytes), count = dyn_cast<AffineConstantExpr>(cells);
      each && count && !(Checked(each.getValue()) * Checked(count.getValue())).valid())
    return refuse(function.emitError(), Code::TooMuchMemory) << "expected temporaries that can be addressed";
  useScratch(function, scratch, *bytes, *bytes * cells);
  return success();
}

namespace {
struct PlaceTemporaries : impl::PlaceTemporariesBase<PlaceTemporaries> {
  using PlaceTemporariesBase::PlaceTemporariesBase;
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      copyByLoops(function);
      if (failed(place(function, stackBytes)))
        return signalPassFailure();
    }
  }
};
} // namespace
} // namespace tegula::codegen
