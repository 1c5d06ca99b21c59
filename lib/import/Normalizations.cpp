// Imports normalisations, as one operation where the graph has it and else as arithmetic.
#include "Node.h"

using namespace mlir;

namespace tegula::importer {

/// [C] to [C, 1, 1, ...], as many ones as dimensions follow the channels.
static Value perChannel(Node &node, Value parameter, Value x) {
  if (!parameter || !x)
    return {};
  Shape shape(Ops::rank(x) - 1, 1);
  if (Ops::rank(x) < 2 ||
      !node.fits(Ops::shape(parameter), {Ops::shape(x)[1]}, "expected one parameter a channel")) {
    node.invalid("expected one parameter a channel, got " + node.shown(Ops::shape(parameter)) + " for " +
                 node.shown(Ops::shape(x)));
    return {};
  }
  shape[0] = Ops::shape(x)[1];
  return node.reshape(parameter, shape);
}

static void batchNormalization(Node &node) {
  Value x = node.input(0), scale = node.input(1), bias = node.input(2), mean = node.input(3),
        variance = node.input(4);
  double epsilon = node.real("epsilon", 1e-5);
  node.real("momentum", 0.9);
  if (node.integer("training_mode", 0) != 0 || (node.opset < 7 && node.integer("is_test", 0) == 0))
    return node.unsupported("training is not supported: export the model for inference",
                            Code::UnsupportedTraining);
  if (node.opset < 9 && node.integer("spatial", 1) == 0)
    return node.unsupported("spatial=0 is not supported");
  if (!x || !scale || !bias || !mean || !variance)
    return;
  if (Ops::rank(x) < 2)
    return node.invalid("expected an input of rank at least 2, got " + Twine(Ops::rank(x)));
  // y = x·f + (bias - mean·f) with f = scale / √(variance + ε): what depends on weights alone is folded. The
  // statistics may be wider than x.
  Type wide = node.element(mean);
  Value factor = node.div(node.cast(scale, wide), node.sqrt(node.add(node.cast(variance, wide), epsilon)));
  Value offset = node.sub(node.cast(bias, wide), node.mul(mean, factor));
  Value y = node.add(node.mul(node.cast(x, wide), perChannel(node, factor, x)), perChannel(node, offset, x));
  node.result(node.cast(y, node.element(x)));
}

/// Mean and 1/√(variance + ε) over axes that stay with size 1, in f32 at least.
static std::pair<Value, Value> statistics(Node &node, Value x, IntsRef axes, double epsilon) {
  Value mean = node.mean(x, axes);
  Value centred = node.sub(x, mean);
  Value variance = node.mean(node.mul(centred, centred), axes);
  return {mean, node.unary<graph::ReciprocalOp>(node.sqrt(node.add(variance, epsilon)))};
}

static Value widened(Node &node, Value x) {
  return node.element(x).getIntOrFloatBitWidth() < 32 ? node.cast(x, node.builder.getF32Type()) : x;
}

static void layerNormalization(Node &node) {
  Value x = node.input(0), scale = node.input(1), bias = node.optional(2);
  std::optional<int64_t> axis = node.axis(node.integer("axis", -1), Ops::rank(x));
  double epsilon = node.real("epsilon", 1e-5);
  int64_t stash = node.integer("stash_type", 1);
  if (!x || !scale || !axis || (node.has(2) && !bias))
    return;
  bool isDouble = node.element(x).isF64();
  if (stash != 1 || isDouble)
    return node.unsupported("statistics in another type than float32 are not supported",
                            Code::UnsupportedType);
  node.result(node.layerNorm(x, scale, bias, *axis, epsilon));
  if (!node.wants(1) && !node.wants(2))
    return;
  Ints axes = Ops::span(*axis, Ops::rank(x));
  auto [mean, inverse] = statistics(node, widened(node, x), axes, epsilon);
  node.result(mean, 1);
  node.result(inverse, 2);
}

static void instanceNormalization(Node &node) {
  Value x = node.input(0), scale = perChannel(node, node.input(1), x),
        bias = perChannel(node, node.input(2), x);
  double epsilon = node.real("epsilon", 1e-5);
  if (!x || !scale || !bias)
    return;
  if (Ops::rank(x) < 3)
    return node.invalid("expected an input of rank at least 3, got " + Twine(Ops::rank(x)));
  node.result(node.layerNorm(x, scale, bias, 2, epsilon));
}

static void groupNormalization(Node &node) {
  Value x = node.input(0), scale = node.input(1), bias = node.input(2);
  double epsilon = node.real("epsilon", 1e-5);
  if (!node.require("num_groups"))
    return;
  int64_t groups = node.integer("num_groups", 0);
  if (node.integer("stash_type", 1) != 1)
    return node.unsupported("statistics in another type than float32 are not supported",
                            Code::UnsupportedType);
  if (!x || !scale || !bias)
    return;
  Shape shape = Ops::shape(x);
  std::optional<Dim> size = shape.size() < 3 || groups < 1 ? std::nullopt : exactDiv(shape[1], groups);
  if (!size)
    return node.invalid("expected an input of rank at least 3 and num_groups that divides its channels");
  // As layer normalisation of [N, group, channels of the group, ...]; opset 18 has one parameter a group, 21
  // one a channel.
  Dim each = *size;
  Shape split{shape[0], groups, each}, parameters{groups, node.opset < 21 ? Dim(1) : each};
  split.append(shape.begin() + 2, shape.end());
  parameters.append(shape.size() - 2, 1);
  Value y = node.layerNorm(node.reshape(x, split), node.reshape(scale, parameters),
                           node.reshape(bias, parameters), 2, epsilon);
  node.result(node.reshape(y, shape));
}

static void rmsNormalization(Node &node) {
  Value x = node.input(0), scale = node.input(1);
  std::optional<int64_t> axis = node.axis(node.integer("axis", -1), Ops::rank(x));
  double epsilon = node.real("epsilon", 1e-5);
  if (node.integer("stash_type", 1) != 1)
    return node.unsupported("statistics in another type than float32 are not supported",
                            Code::UnsupportedType);
  if (!x || !scale || !axis)
    return;
  Value wide = widened(node, x);
  Value mean = node.mean(node.mul(wide, wide), Ops::span(*axis, Ops::rank(x)));
  Value normal = node.cast(node.div(wide, node.sqrt(node.add(mean, epsilon))), node.element(scale));
  node.result(node.mul(normal, scale));
}

static void lpNormalization(Node &node) {
  Value x = node.input(0);
  std::optional<int64_t> axis = node.axis(node.integer("axis", -1), Ops::rank(x));
  int64_t p = node.integer("p", 2);
  if (!x || !axis)
    return;
  if (p != 1 && p != 2)
    return node.invalid("expected p to be 1 or 2, got " + Twine(p));
  Value norm = p == 1 ? node.sum(node.abs(x), {*axis}) : node.sqrt(node.sum(node.mul(x, x), {*axis}));
  // A row of zeros stays one.
  node.result(node.div(x, node.where(node.compare(Predicate::Equal, norm, 0.0), node.like(norm, 1.0), norm)));
}

static void meanVarianceNormalization(Node &node) {
  Value x = node.input(0);
  std::optional<Ints> axes = node.axes(node.integers("axes", {0, 2, 3}), Ops::rank(x));
  if (!axes)
    return;
  llvm::sort(*axes);
  // As ONNX's own definition: the standard deviation as √(E[x²] - E[x]²), plus 1e-9.
  Value mean = node.mean(x, *axes);
  Value centred = node.sub(x, mean);
  Value deviation = node.sqrt(node.mean(node.mul(centred, centred), *axes));
  node.result(node.div(centred, node.add(deviation, 1e-9)));
}

ArrayRef<Operator> normalizationOperators() {
  static const Operator table[] = {
      {"", "BatchNormalization", 1, batchNormalization, "inference only"},
      {"", "GroupNormalization", 18, groupNormalization, ""},
      {"", "InstanceNormalization", 1, instanceNormalization, ""},
      {"", "LayerNormalization", 17, layerNormalization, "statistics in float32"},
      {"", "LpNormalization", 1, lpNormalization, ""},
      {"", "MeanVarianceNormalization", 9, meanVarianceNormalization, ""},
      {"", "RMSNormalization", 23, rmsNormalization, "statistics in float32"},
  };
  return table;
}

} // namespace tegula::importer
