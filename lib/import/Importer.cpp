// Imports nodes: finds each operator's handler, inlines functions, and goes on after errors so that all of
// them are reported at once.
#include "Importer.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace tegula::importer {

static std::string normalDomain(const std::string &domain) { return domain == "ai.onnx" ? "" : domain; }

template <typename List> static Opsets opsetsOf(const List &imports) {
  Opsets opsets;
  for (const onnx::OperatorSetIdProto &opset : imports)
    opsets[normalDomain(opset.domain())] = opset.version();
  return opsets;
}

Importer::Importer(std::shared_ptr<ParsedModel> model, MLIRContext &context, const ImportOptions &options,
                   const CustomOperators &custom, SizeFacts &facts, std::vector<Message> &messages)
    : model(std::move(model)), context(context), options(options), custom(custom), facts(facts),
      messages(messages), builder(&context) {
  modelOpsets = opsetsOf(this->model->model().opset_import());
  if (this->model->model().ir_version() < 3 && modelOpsets.empty())
    modelOpsets[""] = 1;
  for (const onnx::FunctionProto &function : this->model->model().functions())
    functions[{normalDomain(function.domain()), function.name(), function.overload()}] = &function;
}

void Importer::report(Code code, std::string text) {
  nodeFailed = true;
  if (isTooLarge)
    return; // what follows is only the rest that was not imported
  (outcomeOf(code) == Outcome::Unsupported ? hasUnsupported : hasInvalid) = true;
  Message message = where;
  message.text = std::move(text);
  message.code = code;
  messages.push_back(std::move(message));
}

void Importer::reportTooLarge() {
  where = Message();
  report(Code::TooManyNodes,
         "expected at most " + std::to_string(options.maxNodes) + " nodes after inlining functions");
  isTooLarge = true;
}

/// False where an opset is one that never existed, or where a domain has two (reported).
bool Importer::checkOpsets(const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto> &imports) {
  Opsets seen;
  for (const onnx::OperatorSetIdProto &opset : imports) {
    std::string domain = normalDomain(opset.domain()), shown = domain.empty() ? "ai.onnx" : domain;
    int64_t version = opset.version(), first = seen.try_emplace(domain, version).first->second;
    if (version >= 1 && version == first)
      continue;
    report(Code::InvalidOpset, version < 1 ? "expected an opset of at least 1 for domain '" + shown +
                                                 "', got " + std::to_string(version)
                                           : "expected one opset for domain '" + shown + "', got " +
                                                 std::to_string(first) + " and " + std::to_string(version));
    return false;
  }
  return true;
}

/// How many nodes these are with every call counted as what it calls; calls of calls may be exponentially
/// many, so nothing is expanded. `counts` holds the functions that are counted already.
int64_t Importer::countNodes(const google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes,
                             std::map<const onnx::FunctionProto *, int64_t> &counts, size_t depth) {
  int64_t total = 0;
  auto add = [&](int64_t count) { total = std::min(total + count, options.maxNodes + 1); };
  for (const onnx::NodeProto &node : nodes) {
    add(1);
    for (const onnx::AttributeProto &attribute : node.attribute())
      if (attribute.has_g() && depth < static_cast<size_t>(options.maxNesting))
        add(countNodes(attribute.g().node(), counts, depth + 1));
    auto found = functions.find({normalDomain(node.domain()), node.op_type(), node.overload()});
    if (found == functions.end() || depth >= static_cast<size_t>(options.maxNesting))
      continue;
    auto [entry, isNew] =
        counts.try_emplace(found->second, 0); // 0 while counting: recursion is refused later
    if (isNew)
      counts[found->second] = countNodes(found->second->node(), counts, depth + 1);
    add(counts[found->second]);
  }
  return total;
}

/// Erases operations that nothing needs, in @main and in bodies of loops, and bodies that nothing runs.
static void eraseDeadCode(ModuleOp module) {
  auto functions = llvm::to_vector(module.getOps<func::FuncOp>());
  auto erase = [](func::FuncOp function) {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(function.getBody().front())))
      if (isOpTriviallyDead(&op))
        op.erase();
  };
  for (bool isChanged = true; isChanged;) {
    isChanged = false;
    llvm::for_each(functions, erase);
    llvm::DenseSet<Attribute> run;
    module.walk([&](graph::LoopOp loop) { run.insert(loop.getBodyAttr().getAttr()); });
    llvm::erase_if(functions, [&](func::FuncOp function) {
      bool isUnused = function.isPrivate() && !run.contains(function.getSymNameAttr());
      if (isUnused)
        function.erase();
      isChanged |= isUnused;
      return isUnused;
    });
  }
}

