// Writes what a thread multiplies on its own: of either operand it reads four elements at once, and uses each
// for a row or column of its sums.
#include "FmaEmitter.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace tegula::codegen::ptx {

/// Floats between the rows of the left operand in shared memory: neighbouring rows then start in other banks.
static constexpr int64_t rowPadding = 4;
/// Floats that shared memory finds at once, one in each bank; four of each of eight threads.
static constexpr int64_t floatsAtOnce = 32;

/// Rows are padded only where those that neighbouring threads read together, two or more, would meet in a
/// bank. Else padding does harm: copies that end one row and begin the next would meet.
FmaEmitter::Layout FmaEmitter::leftLayout() {
  int64_t together = std::max<int64_t>(2, floatsAtOnce / quad / warpColumns());
  bool meet = together * block.getDepth() > floatsAtOnce;
  return {block.getRows(), block.getDepth() + (meet ? rowPadding : 0)};
}
FmaEmitter::Layout FmaEmitter::rightLayout() { return {block.getDepth(), block.getColumns()}; }

/// A warp takes neighbouring parts of a few rows, so that its reads of either operand fall on few different
/// words.
void FmaEmitter::placeThread() {
  int64_t high = warpRows(), wide = warpColumns();
  auto n = [&](int64_t value) { return numbers.number(value); };
  SmallVector<Number> at = numbers.split(thread, {n(along() / high), n(across() / wide), n(high), n(wide)});
  threadRow = numbers.plus(numbers.times(at[0], n(high)), at[2]);
  threadColumn = numbers.plus(numbers.times(at[1], n(wide)), at[3]);
}

SmallVector<Value> FmaEmitter::startSums() {
  auto type = VectorType::get(quad, builder.getF32Type());
  Value zero = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  return SmallVector<Value>(block.getThreadRows() * block.getThreadColumns() / quad, zero);
}

/// Of the left operand a thread reads four steps of a row at once, of the right one four columns of a step.
void FmaEmitter::multiply(Number stage, SmallVectorImpl<Value> &sums) {
  int64_t pitch = left.layout.pitch, threadRows = block.getThreadRows(),
          runs = block.getThreadColumns() / quad;
  auto type = VectorType::get(quad, builder.getF32Type());
  auto read = [&](const Operand &operand, Number base, int64_t offset) -> Value {
    Number at = numbers.plus(base, numbers.number(offset));
    return vector::LoadOp::create(builder, loc, type, operand.shared, ValueRange{numbers.value(at)},
                                  /*nontemporal=*/false, llvm::MaybeAlign(16));
  };
  Number leftAt = numbers.plus(numbers.times(stage, numbers.number(left.layout.elements())),
                               numbers.times(threadRow, numbers.number(pitch)));
  Number rightAt = numbers.plus(numbers.times(stage, numbers.number(right.layout.elements())),
                                numbers.times(threadColumn, numbers.number(quad)));
  for (int64_t first = 0; first < block.getDepth(); first += quad) {
    SmallVector<Value> rows;
    for (int64_t row = 0; row < threadRows; ++row)
      rows.push_back(read(left, leftAt, row * rowsApart() * pitch + first));
    for (int64_t step = 0; step < quad; ++step) {
      SmallVector<Value> columns;
      for (int64_t run = 0; run < runs; ++run)
        columns.push_back(read(right, rightAt, (first + step) * block.getColumns() + run * columnsApart()));
      for (int64_t row = 0; row < threadRows; ++row) {
        Value element = vector::ExtractOp::create(builder, loc, rows[row], ArrayRef<int64_t>{step});
        Value factor = vector::BroadcastOp::create(builder, loc, type, element);
        for (int64_t run = 0; run < runs; ++run) {
          Value &sum = sums[row * runs + run];
          sum = vector::FMAOp::create(builder, loc, factor, columns[run], sum);
        }
      }
    }
  }
}

SmallVector<FmaEmitter::Part> FmaEmitter::partsOf(ArrayRef<Value> sums) {
  int64_t runs = block.getThreadColumns() / quad;
  SmallVector<Part> parts;
  for (auto [number, sum] : llvm::enumerate(sums)) {
    int64_t row = static_cast<int64_t>(number) / runs, run = static_cast<int64_t>(number) % runs;
    Number column =
        numbers.plus(numbers.times(threadColumn, numbers.number(quad)), numbers.number(run * columnsApart()));
    parts.push_back({numbers.plus(threadRow, numbers.number(row * rowsApart())), column, sum});
  }
  return parts;
}

} // namespace tegula::codegen::ptx
