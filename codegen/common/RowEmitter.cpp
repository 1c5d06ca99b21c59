// Emits tiles that are one row with reductions along the lanes (softmax, normalisation, sums of rows): each
// reduction is a loop with vector accumulators, expensive intermediate rows are kept in the destination,
// cheap ones are computed again.
#include "TileEmitter.h"

#include "tegula/dialects/tile/Extents.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace tegula::codegen {

/// The operation that combines an element with the accumulator; null where the body does more than that.
static Operation *combinerOf(linalg::GenericOp op) {
  BlockArgument out = op.getMatchingBlockArgument(op.getDpsInitOperand(0));
  if (!out.hasOneUse())
    return nullptr;
  Operation *combiner = *out.user_begin();
  Operation *yield = op.getBody()->getTerminator();
  return combiner->getNumResults() == 1 && yield->getOperand(0) == combiner->getResult(0) ? combiner
                                                                                          : nullptr;
}

static std::optional<vector::CombiningKind> kindOf(Operation *combiner) {
  using vector::CombiningKind;
  return llvm::TypeSwitch<Operation *, std::optional<CombiningKind>>(combiner)
      .Case<arith::AddFOp, arith::AddIOp>([](auto) { return CombiningKind::ADD; })
      .Case<arith::MulFOp, arith::MulIOp>([](auto) { return CombiningKind::MUL; })
      .Case<arith::MaximumFOp>([](auto) { return CombiningKind::MAXIMUMF; })
      .Case<arith::MinimumFOp>([](auto) { return CombiningKind::MINIMUMF; })
      .Case<arith::MaxSIOp>([](auto) { return CombiningKind::MAXSI; })
      .Case<arith::MinSIOp>([](auto) { return CombiningKind::MINSI; })
      .Case<arith::MaxUIOp>([](auto) { return CombiningKind::MAXUI; })
      .Case<arith::MinUIOp>([](auto) { return CombiningKind::MINUI; })
      .Default(std::nullopt);
}

/// Where the partial results of a reduction start: at `init` itself where combining it once more changes
/// nothing, else at the neutral element (`init` then takes part once, at the end).
static bool startsAtInit(Operation *combiner, Value init) {
  if (!isa<arith::AddFOp, arith::AddIOp, arith::MulFOp, arith::MulIOp>(combiner))
    return true; // the least or greatest of equal numbers is that number
  bool isSum = isa<arith::AddFOp, arith::AddIOp>(combiner);
  return isSum ? matchPattern(init, m_AnyZeroFloat()) || matchPattern(init, m_Zero())
               : matchPattern(init, m_OneFloat()) || matchPattern(init, m_One());
}

/// Whether computing the row again for every user would cost more than keeping it.
static bool worthKeeping(linalg::GenericOp op) {
  int64_t users = std::distance(op->user_begin(), op->user_end());
  return users > 1 && llvm::any_of(op.getBody()->without_terminator(), [](Operation &each) {
           return isa<math::MathDialect>(each.getDialect()) || isa<arith::DivFOp>(each);
         });
}

LogicalResult TileEmitter::emitRows() {
  Value root = insert.getSource();
  auto type = cast<RankedTensorType>(root.getType());
  OpFoldResult columns = type.getRank() ? tile::extentOf(root, type.getRank() - 1) : builder.getIndexAttr(1);
  for (linalg::LinalgOp op : group) {
    auto generic = dyn_cast<linalg::GenericOp>(op.getOperation());
    if (!generic)
      continue;
    Value result = generic->getResult(0);
    if (generic.getNumReductionLoops()) {
      if (failed(reduceRow(generic)))
        return failure();
    } else if (result != root && result.getType() == type && type.getRank() &&
               getConstantIntValue(columns) != 1 && worthKeeping(generic)) {
      if (failed(writeRow(result, columns)))
        return failure();
      materialized.insert(result);
    }
  }
  return writeRow(root, columns);
}

