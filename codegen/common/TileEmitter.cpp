// Emits tiles whose reductions run over loops: accumulators live in vector registers, their epilogue is
// computed on them. Scheme: register blocking as in Goto and van de Geijn, "Anatomy of High-Performance
// Matrix Multiplication", ACM TOMS 34(3), 2008.
#include "TileEmitter.h"

#include "tegula/dialects/tile/Extents.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace tegula::codegen {

SmallVector<std::pair<int64_t, int64_t>> chunks(int64_t extent, int64_t lanes) {
  SmallVector<std::pair<int64_t, int64_t>> result;
  for (int64_t start = 0; start < extent; start += lanes)
    result.push_back({start, std::min(lanes, extent - start)});
  return result;
}

TileEmitter::TileEmitter(tensor::InsertSliceOp insert, sched::ScheduleAttr schedule)
    : insert(insert), schedule(schedule), builder(insert), loc(insert.getLoc()), lanes(schedule.getLanes()),
      dest(insert.getDest()) {
  for (Operation &op : *insert->getBlock())
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
      group.push_back(linalgOp);
}

LogicalResult TileEmitter::emit() {
  LogicalResult done = schedule.getAlgorithm() == sched::Algorithm::Rows ? emitRows() : emitRegisters();
  if (failed(done))
    return failure();
  insert.replaceAllUsesWith(dest);
  insert.erase();
  return success();
}

void TileEmitter::write(Lanes what, ArrayRef<OpFoldResult> idx, int64_t width) {
  SmallVector<Value> at;
  for (auto [offset, i] : llvm::zip_equal(insert.getMixedOffsets(), idx))
    at.push_back(value(add(offset, i)));
  if (at.empty()) {
    Value scalar = what.kind == Lanes::Vector
                       ? vector::ExtractOp::create(builder, loc, what.value, ArrayRef<int64_t>{0})
                       : what.value;
    dest = tensor::InsertOp::create(builder, loc, scalar, dest, at);
    return;
  }
  dest = vector::TransferWriteOp::create(builder, loc, asVector(what, width), dest, at, ArrayRef<bool>{true})
             .getResult();
}

/// Calls `visit` with every index of `shape`, last dimension fastest.
static void forEachIndex(ArrayRef<int64_t> shape, function_ref<void(ArrayRef<int64_t>)> visit) {
  SmallVector<int64_t> idx(shape.size(), 0);
  if (llvm::is_contained(shape, 0))
    return;
  while (true) {
    visit(idx);
    int dim = static_cast<int>(shape.size()) - 1;
    for (; dim >= 0 && ++idx[dim] == shape[dim]; --dim)
      idx[dim] = 0;
    if (dim < 0)
      return;
  }
}

LogicalResult TileEmitter::emitRegisters() {
  for (linalg::LinalgOp op : group)
    if (auto generic = dyn_cast<linalg::GenericOp>(op.getOperation());
        generic && generic.getNumReductionLoops())
      if (failed(reduceIntoRegisters(generic)))
        return failure();
  auto type = cast<RankedTensorType>(insert.getSource().getType());
  ArrayRef<int64_t> shape = type.getShape();
  LogicalResult result = success();
  forEachIndex(shape.empty() ? shape : shape.drop_back(), [&](ArrayRef<int64_t> outer) {
    for (auto [start, width] : chunks(shape.empty() ? 1 : shape.back(), lanes)) {
      SmallVector<OpFoldResult> idx = getAsIndexOpFoldResult(builder.getContext(), outer);
      if (!shape.empty())
        idx.push_back(builder.getIndexAttr(start));
      Lanes what = evaluateTensor(insert.getSource(), idx, static_cast<int>(shape.size()) - 1, width);
      if (!what) {
        result = failure();
        return;
      }
      write(what, idx, width);
    }
  });
  return result;
}

