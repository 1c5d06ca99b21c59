// The PTX code generator as the driver sees it: a kernel becomes LLVM, LLVM becomes PTX text, texts become
// one module.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>

namespace tegula::codegen::ptx {

struct PtxCodegenOptions {
  int optLevel = 2;
  std::string chip = "sm_80";               ///< architecture, as LLVM and ptxas name it
  std::string features = "+ptx80";          ///< PTX version, as LLVM writes it
  int64_t stackBytes = 1024;                ///< of local memory that the temporaries of a thread may take
  int64_t blockThreads = 128;               ///< threads of a block whose threads know nothing of each other
  int64_t mostSharedBytes = 163 * 1024;     ///< of shared memory that a block may have
  int64_t residentThreads = 512;            ///< threads that a multiprocessor must have registers for
  int64_t residentSharedBytes = 164 * 1024; ///< of shared memory that it has
};

/// How a kernel is launched: on ceil(cells / cellsPerBlock) blocks.
struct LaunchShape {
  int64_t threads = 128;       ///< of a block
  int64_t cellsPerBlock = 128; ///< cells of the kernel's grid that one block computes
  int64_t sharedBytes = 0;     ///< of shared memory that a launch asks for, beyond what the code declares
};

/// After it a module that held one tile.kernel holds one LLVM function: an entry whose threads compute one
/// cell each. Its parameters are one pointer to global memory for each buffer in the order of CodeAbi.h
/// (inputs, outputs, scratch memory where the kernel needs it; each aligned to 16 bytes and readable up to a
/// multiple of 16, none overlapping another that is written), the kernel's sizes, and the number of cells, 64
/// bits each. Blocks and grids have one dimension.
void populatePtxCodegenPipeline(mlir::OpPassManager &pm, const PtxCodegenOptions &options);

enum class Output { LlvmIr, Ptx };

/// Translates a module with one entry to text. Safe to call from several threads, each with its own module.
llvm::Expected<std::string> emitModule(mlir::ModuleOp module, Output output,
                                       const PtxCodegenOptions &options);

/// One PTX module of several that emitModule wrote with the same options; their names must differ.
std::string joinModules(llvm::ArrayRef<std::string> modules);

} // namespace tegula::codegen::ptx
