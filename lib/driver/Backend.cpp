// Compiles kernels in parallel and assembles the artifact from their objects, the host function and the
// memory plan.
#include "Backend.h"

#include "tegula/codegen/common/Passes.h"
#include "tegula/codegen/cpu/Passes.h"
#include "tegula/codegen/host/Host.h"

#include "mlir/IR/Threading.h"

#include "llvm/ADT/SetVector.h"

#include <chrono>

using namespace mlir;

namespace tegula::driver {

using codegen::cpu::Output;
using codegen::host::KernelNeeds;

codegen::cpu::CpuCodegenOptions cpuOptions(const target::Machine &machine, int optLevel) {
  codegen::cpu::CpuCodegenOptions options;
  options.optLevel = optLevel;
  options.tuneFor = machine.cpu;
  options.vectorBits = machine.vectorBytes * 8;
  options.features.clear();
  for (const std::string &feature : machine.features)
    options.features += (options.features.empty() ? "+" : ",+") + feature;
  return options;
}

//===-- kernels
//------------------------------------------------------------------------------------------===//

static int64_t integerAttr(Operation *op, StringRef name, int64_t otherwise) {
  auto attribute = op->getAttrOfType<IntegerAttr>(name);
  return attribute ? attribute.getInt() : otherwise;
}

static LogicalResult compileKernel(tile::KernelOp kernel, Output output, const PipelineOptions &options,
                                   CompiledKernel &compiled) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(kernel.getLoc());
  module->getBody()->push_back(kernel->clone());
  PassManager pm(kernel.getContext(), ModuleOp::getOperationName());
  populateCodegenPhase(pm, options);
  if (failed(pm.run(*module)) || failed(checkContract(Phase::Codegen, *module)))
    return failure();
  // The facts are attributes of the kernel's body, which carries its name with a suffix.
  module->walk([&](LLVM::LLVMFuncOp function) {
    if (!function->hasAttr(codegen::cellsAttr))
      return;
    compiled.cells = integerAttr(function, codegen::cellsAttr, 1);
    compiled.scratchBytes = integerAttr(function, codegen::cpu::scratchAttr, 0);
  });
  llvm::Expected<std::string> code = codegen::cpu::emitModule(*module, output, options.cpu);
  if (!code)
    return kernel.emitError("internal: ") << llvm::toString(code.takeError());
  compiled.code = std::move(*code);
  return success();
}

FailureOr<std::vector<CompiledKernel>> compileKernels(ModuleOp module, Output output,
                                                      const PipelineOptions &options) {
  auto kernels = llvm::to_vector(module.getOps<tile::KernelOp>());
  std::vector<CompiledKernel> compiled(kernels.size());
  parallelFor(module.getContext(), 0, kernels.size(), [&](size_t index) {
    auto start = std::chrono::steady_clock::now();
    compiled[index].name = kernels[index].getSymName().str();
    compiled[index].ok = succeeded(compileKernel(kernels[index], output, options, compiled[index]));
    compiled[index].seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  });
  if (!llvm::all_of(compiled, [](const CompiledKernel &kernel) { return kernel.ok; }))
    return failure();
  return compiled;
}

//===-- artifact
//-----------------------------------------------------------------------------------------===//

/// The names of the model's nodes behind an operation.
static std::vector<std::string> nodesOf(Operation *op) {
  llvm::SetVector<StringRef> names;
  op->getLoc()->walk([&](Location loc) {
    if (auto name = dyn_cast<NameLoc>(loc))
      names.insert(name.getName());
    return WalkResult::advance();
  });
  std::vector<std::string> result;
  for (StringRef name : names)
    result.push_back(name.str());
  return result;
}

static StringRef numpyName(Type type, StringRef given) {
  if (!given.empty())
    return given;
  if (type.isInteger())
    switch (type.getIntOrFloatBitWidth()) {
    case 1:
      return "bool";
    case 8:
      return "int8";
    case 16:
      return "int16";
    case 32:
      return "int32";
    default:
      return "int64";
    }
  return type.isF16() ? "float16" : type.isBF16() ? "bfloat16" : type.isF64() ? "float64" : "float32";
}

