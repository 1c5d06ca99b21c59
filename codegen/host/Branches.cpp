// Finds the conditions under which operations of the host function run, from the last to the first.
#include "Branches.h"

using namespace mlir;

namespace tegula::codegen::host {

Value rootOf(Value value) {
  while (auto view = value.getDefiningOp<tile::ViewOp>())
    value = view.getSource();
  return value;
}

// ---- Guards as sums of products ----

static bool contains(const Guard::Term &all, const Guard::Term &some) {
  return llvm::all_of(some, [&](Literal literal) { return llvm::is_contained(all, literal); });
}

/// What two products have in common where they differ in one literal that is true here and false there.
static std::optional<Guard::Term> merged(const Guard::Term &a, const Guard::Term &b) {
  if (a.size() != b.size())
    return std::nullopt;
  Guard::Term common;
  std::optional<Literal> differing;
  for (Literal literal : a) {
    if (llvm::is_contained(b, literal)) {
      common.push_back(literal);
      continue;
    }
    if (differing || !llvm::is_contained(b, Literal{literal.condition, !literal.when}))
      return std::nullopt;
    differing = literal;
  }
  return differing ? std::optional(common) : std::nullopt;
}

void Guard::add(Term term) {
  for (const Term &known : terms)
    if (contains(term, known))
      return;
  llvm::erase_if(terms, [&](const Term &known) { return contains(known, term); });
  for (Term &known : terms)
    if (std::optional<Term> common = merged(known, term)) {
      terms.erase(&known);
      return add(*common);
    }
  terms.push_back(std::move(term));
}

void Guard::add(const Guard &other) {
  for (const Term &term : other.terms)
    add(term);
}

Guard Guard::under(Literal literal) const {
  Guard result;
  for (Term term : terms) {
    if (llvm::is_contained(term, Literal{literal.condition, !literal.when}))
      continue;
    if (!llvm::is_contained(term, literal))
      term.push_back(literal);
    result.add(std::move(term));
  }
  return result;
}

// ---- Guards of a function ----

Guards::Guards(func::FuncOp function) {
  Block &block = function.getBody().front();
  hasChoices = !block.getOps<tile::ChooseOp>().empty();
  if (hasChoices)
    for (Operation &op : llvm::reverse(block))
      update(&op);
}

const Guard &Guards::of(Operation *op) const {
  static const Guard always = Guard::always();
  auto found = guards.find(op);
  return found == guards.end() ? always : found->second;
}

Guard Guards::ofUse(OpOperand &use) const {
  const Guard &guard = of(use.getOwner());
  auto choose = dyn_cast<tile::ChooseOp>(use.getOwner());
  if (!choose || use.getOperandNumber() == 0)
    return guard;
  return guard.under({rootOf(choose.getCondition()), use.getOperandNumber() == 1});
}

void Guards::update(Operation *op) {
  if (op->hasTrait<OpTrait::IsTerminator>())
    return;
  Guard guard;
  for (OpOperand &use : op->getUses())
    guard.add(ofUse(use));
  guards[op] = guard;
}

} // namespace tegula::codegen::host