void TileEmitter::alongRow(OpFoldResult columns, int64_t unroll, SmallVectorImpl<Value> &carried,
                           function_ref<void(OpFoldResult, int64_t, int64_t)> chunk) {
  AffineExpr d0 = builder.getAffineDimExpr(0);
  OpFoldResult done = builder.getIndexAttr(0);
  // A loop over [done, to) with `count` chunks of `width` each time.
  auto loopOver = [&](OpFoldResult to, int64_t count, int64_t width) {
    auto loop = scf::ForOp::create(builder, loc, value(done), value(to), index(count * width), carried);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    llvm::copy(loop.getRegionIterArgs(), carried.begin());
    for (int64_t i = 0; i < count; ++i)
      chunk(add(loop.getInductionVar(), builder.getIndexAttr(i * width)), width, i);
    scf::YieldOp::create(builder, loc, carried);
    llvm::copy(loop.getResults(), carried.begin());
    done = to;
  };
  int64_t step = lanes * unroll;
  std::optional<int64_t> known = getConstantIntValue(columns);
  OpFoldResult whole = apply(d0.floorDiv(step) * step, {columns});
  if (!known) {
    loopOver(whole, unroll, lanes);
    if (unroll > 1)
      loopOver(apply(d0.floorDiv(lanes) * lanes, {columns}), 1, lanes);
    loopOver(columns, 1, 1);
    return;
  }
  int64_t from = *getConstantIntValue(whole);
  if (from > step || (from > 0 && unroll == 1)) {
    loopOver(whole, unroll, lanes);
  } else {
    for (int64_t u = 0; u * lanes < from; ++u)
      chunk(builder.getIndexAttr(u * lanes), lanes, u);
  }
  for (auto [number, part] : llvm::enumerate(chunks(*known - from, lanes)))
    chunk(builder.getIndexAttr(from + part.first), part.second, number % unroll);
}

/// Writes `tensor`, one row of `columns`, into the destination.
LogicalResult TileEmitter::writeRow(Value tensor, OpFoldResult columns) {
  int64_t rank = cast<RankedTensorType>(tensor.getType()).getRank();
  SmallVector<OpFoldResult> idx(rank, builder.getIndexAttr(0));
  bool ok = true;
  SmallVector<Value> carried{dest};
  alongRow(columns, schedule.getUnroll(), carried, [&](OpFoldResult start, int64_t width, int64_t) {
    if (rank)
      idx.back() = start;
    dest = carried.front();
    Lanes what = ok ? evaluateTensor(tensor, idx, rank && width > 1 ? rank - 1 : -1, width) : Lanes();
    ok &= static_cast<bool>(what);
    if (ok)
      write(what, idx, width);
    carried.front() = dest;
  });
  dest = carried.front();
  return success(ok);
}

