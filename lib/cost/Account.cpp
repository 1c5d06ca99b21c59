// Adds up arithmetic and traffic of a kernel, with the predictions of the cost model where its algorithm has
// one, and as a stream through memory where not.
#include "tegula/cost/Account.h"

#include "tegula/dialects/tile/Extents.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;

namespace tegula::cost {

// What no data sheet says: estimates for kernels whose algorithm the cost model does not follow.
/// Instructions that a function of math takes, as a polynomial; and a division or root, which keeps its unit
/// busy for as many.
constexpr double functionCost = 16, divisionCost = 5;
/// The part of the shorter of computing and loading that does not hide behind the longer.
constexpr double notOverlapped = 0.15;

std::string_view nameOf(Level level) {
  constexpr std::string_view names[numLevels] = {"L1", "L2", "L3", "memory"};
  return names[static_cast<size_t>(level)];
}

double peakFlops(const target::Machine &machine) {
  return 2 * machine.fmaPerCycle * static_cast<double>(machine.lanes(4) * machine.cores) * machine.gigahertz *
         1e9;
}

double peakBytes(Level level, const target::Machine &machine) {
  return bandwidthOf(level, machine) * static_cast<double>(machine.cores) * machine.gigahertz * 1e9;
}

static double productOf(ArrayRef<int64_t> extents) {
  return std::accumulate(extents.begin(), extents.end(), 1.0,
                         [](double a, int64_t b) { return a * static_cast<double>(b); });
}

/// The product of extents over the kernel's sizes; null where one is not known.
static AffineExpr exprOf(ArrayRef<OpFoldResult> extents, MLIRContext *context) {
  AffineExpr all = getAffineConstantExpr(1, context);
  for (OpFoldResult extent : extents) {
    AffineExpr expr = extent ? tile::exprOfSize(extent) : AffineExpr();
    if (!expr)
      return {};
    all = all * expr;
  }
  return all;
}

namespace {

/// What one element of a loop nest costs: operations as people count them, and in instructions.
struct Work {
  int64_t flops = 0;
  double instructions = 0;
};

/// Reads a kernel's body operation by operation.
class Counter {
public:
  explicit Counter(tile::KernelOp kernel) : kernel(kernel) {
    account.openFlops = getAffineConstantExpr(0, kernel.getContext());
    account.openBytes = account.openFlops;
  }

  void run() {
    kernel.getBody().walk([&](linalg::LinalgOp op) { count(op); });
    for (BlockArgument input : kernel.getInputs())
      addTensor(input, elementsRead(input));
    for (Value result : kernel.getBlock().getTerminator()->getOperands())
      addTensor(result, productOf(assume(tile::extentsOf(result), kernel)));
  }

  Account account;
  double instructions = 0; ///< without vectors
  Traffic streams{};       ///< each tensor once, from where it stays

private:
  /// Positions and choices between values are no arithmetic that people count.
  static bool isArithmetic(Operation &op) {
    auto isCounted = [](Type type) { return !type.isIndex() && !type.isInteger(1); };
    return !isa<arith::SelectOp>(op) && llvm::all_of(op.getOperandTypes(), isCounted);
  }

  static Work workOf(Block &body) {
    Work work;
    for (Operation &op : body.without_terminator()) {
      if (isa<math::MathDialect>(op.getDialect())) {
        bool isFma = isa<math::FmaOp>(op), isCheap = isFma || isa<math::AbsFOp, math::AbsIOp>(op);
        work.flops += isFma ? 2 : 1;
        work.instructions += isCheap ? 1 : isa<math::SqrtOp, math::RsqrtOp>(op) ? divisionCost : functionCost;
      } else if (isa<arith::ArithDialect>(op.getDialect()) && !isa<arith::ConstantOp, CastOpInterface>(op)) {
        work.flops += isArithmetic(op);
        work.instructions += isa<arith::DivFOp, arith::RemFOp>(op) ? divisionCost : 1;
      }
    }
    return work;
  }

