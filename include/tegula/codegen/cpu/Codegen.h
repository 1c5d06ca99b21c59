// The CPU code generator as the driver sees it: a kernel becomes LLVM, LLVM becomes an object, objects become
// one image.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tegula::codegen::cpu {

struct CpuCodegenOptions {
  int optLevel = 2; ///< 0: plain loops and libm
  std::string features =
      "+avx2,+fma,+f16c,+bmi,+bmi2,+lzcnt"; ///< what code may use beyond x86-64-v2, as LLVM writes it
  std::string tuneFor =
      "x86-64-v3";            ///< LLVM's name of the processor whose timings count; allows no instruction
  int64_t vectorBits = 256;   ///< widest vector to be used
  bool keepDenormals = false; ///< functions give denormal results too, where they are the right ones
  int64_t nearBytes = 524288; ///< of cache that a core has for itself
  int64_t stackBytes = 65536; ///< of stack that a kernel's temporaries may take
  bool isCold = false;        ///< long code that takes little of a run: what counts is how soon it is emitted
};

/// After it a module that held one tile.kernel holds LLVM functions only: the kernel under CodeAbi.h, and
/// what it needs.
void populateCpuCodegenPipeline(mlir::OpPassManager &pm, const CpuCodegenOptions &options);

enum class Output { LlvmIr, Assembly, Object };

/// Translates a module of LLVM functions; text for LlvmIr and Assembly. Safe to call from several threads,
/// each with its own module.
llvm::Expected<std::string> emitModule(mlir::ModuleOp module, Output output,
                                       const CpuCodegenOptions &options);

/// The bytes of machine code in an ELF object.
llvm::Expected<uint64_t> codeBytesOf(llvm::StringRef object);

/// A flat position-independent image of code and constants. A loader writes its import slots and nothing
/// else.
struct Image {
  struct Import {
    std::string symbol;
    uint64_t slot = 0; ///< offset of 8 bytes that receive the address
  };
  std::vector<uint8_t> bytes;
  std::vector<Import> imports;
  std::vector<uint64_t> entries; ///< offsets of the entry symbols, in the order given
};

/// Links ELF objects. `mayImport` says which undefined symbols the loader provides; any other is an error.
llvm::Expected<Image> linkImage(llvm::ArrayRef<std::string> objects, llvm::ArrayRef<llvm::StringRef> entries,
                                llvm::function_ref<bool(llvm::StringRef)> mayImport);

} // namespace tegula::codegen::cpu
