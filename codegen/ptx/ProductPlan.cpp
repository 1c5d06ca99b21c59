// Plans the work of groups of threads on a product: which tile a group has, and who copies what to which
// place of shared memory.
#include "ProductEmitter.h"

#include "tegula/dialects/tile/Extents.h"
#include "tegula/target/Groups.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace tegula::codegen::ptx {

/// Number of the address space that the threads of a group share.
static constexpr unsigned sharedSpace = 3;
/// Bytes of the widest copy of a thread.
static constexpr int64_t widestCopy = 16;

SmallVector<OpFoldResult> ProductEmitter::extentsOf(ArrayRef<unsigned> loops) {
  return llvm::map_to_vector(loops, [&](unsigned loop) { return extents[loop]; });
}

OpFoldResult ProductEmitter::total(ArrayRef<unsigned> loops) {
  Number count = numbers.number(1);
  for (Number extent : extentsOf(loops))
    count = numbers.times(count, extent);
  return count;
}

/// The loop over groups in place of the body, whose result grows in an empty tensor.
FailureOr<GridEmitter::Groups> ProductEmitter::countGroups() {
  extents = tile::loopExtentsOf(product.op);
  AffineExpr one = builder.getAffineConstantExpr(1);
  auto exprOf = [&](ArrayRef<unsigned> loops) -> AffineExpr {
    AffineExpr count = one;
    for (unsigned loop : loops) {
      AffineExpr extent = extents[loop] ? tile::exprOfSize(extents[loop]) : AffineExpr();
      count = count && extent ? count * extent : AffineExpr();
    }
    return count;
  };
  AffineExpr batchCount = exprOf(product.batch), rowCount = exprOf(product.rows),
             columnCount = exprOf(product.column);
  if (!batchCount || !rowCount || !columnCount || llvm::is_contained(extents, Number()))
    return refuseSizes();
  AffineExpr groups =
      batchCount * rowCount.ceilDiv(block.getRows()) * columnCount.ceilDiv(block.getColumns());
  rows = total(product.rows);
  columns = extents[product.column];
  depth = total(product.depth);
  Number count =
      numbers.times(total(product.batch), numbers.times(numbers.ceilOver(rows, block.getRows()),
                                                        numbers.ceilOver(columns, block.getColumns())));
  return Groups{count, groups};
}

/// Which tile this group has. Neighbouring groups share columns: what they read of the right operand, which
/// is mostly the larger one, is read together.
void ProductEmitter::locate(Value cell) {
  SmallVector<Number> at =
      numbers.split(cell, {total(product.batch), numbers.ceilOver(columns, block.getColumns()),
                           numbers.ceilOver(rows, block.getRows())});
  batchIndices = numbers.split(at[0], extentsOf(product.batch));
  firstColumn = numbers.times(at[1], numbers.number(block.getColumns()));
  firstRow = numbers.times(at[2], numbers.number(block.getRows()));
}

/// Operand `number` of the product as one row of elements, with a place in shared memory.
ProductEmitter::Operand ProductEmitter::describe(unsigned number, const Layout &layout) {
  Operand operand;
  operand.layout = layout;
  Value tensor = product.op.getDpsInputs()[number];
  auto type = cast<RankedTensorType>(tensor.getType());
  operand.element = type.getElementType();
  AffineMap map = product.op.getMatchingIndexingMap(product.op.getDpsInputOperand(number));
  SmallVector<Number> shape = tile::extentsOf(tensor);
  operand.first = numbers.number(0);
  operand.strides.assign(map.getNumDims(), numbers.number(0));
  Number step = numbers.number(1);
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
    // The expression is linear: its value at the origin, and what each loop adds.
    SmallVector<AffineExpr> at(map.getNumDims(), builder.getAffineConstantExpr(0));
    auto valueAt = [&] { return cast<AffineConstantExpr>(map.getResult(dim).replaceDims(at)).getValue(); };
    int64_t origin = valueAt();
    operand.first = numbers.plus(operand.first, numbers.times(step, numbers.number(origin)));
    for (unsigned loop = 0; loop < map.getNumDims(); ++loop) {
      at[loop] = builder.getAffineConstantExpr(1);
      operand.strides[loop] =
          numbers.plus(operand.strides[loop], numbers.times(step, numbers.number(valueAt() - origin)));
      at[loop] = builder.getAffineConstantExpr(0);
    }
    step = numbers.times(step, shape[dim]);
  }
  auto buffer = bufferization::ToBufferOp::create(
      builder, loc, MemRefType::get(type.getShape(), type.getElementType()), tensor, /*read_only=*/true);
  auto flat =
      MemRefType::get(getConstantIntValue(step).value_or(ShapedType::kDynamic), type.getElementType());
  operand.memory =
      memref::ReinterpretCastOp::create(builder, loc, flat, buffer, numbers.number(0), ArrayRef<Number>{step},
                                        ArrayRef<Number>{numbers.number(1)});
  return operand;
}