  void count(linalg::LinalgOp op) {
    if (isa<linalg::FillOp>(op))
      return;
    Work work = workOf(*op.getBlock());
    SmallVector<OpFoldResult> extents = tile::loopExtentsOf(op);
    SmallVector<int64_t> numbers = assume(extents, kernel);
    account.isOpen |=
        llvm::any_of(extents, [](OpFoldResult extent) { return !extent || !getConstantIntValue(extent); });
    account.flops += productOf(numbers) * static_cast<double>(work.flops);
    instructions += productOf(numbers) * work.instructions;
    add(account.openFlops, exprOf(extents, kernel.getContext()), work.flops);
  }

  static void add(AffineExpr &sum, AffineExpr elements, int64_t each) {
    sum = sum && elements ? sum + elements * each : AffineExpr();
  }

  /// The most elements of an input that anything reads: a table from which a few rows are taken is not read
  /// whole.
  double elementsRead(BlockArgument input) {
    double whole = productOf(assume(tile::extentsOf(input), kernel)), read = 0;
    for (OpOperand &use : input.getUses()) {
      Operation *user = use.getOwner();
      auto loops = dyn_cast<linalg::LinalgOp>(user);
      if (!loops) // read element by element, at positions that are computed
        loops = user->getParentOfType<linalg::LinalgOp>();
      read += loops ? productOf(assume(tile::loopExtentsOf(loops), kernel)) : whole;
    }
    return std::min(whole, read);
  }

