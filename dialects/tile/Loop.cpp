// Verifies tile.loop, and tells the sizes of what it gives.
#include "tegula/dialects/tile/Tile.h"

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Support/DebugStringHelper.h"

using namespace mlir;

namespace tegula::tile {

LogicalResult LoopOp::verify() {
  auto data = dyn_cast<RankedTensorType>(getCount().getType());
  if (data && (!data.getElementType().isInteger(64) || !data.hasStaticShape() || data.getNumElements() != 1))
    return emitOpError("expected a count of one i64 or a size, got ") << data;
  size_t numCarried = getCarried().size(), numResults = getResults().size();
  if (numResults < numCarried + getHistories().size())
    return emitOpError("expected a result for each carried tensor and history, got ") << numResults;
  for (int64_t number : getHistories())
    if (number < 0 || number >= int64_t(numCarried))
      return emitOpError("expected histories of ") << numCarried << " carried tensors, got " << number;
  size_t numSliced = getScanned().size() + numResults - numCarried;
  if (!getReversed().empty() && getReversed().size() != numSliced)
    return emitOpError("expected a direction for each of ")
           << numSliced << " tensors of slices, got " << getReversed().size();
  if (numSliced > 0 && data)
    return emitOpError("expected a count that follows from sizes where there are slices");
  if (getEnds() && numResults > numCarried)
    return emitOpError("expected no stacked results where data ends the loop");
  return success();
}

/// Whether `slice` is `whole` without its first dimension.
static bool isSliceOf(Type slice, Type whole) {
  auto one = dyn_cast<RankedTensorType>(slice), all = cast<RankedTensorType>(whole);
  return one && all.getRank() > 0 && one.getElementType() == all.getElementType() &&
         one.getShape() == all.getShape().drop_front();
}

/// Whether sizes that are both written down differ for sure.
static bool differ(ArrayRef<AffineExpr> given, AffineMapAttr declared) {
  return declared && declared.getValue().getNumResults() == given.size() &&
         llvm::any_of(llvm::zip_equal(given, declared.getValue().getResults()), [](auto pair) {
           auto [size, other] = pair;
           return size && surelyDiffer(size, other);
         });
}

/// Checks that tensors of slices have as many as there are steps, and that sizes are those of the body.
static LogicalResult verifySizes(LoopOp loop, FunctionOpInterface body, SymbolTableCollection &symbols) {
  AffineExpr count = exprOf(loop.getCount());
  size_t numCarried = loop.getCarried().size(), numScanned = loop.getScanned().size();
  for (unsigned number = 0; number < body.getNumArguments(); ++number) {
    Value operand = loop->getOperand(number + 1);
    SmallVector<AffineExpr> dims = dimsOf(operand, symbols);
    if (number >= numCarried && number < numCarried + numScanned) {
      if (count && dims.front() && surelyDiffer(count, dims.front()))
        return loop.emitOpError("expected ") << debugString(count) << " slices in operand " << number
                                             << ", got " << debugString(dims.front());
      dims.erase(dims.begin());
    }
    auto declared = body.getArgAttrOfType<AffineMapAttr>(number, "tegula.dims");
    unsigned result = loop.getEnds() + number;
    if (differ(dims, declared) ||
        (number < numCarried && differ(dims, body.getResultAttrOfType<AffineMapAttr>(result, "tegula.dims"))))
      return loop.emitOpError("expected the sizes of operand ") << number << " as the body declares them";
  }
  for (Value sliced : loop.getResults().drop_front(numCarried))
    if (auto type = cast<RankedTensorType>(sliced.getType());
        count && !type.isDynamicDim(0) &&
        surelyDiffer(count, getAffineConstantExpr(type.getDimSize(0), type.getContext())))
      return loop.emitOpError("expected ")
             << debugString(count) << " slices of each result, got " << type.getDimSize(0);
  return success();
}

LogicalResult LoopOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto body = dyn_cast_or_null<FunctionOpInterface>(symbols.lookupNearestSymbolFrom(*this, getBodyAttr()));
  if (!body || !body.isPrivate() || body.isExternal())
    return emitOpError("expected the name of a private function, got ") << getBodyAttr();
  size_t numCarried = getCarried().size(), numScanned = getScanned().size();
  ArrayRef<Type> inputs = body.getArgumentTypes(), results = body.getResultTypes();
  bool fits = inputs.size() == numCarried + numScanned + getCaptured().size() &&
              results.size() == getEnds() + numCarried + getNumStacked();
  if (fits && getEnds()) {
    auto flag = dyn_cast<RankedTensorType>(results.front());
    fits = flag && flag.getElementType().isInteger(8) && flag.hasStaticShape() && flag.getNumElements() == 1;
    results = results.drop_front();
  }
  for (size_t i = 0; fits && i < numCarried; ++i)
    fits = inputs[i] == getCarried()[i].getType() && results[i] == inputs[i] &&
           getResults()[i].getType() == inputs[i];
  for (size_t i = 0; fits && i < numScanned; ++i)
    fits = isSliceOf(inputs[numCarried + i], getScanned()[i].getType());
  for (size_t i = 0; fits && i < getCaptured().size(); ++i)
    fits = inputs[numCarried + numScanned + i] == getCaptured()[i].getType();
  for (size_t i = 0; fits && i < getNumStacked(); ++i)
    fits = isSliceOf(results[numCarried + i], getResults()[numCarried + i].getType());
  for (auto [number, history] : llvm::zip(getHistories(), getResults().take_back(getHistories().size())))
    fits = fits && isSliceOf(getCarried()[number].getType(), history.getType());
  if (!fits)
    return emitOpError("expected operands and results as the body declares them: ")
           << FunctionType::get(getContext(), body.getArgumentTypes(), body.getResultTypes());
  return verifySizes(*this, body, symbols);
}

SmallVector<AffineExpr> dimsOfResult(LoopOp loop, unsigned result, SymbolTableCollection &symbols) {
  unsigned numCarried = loop.getCarried().size();
  if (result < numCarried)
    return dimsOf(loop.getCarried()[result], symbols);
  SmallVector<AffineExpr> dims = {exprOf(loop.getCount())};
  if (result - numCarried >= loop.getNumStacked()) {
    int64_t number = loop.getHistories()[result - numCarried - loop.getNumStacked()];
    llvm::append_range(dims, dimsOf(loop.getCarried()[number], symbols));
    return dims;
  }
  auto body =
      dyn_cast_or_null<FunctionOpInterface>(symbols.lookupNearestSymbolFrom(loop, loop.getBodyAttr()));
  auto type = cast<RankedTensorType>(loop.getResults()[result].getType());
  auto written = body ? body.getResultAttrOfType<AffineMapAttr>(loop.getEnds() + result, "tegula.dims")
                      : AffineMapAttr();
  for (int64_t dim = 1; dim < type.getRank(); ++dim)
    dims.push_back(written && written.getValue().getNumResults() + 1 == type.getRank()
                       ? written.getValue().getResult(dim - 1)
                   : type.isDynamicDim(dim) ? AffineExpr()
                                            : getAffineConstantExpr(type.getDimSize(dim), type.getContext()));
  return dims;
}

} // namespace tegula::tile
