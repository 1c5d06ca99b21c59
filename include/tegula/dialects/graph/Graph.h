// Declares the graph dialect, because the importer writes it and graph and fuse passes read it.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "tegula/dialects/graph/Dim.h"

namespace tegula::graph {

/// Checks the encodings of an operation's operand and result types.
mlir::LogicalResult verifySizedTypes(mlir::Operation *op);

template <typename Concrete> class SizedTypes : public mlir::OpTrait::TraitBase<Concrete, SizedTypes> {
public:
  static mlir::LogicalResult verifyTrait(mlir::Operation *op) { return verifySizedTypes(op); }
};

} // namespace tegula::graph

#include "tegula/dialects/graph/GraphDialect.h.inc"
#include "tegula/dialects/graph/GraphEnums.h.inc"
#include "tegula/dialects/graph/GraphInterfaces.h.inc"
#define GET_ATTRDEF_CLASSES
#include "tegula/dialects/graph/GraphAttrs.h.inc"
#define GET_OP_CLASSES
#include "tegula/dialects/graph/GraphOps.h.inc"
