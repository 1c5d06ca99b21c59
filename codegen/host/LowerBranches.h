// Writes the host function's branches: flags of conditions, jumps around launches that nobody asks for, and
// the checks of what a branch assumes of sizes.
#pragma once

#include "Branches.h"
#include "Sizes.h"
#include "tegula/codegen/host/Host.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace tegula::codegen::host {

class BranchWriter {
public:
  /// Where code goes, and how a place becomes an address there.
  struct Target {
    mlir::OpBuilder &builder;
    mlir::LLVM::LLVMFuncOp entry;
    SizeWriter &sizes;
    std::function<mlir::Value(mlir::Value)> addressOf;
  };
  BranchWriter(mlir::func::FuncOp main, std::vector<artifact::Check> &checks)
      : main(main), guards(main), checks(checks) {}

  bool any() const { return guards.any(); }
  /// At the start of the entry function, where `computed` has been written.
  void start(Target target);
  /// What is written next runs when `op` does.
  void enter(mlir::Operation *op) { enter(guards.of(op)); }
  /// What is written next runs always.
  void leave() { enter(Guard::always()); }
  /// Behind an operation: reads the conditions that it computes, and checks what follows from them.
  void settle(mlir::Operation *op);

private:
  struct SideCheck {
    Guard guard;
    graph::Requirement::Kind kind;
    graph::Dim lhs, rhs;
    artifact::Check check;
  };
  void collectChecks();
  void addCheck(SideCheck check);
  void enter(const Guard &guard);
  mlir::Value holds(const Guard &guard);
  bool isKnown(const Guard &guard) const;
  void readFlag(mlir::Value condition);
  void writeCheck(const SideCheck &check);
  mlir::Value constant(mlir::Type type, int64_t value);
  mlir::Value callback(int64_t number);

  mlir::func::FuncOp main;
  Guards guards;
  std::vector<artifact::Check> &checks;
  std::optional<Target> target;
  Guard current = Guard::always();
  mlir::Block *next = nullptr;                     ///< where code goes on behind the branch
  llvm::MapVector<mlir::Value, mlir::Value> flags; ///< of each condition
  llvm::DenseSet<mlir::Value> known;               ///< conditions that have been read
  llvm::SmallVector<SideCheck> pending;
};

} // namespace tegula::codegen::host
