// Writes the loop over groups of threads around what a derived emitter has a group do.
#include "GridEmitter.h"

#include "tegula/dialects/tile/Extents.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace tegula::codegen::ptx {

GridEmitter::GridEmitter(tile::KernelOp kernel, int64_t lanes)
    : LaneEvaluator(OpBuilder(kernel.getBlock().getTerminator()), kernel.getLoc(), lanes), kernel(kernel),
      numbers(builder, loc), root(kernel.getBlock().getTerminator()->getOperand(0)) {
  for (Operation &op : kernel.getBlock())
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
      group.push_back(linalgOp);
}

LogicalResult GridEmitter::emit() {
  SmallVector<Number> shape = tile::extentsOf(root);
  if (llvm::is_contained(shape, Number()))
    return refuseSizes();
  FailureOr<Groups> groups = countGroups();
  if (failed(groups))
    return failure();
  Value empty =
      tensor::EmptyOp::create(builder, loc, shape, cast<RankedTensorType>(root.getType()).getElementType());
  auto grid = scf::ForOp::create(builder, loc, index(0), numbers.value(groups->count), index(1), empty);
  grid->setAttr("tile.grid", builder.getUnitAttr());
  if (!getConstantIntValue(groups->count))
    grid->setAttr("tile.cells", AffineMapAttr::get(AffineMap::get(0, kernel.getNumSizes(), groups->expr)));
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(grid.getBody());
    dest = grid.getRegionIterArg(0);
    if (failed(emitGroup(grid.getInductionVar())))
      return failure();
    scf::YieldOp::create(builder, loc, dest);
  }
  kernel.getBlock().getTerminator()->setOperand(0, grid.getResult(0));
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(kernel.getBlock())))
    if (isOpTriviallyDead(&op))
      op.erase();
  return success();
}

Value GridEmitter::threadId(int64_t threads) {
  auto range = builder.getAttr<LLVM::ConstantRangeAttr>(APInt(32, 0), APInt(32, threads));
  Value id = NVVM::ThreadIdXOp::create(builder, loc, builder.getI32Type(), range);
  return arith::IndexCastUIOp::create(builder, loc, builder.getIndexType(), id);
}

} // namespace tegula::codegen::ptx
