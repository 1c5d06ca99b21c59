// Moves constants that loops capture into their bodies, because a body sees what is handed to it as data:
// graph.loop captured(constant) => graph.loop, and the constant in its body.
#include "tegula/passes/graph/Passes.h"

#include "tegula/dialects/graph/Graph.h"

#include "llvm/ADT/MapVector.h"

namespace tegula::graph {
#define GEN_PASS_DEF_SINKCONSTANTS
#include "tegula/passes/graph/Passes.h.inc"
} // namespace tegula::graph

using namespace mlir;
using namespace tegula::graph;

namespace {

struct SinkConstants : tegula::graph::impl::SinkConstantsBase<SinkConstants> {
  /// The constant that all loops of one body capture at `index`; null where there is none.
  static Operation *constantAt(ArrayRef<LoopOp> loops, unsigned index) {
    Operation *found = nullptr;
    for (LoopOp loop : loops) {
      Operation *op = loop.getCaptured()[index].getDefiningOp();
      if (!op || !op->hasTrait<OpTrait::ConstantLike>() ||
          (found && found->getAttrDictionary() != op->getAttrDictionary()))
        return nullptr;
      found = op;
    }
    return found;
  }

  bool sink(func::FuncOp body, ArrayRef<LoopOp> loops) {
    LoopOp first = loops.front();
    Block &block = body.getBody().front();
    bool isChanged = false;
    unsigned numOthers = block.getNumArguments() - first.getCaptured().size();
    for (unsigned index = first.getCaptured().size(); index-- > 0;) {
      Operation *constant = constantAt(loops, index);
      if (!constant)
        continue;
      OpBuilder builder = OpBuilder::atBlockBegin(&block);
      block.getArgument(numOthers + index).replaceAllUsesWith(builder.clone(*constant)->getResult(0));
      (void)body.eraseArgument(numOthers + index);
      for (LoopOp loop : loops)
        loop.getCapturedMutable().erase(index);
      if (constant->use_empty())
        constant->erase();
      ++numConstantsSunk;
      isChanged = true;
    }
    return isChanged;
  }

  void runOnOperation() override {
    llvm::MapVector<Attribute, SmallVector<LoopOp>> loops;
    auto collect = [&](func::FuncOp function) {
      for (auto loop : function.getOps<LoopOp>())
        loops[loop.getBodyAttr().getAttr()].push_back(loop);
    };
    // What one body is given may be handed on to another one, which is inside of it.
    SmallVector<func::FuncOp> functions(getOperation().getOps<func::FuncOp>());
    llvm::for_each(functions, collect);
    for (bool isChanged = true; isChanged;) {
      isChanged = false;
      for (auto &[name, list] : loops)
        if (auto body = getOperation().lookupSymbol<func::FuncOp>(cast<StringAttr>(name)))
          isChanged |= sink(body, list);
    }
  }
};

} // namespace
