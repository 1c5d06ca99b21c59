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

namespace tegula::sched {

/// Elements of the widest vector: 64 bytes of one byte each.
inline constexpr int64_t mostLanes = 64;
inline constexpr int64_t mostUnroll = 64;
/// Vectors in one tile of `contract` and `window`, whose code is written out: four times the registers of a
/// machine that has many. More would compile for minutes and run slowly.
inline constexpr int64_t mostTileVectors = 4 * 32;
/// Threads of a group, and steps of a sum in its shared memory.
inline constexpr int64_t mostThreads = 1024;
inline constexpr int64_t mostStages = 8;
/// Sums that a thread may keep, and steps of a sum that are written out: more would compile for minutes.
inline constexpr int64_t mostThreadSums = 256, mostBlockDepth = 128;
/// Sums that a thread keeps beside all else in its share of the registers. With more of them it needs twice
/// that share, and half as many threads run at once.
inline constexpr int64_t fewSums = 64;

/// Threads of a warp along the rows and the columns of what matrix units compute for it.
inline constexpr int64_t warpRows = 8, warpColumns = 4;
/// Steps of a sum that a matrix unit does at once.
inline int64_t depthOf(Multiply multiply) { return multiply == Multiply::Tf32 ? 8 : 16; }

} // namespace tegula::sched
