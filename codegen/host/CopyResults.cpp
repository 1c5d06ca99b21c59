// Copies inputs, constants and repeated values that @main returns: return %x => return of a launch that
// copies %x. It exists so that the memory plan may write every result straight into the caller's buffer.
#include "tegula/codegen/host/Passes.h"

#include "Branches.h"
#include "CopyKernel.h"

#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;

namespace tegula::codegen::host {
#define GEN_PASS_DEF_COPYRESULTS
#include "tegula/codegen/host/Passes.h.inc"

/// Whether a value is computed in the buffer that its user says. What a loop has carried is not.
static bool isComputed(Value root) {
  auto result = dyn_cast<OpResult>(root);
  if (auto loop = result ? dyn_cast<tile::LoopOp>(result.getOwner()) : tile::LoopOp())
    return loop.isStacked(result);
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
