// Writes the main loop of a product, and what follows it: stages of both operands travel to shared memory
// while threads multiply what has arrived.
#include "FmaEmitter.h"
#include "MatrixEmitter.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace tegula::codegen::ptx {

/// Floats that a thread writes at once.
static constexpr int64_t quad = 4;
/// Bytes that are copied without passing through registers: at least.
static constexpr int64_t narrowestCopy = 4;

ProductEmitter::ProductEmitter(tile::KernelOp kernel, const tile::Product &product)
    : GridEmitter(kernel, quad), product(product), block(kernel.getSched().getBlock()) {
  left.element = getElementTypeOrSelf(this->product.op.getDpsInputs()[product.left]);
  right.element = getElementTypeOrSelf(this->product.op.getDpsInputs()[product.right]);
}

std::optional<Lanes> ProductEmitter::lookUp(Value tensor, ArrayRef<Number>, int, int64_t) {
  return tensor == product.op->getResult(0) ? std::optional(current) : std::nullopt;
}

LogicalResult ProductEmitter::emitGroup(Value number) {
  locate(number);
  thread = threadId(block.getThreads());
  left.layout = leftLayout();
  right.layout = rightLayout();
  placeThread();
  planLeft();
  planRight();
  return finish(sumUp());
}

/// Copies a run to shared memory, or zeros where it is not `inside` the sum.
void ProductEmitter::copyRun(const Operand &operand, Number from, Number to, Value inside) {
  if (operand.run * operand.bytes() < narrowestCopy) {
    Value origin = arith::SelectOp::create(builder, loc, inside, numbers.value(from), index(0));
    Value element = memref::LoadOp::create(builder, loc, operand.memory, origin);
    Value zero = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(operand.element));
    element = arith::SelectOp::create(builder, loc, inside, element, zero);
    memref::StoreOp::create(builder, loc, element, operand.shared, numbers.value(to));
    return;
  }
  Value count = arith::SelectOp::create(builder, loc, inside, index(operand.run), index(0));
  bool isWidest = operand.run * operand.bytes() == quad * narrowestCopy;
  nvgpu::DeviceAsyncCopyOp::create(builder, loc, nvgpu::DeviceAsyncTokenType::get(builder.getContext()),
                                   operand.shared, ValueRange{numbers.value(to)}, operand.memory,
                                   ValueRange{numbers.value(from)}, builder.getIndexAttr(operand.run), count,
                                   isWidest ? builder.getUnitAttr() : UnitAttr());
}

void ProductEmitter::copyStep(Number stage, Number step) {
  Number start = numbers.times(step, numbers.number(block.getDepth()));
  for (Operand *operand : {&left, &right}) {
    Number target = numbers.times(stage, numbers.number(operand->layout.elements()));
    for (const Operand::Copy &copy : operand->copies) {
      Number at = numbers.plus(start, copy.depth);
      Value inside = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, numbers.value(at),
                                           numbers.value(depth));
      copyRun(*operand, numbers.plus(copy.from, depthOffset(*operand, at)), numbers.plus(target, copy.to),
              inside);
    }
  }
}

/// The main loop. While stage `i` is multiplied, the next ones are on their way; one barrier a step says both
/// that a stage has arrived and that nobody reads the one before any more.
SmallVector<ProductEmitter::Part> ProductEmitter::sumUp() {
  int64_t stages = block.getStages();
  auto token = nvgpu::DeviceAsyncTokenType::get(builder.getContext());
  Value last;
  for (int64_t stage = 0; stage + 1 < stages; ++stage) {
    copyStep(numbers.number(stage), numbers.number(stage));
    last = nvgpu::DeviceAsyncCreateGroupOp::create(builder, loc, token, ValueRange{});
  }
  SmallVector<Value> carried = startSums();
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
  return partsOf(SmallVector<Value>(loop.getResults().drop_back(2)));
}

/// Computes what follows the product, for the results of this thread, and writes it.
LogicalResult ProductEmitter::finish(ArrayRef<Part> parts) {
  AffineMap out = product.op.getMatchingIndexingMap(product.op.getDpsInitOperand(0));
  for (const Part &part : parts) {
    SmallVector<Number> rowIndices =
        numbers.split(nearestRow(numbers.plus(firstRow, part.row)), extentsOf(product.rows));
    SmallVector<Number> at;
    for (AffineExpr expr : out.getResults()) {
      unsigned loop = cast<AffineDimExpr>(expr).getPosition();
      auto of = [&](ArrayRef<unsigned> loops, ArrayRef<Number> indices) {
        auto found = llvm::find(loops, loop);
        return found == loops.end() ? Number() : indices[found - loops.begin()];
      };
      Number isRow = of(product.rows, rowIndices), isBatch = of(product.batch, batchIndices);
      at.push_back(isRow ? isRow : isBatch);
    }
    if (failed(finishRun(at, part.sums, numbers.plus(firstColumn, part.column))))
      return failure();
  }
  return success();
}

/// Writes the columns from `column` on, together where they lie so.
LogicalResult ProductEmitter::finishRun(ArrayRef<Number> row, Value sums, Number column) {
  SmallVector<Number> at(row);
  int64_t width = cast<VectorType>(sums.getType()).getNumElements(), run = std::min(width, columnRun);
  auto positions = [&] { return llvm::map_to_vector(at, [&](Number each) { return numbers.value(each); }); };
  for (int64_t i = 0; i < width; i += run) {
    at.back() = nearestColumn(numbers.plus(column, numbers.number(i)), run);
    if (run == 1)
      current = {Lanes::Uniform, vector::ExtractOp::create(builder, loc, sums, ArrayRef<int64_t>{i})};
    else
      current = {Lanes::Vector, run == width ? sums
                                             : vector::ExtractStridedSliceOp::create(
                                                   builder, loc, sums, ArrayRef<int64_t>{i},
                                                   ArrayRef<int64_t>{run}, ArrayRef<int64_t>{1})};
    Lanes result = evaluateTensor(root, at, run == 1 ? -1 : static_cast<int>(at.size()) - 1, run);
    if (!result)
      return failure();
    if (run == 1)
      dest = tensor::InsertOp::create(builder, loc, result.value, dest, positions());
    else
      dest = vector::TransferWriteOp::create(builder, loc, asVector(result, run), dest, positions(),
                                             ArrayRef<bool>{true})
                 .getResult();
  }
  return success();
}

/// Whether a product of such operands can be formed so; what has 16 bits is never rounded again.
static bool canMultiply(sched::Multiply multiply, Type left, Type right) {
  auto fits = [&](Type type) {
    return type.isF32() || (type.isF16() && multiply == sched::Multiply::Fp16) ||
           (type.isBF16() && multiply == sched::Multiply::Bf16);
  };
  return fits(left) && fits(right) && (left.isF32() || !right.isF32());
}

std::unique_ptr<ProductEmitter> makeEmitter(tile::KernelOp kernel, const tile::Product &product) {
  sched::Multiply multiply = kernel.getSched().getBlock().getMultiply();
  linalg::GenericOp op = product.op;
  Type left = getElementTypeOrSelf(op.getDpsInputs()[product.left]),
       right = getElementTypeOrSelf(op.getDpsInputs()[product.right]);
  if (!canMultiply(multiply, left, right)) {
    kernel.emitOpError("expected operands that '")
        << sched::stringifyMultiply(multiply) << "' multiplies, got " << left << " and " << right;
    return nullptr;
  }
  if (multiply == sched::Multiply::Fma)
    return std::make_unique<FmaEmitter>(kernel, product);
  return std::make_unique<MatrixEmitter>(kernel, product);
}

} // namespace tegula::codegen::ptx
