// Keeps one of several equal kernels: launches of the others => launches of the first. A model repeats its
// blocks; their code need not.
#include "tegula/passes/fuse/Passes.h"

#include "mlir/IR/OperationSupport.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

#include <unordered_map>

namespace tegula::fuse {
#define GEN_PASS_DEF_DEDUPLICATEKERNELS
#include "tegula/passes/fuse/Passes.h.inc"
} // namespace tegula::fuse

using namespace mlir;
using namespace tegula;

namespace {

/// A number that equal bodies share: of operation names, attributes and types, in order.
llvm::hash_code hashBody(tile::KernelOp kernel) {
  llvm::hash_code hash = llvm::hash_combine(kernel.getFunctionTypeAttr(), kernel.getDimsAttr());
  kernel.getBody().walk([&](Operation *op) {
    hash = llvm::hash_combine(hash, op->getName(), op->getAttrDictionary());
    for (Type type : op->getResultTypes())
      hash = llvm::hash_combine(hash, type);
  });
  return hash;
}

bool isEqual(tile::KernelOp x, tile::KernelOp y) {
  return x.getFunctionType() == y.getFunctionType() && x.getDimsAttr() == y.getDimsAttr() &&
         x.getScheduleAttr() == y.getScheduleAttr() &&
         OperationEquivalence::isRegionEquivalentTo(&x.getBody(), &y.getBody(),
                                                    OperationEquivalence::IgnoreLocations);
}

constexpr llvm::StringLiteral nodesAttr = "tegula.nodes";

/// The names of the model's nodes that kernels compute, those of all their launches.
class Names {
public:
  void merge(tile::KernelOp kept, tile::KernelOp removed) {
    llvm::SetVector<Attribute> &names = ofKept[kept];
    if (names.empty())
      add(names, kept);
    add(names, removed);
  }
  void write() {
    for (auto &[kernel, names] : ofKept)
      if (!names.empty())
        kernel->setAttr(nodesAttr, ArrayAttr::get(kernel->getContext(), names.getArrayRef()));
  }

private:
  static void add(llvm::SetVector<Attribute> &names, tile::KernelOp kernel) {
    if (auto nodes = kernel->getAttrOfType<ArrayAttr>(nodesAttr))
      names.insert(nodes.begin(), nodes.end());
  }

  llvm::MapVector<Operation *, llvm::SetVector<Attribute>> ofKept;
};

struct DeduplicateKernels : fuse::impl::DeduplicateKernelsBase<DeduplicateKernels> {
  void runOnOperation() override {
    std::unordered_map<size_t, SmallVector<tile::KernelOp, 1>> kernels;
    llvm::DenseMap<Attribute, FlatSymbolRefAttr> replacements;
    Names names;
    for (auto kernel : llvm::make_early_inc_range(getOperation().getOps<tile::KernelOp>())) {
      SmallVector<tile::KernelOp, 1> &candidates = kernels[hashBody(kernel)];
      auto *same = llvm::find_if(candidates, [&](tile::KernelOp other) { return isEqual(other, kernel); });
      if (same == candidates.end()) {
        candidates.push_back(kernel);
        continue;
      }
      names.merge(*same, kernel);
      replacements[kernel.getSymNameAttr()] = FlatSymbolRefAttr::get(same->getSymNameAttr());
      kernel.erase();
      ++numKernelsRemoved;
    }
    names.write();
    getOperation().walk([&](tile::LaunchOp launch) {
      if (FlatSymbolRefAttr kept = replacements.lookup(launch.getKernelAttr().getAttr()))
        launch.setKernelAttr(kept);
    });
  }
};

} // namespace
