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
    : LaneEvaluator(OpBuilder(insert), insert.getLoc(), schedule.getLanes()), insert(insert),
      schedule(schedule), dest(insert.getDest()) {
  for (Operation &op : *insert->getBlock())
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
      group.push_back(linalgOp);
}

/// Reads a register tile: whole vectors as they were made, single elements from the vector that holds them.
Lanes TileEmitter::evaluateRegisters(Value tensor, const RegisterTile &tile, ArrayRef<OpFoldResult> idx,
                                     int vectorDim, int64_t width) {
  std::vector<int64_t> key;
  for (OpFoldResult each : idx) {
    std::optional<int64_t> constant = getConstantIntValue(each);
    if (!constant)
      return fail(insert, "expected a constant position in a register tile");
    key.push_back(*constant);
  }
  if (vectorDim == static_cast<int>(idx.size()) - 1)
    if (auto hit = tile.vectors.find(key);
        hit != tile.vectors.end() && cast<VectorType>(hit->second.getType()).getNumElements() == width)
      return {Lanes::Vector, hit->second};
  if (vectorDim != -1)
    return evaluateLanewise(tensor, idx, vectorDim, width);
  int64_t column = key.empty() ? 0 : key.back(), start = column / lanes * lanes;
  if (!key.empty())
    key.back() = start;
  return {Lanes::Uniform,
          vector::ExtractOp::create(builder, loc, tile.vectors.at(key), ArrayRef<int64_t>{column - start})};
}

/// What the tile has of a tensor already: in scalars, in registers, or written to the destination.
std::optional<Lanes> TileEmitter::lookUp(Value tensor, ArrayRef<OpFoldResult> idx, int vectorDim,
                                         int64_t width) {
  if (auto it = rowScalars.find(tensor); it != rowScalars.end())
    return Lanes{Lanes::Uniform, it->second};
  if (materialized.contains(tensor)) {
    SmallVector<OpFoldResult> at;
    for (auto [offset, i] : llvm::zip_equal(insert.getMixedOffsets(), idx))
      at.push_back(add(offset, i));
    return evaluateTensor(dest, at, vectorDim, width);
  }
  if (auto it = registers.find(tensor); it != registers.end())
    return evaluateRegisters(tensor, it->second, idx, vectorDim, width);
  return std::nullopt;
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

/// Where the accumulators of a tile stand: one for each outer position and chunk of lanes, set to the
/// output's initial value.
LogicalResult TileEmitter::startAccumulators(Reduction &reduction, ArrayRef<unsigned> outputLoops) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(reduction.op->getResult(0).getType()).getShape();
  bool isScalar = shape.empty();
  LogicalResult result = success();
  forEachIndex(shape.drop_back(isScalar ? 0 : 1), [&](ArrayRef<int64_t> at) {
    for (auto [start, width] : chunks(isScalar ? 1 : shape.back(), lanes)) {
      Accumulator each;
      each.key.assign(at.begin(), at.end());
      each.point.iv.assign(reduction.extents.size(), builder.getIndexAttr(0));
      each.point.width = width;
      for (auto [loop, i] : llvm::zip(outputLoops, at))
        each.point.iv[loop] = builder.getIndexAttr(i);
      if (!isScalar) {
        each.key.push_back(start);
        each.point.iv[outputLoops.back()] = builder.getIndexAttr(start);
        each.point.vectorLoop = outputLoops.back();
      }
      Lanes init = evaluateOperand(reduction.op, *reduction.op.getDpsInitOperand(0), each.point);
      if (!init) {
        result = failure();
        return;
      }
      reduction.initial.push_back(asVector(init, width));
      reduction.accumulators.push_back(std::move(each));
    }
  });
  return result;
}

/// Decides how many steps of each reduction loop stand in one iteration, from the innermost outwards.
void TileEmitter::chooseUnroll(Reduction &reduction) {
  ArrayRef<unsigned> loops = reduction.loops;
  reduction.unroll.assign(loops.size(), 1);
  int64_t budget = schedule.getUnroll();
  for (int i = static_cast<int>(loops.size()) - 1; i >= 0 && budget > 1; --i) {
    std::optional<int64_t> trip = getConstantIntValue(reduction.extents[loops[i]]);
    int64_t &steps = reduction.unroll[i];
    steps = std::min(budget, trip.value_or(budget));
    budget = steps == trip ? budget / std::max<int64_t>(steps, 1) : 1;
  }
}

