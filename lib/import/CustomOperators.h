// Operators that files of a user define: graph operations in functions, written into the model where a node
// calls for them. It exists so that a custom operator is compiled, fused and checked like any other.
#pragma once

#include "Node.h"

#include "tegula/import/Import.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace tegula::importer {

/// The operators of all files, by domain and name.
class CustomOperators {
public:
  /// Reads and checks the files; false with messages where one of them does not define operators.
  bool read(mlir::ArrayRef<std::string> files, mlir::MLIRContext &context, std::vector<Message> &messages);

  /// Whether a file says what this operator means.
  bool defines(llvm::StringRef domain, llvm::StringRef name) const;

  /// Writes the definition that fits the node in its place, and gives its results; how many operations it
  /// has. Reports where none fits.
  int64_t import(llvm::StringRef domain, llvm::StringRef name, Node &node) const;

private:
  /// One function of a file.
  struct Definition {
    mlir::func::FuncOp function;
    int64_t since = 1;
    std::string place; ///< "file:line"
  };
  bool readFile(const std::string &file, mlir::MLIRContext &context, std::vector<Message> &messages);
  static mlir::LogicalResult check(mlir::func::FuncOp function);

  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> modules;
  std::map<std::pair<std::string, std::string>, std::vector<Definition>> definitions;
};

} // namespace tegula::importer
