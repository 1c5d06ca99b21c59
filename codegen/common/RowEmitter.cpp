// Emits tiles that are one row with reductions along the lanes (softmax, normalisation, sums of rows): each
// reduction is a loop with vector accumulators, expensive intermediate rows are kept in the destination,
// cheap ones are computed again.
#include "TileEmitter.h"

#include "tegula/codegen/common/RowReduction.h"
#include "tegula/dialects/tile/Extents.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace tegula::codegen {

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

/// Reads a reduction of one row; fails, with a diagnostic, where a tile has several.
static FailureOr<RowReduction> describeOneRow(linalg::GenericOp op) {
  FailureOr<RowReduction> row = describeRow(op);
  if (failed(row))
    return failure();
  for (auto [loop, extent] : llvm::enumerate(row->extents))
    if (!llvm::is_contained(row->loops, loop) && getConstantIntValue(extent) != 1)
      return op.emitError("expected one row in a tile");
  return row;
}

/// How many vectors of partial results a row of `columns` is worth.
static int64_t partialVectors(OpFoldResult columns, int64_t lanes, int64_t unroll) {
  std::optional<int64_t> known = getConstantIntValue(columns);
  return known && *known < lanes * unroll ? std::max<int64_t>(1, *known / lanes) : unroll;
}

/// Reduces along the lanes (and over further loops outside of them) to one scalar.
LogicalResult TileEmitter::reduceRow(linalg::GenericOp op) {
  FailureOr<RowReduction> row = describeOneRow(op);
  if (failed(row))
    return failure();
  unsigned inner = row->loops.back();
  ArrayRef<unsigned> outer = ArrayRef(row->loops).drop_back();
  int64_t unroll = partialVectors(row->extents[inner], lanes, schedule.getUnroll());
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
  SmallVector<Value> partial(unroll, splat(lanes));
  partial.push_back(seed);
  bool ok = true;
  auto chunk = [&](Point point, OpFoldResult start, int64_t width, Value carried) -> Value {
    point.iv[inner] = start;
    point.vectorLoop = inner;
    point.width = width;
    fusing = true;
    Lanes result = ok ? evaluateGeneric(op, point, {Lanes::Vector, carried}) : Lanes();
    fusing = false;
    ok &= static_cast<bool>(result);
    return ok ? asVector(result, width) : carried;
  };
  std::function<void(size_t, Point)> nest = [&](size_t depth, Point point) {
    if (depth == outer.size())
      return alongRow(
          row->extents[inner], unroll, partial, [&](OpFoldResult start, int64_t width, int64_t number) {
            if (width == lanes)
              partial[number] = chunk(point, start, width, partial[number]);
            else
              partial.back() =
                  row->combine(builder, partial.back(),
                               row->horizontal(builder, chunk(point, start, width, splat(width))));
          });
    unsigned at = outer[depth];
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
  Value rest = partial.pop_back_val();
  Value result = row->combine(builder, row->horizontal(builder, row->join(builder, partial)), rest);
  rowScalars[op->getResult(0)] = seed == init.value ? result : row->combine(builder, init.value, result);
  return success();
}

} // namespace tegula::codegen
