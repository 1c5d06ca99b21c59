// Takes a module of LLVM functions to PTX text through LLVM's NVPTX target, and several texts to one module.
#include "tegula/codegen/ptx/Codegen.h"

#include "tegula/codegen/common/Emit.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"

#include <mutex>
#include <tuple>

namespace tegula::codegen::ptx {

static llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
makeTargetMachine(const PtxCodegenOptions &options) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
  llvm::Triple triple("nvptx64-nvidia-cuda");
  std::string error;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return llvm::createStringError(error);
  // Products and sums stay apart but where the kernel asks for fused ones.
  llvm::TargetOptions settings;
  settings.AllowFPOpFusion = llvm::FPOpFusion::Standard;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, options.chip, options.features, settings, std::nullopt, std::nullopt,
      options.optLevel ? llvm::CodeGenOptLevel::Aggressive : llvm::CodeGenOptLevel::Less));
}

/// Makes names of constants and of shared memory differ between kernels.
static void annotate(llvm::Module &module) {
  std::string entry;
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr(llvm::Attribute::NoUnwind);
    entry = function.getName().str();
  }
  unsigned number = 0;
  for (llvm::GlobalVariable &global : module.globals()) {
    global.setName(entry + "_data" + std::to_string(number++));
    if (!global.isDeclaration()) // of memory that the launch brings
      global.setLinkage(llvm::GlobalValue::InternalLinkage);
  }
}

// Address spaces and alignments come before the passes that read them: only then are accesses global ones of
// 16 bytes. The backend runs its own strength reduction and merges neighbouring accesses.
static constexpr llvm::StringLiteral passes =
    "function(sroa,early-cse,instcombine<no-verify-fixpoint>,infer-address-spaces,simplifycfg,loop-simplify,"
    "lcssa,loop-mssa(licm),gvn,instcombine<no-verify-fixpoint>,simplifycfg,loop-mssa(loop-rotate,licm),"
    "loop(indvars,loop-deletion),instcombine<no-verify-fixpoint>,simplifycfg,loop-mssa(licm),gvn,"
    "instcombine<no-verify-fixpoint>,simplifycfg,infer-alignment,dce),cgscc(function-attrs)";

llvm::Expected<std::string> emitModule(mlir::ModuleOp module, Output output,
                                       const PtxCodegenOptions &options) {
  llvm::Expected<std::shared_ptr<llvm::TargetMachine>> machine =
      machineFor(std::tuple(options.chip, options.features, options.optLevel > 0),
                 [&] { return makeTargetMachine(options); });
  if (!machine)
    return machine.takeError();
  return emitThroughLlvm(module, **machine, annotate, passes,
                         output == Output::LlvmIr ? Emission::LlvmIr : Emission::Assembly);
}

std::string joinModules(llvm::ArrayRef<std::string> modules) {
  // A module's directives stand before its first definition, and only once.
  static constexpr llvm::StringLiteral directives[] = {".version", ".target", ".address_size"};
  std::string text;
  bool first = true;
  for (llvm::StringRef module : modules) {
    llvm::SmallVector<llvm::StringRef> lines;
    module.split(lines, '\n');
    for (llvm::StringRef line : lines) {
      bool directive = llvm::any_of(directives, [&](llvm::StringRef each) { return line.starts_with(each); });
      if (line.starts_with("//") || line.empty() || (directive && !first))
        continue;
      text += line.rtrim();
      text += '\n';
    }
    text += '\n';
    first = false;
  }
  return text;
}

} // namespace tegula::codegen::ptx
