// Cuts kernels into loops over static tiles, because vector code needs sizes that are known and loops are
// what machines run: linalg on whole tensors => scf.for nest with linalg on slices.
#include "tegula/passes/tile/Passes.h"

#include "tegula/dialects/tile/Extents.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Interfaces/TilingInterface.h"

using namespace mlir;

namespace tegula::tile {
#define GEN_PASS_DEF_TILEKERNEL
#include "tegula/passes/tile/Passes.h.inc"

namespace {

/// One loop of the nest over the root's result.
struct Level {
  unsigned dim;
  int64_t size;
  bool innermost; ///< steps over tiles of the final size
};

/// The next narrower tile, for results that are shorter than one tile in a dimension of unknown size.
int64_t narrower(int64_t size) { return size > 4 ? llvm::divideCeil(size, 4) : 1; }

/// Builds the loop nest of one kernel and the tile program inside it.
class Tiler {
public:
  Tiler(KernelOp kernel, TilingInterface root)
      : kernel(kernel), root(root), schedule(kernel.getSched()), builder(root), loc(root->getLoc()),
        type(cast<RankedTensorType>(root->getResult(0).getType())) {}

  LogicalResult run() {
    extents = extentsOf(root->getResult(0));
    if (llvm::is_contained(extents, OpFoldResult()))
      return kernel.emitOpError("expected the sizes of the root's result among the kernel's sizes");
    if (failed(collectLevels()))
      return failure();
    low.assign(type.getRank(), builder.getIndexAttr(0));
    high = extents;
    Value empty = tensor::EmptyOp::create(builder, loc, extents, type.getElementType());
    Value result = grid.empty() ? versions(0, empty) : gridLoop(empty);
    if (!result)
      return failure();
    root->getResult(0).replaceAllUsesWith(result);
    eraseDead();
    return resolveDims();
  }

private:
  LogicalResult collectLevels() {
    int64_t rank = type.getRank();
    for (int64_t extent : type.getShape())
      tile.push_back(ShapedType::isDynamic(extent) ? whole : extent);
    if (!schedule.getTile().empty() && static_cast<int64_t>(schedule.getTile().size()) != rank)
      return kernel.emitOpError("expected a tile size for each of the root's ")
             << rank << " dimensions, got " << schedule.getTile().size();
    for (auto [dim, size] : llvm::enumerate(schedule.getTile()))
      tile[dim] = std::min(tile[dim], size == 0 ? whole : size);
    if (failed(checkTile()))
      return failure();
    SmallVector<int64_t> block;
    for (int64_t extent : type.getShape())
      block.push_back(ShapedType::isDynamic(extent) ? whole : extent);
    SmallVector<bool> done(rank, false);
    // Narrower tiles of an unknown dimension are loops inside a cell.
    auto add = [&](ArrayRef<sched::LevelAttr> from, SmallVectorImpl<Level> &to) -> LogicalResult {
      for (sched::LevelAttr level : from) {
        unsigned dim = level.getDim();
        if (static_cast<int64_t>(dim) >= rank)
          return kernel.emitOpError("expected the schedule to name one of ")
                 << rank << " dimensions, got " << dim;
        int64_t size = std::min(level.getSize(), block[dim]);
        if (size != tile[dim] && size % tile[dim] && size != type.getDimSize(dim))
          return kernel.emitOpError("expected blocks of dimension ")
                 << dim << " to be multiples of its tile size " << tile[dim] << ", got " << size;
        if (done[dim] || size >= block[dim])
          continue;
        block[dim] = size;
        done[dim] = size == tile[dim] && !(&to == &grid && isUnknown(dim));
        to.push_back({dim, size, done[dim]});
      }
      return success();
    };
    if (failed(add(schedule.getGrid(), grid)) || failed(add(schedule.getLoops(), loops)))
      return failure();
    for (unsigned dim = 0; dim < rank; ++dim)
      if (block[dim] > tile[dim] || (isUnknown(dim) && !done[dim] && tile[dim] != whole))
        loops.push_back({dim, tile[dim], true});
    return success();
  }

