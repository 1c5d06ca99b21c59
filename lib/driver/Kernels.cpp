// Makes machine code of kernels, several at once: each goes through the codegen phase in a module of its own.
#include "Backend.h"

#include "Inserted.h"

#include "tegula/codegen/common/Passes.h"
#include "tegula/codegen/cpu/Passes.h"
#include "tegula/support/Refusal.h"
#include "tegula/target/Groups.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/Threading.h"
#include "mlir/IR/Verifier.h"

#include "llvm/Support/FileSystem.h"

#include <chrono>
#include <mutex>

using namespace mlir;

namespace tegula::driver {

using codegen::cpu::Output;
using codegen::host::KernelNeeds;

/// An attribute that is a number or a map from the kernel's sizes; null where there is none.
static AffineMap amountOf(Operation *op, StringRef name) {
  if (auto map = op->getAttrOfType<AffineMapAttr>(name))
    return map.getValue();
  auto number = op->getAttrOfType<IntegerAttr>(name);
  return number ? AffineMap::getConstantMap(number.getInt(), op->getContext()) : AffineMap();
}

/// The text or object of a kernel's module.
static llvm::Expected<std::string> emit(ModuleOp module, Output output, const PipelineOptions &options) {
  if (options.language == target::Language::X86)
    return codegen::cpu::emitModule(module, output, options.cpu);
  auto text = output == Output::LlvmIr ? codegen::ptx::Output::LlvmIr : codegen::ptx::Output::Ptx;
  return codegen::ptx::emitModule(module, text, options.ptx);
}

/// How a PTX entry is launched. Its parameters are addresses, then its sizes, then the number of cells;
/// codegen::groupAttr says how many threads a block has, how many of them share a cell, and what memory.
static artifact::LaunchInfo launchOf(LLVM::LLVMFuncOp entry, const codegen::ptx::PtxCodegenOptions &options) {
  codegen::ptx::LaunchShape shape{options.blockThreads, options.blockThreads, 0};
  if (auto group = entry->getAttrOfType<DenseI64ArrayAttr>(codegen::groupAttr)) {
    bool asksForMore = group.size() > 2 && group[2] > target::declaredSharedBytes;
    shape = {group[0], group[0] / group[1], asksForMore ? group[2] : 0};
  }
  artifact::LaunchInfo launch{uint32_t(shape.threads), uint64_t(shape.cellsPerBlock),
                              uint32_t(shape.sharedBytes), 0, 0};
  for (Type type : entry.getArgumentTypes())
    ++(isa<LLVM::LLVMPointerType>(type) ? launch.buffers : launch.sizes);
  --launch.sizes;
  return launch;
}

namespace {
/// Lends pass managers of the codegen phase, as many as threads ask at once: their passes collect hundreds of
/// patterns before they run for the first time.
class CodegenManagers {
public:
  CodegenManagers(MLIRContext *context, const PipelineOptions &options)
      : context(context), options(options) {}

  /// Runs the phase on a module that holds one kernel, and verifies what comes out.
  LogicalResult run(ModuleOp module) {
    std::unique_ptr<PassManager> manager = take();
    LogicalResult result = manager->run(module);
    giveBack(std::move(manager));
    return success(succeeded(result) && succeeded(mlir::verify(module)));
  }

private:
  std::unique_ptr<PassManager> take() {
    {
      std::lock_guard lock(mutex);
      if (!idle.empty())
        return idle.pop_back_val();
    }
    auto manager = std::make_unique<PassManager>(context, ModuleOp::getOperationName());
    populateCodegenPhase(*manager, options);
#ifdef NDEBUG
    manager->enableVerifier(false); // after each pass it takes a sixth of the time of all
#endif
    return manager;
  }

  /// Verifying is not for here: it may take up another kernel on the same thread, which asks for the lock.
  void giveBack(std::unique_ptr<PassManager> manager) {
    std::lock_guard lock(mutex);
    idle.push_back(std::move(manager));
  }

