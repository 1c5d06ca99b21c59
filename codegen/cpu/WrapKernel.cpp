// Wraps a kernel: a function of many pointers => the three arguments of CodeAbi.h around it.
// It exists to keep the binary interface in one place, away from everything that computes.
#include "tegula/codegen/cpu/Passes.h"

#include "tegula/codegen/common/Passes.h"

using namespace mlir;

namespace tegula::codegen::cpu {
#define GEN_PASS_DEF_WRAPKERNEL
#include "tegula/codegen/cpu/Passes.h.inc"

/// Turns `function` into the internal body and returns the wrapper, which has its name. All pointers but the
/// range lie in the array: inputs, outputs, and scratch where there is one (it follows the range in the
/// body).
static LLVM::LLVMFuncOp wrap(LLVM::LLVMFuncOp function) {
  OpBuilder builder(function);
  Location loc = function.getLoc();
  std::string name = function.getSymName().str();
  function.setSymName(name + ".body");
  function.setLinkage(LLVM::Linkage::Internal);

  Type pointer = LLVM::LLVMPointerType::get(builder.getContext()), i64 = builder.getI64Type();
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()), {pointer, i64, i64});
  builder.setInsertionPointAfter(function);
  auto wrapper = LLVM::LLVMFuncOp::create(builder, loc, name, type);
  wrapper.setVisibility_(LLVM::Visibility::Hidden);
  wrapper.setDsoLocal(true);
  Block *entry = wrapper.addEntryBlock(builder);
  builder.setInsertionPointToStart(entry);

  SmallVector<Value> args;
  int32_t buffers = 0, range = 1;
  for (auto [index, each] : llvm::enumerate(function.getArgumentTypes())) {
    if (!isa<LLVM::LLVMPointerType>(each)) {
      args.push_back(entry->getArgument(range++));
      continue;
    }
    function.setArgAttr(index, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
    Value slot = LLVM::GEPOp::create(builder, loc, pointer, pointer, entry->getArgument(0),
                                     ArrayRef<LLVM::GEPArg>{buffers++});
    args.push_back(LLVM::LoadOp::create(builder, loc, pointer, slot));
  }
  LLVM::CallOp::create(builder, loc, function, args);
  LLVM::ReturnOp::create(builder, loc, ValueRange{});
  return wrapper;
}

namespace {
struct WrapKernel : impl::WrapKernelBase<WrapKernel> {
  void runOnOperation() override {
    for (auto function : llvm::make_early_inc_range(getOperation().getOps<LLVM::LLVMFuncOp>()))
      if (function->hasAttr(cellsAttr))
        wrap(function);
  }
};
} // namespace
} // namespace tegula::codegen::cpu
