// Real numbers that sizes decide: exporters compute scales and new sizes from shapes in floats.
#pragma once

#include "tegula/dialects/graph/Dim.h"

#include "llvm/ADT/SmallVector.h"

namespace tegula::importer {

/// factor · top / bottom.
struct Ratio {
  double factor = 1;
  graph::Dim top = 1, bottom = 1;
};
using Ratios = llvm::SmallVector<Ratio>;

/// The elements of a tensor of rank 0 or 1 that is computed from numbers and sizes by arithmetic; nothing
/// where it is not.
std::optional<Ratios> readRatios(mlir::Value value);

/// The largest integers that are not above; nothing where floats could give another one.
std::optional<graph::Shape> roundedDown(const Ratios &ratios);

} // namespace tegula::importer
