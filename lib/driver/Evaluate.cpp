// Computes constants with the compiler's own code: compiles a module at -O0, loads it from memory and runs it
// in this process. It exists so that there is one implementation of what an operation means, and no second
// one for folding.
#include "Backend.h"

#include "tegula/codegen/host/Passes.h"
#include "tegula/dialects/graph/Graph.h"
#include "tegula/runtime.h"

#include "llvm/ADT/ScopeExit.h"

using namespace mlir;

namespace tegula::driver {

/// The elements of a result, whose memory is laid out as runtime.h says, under its type in the graph dialect.
static DenseElementsAttr elementsOf(RankedTensorType type, const void *data) {
  const char *bytes = static_cast<const char *>(data);
  int64_t count = type.getNumElements();
  if (type.getElementType().isInteger(1)) {
    SmallVector<bool> values(count);
    std::transform(bytes, bytes + count, values.begin(), [](char byte) { return byte != 0; });
    return DenseElementsAttr::get(type, ArrayRef<bool>(values));
  }
  size_t size = count * (type.getElementTypeBitWidth() / 8);
  if (size == 0)
    return DenseElementsAttr::get(type, ArrayRef<Attribute>());
  return DenseElementsAttr::getFromRawBuffer(type, ArrayRef(bytes, size));
}

/// Brings what stands between two passes to kernels whose results are launches' own.
static LogicalResult formKernels(ModuleOp module, const PipelineOptions &options) {
  bool hasGraph = module
                      .walk([](Operation *op) {
                        return isa<graph::GraphDialect>(op->getDialect()) ? WalkResult::interrupt()
                                                                          : WalkResult::advance();
                      })
                      .wasInterrupted();
  if (hasGraph || module.getOps<tile::KernelOp>().empty())
    return runPhase(Phase::Fuse, module, options);
  PassManager pm(module.getContext(), ModuleOp::getOperationName());
  pm.addPass(codegen::host::createCopyResults());
  pm.addPass(codegen::host::createSinkBranches());
  return pm.run(module);
}

FailureOr<std::vector<uint8_t>> compileNaively(ModuleOp module, bool keepDenormals) {
  PipelineOptions options;
  options.optLevel = 0;
  options.fuse.fuse = false;
  Provenance provenance;
  provenance.machine = target::nativeMachine();
  provenance.keepDenormals = keepDenormals;
  options.cpu = cpuOptions(provenance.machine, 0);
  if (failed(formKernels(module, options)))
    return failure();
  auto kernels = compileKernels(module, codegen::cpu::Output::Object, options);
  artifact::ArtifactContents contents;
  codegen::host::WeightLayout weights(keepDenormals);
  if (failed(kernels) || failed(assemble(module, *kernels, codegen::cpu::Output::Object, options, provenance,
                                         weights, contents)))
    return failure();
  contents.weights = weights.takeChunks();
  std::vector<uint8_t> bytes;
  std::string error;
  if (!artifact::writeArtifact(contents, bytes, error))
    return module.emitError("internal: ") << error;
  return bytes;
}

static LogicalResult runArtifact(ArrayRef<uint8_t> bytes, ArrayRef<Type> types,
                                 SmallVectorImpl<DenseElementsAttr> &results, std::string &error) {
  tgl_status status = {};
  tgl_model *model = nullptr;
  tgl_context *context = nullptr;
  llvm::scope_exit release([&] {
    tgl_context_free(context);
    tgl_model_free(model);
  });
  auto run = [&] {
    if (tgl_model_load_memory(bytes.data(), bytes.size(), &model, &status) ||
        tgl_context_create(model, 1, &context, &status))
      return failure();
    SmallVector<void *> memory(types.size());
    for (size_t index = 0; index < types.size(); ++index)
      if (tgl_own_output(context, index, &memory[index], &status))
        return failure();
    if (tgl_run(context, &status))
      return failure();
    for (auto [type, data] : llvm::zip(types, memory))
      results.push_back(elementsOf(cast<RankedTensorType>(type), data));
    return success();
  };
  LogicalResult result = run();
  error = status.text;
  return result;
}

LogicalResult evaluateModule(ModuleOp module, SmallVectorImpl<DenseElementsAttr> &results,
                             bool keepDenormals) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || main.getNumArguments() != 0)
    return module.emitError("internal: expected a function @main without arguments to evaluate");
  SmallVector<Type> types(main.getResultTypes());
  OwningOpRef<ModuleOp> copy = module.clone();
  FailureOr<std::vector<uint8_t>> bytes = compileNaively(*copy, keepDenormals);
  if (failed(bytes))
    return failure();
  std::string error;
  if (failed(runArtifact(*bytes, types, results, error)))
    return main.emitError("internal: evaluation failed: ") << error;
  return success();
}

} // namespace tegula::driver
