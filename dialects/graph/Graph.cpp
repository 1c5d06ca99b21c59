// Registers the graph dialect: its operations, attributes and how folded values become constants.
#include "tegula/dialects/graph/Graph.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "tegula/dialects/graph/GraphDialect.cpp.inc"
#include "tegula/dialects/graph/GraphEnums.cpp.inc"
#include "tegula/dialects/graph/GraphInterfaces.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "tegula/dialects/graph/GraphAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "tegula/dialects/graph/GraphOps.cpp.inc"

namespace tegula::graph {

void GraphDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "tegula/dialects/graph/GraphAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "tegula/dialects/graph/GraphOps.cpp.inc"
      >();
}

Operation *GraphDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type, Location loc) {
  if (auto sizes = dyn_cast<AffineMapAttr>(value))
    return SizesOp::create(builder, loc, type, sizes);
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getType() != type)
    return nullptr;
  return ConstantOp::create(builder, loc, type, elements);
}

} // namespace tegula::graph
