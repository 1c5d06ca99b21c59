// Imports loss functions, which inference models carry along when they report how well they do.
#include "Node.h"

using namespace mlir;

namespace tegula::importer {

/// -scores[target] · weight[target], then none, sum or (weighted) mean of it. Scores are [N, C, ...], targets
/// [N, ...].
static Value negativeLogLikelihood(Node &node, Value scores, Value target, Value weight) {
  std::string reduction = node.text("reduction", "mean");
  bool ignores = node.hasAttribute("ignore_index");
  int64_t ignored = node.integer("ignore_index", 0);
  if (!scores || !target)
    return {};
  Shape shape = Ops::shape(scores);
  Shape expected(shape);
  if (shape.size() >= 2)
    expected.erase(expected.begin() + 1);
  if (shape.size() < 2 || !node.fits(Ops::shape(target), expected, "expected targets of the scores' shape")) {
    node.invalid("expected targets of the scores' shape without its classes, got " +
                 node.shown(Ops::shape(target)) + " for " + node.shown(shape));
    return {};
  }
  Type index = node.builder.getI64Type();
  target = node.cast(target, index);
  Value isIgnored;
  if (ignores) {
    Value number = node.constant(DenseElementsAttr::get(RankedTensorType::get({}, index), ignored));
    isIgnored = node.compare(Predicate::Equal, target, number);
    target = node.where(isIgnored, node.scalar(index, 0), target);
  }
  Shape column(shape);
  column[1] = 1;
  Value chosen = node.make<graph::GatherElementsOp>(column, node.element(scores), scores,
                                                    node.reshape(target, column), int64_t(1));
  Value loss = node.neg(node.reshape(chosen, expected)), share;
  if (weight) {
    share = node.gather(weight, target, 0);
    loss = node.mul(loss, share);
  }
  if (ignores) {
    Value zero = node.like(loss, 0.0);
    share = node.where(isIgnored, zero, share ? share : node.like(loss, 1.0));
    loss = node.where(isIgnored, zero, loss);
  }
  if (reduction == "none")
    return loss;
  Ints all = Ops::span(0, static_cast<int64_t>(expected.size()));
  if (reduction == "sum" || (reduction == "mean" && share)) {
    Value total = node.reduce(ReduceKind::Sum, loss, all, false);
    return reduction == "sum" ? total : node.div(total, node.reduce(ReduceKind::Sum, share, all, false));
  }
  if (reduction == "mean")
    return node.reduce(ReduceKind::Mean, loss, all, false);
  node.invalid("expected reduction none, sum or mean, got '" + reduction + "'");
  return {};
}

static void negativeLogLikelihoodLoss(Node &node) {
  Value scores = node.input(0), target = node.input(1), weight = node.optional(2);
  node.result(negativeLogLikelihood(node, scores, target, weight));
}

static void softmaxCrossEntropyLoss(Node &node) {
  Value scores = node.input(0), target = node.input(1), weight = node.optional(2);
  if (Ops::rank(scores) < 2)
    return node.invalid("expected scores of rank at least 2, got " + Twine(Ops::rank(scores)));
  Value shifted = node.sub(scores, node.reduce(ReduceKind::Max, scores, {1}, true));
  Value logarithm = node.sub(shifted, node.log(node.sum(node.exp(shifted), {1})));
  node.result(negativeLogLikelihood(node, logarithm, target, weight), 0);
  node.result(logarithm, 1);
}

ArrayRef<Operator> lossOperators() {
  constexpr bool kInF32 = true;
  static const Operator table[] = {
      {"", "NegativeLogLikelihoodLoss", 12, negativeLogLikelihoodLoss, "", kInF32},
      {"", "SoftmaxCrossEntropyLoss", 12, softmaxCrossEntropyLoss, "", kInF32},
  };
  return table;
}

} // namespace tegula::importer
