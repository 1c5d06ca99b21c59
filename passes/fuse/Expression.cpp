// Writes a tree of elementwise operations as the body of one linalg.generic, evaluating each value once for
// each way of indexing it.
#include "Expression.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace tegula::fuse {

namespace {

/// A value under an index map, seen from the root's iteration space.
using Access = std::pair<Value, AffineMap>;

class Expression {
public:
  Expression(MLIRContext *context, function_ref<bool(Operation *)> inside)
      : context(context), inside(inside) {}

  /// Finds what must be read; `sliced`: as a part of what there is.
  void collect(Access access, bool sliced = false) {
    if (!visited[sliced].insert(access).second || uniformElement(access.first))
      return;
    Operation *op = access.first.getDefiningOp();
    if (!op || !inside(op)) {
      leaves[access].isWhole |= !sliced;
      return;
    }
    for (Value operand : op->getOperands())
      collect(through(op, operand, access.second), sliced || isa<graph::SliceOp>(op));
  }

  /// Writes the scalar of `access`, in its compute type.
  Value emit(ScalarKit &s, Access access, ValueRange args) {
    if (Value known = emitted.lookup(access))
      return known;
    Type element = graphElement(access.first);
    if (Attribute uniform = uniformElement(access.first))
      return emitted[access] = uniformScalar(s, uniform, element);
    if (auto leaf = leaves.find(access); leaf != leaves.end()) {
      auto [tensor, argument, isWhole] = leaf->second;
      Value stored = argument < 0 ? s.readAt(tensor, access.second) : args[argument];
      return emitted[access] = fromStorage(s, stored, element);
    }
    Operation *op = access.first.getDefiningOp();
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(emit(s, through(op, operand, access.second), args));
    auto elementwise = dyn_cast<graph::ElementwiseOpInterface>(op);
    Value result = elementwise ? elementwise.emitScalar(s.b, op->getLoc(), operands) : operands[0];
    return emitted[access] = result;
  }

  /// What is read: a tensor, as the operand of that number, or, where it cannot be one, at computed indices.
  struct Leaf {
    Value tensor;
    int64_t argument = -1;
    bool isWhole = false; ///< its sizes are those of the loops, even where they are other expressions
  };
  llvm::MapVector<Access, Leaf> leaves;

private:
  /// How `op`, whose result is read under `map`, reads `operand`.
  Access through(Operation *op, Value operand, AffineMap map) const {
    if (auto transpose = dyn_cast<graph::TransposeOp>(op)) {
      SmallVector<AffineExpr> exprs(transpose.getPerm().size());
      for (auto [i, source] : llvm::enumerate(transpose.getPerm()))
        exprs[source] = map.getResult(i);
      return {operand, AffineMap::get(map.getNumDims(), 0, exprs, context)};
    }
    if (auto slice = dyn_cast<graph::SliceOp>(op))
      return {operand, sliceMap(slice).compose(map)};
    return {operand, broadcastMap(context, shapeOf(operand), shapeOf(op->getResult(0))).compose(map)};
  }

  MLIRContext *context;
  function_ref<bool(Operation *)> inside;
  llvm::DenseSet<Access> visited[2]; // as a whole, sliced
  llvm::DenseMap<Access, Value> emitted;
};

} // namespace

Value writeExpression(TensorKit &k, Operation *root, function_ref<bool(Operation *)> inside,
                      function_ref<Value(Value)> tensorOf) {
  Value result = root->getResult(0);
  auto type = storageType(tensorType(result));
  Access whole(result, AffineMap::getMultiDimIdentityMap(type.getRank(), k.context()));
  Expression expression(k.context(), inside);
  expression.collect(whole);
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (auto &[access, leaf] : expression.leaves) {
    leaf.tensor = tensorOf(access.first);
    if (!leaf.isWhole && !fitsOperand(access.second, shapeOf(leaf.tensor), shapeOf(type)))
      continue;
    leaf.argument = inputs.size();
    inputs.push_back(leaf.tensor);
    maps.push_back(access.second);
  }
  return k.mapOver(type, inputs, maps, [&](ScalarKit &s, ValueRange args) {
    return toStorage(s, expression.emit(s, whole, args), graphElement(result));
  });
}

} // namespace tegula::fuse
