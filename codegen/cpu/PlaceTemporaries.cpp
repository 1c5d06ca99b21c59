// Places a kernel's temporaries: memref.alloc => stack or scratch memory, and strided copies => loops.
// It exists because a run allocates nothing: every byte a kernel uses is known before the model is loaded.
#include "tegula/codegen/cpu/Passes.h"

#include "tegula/codegen/common/Passes.h"
#include "tegula/support/Checked.h"

#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;

namespace tegula::codegen::cpu {
#define GEN_PASS_DEF_PLACETEMPORARIES
#include "tegula/codegen/cpu/Passes.h.inc"

static constexpr int64_t alignment = 64;

/// Bytes of a buffer, rounded up so that the next one is aligned too; invalid where the shape is not static.
static Checked bytesOf(MemRefType type) {
  if (!type.hasStaticShape() || !type.getLayout().isIdentity())
    return Checked(-1);
  Type element = type.getElementType();
  int64_t bits = 64, lanes = 1;
  if (auto vector = dyn_cast<VectorType>(element)) {
    lanes = vector.getNumElements();
    element = vector.getElementType();
  }
  if (element.isIntOrFloat())
    bits = element.getIntOrFloatBitWidth();
  Checked bytes = Checked::product(type.getShape()) * Checked(lanes) * Checked(llvm::divideCeil(bits, 8)) +
                  Checked(alignment - 1);
  return bytes.valid() ? Checked(bytes.get() / alignment * alignment) : bytes;
}

/// Whether a loop hands the buffer to its next iteration: then each iteration needs one of its own.
static bool outlivesIteration(Value buffer) {
  for (Operation *user : buffer.getUsers()) {
    if (isa<scf::YieldOp>(user) && isa<LoopLikeOpInterface>(user->getParentOp()))
      return true;
    if (auto view = dyn_cast<ViewLikeOpInterface>(user); view && outlivesIteration(user->getResult(0)))
      return true;
  }
  return false;
}

static void copyByLoops(func::FuncOp function) {
  function.walk([](memref::CopyOp copy) {
    auto isBlock = [](Value value) { return cast<MemRefType>(value.getType()).getLayout().isIdentity(); };
    if (isBlock(copy.getSource()) && isBlock(copy.getTarget()))
      return;
    OpBuilder builder(copy);
    linalg::makeMemRefCopyOp(builder, copy.getLoc(), copy.getSource(), copy.getTarget());
    copy.erase();
  });
}

/// Splits the allocations by size: the smallest that fit together stay on the stack. Returns the bytes of the
/// others for one call.
static FailureOr<int64_t> sortOut(ArrayRef<memref::AllocOp> allocs, int64_t stackBytes,
                                  SmallVector<memref::AllocOp> &stack,
                                  SmallVector<std::pair<memref::AllocOp, int64_t>> &scratch) {
  SmallVector<std::pair<int64_t, memref::AllocOp>> bySize;
  for (memref::AllocOp alloc : allocs) {
    Checked bytes = bytesOf(alloc.getType());
    if (!bytes.valid())
      return alloc.emitOpError("expected a temporary of static size");
    if (outlivesIteration(alloc))
      return alloc.emitOpError("expected a temporary that lives no longer than its iteration");
    bySize.push_back({bytes.get(), alloc});
  }
  // Ties by position, so that the layout does not depend on the sort.
  auto order = llvm::to_vector(llvm::seq<size_t>(0, bySize.size()));
  llvm::sort(order, [&](size_t a, size_t b) {
    return std::pair(bySize[a].first, a) < std::pair(bySize[b].first, b);
  });
  Checked used(0), offset(0);
  for (size_t index : order) {
    auto [bytes, alloc] = bySize[index];
    if ((used + Checked(bytes)).opt().value_or(INT64_MAX) <= stackBytes) {
      used += Checked(bytes);
      stack.push_back(alloc);
      continue;
    }
    scratch.push_back({alloc, offset.get()});
    offset += Checked(bytes);
    if (!offset.valid())
      return alloc.emitOpError("expected temporaries that can be addressed");
  }
  return offset.get();
}

static void useScratch(func::FuncOp function, ArrayRef<std::pair<memref::AllocOp, int64_t>> placed,
                       int64_t bytes, int64_t total) {
  OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
  Location loc = function.getLoc();
  auto type = MemRefType::get(total, builder.getI8Type());
  (void)function.insertArgument(function.getNumArguments(), type, {}, loc);
  Value scratch = function.getArguments().back(),
        begin = function.getArgument(function.getNumArguments() - 3);
  Value mine =
      arith::MulIOp::create(builder, loc, begin, arith::ConstantIndexOp::create(builder, loc, bytes));
  for (auto [alloc, offset] : placed) {
    Value start =
        arith::AddIOp::create(builder, loc, mine, arith::ConstantIndexOp::create(builder, loc, offset));
    Value view =
        memref::ViewOp::create(builder, alloc.getLoc(), alloc.getType(), scratch, start, ValueRange{});
    alloc.replaceAllUsesWith(view);
    alloc.erase();
  }
  function->setAttr(scratchAttr, builder.getI64IntegerAttr(total));
}

static LogicalResult place(func::FuncOp function, int64_t stackBytes) {
  SmallVector<memref::AllocOp> allocs, stack;
  SmallVector<std::pair<memref::AllocOp, int64_t>> scratch;
  function.walk([&](memref::AllocOp alloc) { allocs.push_back(alloc); });
  function.walk([](memref::DeallocOp dealloc) { dealloc.erase(); });
  FailureOr<int64_t> bytes = sortOut(allocs, stackBytes, stack, scratch);
  if (failed(bytes))
    return failure();
  OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
  for (memref::AllocOp alloc : stack) {
    Value place = memref::AllocaOp::create(builder, alloc.getLoc(), alloc.getType(),
                                           builder.getI64IntegerAttr(alignment));
    alloc.replaceAllUsesWith(place);
    alloc.erase();
  }
  if (scratch.empty())
    return success();
  auto cells = function->getAttrOfType<IntegerAttr>(cellsAttr);
  Checked total = Checked(*bytes) * Checked(cells ? cells.getInt() : 1);
  if (!total.valid())
    return function.emitOpError("expected temporaries that can be addressed");
  useScratch(function, scratch, *bytes, total.get());
  return success();
}

namespace {
struct PlaceTemporaries : impl::PlaceTemporariesBase<PlaceTemporaries> {
  using PlaceTemporariesBase::PlaceTemporariesBase;
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      copyByLoops(function);
      if (failed(place(function, stackBytes)))
        return signalPassFailure();
    }
  }
};
} // namespace
} // namespace tegula::codegen::cpu