OwningOpRef<ModuleOp> Importer::run() {
  const onnx::GraphProto &graph = model->model().graph();
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder.getUnknownLoc());
  builder.setInsertionPointToEnd(module->getBody());
  auto function =
      func::FuncOp::create(builder, builder.getUnknownLoc(), "main", builder.getFunctionType({}, {}));
  builder.setInsertionPointToEnd(function.addEntryBlock());
  std::map<const onnx::FunctionProto *, int64_t> counts;
  if (countNodes(graph.node(), counts, 0) > options.maxNodes) {
    reportTooLarge();
    return {};
  }
  if (!checkOpsets(model->model().opset_import()))
    return {};
  if (auto found = modelOpsets.find(""); found != modelOpsets.end() && found->second > kNewestOpset)
    report(Code::UnsupportedOpset, "opset " + std::to_string(found->second) +
                                       " is not supported, expected at most " + std::to_string(kNewestOpset));
  if (graph.sparse_initializer_size() > 0)
    report(Code::UnsupportedStorage, "sparse initializers are not supported");
  addInitializers(graph, mainScope);
  if (!importInputs(graph, function)) {
    // Without types no node can be imported, but unknown operators can still be listed.
    for (const onnx::ValueInfoProto &input : graph.input())
      mainScope.values.try_emplace(input.name(), Value());
  }
  importNodes(graph.node(), Frame{mainScope, modelOpsets, nullptr, ""});
  where = Message();
  importOutputs(graph, function);
  if (!isSound())
    return {};
  eraseDeadCode(*module);
  if (failed(mlir::verify(*module)))
    report(Code::Internal, "internal: the imported module is malformed");
  return isSound() ? std::move(module) : OwningOpRef<ModuleOp>();
}

void Importer::addInitializers(const onnx::GraphProto &graph, Scope &scope) {
  for (const onnx::TensorProto &tensor : graph.initializer())
    if (!scope.initializers.try_emplace(tensor.name(), &tensor).second)
      report(Code::DuplicateName, "expected each initializer once, got '" + tensor.name() + "' twice");
}

// ---- Names ----

std::optional<Value> Importer::lookup(const Scope &scope, StringRef name) {
  for (const Scope *at = &scope; at; at = at->parent) {
    if (auto found = at->values.find(name); found != at->values.end())
      return found->second;
    auto found = at->initializers.find(name);
    if (found == at->initializers.end())
      continue;
    auto [entry, isNew] = loaded.try_emplace(found->second, Value());
    if (!isNew)
      return entry->second;
    llvm::Expected<ElementsAttr> value = tensorValue(&context, model, *found->second);
    if (value)
      return entry->second = graph::ConstantOp::create(builder, NameLoc::get(builder.getStringAttr(name)),
                                                       value->getType(), *value);
    llvm::handleAllErrors(
        value.takeError(), [&](const ReadError &error) { report(error.code, error.text); },
        [&](const llvm::ErrorInfoBase &error) { report(Code::Internal, error.message()); });
    return entry->second;
  }
  return std::nullopt;
}

void Importer::define(const onnx::NodeProto &node, const Frame &frame, ArrayRef<Value> results) {
  for (int i = 0; i < node.output_size(); ++i) {
    Value value = i < static_cast<int>(results.size()) ? results[i] : Value();
    if (!node.output(i).empty() && (frame.scope.initializers.count(node.output(i)) ||
                                    !frame.scope.values.try_emplace(node.output(i), value).second))
      report(Code::DuplicateName,
             "expected each value to be defined once, got '" + node.output(i) + "' twice");
  }
}

bool Importer::resolveOperands(const onnx::NodeProto &node, const Frame &frame,
                               SmallVector<Value> &operands) {
  bool isComplete = true;
  for (const std::string &name : node.input()) {
    operands.push_back(Value());
    if (name.empty())
      continue;
    std::optional<Value> value = lookup(frame.scope, name);
    if (!value)
      report(Code::UndefinedValue, "expected input '" + name + "' to be defined before this node");
    if (!value || !*value)
      isComplete = false;
    else
      operands.back() = asKnownHere(*value);
  }
  return isComplete;
}

