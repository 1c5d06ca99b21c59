// Passes that a user puts between phases: read from the command line, run, and held to the phase's contract.
#pragma once

#include "tegula/driver/Pipeline.h"

#include "llvm/Support/Error.h"

namespace tegula::driver {

/// Reads "after-fuse:name", "after-graph:func.func(a,b{option=1})" and so on; each must stand after one of
/// the phases `first` to `last`. Loads the dialects that the passes make operations of: once phases run in
/// parallel it is too late.
llvm::Expected<std::vector<InsertedPass>> readInserted(llvm::ArrayRef<std::string> texts, Phase first,
                                                       Phase last, mlir::MLIRContext &context);

/// Makes the passes that can be named known: tegula's, MLIR's general ones, and those of plug-ins.
void registerPassNames();

/// Runs the passes that are inserted after `phase`, in their order, and checks the phase's contract after
/// each. What they report, and what they break, names them and is a bad input.
mlir::LogicalResult runInserted(Phase phase, mlir::ModuleOp module, const PipelineOptions &options);

} // namespace tegula::driver
