// Reads operators that users define, and puts their operations where nodes stand: the symbols in a
// definition's types become the sizes of that node's operands.
#include "CustomOperators.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Parser/Parser.h"

#include "tegula/dialects/graph/Custom.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;

namespace tegula::importer {

/// How functions and their arguments say what they stand for.
static constexpr llvm::StringLiteral operatorAttr = "tegula.operator", sinceAttr = "tegula.since",
                                     attributeAttr = "tegula.attribute", missingAttr = "tegula.missing";

// ---- Reading ----

/// An operator's domain and name: "com.example.Mish".
static std::pair<StringRef, StringRef> splitName(StringRef whole) { return whole.rsplit('.'); }

/// An argument that a node's attribute gives: a number, or a list of known length.
static LogicalResult checkAttributeArgument(func::FuncOp function, unsigned index) {
  auto type = dyn_cast<RankedTensorType>(function.getArgumentTypes()[index]);
  Type element = type ? type.getElementType() : Type();
  bool isReal = isa_and_nonnull<FloatType>(element), isInteger = element && element.isInteger(64);
  if (!type || !type.hasStaticShape() || type.getRank() > 1 || !(isReal || isInteger))
    return function.emitError("expected a number or a list of floats or of i64 as argument ")
           << index << ", which an attribute gives, got " << function.getArgumentTypes()[index];
  Attribute missing = function.getArgAttr(index, missingAttr);
  if (missing && (type.getRank() != 0 || !(isReal ? isa<FloatAttr>(missing) : isa<IntegerAttr>(missing))))
    return function.emitError("expected ")
           << missingAttr << " to be a number of the argument's kind, and a list to have none";
  return success();
}

/// Checks an input's type, and adds the symbols that it alone gives a value.
static LogicalResult checkInput(func::FuncOp function, unsigned index, llvm::SmallDenseSet<unsigned> &bound) {
  if (!isa<RankedTensorType>(function.getArgumentTypes()[index]))
    return function.emitError("expected tensors with a rank, got ") << function.getArgumentTypes()[index];
  Type type = function.getArgumentTypes()[index];
  if (failed(graph::checkSizes(type, [&] { return function.emitError(); })))
    return failure();
  MLIRContext *context = function.getContext();
  for (Dim size : graph::shapeOf(type))
    if (auto symbol = dyn_cast<AffineSymbolExpr>(size.expr(context)))
      bound.insert(symbol.getPosition());
  return success();
}

static LogicalResult checkSymbols(Operation *op, Dim size, const llvm::SmallDenseSet<unsigned> &bound) {
  for (unsigned symbol = 0; symbol < size.numSymbols(); ++symbol)
    if (size.hasSymbol(symbol) && !bound.contains(symbol))
      return op->emitError("expected symbols that are a size of an input, got s") << symbol;
  return success();
}

static LogicalResult checkTypes(Operation *op, TypeRange types, const llvm::SmallDenseSet<unsigned> &bound) {
  for (Type type : types) {
    if (!isa<RankedTensorType>(type))
      return op->emitError("expected tensors with a rank, got ") << type;
    if (failed(graph::checkSizes(type, [&] { return op->emitError(); })))
      return failure();
    for (Dim size : graph::shapeOf(type))
      if (failed(checkSymbols(op, size, bound)))
        return failure();
  }
  return success();
}

LogicalResult CustomOperators::check(func::FuncOp function) {
  auto name = function->getAttrOfType<StringAttr>(operatorAttr);
  if (!name || splitName(name).first.empty() || splitName(name).second.empty() ||
      splitName(name).first == "ai.onnx")
    return function.emitError("expected ")
           << operatorAttr << " = \"domain.Name\" with a domain of its own on each function";
  Attribute since = function->getAttr(sinceAttr);
  if (since && (!isa<IntegerAttr>(since) || cast<IntegerAttr>(since).getInt() < 1))
    return function.emitError("expected ") << sinceAttr << " to be a version from 1 on";
  if (function.isDeclaration() || !function.getBody().hasOneBlock())
    return function.emitError("expected a body of one block");
  llvm::SmallDenseSet<unsigned> bound;
  bool isAttribute = false;
  for (unsigned index = 0; index < function.getNumArguments(); ++index) {
    bool before = isAttribute;
    isAttribute = function.getArgAttrOfType<StringAttr>(index, attributeAttr) != nullptr;
    if (before && !isAttribute)
      return function.emitError("expected inputs before what attributes give, got argument ") << index;
    if (failed(isAttribute ? checkAttributeArgument(function, index) : checkInput(function, index, bound)))
      return failure();
  }
  if (failed(checkTypes(function, function.getArgumentTypes(), bound)))
    return failure();
  for (Operation &op : function.getBody().front()) {
    if (isa<func::ReturnOp>(op))
      continue;
    if (!isa<graph::GraphDialect>(op.getDialect()))
      return op.emitError("expected operations of the graph dialect, with others in the body of graph.custom "
                          "only, got ")
             << op.getName();
    if (isa<graph::LoopOp>(op) || op.getNumResults() != 1)
      return op.emitError("expected operations of one result and no loops in a definition, got ")
             << op.getName();
    if (failed(checkTypes(&op, op.getResultTypes(), bound)))
      return failure();
    if (auto choose = dyn_cast<graph::ChooseOp>(op))
      for (ArrayAttr list : {choose.getThenRequireAttr(), choose.getElseRequireAttr()})
        for (const graph::Requirement &each : graph::readRequirements(list))
          if (failed(checkSymbols(&op, each.lhs, bound)) || failed(checkSymbols(&op, each.rhs, bound)))
            return failure();
  }
  return success();
}

static constexpr StringLiteral expectedText = "expected a text in which brackets stand at most 256 deep in "
                                              "each other, and sums have at most 4096 words";

/// Whether brackets or signs stand so deep inside of each other, or sums are so long, that a parser could run
/// out of stack.
static bool nestsTooDeeply(StringRef text) {
  constexpr unsigned mostDepth = 256, mostWords = 4096;
  unsigned depth = 0, signs = 0, words = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char each = text[i];
    if (each == '"') {
      while (++i < text.size() && text[i] != '"')
        i += text[i] == '\\';
    } else if (each == '/' && i + 1 < text.size() && text[i + 1] == '/') {
      i = std::min(text.find('\n', i), text.size());
    } else if (llvm::is_contained({'(', '[', '{', '<'}, each)) {
      ++depth;
    } else if (llvm::is_contained({')', ']', '}', '>'}, each)) {
      depth -= depth && !(each == '>' && text[i - 1] == '-');
    }
    signs = each == '-' ? signs + 1 : llvm::isSpace(each) ? signs : 0;
    // An expression of maps has words and operators only, with brackets, commas and what names values around
    // it.
    bool ends = llvm::is_contained({',', '(', ')', '<', '>', '{', '}', '[', ']', '%', '=', '"', ':'}, each);
    words = ends ? 0 : words + (llvm::is_contained({'+', '*', '-'}, each) || llvm::isSpace(each));
    if (depth > mostDepth || signs > mostDepth || words > mostWords)
      return true;
  }
  return false;
}

