// Gives the imported function its signature: names, types and the sizes that the user fixed.
#include "Importer.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace tegula::importer {

static std::string listOf(ArrayRef<std::string> names) {
  return llvm::join(llvm::map_range(names, [](const std::string &name) { return "'" + name + "'"; }), ", ");
}

/// The name of a dimension, made from its place where the model has none.
static std::string dimName(const onnx::ValueInfoProto &input, int axis) {
  const std::string &name = input.type().tensor_type().shape().dim(axis).dim_param();
  return name.empty() ? input.name() + "." + std::to_string(axis) : name;
}

/// "1..8", "1.." without a highest size.
static std::string rangeText(const SizeRange &range) {
  return std::to_string(range.lowest) + ".." +
         (range.highest == INT64_MAX ? "" : std::to_string(range.highest));
}

/// Bounds say nothing about sizes that another option has fixed.
bool Importer::checkRangesUsed() {
  for (const auto &[name, range] : options.ranges) {
    if (llvm::is_contained(facts.symbols, name))
      continue;
    report(Code::OptionContradictsModel, "expected --dim to bound a size that stays open, got '" + name +
                                             "=" + rangeText(range) +
                                             "' beside --shape or --bind, which fix it");
    return false;
  }
  return true;
}

/// Names in options that the model does not have are mistakes worth an error.
bool Importer::checkOptionNames(const onnx::GraphProto &graph) {
  SmallVector<std::string> inputs;
  std::set<std::string> dims;
  for (const onnx::ValueInfoProto &input : graph.input()) {
    if (mainScope.initializers.count(input.name()))
      continue;
    inputs.push_back(input.name());
    const onnx::TensorShapeProto &shape = input.type().tensor_type().shape();
    for (int i = 0; i < shape.dim_size(); ++i)
      if (!shape.dim(i).dim_param().empty() || !shape.dim(i).has_dim_value() || shape.dim(i).dim_value() < 0)
        dims.insert(dimName(input, i));
  }
  bool isFine = true;
  auto checkInput = [&](const std::string &name, const char *option) {
    if (llvm::is_contained(inputs, name))
      return;
    report(Code::OptionNamesNothing, std::string("expected ") + option +
                                         " to name an input of the model, which are " + listOf(inputs) +
                                         ", got '" + name + "'");
    isFine = false;
  };
  for (const auto &entry : options.shapes)
    checkInput(entry.first, "--shape");
  for (const auto &entry : options.bound)
    checkInput(entry.first, "--bind");
  std::string known =
      dims.empty() ? "there are none" : listOf(SmallVector<std::string>(dims.begin(), dims.end()));
  for (const auto &[name, size] : options.dims) {
    if (dims.count(name) && size >= 0)
      continue;
    report(Code::OptionNamesNothing, "expected --dim to give a size to a symbolic dimension of an input (" +
                                         known + "), got '" + name + "=" + std::to_string(size) + "'");
    isFine = false;
  }
  for (const auto &[name, range] : options.ranges) {
    std::string text = name + "=" + rangeText(range);
    if (!dims.count(name))
      report(Code::OptionNamesNothing,
             "expected --dim to bound a symbolic dimension of an input (" + known + "), got '" + text + "'");
    else if (options.dims.count(name))
      report(Code::OptionContradictsModel, "expected either a size or bounds of '" + name + "', got '" +
                                               text + "' and '" + name + "=" +
                                               std::to_string(options.dims.at(name)) + "'");
    else if (range.lowest < 1 || range.highest < range.lowest)
      report(Code::InvalidSizeOption, "expected bounds of at least 1 in rising order, got '" + text + "'");
    else
      continue;
    isFine = false;
  }
  return isFine;
}

Dim Importer::symbolNamed(const std::string &name, const std::string &option) {
  auto found = llvm::find(facts.symbols, name);
  unsigned index = found - facts.symbols.begin();
  if (found == facts.symbols.end()) {
    facts.symbols.push_back(name);
    facts.fixingOptions.push_back(option);
    auto range = options.ranges.find(name);
    facts.ranges.push_back(range == options.ranges.end()
                               ? graph::SymbolRange()
                               : graph::SymbolRange{range->second.lowest, range->second.highest});
  }
  return Dim::symbol(index, &context);
}

