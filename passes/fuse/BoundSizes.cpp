// Writes on kernels how small and large their sizes can be, because a scheduler sees kernels and not the
// model's symbols: tile.kernel => tile.kernel with tegula.sizes.
#include "tegula/passes/fuse/Passes.h"

#include "tegula/dialects/graph/Dim.h"

#include "llvm/ADT/MapVector.h"

namespace tegula::fuse {
#define GEN_PASS_DEF_BOUNDSIZES
#include "tegula/passes/fuse/Passes.h.inc"
} // namespace tegula::fuse

using namespace mlir;
using namespace tegula;

namespace {

struct BoundSizes : fuse::impl::BoundSizesBase<BoundSizes> {
  /// Lowest and highest value of each size, one after the other.
  using Bounds = SmallVector<int64_t>;

  /// Widens what is known of a kernel by one launch of it.
  void widen(tile::LaunchOp launch, graph::SymbolRanges ranges, Bounds &bounds) {
    bool isFirst = bounds.empty();
    for (auto [number, value] : llvm::enumerate(launch.getSizes())) {
      AffineExpr expr = tile::exprOf(value);
      graph::Dim size = expr ? graph::Dim(expr) : graph::Dim::invalid();
      int64_t lowest = std::max<int64_t>(size.minimum(ranges).value_or(0), 0),
              highest = size.maximum(ranges).value_or(INT64_MAX);
      if (isFirst)
        llvm::append_values(bounds, lowest, highest);
      else {
        bounds[2 * number] = std::min(bounds[2 * number], lowest);
        bounds[2 * number + 1] = std::max(bounds[2 * number + 1], highest);
      }
    }
  }

  void runOnOperation() override {
    llvm::MapVector<Attribute, Bounds> known;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      SmallVector<graph::SymbolRange> ranges = graph::readRanges(function);
      function.walk([&](tile::LaunchOp launch) {
        if (!launch.getSizes().empty())
          widen(launch, ranges, known[launch.getKernelAttr().getAttr()]);
      });
    }
    for (auto kernel : getOperation().getOps<tile::KernelOp>()) {
      auto found = known.find(kernel.getSymNameAttr());
      if (found == known.end())
        continue;
      kernel->setAttr("tegula.sizes", DenseI64ArrayAttr::get(&getContext(), found->second));
      ++numKernelsBounded;
    }
  }
};

} // namespace