int64_t ProductEmitter::bytesOf(const Operand &operand) const {
  return operand.layout.elements() * block.getStages() * operand.bytes();
}

int64_t ProductEmitter::bytesToAskFor() const {
  int64_t bytes = sharedBytes();
  return bytes > target::declaredSharedBytes ? bytes : 0;
}

/// The place of an operand's stages in shared memory: declared, or in what the launch asks for, `before`
/// bytes from where that starts. All names of such memory mean its start.
Value ProductEmitter::reserve(const Operand &operand, StringRef name, int64_t before) {
  bool isAskedFor = bytesToAskFor();
  int64_t elements = operand.layout.elements() * block.getStages();
  auto space = builder.getI64IntegerAttr(sharedSpace);
  auto type = MemRefType::get(isAskedFor ? 0 : elements, operand.element, AffineMap(), space);
  std::string symbol = (kernel.getSymName() + "_" + name).str();
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(kernel);
    memref::GlobalOp::create(builder, loc, symbol, builder.getStringAttr(isAskedFor ? "public" : "private"),
                             type, isAskedFor ? Attribute() : builder.getUnitAttr(), /*constant=*/false,
                             builder.getI64IntegerAttr(16));
  }
  Value memory = memref::GetGlobalOp::create(builder, loc, type, symbol);
  if (!isAskedFor)
    return memory;
  int64_t offset = before / operand.bytes();
  auto layout = StridedLayoutAttr::get(builder.getContext(), offset, 1);
  return memref::ReinterpretCastOp::create(builder, loc,
                                           MemRefType::get(elements, operand.element, layout, space), memory,
                                           offset, elements, ArrayRef<int64_t>{1});
}

std::pair<OpFoldResult, OpFoldResult> ProductEmitter::shareOf(int64_t number, int64_t outer, int64_t inner) {
  int64_t threads = block.getThreads();
  auto n = [&](int64_t value) { return numbers.number(value); };
  // More threads than copies: some copy the same.
  Number mine = outer * inner < threads ? numbers.modulo(thread, n(outer * inner)) : Number(thread);
  if (inner >= threads)
    return {n(number / (inner / threads)), numbers.plus(mine, n(number % (inner / threads) * threads))};
  return {numbers.plus(numbers.over(mine, n(inner)), n(number * (threads / inner))),
          numbers.modulo(mine, n(inner))};
}

/// `row` of the whole product, or the last one where there are fewer.
OpFoldResult ProductEmitter::nearestRow(Number row) {
  std::optional<int64_t> known = getConstantIntValue(rows);
  return known && *known % block.getRows() == 0 ? row : numbers.least(row, numbers.minus(rows, 1));
}

/// The start of `run` columns at `column`, a multiple of `run`; or where those lie that stand for them:
/// beyond the end the last `columnRun` are repeated.
OpFoldResult ProductEmitter::nearestColumn(Number column, int64_t run) {
  std::optional<int64_t> known = getConstantIntValue(columns);
  if (known && *known % block.getColumns() == 0)
    return column;
  Number last = numbers.minus(columns, columnRun), length = numbers.number(columnRun);
  if (run == columnRun)
    return numbers.least(column, last);
  Number start = numbers.times(numbers.over(column, length), length);
  return numbers.plus(numbers.least(start, last), numbers.modulo(column, length));
}

OpFoldResult ProductEmitter::offsetOf(const Operand &operand, ArrayRef<unsigned> loops, ArrayRef<Number> at) {
  Number offset = numbers.number(0);
  for (auto [loop, position] : llvm::zip_equal(loops, at))
    offset = numbers.plus(offset, numbers.times(position, operand.strides[loop]));
  return offset;
}

