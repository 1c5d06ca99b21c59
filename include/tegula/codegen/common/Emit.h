// The way from LLVM functions to text or objects, which every machine with an LLVM target shares.
#pragma once

#include "mlir/IR/BuiltinOps.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

#include <string>

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace tegula::codegen {

/// What to write: LLVM IR, or what the target calls assembly (PTX for one) or an object.
enum class Emission { LlvmIr, Assembly, Object };

/// Translates `module`, lets `annotate` state what a target's code may assume, runs LLVM's `passes` (its text
/// form of pipelines, "" for none), and returns the bytes of `kind`.
llvm::Expected<std::string> emitThroughLlvm(mlir::ModuleOp module, llvm::TargetMachine &machine,
                                            llvm::function_ref<void(llvm::Module &)> annotate,
                                            llvm::StringRef passes, Emission kind);

} // namespace tegula::codegen
