// Declares the graph dialect, because the importer writes it and graph and fuse passes read it.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "tegula/dialects/graph/GraphDialect.h.inc"
#include "tegula/dialects/graph/GraphEnums.h.inc"
#include "tegula/dialects/graph/GraphInterfaces.h.inc"
#define GET_ATTRDEF_CLASSES
#include "tegula/dialects/graph/GraphAttrs.h.inc"
#define GET_OP_CLASSES
#include "tegula/dialects/graph/GraphOps.h.inc"
