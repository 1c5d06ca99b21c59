// Which launches of a host function run under which conditions. It exists because branches have no region of
// their own: what only one side of a tile.choose needs is found by who asks for it.
#pragma once

#include "tegula/dialects/tile/Tile.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace tegula::codegen::host {

/// The value whose buffer `value` is a view of.
mlir::Value rootOf(mlir::Value value);

/// A condition's buffer, and what it must hold.
struct Literal {
  mlir::Value condition;
  bool when;
  friend bool operator==(const Literal &, const Literal &) = default;
};

/// A sum of products of literals: when something runs. One empty product is always.
class Guard {
public:
  using Term = llvm::SmallVector<Literal, 2>;
  static Guard always() { return Guard({Term()}); }
  Guard() = default; ///< never

  bool isAlways() const { return terms.size() == 1 && terms.front().empty(); }
  bool isNever() const { return terms.empty(); }
  llvm::ArrayRef<Term> products() const { return terms; }
  void add(const Guard &other);
  Guard under(Literal literal) const;
  friend bool operator==(const Guard &, const Guard &) = default;

private:
  explicit Guard(llvm::SmallVector<Term, 1> terms) : terms(std::move(terms)) {}
  void add(Term term);

  llvm::SmallVector<Term, 1> terms;
};

/// The guards of all operations of a host function, as they are demanded.
class Guards {
public:
  explicit Guards(mlir::func::FuncOp function);
  /// Whether there are branches at all.
  bool any() const { return hasChoices; }
  const Guard &of(mlir::Operation *op) const;
  /// When a value is asked for by one of its uses.
  Guard ofUse(mlir::OpOperand &use) const;
  /// Computes the guard of an operation anew from its users.
  void update(mlir::Operation *op);

private:
  bool hasChoices = false;
  llvm::DenseMap<mlir::Operation *, Guard> guards;
};

} // namespace tegula::codegen::host
