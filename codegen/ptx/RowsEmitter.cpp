// Writes kernels of rows: each thread reduces its part of the row, the parts are combined between threads,
// and each thread writes its part of the result.
#include "RowsEmitter.h"

#include "tegula/dialects/tile/Extents.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace tegula::codegen::ptx {

RowsEmitter::RowsEmitter(tile::KernelOp kernel, tile::Rows rows)
    : GridEmitter(kernel, kernel.getSched().getLanes()), rows(std::move(rows)), schedule(kernel.getSched()),
      together(schedule.getBlock().getTogether()) {}

/// Of a reduction there is only the row's.
std::optional<Lanes> RowsEmitter::lookUp(Value tensor, ArrayRef<Number>, int, int64_t) {
  auto found = done.find(tensor);
  return found == done.end() ? std::nullopt : std::optional(Lanes{Lanes::Uniform, found->second});
}

LogicalResult RowsEmitter::emitGroup(Value number) {
  SmallVector<Number> extents = tile::extentsOf(root);
  row = numbers.split(number, ArrayRef(extents).take_front(rows.outer));
  placeThread();
  return emitVersions();
}

/// Whether all lengths that only the run tells are short enough to be written out; null where none is such.
Value RowsEmitter::fitsRegisters() {
  Value fits;
  auto add = [&](Number count) {
    if (getConstantIntValue(count))
      return;
    Number most = numbers.number(together * schedule.getUnroll());
    for (auto [predicate, bound] : {std::pair(arith::CmpIPredicate::ule, most),
                                    std::pair(arith::CmpIPredicate::uge, numbers.number(1))}) {
      Value holds =
          arith::CmpIOp::create(builder, loc, predicate, numbers.value(count), numbers.value(bound));
      fits = fits ? arith::AndIOp::create(builder, loc, fits, holds).getResult() : holds;
    }
  };
  for (linalg::GenericOp op : rows.reductions) {
    SmallVector<Number> extents = tile::loopExtentsOf(op);
    Number count = numbers.number(1);
    for (auto [extent, kind] : llvm::zip_equal(extents, op.getIteratorTypesArray()))
      if (kind == utils::IteratorType::reduction && extent)
        count = numbers.times(count, extent);
    add(count);
  }
  if (rows.inResult)
    add(tile::extentOf(root, rows.outer));
  return fits;
}

/// The row, and where its length is unknown a version that keeps it in registers beside the one of loops.
LogicalResult RowsEmitter::emitVersions() {
  Value fits = fitsRegisters();
  if (!fits)
    return emitRow();
  Value before = dest;
  auto choice = scf::IfOp::create(builder, loc, TypeRange(dest.getType()), fits, /*withElseRegion=*/true);
  for (Region *version : {&choice.getThenRegion(), &choice.getElseRegion()}) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&version->front());
    isWrittenOut = version == &choice.getThenRegion();
    dest = before;
    done.clear();
    if (failed(emitRow()))
      return failure();
    scf::YieldOp::create(builder, loc, dest);
  }
  dest = choice.getResult(0);
  return success();
}

LogicalResult RowsEmitter::emitRow() {
  for (linalg::GenericOp op : rows.reductions)
    if (failed(reduce(op)))
      return failure();
  return writeRow();
}

/// The loop over rows in place of the body, whose result grows in an empty tensor.
FailureOr<GridEmitter::Groups> RowsEmitter::countGroups() {
  SmallVector<Number> extents = tile::extentsOf(root);
  AffineExpr cells = builder.getAffineConstantExpr(1);
  Number count = numbers.number(1);
  for (Number extent : ArrayRef(extents).take_front(rows.outer)) {
    AffineExpr expr = extent ? tile::exprOfSize(extent) : AffineExpr();
    if (!expr)
      return refuseSizes();
    cells = cells * expr;
    count = numbers.times(count, extent);
  }
  return Groups{count, cells};
}

