// Launches that copy a tensor, for passes that must have a value in another place.
#pragma once

#include "tegula/dialects/tile/Tile.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

namespace tegula::codegen::host {

/// A launch that copies `value`, where the builder stands; null where its sizes are not written down.
/// `isUnaligned` marks its kernel as tile::unalignedAttr.
mlir::Value copyOf(mlir::OpBuilder &builder, mlir::ModuleOp module, mlir::Value value,
                   bool isUnaligned = false);

} // namespace tegula::codegen::host
