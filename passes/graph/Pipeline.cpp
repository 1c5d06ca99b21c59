// Assembles the graph stage, so that driver and tests run the same passes in the same order.
#include "tegula/passes/graph/Passes.h"

#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void tegula::graph::populateGraphPipeline(OpPassManager &pm, const GraphOptions &options) {
  auto add = [&](std::unique_ptr<Pass> pass) { pm.addNestedPass<func::FuncOp>(std::move(pass)); };
  // Common subexpressions and dead code.
  add(createCSEPass());
  pm.addPass(createSymbolDCEPass()); // bodies of loops that nothing asks for
  if (options.optLevel == 0)
    return;
  add(createSplitBodies());
  add(createSimplifyMovement());
  add(createMergeConcats());
  add(createSimplifyArithmetic());
  pm.addPass(createFoldConstants(options.evaluate));
  pm.addPass(createSinkConstants());
  // What was computed may be neutral, equal or a scalar.
  add(createSimplifyArithmetic());
  add(createSimplifyMovement());
  add(createCSEPass());
  add(createFuseLayerNorm());
  add(createFoldAffineIntoConv());
  add(createHoistSlices());
  add(createAssignLayout());
  add(createCSEPass());
  add(createSimplifyMovement());
  add(createMergeConcats());
  add(createExplicitPadding());
  // Pads may have met pads of the model.
  add(createSimplifyMovement());
  // New filters, and constants in new layouts.
  pm.addPass(createFoldConstants(options.evaluate));
  pm.addPass(createSinkConstants());
  // Late: numbers that count places are computed where they are used, not folded into tables.
  add(createExpandArgReduce());
  add(createCSEPass());
}

void tegula::graph::registerGraphPasses(const ConstantEvaluator &evaluate) {
  registerSimplifyMovement();
  registerMergeConcats();
  registerSimplifyArithmetic();
  registerFuseLayerNorm();
  registerFoldAffineIntoConv();
  registerHoistSlices();
  registerSplitBodies();
  registerAssignLayout();
  registerExplicitPadding();
  registerExpandArgReduce();
  registerSinkConstants();
  registerPass([evaluate] { return createFoldConstants(evaluate); });
  PassPipelineRegistration<>("tegula-graph", "the graph stage at -O2", [evaluate](OpPassManager &pm) {
    GraphOptions options;
    options.evaluate = evaluate;
    populateGraphPipeline(pm, options);
  });
}
