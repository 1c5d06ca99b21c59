// Gives kernels their constant operands in panels, because a micro-kernel wants to stream its weights in the
// order it uses them: plain operand + tile.launch => tile.pack + tile.launch, and tile.unpack inside the
// kernel.
#include "tegula/passes/tile/Passes.h"

#include "Launches.h"

using namespace mlir;

namespace tegula::tile {
#define GEN_PASS_DEF_PACKOPERANDS
#include "tegula/passes/tile/Passes.h.inc"

namespace {

/// `[J, plain..., width]`, as tile.pack defines it.
RankedTensorType packedType(RankedTensorType plain, int64_t width) {
  SmallVector<int64_t> shape{static_cast<int64_t>(llvm::divideCeil(plain.getShape().back(), width))};
  llvm::append_range(shape, plain.getShape().drop_back());
  shape.push_back(width);
  return RankedTensorType::get(shape, plain.getElementType());
}

struct PackOperands : impl::PackOperandsBase<PackOperands> {
  using PackOperandsBase::PackOperandsBase;

  /// Packs one operand of `kernel` and of all its launches.
  void pack(KernelOp kernel, ArrayRef<LaunchOp> launches, unsigned arg, int64_t width) {
    auto plain = cast<RankedTensorType>(kernel.getInputs()[arg].getType());
    RankedTensorType packed = packedType(plain, width);

    OpBuilder builder = OpBuilder::atBlockBegin(&kernel.getBlock());
    BlockArgument input = kernel.getInputs()[arg];
    input.setType(packed);
    auto unpack = UnpackOp::create(builder, kernel.getLoc(), plain, input);
    input.replaceAllUsesExcept(unpack.getResult(), unpack);
    kernel.setFunctionType(FunctionType::get(&getContext(), kernel.getBlock().getArgumentTypes(),
                                             kernel.getFunctionType().getResults()));
    if (ArrayAttr dims = kernel.getDimsAttr()) { // a constant's sizes are all known
      SmallVector<Attribute> tensors(dims.getValue());
      tensors[arg] = builder.getDenseI64ArrayAttr(SmallVector<int64_t>(packed.getRank(), -1));
      kernel.setDimsAttr(builder.getArrayAttr(tensors));
    }
    for (LaunchOp launch : launches) {
      builder.setInsertionPoint(launch);
      Value operand = launch.getInputs()[arg];
      launch.getInputsMutable()[arg].set(PackOp::create(builder, launch.getLoc(), packed, operand));
    }
    ++numOperandsPacked;
  }

  void runOnOperation() override {
    auto launches = launchesByKernel(getOperation());
    for (auto kernel : getOperation().getOps<KernelOp>()) {
      sched::ScheduleAttr schedule = kernel.getSched();
      if (!schedule)
        continue;
      for (sched::LevelAttr entry : schedule.getPack()) {
        if (entry.getDim() >= kernel.getInputs().size()) {
          kernel.emitOpError("expected the schedule to pack one of the kernel's ")
              << kernel.getInputs().size() << " inputs, got number " << entry.getDim();
          return signalPassFailure();
        }
        auto plain = cast<RankedTensorType>(kernel.getInputs()[entry.getDim()].getType());
        if (plain.getRank() < 1 || entry.getSize() > plain.getShape().back()) {
          kernel.emitOpError("expected a panel width of at most the operand's last dimension, got ")
              << entry.getSize();
          return signalPassFailure();
        }
        // Packing at run time would cost what it gains: only constants are laid out anew.
        if (llvm::all_of(launches[kernel],
                         [&](LaunchOp l) { return isConstant(l.getInputs()[entry.getDim()]); }))
          pack(kernel, launches[kernel], entry.getDim(), entry.getSize());
      }
    }
  }
};

} // namespace
} // namespace tegula::tile
