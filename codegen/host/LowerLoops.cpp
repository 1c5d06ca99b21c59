// Implements the writer of loops in the entry function.
#include "LowerLoops.h"

#include "Bodies.h"
#include "Branches.h"

using namespace mlir;

namespace tegula::codegen::host {

/// The member of TglHost behind `launch`.
static constexpr int64_t readMember = 1;

// ---- Code ----

Value LoopWriter::constant(Type type, int64_t value) {
  OpBuilder &builder = target->builder;
  return LLVM::ConstantOp::create(builder, main.getLoc(), type, builder.getIntegerAttr(type, value));
}

Value LoopWriter::address(Type element, Value base, Value offset) {
  return LLVM::GEPOp::create(target->builder, main.getLoc(), LLVM::LLVMPointerType::get(main.getContext()),
                             element, base, ArrayRef<LLVM::GEPArg>{offset});
}

/// Entry `index` of an array of addresses.
Value LoopWriter::place(Value array, int64_t index) {
  return address(LLVM::LLVMPointerType::get(main.getContext()), array,
                 constant(target->builder.getI64Type(), index));
}

Value LoopWriter::load(Value from) {
  return LLVM::LoadOp::create(target->builder, main.getLoc(), LLVM::LLVMPointerType::get(main.getContext()),
                              from);
}

void LoopWriter::store(Value value, Value to) {
  LLVM::StoreOp::create(target->builder, main.getLoc(), value, to);
}

Value LoopWriter::holder(int64_t number) { return place(holders, number); }

Value LoopWriter::addressOfTensor(Value tensor) { return target->addressOf(plan.places.lookup(tensor)); }

/// The byte at an address, once what computes it is done.
Value LoopWriter::readByte(Value from) {
  OpBuilder &builder = target->builder;
  Type pointer = LLVM::LLVMPointerType::get(main.getContext());
  auto type = LLVM::LLVMFunctionType::get(builder.getI32Type(), {pointer, pointer});
  Value host = target->entry.getArgument(0);
  auto byte = LLVM::CallOp::create(builder, main.getLoc(), type,
                                   ValueRange{load(place(host, readMember)), host, from});
  return LLVM::AndOp::create(builder, main.getLoc(), byte.getResult(), constant(builder.getI32Type(), 0xff));
}

/// The eight bytes of a number, the lowest first.
Value LoopWriter::readCount(Value from) {
  OpBuilder &builder = target->builder;
  Type i64 = builder.getI64Type();
  Value count = constant(i64, 0);
  for (int64_t number = 0; number < 8; ++number) {
    Value byte = readByte(address(builder.getI8Type(), from, constant(i64, number)));
    Value wide = LLVM::ZExtOp::create(builder, main.getLoc(), i64, byte);
    wide = LLVM::ShlOp::create(builder, main.getLoc(), wide, constant(i64, 8 * number));
    count = LLVM::OrOp::create(builder, main.getLoc(), count, wide);
  }
  return count;
}

// ---- Before the steps ----

void LoopWriter::start(Target where) {
  target.emplace(where);
  OpBuilder &builder = target->builder;
  Type pointer = LLVM::LLVMPointerType::get(main.getContext());
  auto array = [&](int64_t size) -> Value {
    return LLVM::AllocaOp::create(builder, main.getLoc(), pointer, pointer,
                                  constant(builder.getI64Type(), std::max<int64_t>(size, 1)));
  };
  if (!any())
    return;
  holders = array(plan.numPointers);
  for (auto loop : main.getOps<tile::LoopOp>()) {
    func::FuncOp body = bodyOf(loop);
    Value inputs = array(body.getNumArguments());
    arrays[loop] = {inputs, array(body.getNumResults())};
  }
}

/// The bytes of one slice of a tensor.
graph::Dim LoopWriter::strideOf(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  graph::Dim bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  for (AffineExpr dim : ArrayRef(tile::dimsOf(tensor, symbols)).drop_front())
    bytes *= dim ? graph::Dim(dim) : graph::Dim::invalid();
  return bytes;
}

void LoopWriter::writeSizes() {
  for (auto loop : main.getOps<tile::LoopOp>()) {
    const LoopPlan &own = plan.loops.find(loop)->second;
    SmallVector<Place> places;
    for (Value value :
         llvm::concat<Value>(SmallVector<Value>(loop->getOperands()), SmallVector<Value>(loop.getResults())))
      if (isa<RankedTensorType>(value.getType()))
        places.push_back(plan.places.lookup(value));
    for (const auto &pair : own.carried)
      if (pair)
        llvm::append_values(places, pair->first, pair->second);
    for (const std::optional<Place> &one : {own.going, own.arena})
      if (one)
        places.push_back(*one);
    for (const Place &each : places)
      target->sizes.write(each.within);
    for (Value sliced :
         llvm::concat<Value>(SmallVector<Value>(loop.getScanned()),
                             SmallVector<Value>(loop.getResults().drop_front(loop.getCarried().size()))))
      target->sizes.write(strideOf(sliced));
    if (AffineExpr count = tile::exprOf(loop.getCount()))
      target->sizes.write(graph::Dim(count));
  }
}

LoopWriter::Slices LoopWriter::slicesOf(Value tensor, bool isReversed) {
  return {addressOfTensor(tensor), target->sizes.write(strideOf(tensor)), isReversed};
}

/// Everything that is the same in each step.
LoopWriter::Loop LoopWriter::prepare(tile::LoopOp op) {
  const LoopPlan &own = plan.loops.find(op)->second;
  auto [inputs, outputs] = arrays.lookup(op);
  AffineExpr count = tile::exprOf(op.getCount());
  Loop loop{op, count ? target->sizes.write(graph::Dim(count)) : readCount(addressOfTensor(op.getCount())),
            inputs, outputs};
  size_t numCarried = op.getCarried().size();
  for (auto [number, value] : llvm::enumerate(op.getCarried()))
    store(addressOfTensor(value), holder(plan.places.lookup(op.getResults()[number]).index));
  for (auto [number, value] : llvm::enumerate(op.getScanned()))
    loop.scanned.push_back(slicesOf(value, op.isScannedReversed(number)));
  for (auto [number, value] : llvm::enumerate(op.getResults().drop_front(numCarried)))
    loop.stacked.push_back(slicesOf(value, op.isStackedReversed(number)));
  for (auto [number, value] : llvm::enumerate(op.getCaptured()))
    store(addressOfTensor(value), place(inputs, numCarried + loop.scanned.size() + number));
  for (const auto &pair : own.carried)
    loop.buffers.push_back(
        pair ? std::optional(std::pair(target->addressOf(pair->first), target->addressOf(pair->second)))
             : std::nullopt);
  if (own.going) {
    loop.going = target->addressOf(*own.going);
    store(loop.going, place(outputs, 0));
  }
  loop.arena = own.arena ? target->addressOf(*own.arena) : target->entry.getArgument(4);
  return loop;
}

// ---- A step ----

Value LoopWriter::slice(const Loop &loop, const Slices &slices, Value step) {
  OpBuilder &builder = target->builder;
  Location loc = main.getLoc();
  if (slices.isReversed) {
    Value last = LLVM::SubOp::create(builder, loc, loop.count, constant(builder.getI64Type(), 1));
    step = LLVM::SubOp::create(builder, loc, last, step);
  }
  return address(builder.getI8Type(), slices.base, LLVM::MulOp::create(builder, loc, step, slices.stride));
}

Value LoopWriter::call(const Loop &loop) {
  LLVM::LLVMFuncOp entry = target->entry;
  SmallVector<Value> arguments(entry.getArguments());
  arguments[1] = loop.inputs, arguments[2] = loop.outputs, arguments[4] = loop.arena;
  return LLVM::CallOp::create(target->builder, main.getLoc(), TypeRange(target->builder.getI32Type()),
                              StringRef(target->nameOf(bodyOf(loop.op))), arguments)
      .getResult();
}

/// One step, which ends in a jump to `next`, or to `done` where it says that it was the last.
void LoopWriter::writeStep(const Loop &loop, Value step, Block *next, Block *done) {
  OpBuilder &builder = target->builder;
  Location loc = main.getLoc();
  Type i64 = builder.getI64Type();
  tile::LoopOp op = loop.op;
  size_t numCarried = op.getCarried().size(), numStacked = op.getNumStacked(), ends = op.getEnds();
  Value parity = LLVM::AndOp::create(builder, loc, step, constant(i64, 1));
  Value isOdd = LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::ne, parity, constant(i64, 0));
  SmallVector<Value> written;
  for (size_t i = 0; i < numCarried; ++i) {
    store(load(holder(plan.places.lookup(op.getResults()[i]).index)), place(loop.inputs, i));
    if (loop.buffers[i]) {
      auto [even, odd] = *loop.buffers[i];
      written.push_back(LLVM::SelectOp::create(builder, loc, isOdd, odd, even));
    } else {
      size_t history = llvm::find(op.getHistories(), int64_t(i)) - op.getHistories().begin();
      written.push_back(slice(loop, loop.stacked[numStacked + history], step));
    }
    store(written.back(), place(loop.outputs, ends + i));
  }
  for (auto [number, slices] : llvm::enumerate(loop.scanned))
    store(slice(loop, slices, step), place(loop.inputs, numCarried + number));
  for (size_t i = 0; i < numStacked; ++i)
    store(slice(loop, loop.stacked[i], step), place(loop.outputs, ends + numCarried + i));

