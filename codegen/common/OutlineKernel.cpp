// Outlines a kernel: tile.kernel on tensors => func.func on buffers, over the cells [begin, end) of its grid.
// It exists to fix who owns memory: inputs are read only, results are computed in the caller's buffers and
// nowhere else.
#include "tegula/codegen/common/Passes.h"

#include "tegula/dialects/tile/Tile.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

using namespace mlir;

namespace tegula::codegen {
#define GEN_PASS_DEF_OUTLINEKERNEL
#include "tegula/codegen/common/Passes.h.inc"

/// The grid loop if it may be cut into ranges, else null. Whatever else the kernel does happens once a call,
/// so it must write nothing that two calls would share: only empty tensors and scalar computations may stand
/// beside the loop, and only its results be yielded.
static scf::ForOp divisibleGrid(tile::KernelOp kernel) {
  scf::ForOp grid;
  for (Operation &op : kernel.getBlock().without_terminator()) {
    if (op.hasAttr("tile.grid") && !grid && isa<scf::ForOp>(op))
      grid = cast<scf::ForOp>(op);
    else if (op.getNumRegions() || !(isa<tensor::EmptyOp, arith::ConstantOp>(op) ||
                                     llvm::none_of(op.getResultTypes(), llvm::IsaPred<TensorType>)))
      return {};
  }
  if (!grid || getConstantIntValue(grid.getLowerBound()) != 0 || getConstantIntValue(grid.getStep()) != 1 ||
      !getConstantIntValue(grid.getUpperBound()))
    return {};
  for (Value yielded : kernel.getBlock().getTerminator()->getOperands())
    if (yielded.getDefiningOp() != grid)
      return {};
  return grid;
}

/// The use of an empty tensor that `value` grows from through destinations and loop-carried values, or null.
static OpOperand *originOf(Value value) {
  OpOperand *from = nullptr;
  while (Operation *op = value.getDefiningOp()) {
    if (isa<tensor::EmptyOp>(op))
      return from;
    auto result = cast<OpResult>(value);
    if (auto loop = dyn_cast<scf::ForOp>(op))
      from = &loop.getInitArgsMutable()[result.getResultNumber()];
    else if (auto styled = dyn_cast<DestinationStyleOpInterface>(op))
      from = styled.getTiedOpOperand(result);
    else
      return nullptr;
    value = from->get();
  }
  return nullptr;
}

/// A tensor without elements has no buffer: its argument is a pointer that nobody reads.
static bool isVoid(Type type) { return cast<RankedTensorType>(type).getNumElements() == 0; }

static func::FuncOp makeFunction(tile::KernelOp kernel, int64_t cells) {
  OpBuilder builder(kernel);
  SmallVector<Type> types;
  auto bufferOf = [](Type type) {
    auto tensor = cast<RankedTensorType>(type);
    if (isVoid(type))
      return MemRefType::get(1, IntegerType::get(type.getContext(), 8));
    return MemRefType::get(tensor.getShape(), tensor.getElementType());
  };
  for (Type type : kernel.getFunctionType().getInputs())
    types.push_back(bufferOf(type));
  for (Type type : kernel.getFunctionType().getResults())
    types.push_back(bufferOf(type));
  types.append(2, builder.getIndexType());
  auto function =
      func::FuncOp::create(builder, kernel.getLoc(), kernel.getSymName(), builder.getFunctionType(types, {}));
  function->setAttr(cellsAttr, builder.getI64IntegerAttr(cells));
  function.addEntryBlock();
  return function;
}

/// Lets every result grow in its output buffer, where the chain of destinations allows it.
static void growResultsInPlace(OpBuilder &builder, Operation *yield, ValueRange buffers) {
  for (auto [value, buffer] : llvm::zip_equal(yield->getOperands(), buffers)) {
    OpOperand *origin = originOf(value);
    if (!origin || isVoid(value.getType()))
      continue;
    auto into = bufferization::ToTensorOp::create(builder, yield->getLoc(), origin->get().getType(), buffer,
                                                  /*restrict=*/true, /*writable=*/true);
    origin->set(into);
  }
}

static void outline(tile::KernelOp kernel) {
  scf::ForOp grid = divisibleGrid(kernel);
  func::FuncOp function = makeFunction(kernel, grid ? *getConstantIntValue(grid.getUpperBound()) : 1);
  Block &entry = function.getBody().front(), &body = kernel.getBlock();
  size_t inputs = body.getNumArguments(), results = kernel.getFunctionType().getNumResults();
  auto outputs = ValueRange(entry.getArguments()).slice(inputs, results);
  OpBuilder builder = OpBuilder::atBlockBegin(&entry);
  for (auto [tensor, buffer] : llvm::zip(body.getArguments(), entry.getArguments())) {
    auto type = cast<RankedTensorType>(tensor.getType());
    Value read =
        isVoid(type)
            ? Value(tensor::EmptyOp::create(builder, kernel.getLoc(), type.getShape(), type.getElementType()))
            : Value(bufferization::ToTensorOp::create(builder, kernel.getLoc(), type, buffer,
                                                      /*restrict=*/true));
    tensor.replaceAllUsesWith(read);
  }
  Operation *yield = body.getTerminator();
  growResultsInPlace(builder, yield, outputs);
  if (grid) {
    grid.setLowerBound(entry.getArgument(inputs + results));
    grid.setUpperBound(entry.getArgument(inputs + results + 1));
  }
  entry.getOperations().splice(entry.end(), body.getOperations());
  builder.setInsertionPointToEnd(&entry);
  for (auto [value, buffer] : llvm::zip_equal(yield->getOperands(), outputs))
    if (!isVoid(value.getType()))
      bufferization::MaterializeInDestinationOp::create(builder, kernel.getLoc(), Type(), value, buffer,
                                                        /*restrict=*/true, /*writable=*/true);
  func::ReturnOp::create(builder, kernel.getLoc());
  yield->erase();
  kernel.erase();
}

namespace {
struct OutlineKernel : impl::OutlineKernelBase<OutlineKernel> {
  void runOnOperation() override {
    for (auto kernel : llvm::make_early_inc_range(getOperation().getOps<tile::KernelOp>()))
      outline(kernel);
  }
};
} // namespace
} // namespace tegula::codegen
