// Stores weights as narrow as matrix units will multiply them, because rounding once at compile time is what
// each group of threads would do again: constant float32 operand + widening body => half the bytes.
#include "tegula/passes/tile/Passes.h"

#include "Launches.h"

#include "tegula/dialects/tile/Product.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <bit>
#include <cmath>
#include <cstring>

using namespace mlir;

namespace tegula::tile {
#define GEN_PASS_DEF_ROUNDOPERANDS
#include "tegula/passes/tile/Passes.h.inc"

/// The nearest number, of two the even one, as cvt.rn has it.
static uint16_t toBrain(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value))
    return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
static uint16_t toHalf(float value) { return std::bit_cast<uint16_t>(static_cast<_Float16>(value)); }

/// The bytes of a float32 constant behind `value`, which views do not change; empty where there are none to
/// be read.
static ArrayRef<char> bytesBehind(Value value, bool &isSplat) {
  while (auto view = value.getDefiningOp<ViewOp>())
    value = view.getSource();
  ElementsAttr constant;
  if (!matchPattern(value, m_Constant(&constant)) || !constant.getElementType().isF32())
    return {};
  auto dense = dyn_cast<DenseElementsAttr>(constant);
  isSplat = dense && dense.isSplat();
  if (dense)
    return dense.getRawData();
  auto resource = dyn_cast<DenseResourceElementsAttr>(constant);
  AsmResourceBlob *blob = resource ? resource.getRawHandle().getBlob() : nullptr;
  return blob ? blob->getData() : ArrayRef<char>();
}

static ElementsAttr rounded(ArrayRef<char> bytes, bool isSplat, RankedTensorType type) {
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(bytes.size() / 2, alignof(uint16_t));
  auto *to = reinterpret_cast<uint16_t *>(blob.getMutableData().data());
  auto convert = type.getElementType().isF16() ? toHalf : toBrain;
  for (size_t i = 0; i < bytes.size() / sizeof(float); ++i) {
    float value;
    std::memcpy(&value, bytes.data() + i * sizeof(float), sizeof(float)); // which lies anywhere
    to[i] = convert(value);
  }
  if (isSplat)
    return DenseElementsAttr::getFromRawBuffer(type, blob.getData());
  return DenseResourceElementsAttr::get(type, "rounded", std::move(blob));
}

namespace {

struct RoundOperands : impl::RoundOperandsBase<RoundOperands> {
  using RoundOperandsBase::RoundOperandsBase;

  /// The element type that the kernel's units multiply, null where that is float32 or tf32.
  Type unitOf(KernelOp kernel) {
    sched::BlockAttr block = kernel.getSched() ? kernel.getSched().getBlock() : sched::BlockAttr();
    if (block && block.getMultiply() == sched::Multiply::Fp16)
      return Float16Type::get(&getContext());
    if (block && block.getMultiply() == sched::Multiply::Bf16)
      return BFloat16Type::get(&getContext());
    return {};
  }

  /// The right operand of the kernel's product, where it is an input in float32 that nothing else reads.
  OpOperand *operandOf(KernelOp kernel) {
    for (auto op : kernel.getBlock().getOps<linalg::GenericOp>()) {
      std::optional<Product> product = productOf(op);
      if (!product)
        continue;
      OpOperand *right = op.getDpsInputOperand(product->right);
      auto input = dyn_cast<BlockArgument>(right->get());
      bool isFloat32 = cast<RankedTensorType>(right->get().getType()).getElementType().isF32();
      return input && isFloat32 && input.hasOneUse() ? right : nullptr;
    }
    return nullptr;
  }

  void round(KernelOp kernel, OpOperand &operand, Type unit, ArrayRef<LaunchOp> launches) {
    auto input = cast<BlockArgument>(operand.get());
    auto plain = cast<RankedTensorType>(input.getType());
    auto narrow = RankedTensorType::get(plain.getShape(), unit);
    for (LaunchOp launch : launches) {
      OpOperand &passed = launch.getInputsMutable()[input.getArgNumber()];
      ElementsAttr &constant = constants[{passed.get(), unit}];
      if (!constant) {
        bool isSplat = false;
        ArrayRef<char> bytes = bytesBehind(passed.get(), isSplat);
        constant = rounded(bytes, isSplat, narrow);
      }
      OpBuilder builder(launch);
      passed.set(arith::ConstantOp::create(builder, launch.getLoc(), narrow, constant));
    }
    input.setType(narrow);
    kernel.setFunctionType(FunctionType::get(&getContext(), kernel.getBlock().getArgumentTypes(),
                                             kernel.getFunctionType().getResults()));
    auto op = cast<linalg::GenericOp>(operand.getOwner());
    BlockArgument element = op.getMatchingBlockArgument(&operand);
    element.setType(unit);
    OpBuilder builder = OpBuilder::atBlockBegin(op.getBody());
    auto widened = arith::ExtFOp::create(builder, op.getLoc(), builder.getF32Type(), element);
    element.replaceAllUsesExcept(widened, widened);
    ++numOperandsRounded;
  }

  void runOnOperation() override {
    auto launches = launchesByKernel(getOperation());
    for (auto kernel : getOperation().getOps<KernelOp>()) {
      Type unit = unitOf(kernel);
      OpOperand *operand = unit ? operandOf(kernel) : nullptr;
      if (!operand || launches[kernel].empty())
        continue;
      unsigned number = cast<BlockArgument>(operand->get()).getArgNumber();
      if (llvm::all_of(launches[kernel], [&](LaunchOp launch) {
            bool isSplat = false;
            return !bytesBehind(launch.getInputs()[number], isSplat).empty();
          }))
        round(kernel, *operand, unit, launches[kernel]);
    }
  }

  llvm::DenseMap<std::pair<Value, Type>, ElementsAttr> constants; ///< what has been rounded already
};

} // namespace
} // namespace tegula::tile