bool Importer::resolveAttributes(const onnx::NodeProto &node, const Frame &frame, Attributes &attributes) {
  for (const onnx::AttributeProto &attribute : node.attribute()) {
    const onnx::AttributeProto *value = &attribute;
    if (!attribute.ref_attr_name().empty()) {
      if (!frame.callerAttributes) {
        report(Code::InvalidAttribute, "expected attribute '" + attribute.name() +
                                           "' to have a value, it refers to '" + attribute.ref_attr_name() +
                                           "' outside of a function");
        return false;
      }
      value = frame.callerAttributes->lookup(attribute.ref_attr_name());
    }
    if (value)
      attributes[attribute.name()] = value;
  }
  return true;
}

// ---- Nodes ----

void Importer::importNodes(const google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes,
                           const Frame &frame) {
  for (int i = 0; i < nodes.size(); ++i) {
    if (++numNodes > options.maxNodes) {
      if (!isTooLarge)
        reportTooLarge();
      return;
    }
    const onnx::NodeProto &node = nodes[i];
    where = Message();
    where.node =
        frame.prefix + (node.name().empty() ? node.op_type() + "_" + std::to_string(i) : node.name());
    where.op = node.op_type();
    where.domain = normalDomain(node.domain());
    nodeFailed = false;
    importNode(node, frame);
  }
}

void Importer::importNode(const onnx::NodeProto &node, const Frame &frame) {
  std::string domain = normalDomain(node.domain());
  Attributes attributes;
  if (!resolveAttributes(node, frame, attributes))
    return define(node, frame, {});
  bool isCustom = custom.defines(domain, node.op_type()); // says more than a function of the model
  if (auto found = functions.find({domain, node.op_type(), node.overload()});
      found != functions.end() && !isCustom)
    return importCall(node, frame, attributes, *found->second);
  auto opset = frame.opsets.find(domain);
  if (opset == frame.opsets.end()) {
    report(Code::InvalidOpset,
           "expected the model to import an opset of domain '" + (domain.empty() ? "ai.onnx" : domain) + "'");
    return define(node, frame, {});
  }
  where.opset = opset->second;
  if (const Operator *op = findOperator(domain, node.op_type());
      op && !op->handler && opset->second >= op->since)
    return node.op_type() == "If"     ? importIf(node, frame, attributes)
           : node.op_type() == "Loop" ? importLoop(node, frame, attributes)
                                      : importScan(node, frame, attributes);
  importOperator(node, frame, attributes, opset->second);
}

/// "float32 1x3xbatch", for people.
std::string Importer::typeText(Value value) const {
  RankedTensorType type = graph::tensorType(value);
  return dtypeName(type.getElementType()) + " " + graph::shapeText(graph::shapeOf(type), facts.symbols);
}

void Importer::importOperator(const onnx::NodeProto &node, const Frame &frame, const Attributes &attributes,
                              int64_t opset) {
  SmallVector<Value> operands;
  bool isComplete = resolveOperands(node, frame, operands);
  for (auto [name, operand] : llvm::zip(node.input(), operands))
    where.types.push_back(operand ? typeText(operand) : name.empty() ? "none" : "?");
  std::string domain = normalDomain(node.domain());
  bool isCustom = custom.defines(domain, node.op_type());
  const Operator *op = isCustom ? nullptr : findOperator(domain, node.op_type());
  if (!op && !isCustom) {
    report(domain.empty() ? Code::UnsupportedOperator : Code::UnsupportedDomain,
           "operator " + (domain.empty() ? "" : domain + ".") + node.op_type() + " is not supported");
  } else if (op && opset < op->since) {
    report(Code::UnsupportedVersion,
           "operator " + node.op_type() + " is not supported before opset " + std::to_string(op->since));
  }
  if (!isComplete || nodeFailed || (op && !op->handler))
    return define(node, frame, {});
  Node context(builder, node, opset, operands, attributes, model, facts);
  context.loc = NameLoc::get(builder.getStringAttr(where.node));
  context.report = [this](Code code, std::string text) { report(code, std::move(text)); };
  if (isCustom)
    numNodes += custom.import(domain, node.op_type(), context); // so that files cannot multiply without end
  else if (op->computesInF32)
    runWidened(*op, context, operands);
  else
    op->handler(context);
  if (!nodeFailed)
    context.checkEverythingUsed();
  for (size_t i = 0; i < context.results.size() && !nodeFailed; ++i)
    if (context.wants(i) && !context.results[i])
      report(Code::UnsupportedOutput, "output " + std::to_string(i) + " is not supported");
  for (Value result : context.results)
    if (Ops::rank(result) > kMostDims)
      report(Code::UnsupportedType, "tensors of more than " + std::to_string(kMostDims) +
                                        " dimensions are not supported, got " +
                                        std::to_string(Ops::rank(result)));
  if (nodeFailed)
    context.results.clear();
  define(node, frame, context.results);
}

