// Implements the reading and making of constants over both dense attributes and resources.
#include "Constants.h"

#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/StringSet.h"

#include <cmath>

using namespace mlir;

namespace tegula::graph {

/// Chains of constants are short; a long one is treated as not constant rather than walked to its end.
static constexpr int maxDepth = 32;
/// Larger constants are resources, which are freed with the last user and never hashed.
static constexpr int64_t maxDenseElements = 64;
static constexpr StringLiteral blobName = "folded";

/// `known` holds operations that are, for others to read once more.
static bool isConstantDerived(Value value, int depth, llvm::SmallPtrSetImpl<Operation *> &known) {
  Operation *op = value.getDefiningOp();
  if (known.contains(op))
    return true;
  if (!op || depth > maxDepth || !isa<GraphDialect>(op->getDialect()) || isa<ChooseOp>(op) ||
      !cast<ShapedType>(value.getType()).hasStaticShape())
    return false;
  if (isa<ConstantOp>(op))
    return true;
  bool isDerived = op->getNumOperands() > 0 && llvm::all_of(op->getOperands(), [&](Value operand) {
                     return isConstantDerived(operand, depth + 1, known);
                   });
  if (isDerived)
    known.insert(op);
  return isDerived;
}

bool isConstantDerived(Value value) {
  llvm::SmallPtrSet<Operation *, 8> known;
  return isConstantDerived(value, 0, known);
}

std::optional<double> splatValue(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  auto dense = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : DenseElementsAttr();
  if (!dense || !dense.isSplat())
    return std::nullopt;
  Type type = dense.getElementType();
  if (isa<FloatType>(type)) {
    APFloat number = dense.getSplatValue<APFloat>();
    bool losesInfo;
    number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
    return number.convertToDouble();
  }
  if (!isa<IntegerType>(type))
    return std::nullopt;
  APInt number = dense.getSplatValue<APInt>();
  bool isUnsigned = type.isUnsignedInteger() || type.isInteger(1);
  if ((isUnsigned ? number.getActiveBits() : number.getSignificantBits()) > 53)
    return std::nullopt;
  return isUnsigned ? static_cast<double>(number.getZExtValue()) : static_cast<double>(number.getSExtValue());
}

bool isSplatOf(Value value, double number) {
  std::optional<double> splat = splatValue(value);
  if (!splat || *splat != number)
    return false;
  return !isa<FloatType>(getElementTypeOrSelf(value)) || std::signbit(*splat) == std::signbit(number);
}

Value createSplat(OpBuilder &builder, Location loc, RankedTensorType type, double number) {
  Attribute element;
  if (isa<FloatType>(type.getElementType()))
    element = builder.getFloatAttr(type.getElementType(), number);
  else
    element = IntegerAttr::get(type.getElementType(), APInt(type.getElementTypeBitWidth(),
                                                            static_cast<int64_t>(number), /*isSigned=*/true));
  return ConstantOp::create(builder, loc, type, DenseElementsAttr::get(type, element));
}

Value createLowest(OpBuilder &builder, Location loc, RankedTensorType type) {
  Attribute element;
  if (auto floating = dyn_cast<FloatType>(type.getElementType())) {
    element = FloatAttr::get(floating, APFloat::getInf(floating.getFloatSemantics(), /*Negative=*/true));
  } else {
    unsigned width = type.getElementTypeBitWidth();
    bool isUnsigned = type.getElementType().isUnsignedInteger() || width == 1;
    element = IntegerAttr::get(type.getElementType(),
                               isUnsigned ? APInt::getZero(width) : APInt::getSignedMinValue(width));
  }
  return ConstantOp::create(builder, loc, type, DenseElementsAttr::get(type, element));
}

std::optional<ArrayRef<char>> rawBytes(ElementsAttr value) {
  if (value.getElementType().getIntOrFloatBitWidth() % 8 != 0)
    return std::nullopt;
  if (auto dense = dyn_cast<DenseElementsAttr>(value)) {
    if (dense.isSplat())
      return std::nullopt;
    return dense.getRawData();
  }
  auto resource = dyn_cast<DenseResourceElementsAttr>(value);
  AsmResourceBlob *blob = resource ? resource.getRawHandle().getBlob() : nullptr;
  if (!blob)
    return std::nullopt;
  return blob->getData();
}

ElementsAttr createElements(RankedTensorType type, AsmResourceBlob blob) {
  if (type.getNumElements() <= maxDenseElements)
    return DenseElementsAttr::getFromRawBuffer(type, blob.getData());
  return DenseResourceElementsAttr::get(type, blobName, std::move(blob));
}

void releaseUnusedBlobs(Operation *root) {
  llvm::StringSet<> used;
  root->walk([&](ConstantOp constant) {
    if (auto resource = dyn_cast<DenseResourceElementsAttr>(constant.getValue()))
      used.insert(resource.getRawHandle().getKey());
  });
  auto &interface = DenseResourceElementsHandle::getManagerInterface(root->getContext());
  SmallVector<std::string> unused;
  interface.getBlobManager().getBlobMap(
      [&](const llvm::StringMap<DialectResourceBlobManager::BlobEntry> &blobs) {
        for (auto &entry : blobs)
          if (entry.getKey().starts_with(blobName) && entry.second.getBlob() &&
              !used.contains(entry.getKey()))
            unused.push_back(entry.getKey().str());
      });
  for (const std::string &key : unused)
    interface.getBlobManager().update(key, AsmResourceBlob());
}

} // namespace tegula::graph
