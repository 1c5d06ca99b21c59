// Outlines a kernel: tile.kernel on tensors => func.func on buffers, over the cells [begin, end) of its grid.
// It exists to fix who owns memory: inputs are read only, results are computed in the caller's buffers and
// nowhere else.
#include "tegula/codegen/common/Passes.h"

#include "tegula/dialects/tile/Tile.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

using namespace mlir;

namespace tegula::codegen {
#define GEN_PASS_DEF_OUTLINEKERNEL
#include "tegula/codegen/common/Passes.h.inc"

/// How many cells a grid loop has, an i64 or a map from the kernel's sizes; null where nothing says so.
static Attribute cellsOf(scf::ForOp grid) {
  if (auto count = getConstantIntValue(grid.getUpperBound()))
    return Builder(grid.getContext()).getI64IntegerAttr(*count);
  return grid->getAttrOfType<AffineMapAttr>("tile.cells");
}

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
      !cellsOf(grid))
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
static bool isVoid(Type type) { return llvm::is_contained(cast<RankedTensorType>(type).getShape(), 0); }

/// The type of a tensor's argument. Of a tensor with unknown sizes it is its first element's: what crosses
/// the interface are addresses, and the sizes come as numbers.
static MemRefType argumentOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  if (isVoid(type))
    return MemRefType::get(1, IntegerType::get(type.getContext(), 8));
  return MemRefType::get(tensor.hasStaticShape() ? tensor.getShape() : ArrayRef<int64_t>(),
                         tensor.getElementType());
}

static func::FuncOp makeFunction(tile::KernelOp kernel, Attribute cells) {
  OpBuilder builder(kernel);
  SmallVector<Type> types =
      llvm::map_to_vector(kernel.getInputTypes(), [](Type type) -> Type { return argumentOf(type); });
  for (Type type : kernel.getResultTypes())
    types.push_back(argumentOf(type));
  types.append(kernel.getNumSizes() + 2, builder.getIndexType());
  auto function =
      func::FuncOp::create(builder, kernel.getLoc(), kernel.getSymName(), builder.getFunctionType(types, {}));
  function->setAttr(cellsAttr, cells);
  if (Attribute group = kernel->getAttr(groupAttr))
    function->setAttr(groupAttr, group);
  if (Attribute unaligned = kernel->getAttr(tile::unalignedAttr))
    function->setAttr(tile::unalignedAttr, unaligned);
  function.addEntryBlock();
  return function;
}

/// The buffer behind an argument: a tensor with unknown sizes gets them from `sizes`, by the kernel's `dims`.
static Value bufferOf(OpBuilder &builder, tile::KernelOp kernel, unsigned number, RankedTensorType type,
                      Value argument, ValueRange sizes) {
  if (isVoid(type) || type.hasStaticShape())
    return argument;
  Location loc = kernel.getLoc();
  SmallVector<OpFoldResult> shape, strides(type.getRank());
  for (auto [dim, size] : llvm::enumerate(type.getShape()))
    shape.push_back(ShapedType::isDynamic(size) ? OpFoldResult(sizes[kernel.getTensorDim(number, dim)])
                                                : builder.getIndexAttr(size));
  OpFoldResult stride = builder.getIndexAttr(1);
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
    strides[dim] = stride;
    if (dim == 0)
      break;
    std::optional<int64_t> size = getConstantIntValue(shape[dim]), step = getConstantIntValue(stride);
    if (size && step)
      stride = builder.getIndexAttr(*size * *step);
    else
      stride = arith::MulIOp::create(builder, loc, getValueOrCreateConstantIndexOp(builder, loc, stride),
                                     getValueOrCreateConstantIndexOp(builder, loc, shape[dim]))
                   .getResult();
  }
  return memref::ReinterpretCastOp::create(builder, loc,
                                           MemRefType::get(type.getShape(), type.getElementType()), argument,
                                           OpFoldResult(builder.getIndexAttr(0)), shape, strides);
}

/// An input without elements.
static Value emptyOf(OpBuilder &builder, tile::KernelOp kernel, BlockArgument input, ValueRange sizes) {
  auto type = cast<RankedTensorType>(input.getType());
  SmallVector<Value> unknown;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    if (type.isDynamicDim(dim))
      unknown.push_back(sizes[kernel.getInputDim(input.getArgNumber(), dim)]);
  return tensor::EmptyOp::create(builder, kernel.getLoc(), type.getShape(), type.getElementType(), unknown);
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
  OpBuilder builder(kernel);
  func::FuncOp function = makeFunction(kernel, grid ? cellsOf(grid) : builder.getI64IntegerAttr(1));
  Block &entry = function.getBody().front(), &body = kernel.getBlock();
  size_t inputs = kernel.getNumInputs(), results = kernel.getResultTypes().size();
  ValueRange arguments = entry.getArguments(),
             sizes = arguments.slice(inputs + results, kernel.getNumSizes());
  builder.setInsertionPointToStart(&entry);
  SmallVector<Value> buffers;
  for (auto [number, type] :
       llvm::enumerate(llvm::concat<const Type>(kernel.getInputTypes(), kernel.getResultTypes())))
    buffers.push_back(
        bufferOf(builder, kernel, number, cast<RankedTensorType>(type), arguments[number], sizes));
  auto outputs = ArrayRef(buffers).drop_front(inputs);
  for (auto [tensor, buffer] : llvm::zip(kernel.getInputs(), buffers)) {
    auto type = cast<RankedTensorType>(tensor.getType());
    Value read = isVoid(type)
                     ? emptyOf(builder, kernel, tensor, sizes)
                     : Value(bufferization::ToTensorOp::create(builder, kernel.getLoc(), type, buffer,
                                                               /*restrict=*/true));
    tensor.replaceAllUsesWith(read);
  }
  for (auto [inside, outside] : llvm::zip_equal(kernel.getSizes(), sizes))
    inside.replaceAllUsesWith(outside);
  Operation *yield = body.getTerminator();
  growResultsInPlace(builder, yield, outputs);
  if (grid) {
    grid.setLowerBound(arguments.drop_back().back());
    grid.setUpperBound(arguments.back());
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
