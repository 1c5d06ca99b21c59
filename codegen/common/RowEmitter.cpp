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

namespace {

/// One reduction along the lanes, while its code is written.
struct RowReduction {
  linalg::GenericOp op;
  Operation *combiner;
  vector::CombiningKind kind;
  SmallVector<OpFoldResult> extents; ///< of all loops
  SmallVector<unsigned> outer;       ///< reduction loops outside of the row, outermost first
  unsigned inner = 0;                ///< the loop along the row
  int64_t unroll = 1;                ///< vectors of partial results

  Value combine(OpBuilder &builder, Value a, Value b) const {
    OperationState state(combiner->getLoc(), combiner->getName());
    state.addOperands({a, b});
    state.addTypes(a.getType());
    state.propertiesAttr = combiner->getPropertiesAsAttribute();
    return builder.create(state)->getResult(0);
  }

  /// All lanes of a vector combined to one scalar.
  Value horizontal(OpBuilder &builder, Value vec) const {
    bool isFloat = isa<FloatType>(cast<VectorType>(vec.getType()).getElementType());
    auto flags = isFloat ? arith::FastMathFlags::reassoc : arith::FastMathFlags::none;
    return vector::ReductionOp::create(builder, combiner->getLoc(), kind, vec, flags);
  }

  /// What partial results start from, given where the whole one does.
  Value seed(OpBuilder &builder, Value init) const {
    if (startsAtInit(combiner, init))
      return init;
    int64_t number = isa<arith::MulFOp, arith::MulIOp>(combiner) ? 1 : 0;
    if (isa<FloatType>(init.getType()))
      return arith::ConstantOp::create(builder, combiner->getLoc(),
                                       builder.getFloatAttr(init.getType(), static_cast<double>(number)));
    return arith::ConstantOp::create(builder, combiner->getLoc(),
                                     builder.getIntegerAttr(init.getType(), number));
  }

  /// The vectors of partial results (all but the last of `partial`, which is a scalar) in pairs to one.
  Value join(OpBuilder &builder, SmallVector<Value> partial) const {
    for (int64_t count = unroll; count > 1; count = (count + 1) / 2) {
      for (int64_t i = 0; i + 1 < count; i += 2)
        partial[i / 2] = combine(builder, partial[i], partial[i + 1]);
      if (count % 2)
        partial[count / 2] = partial[count - 1];
    }
    return combine(builder, horizontal(builder, partial.front()), partial.back());
  }
};

} // namespace

/// Reads what `op` reduces and how; fails, with a diagnostic, on what is no reduction of one row.
static FailureOr<RowReduction> describeRow(linalg::GenericOp op, int64_t lanes, int64_t unroll) {
  Operation *combiner = combinerOf(op);
  std::optional<vector::CombiningKind> kind = combiner ? kindOf(combiner) : std::nullopt;
  if (!kind)
    return op.emitError("expected a reduction by one known operation");
  RowReduction row{op, combiner, *kind, tile::loopExtentsOf(op), {}};
  if (llvm::is_contained(row.extents, OpFoldResult()))
    return op.emitError("expected loops of known size in a tile");
  for (auto [loop, iterator] : llvm::enumerate(op.getIteratorTypesArray())) {
    if (iterator == utils::IteratorType::reduction)
      row.outer.push_back(loop);
    else if (getConstantIntValue(row.extents[loop]) != 1)
      return op.emitError("expected one row in a tile");
  }
  row.inner = row.outer.pop_back_val();
  row.unroll = unroll;
  if (std::optional<int64_t> known = getConstantIntValue(row.extents[row.inner]);
      known && *known < lanes * unroll)
    row.unroll = std::max<int64_t>(1, *known / lanes);
  return row;
}

/// Reduces along the lanes (and over further loops outside of them) to one scalar.
LogicalResult TileEmitter::reduceRow(linalg::GenericOp op) {
  FailureOr<RowReduction> row = describeRow(op, lanes, schedule.getUnroll());
  if (failed(row))
    return failure();
  Point base;
  base.iv.assign(row->extents.size(), builder.getIndexAttr(0));
  Lanes init = evaluateOperand(op, *op.getDpsInitOperand(0), base);
  if (!init)
    return failure();
  Value seed = row->seed(builder, init.value);
  auto splat = [&](int64_t width) -> Value {
    return vector::BroadcastOp::create(builder, loc, VectorType::get(width, seed.getType()), seed);
  };
  // Carried: vectors of partial results, and one scalar for what does not fill a vector.
  SmallVector<Value> partial(row->unroll, splat(lanes));
  partial.push_back(seed);
  bool ok = true;
  auto chunk = [&](Point point, OpFoldResult start, int64_t width, Value carried) -> Value {
    point.iv[row->inner] = start;
    point.vectorLoop = row->inner;
    point.width = width;
    fusing = true;
    Lanes result = ok ? evaluateGeneric(op, point, {Lanes::Vector, carried}) : Lanes();
    fusing = false;
    ok &= static_cast<bool>(result);
    return ok ? asVector(result, width) : carried;
  };
  std::function<void(size_t, Point)> nest = [&](size_t depth, Point point) {
    if (depth == row->outer.size())
      return alongRow(row->extents[row->inner], row->unroll, partial,
                      [&](OpFoldResult start, int64_t width, int64_t number) {
                        if (width == lanes)
                          partial[number] = chunk(point, start, width, partial[number]);
                        else
                          partial.back() = row->combine(
                              builder, partial.back(),
                              row->horizontal(builder, chunk(point, start, width, splat(width))));
                      });
    unsigned at = row->outer[depth];
    auto loop = scf::ForOp::create(builder, loc, index(0), value(row->extents[at]), index(1), partial);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    llvm::copy(loop.getRegionIterArgs(), partial.begin());
    point.iv[at] = loop.getInductionVar();
    nest(depth + 1, point);
    scf::YieldOp::create(builder, loc, partial);
    llvm::copy(loop.getResults(), partial.begin());
  };
  nest(0, base);
  if (!ok)
    return failure();
  Value result = row->join(builder, partial);
  rowScalars[op->getResult(0)] = seed == init.value ? result : row->combine(builder, init.value, result);
  return success();
}

} // namespace tegula::codegen
