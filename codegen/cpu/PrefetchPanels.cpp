// Prefetches the panel that a contraction reads next while it computes with the present one.
// It exists because a panel is streamed from far memory only by the first tile that reads it: that tile
// waits, all others find it near, and no hardware prefetcher knows which panel comes next. Scheme:
// prefetching of packed panels as in Goto and van de Geijn, "Anatomy of High-Performance Matrix
// Multiplication", ACM TOMS 34(3), 2008, but spread evenly over the tiles.
#include "tegula/codegen/cpu/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace tegula::codegen::cpu {
#define GEN_PASS_DEF_PREFETCHPANELS
#include "tegula/codegen/cpu/Passes.h.inc"

namespace {
/// How one buffer is read inside a loop nest: one panel in each round of the loop `panel`, from its start to
/// its end by the loops `walk`, again and again by the loops `again`.
struct Stream {
  vector::TransferReadOp read; ///< the first of the innermost loop
  MemRefType type;
  int64_t rowElements = 0, rows = 0; ///< of a panel; a row is what one step reads
  scf::ForOp panel;
  SmallVector<scf::ForOp> walk, again; ///< innermost first
};
} // namespace

/// The loops whose counters `value` is computed from.
static void loopsBehind(Value value, llvm::SmallSetVector<Operation *, 8> &loops) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
    if (loop && loop.getInductionVar() == argument)
      loops.insert(loop);
    return;
  }
  if (Operation *op = value.getDefiningOp(); op && op->getNumRegions() == 0)
    for (Value operand : op->getOperands())
      loopsBehind(operand, loops);
}

static bool startsAtZero(scf::ForOp loop) { return getConstantIntValue(loop.getLowerBound()) == 0; }

/// Sorts the loops around `read` by what they do to its position; nothing where it is not walked panel by
/// panel.
static std::optional<Stream> streamOf(vector::TransferReadOp read, int64_t nearBytes) {
  Stream stream{.read = read, .type = cast<MemRefType>(read.getBase().getType())};
  auto [strides, offset] = stream.type.getStridesAndOffset();
  if (!isa<BlockArgument>(read.getBase()) || !stream.type.hasStaticShape() || stream.type.getRank() < 3 ||
      !stream.type.getLayout().isIdentity() ||
      stream.type.getNumElements() * stream.type.getElementTypeBitWidth() / 8 <= nearBytes)
    return std::nullopt;
  stream.rowElements = stream.type.getShape().back();
  stream.rows = strides.front() / stream.rowElements;
  llvm::SmallSetVector<Operation *, 8> panels, walks;
  loopsBehind(read.getIndices().front(), panels);
  for (Value each : read.getIndices().drop_front())
    loopsBehind(each, walks);
  for (auto loop = read->getParentOfType<scf::ForOp>(); loop; loop = loop->getParentOfType<scf::ForOp>()) {
    if (panels.contains(loop)) {
      stream.panel = loop;
      break;
    }
    if (!startsAtZero(loop))
      return std::nullopt;
    (walks.contains(loop) ? stream.walk : stream.again).push_back(loop);
  }
  bool isInnermost = !stream.walk.empty() && stream.walk.front() == read->getParentOp();
  bool apart = llvm::none_of(walks, [&](Operation *loop) { return panels.contains(loop); });
  if (!stream.panel || !isInnermost || !apart || stream.again.empty())
    return std::nullopt;
  return stream;
}

namespace {
/// Writes index arithmetic.
struct Indices {
  OpBuilder &builder;
  Location loc;

  Value number(int64_t value) { return arith::ConstantIndexOp::create(builder, loc, value); }
  Value sum(Value a, Value b) { return arith::AddIOp::create(builder, loc, a, b); }
  Value difference(Value a, Value b) { return arith::SubIOp::create(builder, loc, a, b); }
  Value product(Value a, Value b) { return arith::MulIOp::create(builder, loc, a, b); }
  Value smaller(Value a, Value b) { return arith::MinUIOp::create(builder, loc, a, b); }
  Value roundsOf(scf::ForOp loop) {
    return arith::CeilDivUIOp::create(builder, loc, loop.getUpperBound(), loop.getStep());
  }
};
} // namespace

/// Spreads the rows of the next panel over all rounds of the loops that read the present one again. In round
/// t of T, at row k of K, that is element share * (t * K + k) of the next panel, where a share is what each
/// of K rows has to fetch in one round; rounds that are too many begin by fetching its start.
static void prefetch(Stream &stream) {
  OpBuilder outside(stream.walk.front()); // inside of every loop that counts
  Indices at{outside, stream.read.getLoc()};
  Value round = at.number(0), rounds = at.number(1);
  for (scf::ForOp loop : stream.again) {
    Value counter = arith::DivUIOp::create(outside, at.loc, loop.getInductionVar(), loop.getStep());
    round = at.sum(round, at.product(counter, rounds));
    rounds = at.product(rounds, at.roundsOf(loop));
  }
  Value row = at.number(stream.rowElements), share = arith::CeilDivUIOp::create(outside, at.loc, row, rounds);
  // share * (rounds - round) elements of each row are yet to come, this round's included.
  Value left = at.smaller(at.product(share, at.difference(rounds, round)), row);
  Value start = at.product(at.difference(row, left), at.number(stream.rows));
  Value next = at.smaller(at.sum(stream.read.getIndices().front(), at.number(1)),
                          at.number(stream.type.getDimSize(0) - 1));

  OpBuilder inside(stream.read);
  Indices here{inside, stream.read.getLoc()};
  Value step = here.number(0);
  int64_t width = 1;
  for (int64_t dim = stream.type.getRank() - 2; dim > 0; --dim) {
    step = here.sum(step, here.product(stream.read.getIndices()[dim], here.number(width)));
    width *= stream.type.getDimSize(dim);
  }
  SmallVector<Value> position(stream.type.getRank(), here.number(0));
  position.front() = next;
  position.back() = here.sum(start, here.product(step, share));
  memref::PrefetchOp::create(inside, here.loc, stream.read.getBase(), position, /*isWrite=*/false,
                             /*localityHint=*/2, /*isDataCache=*/true);
}

namespace {
struct PrefetchPanels : impl::PrefetchPanelsBase<PrefetchPanels> {
  using PrefetchPanelsBase::PrefetchPanelsBase;
  void runOnOperation() override {
    SmallVector<Stream> streams;
    getOperation().walk([&](scf::ForOp loop) {
      llvm::SmallPtrSet<Value, 4> seen;
      for (auto read : loop.getBody()->getOps<vector::TransferReadOp>())
        if (seen.insert(read.getBase()).second)
          if (std::optional<Stream> stream = streamOf(read, nearBytes))
            streams.push_back(*stream);
    });
    for (Stream &stream : streams)
      prefetch(stream);
    numPanelsPrefetched += streams.size();
  }
};
} // namespace
} // namespace tegula::codegen::cpu