bool CustomOperators::readFile(const std::string &file, MLIRContext &context,
                               std::vector<Message> &messages) {
  bool isGood = false;
  auto fail = [&](const Twine &text, StringRef place) {
    Message message;
    message.text = text.str();
    message.file = place.str();
    message.code = Code::InvalidOperatorFile;
    messages.push_back(std::move(message));
    isGood = false;
  };
  constexpr uint64_t mostBytes = uint64_t(1) << 26;
  uint64_t size = 0;
  if (!llvm::sys::fs::is_regular_file(file) || llvm::sys::fs::file_size(file, size) || size > mostBytes) {
    fail("expected a file of operators of at most 64 MiB that can be read", file);
    return false;
  }
  auto text = llvm::MemoryBuffer::getFile(file, /*IsText=*/true);
  if (!text || nestsTooDeeply((*text)->getBuffer())) {
    fail(expectedText, file);
    return false;
  }
  context.loadDialect<arith::ArithDialect, linalg::LinalgDialect, math::MathDialect, scf::SCFDialect,
                      tensor::TensorDialect>();
  auto placeOf = [&](Location location) {
    auto place = location->findInstanceOf<FileLineColLoc>();
    return place ? file + ":" + std::to_string(place.getLine()) : file;
  };
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      fail(diagnostic.str(), placeOf(diagnostic.getLocation()));
  });
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(file, ParserConfig(&context));
  if (!module) {
    if (messages.empty())
      fail("cannot be read as MLIR text", file);
    return false;
  }
  isGood = true;
  for (Operation &op : *module->getBody()) {
    auto function = dyn_cast<func::FuncOp>(op);
    if (!function)
      fail("expected functions, got " + op.getName().getStringRef(), placeOf(op.getLoc()));
    else if (succeeded(check(function))) {
      auto [domain, name] = splitName(function->getAttrOfType<StringAttr>(operatorAttr));
      auto since = function->getAttrOfType<IntegerAttr>(sinceAttr);
      Definition made{function, since ? since.getInt() : 1, placeOf(op.getLoc())};
      std::vector<Definition> &others = definitions[{domain.str(), name.str()}];
      for (Definition &other : others)
        if (other.since == made.since && other.function.getArgumentTypes() == function.getArgumentTypes())
          fail("expected one definition for inputs of these types, got another one in " + other.place,
               made.place);
      others.push_back(std::move(made));
    }
  }
  if (isGood && module->getBody()->empty())
    fail("expected at least one function", file);
  modules.push_back(std::move(module));
  return isGood;
}