/// One step of all reduction loops, at `at`: every accumulator takes its next element.
LogicalResult TileEmitter::reduceStep(Reduction &reduction, ArrayRef<OpFoldResult> at,
                                      SmallVectorImpl<Value> &values) {
  std::map<std::vector<const void *>, Lanes> cache;
  stepCache = &cache;
  LogicalResult result = success();
  for (auto [number, each] : llvm::enumerate(reduction.accumulators)) {
    Point point = each.point;
    for (auto [loop, iv] : llvm::zip(reduction.loops, at))
      point.iv[loop] = iv;
    Lanes next = evaluateGeneric(reduction.op, point, {Lanes::Vector, values[number]});
    if (!next) {
      result = failure();
      break;
    }
    values[number] = asVector(next, point.width);
  }
  stepCache = nullptr;
  return result;
}

/// The reduction loops from number `depth` on; `values` go through them.
LogicalResult TileEmitter::reduceNest(Reduction &reduction, size_t depth, ArrayRef<OpFoldResult> at,
                                      SmallVectorImpl<Value> &values) {
  if (depth == reduction.loops.size())
    return reduceStep(reduction, at, values);
  OpFoldResult trip = reduction.extents[reduction.loops[depth]];
  int64_t width = reduction.unroll[depth];
  LogicalResult result = success();
  auto steps = [&](OpFoldResult from, int64_t count, SmallVectorImpl<Value> &carried) {
    for (int64_t i = 0; i < count && succeeded(result); ++i) {
      SmallVector<OpFoldResult> next(at);
      next.push_back(add(from, builder.getIndexAttr(i)));
      result = reduceNest(reduction, depth + 1, next, carried);
    }
  };
  auto loopOver = [&](OpFoldResult from, OpFoldResult to, int64_t stride) {
    auto loop = scf::ForOp::create(builder, loc, value(from), value(to), index(stride), values);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> carried(loop.getRegionIterArgs());
    steps(loop.getInductionVar(), stride, carried);
    scf::YieldOp::create(builder, loc, carried);
    values.assign(loop.getResults().begin(), loop.getResults().end());
  };
  OpFoldResult zero = builder.getIndexAttr(0);
  OpFoldResult whole = apply(builder.getAffineDimExpr(0).floorDiv(width) * width, {trip});
  std::optional<int64_t> known = getConstantIntValue(trip);
  if (!known) {
    loopOver(zero, whole, width);
    if (width > 1)
      loopOver(whole, trip, 1);
    return result;
  }
  int64_t done = *getConstantIntValue(whole) > width ? *getConstantIntValue(whole) : 0;
  if (done > 0)
    loopOver(zero, whole, width);
  steps(builder.getIndexAttr(done), *known - done, values);
  return result;
}

LogicalResult TileEmitter::reduceIntoRegisters(linalg::GenericOp op) {
  Reduction reduction{op, tile::loopExtentsOf(op), {}, {}, {}, {}};
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (llvm::is_contained(reduction.extents, OpFoldResult()) || !type.hasStaticShape() ||
      !out.isProjectedPermutation())
    return op.emitError("expected loops of known size and a static output indexed by loops in a tile");
  SmallVector<unsigned> outputLoops;
  for (AffineExpr expr : out.getResults())
    outputLoops.push_back(cast<AffineDimExpr>(expr).getPosition());
  for (auto [loop, kind] : llvm::enumerate(op.getIteratorTypesArray()))
    if (kind == utils::IteratorType::reduction)
      reduction.loops.push_back(loop);
  if (failed(startAccumulators(reduction, outputLoops)))
    return failure();
  chooseUnroll(reduction);
  SmallVector<Value> values(reduction.initial);
  fusing = true;
  LogicalResult result = reduceNest(reduction, 0, {}, values);
  fusing = false;
  if (failed(result))
    return failure();
  RegisterTile &tile = registers[op->getResult(0)];
  tile.shape.assign(type.getShape().begin(), type.getShape().end());
  for (auto [each, vec] : llvm::zip_equal(reduction.accumulators, values))
    tile.vectors[each.key] = vec;
  return success();
}

} // namespace tegula::codegen
