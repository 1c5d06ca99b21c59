// Walks a model's graph and turns node after node into graph operations, collecting every error on the way.
#pragma once

#include "CustomOperators.h"
#include "Node.h"

#include "tegula/import/Import.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <set>

namespace tegula::importer {

/// Names of one graph or function body. A null value is one whose computation failed and was reported.
struct Scope {
  const Scope *parent = nullptr;
  llvm::StringMap<Value> values;
  llvm::StringMap<const onnx::TensorProto *> initializers;
};

using Opsets = std::map<std::string, int64_t>;

/// What surrounds a node: its names, its operator versions and the function it stands in.
struct Frame {
  Scope &scope;
  const Opsets &opsets;
  const Attributes *callerAttributes = nullptr; ///< what ref_attr_name refers to
  std::string prefix;                           ///< of locations: the names of the calls that led here
};

class Importer {
public:
  Importer(std::shared_ptr<ParsedModel> model, mlir::MLIRContext &context, const ImportOptions &options,
           const CustomOperators &custom, SizeFacts &facts, std::vector<Message> &messages);
  mlir::OwningOpRef<mlir::ModuleOp> run();

  /// Whether nothing was reported.
  bool isSound() const { return !isTooLarge && !hasInvalid && !hasUnsupported; }
  void report(Code code, std::string text);
  /// Whether no more functions may stand in each other.
  bool isDeep() const { return callStack.size() >= static_cast<size_t>(options.maxNesting); }
  /// What has no code of its own.
  void report(bool isUnsupported, std::string text) {
    report(isUnsupported ? Code::Unsupported : Code::InvalidNode, std::move(text));
  }

  /// How a tensor is scanned: along which axis, and in which direction.
  struct Track {
    int64_t axis = 0;
    bool isReverse = false;
  };

private:
  // Inputs.cpp: the function's signature
  struct Arguments {
    mlir::SmallVector<Type> types;
    mlir::SmallVector<mlir::DictionaryAttr> attributes;
    mlir::SmallVector<mlir::Location> locations;
  };
  bool addArguments(mlir::func::FuncOp function, const Arguments &arguments);
  bool importInputs(const onnx::GraphProto &graph, mlir::func::FuncOp function);
  bool checkOptionNames(const onnx::GraphProto &graph);
  bool checkRangesUsed();
  bool checkRank(const onnx::ValueInfoProto &input);
  /// The element type of an input; null, and reported, where it is not supported.
  mlir::Type inputElement(const onnx::ValueInfoProto &input);
  std::optional<Shape> inputShape(const onnx::ValueInfoProto &input, std::map<std::string, int64_t> &dims);
  Dim symbolNamed(const std::string &name, const std::string &option);
  mlir::ElementsAttr boundValue(const std::string &name, const HostTensor &tensor,
                                mlir::RankedTensorType type);
  void importOutputs(const onnx::GraphProto &graph, mlir::func::FuncOp function);
  void checkOutputType(const onnx::ValueInfoProto &output, mlir::RankedTensorType type);

  // Importer.cpp: the nodes
  void reportTooLarge();
  bool checkOpsets(const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto> &imports);
  int64_t countNodes(const google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes,
                     std::map<const onnx::FunctionProto *, int64_t> &counts, size_t depth);
  void importNodes(const google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes, const Frame &frame);
  void importNode(const onnx::NodeProto &node, const Frame &frame);
  void importOperator(const onnx::NodeProto &node, const Frame &frame, const Attributes &attributes,
                      int64_t opset);
  void importCall(const onnx::NodeProto &node, const Frame &frame, const Attributes &attributes,
                  const onnx::FunctionProto &function);

