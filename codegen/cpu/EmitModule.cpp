// Takes a module of LLVM functions to machine code, with a short list of LLVM passes: long ones cost compile
// time and spill registers.
#include "tegula/codegen/cpu/Codegen.h"

#include "tegula/codegen/common/Emit.h"

#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"

#include <mutex>
#include <tuple>

namespace tegula::codegen::cpu {

/// What every machine with AVX2 has; all else is stated feature by feature, so that the loader can check the
/// list.
static constexpr llvm::StringLiteral baseCpu = "x86-64-v2";

static llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
makeTargetMachine(const CpuCodegenOptions &options) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
  });
  llvm::Triple triple("x86_64-unknown-linux-gnu");
  std::string error;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return llvm::createStringError(error);
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, baseCpu, options.features, llvm::TargetOptions(), llvm::Reloc::PIC_, llvm::CodeModel::Small,
      options.isCold     ? llvm::CodeGenOptLevel::None
      : options.optLevel ? llvm::CodeGenOptLevel::Aggressive
                         : llvm::CodeGenOptLevel::Less));
}

/// States on every function what the machine is and what code may assume; marks every symbol as part of this
/// image.
static void annotate(llvm::Module &module, const CpuCodegenOptions &options) {
  for (llvm::Function &function : module) {
    function.setDSOLocal(!function.isDeclaration() || function.hasHiddenVisibility());
    if (function.isDeclaration())
      continue;
    llvm::AttrBuilder attributes(module.getContext());
    attributes.addAttribute("target-cpu", baseCpu);
    attributes.addAttribute("target-features", options.features);
    attributes.addAttribute("tune-cpu", options.tuneFor);
    attributes.addAttribute("prefer-vector-width", std::to_string(options.vectorBits));
    attributes.addAttribute(llvm::Attribute::NoUnwind);
    // Wide spill slots split cache lines on a stack of 16-byte alignment.
    attributes.addStackAlignmentAttr(64);
    function.addFnAttrs(attributes);
  }
  for (llvm::GlobalVariable &global : module.globals())
    global.setDSOLocal(true);
}

// default<O2> and default<O3> were seen to spill where this does not, and take several times as long.
// The loop vectorizer serves plain loops; it leaves alone what is vector code already.
static constexpr llvm::StringLiteral passes =
    "function(sroa,early-cse,instcombine<no-verify-fixpoint>,simplifycfg,loop-simplify,lcssa,loop-mssa(licm),"
    "gvn,"
    "instcombine<no-verify-fixpoint>,simplifycfg,loop-mssa(loop-rotate,licm),loop(indvars),"
    "loop-vectorize,instcombine<no-verify-fixpoint>,simplifycfg,loop-mssa(licm),"
    "instcombine<no-verify-fixpoint>,dce)";

llvm::Expected<std::string> emitModule(mlir::ModuleOp module, Output output,
                                       const CpuCodegenOptions &options) {
  llvm::Expected<std::shared_ptr<llvm::TargetMachine>> machine =
      machineFor(std::tuple(options.features, options.optLevel > 0, options.isCold),
                 [&] { return makeTargetMachine(options); });
  if (!machine)
    return machine.takeError();
  Emission kind = output == Output::LlvmIr   ? Emission::LlvmIr
                  : output == Output::Object ? Emission::Object
                                             : Emission::Assembly;
  return emitThroughLlvm(
      module, **machine, [&](llvm::Module &translated) { annotate(translated, options); },
      options.isCold ? llvm::StringRef() : llvm::StringRef(passes), kind);
}

} // namespace tegula::codegen::cpu
