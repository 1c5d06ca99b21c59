// Plans the memory of a run: lifetimes of buffers, their offsets in one arena, and which values need no
// buffer of their own.
#include "Bodies.h"
#include "Branches.h"
#include "Sizes.h"
#include "tegula/artifact/Artifact.h"
#include "tegula/codegen/host/Host.h"

#include "tegula/dialects/tile/Tile.h"
#include "tegula/support/Checked.h"
#include "tegula/support/Refusal.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

using namespace mlir;

namespace tegula::codegen::host {
namespace {

/// A stretch of arena memory that is in use from launch `first` to launch `last`: `bytes`, times `unit` where
/// the symbols decide.
struct Block {
  int64_t bytes = 0;
  graph::Dim unit = 1;
  graph::Dim exact = 0; ///< bytes before they were rounded up
  int64_t first = 0, last = 0;
  int64_t offset = -1;
  bool overlapsInTime(const Block &other) const { return first <= other.last && other.first <= last; }
};

} // namespace

static Checked roundUp(Checked bytes) {
  Checked sum = bytes + Checked(bufferAlignment - 1);
  return sum.valid() ? Checked(sum.get() / bufferAlignment * bufferAlignment) : sum;
}

/// A block of `bytes`, aligned; of a size that the symbols decide (aligned by roundBlocks), what they
/// multiply is kept apart, since blocks of the same unit can be laid out as if it were 1.
static std::optional<Block> makeBlock(graph::Dim bytes, int64_t now, MLIRContext *context) {
  if (auto number = bytes.fixed()) {
    Checked rounded = roundUp(Checked(*number));
    return rounded.valid() ? std::optional(Block{rounded.get(), 1, bytes, now, now}) : std::nullopt;
  }
  if (!bytes.isValid())
    return std::nullopt;
  int64_t factor = bytes.expr(context).getLargestKnownDivisor();
  std::optional<graph::Dim> unit = exactDiv(bytes, graph::Dim(factor));
  if (!unit)
    return Block{1, bytes, bytes, now, now};
  return roundUp(Checked(factor)).valid() ? std::optional(Block{factor, *unit, bytes, now, now})
                                          : std::nullopt;
}

/// Aligns blocks of sizes that the symbols decide. Rounding up what a unit is multiplied by wastes memory
/// once a unit, so that must be little beside what units of this kind need anyway; else a block is rounded up
/// as a whole, which makes it one of another unit.
static void roundBlocks(MutableArrayRef<Block> blocks, MLIRContext *context) {
  constexpr int64_t little = 16;
  llvm::DenseMap<AffineExpr, int64_t> largest;
  for (const Block &block : blocks)
    largest[block.unit.expr(context)] = std::max(largest[block.unit.expr(context)], block.bytes);
  for (Block &block : blocks) {
    if (block.unit.isStatic())
      continue;
    int64_t rounded = roundUp(Checked(block.bytes)).get();
    if (rounded - block.bytes <= largest[block.unit.expr(context)] / little) {
      block.bytes = rounded;
    } else {
      block.unit = ceilDiv(block.exact, graph::Dim(bufferAlignment));
      block.bytes = bufferAlignment;
    }
  }
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
  Planner(func::FuncOp main, const llvm::StringMap<KernelNeeds> &kernels, WeightLayout &weights,
          ArrayRef<PlannedFunction> bodies)
      : main(main), kernels(kernels), weights(weights), bodies(bodies), names(graph::readSymbols(main)),
        ranges(graph::readRanges(main)) {}

  FailureOr<MemoryPlan> run() {
    for (BlockArgument arg : main.getArguments())
      plan.places[arg] = {Place::Kind::Input, int64_t(arg.getArgNumber())};
    for (auto choose : main.getOps<tile::ChooseOp>())
      for (Value side : {choose.getThenValue(), choose.getElseValue()})
        chosenAs[rootOf(side)] = choose.getResult();
    plan.hasBranches = !chosenAs.empty();
    for (OpOperand &result : main.getBody().back().getTerminator()->getOpOperands())
      plan.places[rootOf(result.get())] = {Place::Kind::Output, int64_t(result.getOperandNumber())};
    int64_t now = 0;
    for (Operation &op : main.getBody().front())
      if (failed(visit(op, now)))
        return failure();
    if (failed(placeBlocks()))
      return failure();
    return std::move(plan);
  }

private:
  LogicalResult visit(Operation &op, int64_t &now) {
    if (auto launch = dyn_cast<tile::LaunchOp>(op))
      return visitLaunch(launch, now++);
    if (auto loop = dyn_cast<tile::LoopOp>(op))
      return visitLoop(loop, now++);
    if (isa<tile::ViewOp, tile::SizeOp, func::ReturnOp>(op))
      return success();
    if (auto choose = dyn_cast<tile::ChooseOp>(op)) {
      Value condition = rootOf(choose.getCondition());
      bool isConstant = matchPattern(condition, m_Constant()) && !plan.places.contains(condition);
      return isConstant ? placeConstant(choose, condition, 0, 0) : success();
    }
    if (auto pack = dyn_cast<tile::PackOp>(op)) {
      auto source = cast<RankedTensorType>(pack.getSource().getType());
      return placeConstant(pack, rootOf(pack.getSource()), source.getShape().back(),
                           cast<RankedTensorType>(pack.getType()).getShape().back());
    }
    if (op.hasTrait<OpTrait::ConstantLike>() && op.getNumResults() == 1)
      return success(); // placed by its first use: a constant that is only packed is not stored as it is
    return op.emitOpError("expected launches, loops, choices, views and constants in the host function");
  }

  LogicalResult placeConstant(Operation *user, Value constant, int64_t columns, int64_t width) {
    ElementsAttr attribute;
    if (!matchPattern(constant, m_Constant(&attribute)))
      return user->emitOpError("expected a constant to pack");
    // One number in the model must not become gigabytes of the artifact.
    constexpr int64_t kMostEqualBytes = int64_t(2) << 30;
    auto type = cast<RankedTensorType>(attribute.getType());
    Checked bytes =
        Checked(type.getNumElements()) * Checked(llvm::divideCeil(type.getElementTypeBitWidth(), 8));
    if (attribute.isSplat() && bytes.opt().value_or(INT64_MAX) > kMostEqualBytes)
      return refuse(user->emitError(), Code::TooMuchMemory)
             << "expected at most " << kMostEqualBytes << " bytes of equal numbers to be stored, got "
             << bytes.opt().value_or(INT64_MAX);
    std::optional<int64_t> offset =
        width ? weights.addPacked(attribute, columns, width) : weights.add(attribute);
    if (!offset)
      return user->emitOpError("expected a constant whose bytes are known");
    bool later = width && weights.packsLater();
    plan.places[width ? user->getResult(0) : constant] = {later ? Place::Kind::Packed : Place::Kind::Weights,
                                                          *offset};
    return success();
  }

  /// The blocks that may hold a value: several where it is what a loop has carried.
  SmallVector<size_t> blocksOf(Value value) {
    Value root = rootOf(value);
    if (auto block = blockOf.find(root); block != blockOf.end())
      return {block->second};
    return holders.lookup(root);
  }

  LogicalResult use(Operation *user, Value value, int64_t now) {
    for (size_t block : blocksOf(value))
      blocks[block].last = now;
    Value root = rootOf(value);
    if (blockOf.contains(root) || plan.places.contains(root))
      return success();
    return placeConstant(user, root, 0, 0);
  }

  /// Before the first step a carried tensor lies where it was given, then in one of two buffers or in its
  /// history; behind the loop it lies where the last step left it.
  LogicalResult visitLoop(tile::LoopOp loop, int64_t now) {
    for (Value operand : loop->getOperands())
      if (isa<RankedTensorType>(operand.getType()) && failed(use(loop, operand, now)))
        return failure();
    size_t numCarried = loop.getCarried().size();
    for (Value stacked : loop.getResults().drop_front(numCarried))
      if (failed(placeOutput(loop, stacked, now)))
        return failure();
    LoopBlocks own;
    for (auto [number, value] : llvm::enumerate(loop.getCarried())) {
      Value result = loop.getResults()[number];
      plan.places[result] = {Place::Kind::Pointer, plan.numPointers++};
      SmallVector<size_t> holding = blocksOf(value);
      auto *history = llvm::find(loop.getHistories(), int64_t(number));
      own.carried.push_back(std::nullopt);
      if (history != loop.getHistories().end()) {
        size_t index = numCarried + loop.getNumStacked() + (history - loop.getHistories().begin());
        llvm::append_range(holding, blocksOf(loop.getResults()[index]));
      } else {
        own.carried.back() = {blocks.size(), blocks.size() + 1};
        llvm::append_values(holding, blocks.size(), blocks.size() + 1);
        for (int i = 0; i < 2; ++i)
          if (failed(addBlock(loop, bytesOfTensor(result), now)))
            return failure();
      }
      holders[result] = holding;
    }
    if (loop.getEnds()) {
      own.going = blocks.size();
      if (failed(addBlock(loop, 1, now)))
        return failure();
    }
    func::FuncOp steps = bodyOf(loop);
    const auto *body = llvm::find_if(bodies, [&](const auto &each) { return each.function == steps; });
    FailureOr<graph::Dim> bytes = arenaOf(loop, body->plan);
    if (failed(bytes))
      return failure();
    if (!bytes->is(0)) {
      own.arena = blocks.size();
      if (failed(addBlock(loop, *bytes, now)))
        return failure();
    }
    loopBlocks[loop] = std::move(own);
    return success();
  }

  /// What a body needs as its arena: slots count as if nothing shared them. A branch that is not taken may
  /// have less than nothing, which would take from what others need.
  FailureOr<graph::Dim> arenaOf(tile::LoopOp loop, const MemoryPlan &plan) {
    graph::Dim bytes = plan.arenaBytes;
    for (const MemoryPlan::Slot &slot : plan.slots)
      for (graph::Dim size : slot.sizes) {
        if (plan.hasBranches && size.minimum(ranges).value_or(-1) < 0)
          return refuse(loop.emitError(), Code::OpenSize)
                 << "expected branches in the body of a loop to need buffers whose size is never below 0, "
                    "got "
                 << sizeText(size, names, /*product=*/true) << "; give its sizes by --dim";
        bytes += size;
      }
    return bytes;
  }

  LogicalResult visitLaunch(tile::LaunchOp launch, int64_t now) {
    for (Value input : launch.getInputs())
      if (failed(use(launch, input, now)))
        return failure();
    for (Value output : launch.getOutputs())
      if (failed(placeOutput(launch, output, now)))
        return failure();
    AffineMap scratch = kernels.lookup(launch.getKernel()).scratchBytes;
    if (!scratch)
      return success();
    scratchOf[launch] = blocks.size();
    return addBlock(launch, forLaunch(scratch, sizesOf(launch)), now);
  }

  /// Both sides of a choice are computed where its result lies.
  LogicalResult placeOutput(Operation *launch, Value output, int64_t now) {
    Value owner = output;
    while (Value choice = chosenAs.lookup(owner))
      owner = choice;
    if (auto place = plan.places.find(owner); place != plan.places.end()) {
      plan.places[output] = Place(place->second);
      return success();
    }
    auto [known, isNew] = blockOf.try_emplace(owner, blocks.size());
    size_t block = known->second;
    blockOf[output] = block;
    if (isNew)
      return addBlock(launch, bytesOfTensor(owner), now);
    blocks[block].last = now;
    return success();
  }

  graph::Dim bytesOfTensor(Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    if (!type.getElementType().isIntOrFloat())
      return graph::Dim::invalid();
    graph::Dim bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
    for (AffineExpr dim : tile::dimsOf(value, symbols))
      bytes *= dim ? graph::Dim(dim) : graph::Dim::invalid();
    return bytes;
  }

  LogicalResult addBlock(Operation *owner, graph::Dim bytes, int64_t now) {
    std::optional<Block> block = makeBlock(bytes, now, main.getContext());
    if (!block)
      return refuse(owner->emitError(), Code::TooMuchMemory)
             << "expected buffers of a size that can be addressed";
    blocks.push_back(*block);
    owners.push_back(owner);
    return success();
  }

  /// Lays out the blocks of one unit; the size of all together in units. Their offsets are in units too.
  std::optional<int64_t> layOut(ArrayRef<size_t> members) {
    auto group = llvm::map_to_vector(members, [&](size_t index) { return blocks[index]; });
    std::optional<int64_t> bytes = assignOffsets(group);
    for (auto [index, block] : llvm::zip_equal(members, group))
      blocks[index].offset = block.offset;
    return bytes;
  }

  /// Who needs each block, before rounding changes their units.
  void listBuffers() {
    plan.buffers.resize(blocks.size());
    for (auto [buffer, block, owner] : llvm::zip_equal(plan.buffers, blocks, owners))
      buffer = {owner, block.exact, block.first, block.last, false};
    for (auto [launch, block] : scratchOf)
      plan.buffers[block].scratch = true;
  }

  LogicalResult placeBlocks() {
    listBuffers();
    roundBlocks(blocks, main.getContext());
    llvm::MapVector<AffineExpr, SmallVector<size_t>> units;
    SmallVector<size_t> known;
    for (size_t index = 0; index < blocks.size(); ++index)
      (blocks[index].unit.isStatic() ? known : units[blocks[index].unit.expr(main.getContext())])
          .push_back(index);
    std::optional<int64_t> bytes = layOut(known);
    SmallVector<Block> groups;
    for (auto &[unit, members] : units) {
      std::optional<int64_t> size = layOut(members);
      if (!size || !bytes)
        bytes = std::nullopt;
      Block group{size.value_or(0), graph::Dim(unit), 0, INT64_MAX, 0};
      // Rounded up as a whole, blocks say more by their bytes than by the unit that this makes.
      group.exact = exactDiv(blocks[members.front()].exact, group.unit)
                        ? group.unit * group.bytes
                        : blocks[members.front()].exact * (group.bytes / bufferAlignment);
      for (size_t index : members) {
        group.first = std::min(group.first, blocks[index].first);
        group.last = std::max(group.last, blocks[index].last);
      }
      groups.push_back(group);
    }
    if (!bytes)
      return refuse(main.emitError(), Code::TooMuchMemory) << "expected an arena that can be addressed";
    if (static_cast<uint64_t>(*bytes) > artifact::addressSpace)
      return refuse(main.emitError(), Code::TooMuchMemory)
             << "expected an arena of at most " << artifact::addressSpace << " bytes, got " << *bytes;
    plan.arenaBytes = *bytes;
    SmallVector<int64_t> slots = shareSlots(groups);
    DenseMap<AffineExpr, int64_t> slotOf;
    for (auto [number, unit] : llvm::enumerate(llvm::make_first_range(units)))
      slotOf[unit] = slots[number];
    auto placeOf = [&](const Block &block) {
      if (block.unit.isStatic())
        return Place{Place::Kind::Arena, block.offset};
      return Place{Place::Kind::Slot, slotOf.lookup(block.unit.expr(main.getContext())),
                   block.unit * block.offset};
    };
    for (auto [value, block] : blockOf)
      plan.places[value] = placeOf(blocks[block]);
    for (auto [launch, block] : scratchOf)
      plan.scratch[launch] = placeOf(blocks[block]);
    for (auto &[loop, own] : loopBlocks) {
      LoopPlan &made = plan.loops[loop];
      for (auto &pair : own.carried)
        made.carried.push_back(
            pair ? std::optional(std::pair(placeOf(blocks[pair->first]), placeOf(blocks[pair->second])))
                 : std::nullopt);
      made.going = own.going ? std::optional(placeOf(blocks[*own.going])) : std::nullopt;
      made.arena = own.arena ? std::optional(placeOf(blocks[*own.arena])) : std::nullopt;
    }
    main.walk([&](tile::ViewOp view) {
      if (Value root = rootOf(view); plan.places.contains(root))
        plan.places[view] = Place(plan.places[root]);
    });
    return success();
  }

  /// Lets groups that are never in use at once share a slot; large ones choose first, as large as symbols of
  /// middle size make them. Returns each group's slot.
  SmallVector<int64_t> shareSlots(ArrayRef<Block> groups) {
    constexpr int64_t middle = 64;
    SmallVector<int64_t> samples(graph::readSymbols(main).size(), middle), sizes, slots(groups.size());
    for (auto [sample, range] : llvm::zip(samples, graph::readRanges(main)))
      sample = std::clamp(sample, range.lowest, range.highest);
    for (const Block &group : groups)
      sizes.push_back((group.unit * group.bytes).evaluate(samples).value_or(INT64_MAX));
    auto order = llvm::to_vector(llvm::seq<size_t>(0, groups.size()));
    llvm::sort(order,
               [&](size_t a, size_t b) { return std::tuple(-sizes[a], a) < std::tuple(-sizes[b], b); });
    std::vector<SmallVector<size_t>> members;
    for (size_t index : order) {
      auto isFree = [&](const SmallVector<size_t> &slot) {
        return llvm::none_of(slot, [&](size_t other) { return groups[other].overlapsInTime(groups[index]); });
      };
      auto slot = llvm::find_if(members, isFree);
      slots[index] = slot - members.begin();
      if (slot == members.end())
        slot = members.insert(slot, SmallVector<size_t>());
      slot->push_back(index);
    }
    for (const SmallVector<size_t> &slot : members) {
      MemoryPlan::Slot &made = plan.slots.emplace_back();
      for (size_t index : slot) {
        made.sizes.push_back(groups[index].unit * groups[index].bytes);
        made.words.push_back(groups[index].exact);
      }
    }
    return slots;
  }

  /// Numbers of the blocks of a LoopPlan.
  struct LoopBlocks {
    SmallVector<std::optional<std::pair<size_t, size_t>>> carried;
    std::optional<size_t> going, arena;
  };

  func::FuncOp main;
  const llvm::StringMap<KernelNeeds> &kernels;
  WeightLayout &weights;
  ArrayRef<PlannedFunction> bodies;
  SmallVector<std::string> names;
  SmallVector<graph::SymbolRange> ranges;
  SymbolTableCollection symbols;
  MemoryPlan plan;
  SmallVector<Block> blocks;
  SmallVector<Operation *> owners; ///< of the blocks
  llvm::MapVector<Value, size_t> blockOf;
  llvm::DenseMap<Value, Value> chosenAs; ///< a side of a choice -> its result
  llvm::MapVector<Operation *, size_t> scratchOf;
  llvm::MapVector<Operation *, LoopBlocks> loopBlocks;
  llvm::DenseMap<Value, SmallVector<size_t>> holders; ///< of what loops have carried, see blocksOf
};

} // namespace

