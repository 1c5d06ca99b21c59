// Writes the main loop of a product: stages of both operands travel to shared memory while threads multiply
// what has arrived.
#include "ProductEmitter.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace tegula::codegen::ptx {

/// Floats that a thread reads from shared memory at once.
static constexpr int64_t quad = 4;

ProductEmitter::ProductEmitter(tile::KernelOp kernel, const tile::Product &product)
    : LaneEvaluator(OpBuilder(kernel.getBlock().getTerminator()), kernel.getLoc(), quad), kernel(kernel),
      product(product), block(kernel.getSched().getBlock()), numbers(builder, loc),
      root(kernel.getBlock().getTerminator()->getOperand(0)) {
  for (Operation &op : kernel.getBlock())
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
      group.push_back(linalgOp);
}

std::optional<Lanes> ProductEmitter::lookUp(Value tensor, ArrayRef<Number>, int, int64_t) {
  return tensor == product.op->getResult(0) ? std::optional(current) : std::nullopt;
}

LogicalResult ProductEmitter::emit() {
  FailureOr<scf::ForOp> grid = makeGrid();
  if (failed(grid))
    return failure();
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(grid->getBody());
    dest = grid->getRegionIterArg(0);
    locate(grid->getInductionVar());
    placeThread();
    planLeft();
    planRight();
    sumUp();
    if (failed(finish()))
      return failure();
    scf::YieldOp::create(builder, loc, dest);
  }
  kernel.getBlock().getTerminator()->setOperand(0, grid->getResult(0));
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(kernel.getBlock())))
    if (isOpTriviallyDead(&op))
      op.erase();
  return success();
}

void ProductEmitter::copyStep(Number stage, Number step) {
  Number start = numbers.times(step, numbers.number(block.getDepth()));
  for (Operand *operand : {&left, &right}) {
    Number target = numbers.times(stage, numbers.number(operand->stage));
    for (const Operand::Copy &copy : operand->copies) {
      Number at = numbers.plus(start, copy.depth);
      Value inside = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, numbers.value(at),
                                           numbers.value(depth));
      Value count = arith::SelectOp::create(builder, loc, inside, index(operand->run), index(0));
      Number from = numbers.plus(copy.from, depthOffset(*operand, at)), to = numbers.plus(target, copy.to);
      nvgpu::DeviceAsyncCopyOp::create(builder, loc, nvgpu::DeviceAsyncTokenType::get(builder.getContext()),
                                       operand->shared, ValueRange{numbers.value(to)}, operand->memory,
                                       ValueRange{numbers.value(from)}, builder.getIndexAttr(operand->run),
                                       count, operand->run == quad ? builder.getUnitAttr() : UnitAttr());
    }
  }
}