  /// Refuses tiles of several rows where the algorithm writes one, and tiles that cannot be held in registers
  /// by far.
  LogicalResult checkTile() {
    sched::Algorithm algorithm = schedule.getAlgorithm();
    bool isRow = llvm::all_of(ArrayRef<int64_t>(tile).drop_back(tile.empty() ? 0 : 1),
                              [](int64_t size) { return size == 1; });
    if (algorithm == sched::Algorithm::Rows && !isRow)
      return kernel.emitOpError("expected a tile of one row for the algorithm 'rows', got sizes ")
             << ArrayRef<int64_t>(tile);
    if (algorithm == sched::Algorithm::Rows || algorithm == sched::Algorithm::Loops)
      return success(); // their tiles are loops
    int64_t vectors = 1;
    for (auto [dim, size] : llvm::enumerate(tile)) {
      bool isLast = dim + 1 == tile.size();
      int64_t count = size == whole ? 1 : isLast ? llvm::divideCeil(size, schedule.getLanes()) : size;
      vectors = std::min(vectors * std::min(count, sched::mostTileVectors + 1), sched::mostTileVectors + 1);
    }
    if (vectors > sched::mostTileVectors)
      return kernel.emitOpError("expected a tile of at most ")
             << sched::mostTileVectors << " vectors, got sizes " << ArrayRef<int64_t>(tile) << " with "
             << schedule.getLanes() << " lanes";
    return success();
  }

  Value value(OpFoldResult ofr) { return getValueOrCreateConstantIndexOp(builder, loc, ofr); }
  bool isUnknown(unsigned dim) const { return type.isDynamicDim(dim); }
  Value index(int64_t v) { return arith::ConstantIndexOp::create(builder, loc, v); }
  OpFoldResult apply(AffineExpr expr, ArrayRef<OpFoldResult> operands) {
    return affine::makeComposedFoldedAffineApply(builder, loc, expr, operands);
  }

  /// Enters block `number` of `level`: narrows the range of its dimension.
  void enter(const Level &level, OpFoldResult number) {
    AffineExpr d0 = builder.getAffineDimExpr(0), d1 = builder.getAffineDimExpr(1);
    unsigned dim = level.dim;
    int64_t size = level.innermost ? tile[dim] : level.size;
    bool isExact = !isUnknown(dim) && type.getDimSize(dim) % size == 0;
    OpFoldResult offset = apply(d0 + d1 * size, {low[dim], number});
    if (level.innermost) {
      // The last tile moves back so that every tile is whole; what it computes twice has the same value both
      // times.
      if (!isExact && size != 1)
        offset = arith::MinUIOp::create(builder, loc, value(offset), value(apply(d0 - size, {extents[dim]})))
                     .getResult();
      low[dim] = offset;
      return;
    }
    OpFoldResult end = apply(d0 + size, {offset});
    if (!isExact)
      end = arith::MinUIOp::create(builder, loc, value(end), value(extents[dim])).getResult();
    low[dim] = offset;
    high[dim] = end;
  }

  /// Cells of `levels` from number `first` on, as a number or a size.
  OpFoldResult cellsFrom(size_t first) {
    AffineExpr d0 = builder.getAffineDimExpr(0), d1 = builder.getAffineDimExpr(1);
    OpFoldResult cells = builder.getIndexAttr(1);
    for (const Level &level : ArrayRef(grid).drop_front(first)) {
      OpFoldResult count = apply(d0.ceilDiv(level.size), {extents[level.dim]});
      cells = getConstantIntValue(cells) || getConstantIntValue(count)
                  ? apply(getConstantIntValue(cells) ? d1 * *getConstantIntValue(cells)
                                                     : d0 * *getConstantIntValue(count),
                          {cells, count})
                  : arith::MulIOp::create(builder, loc, value(cells), value(count)).getResult();
    }
    return cells;
  }

  /// The number of cells as an expression over the kernel's sizes.
  FailureOr<AffineMap> cellsMap() {
    AffineExpr cells = builder.getAffineConstantExpr(1);
    for (const Level &level : grid) {
      AffineExpr extent = exprOfSize(extents[level.dim]);
      if (!extent)
        return kernel.emitOpError("expected sizes that follow from the kernel's sizes");
      cells = cells * extent.ceilDiv(level.size);
    }
    return AffineMap::get(0, kernel.getNumSizes(), cells);
  }

  Value gridLoop(Value dest) {
    OpFoldResult cells = cellsFrom(0);
    SmallVector<OpFoldResult> inner;
    for (size_t i = 0; i < grid.size(); ++i)
      inner.push_back(cellsFrom(i + 1));
    auto loop = scf::ForOp::create(builder, loc, index(0), value(cells), index(1), dest);
    loop->setAttr("tile.grid", builder.getUnitAttr());
    if (!getConstantIntValue(cells)) {
      FailureOr<AffineMap> map = cellsMap();
      if (failed(map))
        return {};
      loop->setAttr("tile.cells", AffineMapAttr::get(*map));
    }
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    OpFoldResult rest = loop.getInductionVar();
    AffineExpr d0 = builder.getAffineDimExpr(0);
    for (auto [level, behind] : llvm::zip_equal(grid, inner)) {
      if (std::optional<int64_t> number = getConstantIntValue(behind)) {
        enter(level, apply(d0.floorDiv(*number), {rest}));
        rest = apply(d0 % *number, {rest});
        continue;
      }
      enter(level, arith::DivUIOp::create(builder, loc, value(rest), value(behind)).getResult());
      rest = arith::RemUIOp::create(builder, loc, value(rest), value(behind)).getResult();
    }
    Value result = versions(0, loop.getRegionIterArg(0));
    if (!result)
      return {};
    scf::YieldOp::create(builder, loc, result);
    return loop.getResult(0);
  }

