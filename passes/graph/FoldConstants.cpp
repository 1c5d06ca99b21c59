// Computes at compile time what depends on constants only, so that no run pays for what never changes.
#include "Constants.h"
#include "Movement.h"

#include "tegula/dialects/graph/Custom.h"
#include "tegula/passes/graph/Passes.h"
#include "tegula/support/Checked.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/TypeUtilities.h"

namespace tegula::graph {
#define GEN_PASS_DEF_FOLDCONSTANTS
#include "tegula/passes/graph/Passes.h.inc"
} // namespace tegula::graph

using namespace mlir;
using namespace tegula::graph;
using tegula::Checked;

namespace {

/// Results that are larger than their operands may add this much to a model, all together.
constexpr int64_t maxGrowthBytes = int64_t(64) << 20;
/// An operation may return this many times its operands' bytes without counting as growth.
constexpr int64_t maxGrowthFactor = 4;

/// Steps that the compiler spends on computing constants, all together: seconds, since they run as plain
/// loops. What is left over is computed by every run.
constexpr int64_t maxSteps = int64_t(4) << 30;

int64_t byteSize(Value value) {
  RankedTensorType type = tensorType(value);
  return type.getNumElements() * static_cast<int64_t>(llvm::divideCeil(type.getElementTypeBitWidth(), 8));
}

/// The steps of a body that people wrote; more than any limit where it has loops in loops.
int64_t stepsOf(CustomOp op) {
  FailureOr<CustomSizes> sizes = CustomSizes::of(op);
  WalkResult loops = op.getBody().walk([](scf::ForOp) { return WalkResult::interrupt(); });
  if (failed(sizes) || loops.wasInterrupted())
    return INT64_MAX;
  Checked steps(0);
  for (auto each : op.getBody().front().getOps<linalg::LinalgOp>()) {
    Checked own(1);
    for (Dim extent : sizes->loopsOf(each))
      own *= Checked(extent.fixed().value_or(INT64_MAX));
    steps = steps + own;
  }
  return steps.opt().value_or(INT64_MAX);
}

/// About how many steps an operation takes: its elements, and for each result what is summed or looked at.
int64_t stepsOf(Operation *op) {
  if (auto custom = dyn_cast<CustomOp>(op))
    return stepsOf(custom);
  auto count = [](Value value) { return Checked(tensorType(value).getNumElements()); };
  Checked steps = count(op->getResult(0));
  if (auto matmul = dyn_cast<MatMulOp>(op))
    steps *= Checked(tensorType(matmul.getLhs()).getShape().back());
  else if (auto conv = dyn_cast<ConvOp>(op)) // at most the whole filter for each result
    steps *= count(conv.getFilter());
  else if (auto conv = dyn_cast<ConvTransposeOp>(op))
    steps = count(conv.getInput()) * count(conv.getFilter());
  else if (auto kernel = op->getAttrOfType<DenseI64ArrayAttr>("kernel"))
    steps *= Checked::product(kernel.asArrayRef());
  for (Value operand : op->getOperands())
    steps = steps + count(operand);
  return steps.opt().value_or(INT64_MAX);
}

/// Copies `count` elements of `size` bytes that lie `stride` bytes apart into a dense row.
template <size_t size> void gatherRow(const char *from, int64_t stride, int64_t count, char *to) {
  for (int64_t i = 0; i < count; ++i)
    memcpy(to + i * size, from + i * stride, size);
}

/// Writes a tensor whose elements lie `strides` bytes apart as a dense one.
template <size_t size>
void copyStrided(const char *from, ArrayRef<int64_t> shape, ArrayRef<int64_t> strides, char *to) {
  if (shape.size() == 1)
    return gatherRow<size>(from, strides[0], shape[0], to);
  if (shape.size() == 2) {
    // Blocks of a few rows and columns keep both sides in cache.
    constexpr int64_t block = 32;
    for (int64_t i0 = 0; i0 < shape[0]; i0 += block)
      for (int64_t j0 = 0; j0 < shape[1]; j0 += block)
        for (int64_t i = i0; i < std::min(i0 + block, shape[0]); ++i)
          gatherRow<size>(from + i * strides[0] + j0 * strides[1], strides[1], std::min(block, shape[1] - j0),
                          to + (i * shape[1] + j0) * size);
    return;
  }
  int64_t inner = size;
  for (int64_t dim : shape.drop_front())
    inner *= dim;
  for (int64_t i = 0; i < shape[0]; ++i)
    copyStrided<size>(from + i * strides[0], shape.drop_front(), strides.drop_front(), to + i * inner);
}

/// Byte distances between neighbours in each dimension.
SmallVector<int64_t> denseStrides(ArrayRef<int64_t> shape, int64_t size) {
  SmallVector<int64_t> strides(shape.size());
  for (size_t i = shape.size(); i-- > 0; size *= shape[i])
    strides[i] = size;
  return strides;
}

/// The elements of `value` that lie `strides` bytes apart from byte `offset` on, as a tensor of `type`.
ElementsAttr copyElements(ElementsAttr value, int64_t offset, ArrayRef<int64_t> strides,
                          RankedTensorType type) {
  if (auto dense = dyn_cast<DenseElementsAttr>(value); dense && dense.isSplat())
    return dense.resizeSplat(type);
  std::optional<ArrayRef<char>> bytes = rawBytes(value);
  int64_t size = type.getElementTypeBitWidth() / 8;
  if (!bytes || type.getNumElements() == 0 || type.getRank() == 0 ||
      static_cast<int64_t>(bytes->size()) != size * value.getNumElements())
    return {};
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(size * type.getNumElements(), /*align=*/64);
  const char *from = bytes->data() + offset;
  char *to = blob.getMutableData().data();
  switch (size) {
  case 1:
    copyStrided<1>(from, type.getShape(), strides, to);
    break;
  case 2:
    copyStrided<2>(from, type.getShape(), strides, to);
    break;
  case 4:
    copyStrided<4>(from, type.getShape(), strides, to);
    break;
  case 8:
    copyStrided<8>(from, type.getShape(), strides, to);
    break;
  default:
    return {};
  }
  return createElements(type, std::move(blob));
}

/// The same bytes under another shape; resources share their blob.
ElementsAttr reshapeElements(ElementsAttr value, RankedTensorType type) {
  if (auto dense = dyn_cast<DenseElementsAttr>(value))
    return dense.reshape(type);
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
    return DenseResourceElementsAttr::get(type, resource.getRawHandle());
  return {};
}

/// Reshapes, transposes and slices of constants, done on bytes: no arithmetic, and filters are large.
ElementsAttr moveElements(Operation *op, ConstantOp constant) {
  ElementsAttr value = constant.getValue();
  RankedTensorType type = tensorType(op->getResult(0));
  if (!type.hasStaticShape())
    return {};
  if (isa<ReshapeOp>(op))
    return reshapeElements(value, type);
  SmallVector<int64_t> strides =
      denseStrides(tensorType(constant).getShape(), type.getElementTypeBitWidth() / 8);
  if (auto transpose = dyn_cast<TransposeOp>(op))
    return copyElements(value, 0, permuted(ArrayRef<int64_t>(strides), transpose.getPerm()), type);
  auto slice = cast<SliceOp>(op);
  int64_t offset = 0;
  for (auto [stride, start, step] : llvm::zip_equal(strides, slice.getStarts(), slice.getSteps())) {
    offset += stride * start;
    stride *= step;
  }
  return copyElements(value, offset, strides, type);
}

/// The name of a type as the interface of an entry function states it.
StringRef interfaceName(Type type) {
  if (type.isInteger(1))
    return "bool";
  if (auto integer = dyn_cast<IntegerType>(type)) {
    bool isUnsigned = integer.isUnsigned();
    switch (integer.getWidth()) {
    case 8:
      return isUnsigned ? "uint8" : "int8";
    case 16:
      return isUnsigned ? "uint16" : "int16";
    case 32:
      return isUnsigned ? "uint32" : "int32";
    default:
      return isUnsigned ? "uint64" : "int64";
    }
  }
  return type.isBF16() ? "bfloat16" : type.isF16() ? "float16" : type.isF64() ? "float64" : "float32";
}

struct FoldConstants : tegula::graph::impl::FoldConstantsBase<FoldConstants> {
  using FoldConstantsBase::FoldConstantsBase;
  explicit FoldConstants(ConstantEvaluator evaluate) : evaluate(std::move(evaluate)) {}