/// Multiplies what `stage` holds. Of the left operand a thread reads four steps of a row at once, of the
/// right one four columns of a step.
void ProductEmitter::multiply(Number stage, SmallVectorImpl<Value> &sums) {
  int64_t pitch = left.stage / block.getRows(), threadRows = block.getThreadRows(),
          runs = block.getThreadColumns() / quad, rowsApart = block.getRows() / threadRows,
          columnsApart = block.getColumns() / block.getThreadColumns() * quad;
  auto type = VectorType::get(quad, builder.getF32Type());
  auto read = [&](const Operand &operand, Number base, int64_t offset) -> Value {
    Number at = numbers.plus(base, numbers.number(offset));
    return vector::LoadOp::create(builder, loc, type, operand.shared, ValueRange{numbers.value(at)},
                                  /*nontemporal=*/false, llvm::MaybeAlign(16));
  };
  Number leftAt = numbers.plus(numbers.times(stage, numbers.number(left.stage)),
                               numbers.times(threadRow, numbers.number(pitch)));
  Number rightAt = numbers.plus(numbers.times(stage, numbers.number(right.stage)),
                                numbers.times(threadColumn, numbers.number(quad)));
  for (int64_t first = 0; first < block.getDepth(); first += quad) {
    SmallVector<Value> rows;
    for (int64_t row = 0; row < threadRows; ++row)
      rows.push_back(read(left, leftAt, row * rowsApart * pitch + first));
    for (int64_t step = 0; step < quad; ++step) {
      SmallVector<Value> columns;
      for (int64_t run = 0; run < runs; ++run)
        columns.push_back(read(right, rightAt, (first + step) * block.getColumns() + run * columnsApart));
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

/// The main loop. While stage `i` is multiplied, the next ones are on their way; one barrier a step says both
/// that a stage has arrived and that nobody reads the one before any more.
void ProductEmitter::sumUp() {
  int64_t stages = block.getStages();
  auto token = nvgpu::DeviceAsyncTokenType::get(builder.getContext());
  Value last;
  for (int64_t stage = 0; stage + 1 < stages; ++stage) {
    copyStep(numbers.number(stage), numbers.number(stage));
    last = nvgpu::DeviceAsyncCreateGroupOp::create(builder, loc, token, ValueRange{});
  }
  auto type = VectorType::get(quad, builder.getF32Type());
  Value zero = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  SmallVector<Value> carried(block.getThreadRows() * block.getThreadColumns() / quad, zero);
  carried.append({index(0), index(stages - 1)}); // the stage to read, and the one to fill
  Number steps = numbers.ceilOver(depth, block.getDepth());
  auto loop = scf::ForOp::create(builder, loc, index(0), numbers.value(steps), index(1), carried);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> state(loop.getRegionIterArgs());
    Value filled = state.pop_back_val(), ready = state.pop_back_val();
    nvgpu::DeviceAsyncWaitOp::create(builder, loc, last, builder.getI32IntegerAttr(stages - 2));
    NVVM::Barrier0Op::create(builder, loc);
    copyStep(filled, numbers.plus(loop.getInductionVar(), numbers.number(stages - 1)));
    nvgpu::DeviceAsyncCreateGroupOp::create(builder, loc, token, ValueRange{});
    multiply(ready, state);
    auto next = [&](Value stage) -> Value {
      Value wraps = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, stage, index(stages - 1));
      Value following = numbers.value(numbers.plus(stage, numbers.number(1)));
      return arith::SelectOp::create(builder, loc, wraps, index(0), following);
    };
    state.append({next(ready), next(filled)});
    scf::YieldOp::create(builder, loc, state);
  }
  llvm::append_range(sums = {}, loop.getResults().drop_back(2));
}

/// Computes what follows the product, for the results of this thread, and writes it.
LogicalResult ProductEmitter::finish() {
  int64_t runs = block.getThreadColumns() / quad, rowsApart = block.getRows() / block.getThreadRows(),
          columnsApart = block.getColumns() / block.getThreadColumns() * quad;
  AffineMap out = product.op.getMatchingIndexingMap(product.op.getDpsInitOperand(0));
  for (auto [number, sum] : llvm::enumerate(sums)) {
    int64_t row = static_cast<int64_t>(number) / runs, run = static_cast<int64_t>(number) % runs;
    Number here =
        nearestRow(numbers.plus(firstRow, numbers.plus(threadRow, numbers.number(row * rowsApart))));
    Number column = numbers.plus(firstColumn, numbers.plus(numbers.times(threadColumn, numbers.number(quad)),
                                                           numbers.number(run * columnsApart)));
    SmallVector<Number> rowIndices = numbers.split(here, extentsOf(product.rows)), at;
    for (AffineExpr expr : out.getResults()) {
      unsigned loop = cast<AffineDimExpr>(expr).getPosition();
      auto of = [&](ArrayRef<unsigned> loops, ArrayRef<Number> indices) {
        auto found = llvm::find(loops, loop);
        return found == loops.end() ? Number() : indices[found - loops.begin()];
      };
      Number isRow = of(product.rows, rowIndices), isBatch = of(product.batch, batchIndices);
      at.push_back(isRow ? isRow : isBatch);
    }
    if (failed(finishRun(at, sum, column)))
      return failure();
  }
  return success();
}

/// Writes four columns from `column` on, together where they lie so.
LogicalResult ProductEmitter::finishRun(ArrayRef<Number> row, Value sums, Number column) {
  SmallVector<Number> at(row);
  auto positions = [&] { return llvm::map_to_vector(at, [&](Number each) { return numbers.value(each); }); };
  if (columnRun == quad) {
    at.back() = nearestColumn(column, quad);
    current = {Lanes::Vector, sums};
    Lanes result = evaluateTensor(root, at, static_cast<int>(at.size()) - 1, quad);
    if (!result)
      return failure();
    dest = vector::TransferWriteOp::create(builder, loc, asVector(result, quad), dest, positions(),
                                           ArrayRef<bool>{true})
               .getResult();
    return success();
  }
  for (int64_t i = 0; i < quad; ++i) {
    at.back() = nearestColumn(numbers.plus(column, numbers.number(i)), 1);
    current = {Lanes::Uniform, vector::ExtractOp::create(builder, loc, sums, ArrayRef<int64_t>{i})};
    Lanes result = evaluateTensor(root, at, -1, 1);
    if (!result)
      return failure();
    dest = tensor::InsertOp::create(builder, loc, result.value, dest, positions());
  }
  return success();
}

} // namespace tegula::codegen::ptx
