// Imports If: the one branch that is known to be taken, or both and a choice between their results.
#include "Importer.h"

#include "tegula/dialects/graph/Elements.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace tegula::importer {

/// The truth of a condition. Where it asks whether two sizes are equal and that depends on symbols, it is
/// taken to be so: exporters squeeze by such branches, whose results differ in rank.
std::optional<bool> Importer::decide(Value condition) {
  Attribute attribute;
  if (graph::tensorType(condition).getNumElements() != 1)
    return std::nullopt;
  if (matchPattern(condition, m_Constant(&attribute))) {
    std::optional<graph::Elements> known = graph::Elements::read(attribute);
    return known ? std::optional(known->integer(0) != 0) : std::nullopt;
  }
  Operation *op = condition.getDefiningOp();
  if (isa_and_nonnull<graph::CastOp, graph::ReshapeOp, graph::NotOp>(op)) {
    std::optional<bool> inner = decide(op->getOperand(0));
    return inner && isa<graph::NotOp>(op) ? std::optional(!*inner) : inner;
  }
  auto compare = dyn_cast_or_null<graph::CompareOp>(op);
  if (!compare ||
      (compare.getPredicate() != Predicate::Equal && compare.getPredicate() != Predicate::NotEqual))
    return std::nullopt;
  std::optional<graph::Sizes> lhs = graph::Sizes::read(compare.getLhs()),
                              rhs = graph::Sizes::read(compare.getRhs());
  if (!lhs || !rhs || lhs->values.size() != 1 || rhs->values.size() != 1)
    return std::nullopt;
  facts.require({graph::Requirement::Kind::Equal, lhs->values[0], rhs->values[0], where.node,
                 "expected sizes for which this condition holds"});
  return compare.getPredicate() == Predicate::Equal;
}

Value Importer::asKnownHere(Value value) {
  if (!value || graph::tensorType(value).hasStaticShape())
    return value;
  Ops ops(builder, facts);
  ops.loc = value.getLoc();
  RankedTensorType type = ops.type(Ops::shape(value), ops.element(value));
  if (type == value.getType())
    return value;
  Value &known = knownForms[value];
  if (!known)
    known = graph::ReshapeOp::create(builder, ops.loc, type, value);
  return known;
}

SmallVector<Value> Importer::importGraph(const onnx::GraphProto &graph, const Frame &frame,
                                         const std::string &path, ArrayRef<Value> inputs) {
  Scope scope;
  scope.parent = &frame.scope;
  for (auto [i, value] : llvm::enumerate(inputs))
    scope.values[graph.input(i).name()] = value;
  addInitializers(graph, scope);
  Message outer = where;
  importNodes(graph.node(), Frame{scope, frame.opsets, frame.callerAttributes, path + "/"});
  where = outer;
  SmallVector<Value> results;
  for (int i = 0; i < graph.output_size(); ++i) {
    std::optional<Value> value = lookup(scope, graph.output(i).name());
    if (!value)
      report(Code::UndefinedOutput,
             "expected the graph inside to define its output '" + graph.output(i).name() + "'");
    results.push_back(asKnownHere(value.value_or(Value())));
  }
  return results;
}

Importer::Branch Importer::importBranch(const onnx::GraphProto &graph, const Frame &frame,
                                        const std::string &path, ArrayRef<Value> inputs) {
  Branch branch;
  size_t numMessages = messages.size();
  bool wasInvalid = std::exchange(hasInvalid, false), wasUnsupported = std::exchange(hasUnsupported, false);
  llvm::DenseMap<Value, Value> outerForms;
  std::swap(knownForms, outerForms);
  facts.enterBranch(&graph, path);
  branch.results = importGraph(graph, frame, path, inputs);
  branch.requirements = facts.leaveBranch();
  std::swap(knownForms, outerForms);
  branch.isInvalid = std::exchange(hasInvalid, wasInvalid);
  branch.isUnsupported = std::exchange(hasUnsupported, wasUnsupported);
  branch.messages.assign(messages.begin() + numMessages, messages.end());
  messages.resize(numMessages);
  nodeFailed = false;
  return branch;
}

/// A branch that contradicts itself for the sizes at hand is no error until a run takes it: exporters write
/// branches for different sizes of one input.
bool Importer::settle(Branch &branch, Branch &other) {
  if (!branch.isInvalid && !branch.isUnsupported)
    return true;
  bool canFail = !branch.isUnsupported && !other.isInvalid && !other.isUnsupported && !isTooLarge;
  if (!canFail) {
    hasInvalid |= branch.isInvalid, hasUnsupported |= branch.isUnsupported;
    llvm::append_range(messages, branch.messages);
    return false;
  }
  auto error = llvm::find_if(
      branch.messages, [](const Message &message) { return message.severity == Message::Severity::Error; });
  if (error == branch.messages.end())
    return false;
  Message warning = *error;
  warning.severity = Message::Severity::Warning;
  warning.text = "a run that takes the branch with this node fails: " + error->text;
  messages.push_back(warning);
  branch.requirements = {{graph::Requirement::Kind::Never, 0, 0, error->node, error->text}};
  branch.results = other.results;
  return true;
}

