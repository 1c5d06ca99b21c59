// Collects what an import assumed of sizes and turns equations into what the next import takes for granted.
#include "Ops.h"

#include "tegula/dialects/graph/Equations.h"

using namespace mlir;

namespace tegula::importer {

SmallVector<graph::Requirement> SizeFacts::Known::all() const {
  SmallVector<graph::Requirement> all = learned;
  llvm::append_range(all, requirements);
  return all;
}

void SizeFacts::require(graph::Requirement requirement) {
  bool isImplied = requirement.kind == graph::Requirement::Kind::Equal &&
                   representative(requirement.lhs) == representative(requirement.rhs);
  isImplied |= requirement.kind == graph::Requirement::Kind::AtMost &&
               graph::surelyAtMost(requirement.lhs, requirement.rhs, ranges);
  for (const Known *known = current; known && !isImplied; known = known->outer)
    isImplied = llvm::any_of(known->requirements, [&](const graph::Requirement &other) {
      return other.kind == requirement.kind && other.lhs == requirement.lhs && other.rhs == requirement.rhs;
    });
  if (!isImplied)
    current->requirements.push_back(std::move(requirement));
}

void SizeFacts::enterBranch(const void *graph, const std::string &path) {
  Known &branch = branches[{graph, path}];
  branch.outer = current;
  current = &branch;
}

SmallVector<graph::Requirement> SizeFacts::leaveBranch() {
  Known &branch = *current;
  current = branch.outer;
  return branch.all();
}

Dim SizeFacts::representative(Dim size, const Known &known) const {
  if (known.outer)
    size = representative(size, *known.outer);
  if (size.isStatic())
    return size;
  size = size.substitute(known.meanings);
  for (auto [from, to] : known.equal)
    if (size == from)
      size = to;
  return size;
}

/// The symbol that an equation gives as a sum of others, and that sum: of the highest symbol that occurs once
/// and as itself, where the sum is at least 1 as symbols are.
static std::optional<std::pair<unsigned, Dim>> solve(Dim lhs, Dim rhs, graph::SymbolRanges ranges,
                                                     MLIRContext *context) {
  Dim difference = lhs - rhs;
  for (unsigned symbol = difference.numSymbols(); symbol-- > 0;) {
    Dim self = Dim::symbol(symbol, context);
    for (bool isNegated : {false, true}) {
      Dim solution = isNegated ? self + difference : self - difference;
      if (graph::surelyAtMost(1, solution, ranges) && !solution.expr(context).isFunctionOfSymbol(symbol))
        return std::pair(symbol, solution);
    }
  }
  std::optional<graph::Root> root = graph::rootOf(difference, context);
  return root && root->value ? std::optional(std::pair(root->symbol, Dim(*root->value))) : std::nullopt;
}

bool SizeFacts::learn(Dim lhs, Dim rhs, Known &known) {
  lhs = representative(lhs, known), rhs = representative(rhs, known);
  if (lhs == rhs || graph::surelyDifferent(lhs, rhs))
    return false;
  MLIRContext *context = (lhs.isStatic() ? rhs : lhs).expr(nullptr).getContext();
  if (auto solution = solve(lhs, rhs, ranges, context)) {
    auto [symbol, meaning] = *solution;
    Shape step;
    for (unsigned i = 0; i < symbols.size(); ++i)
      step.push_back(i == symbol ? meaning : Dim::symbol(i, context));
    if (known.meanings.empty())
      known.meanings = step;
    for (Dim &each : known.meanings)
      each = each.substitute(step);
    for (auto &[from, to] : known.equal)
      from = from.substitute(step), to = to.substitute(step);
    return true;
  }
  // A number is the best name of a size, then the shorter expression.
  bool keepsLeft = lhs.isStatic() || (!rhs.isStatic() && lhs.text().size() < rhs.text().size());
  known.equal.push_back(keepsLeft ? std::pair(rhs, lhs) : std::pair(lhs, rhs));
  return true;
}

bool SizeFacts::learnAll(Known &known) {
  size_t before = known.learned.size();
  for (const graph::Requirement &requirement : known.requirements)
    if (requirement.kind == graph::Requirement::Kind::Equal && learn(requirement.lhs, requirement.rhs, known))
      known.learned.push_back(requirement);
  return known.learned.size() != before;
}

bool SizeFacts::unify() {
  bool isNew = learnAll(main);
  for (auto &[key, branch] : branches)
    isNew |= learnAll(branch);
  if (isNew)
    main.requirements.clear();
  for (auto &[key, branch] : branches)
    if (isNew)
      branch.requirements.clear();
  return isNew;
}

} // namespace tegula::importer
