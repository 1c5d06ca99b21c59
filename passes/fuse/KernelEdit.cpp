// Rewrites launches after their kernel's inputs or results have changed.
#include "KernelEdit.h"

using namespace mlir;

namespace tegula::fuse {

Launches findLaunches(ModuleOp module) {
  Launches launches;
  module.walk([&](tile::LaunchOp launch) { launches[launch.getKernelAttr().getAttr()].push_back(launch); });
  return launches;
}

static void setInputs(tile::KernelOp kernel) {
  kernel.setFunctionType(FunctionType::get(kernel.getContext(), kernel.getBlock().getArgumentTypes(),
                                           kernel.getFunctionType().getResults()));
}

BlockArgument addInput(tile::KernelOp kernel, Launches &launches, Type type, OperandFn operand) {
  for (tile::LaunchOp launch : launches[kernel.getSymNameAttr()]) {
    OpBuilder builder(launch);
    Value added = operand(builder, launch.getInputs());
    launch.getInputsMutable().append(added);
  }
  BlockArgument argument = kernel.getBlock().addArgument(type, kernel.getLoc());
  setInputs(kernel);
  return argument;
}

void dropUnusedInputs(tile::KernelOp kernel, Launches &launches) {
  Block &block = kernel.getBlock();
  for (unsigned i = block.getNumArguments(); i-- > 0;) {
    if (!block.getArgument(i).use_empty())
      continue;
    block.eraseArgument(i);
    for (tile::LaunchOp launch : launches[kernel.getSymNameAttr()])
      launch.getInputsMutable().erase(i);
  }
  setInputs(kernel);
}

void adoptBodyType(tile::KernelOp kernel, Launches &launches) {
  Block &block = kernel.getBlock();
  TypeRange inputs = block.getArgumentTypes(), results = block.getTerminator()->getOperandTypes();
  kernel.setFunctionType(FunctionType::get(kernel.getContext(), inputs, results));
  for (tile::LaunchOp &launch : launches[kernel.getSymNameAttr()]) {
    OpBuilder builder(launch);
    SmallVector<Value> operands;
    for (auto [operand, type] : llvm::zip_equal(launch.getInputs(), inputs))
      operands.push_back(builder.createOrFold<tile::ViewOp>(launch.getLoc(), type, operand));
    auto renewed =
        tile::LaunchOp::create(builder, launch.getLoc(), results, launch.getKernelAttr(), operands);
    renewed->setDiscardableAttrs(launch->getDiscardableAttrDictionary());
    for (auto [before, after] : llvm::zip_equal(launch.getResults(), renewed.getResults()))
      before.replaceAllUsesWith(builder.createOrFold<tile::ViewOp>(launch.getLoc(), before.getType(), after));
    launch.erase();
    launch = renewed;
  }
}

} // namespace tegula::fuse
