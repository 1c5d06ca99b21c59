// Says as remarks which operations share a kernel and why others do not; it decides nothing.
#include "Remarks.h"

#include "tegula/dialects/graph/Dim.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace tegula::fuse {

constexpr llvm::StringRef category = "fuse";

/// "3072", or "batch * 3072" where symbols decide.
static std::string bytesText(Value value, ArrayRef<std::string> symbols) {
  unsigned bits = graph::tensorType(value).getElementTypeBitWidth();
  return (graph::elementCount(graph::shapeOf(value)) * graph::Dim((bits + 7) / 8)).text(symbols);
}

static std::string nodeOf(Operation *op) {
  auto named = op->getLoc()->findInstanceOf<NameLoc>();
  return named ? named.getName().str() : "";
}

/// What computes a value, and the views through which it is read.
static Operation *producerOf(Value value, SmallVectorImpl<Operation *> &views) {
  Operation *op = value.getDefiningOp();
  while (op && isView(op)) {
    views.push_back(op);
    op = op->getOperand(0).getDefiningOp();
  }
  return op && needsKernel(op) ? op : nullptr;
}

static std::string reasonOf(Operation *producer, Operation *consumer, const Group &group,
                            ArrayRef<Operation *> views, const Refusals &refusals) {
  if (!views.empty())
    return describe(views.front()) + " stands between, which is free where the value is stored";
  auto found = refusals.find({producer, consumer});
  return found == refusals.end() ? whyNotAsked(producer, consumer, group) : found->second;
}

void remarkEdges(func::FuncOp function, ArrayRef<Group> groups, bool fuse, const Refusals &refusals) {
  SmallVector<std::string> symbols = graph::readSymbols(function);
  for (const Group &group : groups) {
    llvm::SmallDenseSet<Operation *> members(group.ops.begin(), group.ops.end());
    llvm::SmallDenseSet<std::pair<Operation *, Operation *>> said;
    for (Operation *consumer : group.ops)
      for (Value operand : consumer->getOperands()) {
        SmallVector<Operation *> views;
        Operation *producer = producerOf(operand, views);
        if (!producer || members.contains(producer) || !said.insert({producer, consumer}).second)
          continue;
        std::string reason = fuse ? reasonOf(producer, consumer, group, views, refusals)
                                  : "every operation has a kernel of its own at -O0";
        remark::missed(consumer->getLoc(), remark::RemarkOpts::name("KeepApart").category(category))
            << remark::metric("Producer", nodeOf(producer))
            << remark::metric("ProducerOp", producer->getName().stripDialect())
            << remark::metric("Consumer", nodeOf(consumer))
            << remark::metric("ConsumerOp", consumer->getName().stripDialect())
            << remark::metric("Bytes", bytesText(operand, symbols)) << remark::reason("{0}", reason);
      }
  }
}

void remarkKernel(tile::KernelOp kernel, func::FuncOp function, const Group &group) {
  if (!kernel.getContext()->getRemarkEngine())
    return;
  SmallVector<std::string> symbols = graph::readSymbols(function);
  std::string operations;
  graph::Dim kept = 0;
  for (Operation *op : group.ops) {
    operations += (operations.empty() ? "" : ", ") + describe(op);
    if (op != group.root())
      kept += graph::elementCount(graph::shapeOf(op->getResult(0))) *
              graph::Dim((graph::tensorType(op->getResult(0)).getElementTypeBitWidth() + 7) / 8);
  }
  remark::passed(kernel.getLoc(), remark::RemarkOpts::name("FormKernel").category(category))
      << remark::metric("Kernel", kernel.getSymName()) << remark::metric("Operations", operations)
      << remark::metric("Anchor", group.anchor ? describe(group.anchor) : std::string("none"))
      << remark::metric("BytesNotStored", kept.text(symbols));
}

} // namespace tegula::fuse