  void runOnOperation() override {
    ModuleOp module = getOperation();
    movedBefore.clear();
    for (auto function : module.getOps<func::FuncOp>())
      for (Block &block : function.getBody())
        moveConstants(block);
    if (evaluate && failed(computeConstants(module)))
      return signalPassFailure();
    releaseUnusedBlobs(module);
  }

  /// Replaces an operation with one result by a constant.
  void replaceByConstant(Operation *op, ElementsAttr value) {
    OpBuilder builder(op);
    Value constant = ConstantOp::create(builder, op->getLoc(), op->getResult(0).getType(), value);
    op->getResult(0).replaceAllUsesWith(constant);
    ++numOpsFolded;
  }

  /// Functions that are variants of each other move the same constants, which are held once.
  ElementsAttr moveOnce(Operation *op) {
    bool isMove = isa<ReshapeOp, TransposeOp, SliceOp>(op);
    auto constant = isMove ? op->getOperand(0).getDefiningOp<ConstantOp>() : ConstantOp();
    if (!constant)
      return {};
    auto how = ArrayAttr::get(op->getContext(), {op->getName().getIdentifier(), op->getAttrDictionary(),
                                                 TypeAttr::get(op->getResult(0).getType())});
    ElementsAttr &moved = movedBefore[{constant.getValue(), how}];
    return moved = moved ? moved : moveElements(op, constant);
  }

  void moveConstants(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(block)) {
      ElementsAttr moved = moveOnce(&op);
      if (!moved)
        continue;
      Operation *source = op.getOperand(0).getDefiningOp();
      replaceByConstant(&op, moved);
      op.erase();
      if (source->use_empty())
        source->erase();
    }
  }