/// The shape that an input is given by an option, or has by its value.
static std::optional<Ints> givenShape(const ImportOptions &options, const std::string &name) {
  if (auto found = options.shapes.find(name); found != options.shapes.end())
    return Ints(found->second.begin(), found->second.end());
  if (auto bound = options.bound.find(name); bound != options.bound.end())
    return Ints(bound->second.shape.begin(), bound->second.shape.end());
  return std::nullopt;
}

/// Says which other size than the given one a dimension has by the model or by options; "" where none.
static std::string contradiction(const onnx::ValueInfoProto &input, int axis,
                                 const std::map<std::string, int64_t> &dims, int64_t given) {
  const onnx::TensorShapeProto::Dimension &dim = input.type().tensor_type().shape().dim(axis);
  bool isFixed = dim.has_dim_value() && dim.dim_value() >= 0;
  auto named = dims.find(dimName(input, axis));
  std::string expected;
  if (isFixed && given != dim.dim_value())
    expected = std::to_string(dim.dim_value());
  else if (!isFixed && named != dims.end() && given != named->second)
    expected = std::to_string(named->second) + ", as other options say of '" + named->first + "',";
  return expected.empty() ? ""
                          : "expected size " + expected + " for dimension " + std::to_string(axis) +
                                " of input '" + input.name() + "', got " + std::to_string(given);
}

std::optional<Shape> Importer::inputShape(const onnx::ValueInfoProto &input,
                                          std::map<std::string, int64_t> &dims) {
  const onnx::TypeProto::Tensor &type = input.type().tensor_type();
  std::optional<Ints> given = givenShape(options, input.name());
  if (!type.has_shape()) {
    if (!given) {
      report(Code::InvalidDeclaration,
             "input '" + input.name() + "' has no shape: fix it with --shape " + input.name() + ":1x2x3");
      return std::nullopt;
    }
    return graph::dimsOf(*given);
  }
  int rank = type.shape().dim_size();
  auto givenText = [&] { return graph::shapeText(graph::dimsOf(*given)); };
  if (given && static_cast<int>(given->size()) != rank) {
    report(Code::OptionContradictsModel, "expected a shape of rank " + std::to_string(rank) + " for input '" +
                                             input.name() + "', got " + givenText());
    return std::nullopt;
  }
  Shape shape;
  bool isComplete = true;
  for (int i = 0; i < rank; ++i) {
    const onnx::TensorShapeProto::Dimension &dim = type.shape().dim(i);
    bool isFixed = dim.has_dim_value() && dim.dim_value() >= 0;
    if (dim.has_dim_value() && dim.dim_value() < -1) { // many exporters write -1 for an unknown size
      report(Code::InvalidDeclaration, "expected sizes of at least 0 for input '" + input.name() + "', got " +
                                           std::to_string(dim.dim_value()));
      return std::nullopt;
    }
    auto named = dims.find(dimName(input, i));
    if (given && (*given)[i] < 0) {
      report(Code::InvalidSizeOption,
             "expected sizes of at least 0 for input '" + input.name() + "', got " + givenText());
      return std::nullopt;
    }
    if (std::string why = given ? contradiction(input, i, dims, (*given)[i]) : ""; !why.empty()) {
      report(Code::OptionContradictsModel, why);
      return std::nullopt;
    }
    bool isNamed = !dim.dim_param().empty();
    std::string option = isNamed ? "--dim " + dim.dim_param() + "=N" : "--shape " + input.name() + ":1x2x3";
    if (given)
      shape.push_back((*given)[i]);
    else if (isFixed)
      shape.push_back(dim.dim_value());
    else if (named != dims.end())
      shape.push_back(named->second);
    else if (options.symbolic)
      shape.push_back(symbolNamed(dimName(input, i), option));
    else {
      report(Code::OpenSize, "input '" + input.name() + "' has a dimension " +
                                 (isNamed ? "'" + dim.dim_param() + "' " : std::string()) +
                                 "of unknown size: fix it with " + option);
      isComplete = false;
    }
  }
  return isComplete ? std::optional(shape) : std::nullopt;
}