  /// The nest under `dest`. Where a dimension of unknown size may be shorter than its tile, narrower tiles
  /// stand beside it and the size chooses: whole tiles exist only where they fit.
  Value versions(unsigned dim, Value dest) {
    if (dim == type.getRank())
      return sequential(0, dest);
    int64_t wide = tile[dim];
    if (!isUnknown(dim) || wide == 1 || wide == whole)
      return versions(dim + 1, dest);
    Value fits =
        arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::uge, value(extents[dim]), index(wide));
    auto choice = scf::IfOp::create(builder, loc, TypeRange(dest.getType()), fits, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(builder);
    auto branch = [&](Block *block, int64_t size, unsigned next) {
      builder.setInsertionPointToStart(block);
      SmallVector<int64_t> saved(tile);
      tile[dim] = size;
      Value result = versions(next, dest);
      tile = saved;
      if (result)
        scf::YieldOp::create(builder, loc, result);
      return static_cast<bool>(result);
    };
    if (!branch(choice.thenBlock(), wide, dim + 1) || !branch(choice.elseBlock(), narrower(wide), dim))
      return {};
    return choice.getResult(0);
  }

  Value sequential(size_t depth, Value dest) {
    if (depth == loops.size())
      return body(dest);
    const Level &level = loops[depth];
    int64_t size = level.innermost ? tile[level.dim] : level.size;
    AffineExpr d0 = builder.getAffineDimExpr(0), d1 = builder.getAffineDimExpr(1);
    OpFoldResult count = apply((d1 - d0).ceilDiv(size), {low[level.dim], high[level.dim]});
    auto loop = scf::ForOp::create(builder, loc, index(0), value(count), index(1), dest);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    OpFoldResult savedLow = low[level.dim], savedHigh = high[level.dim];
    enter(level, loop.getInductionVar());
    Value result = sequential(depth + 1, loop.getRegionIterArg(0));
    low[level.dim] = savedLow;
    high[level.dim] = savedHigh;
    if (!result)
      return {};
    scf::YieldOp::create(builder, loc, result);
    return loop.getResult(0);
  }

  /// The tile program: the root's tile, its producers' tiles, and the insertion into `dest`.
  Value body(Value dest) {
    SmallVector<OpFoldResult> sizes, strides(type.getRank(), builder.getIndexAttr(1));
    for (auto [size, extent] : llvm::zip_equal(tile, extents))
      sizes.push_back(size == whole ? extent : OpFoldResult(builder.getIndexAttr(size)));
    FailureOr<TilingResult> tiled = root.generateResultTileValue(builder, 0, low, sizes);
    if (failed(tiled)) {
      kernel.emitOpError("expected a root that can be tiled, got ") << root->getName();
      return {};
    }
    SmallVector<Operation *> slices = tiled->generatedSlices;
    for (size_t i = 0; i < slices.size(); ++i)
      fuse(cast<tensor::ExtractSliceOp>(slices[i]), slices);
    return tensor::InsertSliceOp::create(builder, loc, tiled->tiledValues.front(), dest, low, sizes, strides);
  }