bool CustomOperators::read(ArrayRef<std::string> files, MLIRContext &context,
                           std::vector<Message> &messages) {
  bool isGood = true;
  for (const std::string &file : files)
    isGood &= readFile(file, context, messages);
  return isGood;
}

// ---- Writing ----

bool CustomOperators::defines(StringRef domain, StringRef name) const {
  return definitions.count({domain.str(), name.str()}) != 0;
}

/// The number of arguments that are inputs.
static unsigned inputsOf(func::FuncOp function) {
  unsigned inputs = 0;
  while (inputs < function.getNumArguments() && !function.getArgAttr(inputs, attributeAttr))
    ++inputs;
  return inputs;
}

namespace {
/// One use of a definition: what its symbols are there, and its operations' copies.
class Use {
public:
  Use(func::FuncOp function, Node &node) : function(function), node(node) {}

  /// Why the node's operands cannot be the function's inputs, as far as element types, ranks and numbers say;
  /// "" where they can.
  std::string misfit() {
    unsigned expected = inputsOf(function);
    if (node.numInputs() != expected)
      return "expected " + std::to_string(expected) + " inputs, got " + std::to_string(node.numInputs());
    if (node.results.size() > function.getNumResults())
      return "expected at most " + std::to_string(function.getNumResults()) + " outputs, got " +
             std::to_string(node.results.size());
    for (unsigned i = 0; i < expected; ++i) {
      if (!node.has(i))
        return "expected input " + std::to_string(i) + " to be given";
      Value given = node.input(i);
      auto wanted = cast<RankedTensorType>(function.getArgumentTypes()[i]);
      if (node.element(given) != wanted.getElementType())
        return "expected " + shown(wanted.getElementType()) + " as input " + std::to_string(i) + ", got " +
               shown(node.element(given));
      Shape shape = node.shape(given), rule = graph::shapeOf(wanted);
      if (shape.size() != rule.size())
        return "expected rank " + std::to_string(rule.size()) + " of input " + std::to_string(i) + ", got " +
               std::to_string(shape.size());
      for (auto [have, want] : llvm::zip_equal(shape, rule))
        if (want.isStatic() && graph::surelyDifferent(have, want))
          return "expected input " + std::to_string(i) + " of size " + graph::shapeText(rule) + ", got " +
                 node.shown(shape);
    }
    return "";
  }