  // Branches.cpp: graphs inside of nodes
  /// What a branch gives that only a run takes or not.
  struct Branch {
    mlir::SmallVector<Value> results;
    mlir::SmallVector<graph::Requirement> requirements;
    std::vector<Message> messages;
    bool isInvalid = false, isUnsupported = false;
  };
  std::optional<bool> decide(Value condition);
  void importIf(const onnx::NodeProto &node, const Frame &frame, const Attributes &attributes);
  /// The outputs of a graph inside of a node for these inputs; `path` is in front of the names of its nodes.
  mlir::SmallVector<Value> importGraph(const onnx::GraphProto &graph, const Frame &frame,
                                       const std::string &path, mlir::ArrayRef<Value> inputs);
  Branch importBranch(const onnx::GraphProto &graph, const Frame &frame, const std::string &path,
                      mlir::ArrayRef<Value> inputs);
  bool settle(Branch &branch, Branch &other);
  void hoistRequirements(Branch &one, Branch &other);
  std::optional<Shape> joinShapes(Value one, Value other, Branch &thenBranch, Branch &elseBranch);
  mlir::SmallVector<Value> importChoice(Value condition, Branch thenBranch, Branch elseBranch);
  // Loops.cpp: graphs that run several times
  const onnx::GraphProto *bodyOf(const Attributes &attributes, size_t numInputs, size_t numOutputs);
  void importLoop(const onnx::NodeProto &node, const Frame &frame, const Attributes &attributes);
  mlir::SmallVector<Value> repeat(const onnx::GraphProto &body, const Frame &frame,
                                  std::optional<int64_t> count, mlir::SmallVector<Value> carried);
  void reportIterations(std::optional<int64_t> count);
  mlir::SmallVector<Value> importBody(const onnx::GraphProto &graph, const Frame &frame,
                                      mlir::ArrayRef<Value> inputs,
                                      llvm::function_ref<bool(mlir::SmallVectorImpl<Value> &)> fit);
  bool keepTypes(Ops &ops, mlir::ArrayRef<Value> before, mlir::MutableArrayRef<Value> after);
  mlir::SmallVector<Value> iterate(const onnx::GraphProto &graph, const Frame &frame, Value count,
                                   Value start, mlir::ArrayRef<Value> carried);
  mlir::SmallVector<Value> iterateScan(const onnx::GraphProto &graph, const Frame &frame,
                                       const Attributes &attributes, mlir::ArrayRef<Value> states,
                                       mlir::ArrayRef<Value> scanned, mlir::ArrayRef<Track> in);
  mlir::SmallVector<Value> repeatScan(const onnx::GraphProto &body, const Frame &frame,
                                      const Attributes &attributes, mlir::SmallVector<Value> states,
                                      mlir::ArrayRef<Value> scanned, mlir::ArrayRef<Track> in);
  /// What had been reported before one of two ways was tried.
  class Attempt {
  public:
    explicit Attempt(Importer &importer)
        : importer(importer), numMessages(importer.messages.size()), wasInvalid(importer.hasInvalid),
          wasUnsupported(importer.hasUnsupported) {}
    /// Whether nothing was reported since.
    bool isSilent() const { return importer.messages.size() == numMessages; }
    /// Forgets what was reported since.
    void undo() {
      importer.messages.resize(numMessages);
      importer.hasInvalid = wasInvalid, importer.hasUnsupported = wasUnsupported;
      importer.nodeFailed = false;
    }

  private:
    Importer &importer;
    size_t numMessages;
    bool wasInvalid, wasUnsupported;
  };
  bool importStep(const onnx::GraphProto &body, const Frame &frame, const std::string &path,
                  mlir::ArrayRef<Value> inputs, Value active, mlir::SmallVectorImpl<Value> &results);
  void importScan(const onnx::NodeProto &node, const Frame &frame, const Attributes &attributes);
  /// A value under the type that this branch knows it by: its sizes may be known to be equal to others.
  Value asKnownHere(Value value);

  std::string typeText(Value value) const;
  bool resolveAttributes(const onnx::NodeProto &node, const Frame &frame, Attributes &attributes);
  /// False where an operand is undefined (reported) or failed before.
  bool resolveOperands(const onnx::NodeProto &node, const Frame &frame, mlir::SmallVector<Value> &operands);
  std::optional<Value> lookup(const Scope &scope, llvm::StringRef name);
  /// Runs a handler whose operator computes in f32, around operands and results of a narrower type.
  void runWidened(const Operator &op, Node &node, mlir::SmallVectorImpl<Value> &operands);
  void define(const onnx::NodeProto &node, const Frame &frame, llvm::ArrayRef<Value> results);
  void addInitializers(const onnx::GraphProto &graph, Scope &scope);

  std::shared_ptr<ParsedModel> model;
  mlir::MLIRContext &context;
  const ImportOptions &options;
  const CustomOperators &custom;
  SizeFacts &facts;
  std::vector<Message> &messages;
  mlir::OpBuilder builder;
  Scope mainScope;
  Opsets modelOpsets;
  std::map<std::tuple<std::string, std::string, std::string>, const onnx::FunctionProto *> functions;
  std::map<const onnx::TensorProto *, Value> loaded; ///< initializers that are constants already
  llvm::DenseMap<Value, Value>
      wideForms; ///< results in f16 and bf16 -> the f32 values that they were rounded from
  llvm::DenseMap<Value, Value> knownForms; ///< of values from outside of the branch, see asKnownHere
  std::vector<const onnx::FunctionProto *> callStack;
  int64_t numNodes = 0;
  Message where; ///< node, op and opset of what is being imported
  bool hasInvalid = false, hasUnsupported = false, isTooLarge = false, nodeFailed = false;
};

} // namespace tegula::importer
