// Writes the shapes function of CodeAbi.h: checks what the model assumes of its symbols, then computes output
// shapes and the arena's size. It exists so that shape arithmetic is native code and a run finds every size
// accepted.
#include "LowerShapes.h"

#include "Bodies.h"
#include "Branches.h"
#include "tegula/artifact/Artifact.h"

using namespace mlir;

namespace tegula::codegen::host {
namespace {

class ShapesWriter {
public:
  ShapesWriter(ModuleOp module, StringRef name, func::FuncOp main, const MemoryPlan &plan,
               const llvm::StringMap<KernelNeeds> &kernels, std::vector<artifact::Check> &checks)
      : main(main), plan(plan), kernels(kernels), checks(checks), builder(main.getContext()),
        loc(main.getLoc()), ranges(graph::readRanges(main)) {
    builder.setInsertionPointToStart(module.getBody());
    Type pointer = LLVM::LLVMPointerType::get(main.getContext());
    auto type = LLVM::LLVMFunctionType::get(builder.getI32Type(), SmallVector<Type>(3, pointer));
    function = LLVM::LLVMFuncOp::create(builder, loc, name, type);
    function.setVisibility_(LLVM::Visibility::Hidden);
    function.setDsoLocal(true);
    builder.setInsertionPointToStart(function.addEntryBlock(builder));
    sizes.emplace(builder, loc, function.getArgument(0), /*checked=*/true);
  }

  void write() {
    for (const graph::Requirement &requirement : graph::readRequirements(main))
      check(requirement);
    SmallVector<func::FuncOp> always = unconditionalBodiesOf(main), all = bodiesOf(main);
    always.push_back(main), all.push_back(main);
    for (func::FuncOp function : always) {
      Guards guards(function);
      function.walk([&](tile::SizeOp size) { checkNotNegative(size, guards); });
    }
    for (func::FuncOp function : all)
      function.walk([&](tile::SizeOp size) { limit(size); });
    for (func::FuncOp function : all)
      function.walk(
          [&](tile::LaunchOp launch) { sizes->write(cellsOf(launch, kernels.lookup(launch.getKernel()))); });
    writeOutputs();
    SlotOffsets slots = writeSlots(*sizes, plan);
    store(slots.end, function.getArgument(2), 0);
    // Whatever was computed from a number that wrapped around is not believed.
    Value zero = sizes->constant(0);
    failIf(sizes->failed(), zero, zero, {"", "expected sizes whose tensors can be addressed"});
    LLVM::ReturnOp::create(builder, loc, code(0));
  }

private:
  Value code(int32_t number) {
    return LLVM::ConstantOp::create(builder, loc, builder.getI32Type(), builder.getI32IntegerAttr(number));
  }

  void store(Value value, Value array, int32_t index) {
    Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
    Value address = LLVM::GEPOp::create(builder, loc, pointer, builder.getI64Type(), array,
                                        ArrayRef<LLVM::GEPArg>{index});
    LLVM::StoreOp::create(builder, loc, value, address);
  }

  /// Returns the number of a new check where `wrong` holds, and the two sizes that do not fit.
  void failIf(Value wrong, Value first, Value second, artifact::Check check) {
    checks.push_back(std::move(check));
    Block *failure = function.addBlock(), *next = function.addBlock();
    LLVM::CondBrOp::create(builder, loc, wrong, failure, next);
    builder.setInsertionPointToStart(failure);
    store(first, function.getArgument(1), 0);
    store(second, function.getArgument(1), 1);
    LLVM::ReturnOp::create(builder, loc, code(checks.size()));
    builder.setInsertionPointToStart(next);
  }

  void check(const graph::Requirement &requirement) {
    Value lhs = sizes->write(requirement.lhs), rhs = sizes->write(requirement.rhs);
    auto predicate = requirement.kind == graph::Requirement::Kind::Equal ? LLVM::ICmpPredicate::ne
                                                                         : LLVM::ICmpPredicate::sgt;
    Value wrong = LLVM::ICmpOp::create(builder, loc, predicate, lhs, rhs);
    failIf(wrong, lhs, rhs, {requirement.node, requirement.text + ", got {0} and {1}"});
  }

