// The rounds of a greedy rewrite, and what is said where they do not end.
#include "Rewriting.h"

#include "mlir/IR/Operation.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace tegula::graph {

LogicalResult applyToFixpoint(Operation *op, const FrozenRewritePatternSet &patterns) {
  int64_t operations = 0;
  op->walk([&](Operation *) { ++operations; });
  GreedyRewriteConfig config;
  config.setMaxIterations(config.getMaxIterations() + operations);
  if (succeeded(applyPatternsGreedily(op, patterns, config)))
    return success();
  return op->emitError("expected patterns that come to an end, they still match after ")
         << config.getMaxIterations() << " rounds";
}

} // namespace tegula::graph