LogicalResult TileEmitter::reduceIntoRegisters(linalg::GenericOp op) {
  SmallVector<OpFoldResult> ranges = tile::loopExtentsOf(op);
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (llvm::is_contained(ranges, OpFoldResult()) || !type.hasStaticShape() || !out.isProjectedPermutation())
    return op.emitError("expected loops of known size and a static output indexed by loops in a tile");
  SmallVector<unsigned> outputLoops, reductions;
  for (AffineExpr expr : out.getResults())
    outputLoops.push_back(cast<AffineDimExpr>(expr).getPosition());
  for (auto [loop, kind] : llvm::enumerate(op.getIteratorTypesArray()))
    if (kind == utils::IteratorType::reduction)
      reductions.push_back(loop);

  // The points of the tile, and an accumulator for each, from the output's initial value.
  RegisterTile tile;
  tile.shape.assign(type.getShape().begin(), type.getShape().end());
  struct Accumulated {
    Point point;
    std::vector<int64_t> key;
  };
  SmallVector<Accumulated> points;
  SmallVector<Value> accumulators;
  ArrayRef<int64_t> outer = ArrayRef(tile.shape).drop_back(tile.shape.empty() ? 0 : 1);
  bool ok = true;
  forEachIndex(outer, [&](ArrayRef<int64_t> at) {
    for (auto [start, width] : chunks(tile.shape.empty() ? 1 : tile.shape.back(), lanes)) {
      Accumulated each;
      each.key.assign(at.begin(), at.end());
      each.point.iv.assign(ranges.size(), builder.getIndexAttr(0));
      each.point.width = width;
      for (auto [loop, i] : llvm::zip(outputLoops, at))
        each.point.iv[loop] = builder.getIndexAttr(i);
      if (!tile.shape.empty()) {
        each.key.push_back(start);
        each.point.iv[outputLoops.back()] = builder.getIndexAttr(start);
        each.point.vectorLoop = outputLoops.back();
      }
      Lanes init = evaluateOperand(op, *op.getDpsInitOperand(0), each.point);
      ok &= static_cast<bool>(init);
      if (!ok)
        return;
      accumulators.push_back(asVector(init, width));
      points.push_back(std::move(each));
    }
  });
  if (!ok)
    return failure();

  // How many steps of each reduction loop stand in one iteration, from the innermost outwards.
  SmallVector<int64_t> unroll(reductions.size(), 1);
  int64_t budget = schedule.getUnroll();
  for (int i = static_cast<int>(reductions.size()) - 1; i >= 0 && budget > 1; --i) {
    std::optional<int64_t> trip = getConstantIntValue(ranges[reductions[i]]);
    unroll[i] = std::min(budget, trip.value_or(budget));
    budget = unroll[i] == trip ? budget / std::max<int64_t>(unroll[i], 1) : 1;
  }

  fusing = true;
  auto step = [&](ArrayRef<OpFoldResult> at, SmallVector<Value> &acc) {
    std::map<std::vector<const void *>, Lanes> cache;
    stepCache = &cache;
    for (auto [number, each] : llvm::enumerate(points)) {
      Point point = each.point;
      for (auto [loop, iv] : llvm::zip(reductions, at))
        point.iv[loop] = iv;
      Lanes result = evaluateGeneric(op, point, {Lanes::Vector, acc[number]});
      if (!result) {
        ok = false;
        break;
      }
      acc[number] = asVector(result, point.width);
    }
    stepCache = nullptr;
  };
  std::function<void(size_t, SmallVector<OpFoldResult>, SmallVector<Value> &)> nest =
      [&](size_t depth, SmallVector<OpFoldResult> at, SmallVector<Value> &acc) {
        if (depth == reductions.size())
          return step(at, acc);
        OpFoldResult trip = ranges[reductions[depth]];
        int64_t width = unroll[depth];
        auto steps = [&](OpFoldResult from, int64_t count, SmallVector<Value> &values) {
          for (int64_t i = 0; i < count && ok; ++i) {
            SmallVector<OpFoldResult> next(at);
            next.push_back(add(from, builder.getIndexAttr(i)));
            nest(depth + 1, next, values);
          }
        };
        auto loopOver = [&](OpFoldResult from, OpFoldResult to, int64_t stride) {
          auto loop = scf::ForOp::create(builder, loc, value(from), value(to), index(stride), acc);
          OpBuilder::InsertionGuard guard(builder);
          builder.setInsertionPointToStart(loop.getBody());
          SmallVector<Value> carried(loop.getRegionIterArgs());
          steps(loop.getInductionVar(), stride, carried);
          scf::YieldOp::create(builder, loc, carried);
          acc.assign(loop.getResults().begin(), loop.getResults().end());
        };
        std::optional<int64_t> known = getConstantIntValue(trip);
        AffineExpr d0 = builder.getAffineDimExpr(0);
        OpFoldResult whole = apply(d0.floorDiv(width) * width, {trip});
        if (!known) {
          loopOver(builder.getIndexAttr(0), whole, width);
          if (width > 1)
            loopOver(whole, trip, 1);
          return;
        }
        int64_t done = 0;
        if (*getConstantIntValue(whole) > width) {
          loopOver(builder.getIndexAttr(0), whole, width);
          done = *getConstantIntValue(whole);
        }
        steps(builder.getIndexAttr(done), *known - done, acc);
      };
  nest(0, {}, accumulators);
  fusing = false;
  if (!ok)
    return failure();
  for (auto [each, vec] : llvm::zip_equal(points, accumulators))
    tile.vectors[each.key] = vec;
  registers[op->getResult(0)] = std::move(tile);
  return success();
}

} // namespace tegula::codegen
