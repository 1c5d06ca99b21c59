// Moves what only one side of a choice needs behind the choice's condition, so that the host function can
// branch around it.
#include "tegula/codegen/host/Passes.h"

#include "Branches.h"

using namespace mlir;

namespace tegula::codegen::host {
#define GEN_PASS_DEF_SINKBRANCHES
#include "tegula/codegen/host/Passes.h.inc"

namespace {

class Sinker {
public:
  explicit Sinker(func::FuncOp function) : block(function.getBody().front()), guards(function) {}

  void run() {
    if (!guards.any())
      return;
    SmallVector<Operation *> order =
        llvm::map_to_vector(llvm::reverse(block), [](Operation &op) { return &op; });
    for (Operation *op : order)
      if (isa<tile::LaunchOp, tile::LoopOp, tile::ViewOp, tile::ChooseOp>(op))
        sink(op);
  }

private:
  /// The last operation that computes a condition of `guard`, where that is `op` or comes later.
  static Operation *lastCondition(const Guard &guard, Operation *op) {
    Operation *last = nullptr;
    for (const Guard::Term &term : guard.products())
      for (const Literal &literal : term) {
        Operation *condition = literal.condition.getDefiningOp();
        if (condition && !condition->isBeforeInBlock(op) && (!last || last->isBeforeInBlock(condition)))
          last = condition;
      }
    return last;
  }

  void sink(Operation *op) {
    guards.update(op); // users may have moved, and became others
    while (Operation *condition = lastCondition(guards.of(op), op)) {
      auto isLate = [&](OpOperand &use) { return condition->isBeforeInBlock(use.getOwner()); };
      auto uses = llvm::make_pointer_range(op->getUses());
      if (llvm::all_of(op->getUses(), isLate)) {
        op->moveAfter(condition);
        return;
      }
      if (llvm::none_of(op->getUses(), isLate))
        return;
      // Some need it before the condition is known: they have their own, which runs when they do.
      SmallVector<OpOperand *> late =
          llvm::filter_to_vector(uses, [&](OpOperand *use) { return isLate(*use); });
      Operation *copy = op->clone();
      block.getOperations().insertAfter(condition->getIterator(), copy);
      for (OpOperand *use : late)
        use->set(copy->getResult(llvm::cast<OpResult>(use->get()).getResultNumber()));
      guards.update(copy);
      guards.update(op);
    }
  }

  Block &block;
  Guards guards;
};

struct SinkBranches : impl::SinkBranchesBase<SinkBranches> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal())
        Sinker(function).run();
  }
};

} // namespace
} // namespace tegula::codegen::host
