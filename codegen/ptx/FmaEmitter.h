// Multiplies what threads share with their own multiply-adds, for float32 that must stay what it is.
#pragma once

#include "ProductEmitter.h"

namespace tegula::codegen::ptx {

/// Each thread keeps rows of quads of columns; quads of a thread lie as far apart as its neighbours need.
class FmaEmitter : public ProductEmitter {
public:
  FmaEmitter(tile::KernelOp kernel, const tile::Product &product) : ProductEmitter(kernel, product) {}

protected:
  Layout leftLayout() override;
  Layout rightLayout() override;
  void placeThread() override;
  llvm::SmallVector<mlir::Value> startSums() override;
  void multiply(Number stage, llvm::SmallVectorImpl<mlir::Value> &sums) override;
  llvm::SmallVector<Part> partsOf(llvm::ArrayRef<mlir::Value> sums) override;

private:
  /// Columns that a thread reads from shared memory at once.
  static constexpr int64_t quad = 4;
  /// Threads of the group side by side in each direction, and those of them that are a warp.
  int64_t along() const { return block.getRows() / block.getThreadRows(); }
  int64_t across() const { return block.getColumns() / block.getThreadColumns(); }
  int64_t warpRows() const { return std::min<int64_t>(along(), across() >= 8 ? 4 : 32 / across()); }
  int64_t warpColumns() const { return std::min<int64_t>(across(), 32 / warpRows()); }
  int64_t rowsApart() const { return along(); }
  int64_t columnsApart() const { return across() * quad; }

  Number threadRow, threadColumn; ///< of this thread, among its neighbours
};

} // namespace tegula::codegen::ptx
