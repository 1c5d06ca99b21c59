// Copies inputs, constants and repeated values that @main returns: return %x => return of a launch that
// copies %x. It exists so that the memory plan may write every result straight into the caller's buffer.
#include "tegula/codegen/host/Passes.h"

#include "Branches.h"

#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;

namespace tegula::codegen::host {
#define GEN_PASS_DEF_COPYRESULTS
#include "tegula/codegen/host/Passes.h.inc"

/// The kernel that copies a tensor of `type`, made on first use. Its sizes are the unknown dimensions in
/// their order.
static tile::KernelOp copyKernel(ModuleOp module, RankedTensorType type, Location loc) {
  std::string name = "copy_";
  for (int64_t dim : type.getShape())
    name += (ShapedType::isDynamic(dim) ? "n" : std::to_string(dim)) + "x";
  llvm::raw_string_ostream(name) << type.getElementType();
  if (auto existing = module.lookupSymbol<tile::KernelOp>(name))
    return existing;
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  SmallVector<Type> inputs = {type};
  inputs.append(type.getNumDynamicDims(), builder.getIndexType());
  auto kernel = tile::KernelOp::create(builder, loc, name, builder.getFunctionType(inputs, type));
  if (!type.hasStaticShape()) {
    SmallVector<int64_t> numbers;
    int64_t next = 0;
    for (int64_t dim : type.getShape())
      numbers.push_back(ShapedType::isDynamic(dim) ? next++ : -1);
    kernel.setDimsAttr(
        builder.getArrayAttr({builder.getDenseI64ArrayAttr(numbers), builder.getDenseI64ArrayAttr(numbers)}));
  }
  builder.setInsertionPointToEnd(&kernel.getBlock());
  Value empty =
      tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType(), kernel.getSizes());
  AffineMap identity = builder.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
  auto copy = linalg::GenericOp::create(
      builder, loc, type, kernel.getInputs()[0], empty, ArrayRef{identity, identity}, iterators,
      [](OpBuilder &body, Location loc, ValueRange args) { linalg::YieldOp::create(body, loc, args[0]); });
  tile::YieldOp::create(builder, loc, copy.getResults());
  return kernel;
}

/// A launch that copies `value`, in front of the builder's place; null where its sizes are not written down.
static Value copyOf(OpBuilder &builder, ModuleOp module, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  tile::KernelOp kernel = copyKernel(module, type, value.getLoc());
  SmallVector<Value> sizes;
  for (auto [dim, expr] : llvm::enumerate(tile::dimsOf(value)))
    if (type.isDynamicDim(dim)) {
      if (!expr)
        return {};
      sizes.push_back(tile::SizeOp::create(builder, value.getLoc(), expr));
    }
  return tile::LaunchOp::create(builder, value.getLoc(), TypeRange(type),
                                FlatSymbolRefAttr::get(kernel.getSymNameAttr()), value, sizes)
      .getResult(0);
}

static bool isComputed(Value root) {
  return isa_and_nonnull<tile::LaunchOp, tile::ChooseOp>(root.getDefiningOp());
}

/// Whether a value is computed for one use only, through views.
static bool isOwn(Value value) {
  while (auto view = value.getDefiningOp<tile::ViewOp>()) {
    if (!value.hasOneUse())
      return false;
    value = view.getSource();
  }
  return isComputed(value) && value.hasOneUse();
}

namespace {
struct CopyResults : impl::CopyResultsBase<CopyResults> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal() && (failed(copyChoices(function)) || failed(copyResults(function))))
        return signalPassFailure();
  }

  LogicalResult replaceByCopy(OpOperand &use) {
    OpBuilder builder(use.getOwner());
    Value copy = copyOf(builder, getOperation(), use.get());
    if (!copy)
      return use.getOwner()->emitError("expected sizes of operand ") << use.getOperandNumber();
    use.set(copy);
    return success();
  }

  LogicalResult copyChoices(func::FuncOp function) {
    for (auto choose : function.getOps<tile::ChooseOp>())
      for (OpOperand *side : {&choose.getThenValueMutable(), &choose.getElseValueMutable()})
        if (!isOwn(side->get()) && failed(replaceByCopy(*side)))
          return failure();
    return success();
  }

  LogicalResult copyResults(func::FuncOp function) {
    llvm::SmallPtrSet<void *, 8> taken;
    for (OpOperand &result : function.getBody().back().getTerminator()->getOpOperands()) {
      Value root = rootOf(result.get());
      if (!isa<RankedTensorType>(result.get().getType()) ||
          (isComputed(root) && taken.insert(root.getAsOpaquePointer()).second))
        continue;
      if (failed(replaceByCopy(result)))
        return failure();
    }
    return success();
  }
};
} // namespace
} // namespace tegula::codegen::host
