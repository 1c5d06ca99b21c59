// Makes a kernel an entry: a function over a range of cells => a PTX kernel whose threads compute one cell
// each, or one together. It exists to keep the interface between launches and kernels in one place, away from
// everything that computes.
#include "tegula/codegen/ptx/Passes.h"

#include "tegula/codegen/common/Passes.h"
#include "tegula/dialects/tile/Tile.h"
#include "tegula/target/Groups.h"

using namespace mlir;

namespace tegula::codegen::ptx {
#define GEN_PASS_DEF_ENTERKERNEL
#include "tegula/codegen/ptx/Passes.h.inc"

/// Number of the address space that all threads of a card share.
static constexpr unsigned globalSpace = 1;
/// What every buffer is aligned to: the widest access of a thread.
static constexpr int64_t bufferAlignment = 16;

namespace {
/// The entry's parameters, and how the body's arguments follow from them.
struct Interface {
  SmallVector<unsigned> buffers, sizes; ///< numbers of the body's arguments
  unsigned begin = 0, end = 0;
};
/// The threads that are started together, and those of them that compute one cell.
struct Group {
  int64_t threads, together;
  int64_t sharedBytes = 0; ///< 0: so few that there are always enough
  int64_t registers = 1;   ///< how many times those of others a thread takes
};
/// What groups that run at once share.
struct Multiprocessor {
  int64_t threads; ///< that must find registers
  int64_t sharedBytes;
};
} // namespace

/// Pointers are buffers; of the numbers the last two are the range of cells.
static Interface interfaceOf(LLVM::LLVMFuncOp function) {
  Interface interface;
  for (auto [number, type] : llvm::enumerate(function.getArgumentTypes()))
    (isa<LLVM::LLVMPointerType>(type) ? interface.buffers : interface.sizes).push_back(number);
  interface.end = interface.sizes.pop_back_val();
  interface.begin = interface.sizes.pop_back_val();
  return interface;
}

static Value readRegister(OpBuilder &builder, Location loc, StringRef name) {
  auto call = LLVM::CallIntrinsicOp::create(builder, loc, builder.getI32Type(),
                                            builder.getStringAttr(("llvm.nvvm.read.ptx.sreg." + name).str()),
                                            ValueRange{});
  return LLVM::ZExtOp::create(builder, loc, builder.getI64Type(), call->getResult(0));
}

/// The number of this thread's cell in the whole grid.
static Value numberOfCell(OpBuilder &builder, Location loc, Group group) {
  Value block = readRegister(builder, loc, "ctaid.x");
  if (group.threads == group.together)
    return block;
  Value threads = readRegister(builder, loc, "ntid.x"), thread = readRegister(builder, loc, "tid.x");
  auto noWrap = LLVM::IntegerOverflowFlags::nsw | LLVM::IntegerOverflowFlags::nuw;
  if (group.together > 1) {
    Value together = LLVM::ConstantOp::create(builder, loc, builder.getI64Type(), group.together);
    threads = LLVM::UDivOp::create(builder, loc, threads, together);
    thread = LLVM::UDivOp::create(builder, loc, thread, together);
  }
  Value first = LLVM::MulOp::create(builder, loc, block, threads, noWrap);
  return LLVM::AddOp::create(builder, loc, first, thread, noWrap);
}

/// States how many threads a block has at most, and how many blocks a multiprocessor must have room for at
/// once: without a bound ptxas aims for all the threads that one can hold, and spills registers for it. Where
/// fewer blocks find shared memory there are more registers for each.
static void limit(LLVM::LLVMFuncOp entry, Group group, Multiprocessor resident) {
  auto text = [&](StringRef name, int64_t number) {
    Builder builder(entry.getContext());
    return builder.getStrArrayAttr({name, std::to_string(number)});
  };
  int64_t blocks = resident.threads / (group.threads * group.registers);
  if (group.sharedBytes)
    blocks = std::min(blocks, resident.sharedBytes / (group.sharedBytes + target::systemSharedBytes));
  blocks = std::max<int64_t>(1, blocks);
  entry.setPassthroughAttr(ArrayAttr::get(
      entry.getContext(), {text("nvvm.maxntid", group.threads), text("nvvm.minctasm", blocks)}));
}

static void enter(LLVM::LLVMFuncOp function, Group group, Multiprocessor resident) {
  OpBuilder builder(function);
  Location loc = function.getLoc();
  Interface interface = interfaceOf(function);
  Type i64 = builder.getI64Type(), global = LLVM::LLVMPointerType::get(builder.getContext(), globalSpace);
  SmallVector<Type> types(interface.buffers.size(), global);
  types.append(interface.sizes.size() + 1, i64);
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()), types);
  auto entry = LLVM::LLVMFuncOp::create(builder, loc, function.getSymName(), type);
  entry.setCConv(LLVM::cconv::CConv::PTX_Kernel);
  for (unsigned number = 0; number < interface.buffers.size(); ++number) {
    entry.setArgAttr(number, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
    if (!function->hasAttr(tile::unalignedAttr))
      entry.setArgAttr(number, LLVM::LLVMDialect::getAlignAttrName(),
                       builder.getI64IntegerAttr(bufferAlignment));
  }
  for (NamedAttribute attribute : function->getDiscardableAttrs())
    entry->setDiscardableAttr(attribute.getName(), attribute.getValue());

  Block *first = entry.addEntryBlock(builder);
  Block *body = &function.getBody().front();
  entry.getBody().getBlocks().splice(entry.getBody().end(), function.getBody().getBlocks());
  builder.setInsertionPointToStart(first);
  Type generic = LLVM::LLVMPointerType::get(builder.getContext());
  for (auto [number, argument] : llvm::enumerate(interface.buffers))
    body->getArgument(argument).replaceAllUsesWith(
        LLVM::AddrSpaceCastOp::create(builder, loc, generic, first->getArgument(number)));
  for (auto [number, argument] : llvm::enumerate(interface.sizes))
    body->getArgument(argument).replaceAllUsesWith(first->getArgument(interface.buffers.size() + number));
  limit(entry, group, resident);
  Value cell = numberOfCell(builder, loc, group), one = LLVM::ConstantOp::create(builder, loc, i64, 1);
  auto noWrap = LLVM::IntegerOverflowFlags::nsw | LLVM::IntegerOverflowFlags::nuw;
  // Where a warp has several cells, all of its threads stay to pass registers on: those without a cell
  // compute the last one again.
  if (group.together > 1 && group.together < target::warpThreads)
    cell = LLVM::UMinOp::create(builder, loc, cell,
                                LLVM::SubOp::create(builder, loc, first->getArguments().back(), one));
  body->getArgument(interface.begin).replaceAllUsesWith(cell);
  body->getArgument(interface.end).replaceAllUsesWith(LLVM::AddOp::create(builder, loc, cell, one, noWrap));
  body->eraseArguments(0, body->getNumArguments());

  Block *exit = builder.createBlock(&entry.getBody(), entry.getBody().end());
  LLVM::ReturnOp::create(builder, loc, ValueRange{});
  builder.setInsertionPointToEnd(first);
  Value inside =
      LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::ult, cell, first->getArguments().back());
  LLVM::CondBrOp::create(builder, loc, inside, body, exit);
  function.erase();
}

namespace {
struct EnterKernel : impl::EnterKernelBase<EnterKernel> {
  using EnterKernelBase::EnterKernelBase;

  Group groupOf(LLVM::LLVMFuncOp function) {
    auto numbers = function->getAttrOfType<DenseI64ArrayAttr>(groupAttr);
    if (!numbers)
      return {blockThreads, 1};
    if (numbers.size() < 4)
      return {numbers[0], numbers[1]};
    return {numbers[0], numbers[1], numbers[2], numbers[3]};
  }

  void runOnOperation() override {
    for (auto function : llvm::make_early_inc_range(getOperation().getOps<LLVM::LLVMFuncOp>()))
      if (function->hasAttr(cellsAttr))
        enter(function, groupOf(function), {residentThreads, residentSharedBytes});
  }
};
} // namespace
} // namespace tegula::codegen::ptx
