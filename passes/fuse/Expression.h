// Declares how several elementwise operations become one linalg.generic, because their values between should
// never leave registers.
#pragma once

#include "Bodies.h"

namespace tegula::fuse {

/// Writes the value of `root` from the operations that are `inside`: elementwise ones, and transposes,
/// expansions and slices between them. Everything else is read from `tensorOf`, in storage types; scalar
/// constants are written down in place.
mlir::Value writeExpression(TensorKit &kit, mlir::Operation *root,
                            llvm::function_ref<bool(mlir::Operation *)> inside,
                            llvm::function_ref<mlir::Value(mlir::Value)> tensorOf);

} // namespace tegula::fuse
