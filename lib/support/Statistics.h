// Gives statistics of passes the layout that the installed MLIR was built with, because it follows from
// NDEBUG, which development builds undefine: their counters would lie behind what MLIR's constructor sets up.
// Included before everything by the presets that do so.
#pragma once
#if defined(__cplusplus) && !defined(NDEBUG) && __has_include("llvm/ADT/Statistic.h")
#define NDEBUG
#include "llvm/ADT/Statistic.h"
#undef NDEBUG
#endif
