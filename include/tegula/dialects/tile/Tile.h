// Declares the tile dialect, because fusion writes kernels in it and every later phase reads them.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "tegula/dialects/sched/Sched.h"

#include "tegula/dialects/tile/TileDialect.h.inc"
#define GET_OP_CLASSES
#include "tegula/dialects/tile/TileOps.h.inc"