void Importer::runWidened(const Operator &op, Node &node, SmallVectorImpl<Value> &operands) {
  auto isNarrow = [](Type type) { return type.isF16() || type.isBF16(); };
  // The first operand says what the result is; others may be narrow beside a wide one, but not narrow in two
  // ways.
  Type first = operands.empty() ? Type() : node.element(operands.front());
  for (Value &operand : operands) {
    if (!operand || !isNarrow(node.element(operand)))
      continue;
    if (isNarrow(first) && node.element(operand) != first)
      return node.unsupported("float16 and bfloat16 in one operator are not supported: cast one of them",
                              Code::UnsupportedType);
    Value &wide = wideForms[operand];
    if (!wide)
      wide = node.cast(operand, builder.getF32Type());
    operand = wide;
  }
  op.handler(node);
  if (!first || !isNarrow(first))
    return;
  for (Value &result : node.results) {
    if (!result || !node.element(result).isF32())
      continue;
    Value wide = result;
    result = node.cast(wide, first);
    wideForms[result] = wide;
  }
}

void Importer::importCall(const onnx::NodeProto &node, const Frame &frame, const Attributes &attributes,
                          const onnx::FunctionProto &function) {
  SmallVector<Value> operands;
  bool isComplete = resolveOperands(node, frame, operands);
  if (llvm::is_contained(callStack, &function))
    report(Code::InvalidCall, "expected functions that do not call themselves, got a call of '" +
                                  function.name() + "' inside of it");
  else if (isDeep())
    report(Code::TooDeep, "expected calls of functions at most " + std::to_string(options.maxNesting) +
                              " deep, got a deeper one of '" + function.name() + "'");
  if (static_cast<int>(operands.size()) > function.input_size() ||
      node.output_size() > function.output_size())
    report(Code::InvalidCall, "expected at most " + std::to_string(function.input_size()) + " inputs and " +
                                  std::to_string(function.output_size()) + " outputs");
  if (!isComplete || nodeFailed)
    return define(node, frame, {});
  Attributes values;
  for (const onnx::AttributeProto &missing : function.attribute_proto())
    values[missing.name()] = &missing;
  for (const auto &entry : attributes)
    values[entry.getKey()] = entry.getValue();
  Scope scope;
  // An input that is not given has the empty value's meaning inside: it is absent.
  std::set<std::string> absent;
  for (int i = 0; i < function.input_size(); ++i) {
    bool isGiven = i < static_cast<int>(operands.size()) && operands[i];
    if (isGiven)
      scope.values[function.input(i)] = operands[i];
    else
      absent.insert(function.input(i));
  }
  Opsets opsets = opsetsOf(function.opset_import());
  if (!checkOpsets(function.opset_import()))
    return define(node, frame, {});
  for (const auto &[domain, version] : modelOpsets)
    opsets.try_emplace(domain, version);
  Message outer = where;
  callStack.push_back(&function);
  if (absent.empty()) {
    importNodes(function.node(), Frame{scope, opsets, &values, where.node + "/"});
  } else {
    ParsedModel::Nodes body = function.node();
    for (onnx::NodeProto &inner : body)
      for (std::string &name : *inner.mutable_input())
        if (absent.count(name))
          name.clear();
    importNodes(model->keep(std::move(body)), Frame{scope, opsets, &values, where.node + "/"});
  }
  callStack.pop_back();
  where = outer;
  SmallVector<Value> results;
  for (int i = 0; i < node.output_size(); ++i) {
    std::optional<Value> value = lookup(scope, function.output(i));
    if (!value && !node.output(i).empty())
      report(Code::UndefinedOutput,
             "expected function '" + function.name() + "' to define its output '" + function.output(i) + "'");
    results.push_back(value.value_or(Value()));
  }
  define(node, frame, results);
}