  /// Sizes that subtract may come out negative: a window that is larger than the image, say.
  void checkNotNegative(tile::SizeOp op, const Guards &guards) {
    graph::Dim size(op.getExpr());
    if (!guards.of(op).isAlways())
      return; // for the branch that needs it to check
    Value value = sizes->write(size);
    limit(op, /*isNeeded=*/true);
    if (size.minimum(ranges).value_or(-1) >= 0 || !checkedSizes.insert(op.getExpr()).second)
      return;
    Value zero = sizes->constant(0);
    Value wrong = LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::slt, value, zero);
    failIf(wrong, value, zero, {firstNode(op), "expected a size of at least 0, got {0}"});
  }

  /// What kernels compute from sizes does not wrap where these can be addressed, also those of tensors that
  /// are never stored. What a branch alone divides by may be 0 where it is not taken.
  void limit(tile::SizeOp op, bool isNeeded = false) {
    graph::Dim size(op.getExpr());
    bool hasDivisor = false;
    op.getExpr().walk([&](AffineExpr part) {
      auto binary = dyn_cast<AffineBinaryOpExpr>(part);
      hasDivisor |= binary && part.getKind() != AffineExprKind::Add &&
                    part.getKind() != AffineExprKind::Mul && !isa<AffineConstantExpr>(binary.getRHS());
    });
    std::optional<int64_t> most = size.maximum(ranges);
    if (size.isStatic() || (hasDivisor && !isNeeded) || (most && *most <= int64_t(artifact::addressSpace)) ||
        !limitedSizes.insert(op.getExpr()).second)
      return;
    sizes->expectAddressed(sizes->write(size));
  }

  void writeOutputs() {
    int32_t next = 0;
    for (auto [index, type] : llvm::enumerate(main.getResultTypes()))
      for (graph::Dim size : interfaceShape(type, main.getResultAttrDict(index)))
        store(sizes->write(size), function.getArgument(1), next++);
  }

  func::FuncOp main;
  const MemoryPlan &plan;
  const llvm::StringMap<KernelNeeds> &kernels;
  std::vector<artifact::Check> &checks;
  OpBuilder builder;
  Location loc;
  LLVM::LLVMFuncOp function;
  std::optional<SizeWriter> sizes;
  llvm::DenseSet<AffineExpr> checkedSizes, limitedSizes;
  SmallVector<graph::SymbolRange> ranges;
};

} // namespace

SlotOffsets writeSlots(SizeWriter &sizes, const MemoryPlan &plan) {
  SlotOffsets slots{{}, sizes.constant(plan.arenaBytes)};
  for (const MemoryPlan::Slot &slot : plan.slots) {
    slots.offsets.push_back(slots.end);
    // A branch that is not taken may have buffers of less than nothing.
    Value largest = plan.hasBranches ? sizes.constant(0) : sizes.write(slot.sizes.front());
    for (graph::Dim size : ArrayRef(slot.sizes).drop_front(plan.hasBranches ? 0 : 1))
      largest = sizes.largest(largest, sizes.write(size));
    slots.end = sizes.add(slots.end, largest);
  }
  return slots;
}

void writeShapes(ModuleOp module, StringRef name, func::FuncOp main, const MemoryPlan &plan,
                 const llvm::StringMap<KernelNeeds> &kernels, std::vector<artifact::Check> &checks) {
  ShapesWriter(module, name, main, plan, kernels, checks).write();
}

graph::Shape interfaceShape(Type type, DictionaryAttr attributes) {
  if (auto dims = attributes ? attributes.getAs<AffineMapAttr>("tegula.dims") : AffineMapAttr())
    return graph::sizesOf(dims.getValue());
  return graph::dimsOf(cast<RankedTensorType>(type).getShape());
}

} // namespace tegula::codegen::host
