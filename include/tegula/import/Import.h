// Turns an ONNX file into the graph dialect, the only door through which ONNX's versions and quirks enter the
// compiler.
#pragma once

#include "tegula/Tegula.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace tegula::importer {

/// What the user fixes about a model's inputs; see CompileOptions.
struct ImportOptions {
  std::map<std::string, int64_t> dims;
  std::map<std::string, std::vector<int64_t>> shapes;
  std::map<std::string, HostTensor> bound;
  bool symbolic = false; ///< sizes that nothing fixes become symbols instead of errors
};

/// Reads the model at `path`. On failure `messages` holds everything that is wrong with it and `outcome` the
/// kind of the failure; warnings may stand there on success too. Loads the dialects it needs. The module's
/// large constants keep the model's memory alive.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
importModel(const std::string &path, mlir::MLIRContext &context, const ImportOptions &options,
            std::vector<Message> &messages, Outcome &outcome);

/// Every operator that importModel knows, sorted by domain and name.
std::vector<OperatorInfo> knownOperators();

} // namespace tegula::importer
