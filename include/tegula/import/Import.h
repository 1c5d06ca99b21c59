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
  std::map<std::string, SizeRange> ranges;     ///< of sizes that stay symbols; hot sizes are not read here
  std::vector<std::string> operatorFiles = {}; ///< what operators of other domains mean
  int64_t maxNodes = 1'000'000;                ///< with functions inlined and loops unrolled
  int maxNesting = 100;                        ///< of graphs and functions
  bool symbolic = false;                       ///< sizes that nothing fixes become symbols instead of errors
};

/// A model file that was read; null where it cannot be. It may be imported several times, and the constants
/// of all imports are the same.
class ParsedModel;
struct ReadOptions {
  int64_t maxNodes = 1'000'000; ///< of the main graph alone
  int maxNesting = 100;         ///< of messages in the file
  bool leaveWeights = false;    ///< weights that no import looks at are not read; their constants are 0
};
std::shared_ptr<ParsedModel> readModel(const std::string &path, std::vector<Message> &messages,
                                       const ReadOptions &options = {});

/// On failure `messages` holds everything that is wrong with the model, each error with its code; warnings
/// may stand there on success too. Loads the dialects it needs. The module's large constants keep the model's
/// memory alive.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>> importModel(const std::shared_ptr<ParsedModel> &model,
                                                               mlir::MLIRContext &context,
                                                               const ImportOptions &options,
                                                               std::vector<Message> &messages);

/// Every operator that importModel knows, sorted by domain and name.
std::vector<OperatorInfo> knownOperators();

} // namespace tegula::importer