  /// Operations that can be computed, in order, without letting the model grow.
  void findComputable(func::FuncOp function, SmallVector<Operation *> &result) {
    llvm::SmallPtrSet<Operation *, 32> computable;
    int64_t growth = 0, spent = 0;
    function.walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (!isa<GraphDialect>(op->getDialect()) || isa<ChooseOp, LoopOp>(op) || op->getNumOperands() == 0 ||
          op->getNumResults() != 1 || op->use_empty() || !tensorType(op->getResult(0)).hasStaticShape())
        return;
      int64_t operandBytes = 0;
      Checked written(byteSize(op->getResult(0)));
      for (Value operand : op->getOperands()) {
        Operation *def = operand.getDefiningOp();
        if (!def || !(isa<ConstantOp>(def) || computable.contains(def)))
          return;
        if (splatValue(operand)) // one number in the model, and all of them while it is computed
          written = written + Checked(byteSize(operand));
        else
          operandBytes += byteSize(operand);
      }
      int64_t steps = stepsOf(op), bytes = written.opt().value_or(INT64_MAX);
      if (steps > maxSteps - spent)
        return;
      if (bytes / maxGrowthFactor > operandBytes) {
        if (bytes > maxGrowthBytes - growth)
          return;
        growth += bytes;
      }
      spent += steps;
      computable.insert(op);
      result.push_back(op);
    });
  }

  /// A module that computes `ops` and returns what other operations use of them, listed in `frontier`.
  OwningOpRef<ModuleOp> outline(ArrayRef<Operation *> ops, SmallVectorImpl<Operation *> &frontier) {
    OwningOpRef<ModuleOp> outlined = ModuleOp::create(ops.front()->getLoc());
    OpBuilder builder = OpBuilder::atBlockEnd(outlined->getBody());
    llvm::SmallPtrSet<Operation *, 32> members(ops.begin(), ops.end());
    SmallVector<Type> types;
    SmallVector<Attribute> attributes;
    for (Operation *op : ops) {
      if (llvm::all_of(op->getUsers(), [&](Operation *user) { return members.contains(user); }))
        continue;
      Type type = op->getResult(0).getType();
      attributes.push_back(builder.getDictionaryAttr(
          {builder.getNamedAttr("tegula.name", builder.getStringAttr("constant" + Twine(frontier.size()))),
           builder.getNamedAttr("tegula.dtype",
                                builder.getStringAttr(interfaceName(getElementTypeOrSelf(type))))}));
      types.push_back(type);
      frontier.push_back(op);
    }
    auto main =
        func::FuncOp::create(builder, ops.front()->getLoc(), "main", builder.getFunctionType({}, types));
    main.setResAttrsAttr(builder.getArrayAttr(attributes));
    builder.setInsertionPointToStart(main.addEntryBlock());
    IRMapping map;
    for (Operation *op : ops) {
      for (Value operand : op->getOperands())
        if (!map.contains(operand))
          builder.clone(*operand.getDefiningOp(), map);
      builder.clone(*op, map);
    }
    SmallVector<Value> results;
    for (Operation *op : frontier)
      results.push_back(map.lookup(op->getResult(0)));
    func::ReturnOp::create(builder, main.getLoc(), results);
    return outlined;
  }

  LogicalResult computeConstants(ModuleOp module) {
    SmallVector<Operation *> ops;
    for (auto function : module.getOps<func::FuncOp>())
      findComputable(function, ops);
    if (ops.empty())
      return success();
    SmallVector<Operation *> frontier;
    SmallVector<DenseElementsAttr> values;
    OwningOpRef<ModuleOp> outlined = outline(ops, frontier);
    if (failed(evaluate(*outlined, values)) || values.size() != frontier.size())
      return ops.front()->emitError("expected the constant subgraph that starts here to be computable");
    llvm::DenseMap<Attribute, ElementsAttr> storedBefore; // equal results are one attribute
    for (auto [op, value] : llvm::zip_equal(frontier, values)) {
      ElementsAttr &kept = storedBefore[value];
      replaceByConstant(op, kept = kept ? kept : stored(value));
    }
    for (Operation *op : llvm::reverse(ops))
      if (op->use_empty())
        op->erase();
    return success();
  }

  /// Large results become resources; equal elements stay one element.
  static ElementsAttr stored(DenseElementsAttr value) {
    std::optional<ArrayRef<char>> bytes = rawBytes(value);
    if (!bytes)
      return value;
    return createElements(cast<RankedTensorType>(value.getType()),
                          HeapAsmResourceBlob::allocateAndCopyWithAlign(*bytes, /*align=*/64));
  }

  ConstantEvaluator evaluate;
  llvm::DenseMap<std::pair<Attribute, Attribute>, ElementsAttr> movedBefore;
};

} // namespace

std::unique_ptr<Pass> tegula::graph::createFoldConstants(ConstantEvaluator evaluate) {
  return std::make_unique<FoldConstants>(std::move(evaluate));
}
