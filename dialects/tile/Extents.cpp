// Finds the sizes of tensors inside kernels without new operations, so that stages after fusion never ask a
// tensor for its dimensions.
#include "tegula/dialects/tile/Extents.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

using namespace mlir;

namespace tegula::tile {

static OpFoldResult extentOfArgument(BlockArgument tensor, unsigned dim) {
  Operation *owner = tensor.getOwner()->getParentOp();
  if (auto kernel = dyn_cast<KernelOp>(owner)) {
    int64_t number = kernel.getInputDim(tensor.getArgNumber(), dim);
    return number < 0 ? OpFoldResult() : OpFoldResult(kernel.getSizes()[number]);
  }
  if (auto loop = dyn_cast<scf::ForOp>(owner); loop && tensor.getArgNumber() > 0)
    return extentOf(loop.getInitArgs()[tensor.getArgNumber() - 1], dim);
  return {};
}

OpFoldResult extentOf(Value tensor, unsigned dim) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(dim))
    return Builder(type.getContext()).getIndexAttr(type.getDimSize(dim));
  if (auto argument = dyn_cast<BlockArgument>(tensor))
    return extentOfArgument(argument, dim);
  auto result = cast<OpResult>(tensor);
  Operation *op = result.getOwner();
  if (auto empty = dyn_cast<tensor::EmptyOp>(op))
    return empty.getMixedSizes()[dim];
  if (auto styled = dyn_cast<DestinationStyleOpInterface>(op))
    return extentOf(styled.getTiedOpOperand(result)->get(), dim);
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return extentOf(loop.getInitArgs()[result.getResultNumber()], dim);
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return extentOf(insert.getDest(), dim);
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    for (auto [sourceDim, size] : llvm::enumerate(slice.getMixedSizes()))
      if (!dropped.test(sourceDim) && dim-- == 0)
        return size;
  }
  return {};
}

SmallVector<OpFoldResult> extentsOf(Value tensor) {
  SmallVector<OpFoldResult> extents;
  for (int64_t dim = 0; dim < cast<RankedTensorType>(tensor.getType()).getRank(); ++dim)
    extents.push_back(extentOf(tensor, dim));
  return extents;
}

SmallVector<OpFoldResult> loopExtentsOf(linalg::LinalgOp op) {
  SmallVector<OpFoldResult> extents(op.getNumLoops());
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<RankedTensorType>(operand.get().getType()))
      continue;
    for (auto [dim, expr] : llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults()))
      if (auto loop = dyn_cast<AffineDimExpr>(expr))
        if (OpFoldResult &extent = extents[loop.getPosition()]; !extent || !getConstantIntValue(extent))
          if (OpFoldResult found = extentOf(operand.get(), dim); !extent || getConstantIntValue(found))
            extent = found;
  }
  return extents;
}

bool haveSameExtents(Value a, Value b) {
  SmallVector<OpFoldResult> of = extentsOf(a), other = extentsOf(b);
  return of == other && !llvm::is_contained(of, OpFoldResult());
}

AffineExpr exprOfSize(OpFoldResult size) {
  if (std::optional<int64_t> number = getConstantIntValue(size))
    return getAffineConstantExpr(*number, size.getContext());
  auto value = dyn_cast_if_present<Value>(size);
  if (!value)
    return {};
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto kernel = dyn_cast<KernelOp>(argument.getOwner()->getParentOp());
    return kernel && argument.getArgNumber() >= kernel.getNumInputs()
               ? getAffineSymbolExpr(argument.getArgNumber() - kernel.getNumInputs(), value.getContext())
               : AffineExpr();
  }
  auto apply = value.getDefiningOp<affine::AffineApplyOp>();
  if (!apply)
    return {};
  AffineMap map = apply.getAffineMap();
  SmallVector<AffineExpr> dims, symbols;
  for (auto [number, operand] : llvm::enumerate(apply.getMapOperands())) {
    AffineExpr expr = exprOfSize(operand);
    if (!expr)
      return {};
    (number < map.getNumDims() ? dims : symbols).push_back(expr);
  }
  return map.getResult(0).replaceDimsAndSymbols(dims, symbols);
}

} // namespace tegula::tile