ElementsAttr Importer::boundValue(const std::string &name, const HostTensor &tensor, RankedTensorType type) {
  Ints shape(tensor.shape.begin(), tensor.shape.end());
  std::string dtype = dtypeName(type.getElementType());
  if (IntsRef(shape) != type.getShape() || tensor.dtype != dtype) {
    report(Code::InvalidBinding, "expected --bind " + name + " to give " + dtype + " " +
                                     graph::shapeText(graph::shapeOf(type)) + ", got " + tensor.dtype + " " +
                                     graph::shapeText(graph::dimsOf(shape)));
    return {};
  }
  auto bytes = std::make_shared<std::vector<uint8_t>>(tensor.bytes);
  ArrayRef<char> view(reinterpret_cast<const char *>(bytes->data()), bytes->size());
  if (static_cast<int64_t>(view.size()) !=
      type.getNumElements() * static_cast<int64_t>(llvm::divideCeil(type.getElementTypeBitWidth(), 8))) {
    report(Code::InvalidBinding, "expected --bind " + name + " to give as many bytes as its shape has");
    return {};
  }
  return constantOf(type, SharedBytes{bytes, view}, name);
}

bool Importer::checkRank(const onnx::ValueInfoProto &input) {
  int rank = input.type().tensor_type().shape().dim_size();
  if (rank > kMostDims)
    report(Code::UnsupportedType, "tensors of more than " + std::to_string(kMostDims) +
                                      " dimensions are not supported, got " + std::to_string(rank) +
                                      " of input '" + input.name() + "'");
  return rank <= kMostDims;
}

Type Importer::inputElement(const onnx::ValueInfoProto &input) {
  bool isTensor = input.type().has_tensor_type();
  int number = input.type().tensor_type().elem_type();
  if (Type element = isTensor ? elementType(&context, number) : Type())
    return element;
  if (isTensor && !isDataType(number))
    report(Code::InvalidElementType,
           "expected an element type of ONNX for input '" + input.name() + "', got " + dataTypeName(number));
  else
    report(isTensor ? Code::UnsupportedType : Code::UnsupportedInput,
           "input '" + input.name() + "' has " +
               (isTensor ? "element type " + dataTypeName(number) : "a type other than tensor") +
               ", which is not supported");
  return {};
}

bool Importer::importInputs(const onnx::GraphProto &graph, func::FuncOp function) {
  if (!checkOptionNames(graph))
    return false;
  std::map<std::string, int64_t> dims = options.dims;
  // A whole shape fixes the symbols in it for the other inputs too.
  for (const onnx::ValueInfoProto &input : graph.input())
    if (auto found = options.shapes.find(input.name()); found != options.shapes.end())
      for (int i = 0; i < std::min<int>(found->second.size(), input.type().tensor_type().shape().dim_size());
           ++i)
        if (const std::string &symbol = input.type().tensor_type().shape().dim(i).dim_param();
            !symbol.empty())
          dims.try_emplace(symbol, found->second[i]);
  bool isComplete = true;
  Arguments arguments;
  for (const onnx::ValueInfoProto &input : graph.input()) {
    if (mainScope.initializers.count(input.name()))
      continue; // a default value is taken as the value
    Type element = checkRank(input) ? inputElement(input) : Type();
    std::optional<Shape> shape = element ? inputShape(input, dims) : std::nullopt;
    if (!shape) {
      isComplete = false;
      continue;
    }
    Shape known = llvm::map_to_vector<6>(*shape, [&](Dim size) { return facts.representative(size); });
    RankedTensorType type = graph::tensorType(known, element);
    // Without the sizes of 0: strides are products of the others alone.
    Shape sizes(llvm::make_filter_range(*shape, [](Dim size) { return !size.is(0); }));
    if (!(graph::elementCount(sizes) * 8).isValid()) {
      report(Code::InvalidDeclaration, "expected input '" + input.name() +
                                           "' to have sizes below 2^60 in all, got " +
                                           graph::shapeText(*shape, facts.symbols));
      isComplete = false;
      continue;
    }
    SmallVector<NamedAttribute> names{
        builder.getNamedAttr("tegula.dtype", builder.getStringAttr(dtypeName(element))),
        builder.getNamedAttr("tegula.name", builder.getStringAttr(input.name()))};
    // The declared sizes, where the type may already say what they have to be equal to.
    if (!graph::isStatic(*shape))
      names.push_back(
          builder.getNamedAttr("tegula.dims", AffineMapAttr::get(graph::sizesMap(*shape, &context))));
    arguments.types.push_back(type);
    arguments.attributes.push_back(builder.getDictionaryAttr(names));
    arguments.locations.push_back(NameLoc::get(builder.getStringAttr(input.name())));
  }
  return addArguments(function, arguments) && isComplete && checkRangesUsed();
}