/// What both branches require is required of the model, where the next import can learn from it.
void Importer::hoistRequirements(Branch &one, Branch &other) {
  auto isSame = [](const graph::Requirement &x, const graph::Requirement &y) {
    return x.kind == y.kind && x.lhs == y.lhs && x.rhs == y.rhs;
  };
  SmallVector<graph::Requirement> own;
  for (const graph::Requirement &each : one.requirements) {
    auto matches = [&](const graph::Requirement &known) { return isSame(known, each); };
    if (!llvm::any_of(other.requirements, matches)) {
      own.push_back(each);
      continue;
    }
    facts.require(each);
    llvm::erase_if(other.requirements, matches);
  }
  one.requirements = std::move(own);
}

/// The shape of a choice: sizes that may differ are taken to be equal by the branch that is less sure.
std::optional<Shape> Importer::joinShapes(Value one, Value other, Branch &thenBranch, Branch &elseBranch) {
  Ops ops(builder, facts);
  Shape a = Ops::shape(one), b = Ops::shape(other);
  bool fits = a.size() == b.size() && ops.element(one) == ops.element(other) && graph::mayBeEqual(a, b);
  if (!fits) {
    report(Code::UnsupportedLoop, "the branches of If give " + ops.shown(a) + " and " + ops.shown(b) +
                                      ", or elements of two types, expected the same of both");
    return std::nullopt;
  }
  Shape joined;
  for (auto [x, y] : llvm::zip_equal(a, b)) {
    bool takesElse = !x.isStatic() && y.isStatic();
    joined.push_back(takesElse ? y : x);
    Branch &branch = takesElse ? thenBranch : elseBranch;
    if (!(x == y))
      branch.requirements.push_back({graph::Requirement::Kind::Equal, takesElse ? x : y, joined.back(),
                                     where.node, "expected results of one shape from both branches"});
  }
  return joined;
}

SmallVector<Value> Importer::importChoice(Value condition, Branch thenBranch, Branch elseBranch) {
  bool isThenFine = settle(thenBranch, elseBranch), isElseFine = settle(elseBranch, thenBranch);
  if (!isThenFine || !isElseFine || nodeFailed)
    return {};
  hoistRequirements(thenBranch, elseBranch);
  Ops ops(builder, facts);
  ops.loc = NameLoc::get(builder.getStringAttr(where.node));
  SmallVector<Shape> shapes;
  for (auto [one, other] : llvm::zip_equal(thenBranch.results, elseBranch.results)) {
    std::optional<Shape> joined =
        one && other ? joinShapes(one, other, thenBranch, elseBranch) : std::nullopt;
    if (!joined)
      return {};
    shapes.push_back(*joined);
  }
  SmallVector<Value> results;
  for (auto [i, shape] : llvm::enumerate(shapes)) {
    RankedTensorType type = ops.type(shape, ops.element(thenBranch.results[i]));
    auto asJoined = [&](Value value) -> Value {
      return value.getType() == type ? value : graph::ReshapeOp::create(builder, ops.loc, type, value);
    };
    Value yes = asJoined(thenBranch.results[i]), no = asJoined(elseBranch.results[i]);
    results.push_back(ops.finish(graph::ChooseOp::create(
        builder, ops.loc, condition, yes, no, graph::requirementsAttr(thenBranch.requirements, &context),
        graph::requirementsAttr(elseBranch.requirements, &context))));
  }
  return results;
}

void Importer::importIf(const onnx::NodeProto &node, const Frame &frame, const Attributes &attributes) {
  SmallVector<Value> operands;
  if (!resolveOperands(node, frame, operands))
    return define(node, frame, {});
  const onnx::AttributeProto *branches[] = {attributes.lookup("else_branch"),
                                            attributes.lookup("then_branch")};
  for (const onnx::AttributeProto *branch : branches)
    if (!branch || !branch->has_g() || branch->g().output_size() < node.output_size() || isDeep()) {
      report(Code::InvalidBody, "expected two branches that give the node's outputs");
      return define(node, frame, {});
    }
  Value condition = operands.size() == 1 ? operands[0] : Value();
  if (!condition || !isa<IntegerType>(graph::tensorType(condition).getElementType()) ||
      !graph::tensorType(condition).getElementType().isInteger(1) ||
      !graph::tensorType(condition).hasStaticShape() || graph::tensorType(condition).getNumElements() != 1) {
    report(Code::InvalidBody, "expected a condition of one boolean");
    return define(node, frame, {});
  }
  if (std::optional<bool> known = decide(condition))
    return define(node, frame, importGraph(branches[*known]->g(), frame, where.node, {}));
  Branch thenBranch = importBranch(branches[1]->g(), frame, where.node, {}),
         elseBranch = importBranch(branches[0]->g(), frame, where.node, {});
  for (Branch *branch : {&thenBranch, &elseBranch})
    branch->results.resize(node.output_size());
  define(node, frame, importChoice(condition, std::move(thenBranch), std::move(elseBranch)));
}

ArrayRef<Operator> controlOperators() {
  static const Operator table[] = {
      {"", "If", 1, nullptr, "branches whose results have the same shapes"},
      {"", "Loop", 1, nullptr,
       "carried values keep their shape, or up to 256 iterations; scan outputs of a number of iterations "
       "that "
       "follows from sizes"},
      {"", "Scan", 9, nullptr, "states keep their shape, or up to 64 iterations"},
  };
  return table;
}

} // namespace tegula::importer