  /// Copies the operations; the node has reported where that fails.
  void write() {
    if (!bindSizes() || !bindAttributes())
      return;
    for (Operation &op : function.getBody().front()) {
      if (isa<func::ReturnOp>(op)) {
        for (auto [index, value] : llvm::enumerate(op.getOperands()))
          node.result(mapping.lookupOrNull(value), index);
        return;
      }
      if (!copy(op))
        return;
    }
  }

private:
  static std::string shown(Type type) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    stream << type;
    return text;
  }

  /// What each symbol is; sizes that are expressions must come out as what the operands have.
  bool bindSizes() {
    for (unsigned pass = 0; pass < 2; ++pass) // symbols first, whatever comes before them
      for (unsigned i = 0; i < inputsOf(function); ++i) {
        Value given = node.input(i);
        mapping.map(function.getArgument(i), given);
        Shape rule = graph::shapeOf(function.getArgument(i));
        for (auto [axis, have] : llvm::enumerate(node.shape(given)))
          if (!bindSize(rule[axis], have, pass == 1, i, axis))
            return false;
      }
    return true;
  }
  bool bindSize(Dim rule, Dim have, bool isCheck, unsigned input, unsigned axis) {
    auto symbol = dyn_cast<AffineSymbolExpr>(rule.expr(node.builder.getContext()));
    if (!isCheck && symbol) {
      unsigned position = symbol.getPosition();
      while (symbols.size() <= position)
        symbols.push_back(Dim::symbol(symbols.size(), node.builder.getContext()));
      isBound.resize(std::max<size_t>(isBound.size(), position + 1));
      if (!isBound[position])
        symbols[position] = have;
      isBound[position] = true;
    }
    if (!isCheck)
      return true;
    Dim want = rule.substitute(symbols);
    std::string text = "expected size " + node.shown(want) + " of input " + std::to_string(input) +
                       ", axis " + std::to_string(axis) + ", got " + node.shown(have);
    if (node.equal(want, have, text))
      return true;
    node.invalid(text);
    return false;
  }

  bool bindAttributes() {
    for (unsigned i = inputsOf(function); i < function.getNumArguments(); ++i) {
      StringRef name = function.getArgAttrOfType<StringAttr>(i, attributeAttr);
      auto type = cast<RankedTensorType>(function.getArgumentTypes()[i]);
      Attribute missing = function.getArgAttr(i, missingAttr);
      if (!missing && !node.hasAttribute(name)) {
        node.invalid("expected an attribute '" + name + "', which the definition asks for");
        return false;
      }
      Value value = type.getRank() == 0 ? number(name, type, missing) : list(name, type);
      if (!value)
        return false;
      mapping.map(function.getArgument(i), value);
    }
    return true;
  }
  Value number(StringRef name, RankedTensorType type, Attribute missing) {
    if (isa<FloatType>(type.getElementType())) {
      auto given = dyn_cast_or_null<FloatAttr>(missing);
      return node.scalar(type.getElementType(), node.real(name, given ? given.getValueAsDouble() : 0));
    }
    auto given = dyn_cast_or_null<IntegerAttr>(missing);
    int64_t value = node.integer(name, given ? given.getInt() : 0);
    return node.constant(DenseElementsAttr::get(type, ArrayRef<int64_t>(value)));
  }
  Value list(StringRef name, RankedTensorType type) {
    std::vector<double> reals;
    Ints integers;
    bool isReal = isa<FloatType>(type.getElementType());
    const onnx::AttributeProto *given = node.attribute(name);
    if (isReal && given)
      reals.assign(given->floats().begin(), given->floats().end());
    else
      integers = node.integers(name);
    size_t count = isReal ? reals.size() : integers.size();
    if (int64_t(count) != type.getNumElements()) {
      node.invalid("expected " + Twine(type.getNumElements()) + (isReal ? " floats" : " integers") +
                   " as attribute '" + name + "', got " + Twine(count));
      return {};
    }
    if (!isReal)
      return node.constant(DenseElementsAttr::get(type, ArrayRef<int64_t>(integers)));
    SmallVector<Attribute> values;
    for (double real : reals)
      values.push_back(FloatAttr::get(type.getElementType(), real));
    return node.constant(DenseElementsAttr::get(type, values));
  }

