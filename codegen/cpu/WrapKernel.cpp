// Wraps a kernel: a function of many pointers => the three arguments of CodeAbi.h around it.
// It exists to keep the binary interface in one place, away from everything that computes.
#include "tegula/codegen/cpu/Passes.h"

#include "tegula/codegen/common/Passes.h"

using namespace mlir;

namespace tegula::codegen::cpu {
#define GEN_PASS_DEF_WRAPKERNEL
#include "tegula/codegen/cpu/Passes.h.inc"

/// Turns `function` into the internal body and returns the wrapper, which has its name. All pointers lie in
/// the array: inputs, outputs, scratch where there is one (it follows the range in the body), and the address
/// of the kernel's sizes where it has any (they stand before the range).
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

  auto load = [&](Type element, Value array, int32_t index) -> Value {
    Value slot = LLVM::GEPOp::create(builder, loc, pointer, element, array, ArrayRef<LLVM::GEPArg>{index});
    return LLVM::LoadOp::create(builder, loc, element, slot);
  };
  int32_t pointers = llvm::count_if(function.getArgumentTypes(), llvm::IsaPred<LLVM::LLVMPointerType>);
  int32_t numbers = function.getNumArguments() - pointers, sizes = numbers - 2;
  Value sizeArray = sizes > 0 ? load(pointer, entry->getArgument(0), pointers) : Value();
  SmallVector<Value> args;
  int32_t nextPointer = 0, nextNumber = 0;
  for (auto [index, each] : llvm::enumerate(function.getArgumentTypes())) {
    if (isa<LLVM::LLVMPointerType>(each)) {
      function.setArgAttr(index, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
      args.push_back(load(pointer, entry->getArgument(0), nextPointer++));
    } else if (nextNumber < sizes) {
      args.push_back(load(i64, sizeArray, nextNumber++));
    } else {
      args.push_back(entry->getArgument(1 + nextNumber++ - sizes));
    }
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
