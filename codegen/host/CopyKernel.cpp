// Writes kernels that copy a tensor, one for each type.
#include "CopyKernel.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace tegula::codegen::host {

/// The kernel that copies a tensor of `type`, made on first use. Its sizes are the unknown dimensions in
/// their order.
static tile::KernelOp copyKernel(ModuleOp module, RankedTensorType type, bool isUnaligned, Location loc) {
  std::string name = isUnaligned ? "copy_unaligned_" : "copy_";
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
  if (isUnaligned)
    kernel->setAttr(tile::unalignedAttr, builder.getUnitAttr());
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

Value copyOf(OpBuilder &builder, ModuleOp module, Value value, bool isUnaligned) {
  auto type = cast<RankedTensorType>(value.getType());
  tile::KernelOp kernel = copyKernel(module, type, isUnaligned, value.getLoc());
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

} // namespace tegula::codegen::host