FailureOr<MemoryPlan> planMemory(func::FuncOp main, const llvm::StringMap<KernelNeeds> &kernels,
                                 WeightLayout &weights, ArrayRef<PlannedFunction> bodies) {
  return Planner(main, kernels, weights, bodies).run();
}

static void printPlace(llvm::raw_ostream &stream, const Place &place) {
  static constexpr const char *names[] = {"input", "output", "weights", "packed", "arena", "slot", "pointer"};
  stream << names[int(place.kind)] << ":" << place.index;
  if (!place.within.is(0))
    stream << "+" << sizeText(place.within, {});
}

std::string printPlan(func::FuncOp main, const MemoryPlan &plan) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << "arena of " << plan.arenaBytes << " bytes\n";
  for (auto [number, slot] : llvm::enumerate(plan.slots)) {
    stream << "slot " << number << " of";
    for (graph::Dim size : slot.sizes)
      stream << " " << sizeText(size, {}, /*product=*/true);
    stream << " bytes\n";
  }
  main.walk([&](tile::LoopOp loop) {
    const LoopPlan &own = plan.loops.find(loop)->second;
    stream << loop.getBody();
    for (Value value : loop.getResults())
      printPlace(stream << " ", plan.places.lookup(value));
    for (const auto &pair : own.carried)
      if (pair) {
        printPlace(stream << " even ", pair->first);
        printPlace(stream << " odd ", pair->second);
      }
    if (own.going)
      printPlace(stream << " going ", *own.going);
    if (own.arena)
      printPlace(stream << " arena ", *own.arena);
    stream << "\n";
  });
  main.walk([&](tile::LaunchOp launch) {
    stream << launch.getKernel();
    for (Value value :
         llvm::concat<Value>(SmallVector<Value>(launch.getInputs()), SmallVector<Value>(launch.getOutputs())))
      if (auto place = plan.places.find(value); place != plan.places.end())
        printPlace(stream << " ", place->second);
    if (auto scratch = plan.scratch.find(launch); scratch != plan.scratch.end())
      printPlace(stream << " scratch ", scratch->second);
    stream << "\n";
  });
  return text;
}