/// Where step `at` of the sum lies. Loops that pass over memory as one loop would are one.
OpFoldResult ProductEmitter::depthOffset(const Operand &operand, Number at) {
  SmallVector<Number> sizes, strides;
  for (unsigned loop : product.depth) {
    if (Numbers::is(extents[loop], 1))
      continue;
    std::optional<int64_t> inner = getConstantIntValue(operand.strides[loop]),
                           size = getConstantIntValue(extents[loop]),
                           outer = strides.empty() ? std::nullopt : getConstantIntValue(strides.back());
    if (inner && size && outer && *outer == *inner * *size) {
      sizes.back() = numbers.times(sizes.back(), extents[loop]);
      strides.back() = operand.strides[loop];
      continue;
    }
    sizes.push_back(extents[loop]);
    strides.push_back(operand.strides[loop]);
  }
  Number offset = numbers.number(0);
  for (auto [position, stride] : llvm::zip_equal(numbers.split(at, sizes), strides))
    offset = numbers.plus(offset, numbers.times(position, stride));
  return offset;
}

OpFoldResult ProductEmitter::swapOf(const Layout &layout, Number line) {
  Number lines = numbers.over(line, numbers.number(layout.over));
  return numbers.modulo(lines, numbers.number(layout.modulo));
}

OpFoldResult ProductEmitter::placeOf(const Layout &layout, Number line, Number within) {
  Number start = numbers.times(line, numbers.number(layout.pitch));
  if (!layout.chunk)
    return numbers.plus(start, within);
  Number length = numbers.number(layout.chunk),
         chunk = numbers.exclusiveOr(numbers.over(within, length), swapOf(layout, line));
  return numbers.plus(numbers.plus(start, numbers.times(chunk, length)), numbers.modulo(within, length));
}

void ProductEmitter::planLeft() {
  left = describe(product.left, left.layout);
  left.shared = reserve(left, "left", 0);
  left.run = tile::runLength(product, product.left, product.depth.back(), widestCopy / left.bytes());
  // Neighbouring threads read neighbouring elements: along the depth, or along the rows.
  bool isTransposed = left.run == 1 && !product.rows.empty() &&
                      Numbers::is(left.strides[product.rows.back()], 1) &&
                      !Numbers::is(left.strides[product.depth.back()], 1);
  int64_t runs = block.getDepth() / left.run;
  int64_t count = std::max<int64_t>(1, block.getRows() * runs / block.getThreads());
  for (int64_t number = 0; number < count; ++number) {
    auto [outer, inner] =
        isTransposed ? shareOf(number, runs, block.getRows()) : shareOf(number, block.getRows(), runs);
    Number row = isTransposed ? inner : outer,
           step = numbers.times(isTransposed ? outer : inner, numbers.number(left.run));
    Number here = nearestRow(numbers.plus(firstRow, row));
    Number from = numbers.plus(left.first, offsetOf(left, product.batch, batchIndices));
    from = numbers.plus(from, offsetOf(left, product.rows, numbers.split(here, extentsOf(product.rows))));
    left.copies.push_back({from, step, placeOf(left.layout, row, step)});
  }
}

void ProductEmitter::planRight() {
  right = describe(product.right, right.layout);
  right.shared = reserve(right, "right", bytesOf(left));
  right.run = tile::runLength(product, product.right, product.column, widestCopy / right.bytes());
  columnRun = widestCopy / right.bytes();
  while (getConstantIntValue(columns).value_or(1) % columnRun)
    columnRun /= 2;
  int64_t runs = block.getColumns() / right.run;
  int64_t count = std::max<int64_t>(1, block.getDepth() * runs / block.getThreads());
  for (int64_t number = 0; number < count; ++number) {
    auto [step, inner] = shareOf(number, block.getDepth(), runs);
    Number column = numbers.times(inner, numbers.number(right.run));
    Number here = nearestColumn(numbers.plus(firstColumn, column), right.run);
    Number from = numbers.plus(right.first, offsetOf(right, product.batch, batchIndices));
    from = numbers.plus(from, numbers.times(here, right.strides[product.column]));
    right.copies.push_back({from, step, placeOf(right.layout, step, column)});
  }
}

} // namespace tegula::codegen::ptx
