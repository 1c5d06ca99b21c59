// Declares the sched dialect and its attributes, because schedulers write them and tile passes obey them.
#pragma once

#include "mlir/IR/Attributes.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/DialectImplementation.h"

#include "tegula/dialects/sched/SchedDialect.h.inc"
#include "tegula/dialects/sched/SchedEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "tegula/dialects/sched/SchedAttrs.h.inc"
