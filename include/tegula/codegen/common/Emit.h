// The way from LLVM functions to text or objects, which every machine with an LLVM target shares.
#pragma once

#include "mlir/IR/BuiltinOps.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <utility>

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

/// The machine that `make` makes for `key`, which a thread keeps: to set it up takes longer than to emit a
/// small kernel. It is shared because a thread that waits inside of MLIR may be given another kernel, of
/// another key.
template <typename Key, typename Make>
llvm::Expected<std::shared_ptr<llvm::TargetMachine>> machineFor(Key key, Make make) {
  static thread_local std::pair<Key, std::shared_ptr<llvm::TargetMachine>> kept;
  if (!kept.second || kept.first != key) {
    llvm::Expected<std::unique_ptr<llvm::TargetMachine>> made = make();
    if (!made)
      return made.takeError();
    kept = {std::move(key), std::move(*made)};
  }
  return kept.second;
}

} // namespace tegula::codegen
