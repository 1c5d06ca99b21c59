// Verifies graph.loop: what goes into its body and what comes out of it must have the types that the body
// declares, slice by slice.
#include "tegula/dialects/graph/Elements.h"
#include "tegula/dialects/graph/Graph.h"

#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

namespace tegula::graph {

std::optional<Dim> LoopOp::getSteps() {
  std::optional<Sizes> sizes = Sizes::read(getCount());
  if (!sizes || sizes->values.size() != 1)
    return std::nullopt;
  Dim steps = sizes->values.front();
  return steps.isStatic() ? Dim(std::max<int64_t>(steps.number(), 0)) : steps;
}

LogicalResult LoopOp::verify() {
  auto count = tensorType(getCount());
  if (!count.getElementType().isInteger(64) || !count.hasStaticShape() || count.getNumElements() != 1)
    return emitOpError("expected a count of one i64, got ") << count;
  size_t numCarried = getCarried().size(), numSliced = getResults().size() - numCarried;
  if (getResults().size() < numCarried || numSliced < getHistories().size())
    return emitOpError("expected a result for each carried value and history, got ") << getResults().size();
  for (int64_t number : getHistories())
    if (number < 0 || number >= static_cast<int64_t>(numCarried))
      return emitOpError("expected histories of ") << numCarried << " carried values, got " << number;
  if (!getReversed().empty() && getReversed().size() != getScanned().size() + numSliced)
    return emitOpError("expected a direction for each of ")
           << getScanned().size() + numSliced << " tensors of slices, got " << getReversed().size();
  if (getScanned().size() + numSliced == 0)
    return success();
  std::optional<Dim> steps = getSteps();
  if (!steps)
    return emitOpError("expected a count that follows from sizes where there are slices");
  if (getEnds() && numSliced > 0)
    return emitOpError("expected no stacked results where data ends the loop");
  for (Value sliced : llvm::concat<Value>(SmallVector<Value>(getScanned()),
                                          SmallVector<Value>(getResults().drop_front(numCarried))))
    if (Shape shape = shapeOf(sliced); shape.empty() || surelyDifferent(shape.front(), *steps))
      return emitOpError("expected ") << steps->text() << " slices, got " << shapeText(shape);
  return success();
}

/// The type of one slice.
static RankedTensorType sliceType(Value value) {
  return tensorType(ShapeRef(shapeOf(value)).drop_front(), tensorType(value).getElementType());
}

LogicalResult LoopOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto body = dyn_cast_or_null<FunctionOpInterface>(symbols.lookupNearestSymbolFrom(*this, getBodyAttr()));
  if (!body || !body.isPrivate() || body.isExternal())
    return emitOpError("expected the name of a private function, got ") << getBodyAttr();
  SmallVector<Type> inputs, results;
  if (getEnds())
    results.push_back(RankedTensorType::get({}, IntegerType::get(getContext(), 1)));
  for (Value value : getCarried()) {
    inputs.push_back(value.getType());
    results.push_back(value.getType());
  }
  for (Value value : getScanned())
    inputs.push_back(sliceType(value));
  for (Value value : getCaptured())
    inputs.push_back(value.getType());
  size_t numCarried = getCarried().size();
  for (Value value : getResults().drop_front(numCarried).drop_back(getHistories().size()))
    results.push_back(sliceType(value));
  if (body.getArgumentTypes() != ArrayRef<Type>(inputs) || body.getResultTypes() != ArrayRef<Type>(results))
    return emitOpError("expected a body of type ")
           << FunctionType::get(getContext(), inputs, results) << ", got "
           << FunctionType::get(getContext(), body.getArgumentTypes(), body.getResultTypes());
  for (auto [carried, result] : llvm::zip(getCarried(), getResults()))
    if (carried.getType() != result.getType())
      return emitOpError("expected carried values to keep their type ")
             << carried.getType() << ", got " << result.getType();
  for (auto [number, history] : llvm::zip(getHistories(), getResults().take_back(getHistories().size())))
    if (sliceType(history) != getCarried()[number].getType())
      return emitOpError("expected a history of ")
             << getCarried()[number].getType() << ", got " << history.getType();
  return success();
}

} // namespace tegula::graph