// ---- The door ----

static OwningOpRef<ModuleOp> importOnce(std::shared_ptr<ParsedModel> model, MLIRContext &context,
                                        const ImportOptions &options, const CustomOperators &custom,
                                        SizeFacts &facts, std::vector<Message> &messages) {
  Importer importer(std::move(model), context, options, custom, facts, messages);
  // Verifiers and shape rules report through MLIR; their text becomes a message about the current node.
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
      return;
    std::string text = diagnostic.str();
    StringRef shown = text;
    if (shown.consume_front("'graph."))
      shown = shown.split("' op ").second;
    importer.report(Code::InvalidNode, shown.str());
  });
  return importer.run();
}

std::shared_ptr<ParsedModel> readModel(const std::string &path, std::vector<Message> &messages,
                                       const ReadOptions &options) {
  llvm::Expected<std::shared_ptr<ParsedModel>> model = ParsedModel::read(path, options);
  if (model)
    return *model;
  llvm::handleAllErrors(model.takeError(), [&](const ReadError &error) {
    Message message;
    message.text = error.text;
    message.code = error.code;
    messages.push_back(std::move(message));
  });
  return nullptr;
}

/// Lets the bounds of a symbol hold for the size that stands for it in the end. The first symbol that has no
/// size left within its bounds, if there is one.
static std::optional<unsigned> settleRanges(SizeFacts &facts, MLIRContext *context) {
  for (unsigned index = 0; index < facts.ranges.size(); ++index) {
    graph::SymbolRange range = facts.ranges[index];
    Dim self = Dim::symbol(index, context), same = facts.representative(self);
    if (range == graph::SymbolRange() || same == self)
      continue;
    auto symbol = dyn_cast<AffineSymbolExpr>(same.expr(context));
    if (!symbol) { // for the run to check
      std::string text = "expected size '" + facts.symbols[index] + "' within its bounds";
      facts.require({graph::Requirement::Kind::AtMost, range.lowest, same, "", text});
      facts.require({graph::Requirement::Kind::AtMost, same, range.highest, "", text});
      continue;
    }
    graph::SymbolRange &other = facts.ranges[symbol.getPosition()];
    other = {std::max(other.lowest, range.lowest), std::min(other.highest, range.highest)};
    if (other.lowest > other.highest)
      return index;
  }
  return std::nullopt;
}

FailureOr<OwningOpRef<ModuleOp>> importModel(const std::shared_ptr<ParsedModel> &model, MLIRContext &context,
                                             const ImportOptions &options, std::vector<Message> &messages) {
  context.loadDialect<graph::GraphDialect, func::FuncDialect>();
  CustomOperators custom;
  if (!custom.read(options.operatorFiles, context, messages))
    return failure();
  // Sizes that one import had to take as equal are one size in the next, which knows more of its shapes.
  constexpr int kMaxImports = 5;
  SizeFacts facts;
  OwningOpRef<ModuleOp> module;
  std::vector<Message> said;
  for (int round = 1;; ++round) {
    said.clear();
    module = importOnce(model, context, options, custom, facts, said);
    if (round == kMaxImports || !facts.unify())
      break;
  }
  llvm::append_range(messages, said);
  if (!module)
    return failure();
  if (std::optional<unsigned> empty = settleRanges(facts, &context)) {
    Message message;
    message.text = "expected bounds that sizes equal to each other can have, got none left for '" +
                   facts.symbols[*empty] + "'";
    message.code = Code::OptionContradictsModel;
    messages.push_back(std::move(message));
    return failure();
  }
  auto main = module->lookupSymbol<func::FuncOp>("main");
  graph::writeRequirements(main, facts.allRequirements());
  for (auto function : module->getOps<func::FuncOp>()) { // bodies of loops are over the same symbols
    graph::writeSymbols(function, facts.symbols);
    graph::writeRanges(function, facts.ranges);
  }
  return module;
}

} // namespace tegula::importer
