// Writes elementwise operations as one parallel linalg.generic, and decides which family writes any other
// operation.
#include "Bodies.h"

using namespace mlir;

namespace tegula::fuse {

Value fromStorage(ScalarKit &k, Value stored, Type graphElement) {
  if (!graphElement.isInteger(1))
    return stored;
  return k.compare(arith::CmpIPredicate::ne, stored, k.constant(stored.getType(), 0));
}

Value toStorage(ScalarKit &k, Value computed, Type graphElement) {
  if (!graphElement.isInteger(1))
    return computed;
  return arith::ExtUIOp::create(k.b, k.loc, k.b.getI8Type(), computed);
}

Attribute uniformElement(Value value) {
  auto constant = value.getDefiningOp<graph::ConstantOp>();
  auto dense = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : DenseElementsAttr();
  return dense && dense.isSplat() ? dense.getSplatValue<Attribute>() : Attribute();
}

Value uniformScalar(ScalarKit &k, Attribute element, Type graphType) {
  if (isa<FloatAttr>(element))
    return arith::ConstantOp::create(k.b, k.loc, cast<TypedAttr>(element));
  Type type = graphType.isInteger(1) ? graphType : storageType(graphType);
  return arith::ConstantOp::create(k.b, k.loc,
                                   k.b.getIntegerAttr(type, cast<IntegerAttr>(element).getValue()));
}

Value buildElementwise(TensorKit &k, Operation *op, ValueRange in) {
  auto elementwise = dyn_cast<graph::ElementwiseOpInterface>(op);
  if (!elementwise)
    return {};
  Value result = op->getResult(0);
  return k.mapOver(storageType(tensorType(result)), in, [&](ScalarKit &s, ValueRange args) {
    SmallVector<Value> operands;
    for (auto [arg, operand] : llvm::zip_equal(args, op->getOperands()))
      operands.push_back(fromStorage(s, arg, graphElement(operand)));
    return toStorage(s, elementwise.emitScalar(s.b, s.loc, operands), graphElement(result));
  });
}

FailureOr<SmallVector<Value>> buildBody(TensorKit &k, Operation *op, ValueRange in) {
  if (op->getNumResults() != 1)
    return op->emitOpError("expected one result");
  for (auto family : {buildElementwise, buildMovement, buildIndexed, buildResize, buildContraction,
                      buildWindow, buildReduction, buildScan, buildCustom})
    if (Value result = family(k, op, in))
      return SmallVector<Value>{result};
  return op->emitOpError("cannot be written as a kernel");
}

} // namespace tegula::fuse
