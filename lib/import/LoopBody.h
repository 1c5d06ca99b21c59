// Collects the steps of a loop: what is built between begin and end becomes a function of its own, as far as
// it depends on the step.
#pragma once

#include "Ops.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tegula::importer {

/// So few steps are written out: their code is about as short as that of a loop, and constants can be folded
/// into the first.
inline constexpr int64_t kMaxWrittenOut = 4;

/// What one step gives.
struct StepResults {
  Value going; ///< whether another step may follow; null where nothing ends the loop but its count
  llvm::SmallVector<Value> carried, stacked;
  llvm::SmallVector<int64_t> histories; ///< carried values whose values after each step are results too
};

/// A loop whose step is being built at the builder's place. What does not depend on the step stays there; it
/// is computed once.
class LoopBody {
public:
  /// `scanned` are taken slice by slice along their first dimension.
  LoopBody(Ops &ops, llvm::ArrayRef<Value> carried, llvm::ArrayRef<Value> scanned);
  LoopBody(const LoopBody &) = delete;
  /// Forgets what was built unless finish was called.
  ~LoopBody();

  Value carried(size_t index) { return block().getArgument(index); }
  Value scanned(size_t index) { return block().getArgument(initial.size() + index); }

  /// Leaves out a carried value or a slice that the step does not use.
  void forget(Value argument);

  /// The results of `count` steps: of graph.loop. `isReversed` says that slices are taken and given from the
  /// last to the first. Null values where the step could not be built.
  llvm::SmallVector<Value> finish(Value count, StepResults step, bool isReversed = false);
  llvm::SmallVector<Value> finish(Value count, StepResults step, llvm::ArrayRef<bool> reversed);

private:
  mlir::Block &block() { return function.getBody().front(); }
  llvm::SmallVector<mlir::Operation *> dependents();
  Value inside(Value value);

  Ops &ops;
  llvm::SmallVector<Value> initial, slices, captured;
  mlir::func::FuncOp function;
  mlir::Operation *before;                  ///< the last operation in front of the step
  llvm::DenseMap<Value, Value> insideForms; ///< of values from outside
  mlir::Operation *lastConstant = nullptr;
};

} // namespace tegula::importer
