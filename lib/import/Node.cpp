// Reads a node's inputs and attributes with every check that a hostile or unusual file calls for.
#include "Node.h"

#include "tegula/dialects/graph/Elements.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace tegula::importer {

// ---- Inputs ----

Value Node::input(size_t index) {
  usedInputs.insert(index);
  if (has(index))
    return operands[index];
  invalid("expected an input " + Twine(index) + ", got none", Code::WrongInputCount);
  return {};
}

/// The module's inputs that a value is computed from.
static SmallVector<std::string> inputsBehind(Value value) {
  llvm::SetVector<Value> todo;
  todo.insert(value);
  SmallVector<std::string> names;
  for (size_t i = 0; i < todo.size(); ++i) {
    if (Operation *op = todo[i].getDefiningOp()) {
      todo.insert(op->operand_begin(), op->operand_end());
      continue;
    }
    auto argument = cast<BlockArgument>(todo[i]);
    if (auto name = dyn_cast<NameLoc>(argument.getLoc()))
      names.push_back(name.getName().str());
  }
  return names;
}

/// "--dim batch=N --dim seq=N" for the symbols of some sizes.
std::string Node::fixingOptions(ShapeRef sizes) const {
  SmallVector<std::string> options;
  for (unsigned i = 0; i < facts.symbols.size(); ++i)
    if (llvm::any_of(sizes, [&](Dim size) { return size.hasSymbol(i); }))
      options.push_back(facts.fixingOptions[i]);
  return llvm::join(options, " ");
}

std::optional<int64_t> Node::fixed(Dim size, StringRef what) {
  if (!size.isStatic())
    unsupported(what + " must be known at compile time, got " + shown(size) + ": fix it with " +
                    fixingOptions({size}),
                Code::OpenSize);
  return size.fixed();
}

void Node::reportNotConstant(Value value, StringRef name) {
  SmallVector<std::string> inputs = inputsBehind(value);
  // What comes from sizes alone is a matter of the sizes.
  if (auto sizes = graph::Sizes::read(value))
    return unsupported("'" + name + "' is needed at compile time and is " + shown(sizes->values) +
                           ", which depends on symbols: fix them with " + fixingOptions(sizes->values),
                       Code::OpenSize);
  if (inputs.empty())
    return unsupported("'" + name +
                           "' is needed at compile time, and it is computed in a way that is not folded",
                       Code::DataDependent);
  std::string list =
      llvm::join(llvm::map_range(inputs, [](const std::string &input) { return "'" + input + "'"; }), ", ");
  unsupported("'" + name + "' is needed at compile time and depends on input " + list +
                  ": fix it with --bind " + inputs.front() + "=@file.npy",
              Code::DataDependent);
}

static std::optional<graph::Elements> readConstant(Value value) {
  Attribute attribute;
  if (!value || !matchPattern(value, m_Constant(&attribute)))
    return std::nullopt;
  return graph::Elements::read(attribute);
}

std::optional<Ints> Node::constantIntegers(size_t index, StringRef name) {
  Value value = input(index);
  if (!value)
    return std::nullopt;
  if (!isa<IntegerType>(element(value))) {
    invalid("expected integers for '" + name + "'");
    return std::nullopt;
  }
  std::optional<graph::Elements> elements = readConstant(value);
  if (!elements) {
    reportNotConstant(value, name);
    return std::nullopt;
  }
  Ints result;
  for (int64_t i = 0; i < elements->type.getNumElements() && i <= graph::kFoldLimit; ++i)
    result.push_back(elements->integer(i));
  return result;
}

std::optional<Shape> Node::constantSizes(size_t index, StringRef name) {
  if (std::optional<graph::Sizes> sizes =
          graph::Sizes::read(operands.size() > index ? operands[index] : Value())) {
    usedInputs.insert(index);
    return sizes->values;
  }
  std::optional<Ints> numbers = constantIntegers(index, name);
  return numbers ? std::optional(graph::dimsOf(*numbers)) : std::nullopt;
}

std::optional<SmallVector<double>> Node::constantReals(size_t index, StringRef name) {
  Value value = input(index);
  if (!value)
    return std::nullopt;
  std::optional<graph::Elements> elements = readConstant(cast(value, builder.getF64Type()));
  if (!elements) {
    reportNotConstant(value, name);
    return std::nullopt;
  }
  SmallVector<double> result;
  for (int64_t i = 0; i < elements->type.getNumElements() && i <= graph::kFoldLimit; ++i)
    result.push_back(mlir::cast<FloatAttr>(elements->scalar(i)).getValueAsDouble());
  return result;
}

// ---- Attributes ----

