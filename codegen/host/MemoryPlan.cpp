// Plans the memory of a run: lifetimes of buffers, their offsets in one arena, and which values need no
// buffer of their own.
#include "Weights.h"
#include "tegula/codegen/host/Host.h"

#include "tegula/dialects/tile/Tile.h"
#include "tegula/support/Checked.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace tegula::codegen::host {
namespace {

/// A stretch of arena memory that is in use from launch `first` to launch `last`.
struct Block {
  int64_t bytes = 0;
  int64_t first = 0, last = 0;
  int64_t offset = -1;
  bool overlapsInTime(const Block &other) const { return first <= other.last && other.first <= last; }
};

} // namespace

static Checked roundUp(Checked bytes) {
  Checked sum = bytes + Checked(bufferAlignment - 1);
  return sum.valid() ? Checked(sum.get() / bufferAlignment * bufferAlignment) : sum;
}

static Checked bytesOfTensor(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  if (!tensor.hasStaticShape() || !tensor.getElementType().isIntOrFloat())
    return Checked(-1);
  return Checked::product(tensor.getShape()) * Checked(llvm::divideCeil(tensor.getElementTypeBitWidth(), 8));
}

/// The value whose buffer `value` is a view of.
static Value rootOf(Value value) {
  while (auto view = value.getDefiningOp<tile::ViewOp>())
    value = view.getSource();
  return value;
}

/// Gives each block the lowest offset that fits best between the blocks that live at the same time; large
/// blocks first.
static std::optional<int64_t> assignOffsets(MutableArrayRef<Block> blocks) {
  auto order = llvm::to_vector(llvm::seq<size_t>(0, blocks.size()));
  llvm::sort(order, [&](size_t a, size_t b) {
    return std::tuple(-blocks[a].bytes, a) < std::tuple(-blocks[b].bytes, b);
  });
  SmallVector<size_t> placed; // by offset
  Checked total(0);
  for (size_t index : order) {
    Block &block = blocks[index];
    int64_t best = -1, bestGap = INT64_MAX, cursor = 0;
    for (size_t other : placed) {
      const Block &neighbour = blocks[other];
      if (!neighbour.overlapsInTime(block))
        continue;
      int64_t gap = neighbour.offset - cursor;
      if (gap >= block.bytes && gap < bestGap) {
        best = cursor;
        bestGap = gap;
      }
      cursor = std::max(cursor, neighbour.offset + neighbour.bytes);
    }
    block.offset = best >= 0 ? best : cursor;
    Checked end = Checked(block.offset) + Checked(block.bytes);
    if (!end.valid())
      return std::nullopt;
    total = std::max(total.get(), end.get());
    auto at = llvm::upper_bound(placed, block.offset,
                                [&](int64_t offset, size_t other) { return offset < blocks[other].offset; });
    placed.insert(at, index);
  }
  return total.get();
}

namespace {

class Planner {
public:
  Planner(func::FuncOp main, const llvm::StringMap<KernelNeeds> &kernels, bool keepDenormals)
      : main(main), kernels(kernels), weights(keepDenormals) {}

  FailureOr<MemoryPlan> run() {
    for (BlockArgument arg : main.getArguments())
      plan.places[arg] = {Place::Kind::Input, int64_t(arg.getArgNumber())};
    for (OpOperand &result : main.getBody().back().getTerminator()->getOpOperands())
      plan.places[rootOf(result.get())] = {Place::Kind::Output, int64_t(result.getOperandNumber())};
    int64_t now = 0;
    for (Operation &op : main.getBody().front())
      if (failed(visit(op, now)))
        return failure();
    if (failed(placeBlocks()))
      return failure();
    plan.weights = weights.takeChunks();
    return std::move(plan);
  }

private:
  LogicalResult visit(Operation &op, int64_t &now) {
    if (auto launch = dyn_cast<tile::LaunchOp>(op))
      return visitLaunch(launch, now++);
    if (isa<tile::ViewOp, func::ReturnOp>(op))
      return success();
    if (auto pack = dyn_cast<tile::PackOp>(op)) {
      auto source = cast<RankedTensorType>(pack.getSource().getType());
      return placeConstant(pack, rootOf(pack.getSource()), source.getShape().back(),
                           cast<RankedTensorType>(pack.getType()).getShape().back());
    }
    if (op.hasTrait<OpTrait::ConstantLike>() && op.getNumResults() == 1)
      return success(); // placed by its first use: a constant that is only packed is not stored as it is
    return op.emitOpError("expected launches, views and constants in the host function");
  }

