// Translates modules to LLVM IR, optimises them with the passes a machine asks for, and emits them.
#include "tegula/codegen/common/Emit.h"

#include "mlir/Target/LLVMIR/Export.h"

#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"

namespace tegula::codegen {

static llvm::Error optimize(llvm::Module &module, llvm::TargetMachine &machine, llvm::StringRef passes) {
  if (passes.empty())
    return llvm::Error::success();
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  llvm::ModulePassManager manager;
  if (llvm::Error error = builder.parsePassPipeline(manager, passes))
    return error;
  manager.run(module, modules);
  return llvm::Error::success();
}

llvm::Expected<std::string> emitThroughLlvm(mlir::ModuleOp module, llvm::TargetMachine &machine,
                                            llvm::function_ref<void(llvm::Module &)> annotate,
                                            llvm::StringRef passes, Emission kind) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> translated = mlir::translateModuleToLLVMIR(module, context, "kernel");
  if (!translated)
    return llvm::createStringError("translation to LLVM IR failed");
  translated->setTargetTriple(machine.getTargetTriple());
  translated->setDataLayout(machine.createDataLayout());
  annotate(*translated);
  if (llvm::Error error = optimize(*translated, machine, passes))
    return std::move(error);
  if (kind == Emission::LlvmIr) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    translated->print(stream, nullptr);
    return text;
  }
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager emission;
  auto file =
      kind == Emission::Object ? llvm::CodeGenFileType::ObjectFile : llvm::CodeGenFileType::AssemblyFile;
  if (machine.addPassesToEmitFile(emission, stream, nullptr, file))
    return llvm::createStringError("the target cannot emit this kind of file");
  emission.run(*translated);
  return std::string(bytes.begin(), bytes.end());
}

} // namespace tegula::codegen