  MLIRContext *context;
  const PipelineOptions &options;
  std::mutex mutex;
  SmallVector<std::unique_ptr<PassManager>> idle;
};
} // namespace

/// Writes a module and the passes that it goes through as --run-reproducer of tegula-opt takes them. MLIR's
/// own way to do so waits for a thread that no pool knows, and kernels are compiled by a pool.
static void writePasses(const std::string &path, ModuleOp module, const PipelineOptions &options) {
  std::error_code failure;
  llvm::raw_fd_ostream file(path, failure);
  if (failure) // what keeps the IR after phases says so
    return;
  PassManager passes(module.getContext(), ModuleOp::getOperationName());
  populateCodegenPhase(passes, options);
  std::string pipeline;
  llvm::raw_string_ostream text(pipeline);
  passes.printAsTextualPipeline(text);
  AsmState state(module);
  state.attachResourcePrinter("mlir_reproducer", [&](Operation *, AsmResourceBuilder &builder) {
    builder.buildString("pipeline", pipeline);
    builder.buildBool("disable_threading", true);
    builder.buildBool("verify_each", true);
  });
  module->print(file, state);
  file.close();
  file.clear_error();
}

static LogicalResult compileKernel(tile::KernelOp kernel, Output output, const PipelineOptions &options,
                                   bool keepIr, CodegenManagers &managers, CompiledKernel &compiled) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(kernel.getLoc());
  module->getBody()->push_back(kernel->clone());
  std::string reproducer =
      options.reproducer.empty() ? "" : options.reproducer + "." + kernel.getSymName().str();
  if (!reproducer.empty())
    writePasses(reproducer, *module, options);
  if (failed(managers.run(*module)) || failed(checkContract(Phase::Codegen, *module, options)) ||
      failed(runInserted(Phase::Codegen, *module, options))) {
    bool isGiven = false; // a schedule from a file left its line in the kernel's location
    kernel->getLoc()->walk([&](Location loc) {
      auto place = dyn_cast<FileLineColLoc>(loc);
      isGiven |= place && !place.getFilename().empty() && place.getFilename() != "-";
      return WalkResult::advance();
    });
    if (isGiven && kernel.getSched())
      refuse(kernel.emitError(), Code::InvalidSchedule)
          << "kernel @" << kernel.getSymName() << " cannot run as this schedule says";
    return failure();
  }
  LogicalResult emitted = emitKernel(*module, output, options, keepIr, compiled);
  if (succeeded(emitted) && !reproducer.empty())
    llvm::sys::fs::remove(reproducer);
  return emitted;
}

LogicalResult emitKernel(ModuleOp module, Output output, const PipelineOptions &options, bool keepIr,
                         CompiledKernel &compiled) {
  // The facts are attributes of the kernel's body, which carries its name with a suffix.
  module.walk([&](LLVM::LLVMFuncOp function) {
    if (!function->hasAttr(codegen::cellsAttr))
      return;
    bool isApart = options.language != target::Language::X86;
    compiled.needs = {amountOf(function, codegen::cellsAttr), amountOf(function, codegen::scratchAttr),
                      isApart};
    if (isApart)
      compiled.launch = launchOf(function, options.ptx);
  });
  llvm::Expected<std::string> code = emit(module, output, options);
  if (!code)
    return module.emitError("internal: ") << llvm::toString(code.takeError());
  compiled.code = std::move(*code);
  if (!keepIr)
    return success();
  llvm::Expected<std::string> ir = emit(module, Output::LlvmIr, options);
  if (!ir)
    return module.emitError("internal: ") << llvm::toString(ir.takeError());
  compiled.ir = std::move(*ir);
  return success();
}

FailureOr<std::vector<CompiledKernel>> compileKernels(ModuleOp module, Output output,
                                                      const PipelineOptions &options, bool keepIr) {
  auto kernels = llvm::to_vector(module.getOps<tile::KernelOp>());
  std::vector<CompiledKernel> compiled(kernels.size());
  CodegenManagers managers(module.getContext(), options);
  std::mutex counting;
  size_t numDone = 0;
  parallelFor(module.getContext(), 0, kernels.size(), [&](size_t index) {
    auto start = std::chrono::steady_clock::now();
    compiled[index].name = kernels[index].getSymName().str();
    compiled[index].ok =
        succeeded(compileKernel(kernels[index], output, options, keepIr, managers, compiled[index]));
    compiled[index].seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (options.kernelsDone) {
      std::lock_guard lock(counting);
      options.kernelsDone(++numDone, kernels.size());
    }
  });
  if (!llvm::all_of(compiled, [](const CompiledKernel &kernel) { return kernel.ok; }))
    return failure();
  return compiled;
}

} // namespace tegula::driver
