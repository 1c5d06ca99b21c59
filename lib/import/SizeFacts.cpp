// Collects what an import assumed of sizes and turns equations into what the next import takes for granted.
#include "Ops.h"

using namespace mlir;

namespace tegula::importer {

void SizeFacts::require(graph::Requirement requirement) {
  bool isImplied = requirement.kind == graph::Requirement::Kind::Equal &&
                   representative(requirement.lhs) == representative(requirement.rhs);
  bool isKnown = llvm::any_of(requirements, [&](const graph::Requirement &known) {
    return known.kind == requirement.kind && known.lhs == requirement.lhs && known.rhs == requirement.rhs;
  });
  if (!isImplied && !isKnown)
    requirements.push_back(std::move(requirement));
}

Dim SizeFacts::representative(Dim size) const {
  if (size.isStatic())
    return size;
  size = size.substitute(meanings);
  for (auto [from, to] : equal)
    if (size == from)
      size = to;
  return size;
}

/// The symbol that an equation gives as a sum of others, and that sum: of the highest symbol that occurs once
/// and as itself, where the sum is at least 1 as symbols are.
static std::optional<std::pair<unsigned, Dim>> solve(Dim lhs, Dim rhs, MLIRContext *context) {
  Dim difference = lhs - rhs;
  for (unsigned symbol = difference.numSymbols(); symbol-- > 0;) {
    Dim self = Dim::symbol(symbol, context);
    for (bool isNegated : {false, true}) {
      Dim solution = isNegated ? self + difference : self - difference;
      if (graph::surelyAtMost(1, solution) && !solution.expr(context).isFunctionOfSymbol(symbol))
        return std::pair(symbol, solution);
    }
  }
  return std::nullopt;
}

bool SizeFacts::learn(Dim lhs, Dim rhs) {
  lhs = representative(lhs), rhs = representative(rhs);
  if (lhs == rhs || graph::surelyDifferent(lhs, rhs))
    return false;
  MLIRContext *context = (lhs.isStatic() ? rhs : lhs).expr(nullptr).getContext();
  if (auto solution = solve(lhs, rhs, context)) {
    auto [symbol, meaning] = *solution;
    Shape step;
    for (unsigned i = 0; i < symbols.size(); ++i)
      step.push_back(i == symbol ? meaning : Dim::symbol(i, context));
    if (meanings.empty())
      meanings = step;
    for (Dim &each : meanings)
      each = each.substitute(step);
    for (auto &[from, to] : equal)
      from = from.substitute(step), to = to.substitute(step);
    return true;
  }
  // A number is the best name of a size, then the shorter expression.
  bool keepsLeft = lhs.isStatic() || (!rhs.isStatic() && lhs.text().size() < rhs.text().size());
  equal.push_back(keepsLeft ? std::pair(rhs, lhs) : std::pair(lhs, rhs));
  return true;
}

bool SizeFacts::unify() {
  size_t before = learned.size();
  for (const graph::Requirement &requirement : requirements)
    if (requirement.kind == graph::Requirement::Kind::Equal && learn(requirement.lhs, requirement.rhs))
      learned.push_back(requirement);
  bool isNew = learned.size() != before;
  if (isNew)
    requirements.clear();
  return isNew;
}

SmallVector<graph::Requirement> SizeFacts::allRequirements() const {
  SmallVector<graph::Requirement> all = learned;
  llvm::append_range(all, requirements);
  return all;
}

} // namespace tegula::importer
