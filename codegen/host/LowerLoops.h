// Writes the host function's loops: a call of the body's own function a step, with the addresses of its
// slices and of the tensors that steps hand on.
#pragma once

#include "Sizes.h"
#include "tegula/codegen/host/Host.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace tegula::codegen::host {

class LoopWriter {
public:
  /// Where code goes, and how a place becomes an address there.
  struct Target {
    mlir::OpBuilder &builder;
    mlir::LLVM::LLVMFuncOp entry;
    SizeWriter &sizes;
    std::function<mlir::Value(const Place &)> addressOf;
    std::function<std::string(mlir::func::FuncOp)> nameOf; ///< of the code of a body
  };
  LoopWriter(mlir::func::FuncOp main, const MemoryPlan &plan) : main(main), plan(plan) {}

  bool any() const { return !plan.loops.empty(); }
  /// At the start of the entry function: makes room for addresses.
  void start(Target target);
  /// Computes what code inside of loops would compute where it is not known to the code behind them.
  void writeSizes();
  void write(tile::LoopOp loop);
  /// The place that holds the address of what a loop has carried.
  mlir::Value holder(int64_t number);

private:
  /// Tensors of slices: where the first lies, how far it is to the next, and whether the last is taken first.
  struct Slices {
    mlir::Value base, stride;
    bool isReversed;
  };
  /// What one loop's steps have in common.
  struct Loop {
    tile::LoopOp op;
    mlir::Value count, inputs, outputs;
    llvm::SmallVector<Slices> scanned, stacked;
    llvm::SmallVector<std::optional<std::pair<mlir::Value, mlir::Value>>> buffers;
    mlir::Value going, arena;
  };
  mlir::Value constant(mlir::Type type, int64_t value);
  mlir::Value address(mlir::Type element, mlir::Value base, mlir::Value offset);
  mlir::Value place(mlir::Value array, int64_t index);
  mlir::Value load(mlir::Value from);
  void store(mlir::Value value, mlir::Value to);
  mlir::Value addressOfTensor(mlir::Value tensor);
  mlir::Value readByte(mlir::Value from);
  mlir::Value readCount(mlir::Value from);
  graph::Dim strideOf(mlir::Value tensor);
  Slices slicesOf(mlir::Value tensor, bool isReversed);
  mlir::Value slice(const Loop &loop, const Slices &slices, mlir::Value step);
  Loop prepare(tile::LoopOp op);
  void writeStep(const Loop &loop, mlir::Value step, mlir::Block *next, mlir::Block *done);
  mlir::Value call(const Loop &loop);

  mlir::func::FuncOp main;
  const MemoryPlan &plan;
  std::optional<Target> target;
  mlir::Value holders;
  llvm::DenseMap<mlir::Operation *, std::pair<mlir::Value, mlir::Value>> arrays; ///< of inputs, of outputs
  mlir::SymbolTableCollection symbols;
};

} // namespace tegula::codegen::host