/// "512 bytes", "1.5 KiB": no unit that a size might be called.
static std::string bytesText(int64_t bytes) {
  static constexpr const char *units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = double(bytes);
  size_t unit = 0;
  for (; value >= 1000 && unit + 1 < std::size(units); ++unit)
    value /= 1024;
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format(unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text;
}

std::string arenaFormula(func::FuncOp main, const MemoryPlan &plan) {
  SmallVector<std::string> names = graph::readSymbols(main), terms;
  for (const MemoryPlan::Slot &slot : plan.slots) {
    std::vector<std::string> sizes;
    for (graph::Dim size : slot.words) {
      int64_t factor = size.expr(main.getContext()).getLargestKnownDivisor();
      std::optional<graph::Dim> unit = exactDiv(size, graph::Dim(factor));
      sizes.push_back(bytesText(unit ? factor : 1) + "*" +
                      sizeText(unit.value_or(size), names, /*product=*/true));
    }
    terms.push_back(sizes.size() == 1 ? sizes[0] : "max(" + llvm::join(sizes, ", ") + ")");
  }
  return llvm::join(terms, " + ");
}

std::optional<int64_t> mostArenaBytes(func::FuncOp main, const MemoryPlan &plan) {
  SmallVector<graph::SymbolRange> ranges = graph::readRanges(main);
  Checked total(plan.arenaBytes);
  for (const MemoryPlan::Slot &slot : plan.slots) {
    int64_t largest = 0;
    for (graph::Dim size : slot.sizes) {
      std::optional<int64_t> most = size.maximum(ranges);
      if (!most)
        return std::nullopt;
      largest = std::max(largest, *most);
    }
    total += Checked(largest);
  }
  return total.valid() ? std::optional(total.get()) : std::nullopt;
}

} // namespace tegula::codegen::host