const onnx::AttributeProto *Node::find(StringRef name, onnx::AttributeProto::AttributeType type) {
  usedAttributes.insert(name);
  const onnx::AttributeProto *found = attributes.lookup(name);
  if (!found || type == onnx::AttributeProto::UNDEFINED)
    return found;
  // Files before IR version 2 do not state types.
  if (found->has_type() && found->type() != onnx::AttributeProto::UNDEFINED && found->type() != type) {
    invalid("expected attribute '" + name + "' to have type " +
                onnx::AttributeProto::AttributeType_Name(type) + ", got " +
                onnx::AttributeProto::AttributeType_Name(found->type()),
            Code::InvalidAttribute);
    return nullptr;
  }
  return found;
}

int64_t Node::integer(StringRef name, int64_t missing) {
  const onnx::AttributeProto *found = find(name, onnx::AttributeProto::INT);
  return found ? found->i() : missing;
}

double Node::real(StringRef name, double missing) {
  const onnx::AttributeProto *found = find(name, onnx::AttributeProto::FLOAT);
  return found ? found->f() : static_cast<float>(missing);
}

std::string Node::text(StringRef name, StringRef missing) {
  const onnx::AttributeProto *found = find(name, onnx::AttributeProto::STRING);
  return found ? found->s() : missing.str();
}

Ints Node::integers(StringRef name, IntsRef missing) {
  const onnx::AttributeProto *found = find(name, onnx::AttributeProto::INTS);
  return found ? Ints(found->ints().begin(), found->ints().end()) : Ints(missing);
}

std::optional<Ints> Node::optionalIntegers(StringRef name) {
  if (!hasAttribute(name))
    return std::nullopt;
  return integers(name);
}

bool Node::require(StringRef name) {
  if (hasAttribute(name))
    return true;
  invalid("expected an attribute '" + name + "', which ONNX requires", Code::MissingAttribute);
  return false;
}

Type Node::elementTypeOf(int64_t dataType) {
  int number = dataType >= 0 && dataType <= INT32_MAX ? static_cast<int>(dataType) : -1;
  Type type = elementType(builder.getContext(), number);
  if (!type && isDataType(number))
    unsupported("element type " + dataTypeName(number) + " is not supported", Code::UnsupportedType);
  else if (!type)
    invalid("expected an element type of ONNX, got number " + Twine(dataType), Code::InvalidElementType);
  return type;
}

ElementsAttr Node::tensor(const onnx::TensorProto &tensor) {
  llvm::Expected<ElementsAttr> value = tensorValue(builder.getContext(), model, tensor);
  if (value)
    return *value;
  llvm::handleAllErrors(
      value.takeError(), [&](const ReadError &error) { report(error.code, error.text); },
      [&](const llvm::ErrorInfoBase &error) { invalid(error.message()); });
  return {};
}

std::optional<int64_t> Node::axis(int64_t value, int64_t rank) {
  int64_t result = value < 0 ? value + rank : value;
  if (result >= 0 && result < rank)
    return result;
  invalid("expected an axis from " + Twine(-rank) + " to " + Twine(rank - 1) + ", got " + Twine(value),
          Code::AxisOutOfRange);
  return std::nullopt;
}

std::optional<Ints> Node::axes(IntsRef values, int64_t rank) {
  Ints result;
  for (int64_t value : values) {
    std::optional<int64_t> one = axis(value, rank);
    if (!one)
      return std::nullopt;
    if (llvm::is_contained(result, *one)) {
      invalid("expected each axis once, got " + Twine(value) + " twice", Code::InvalidAttribute);
      return std::nullopt;
    }
    result.push_back(*one);
  }
  return result;
}

void Node::checkEverythingUsed() {
  size_t known = 0; // an operator's inputs are known up to the last that its handler asks for
  for (size_t index : usedInputs)
    known = std::max(known, index + 1);
  for (size_t i = 0; i < operands.size(); ++i)
    if (operands[i] && i >= known)
      return invalid("expected at most " + Twine(known) + " inputs, got " + Twine(operands.size()),
                     Code::WrongInputCount);
    else if (operands[i] && !usedInputs.contains(i))
      return unsupported("input " + Twine(i) + " is not known to the importer", Code::UnsupportedAttribute);
  SmallVector<StringRef> names;
  for (const auto &entry : attributes)
    if (!usedAttributes.contains(entry.getKey()) && entry.getKey() != "consumed_inputs")
      names.push_back(entry.getKey());
  llvm::sort(names); // the map's order is no one's business
  for (StringRef name : names)
    unsupported("attribute '" + name + "' is not known to the importer", Code::UnsupportedAttribute);
}

std::optional<Shape> asSizes(const std::optional<Ints> &numbers) {
  return numbers ? std::optional(graph::dimsOf(*numbers)) : std::nullopt;
}

} // namespace tegula::importer
