// Turns sizes over the model's symbols into native code and into text: the host function computes what the
// compiler cannot know.
#pragma once

#include "tegula/dialects/graph/Dim.h"
#include "tegula/dialects/tile/Tile.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"

#include "llvm/ADT/DenseMap.h"

namespace tegula::codegen::host {

/// The sizes of a launch's kernel; invalid ones where no tile.size says them.
llvm::SmallVector<graph::Dim> sizesOf(tile::LaunchOp launch);

/// A map from a kernel's sizes for the sizes of one launch.
graph::Dim forLaunch(mlir::AffineMap map, llvm::ArrayRef<graph::Dim> sizes);

/// A size in the user's words: "4*seq", and "(seq+1)" where it is to be multiplied (`product`).
std::string sizeText(graph::Dim size, llvm::ArrayRef<std::string> names, bool product = false);

/// The name of the first node that a size is for, "" where there is none.
std::string firstNode(tile::SizeOp size);

/// Writes arithmetic on 64-bit numbers where its builder stands; each expression once.
class SizeWriter {
public:
  /// `symbols` is the address of the symbols' values. With `checked`, wrapping around is noted.
  SizeWriter(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value symbols, bool checked)
      : builder(builder), loc(loc), symbols(symbols), checked(checked) {}

  mlir::Value constant(int64_t value);
  mlir::Value write(graph::Dim size);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value largest(mlir::Value a, mlir::Value b);
  /// Notes a size beyond what can be addressed as one that wrapped.
  void expectAddressed(mlir::Value size);
  /// Whether any number written so far left 63 bits divided by less than 1 or cannot be addressed, an i1.
  mlir::Value failed();

private:
  mlir::Value write(mlir::AffineExpr expr);
  mlir::Value compute(mlir::AffineExpr expr);
  mlir::Value divide(mlir::Value a, mlir::Value b, bool remainder);
  mlir::Value multiply(mlir::Value a, mlir::Value b);
  template <typename Checked, typename Plain> mlir::Value arithmetic(mlir::Value a, mlir::Value b);
  void note(mlir::Value wrong);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Value symbols, wrong;
  bool checked;
  llvm::DenseMap<mlir::AffineExpr, mlir::Value> written;
};

} // namespace tegula::codegen::host
