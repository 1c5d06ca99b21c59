// Moves padding and reshaping at a kernel's borders out of it: tensor.pad of an input => a kernel before,
// expand and collapse => views.
#include "Bodies.h"
#include "KernelEdit.h"

#include "tegula/passes/fuse/Passes.h"

namespace tegula::fuse {
#define GEN_PASS_DEF_PEELBORDERS
#include "tegula/passes/fuse/Passes.h.inc"
} // namespace tegula::fuse

using namespace mlir;
using namespace tegula;
using namespace tegula::fuse;

namespace {

/// Writes the kernel that does what `pad`, whose sizes are known, does.
tile::KernelOp createPadKernel(tile::KernelOp kernel, tensor::PadOp pad, int64_t number) {
  OpBuilder builder(kernel->getContext());
  builder.setInsertionPointAfter(kernel);
  std::string name = (kernel.getSymName() + "_pad" + (number ? "_" + Twine(number) : Twine())).str();
  auto created = tile::KernelOp::create(builder, pad.getLoc(), name,
                                        builder.getFunctionType(pad.getSource().getType(), pad.getType()));
  if (Attribute nodes = kernel->getAttr("tegula.nodes"))
    created->setAttr("tegula.nodes", nodes);
  builder.setInsertionPointToEnd(&created.getBlock());
  TensorKit kit(builder, pad.getLoc(), /*sizes=*/nullptr);
  Value outside = builder.clone(*pad.getConstantPaddingValue().getDefiningOp())->getResult(0);
  Value result = padByIndex(kit, pad.getType(), created.getInputs()[0], pad.getStaticLow(), outside);
  tile::YieldOp::create(builder, pad.getLoc(), result);
  return created;
}

/// Paddings of unknown sizes are written as generics at once.
bool hasConstantPad(tensor::PadOp pad) {
  Value value = pad.getConstantPaddingValue();
  auto fixed = [](ArrayRef<int64_t> amounts) {
    return llvm::all_of(amounts, [](int64_t amount) { return amount >= 0; });
  };
  return value && pad.getType().hasStaticShape() && value.getDefiningOp<arith::ConstantOp>() &&
         fixed(pad.getStaticLow()) && fixed(pad.getStaticHigh());
}

/// The size arguments of `to`, which is `from` with known dimensions split or joined; nothing where unknown
/// ones are among those.
std::optional<SmallVector<int64_t>> carryDims(ArrayRef<int64_t> from, RankedTensorType to) {
  SmallVector<int64_t> unknown(llvm::make_filter_range(from, [](int64_t number) { return number >= 0; }));
  if (unknown.size() != size_t(to.getNumDynamicDims()))
    return std::nullopt;
  SmallVector<int64_t> dims;
  auto *next = unknown.begin();
  for (int64_t size : to.getShape())
    dims.push_back(ShapedType::isDynamic(size) ? *next++ : -1);
  return dims;
}

/// Whether a reshape leaves unknown dimensions alone.
bool keepsUnknownDims(RankedTensorType expanded, ArrayRef<ReassociationIndices> groups) {
  return llvm::all_of(groups, [&](const ReassociationIndices &group) {
    return group.size() == 1 || llvm::none_of(group, [&](int64_t dim) { return expanded.isDynamicDim(dim); });
  });
}

struct PeelBorders : fuse::impl::PeelBordersBase<PeelBorders> {
  void runOnOperation() override {
    Launches launches = findLaunches(getOperation());
    for (auto kernel : llvm::make_early_inc_range(getOperation().getOps<tile::KernelOp>())) {
      peelInputs(kernel, launches);
      peelResult(kernel, launches);
    }
  }

  void peelInputs(tile::KernelOp kernel, Launches &launches) {
    int64_t numPads = 0;
    for (Operation &op : llvm::make_early_inc_range(kernel.getBlock().without_terminator())) {
      auto input = op.getNumOperands() ? dyn_cast<BlockArgument>(op.getOperand(0)) : BlockArgument();
      if (!input)
        continue;
      unsigned number = input.getArgNumber();
      BlockArgument replaced;
      if (auto pad = dyn_cast<tensor::PadOp>(op); pad && hasConstantPad(pad)) {
        tile::KernelOp padKernel = createPadKernel(kernel, pad, numPads++);
        auto symbol = FlatSymbolRefAttr::get(padKernel.getSymNameAttr());
        SmallVector<int64_t> known(pad.getType().getRank(), -1);
        replaced =
            addInput(kernel, launches, pad.getType(), known, [&](OpBuilder &builder, tile::LaunchOp launch) {
              return tile::LaunchOp::create(builder, pad.getLoc(), pad.getType(), symbol,
                                            launch.getInputs()[number])
                  .getResult(0);
            });
        ++numPadsPeeled;
      } else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op);
                 expand &&
                 keepsUnknownDims(tensorType(expand.getResult()), expand.getReassociationIndices())) {
        auto dims =
            carryDims(dimsOfTensor(kernel, number, tensorType(input)), tensorType(expand.getResult()));
        replaced = addInput(kernel, launches, tensorType(expand.getResult()), *dims,
                            [&](OpBuilder &builder, tile::LaunchOp launch) {
                              return builder.createOrFold<tile::ViewOp>(expand.getLoc(), expand.getType(),
                                                                        launch.getInputs()[number],
                                                                        sizesOfTensor(launch, *dims));
                            });
        ++numReshapesPeeled;
      }
      if (!replaced)
        continue;
      op.getResult(0).replaceAllUsesWith(replaced);
      op.erase();
    }
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(kernel.getBlock())))
      if (isOpTriviallyDead(&op)) // padding values
        op.erase();
    dropUnusedInputs(kernel, launches);
  }

  void peelResult(tile::KernelOp kernel, Launches &launches) {
    Operation *yield = kernel.getBlock().getTerminator();
    auto collapse =
        yield->getNumOperands() ? yield->getOperand(0).getDefiningOp<tensor::CollapseShapeOp>() : nullptr;
    if (!collapse || !keepsUnknownDims(tensorType(collapse.getSrc()), collapse.getReassociationIndices()))
      return;
    SmallVector<SmallVector<int64_t>> dims;
    for (BlockArgument input : kernel.getInputs())
      dims.push_back(dimsOfTensor(kernel, dims.size(), tensorType(input)));
    dims.push_back(*carryDims(dimsOfTensor(kernel, dims.size(), tensorType(collapse.getResult())),
                              tensorType(collapse.getSrc())));
    yield->setOperand(0, collapse.getSrc());
    if (collapse->use_empty())
      collapse.erase();
    adoptBodyType(kernel, launches, dims);
    ++numReshapesPeeled;
  }
};

} // namespace
