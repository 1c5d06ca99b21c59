// Imports activation functions, most of them as the arithmetic that ONNX defines them by.
#include "Node.h"

#include <cmath>

using namespace mlir;

namespace tegula::importer {

static Value sigmoid(Node &node, Value x) { return node.unary<graph::SigmoidOp>(x); }

/// log(1 + e^x), without overflow for large x.
static Value softplus(Node &node, Value x) {
  Value tail = node.log(node.add(node.exp(node.neg(node.abs(x))), 1.0));
  return node.add(node.unary<graph::ReluOp>(x), tail);
}

template <typename Op> static void unary(Node &node) { node.result(node.unary<Op>(node.input(0))); }

static void leakyRelu(Node &node) {
  Value x = node.input(0);
  node.result(node.where(node.compare(Predicate::Less, x, 0.0), node.mul(x, node.real("alpha", 0.01)), x));
}

static void pRelu(Node &node) {
  Value x = node.input(0), slope = node.input(1);
  // Before opset 7 a vector of slopes belongs to the channels.
  if (node.opset < 7 && Ops::rank(slope) == 1 && !Ops::shape(slope)[0].is(1) && Ops::rank(x) > 2) {
    Shape shape(Ops::rank(x) - 1, 1);
    shape[0] = Ops::shape(slope)[0];
    slope = node.reshape(slope, shape);
  }
  node.result(node.where(node.compare(Predicate::Less, x, 0.0), node.mul(x, slope), x));
}

static Value elu(Node &node, Value x, double alpha) {
  return node.where(node.compare(Predicate::LessEqual, x, 0.0), node.mul(node.sub(node.exp(x), 1.0), alpha),
                    x);
}

static void eluOperator(Node &node) { node.result(elu(node, node.input(0), node.real("alpha", 1.0))); }

static void selu(Node &node) {
  bool isOld = node.opset < 6;
  double alpha = node.real("alpha", isOld ? 1.6732 : 1.67326319217681884765625),
         gamma = node.real("gamma", isOld ? 1.0507 : 1.05070102214813232421875);
  node.result(node.mul(elu(node, node.input(0), alpha), gamma));
}

static void celu(Node &node) {
  Value x = node.input(0);
  double alpha = node.real("alpha", 1.0);
  Value tail = node.mul(node.sub(node.exp(node.div(x, alpha)), 1.0), alpha);
  node.result(node.add(node.unary<graph::ReluOp>(x), node.min(tail, node.like(tail, 0.0))));
}

static Value hardSigmoid(Node &node, Value x, double alpha, double beta) {
  return node.clamp(node.add(node.mul(x, alpha), beta), 0.0, 1.0);
}

static void hardSigmoidOperator(Node &node) {
  double alpha = node.real("alpha", 0.2), beta = node.real("beta", 0.5);
  node.result(hardSigmoid(node, node.input(0), alpha, beta));
}

static void hardSwish(Node &node) {
  Value x = node.input(0);
  node.result(node.mul(x, hardSigmoid(node, x, 1.0f / 6.0f, 0.5)));
}

static void softplusOperator(Node &node) { node.result(softplus(node, node.input(0))); }

static void softsign(Node &node) {
  Value x = node.input(0);
  node.result(node.div(x, node.add(node.abs(x), 1.0)));
}

static void thresholdedRelu(Node &node) {
  Value x = node.input(0);
  node.result(node.where(node.compare(Predicate::Greater, x, node.real("alpha", 1.0)), x, node.like(x, 0.0)));
}

static void mish(Node &node) {
  Value x = node.input(0);
  node.result(node.mul(x, node.unary<graph::TanhOp>(softplus(node, x))));
}

static void gelu(Node &node) {
  Value x = node.input(0), inner;
  std::string approximate = node.text("approximate", "none");
  if (approximate == "tanh") {
    Value cube = node.mul(node.mul(node.mul(x, x), x), 0.044715);
    inner = node.unary<graph::TanhOp>(node.mul(node.add(x, cube), std::sqrt(2.0 / M_PI)));
  } else if (approximate == "none") {
    inner = node.unary<graph::ErfOp>(node.mul(x, std::sqrt(0.5)));
  } else {
    return node.invalid("expected approximate none or tanh, got '" + approximate + "'");
  }
  node.result(node.mul(node.mul(x, 0.5), node.add(inner, 1.0)));
}

static void swish(Node &node) {
  Value x = node.input(0);
  double alpha = node.real("alpha", 1.0);
  node.result(node.mul(x, sigmoid(node, alpha == 1.0 ? x : node.mul(x, alpha))));
}

static void shrink(Node &node) {
  Value x = node.input(0);
  double lambda = node.real("lambd", 0.5), bias = node.real("bias", 0.0);
  Value high = node.where(node.compare(Predicate::Greater, x, lambda), node.sub(x, bias), node.like(x, 0.0));
  node.result(node.where(node.compare(Predicate::Less, x, -lambda), node.add(x, bias), high));
}

static void clip(Node &node) {
  Value x = node.input(0);
  if (node.opset < 11) {
    if (node.hasAttribute("min"))
      x = node.max(x, node.like(x, node.real("min", 0)));
    if (node.hasAttribute("max"))
      x = node.min(x, node.like(x, node.real("max", 0)));
    return node.result(x);
  }
  for (size_t index : {1, 2}) {
    if (!node.has(index))
      continue;
    Value bound = node.input(index);
    if (Ops::rank(bound) == 1 && Ops::shape(bound)[0].is(1))
      bound = node.reshape(bound, {});
    if (Ops::rank(bound) != 0)
      return node.invalid("expected bounds of one element, got " + node.shown(Ops::shape(bound)));
    x = index == 1 ? node.max(x, bound) : node.min(x, bound);
  }
  node.result(x);
}

ArrayRef<Operator> activationOperators() {
  constexpr bool kInF32 = true;
  static const Operator table[] = {
      {"", "Celu", 12, celu, "", kInF32},
      {"", "Clip", 1, clip, ""},
      {"", "Elu", 1, eluOperator, "", kInF32},
      {"", "Gelu", 20, gelu, "", kInF32},
      {"", "HardSigmoid", 1, hardSigmoidOperator, "", kInF32},
      {"", "HardSwish", 14, hardSwish, "", kInF32},
      {"", "LeakyRelu", 1, leakyRelu, ""},
      {"", "Mish", 18, mish, "", kInF32},
      {"", "PRelu", 1, pRelu, ""},
      {"", "Relu", 1, unary<graph::ReluOp>, ""},
      {"", "Selu", 1, selu, "", kInF32},
      {"", "Shrink", 9, shrink, "", kInF32},
      {"", "Sigmoid", 1, unary<graph::SigmoidOp>, "", kInF32},
      {"", "Softplus", 1, softplusOperator, "", kInF32},
      {"", "Softsign", 1, softsign, "", kInF32},
      {"", "Swish", 24, swish, "", kInF32},
      {"", "Tanh", 1, unary<graph::TanhOp>, "", kInF32},
      {"", "ThresholdedRelu", 1, thresholdedRelu, "", kInF32},
  };
  return table;
}

} // namespace tegula::importer