  Shape substituted(ShapeRef shape) const {
    return llvm::map_to_vector(shape, [&](Dim size) { return size.substitute(symbols); });
  }

  ArrayAttr substituted(ArrayAttr requirements) const {
    SmallVector<graph::Requirement> list = graph::readRequirements(requirements);
    for (graph::Requirement &each : list)
      each.lhs = each.lhs.substitute(symbols), each.rhs = each.rhs.substitute(symbols);
    return requirements ? graph::requirementsAttr(list, requirements.getContext()) : requirements;
  }

  /// The operands under the sizes that the definition says they have: what is equal by what the model
  /// requires of a run is written in one way in a body.
  void adoptSizes(graph::CustomOp custom) {
    for (Value operand : custom.getInputs()) {
      Value given = mapping.lookup(operand);
      Shape want = graph::shapeOf(node.type(substituted(graph::shapeOf(operand)), node.element(given)));
      if (!(ShapeRef(node.shape(given)) == ShapeRef(want)))
        mapping.map(operand, node.reshape(given, want));
    }
  }

  bool copy(Operation &op) {
    if (auto custom = dyn_cast<graph::CustomOp>(op))
      adoptSizes(custom);
    Operation *made = node.builder.clone(op, mapping);
    made->walk([&](Operation *each) { each->setLoc(node.loc); });
    for (OpResult result : made->getResults())
      result.setType(node.type(substituted(graph::shapeOf(result.getType())),
                               cast<RankedTensorType>(result.getType()).getElementType()));
    if (auto sizes = dyn_cast<graph::SizesOp>(made))
      sizes.setValues(graph::sizesMap(substituted(graph::sizesOf(sizes.getValues())), op.getContext()));
    if (auto choose = dyn_cast<graph::ChooseOp>(made)) {
      choose.setThenRequireAttr(substituted(choose.getThenRequireAttr()));
      choose.setElseRequireAttr(substituted(choose.getElseRequireAttr()));
    }
    if (auto custom = dyn_cast<graph::CustomOp>(made); custom && failed(custom.verifyRegions())) {
      made->erase();
      return false;
    }
    Value value = node.finish(made);
    if (value)
      mapping.map(op.getResult(0), value);
    return bool(value);
  }

  func::FuncOp function;
  Node &node;
  IRMapping mapping;
  SmallVector<Dim> symbols;
  SmallVector<bool> isBound;
};
} // namespace

int64_t CustomOperators::import(StringRef domain, StringRef name, Node &node) const {
  const std::vector<Definition> &all = definitions.at({domain.str(), name.str()});
  const Definition *best = nullptr;
  std::string reasons;
  for (const Definition &definition : all) {
    std::string why = definition.since > node.opset
                          ? "since version " + std::to_string(definition.since) + " of the domain"
                          : Use(definition.function, node).misfit();
    if (!why.empty())
      reasons += (reasons.empty() ? "" : "; ") + definition.place + ": " + why;
    else if (!best || definition.since > best->since)
      best = &definition;
  }
  if (!best) {
    node.invalid("no definition of " + domain + "." + name + " fits: " + reasons);
    return 0;
  }
  func::FuncOp function = best->function;
  Use(function, node).write();
  return function.getBody().front().getOperations().size();
}

} // namespace tegula::importer
