// Emits tiles that are one row with reductions along the lanes (softmax, normalisation, sums of rows): each
// reduction is a loop with vector accumulators, expensive intermediate rows are kept in the destination,
// cheap ones are computed again.
#include "TileEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
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
  for (linalg::LinalgOp op : group) {
    auto generic = dyn_cast<linalg::GenericOp>(op.getOperation());
    if (!generic)
      continue;
    Value result = generic->getResult(0);
    if (generic.getNumReductionLoops()) {
      if (failed(reduceRow(generic)))
        return failure();
    } else if (result != root && result.getType() == type && type.getRank() && type.getShape().back() > 1 &&
               worthKeeping(generic)) {
      if (failed(writeRow(result, type.getShape().back())))
        return failure();
      materialized.insert(result);
    }
  }
  return writeRow(root, type.getRank() ? type.getShape().back() : 1);
}

/// Writes `tensor`, one row of `columns`, into the destination.
LogicalResult TileEmitter::writeRow(Value tensor, int64_t columns) {
  int64_t rank = cast<RankedTensorType>(tensor.getType()).getRank();
  SmallVector<OpFoldResult> idx(rank, builder.getIndexAttr(0));
  auto chunk = [&](OpFoldResult start, int64_t width) {
    if (rank)
      idx.back() = start;
    Lanes what = evaluateTensor(tensor, idx, rank && width > 1 ? rank - 1 : -1, width);
    if (!what)
      return false;
    write(what, idx, width);
    return true;
  };
  int64_t step = lanes * schedule.getUnroll(), whole = columns - columns % step;
  if (whole > 0) {
    auto loop = scf::ForOp::create(builder, loc, index(0), index(whole), index(step), dest);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    dest = loop.getRegionIterArg(0);
    for (int64_t i = 0; i < step; i += lanes)
      if (!chunk(add(loop.getInductionVar(), builder.getIndexAttr(i)), lanes))
        return failure();
    scf::YieldOp::create(builder, loc, dest);
    dest = loop.getResult(0);
  }
  for (auto [start, width] : chunks(columns - whole, lanes))
    if (!chunk(builder.getIndexAttr(whole + start), width))
      return failure();
  return success();
}

/// Reduces along the lanes (and over further loops outside of them) to one scalar.
LogicalResult TileEmitter::reduceRow(linalg::GenericOp op) {
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  Operation *combiner = combinerOf(op);
  std::optional<vector::CombiningKind> kind = combiner ? kindOf(combiner) : std::nullopt;
  if (!kind)
    return op.emitError("expected a reduction by one known operation");
  SmallVector<unsigned> outer;
  std::optional<unsigned> inner;
  for (auto [loop, iterator] : llvm::enumerate(op.getIteratorTypesArray())) {
    if (iterator == utils::IteratorType::parallel) {
      if (ranges[loop] != 1)
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
  int64_t columns = ranges[*inner], unroll = schedule.getUnroll(), step = lanes * unroll;
  if (columns < step)
    unroll = std::max<int64_t>(1, columns / lanes), step = lanes * unroll;
  int64_t whole = columns - columns % step;

  // Carried: `unroll` vectors, and one scalar for what does not fill a vector.
  Value neutral = vector::BroadcastOp::create(builder, loc, vectorType, init.value);
  SmallVector<Value> acc(unroll, neutral);
  acc.push_back(init.value);
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
  auto row = [&](SmallVector<OpFoldResult> iv) {
    if (whole > step || (whole > 0 && unroll == 1)) {
      auto loop = scf::ForOp::create(builder, loc, index(0), index(whole), index(step),
                                     ArrayRef(acc).take_front(unroll));
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(loop.getBody());
      SmallVector<Value> carried(loop.getRegionIterArgs());
      for (int64_t u = 0; u < unroll && ok; ++u)
        carried[u] =
            chunk(iv, add(loop.getInductionVar(), builder.getIndexAttr(u * lanes)), lanes, carried[u]);
      scf::YieldOp::create(builder, loc, carried);
      llvm::copy(loop.getResults(), acc.begin());
    } else {
      for (int64_t u = 0; u < unroll && whole && ok; ++u)
        acc[u] = chunk(iv, builder.getIndexAttr(u * lanes), lanes, acc[u]);
    }
    for (auto [number, part] : llvm::enumerate(chunks(columns - whole, lanes))) {
      auto [start, width] = part;
      OpFoldResult at = builder.getIndexAttr(whole + start);
      if (width == lanes) {
        acc[number % unroll] = chunk(iv, at, width, acc[number % unroll]);
        continue;
      }
      Value partial = vector::BroadcastOp::create(builder, loc, VectorType::get(width, element), init.value);
      acc.back() = combine(acc.back(), horizontal(chunk(iv, at, width, partial)));
    }
  };
  std::function<void(size_t, SmallVector<OpFoldResult>)> nest = [&](size_t depth,
                                                                    SmallVector<OpFoldResult> iv) {
    if (depth == outer.size())
      return row(iv);
    auto loop = scf::ForOp::create(builder, loc, index(0), index(ranges[outer[depth]]), index(1), acc);
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
  rowScalars[op->getResult(0)] = combine(horizontal(acc.front()), acc.back());
  return success();
}

} // namespace tegula::codegen