/// Gives the function its arguments, all at once: one after the other each would make a new type of all
/// before.
bool Importer::addArguments(func::FuncOp function, const Arguments &arguments) {
  SmallVector<unsigned> places(arguments.types.size(), 0);
  if (failed(function.insertArguments(places, arguments.types, arguments.attributes, arguments.locations)))
    return false;
  for (BlockArgument argument : function.getArguments()) {
    auto loc = cast<NameLoc>(argument.getLoc());
    std::string name = loc.getName().str();
    Value value = argument;
    if (auto bound = options.bound.find(name); bound != options.bound.end()) {
      auto type = cast<RankedTensorType>(argument.getType());
      ElementsAttr constant = boundValue(name, bound->second, type);
      value = constant ? Value(graph::ConstantOp::create(builder, loc, type, constant)) : Value();
    }
    if (!mainScope.values.try_emplace(name, value).second)
      report(Code::DuplicateName, "expected each input once, got '" + name + "' twice");
  }
  return true;
}

void Importer::checkOutputType(const onnx::ValueInfoProto &output, RankedTensorType type) {
  if (!output.type().has_tensor_type())
    return;
  const onnx::TypeProto::Tensor &declared = output.type().tensor_type();
  Type element = elementType(&context, declared.elem_type());
  if (declared.elem_type() != 0 && element != type.getElementType())
    return report(Code::InvalidDeclaration,
                  "expected output '" + output.name() + "' to have the declared element type " +
                      dataTypeName(declared.elem_type()) + ", got " + dtypeName(type.getElementType()));
  bool fits = !declared.has_shape() || declared.shape().dim_size() == type.getRank();
  for (int i = 0; fits && declared.has_shape() && i < type.getRank(); ++i)
    fits = !declared.shape().dim(i).has_dim_value() || declared.shape().dim(i).dim_value() < 0 ||
           type.isDynamicDim(i) || declared.shape().dim(i).dim_value() == type.getDimSize(i);
  if (fits)
    return;
  Message warning;
  warning.severity = Message::Severity::Warning;
  warning.text = "output '" + output.name() + "' has shape " + graph::shapeText(graph::shapeOf(type)) +
                 ", which is not the declared one";
  messages.push_back(std::move(warning));
}

void Importer::importOutputs(const onnx::GraphProto &graph, func::FuncOp function) {
  SmallVector<Value> results;
  SmallVector<DictionaryAttr> attributes;
  std::set<std::string> names;
  for (const onnx::ValueInfoProto &output : graph.output()) {
    if (!names.insert(output.name()).second) {
      report(Code::DuplicateName, "expected each output once, got '" + output.name() + "' twice");
      continue;
    }
    std::optional<Value> value = lookup(mainScope, output.name());
    if (!value)
      report(Code::UndefinedOutput, "expected output '" + output.name() + "' to be computed by the graph");
    if (!value || !*value)
      continue;
    auto type = cast<RankedTensorType>(value->getType());
    checkOutputType(output, type);
    results.push_back(*value);
    attributes.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr("tegula.dtype", builder.getStringAttr(dtypeName(type.getElementType()))),
         builder.getNamedAttr("tegula.name", builder.getStringAttr(output.name()))}));
  }
  if (results.empty() && isSound())
    report(Code::UndefinedOutput, "expected a model with at least one output");
  func::ReturnOp::create(builder, builder.getUnknownLoc(), results);
  function.setFunctionType(
      builder.getFunctionType(function.getArgumentTypes(), ValueRange(results).getTypes()));
  function.setAllResultAttrs(attributes);
}

} // namespace tegula::importer
