// Makes a function of the steps of a loop, and the operation that runs it.
#include "LoopBody.h"

#include "tegula/dialects/graph/Elements.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace tegula::importer {

/// One slice along the first dimension, as a type.
static RankedTensorType sliceType(Value whole) {
  return graph::tensorType(ShapeRef(graph::shapeOf(whole)).drop_front(),
                           graph::tensorType(whole).getElementType());
}

/// Bodies stand behind @main in the order in which they were begun.
static std::string nextName(ModuleOp module) {
  constexpr StringLiteral prefix = "main.loop_";
  StringRef last = cast<func::FuncOp>(module.getBody()->back()).getName();
  size_t number = 0;
  if (last.consume_front(prefix) && !last.getAsInteger(10, number))
    ++number;
  return prefix.str() + std::to_string(number);
}

LoopBody::LoopBody(Ops &ops, ArrayRef<Value> carried, ArrayRef<Value> scanned)
    : ops(ops), initial(carried), slices(scanned) {
  Block *outer = ops.builder.getInsertionBlock();
  before = outer->empty() ? nullptr : &outer->back();
  auto module = outer->getParentOp()->getParentOfType<ModuleOp>();
  std::string name = nextName(module);
  SmallVector<Type> types = llvm::map_to_vector(carried, [](Value value) { return value.getType(); });
  for (Value whole : scanned)
    types.push_back(sliceType(whole));
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  function = func::FuncOp::create(builder, ops.loc, name, builder.getFunctionType(types, {}));
  function.setPrivate();
  function.addEntryBlock();
}

/// What was built since and depends on the step, in order.
SmallVector<Operation *> LoopBody::dependents() {
  llvm::SmallPtrSet<Operation *, 32> found;
  SmallVector<Operation *> result;
  Block *outer = ops.builder.getInsertionBlock();
  for (auto it = before ? std::next(before->getIterator()) : outer->begin(); it != outer->end(); ++it) {
    auto depends = [&](Value operand) {
      Operation *producer = operand.getDefiningOp();
      return producer ? found.contains(producer) : operand.getParentBlock() == &block();
    };
    if (!llvm::any_of(it->getOperands(), depends))
      continue;
    found.insert(&*it);
    result.push_back(&*it);
  }
  return result;
}

LoopBody::~LoopBody() {
  if (!function)
    return;
  SmallVector<Operation *> built = dependents();
  for (Operation *op : llvm::reverse(built))
    op->erase();
  function.erase();
}

void LoopBody::forget(Value argument) {
  unsigned number = cast<BlockArgument>(argument).getArgNumber();
  if (number < initial.size())
    initial.erase(initial.begin() + number);
  else
    slices.erase(slices.begin() + (number - initial.size()));
  block().eraseArgument(number);
}

/// What the body calls a value: constants are its own, other values from outside are handed in.
Value LoopBody::inside(Value value) {
  if (value.getParentBlock() == &block())
    return value;
  Value &known = insideForms[value];
  if (known)
    return known;
  Operation *producer = value.getDefiningOp();
  if (producer && producer->hasTrait<OpTrait::ConstantLike>()) {
    OpBuilder builder = OpBuilder::atBlockBegin(&block());
    if (lastConstant)
      builder.setInsertionPointAfter(lastConstant);
    lastConstant = builder.clone(*producer);
    return known = lastConstant->getResult(0);
  }
  captured.push_back(value);
  return known = block().addArgument(value.getType(), value.getLoc());
}

SmallVector<Value> LoopBody::finish(Value count, StepResults step, bool isReversed) {
  size_t numSliced = slices.size() + step.stacked.size() + step.histories.size();
  SmallVector<bool> reversed(isReversed ? numSliced : 0, true);
  return finish(count, std::move(step), reversed);
}

SmallVector<Value> LoopBody::finish(Value count, StepResults step, ArrayRef<bool> reversed) {
  SmallVector<Value> given(step.going ? 1 : 0, step.going);
  llvm::append_range(given, step.carried);
  llvm::append_range(given, step.stacked);
  if (!count || llvm::is_contained(given, Value()))
    return {};
  for (Operation *op : dependents())
    op->moveBefore(&block(), block().end());
  for (Operation &op : block())
    for (OpOperand &operand : op.getOpOperands())
      operand.set(inside(operand.get()));
  SmallVector<Value> returned = llvm::map_to_vector(given, [&](Value value) { return inside(value); });
  OpBuilder builder = OpBuilder::atBlockEnd(&block());
  func::ReturnOp::create(builder, ops.loc, returned);
  function.setFunctionType(
      builder.getFunctionType(block().getArgumentTypes(), ValueRange(returned).getTypes()));

  Dim steps = graph::Sizes::read(count) ? graph::Sizes::read(count)->values.front() : Dim::invalid();
  SmallVector<Type> types = llvm::map_to_vector(initial, [](Value value) { return value.getType(); });
  auto addStack = [&](Value slice) {
    Shape shape = Ops::shape(slice);
    shape.insert(shape.begin(), steps);
    types.push_back(graph::tensorType(shape, graph::tensorType(slice).getElementType()));
  };
  llvm::for_each(step.stacked, addStack);
  for (int64_t number : step.histories)
    addStack(step.carried[number]);
  auto loop = graph::LoopOp::create(ops.builder, ops.loc, types, function.getName(), count, initial, slices,
                                    captured, step.histories, reversed, bool(step.going));
  function = nullptr;
  if (failed(mlir::verify(loop)))
    return {};
  return SmallVector<Value>(loop.getResults());
}

} // namespace tegula::importer
