// From a tiled module to machine code and the contents of an artifact; shared by compilation and by
// evaluation in process.
#pragma once

#include "tegula/Tegula.h"
#include "tegula/artifact/Writer.h"
#include "tegula/codegen/host/Host.h"
#include "tegula/codegen/host/Weights.h"
#include "tegula/driver/Pipeline.h"
#include "tegula/import/Import.h"
#include "tegula/target/Machine.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace tegula::driver {

/// One kernel after code generation.
struct CompiledKernel {
  std::string name;
  std::string code;    ///< an object, or text
  std::string ir = {}; ///< the LLVM IR that `code` is made of, where it is kept
  codegen::host::KernelNeeds needs = {};
  artifact::LaunchInfo launch = {}; ///< only in PTX
  double seconds = 0;
  bool ok = false;
};

/// Compiles every tile.kernel of `module` (to PTX, where that is asked of its generator as assembly), several
/// at once where the context has threads; in the module's order whatever their number. Errors are diagnosed
/// at the kernels.
mlir::FailureOr<std::vector<CompiledKernel>> compileKernels(mlir::ModuleOp module,
                                                            codegen::cpu::Output output,
                                                            const PipelineOptions &options,
                                                            bool keepIr = false);

/// The code of a kernel whose module has been through the codegen phase. Errors are diagnosed at the module,
/// which has the kernel's location.
mlir::LogicalResult emitKernel(mlir::ModuleOp module, codegen::cpu::Output output,
                               const PipelineOptions &options, bool keepIr, CompiledKernel &compiled);

/// What an artifact says about where it comes from, and one of the machines that it is for.
struct Provenance {
  std::string modelHash, flags;
  target::Machine machine;
  bool keepDenormals = false;
};

/// Adds a target to the contents of an artifact and returns its host function's code (as `output`);
/// `contents.code` receives nothing unless objects were made. All targets lay their weights out in `weights`,
/// whose chunks belong to the contents. The module's attributes must outlive them. `ir` receives the host
/// function's LLVM IR.
mlir::FailureOr<std::string> assemble(mlir::ModuleOp module, llvm::ArrayRef<CompiledKernel> kernels,
                                      codegen::cpu::Output output, const PipelineOptions &options,
                                      const Provenance &provenance, codegen::host::WeightLayout &weights,
                                      artifact::ArtifactContents &contents, std::string *ir = nullptr);

/// Whether an artifact can have such inputs and outputs; says why not.
mlir::LogicalResult checkInterface(mlir::func::FuncOp main);

/// The settings of LLVM that make code for `machine`.
codegen::cpu::CpuCodegenOptions cpuOptions(const target::Machine &machine, int optLevel);
codegen::ptx::PtxCodegenOptions ptxOptions(const target::Machine &machine, int optLevel);

/// The ONNX nodes that an operation stands for, by its location.
std::vector<std::string> nodesOf(mlir::Operation *op);

/// What the importer is told: of sizes, of operators of other domains, of limits.
importer::ImportOptions importOptionsFor(const CompileOptions &options);
/// What the phases are told where a model is compiled for `machine`.
PipelineOptions pipelineFor(const CompileOptions &options, const target::Machine &machine);

/// The artifact of a module between any two passes before codegen, lowered by -O0 for this CPU. The module is
/// compiled in place.
mlir::FailureOr<std::vector<uint8_t>> compileNaively(mlir::ModuleOp module, bool keepDenormals);

/// Runs the model of `module`, which takes nothing, at -O0 in this process, with denormals as the compiled
/// model treats them. The module is compiled as a copy.
mlir::LogicalResult evaluateModule(mlir::ModuleOp module,
                                   llvm::SmallVectorImpl<mlir::DenseElementsAttr> &results,
                                   bool keepDenormals);

} // namespace tegula::driver
