// Imports ONNX operators that work on each element alone.
#include "Node.h"
#include "Ratios.h"

using namespace mlir;

namespace tegula::importer {

/// Before opset 7 the right operand was broadcast only on request, from a given axis on.
static Value legacyBroadcast(Node &node, Value lhs, Value rhs) {
  if (node.opset >= 7 || !lhs || !rhs)
    return rhs;
  bool isBroadcast = node.integer("broadcast", 0) != 0;
  int64_t rank = Ops::rank(lhs), inner = Ops::rank(rhs), axis = node.integer("axis", rank - inner);
  if (!isBroadcast || axis == rank - inner)
    return rhs;
  axis += axis < 0 ? rank : 0;
  if (axis < 0 || axis > rank - inner) {
    node.invalid("expected an axis that aligns the right operand inside of the left one, got " + Twine(axis));
    return {};
  }
  Shape shape = Ops::shape(rhs);
  shape.append(rank - axis - inner, 1);
  return node.reshape(rhs, shape);
}

template <typename Op> static void unary(Node &node) { node.result(node.unary<Op>(node.input(0))); }

template <typename Op> static void binary(Node &node) {
  Value lhs = node.input(0), rhs = node.input(1);
  node.result(node.binary<Op>(lhs, legacyBroadcast(node, lhs, rhs)));
}

template <Predicate predicate> static void compare(Node &node) {
  Value lhs = node.input(0), rhs = node.input(1);
  node.result(node.compare(predicate, lhs, legacyBroadcast(node, lhs, rhs)));
}

template <typename Op> static Value fold(Node &node) {
  Value total = node.input(0);
  for (size_t i = 1; i < node.numInputs(); ++i)
    total = node.binary<Op>(total, node.input(i));
  return total;
}

template <typename Op> static void variadic(Node &node) { node.result(fold<Op>(node)); }

static void mean(Node &node) {
  node.result(node.div(fold<graph::AddOp>(node), static_cast<double>(node.numInputs())));
}

static void erf(Node &node) {
  Value x = node.input(0);
  if (!node.isFloat(x))
    return node.unsupported("integers are not supported: cast the input to float32", Code::UnsupportedType);
  node.result(node.unary<graph::ErfOp>(x));
}

static void isNaN(Node &node) {
  Value x = node.input(0);
  node.result(node.make<graph::IsNaNOp>(Ops::shape(x), node.builder.getI1Type(), x));
}

static void isInf(Node &node) {
  Value x = node.input(0);
  bool negative = node.integer("detect_negative", 1) != 0, positive = node.integer("detect_positive", 1) != 0;
  node.result(node.make<graph::IsInfOp>(Ops::shape(x), node.builder.getI1Type(), x, negative, positive));
}

static void mod(Node &node) {
  bool fmod = node.integer("fmod", 0) != 0;
  Value lhs = node.input(0), rhs = node.input(1);
  if (!fmod && lhs && node.isFloat(lhs))
    return node.invalid("expected fmod=1 for floating-point operands");
  node.result(node.binary<graph::ModOp>(lhs, rhs, fmod));
}

static void bitShift(Node &node) {
  std::string direction = node.text("direction", "");
  Value lhs = node.input(0), rhs = node.input(1);
  if (direction == "LEFT")
    return node.result(node.binary<graph::ShiftLeftOp>(lhs, rhs));
  if (direction == "RIGHT")
    return node.result(node.binary<graph::ShiftRightOp>(lhs, rhs));
  node.invalid("expected direction LEFT or RIGHT, got '" + direction + "'");
}

static void where(Node &node) { node.result(node.where(node.input(0), node.input(1), node.input(2))); }

static void castTo(Node &node, int64_t to) {
  Value x = node.input(0);
  node.integer("saturate", 1); // of 8-bit floats, which are not supported
  node.text("round_mode", "up");
  Type element = node.elementTypeOf(to);
  if (!x || !element)
    return;
  // Sizes that were computed in floats are sizes again.
  bool isBack = node.isFloat(x) && isa<IntegerType>(element) && element.getIntOrFloatBitWidth() >= 32;
  std::optional<Ratios> ratios = isBack ? readRatios(x) : std::nullopt;
  std::optional<Shape> sizes = ratios ? roundedDown(*ratios) : std::nullopt;
  bool isSize = sizes && !graph::isStatic(*sizes) &&
                llvm::all_of(*sizes, [](Dim size) { return graph::surelyAtMost(0, size); });
  node.result(node.cast(isSize ? node.sizes(*sizes, Ops::shape(x)) : x, element));
}

static void cast(Node &node) {
  if (!node.require("to"))
    return;
  if (node.opset >= 6)
    return castTo(node, node.integer("to", 0));
  // The first version names the type.
  static const std::pair<const char *, int> kNames[] = {
      {"FLOAT", 1}, {"UINT8", 2}, {"INT8", 3},     {"UINT16", 4},  {"INT16", 5},   {"INT32", 6},
      {"INT64", 7}, {"BOOL", 9},  {"FLOAT16", 10}, {"DOUBLE", 11}, {"UINT32", 12}, {"UINT64", 13}};
  std::string name = node.text("to", "");
  for (auto [known, number] : kNames)
    if (name == known)
      return castTo(node, number);
  node.unsupported("element type '" + name + "' is not supported", Code::UnsupportedType);
}

static void castLike(Node &node) {
  Value x = node.input(0), model = node.input(1);
  node.integer("saturate", 1);
  node.text("round_mode", "up");
  node.result(model ? node.cast(x, node.element(model)) : Value());
}

static void identity(Node &node) { node.result(node.input(0)); }

ArrayRef<Operator> elementwiseOperators() {
  constexpr bool kInF32 = true;
  static const Operator table[] = {
      {"", "Abs", 1, unary<graph::AbsOp>, ""},
      {"", "Acos", 7, unary<graph::AcosOp>, "", kInF32},
      {"", "Acosh", 9, unary<graph::AcoshOp>, "", kInF32},
      {"", "Add", 1, binary<graph::AddOp>, "", kInF32},
      {"", "And", 1, binary<graph::AndOp>, ""},
      {"", "Asin", 7, unary<graph::AsinOp>, "", kInF32},
      {"", "Asinh", 9, unary<graph::AsinhOp>, "", kInF32},
      {"", "Atan", 7, unary<graph::AtanOp>, "", kInF32},
      {"", "Atanh", 9, unary<graph::AtanhOp>, "", kInF32},
      {"", "BitShift", 11, bitShift, "unsigned integers"},
      {"", "BitwiseAnd", 18, binary<graph::AndOp>, ""},
      {"", "BitwiseNot", 18, unary<graph::NotOp>, ""},
      {"", "BitwiseOr", 18, binary<graph::OrOp>, ""},
      {"", "BitwiseXor", 18, binary<graph::XorOp>, ""},
      {"", "Cast", 1, cast,
       "numbers and bool; not strings, complex numbers or types of 8 bits and fewer that are no integers"},
      {"", "CastLike", 15, castLike, "as Cast"},
      {"", "Ceil", 1, unary<graph::CeilOp>, "", kInF32},
      {"", "Cos", 7, unary<graph::CosOp>, "", kInF32},
      {"", "Cosh", 9, unary<graph::CoshOp>, "", kInF32},
      {"", "Div", 1, binary<graph::DivOp>, "integers truncate", kInF32},
      {"", "Equal", 1, compare<Predicate::Equal>, ""},
      {"", "Erf", 9, erf, "floating point", kInF32},
      {"", "Exp", 1, unary<graph::ExpOp>, "", kInF32},
      {"", "Floor", 1, unary<graph::FloorOp>, "", kInF32},
      {"", "Greater", 1, compare<Predicate::Greater>, ""},
      {"", "GreaterOrEqual", 12, compare<Predicate::GreaterEqual>, ""},
      {"", "Identity", 1, identity, "tensors"},
      {"", "IsInf", 10, isInf, ""},
      {"", "IsNaN", 9, isNaN, ""},
      {"", "Less", 1, compare<Predicate::Less>, ""},
      {"", "LessOrEqual", 12, compare<Predicate::LessEqual>, ""},
      {"", "Log", 1, unary<graph::LogOp>, "", kInF32},
      {"", "Max", 1, variadic<graph::MaxOp>, ""},
      {"", "Mean", 1, mean, "", kInF32},
      {"", "Min", 1, variadic<graph::MinOp>, ""},
      {"", "Mod", 10, mod, "", kInF32},
      {"", "Mul", 1, binary<graph::MulOp>, "", kInF32},
      {"", "Neg", 1, unary<graph::NegOp>, ""},
      {"", "Not", 1, unary<graph::NotOp>, ""},
      {"", "Or", 1, binary<graph::OrOp>, ""},
      {"", "Pow", 1, binary<graph::PowOp>, "the exponent may have another type", kInF32},
      {"", "Reciprocal", 1, unary<graph::ReciprocalOp>, "", kInF32},
      {"", "Round", 11, unary<graph::RoundOp>, "", kInF32},
      {"", "Sign", 9, unary<graph::SignOp>, ""},
      {"", "Sin", 7, unary<graph::SinOp>, "", kInF32},
      {"", "Sinh", 9, unary<graph::SinhOp>, "", kInF32},
      {"", "Sqrt", 1, unary<graph::SqrtOp>, "", kInF32},
      {"", "Sub", 1, binary<graph::SubOp>, "", kInF32},
      {"", "Sum", 1, variadic<graph::AddOp>, "", kInF32},
      {"", "Tan", 7, unary<graph::TanOp>, "", kInF32},
      {"", "Where", 9, where, ""},
      {"", "Xor", 1, binary<graph::XorOp>, ""},
  };
  return table;
}

} // namespace tegula::importer
