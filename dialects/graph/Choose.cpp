// Verifies and folds graph.choose, which stands for the branches of a model.
#include "tegula/dialects/graph/Elements.h"
#include "tegula/dialects/graph/Graph.h"

using namespace mlir;

namespace tegula::graph {

LogicalResult ChooseOp::verify() {
  auto condition = cast<RankedTensorType>(getCondition().getType());
  if (!condition.getElementType().isInteger(1) || !condition.hasStaticShape() ||
      condition.getNumElements() != 1)
    return emitOpError("expected a condition of one boolean, got ") << condition;
  for (auto [name, list] :
       {std::pair("then_require", getThenRequireAttr()), std::pair("else_require", getElseRequireAttr())})
    if (list && readRequirements(list).size() != list.size())
      return emitOpError("expected each entry of ")
             << name << R"( to be ["equal"|"at_most"|"never", map, "node", "text"])";
  return success();
}

/// A side that assumes something of sizes stays, because a choice is where that is checked.
OpFoldResult ChooseOp::fold(FoldAdaptor adaptor) {
  if (getThenValue() == getElseValue() && !getThenRequireAttr() && !getElseRequireAttr())
    return getThenValue();
  std::optional<Elements> condition = Elements::read(adaptor.getCondition());
  if (!condition)
    return {};
  bool isTrue = condition->integer(0) != 0;
  if (isTrue ? getThenRequireAttr() : getElseRequireAttr())
    return {};
  return isTrue ? getThenValue() : getElseValue();
}

} // namespace tegula::graph