  LogicalResult placeConstant(Operation *user, Value constant, int64_t columns, int64_t width) {
    ElementsAttr attribute;
    if (!matchPattern(constant, m_Constant(&attribute)))
      return user->emitOpError("expected a constant to pack");
    std::optional<int64_t> offset =
        width ? weights.addPacked(attribute, columns, width) : weights.add(attribute);
    if (!offset)
      return user->emitOpError("expected a constant whose bytes are known");
    plan.places[width ? user->getResult(0) : constant] = {Place::Kind::Weights, *offset};
    return success();
  }

  LogicalResult visitLaunch(tile::LaunchOp launch, int64_t now) {
    for (Value input : launch.getInputs()) {
      Value root = rootOf(input);
      if (auto block = blockOf.find(root); block != blockOf.end())
        blocks[block->second].last = now;
      else if (!plan.places.contains(root) && failed(placeConstant(launch, root, 0, 0)))
        return failure();
    }
    for (Value output : launch.getOutputs()) {
      if (plan.places.contains(output))
        continue;
      blockOf[output] = blocks.size();
      if (failed(addBlock(launch, bytesOfTensor(output.getType()), now)))
        return failure();
    }
    int64_t scratch = kernels.lookup(launch.getKernel()).scratchBytes;
    if (scratch == 0)
      return success();
    scratchOf[launch] = blocks.size();
    return addBlock(launch, Checked(scratch), now);
  }

  LogicalResult addBlock(Operation *owner, Checked bytes, int64_t now) {
    Checked rounded = roundUp(bytes);
    if (!rounded.valid())
      return owner->emitOpError("expected buffers of a size that can be addressed");
    blocks.push_back({rounded.get(), now, now, -1});
    return success();
  }

  LogicalResult placeBlocks() {
    std::optional<int64_t> bytes = assignOffsets(blocks);
    if (!bytes)
      return main.emitOpError("expected an arena of a size that can be addressed");
    plan.arenaBytes = *bytes;
    for (auto [value, block] : blockOf)
      plan.places[value] = {Place::Kind::Arena, blocks[block].offset};
    for (auto [launch, block] : scratchOf)
      plan.scratch[launch] = blocks[block].offset;
    main.walk([&](tile::ViewOp view) {
      if (Value root = rootOf(view); plan.places.contains(root))
        plan.places[view] = Place(plan.places[root]);
    });
    return success();
  }

  func::FuncOp main;
  const llvm::StringMap<KernelNeeds> &kernels;
  WeightLayout weights;
  MemoryPlan plan;
  SmallVector<Block> blocks;
  llvm::MapVector<Value, size_t> blockOf;
  llvm::MapVector<Operation *, size_t> scratchOf;
};

} // namespace

FailureOr<MemoryPlan> planMemory(func::FuncOp main, const llvm::StringMap<KernelNeeds> &kernels,
                                 bool keepDenormals) {
  return Planner(main, kernels, keepDenormals).run();
}

std::string printPlan(func::FuncOp main, const MemoryPlan &plan) {
  static constexpr const char *names[] = {"input", "output", "weights", "arena"};
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << "arena of " << plan.arenaBytes << " bytes\n";
  main.walk([&](tile::LaunchOp launch) {
    stream << launch.getKernel();
    for (Value value :
         llvm::concat<Value>(SmallVector<Value>(launch.getInputs()), SmallVector<Value>(launch.getOutputs())))
      if (auto place = plan.places.find(value); place != plan.places.end())
        stream << " " << names[int(place->second.kind)] << ":" << place->second.index;
    if (auto scratch = plan.scratch.find(launch); scratch != plan.scratch.end())
      stream << " scratch:" << scratch->second;
    stream << "\n";
  });
  return text;
}

} // namespace tegula::codegen::host