void RowsEmitter::placeThread() {
  int64_t threads = schedule.getBlock().getThreads();
  thread = threadId(threads);
  if (together < threads)
    thread = numbers.value(numbers.modulo(thread, numbers.number(together)));
}

/// Elements that a thread takes at once of rows with `extent` elements: no row may end within them.
int64_t RowsEmitter::widthFor(Number extent) const {
  std::optional<int64_t> known = getConstantIntValue(extent);
  int64_t width = known ? lanes : 1;
  while (width > 1 && *known % width)
    width /= 2;
  return width;
}

void RowsEmitter::loopOver(Number from, Number to, int64_t step, SmallVectorImpl<Value> &carried,
                           function_ref<void(Value)> body) {
  auto loop = scf::ForOp::create(builder, loc, numbers.value(from), numbers.value(to), index(step), carried);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  llvm::copy(loop.getRegionIterArgs(), carried.begin());
  body(loop.getInductionVar());
  scf::YieldOp::create(builder, loc, carried);
  llvm::copy(loop.getResults(), carried.begin());
}

/// Visits this thread's chunks of a row of `count` elements, `together` chunks apart.
void RowsEmitter::alongRow(Number count, int64_t width, SmallVectorImpl<Value> &carried, Chunk chunk) {
  std::optional<int64_t> known = getConstantIntValue(count);
  if (!known)
    return alongOpenRow(count, width, carried, chunk);
  int64_t step = together * width, unroll = schedule.getUnroll(), whole = *known / step, looped = 0;
  Number first = numbers.times(thread, numbers.number(width));
  auto startOf = [&](int64_t number) { return numbers.plus(first, numbers.number(number * step)); };
  if (llvm::divideCeil(*known, step) > static_cast<uint64_t>(unroll)) {
    looped = whole / unroll * unroll;
    loopOver(numbers.number(0), numbers.number(looped * step), unroll * step, carried, [&](Value base) {
      for (int64_t number = 0; number < unroll; ++number)
        chunk(numbers.plus(base, startOf(number)), Value(), number);
    });
  }
  for (int64_t number = looped; number < whole; ++number)
    chunk(startOf(number), Value(), number % unroll);
  if (*known == whole * step)
    return;
  Number start = startOf(whole);
  Value inside = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, numbers.value(start),
                                       numbers.value(count));
  chunk(numbers.least(start, numbers.minus(count, width)), inside, whole % unroll);
}

/// The same for a row whose length only the run tells, perhaps none at all.
void RowsEmitter::alongOpenRow(Number count, int64_t width, SmallVectorImpl<Value> &carried, Chunk chunk) {
  int64_t step = together * width, unroll = schedule.getUnroll();
  Number first = numbers.times(thread, numbers.number(width));
  auto atEnd = [&](Number start, int64_t number) {
    Value inside = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, numbers.value(start),
                                         numbers.value(count));
    chunk(numbers.least(start, numbers.minus(count, width)), inside, number);
  };
  if (isWrittenOut) {
    for (int64_t number = 0; number < unroll; ++number)
      atEnd(numbers.plus(first, numbers.number(number * step)), number);
    return;
  }
  auto roundDown = [&](int64_t to) {
    return numbers.times(numbers.over(count, numbers.number(to)), numbers.number(to));
  };
  Number unrolled = roundDown(step * unroll), whole = roundDown(step);
  loopOver(numbers.number(0), unrolled, step * unroll, carried, [&](Value base) {
    Number start = numbers.plus(base, first);
    for (int64_t number = 0; number < unroll; ++number)
      chunk(numbers.plus(start, numbers.number(number * step)), Value(), number);
  });
  if (unroll > 1)
    loopOver(unrolled, whole, step, carried,
             [&](Value base) { chunk(numbers.plus(base, first), Value(), 0); });
  loopOver(whole, count, step, carried, [&](Value base) { atEnd(numbers.plus(base, first), 0); });
}