  Value failed = call(loop);
  Block *failure = target->entry.addBlock(), *rest = target->entry.addBlock();
  Value isWrong =
      LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::ne, failed, constant(builder.getI32Type(), 0));
  LLVM::CondBrOp::create(builder, loc, isWrong, failure, rest);
  builder.setInsertionPointToEnd(failure);
  LLVM::ReturnOp::create(builder, loc, failed);
  builder.setInsertionPointToEnd(rest);
  for (auto [number, value] : llvm::enumerate(written))
    store(value, holder(plan.places.lookup(op.getResults()[number]).index));
  Value following = LLVM::AddOp::create(builder, loc, step, constant(i64, 1));
  if (!loop.going) {
    LLVM::BrOp::create(builder, loc, following, next);
    return;
  }
  Value goes = LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::ne, readByte(loop.going),
                                    constant(builder.getI32Type(), 0));
  LLVM::CondBrOp::create(builder, loc, goes, next, ValueRange{following}, done, ValueRange{});
}

void LoopWriter::write(tile::LoopOp op) {
  OpBuilder &builder = target->builder;
  Location loc = main.getLoc();
  Loop loop = prepare(op);
  Block *head = target->entry.addBlock(), *body = target->entry.addBlock(), *done = target->entry.addBlock();
  Value step = head->addArgument(builder.getI64Type(), loc);
  LLVM::BrOp::create(builder, loc, constant(builder.getI64Type(), 0), head);
  builder.setInsertionPointToEnd(head);
  Value isLeft = LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::slt, step, loop.count);
  LLVM::CondBrOp::create(builder, loc, isLeft, body, done);
  builder.setInsertionPointToEnd(body);
  writeStep(loop, step, head, done);
  builder.setInsertionPointToEnd(done);
}

} // namespace tegula::codegen::host