/// Reduces along the lanes (and over further loops outside of them) to one scalar.
LogicalResult TileEmitter::reduceRow(linalg::GenericOp op) {
  SmallVector<OpFoldResult> ranges = tile::loopExtentsOf(op);
  if (llvm::is_contained(ranges, OpFoldResult()))
    return op.emitError("expected loops of known size in a tile");
  Operation *combiner = combinerOf(op);
  std::optional<vector::CombiningKind> kind = combiner ? kindOf(combiner) : std::nullopt;
  if (!kind)
    return op.emitError("expected a reduction by one known operation");
  SmallVector<unsigned> outer;
  std::optional<unsigned> inner;
  for (auto [loop, iterator] : llvm::enumerate(op.getIteratorTypesArray())) {
    if (iterator == utils::IteratorType::parallel) {
      if (getConstantIntValue(ranges[loop]) != 1)
        return op.emitError("expected one row in a tile");
      continue;
    }
    if (inner)
      outer.push_back(*inner);
    inner = loop;
  }
  Point base;
  base.iv.assign(ranges.size(), builder.getIndexAttr(0));
  Lanes init = evaluateOperand(op, *op.getDpsInitOperand(0), base);
  if (!init)
    return failure();
  Type element = init.value.getType();
  auto vectorType = VectorType::get(lanes, element);
  OpFoldResult columns = ranges[*inner];
  int64_t unroll = schedule.getUnroll();
  if (std::optional<int64_t> known = getConstantIntValue(columns); known && *known < lanes * unroll)
    unroll = std::max<int64_t>(1, *known / lanes);

  bool fromInit = startsAtInit(combiner, init.value);
  Value seed = init.value;
  if (!fromInit) {
    int64_t number = isa<arith::MulFOp, arith::MulIOp>(combiner) ? 1 : 0;
    seed = arith::ConstantOp::create(
        builder, loc,
        isa<FloatType>(element) ? cast<TypedAttr>(builder.getFloatAttr(element, static_cast<double>(number)))
                                : builder.getIntegerAttr(element, number));
  }
  // Carried: `unroll` vectors, and one scalar for what does not fill a vector.
  SmallVector<Value> acc(unroll, vector::BroadcastOp::create(builder, loc, vectorType, seed));
  acc.push_back(seed);
  bool ok = true;
  auto combine = [&](Value a, Value b) {
    OperationState state(loc, combiner->getName());
    state.addOperands({a, b});
    state.addTypes(a.getType());
    state.propertiesAttr = combiner->getPropertiesAsAttribute();
    return builder.create(state)->getResult(0);
  };
  auto horizontal = [&](Value vec) -> Value {
    auto flags = isa<FloatType>(element) ? arith::FastMathFlags::reassoc : arith::FastMathFlags::none;
    return vector::ReductionOp::create(builder, loc, *kind, vec, flags);
  };
  auto chunk = [&](SmallVector<OpFoldResult> iv, OpFoldResult start, int64_t width, Value carried) -> Value {
    Point point;
    point.iv = std::move(iv);
    point.iv[*inner] = start;
    point.vectorLoop = *inner;
    point.width = width;
    fusing = true;
    Lanes result = evaluateGeneric(op, point, {Lanes::Vector, carried});
    fusing = false;
    ok &= static_cast<bool>(result);
    return ok ? asVector(result, width) : carried;
  };
  auto row = [&](const SmallVector<OpFoldResult> &iv) {
    alongRow(columns, unroll, acc, [&](OpFoldResult start, int64_t width, int64_t number) {
      if (!ok)
        return;
      if (width == lanes) {
        acc[number] = chunk(iv, start, width, acc[number]);
        return;
      }
      Value partial = vector::BroadcastOp::create(builder, loc, VectorType::get(width, element), seed);
      acc.back() = combine(acc.back(), horizontal(chunk(iv, start, width, partial)));
    });
  };
  std::function<void(size_t, SmallVector<OpFoldResult>)> nest = [&](size_t depth,
                                                                    SmallVector<OpFoldResult> iv) {
    if (depth == outer.size())
      return row(iv);
    auto loop = scf::ForOp::create(builder, loc, index(0), value(ranges[outer[depth]]), index(1), acc);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    acc.assign(loop.getRegionIterArgs().begin(), loop.getRegionIterArgs().end());
    iv[outer[depth]] = loop.getInductionVar();
    nest(depth + 1, iv);
    scf::YieldOp::create(builder, loc, acc);
    acc.assign(loop.getResults().begin(), loop.getResults().end());
  };
  nest(0, base.iv);
  if (!ok)
    return failure();
  while (unroll > 1) {
    for (int64_t i = 0; i + 1 < unroll; i += 2)
      acc[i / 2] = combine(acc[i], acc[i + 1]);
    if (unroll % 2)
      acc[unroll / 2] = acc[unroll - 1];
    unroll = (unroll + 1) / 2;
  }
  Value result = combine(horizontal(acc.front()), acc.back());
  rowScalars[op->getResult(0)] = fromInit ? result : combine(init.value, result);
  return success();
}

} // namespace tegula::codegen