LogicalResult RowsEmitter::reduce(linalg::GenericOp op) {
  FailureOr<RowReduction> reduction = describeRow(op);
  if (failed(reduction))
    return failure();
  Point base;
  base.iv.assign(reduction->extents.size(), numbers.number(0));
  for (auto [dim, expr] : llvm::enumerate(op.getMatchingIndexingMap(op.getDpsInitOperand(0)).getResults()))
    if (dim < row.size())
      base.iv[cast<AffineDimExpr>(expr).getPosition()] = row[dim];
  Lanes init = evaluateOperand(op, *op.getDpsInitOperand(0), base);
  if (!init)
    return failure();
  SmallVector<Number> extents =
      llvm::map_to_vector(reduction->loops, [&](unsigned loop) { return reduction->extents[loop]; });
  Number count = numbers.number(1);
  for (Number extent : extents)
    count = numbers.times(count, extent);
  int64_t width = widthFor(extents.back());
  auto kind = width > 1 ? Lanes::Vector : Lanes::Uniform;
  Value seed = reduction->seed(builder, init.value);
  SmallVector<Value> partial(schedule.getUnroll(),
                             width > 1 ? asVector({Lanes::Uniform, seed}, width) : seed);
  std::optional<int64_t> known = getConstantIntValue(count);
  if (known) // no more of them than there are chunks
    partial.truncate(std::clamp<int64_t>(llvm::divideCeil(*known, together * width), 1, partial.size()));
  bool ok = true;
  alongRow(count, width, partial, [&](Number start, Value inside, int64_t number) {
    Point point = base;
    for (auto [loop, at] : llvm::zip_equal(reduction->loops, numbers.split(start, extents)))
      point.iv[loop] = at;
    point.vectorLoop = width > 1 ? static_cast<int>(reduction->loops.back()) : -1;
    point.width = width;
    fusing = true;
    Lanes next = ok ? evaluateGeneric(op, point, {kind, partial[number]}) : Lanes();
    fusing = false;
    if (!(ok &= static_cast<bool>(next)))
      return;
    Value result = width > 1 ? asVector(next, width) : next.value;
    partial[number] =
        inside ? arith::SelectOp::create(builder, loc, inside, result, partial[number]) : result;
  });
  if (!ok)
    return failure();
  Value whole = reduction->join(builder, partial);
  whole = shareAmongThreads(*reduction, width > 1 ? reduction->horizontal(builder, whole) : whole);
  done[op->getResult(0)] = seed == init.value ? whole : reduction->combine(builder, init.value, whole);
  return success();
}

/// Computes this thread's part of the result: of the row, or the one value that all threads have.
LogicalResult RowsEmitter::writeRow() {
  auto type = cast<RankedTensorType>(root.getType());
  SmallVector<Number> at(row);
  auto positions = [&] { return llvm::map_to_vector(at, [&](Number each) { return numbers.value(each); }); };
  auto writeOne = [&]() -> LogicalResult {
    Lanes result = evaluateTensor(root, at, -1, 1);
    if (result)
      dest = tensor::InsertOp::create(builder, loc, result.value, dest, positions());
    return success(static_cast<bool>(result));
  };
  if (!rows.inResult)
    return writeOne();
  int64_t dim = type.getRank() - 1;
  Number columns = tile::extentOf(root, dim);
  int64_t width = widthFor(columns);
  bool ok = true;
  SmallVector<Value> carried{dest};
  at.push_back({});
  alongRow(columns, width, carried, [&](Number start, Value, int64_t) {
    at.back() = start;
    dest = carried.front();
    if (width == 1) {
      ok = ok && succeeded(writeOne());
    } else if (Lanes result = ok ? evaluateTensor(root, at, static_cast<int>(dim), width) : Lanes()) {
      dest = vector::TransferWriteOp::create(builder, loc, asVector(result, width), dest, positions(),
                                             ArrayRef<bool>{true})
                 .getResult();
    } else {
      ok = false;
    }
    carried.front() = dest;
  });
  dest = carried.front();
  return success(ok);
}

} // namespace tegula::codegen::ptx
