// One ONNX node as an operator's handler sees it: inputs, attributes, results and ways to say no.
#pragma once

#include "Model.h"
#include "Ops.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <functional>

namespace tegula::importer {

/// Attributes by name, references of a function's body to its caller's attributes resolved.
using Attributes = llvm::StringMap<const onnx::AttributeProto *>;

class Node : public Ops {
public:
  Node(mlir::OpBuilder &builder, const onnx::NodeProto &proto, int64_t opset, mlir::ArrayRef<Value> operands,
       const Attributes &attributes, std::shared_ptr<ParsedModel> model, SizeFacts &facts)
      : Ops(builder, facts), proto(proto), opset(opset), results(proto.output_size()), operands(operands),
        attributes(attributes), model(std::move(model)) {}

  const onnx::NodeProto &proto;
  const int64_t opset;
  mlir::SmallVector<Value> results; ///< what the handler has given

  // ---- Inputs ----
  size_t numInputs() const { return operands.size(); }
  bool has(size_t index) const { return index < operands.size() && operands[index]; }
  /// A required input; reports and returns null where it is missing.
  Value input(size_t index);
  Value optional(size_t index) { return has(index) ? input(index) : Value(); }
  /// Marks an input as known but without influence on the result.
  void ignore(size_t index) { usedInputs.insert(index); }
  /// The value of an integer input that shapes depend on; reports what to do where it is not known at compile
  /// time.
  std::optional<Ints> constantIntegers(size_t index, llvm::StringRef name);
  /// The same where the integers may be sizes over the model's symbols.
  std::optional<Shape> constantSizes(size_t index, llvm::StringRef name);
  std::optional<mlir::SmallVector<double>> constantReals(size_t index, llvm::StringRef name);

  /// The number of a size that must be known at compile time; reports how to fix it where it is not.
  std::optional<int64_t> fixed(Dim size, llvm::StringRef what);

  // ---- Attributes ----
  bool hasAttribute(llvm::StringRef name) { return find(name, onnx::AttributeProto::UNDEFINED); }
  /// Reports and returns false where an attribute that ONNX requires is missing.
  bool require(llvm::StringRef name);
  /// The element type of ONNX's number for it; reports and returns null where there is none or it is not
  /// supported.
  mlir::Type elementTypeOf(int64_t dataType);
  int64_t integer(llvm::StringRef name, int64_t missing);
  double real(llvm::StringRef name, double missing);
  std::string text(llvm::StringRef name, llvm::StringRef missing);
  Ints integers(llvm::StringRef name, IntsRef missing = {});
  std::optional<Ints> optionalIntegers(llvm::StringRef name);
  const onnx::AttributeProto *attribute(llvm::StringRef name) {
    return find(name, onnx::AttributeProto::UNDEFINED);
  }
  /// The value of a tensor attribute or tensor; reports and returns null where it cannot be read.
  mlir::ElementsAttr tensor(const onnx::TensorProto &tensor);

  /// An axis counted from the end where negative; reports and returns nothing where it is out of range.
  /// `extra` positions may follow the last.
  std::optional<int64_t> axis(int64_t value, int64_t rank);
  std::optional<Ints> axes(IntsRef values, int64_t rank);

  // ---- Results ----
  bool wants(size_t index) const { return index < results.size() && !proto.output(index).empty(); }
  void result(Value value, size_t index = 0) {
    if (index < results.size())
      results[index] = value;
  }

  /// The node contradicts ONNX's specification.
  void invalid(const llvm::Twine &text, Code code = Code::InvalidNode) { report(code, text.str()); }
  /// The node is legal but not covered.
  void unsupported(const llvm::Twine &text, Code code = Code::Unsupported) { report(code, text.str()); }
  std::function<void(Code code, std::string text)> report;

  /// Reports inputs and attributes that the handler never asked for: silently ignoring one could give wrong
  /// numbers.
  void checkEverythingUsed();
  bool failed = false; ///< set by the importer when something was reported

private:
  const onnx::AttributeProto *find(llvm::StringRef name, onnx::AttributeProto::AttributeType type);
  std::string fixingOptions(ShapeRef sizes) const;
  void reportNotConstant(Value value, llvm::StringRef name);

  mlir::ArrayRef<Value> operands;
  const Attributes &attributes;
  std::shared_ptr<ParsedModel> model;
  llvm::SmallDenseSet<size_t> usedInputs;
  llvm::StringSet<> usedAttributes;
};

using Handler = void (*)(Node &);

/// One operator of ONNX: the row that drives import, documentation and `supportedOperators`.
struct Operator {
  const char *domain, *name;
  int since; ///< first opset whose semantics the handler knows
  Handler handler;
  const char *notes;
  /// f16 and bf16 operands are widened to f32 first, and the result narrowed: chains of such operators round
  /// once, at their end.
  bool computesInF32 = false;
};

/// The newest opset of the default domain that the importer knows.
inline constexpr int64_t kNewestOpset = 28;

/// Known integers as sizes; nothing where there are none.
std::optional<Shape> asSizes(const std::optional<Ints> &numbers);

/// Pads by amounts that are sizes: what is added stands beside the tensor. `pads` has those before each axis,
/// then those behind.
Value surround(Node &node, Value x, IntsRef axes, ShapeRef pads, Value value);

/// Null where the operator is unknown.
const Operator *findOperator(llvm::StringRef domain, llvm::StringRef name);
mlir::ArrayRef<Operator> allOperators();

// The operators of each family, one file each.
mlir::ArrayRef<Operator> elementwiseOperators();
mlir::ArrayRef<Operator> activationOperators();
mlir::ArrayRef<Operator> constantOperators();
mlir::ArrayRef<Operator> movementOperators();
mlir::ArrayRef<Operator> slicingOperators();
mlir::ArrayRef<Operator> indexOperators();
mlir::ArrayRef<Operator> windowOperators();
mlir::ArrayRef<Operator> contractionOperators();
mlir::ArrayRef<Operator> reductionOperators();
mlir::ArrayRef<Operator> normalizationOperators();
mlir::ArrayRef<Operator> quantizationOperators();
mlir::ArrayRef<Operator> resizeOperators();
mlir::ArrayRef<Operator> attentionOperators();
mlir::ArrayRef<Operator> lossOperators();
mlir::ArrayRef<Operator> recurrentOperators();
mlir::ArrayRef<Operator> selectionOperators();
mlir::ArrayRef<Operator> gridOperators();
mlir::ArrayRef<Operator> fourierOperators();
mlir::ArrayRef<Operator> controlOperators(); ///< with graphs inside: the importer is their handler

} // namespace tegula::importer