static FailureOr<artifact::TensorInfo> describe(func::FuncOp main, Type type, DictionaryAttr attributes,
                                                const Twine &fallbackName) {
  auto text = [&](StringRef key) {
    auto attribute = attributes ? attributes.getAs<StringAttr>(key) : StringAttr();
    return attribute ? attribute.getValue() : StringRef();
  };
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return main.emitError("expected inputs and outputs of static shape, got ") << type;
  artifact::TensorInfo info;
  info.name = text("tegula.name").empty() ? fallbackName.str() : text("tegula.name").str();
  std::optional<artifact::DType> dtype =
      artifact::parseDType(numpyName(tensor.getElementType(), text("tegula.dtype")).str());
  if (!dtype)
    return main.emitError("expected an element type that an artifact can hold, got ")
           << tensor.getElementType();
  info.dtype = *dtype;
  info.dims.assign(tensor.getShape().begin(), tensor.getShape().end());
  return info;
}

static LogicalResult describeInterface(func::FuncOp main, artifact::Manifest &manifest) {
  for (auto [index, type] : llvm::enumerate(main.getArgumentTypes())) {
    FailureOr<artifact::TensorInfo> info =
        describe(main, type, main.getArgAttrDict(index), "input" + Twine(index));
    if (failed(info))
      return failure();
    manifest.inputs.push_back(std::move(*info));
  }
  for (auto [index, type] : llvm::enumerate(main.getResultTypes())) {
    FailureOr<artifact::TensorInfo> info =
        describe(main, type, main.getResultAttrDict(index), "output" + Twine(index));
    if (failed(info))
      return failure();
    manifest.outputs.push_back(std::move(*info));
  }
  return success();
}

static void describeKernels(ModuleOp module, func::FuncOp main, ArrayRef<CompiledKernel> kernels,
                            artifact::Manifest &manifest) {
  llvm::StringMap<uint32_t> numbers;
  for (const CompiledKernel &kernel : kernels) {
    auto op = module.lookupSymbol<tile::KernelOp>(kernel.name);
    std::string schedule;
    if (op.getSched())
      llvm::raw_string_ostream(schedule) << op.getSched();
    numbers[kernel.name] = manifest.kernels.size();
    manifest.kernels.push_back({kernel.name, nodesOf(op), schedule});
  }
  main.walk([&](tile::LaunchOp launch) {
    uint32_t number = numbers.lookup(launch.getKernel());
    manifest.dispatches.push_back({number, kernels[number].cells, nodesOf(launch)});
  });
}

static LogicalResult link(ArrayRef<CompiledKernel> kernels, const std::string &host, func::FuncOp main,
                          artifact::ArtifactContents &contents) {
  std::vector<std::string> objects = {host};
  for (const CompiledKernel &kernel : kernels)
    objects.push_back(kernel.code);
  auto image = codegen::cpu::linkImage(objects, codegen::host::entryName, [](StringRef symbol) {
    return artifact::isImportAllowed(std::string_view(symbol));
  });
  if (!image)
    return main.emitError("internal: ") << llvm::toString(image.takeError());
  contents.code = std::move(image->bytes);
  contents.manifest.entry = image->entry;
  for (auto &import : image->imports)
    contents.manifest.imports.push_back({import.symbol, import.slot});
  return success();
}

FailureOr<std::string> assemble(ModuleOp module, ArrayRef<CompiledKernel> kernels, Output output,
                                const PipelineOptions &options, const Provenance &provenance,
                                artifact::ArtifactContents &contents) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main)
    return module.emitError("expected a function @main");
  llvm::StringMap<KernelNeeds> needs;
  for (const CompiledKernel &kernel : kernels)
    needs[kernel.name] = {kernel.cells, kernel.scratchBytes};
  FailureOr<codegen::host::MemoryPlan> plan =
      codegen::host::planMemory(main, needs, provenance.keepDenormals);
  if (failed(plan))
    return failure();
  OwningOpRef<ModuleOp> host = codegen::host::lowerHost(main, *plan, needs);
  llvm::Expected<std::string> code = codegen::cpu::emitModule(*host, output, options.cpu);
  if (!code)
    return main.emitError("internal: ") << llvm::toString(code.takeError());

  artifact::Manifest &manifest = contents.manifest;
  manifest.producer = "tegula " TEGULA_VERSION;
  manifest.modelHash = provenance.modelHash;
  manifest.flags = provenance.flags;
  manifest.target = provenance.machine.name;
  manifest.features = provenance.machine.features;
  manifest.keepDenormals = provenance.keepDenormals;
  manifest.arenaBytes = plan->arenaBytes;
  describeKernels(module, main, kernels, manifest);
  if (failed(describeInterface(main, manifest)))
    return failure();
  contents.weights = std::move(plan->weights);
  if (output == Output::Object && failed(link(kernels, *code, main, contents)))
    return failure();
  return std::move(*code);
}

} // namespace tegula::driver
