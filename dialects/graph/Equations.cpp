// Finds the slope of a sum of sizes by its values at two places.
#include "tegula/dialects/graph/Equations.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace tegula::graph {

std::optional<Root> rootOf(Dim sum, MLIRContext *context) {
  std::optional<unsigned> only;
  for (unsigned symbol = 0; symbol < sum.numSymbols(); ++symbol)
    if (sum.expr(context).isFunctionOfSymbol(symbol)) {
      if (only)
        return std::nullopt;
      only = symbol;
    }
  if (!only)
    return std::nullopt;
  llvm::SmallVector<int64_t> at(*only + 1, 0);
  std::optional<int64_t> rest = sum.evaluate(at);
  at.back() = 1;
  std::optional<int64_t> next = sum.evaluate(at);
  int64_t slope = 0;
  if (!rest || !next || *rest == INT64_MIN || llvm::SubOverflow(*next, *rest, slope) || slope == 0 ||
      slope == INT64_MIN || !(sum == Dim::symbol(*only, context) * slope + *rest))
    return std::nullopt;
  bool hasRoot = *rest % slope == 0 && -*rest / slope >= 1;
  return Root{*only, hasRoot ? std::optional(-*rest / slope) : std::nullopt};
}

} // namespace tegula::graph