  /// Replaces a slice of a producer's result by the producer computed for that slice; slices of panels by
  /// panels.
  void fuse(tensor::ExtractSliceOp slice, SmallVectorImpl<Operation *> &slices) {
    auto result = dyn_cast<OpResult>(slice.getSource());
    if (!result || slice.use_empty())
      return;
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(slice);
    SmallVector<OpFoldResult> offsets = slice.getMixedOffsets(), sizes = slice.getMixedSizes();
    if (auto unpack = dyn_cast<UnpackOp>(result.getOwner())) {
      if (Value panel = slicePanel(unpack, offsets, sizes))
        slice.replaceAllUsesWith(panel);
      return;
    }
    auto producer = dyn_cast<TilingInterface>(result.getOwner());
    if (!producer || !isa<linalg::LinalgOp>(result.getOwner()) || producer->getParentOp() != kernel)
      return;
    SmallVector<void *> key{result.getAsOpaquePointer(), slice->getBlock()};
    for (OpFoldResult each : llvm::concat<OpFoldResult>(offsets, sizes))
      key.push_back(each.getOpaqueValue());
    auto known = llvm::find_if(fused, [&](const auto &each) { return each.first == key; });
    if (known != fused.end() && known->second.getDefiningOp()->isBeforeInBlock(slice))
      return slice.replaceAllUsesWith(known->second);
    FailureOr<TilingResult> tiled =
        producer.generateResultTileValue(builder, result.getResultNumber(), offsets, sizes);
    if (failed(tiled))
      return;
    Value value = tiled->tiledValues.front();
    slice.replaceAllUsesWith(value);
    if (known == fused.end()) {
      fused.push_back({std::move(key), value});
    } else { // for a user that stands behind this one
      Operation *later = known->second.getDefiningOp();
      known->second.replaceAllUsesWith(value);
      known->second = value;
      if (later->use_empty()) // whose other results may be used
        later->erase();
    }
    llvm::append_range(slices, tiled->generatedSlices);
  }

  /// The panel that holds columns [offset, offset + width) of packed operand; null where the slice is not one
  /// whole panel.
  Value slicePanel(UnpackOp unpack, ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes) {
    auto packed = unpack.getSource().getType();
    int64_t width = packed.getShape().back();
    if (getConstantIntValue(sizes.back()) != width)
      return {};
    OpFoldResult panel = apply(builder.getAffineDimExpr(0).ceilDiv(width), {offsets.back()});
    SmallVector<OpFoldResult> from{panel}, extent{builder.getIndexAttr(1)};
    llvm::append_range(from, offsets.drop_back());
    from.push_back(builder.getIndexAttr(0));
    llvm::append_range(extent, sizes);
    SmallVector<OpFoldResult> strides(from.size(), builder.getIndexAttr(1));
    SmallVector<int64_t> shape;
    for (OpFoldResult size : sizes)
      shape.push_back(*getConstantIntValue(size));
    auto resultType = RankedTensorType::get(shape, packed.getElementType());
    return tensor::ExtractSliceOp::create(builder, loc, resultType, unpack.getSource(), from, extent,
                                          strides);
  }

  void eraseDead() {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(kernel.getBlock())))
      if (isOpTriviallyDead(&op))
        op.erase();
    SmallVector<Operation *> dead;
    kernel.walk([&](tensor::ExtractSliceOp slice) {
      if (slice.use_empty())
        dead.push_back(slice);
    });
    for (Operation *op : dead)
      op->erase();
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(kernel.getBlock())))
      if (isOpTriviallyDead(&op))
        op.erase();
  }

  /// Tiling asks tensors for their dimensions: the kernel's sizes answer.
  LogicalResult resolveDims() {
    WalkResult walked = kernel.walk([&](tensor::DimOp dim) {
      std::optional<int64_t> number = dim.getConstantIndex();
      OpFoldResult extent = number ? extentOf(dim.getSource(), *number) : OpFoldResult();
      if (!extent)
        return WalkResult::interrupt();
      builder.setInsertionPoint(dim);
      dim.replaceAllUsesWith(value(extent));
      dim.erase();
      return WalkResult::advance();
    });
    return walked.wasInterrupted() ? kernel.emitOpError("expected tensors of known sizes in the body")
                                   : LogicalResult(success());
  }

  /// Stands for the size of a tile that is as long as the result, where that is not known.
  static constexpr int64_t whole = std::numeric_limits<int64_t>::max();

  KernelOp kernel;
  TilingInterface root;
  sched::ScheduleAttr schedule;
  OpBuilder builder;
  Location loc;
  RankedTensorType type;
  SmallVector<Level> grid, loops;
  SmallVector<int64_t> tile;
  SmallVector<OpFoldResult> extents, low, high; ///< of the result, and the range of the current block
  SmallVector<std::pair<SmallVector<void *>, Value>> fused;
};

struct TileKernel : impl::TileKernelBase<TileKernel> {
  using TileKernelBase::TileKernelBase;
  void runOnOperation() override {
    KernelOp kernel = getOperation();
    // A block is one step: who writes its code cuts it, too.
    if (!kernel.getSched() || kernel.getSched().getBlock() ||
        kernel.getBlock().getTerminator()->getNumOperands() != 1)
      return;
    auto root = kernel.getBlock().getTerminator()->getOperand(0).getDefiningOp<linalg::LinalgOp>();
    if (!root)
      return;
    if (failed(Tiler(kernel, cast<TilingInterface>(root.getOperation())).run()))
      return signalPassFailure();
    ++numKernelsTiled;
  }
};

} // namespace
} // namespace tegula::tile
