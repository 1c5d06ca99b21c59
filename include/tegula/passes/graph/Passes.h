// Declares the graph stage for the driver and tegula-opt.
#pragma once

#include <functional>

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

#include "tegula/dialects/graph/Graph.h"

namespace tegula::graph {

/// Computes a module whose @main takes nothing, in process, with the compiler's own -O0 code; one value a
/// result, in their order. A room above gives it to the graph stage, because passes do not know code
/// generators.
using ConstantEvaluator =
    std::function<mlir::LogicalResult(mlir::ModuleOp, llvm::SmallVectorImpl<mlir::DenseElementsAttr> &)>;

struct GraphOptions {
  int optLevel = 2; ///< 0: only dead code goes; 2: everything
  ConstantEvaluator
      evaluate; ///< without one, constants are only moved (reshaped, transposed), never computed
  bool keepDenormals =
      false; ///< constants are flushed where they are written; folding itself computes as the model will run
};

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "tegula/passes/graph/Passes.h.inc"

/// FoldConstants with an evaluator; the generated createFoldConstants() has none.
std::unique_ptr<mlir::Pass> createFoldConstants(ConstantEvaluator evaluate);

/// After it: graph operations only; at -O2 constants are folded and every image has one layout, chosen for
/// the whole graph.
void populateGraphPipeline(mlir::OpPassManager &pm, const GraphOptions &options);

/// Registers every pass of the stage, with an evaluator for FoldConstants, and the pipeline `tegula-graph`.
void registerGraphPasses(const ConstantEvaluator &evaluate);

} // namespace tegula::graph
