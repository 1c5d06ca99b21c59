// Replaces a kernel's body by a loop over groups of threads, because products and rows differ only in how
// many groups there are and in what each does.
#pragma once

#include "Numbers.h"

#include "tegula/codegen/common/LaneEvaluator.h"
#include "tegula/dialects/tile/Tile.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

namespace tegula::codegen::ptx {

class GridEmitter : protected LaneEvaluator {
public:
  /// Replaces the kernel's body by a loop over groups, marked `tile.grid`. Fails, with a diagnostic, where an
  /// operation cannot be computed.
  mlir::LogicalResult emit();

protected:
  using Number = mlir::OpFoldResult;
  /// How many groups there are, as a number and over the kernel's sizes.
  struct Groups {
    Number count;
    mlir::AffineExpr expr;
  };

  GridEmitter(tile::KernelOp kernel, int64_t lanes);

  /// Fails where the number of groups does not follow from the kernel's sizes.
  virtual mlir::FailureOr<Groups> countGroups() = 0;
  /// Writes what group `number` does, which ends in `dest`.
  virtual mlir::LogicalResult emitGroup(mlir::Value number) = 0;

  /// The number of a thread in its group of `threads`.
  mlir::Value threadId(int64_t threads);
  /// The diagnostic of what countGroups cannot count.
  mlir::InFlightDiagnostic refuseSizes() {
    return kernel.emitOpError("expected sizes that follow from the kernel's sizes");
  }

  tile::KernelOp kernel;
  Numbers numbers;
  mlir::Value root; ///< the kernel's result as it was
  mlir::Value dest; ///< the result while it is written
};

} // namespace tegula::codegen::ptx