  void addTensor(Value tensor, double elements) {
    auto type = cast<RankedTensorType>(tensor.getType());
    auto size = static_cast<int64_t>(llvm::divideCeil(type.getElementTypeBitWidth(), 8));
    double bytes = elements * static_cast<double>(size);
    account.isOpen |= !type.hasStaticShape();
    account.tensorBytes += bytes;
    add(account.openBytes, exprOf(tile::extentsOf(tensor), kernel.getContext()), size);
    homes.emplace_back(tensor, bytes);
  }

public:
  /// Moves each tensor once from the level where it stays; those that `isFollowed` are counted elsewhere.
  void stream(const target::Machine &machine, llvm::function_ref<bool(Value)> isFollowed) {
    for (auto [tensor, bytes] : homes)
      if (!isFollowed(tensor))
        streams[static_cast<size_t>(homeOf(bytes, machine))] += bytes;
  }

private:
  tile::KernelOp kernel;
  SmallVector<std::pair<Value, double>> homes;
};

} // namespace

/// The cells of a grid; a group of threads for each where threads work together.
static int64_t cellsOf(sched::ScheduleAttr schedule, const KernelShape &shape) {
  if (!schedule)
    return 1;
  int64_t cells = 1;
  if (sched::BlockAttr block = schedule.getBlock()) {
    if (block.getRows())
      return shape.batch * static_cast<int64_t>(llvm::divideCeil(shape.rows, block.getRows()) *
                                                llvm::divideCeil(shape.columns, block.getColumns()));
    int64_t rows =
        shape.resultElements() / (shape.rowsInResult ? std::max<int64_t>(1, shape.result.back()) : 1);
    return static_cast<int64_t>(llvm::divideCeil(rows * block.getTogether(), block.getThreads()));
  }
  for (sched::LevelAttr level : schedule.getGrid())
    if (level.getDim() < shape.result.size() && level.getSize() > 0)
      cells *= static_cast<int64_t>(llvm::divideCeil(shape.result[level.getDim()], level.getSize()));
  return cells;
}

static ContractTile tileOf(sched::ScheduleAttr schedule, const KernelShape &shape) {
  ContractTile tile;
  for (auto [size, extent] : llvm::zip(schedule.getTile(), shape.result))
    tile.extents.push_back(size ? size : extent);
  return tile;
}

/// What the cost model says of the kernel's algorithm; nothing where it follows none.
static std::optional<Prediction> predict(sched::ScheduleAttr schedule, const KernelShape &shape,
                                         const target::Machine &machine) {
  if (!schedule || !shape.tileable || schedule.getAlgorithm() != shape.algorithm)
    return std::nullopt;
  bool isTiled = schedule.getTile().size() == shape.result.size() && !shape.result.empty();
  sched::BlockAttr block = schedule.getBlock();
  switch (schedule.getAlgorithm()) {
  case sched::Algorithm::Contract:
    if (block && block.getRows())
      return predictBlocks(shape,
                           {block.getRows(), block.getColumns(), block.getDepth(), block.getThreadRows(),
                            block.getThreadColumns(), block.getStages(), block.getMultiply(), shape.leftBytes,
                            shape.rightBytes},
                           machine);
    return isTiled ? std::optional(predictContract(shape, tileOf(schedule, shape), machine)) : std::nullopt;
  case sched::Algorithm::Window:
    return isTiled ? std::optional(predictWindow(shape, tileOf(schedule, shape), machine)) : std::nullopt;
  case sched::Algorithm::Rows:
    if (block)
      return predictRows(shape,
                         {block.getThreads(), block.getTogether(), schedule.getLanes(), schedule.getUnroll()},
                         machine);
    return std::nullopt;
  default:
    return std::nullopt;
  }
}

/// The level whose traffic takes longest.
static std::string_view slowestLevel(const Traffic &bytes, const target::Machine &machine) {
  size_t slowest = 1;
  auto cycles = [&](size_t level) { return bytes[level] / bandwidthOf(static_cast<Level>(level), machine); };
  for (size_t level = 2; level < numLevels; ++level)
    if (cycles(level) > cycles(slowest))
      slowest = level;
  return nameOf(static_cast<Level>(slowest));
}

/// Seconds from cycles, and what takes longest of them.
static void settle(Account &account, double compute, double traffic, std::string_view limit, bool isOfCluster,
                   const target::Machine &machine) {
  // Cycles of a cluster are those that all clusters take at once.
  double cores = isOfCluster ? 1 : static_cast<double>(std::clamp<int64_t>(account.cells, 1, machine.cores));
  double cyclesPerSecond = machine.gigahertz * 1e9, launch = machine.launchMicroseconds * 1e-6;
  account.computeSeconds = compute / cores / cyclesPerSecond;
  account.trafficSeconds = traffic / cores / cyclesPerSecond;
  double longer = std::max(account.computeSeconds, account.trafficSeconds),
         shorter = std::min(account.computeSeconds, account.trafficSeconds);
  account.seconds = longer + notOverlapped * shorter + launch;
  account.bound = launch > longer                                    ? "launch"
                  : account.computeSeconds >= account.trafficSeconds ? limit
                                                                     : slowestLevel(account.bytes, machine);
}

Account account(tile::KernelOp kernel, sched::ScheduleAttr schedule, const target::Machine &machine) {
  Counter counter(kernel);
  counter.run();
  Account &account = counter.account;
  if (!account.isOpen)
    account.openFlops = account.openBytes = AffineExpr();
  KernelShape shape = analyse(kernel);
  account.cells = std::max<int64_t>(1, cellsOf(schedule, shape));
  std::optional<Prediction> known = predict(schedule, shape, machine);
  bool isOfCluster = known && schedule.getBlock();
  bool followsAll = isOfCluster,
       followsVector = known && schedule.getAlgorithm() == sched::Algorithm::Contract;
  counter.stream(machine, [&](Value tensor) {
    auto input = dyn_cast<BlockArgument>(tensor);
    return followsAll || (followsVector && input && int64_t(input.getArgNumber()) == shape.vectorOperand);
  });
  account.bytes = counter.streams;
  double traffic = known ? known->trafficCycles : 0;
  for (size_t level = 1; level < numLevels; ++level)
    traffic += counter.streams[level] / bandwidthOf(static_cast<Level>(level), machine);
  double lanes = schedule ? static_cast<double>(std::max<int64_t>(1, schedule.getLanes())) : 1;
  double compute = known ? known->computeCycles : counter.instructions / lanes / machine.fmaPerCycle;
  for (size_t level = 0; known && level < numLevels; ++level)
    account.bytes[level] += known->bytes[level];
  if (!known) // every access of an element goes through L1 once
    account.bytes[0] = account.tensorBytes;
  settle(account, compute, traffic, known ? known->limit : "arithmetic", isOfCluster, machine);
  return account;
}

} // namespace tegula::cost
