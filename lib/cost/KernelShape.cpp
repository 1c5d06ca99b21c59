// Classifies kernels: which of the algorithms of #sched fits a body, and the extents a cost depends on.
#include "tegula/cost/KernelShape.h"

#include "tegula/dialects/tile/Extents.h"
#include "tegula/dialects/tile/Product.h"
#include "tegula/dialects/tile/Rows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <numeric>

using namespace mlir;

namespace tegula::cost {

static int64_t product(ArrayRef<int64_t> extents) {
  return std::accumulate(extents.begin(), extents.end(), int64_t(1), std::multiplies<>());
}

int64_t KernelShape::reductionSteps() const { return product(reductions); }
int64_t KernelShape::resultElements() const { return product(result); }

/// What an unknown row count, row length or number of summands is assumed to be: long enough that register
/// tiles matter, short enough that a single core's caches do. The choice of tile hardly depends on it.
constexpr int64_t assumedExtent = 128;

/// More than this no lowest size asks for.
constexpr int64_t mostAssumed = int64_t(1) << 24;

/// What an extent can be: the number that it is, or what tegula.sizes says of the kernel's size.
static std::pair<int64_t, int64_t> boundsOf(OpFoldResult extent, tile::KernelOp kernel) {
  if (!extent)
    return {0, INT64_MAX};
  if (std::optional<int64_t> number = getConstantIntValue(extent))
    return {*number, *number};
  AffineExpr expr = tile::exprOfSize(extent);
  auto sizes = kernel->getAttrOfType<DenseI64ArrayAttr>("tegula.sizes");
  if (!expr || !sizes || sizes.size() != 2 * static_cast<int64_t>(kernel.getNumSizes()))
    return {0, INT64_MAX};
  SmallVector<std::optional<int64_t>> lowest, highest;
  for (int64_t i = 0; i < sizes.size(); i += 2) {
    lowest.push_back(sizes[i]);
    highest.push_back(sizes[i + 1] == INT64_MAX ? std::nullopt : std::optional(sizes[i + 1]));
  }
  auto bound = [&](bool isUpper) {
    return getBoundForAffineExpr(expr, 0, kernel.getNumSizes(), lowest, highest, isUpper);
  };
  std::pair<int64_t, int64_t> bounds(std::max<int64_t>(bound(false).value_or(0), 0),
                                     bound(true).value_or(INT64_MAX));
  return bounds.first <= bounds.second ? bounds : std::pair<int64_t, int64_t>(0, INT64_MAX);
}

/// The extents of a result where unknown ones are assumed, within their bounds: rows and columns to be long,
/// and whatever stands outside of them (batches, or images whose sizes are known) to be one, so that work is
/// shared out within it.
SmallVector<int64_t> assume(ArrayRef<OpFoldResult> extents, tile::KernelOp kernel) {
  SmallVector<int64_t> result(extents.size());
  bool hasRows = false;
  for (int dim = static_cast<int>(extents.size()) - 1; dim >= 0; --dim) {
    bool isColumn = dim + 1 == static_cast<int>(extents.size());
    auto [lowest, highest] = boundsOf(extents[dim], kernel);
    if (lowest == highest)
      result[dim] = lowest;
    else
      result[dim] =
          isColumn || !hasRows ? std::clamp(assumedExtent, std::min(lowest, mostAssumed), highest) : 1;
    hasRows |= !isColumn && result[dim] > 1;
  }
  return result;
}

static int64_t assumedElements(Value tensor, tile::KernelOp kernel) {
  return product(assume(tile::extentsOf(tensor), kernel));
}

/// The operations of a body, those in loops as often as they run.
static int64_t operationsOf(Block &body) {
  constexpr int64_t most = int64_t(1) << 40;
  int64_t count = 0;
  for (Operation &op : body.without_terminator()) {
    auto loop = dyn_cast<scf::ForOp>(op);
    if (!loop) {
      ++count;
      continue;
    }
    std::optional<int64_t> from = getConstantIntValue(loop.getLowerBound()),
                           to = getConstantIntValue(loop.getUpperBound());
    int64_t steps = from && to ? std::clamp<int64_t>(*to - *from, 1, most) : assumedExtent;
    count += steps * std::min(most / steps, operationsOf(*loop.getBody()));
  }
  return std::min(count, most);
}

/// Whether lanes can carry every operation of the body.
static bool hasVectorBody(linalg::GenericOp op) {
  if (op->getNumResults() != 1)
    return false;
  return llvm::all_of(op.getBody()->without_terminator(), [](Operation &each) {
    return isa<linalg::IndexOp, tensor::ExtractOp, arith::ConstantOp>(each) ||
           (each.getNumResults() == 1 && each.getNumRegions() == 0 &&
            OpTrait::hasElementwiseMappableTraits(&each));
  });
}

/// The loop that runs along the last dimension of the output, if it is a loop of its own.
static std::optional<unsigned> lastOutputLoop(linalg::GenericOp op) {
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (out.getNumResults() == 0)
    return std::nullopt;
  auto loop = dyn_cast<AffineDimExpr>(out.getResults().back());
  return loop ? std::optional<unsigned>(loop.getPosition()) : std::nullopt;
}

static bool runsAlong(AffineMap map, unsigned loop) {
  return map.getNumResults() && map.getResults().back() == getAffineDimExpr(loop, map.getContext());
}

/// Whether a reduction goes along the contiguous dimension of what it reads.
static bool reducesLanes(linalg::GenericOp op) {
  std::optional<unsigned> last = lastOutputLoop(op);
  auto iterators = op.getIteratorTypesArray();
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    bool summed = false;
    for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
      summed |= iterators[loop] == utils::IteratorType::reduction && map.isFunctionOfDim(loop);
    if (last && summed && runsAlong(map, *last))
      return false;
  }
  return llvm::any_of(op.getDpsInputOperands(), [&](OpOperand *input) {
    AffineMap map = op.getMatchingIndexingMap(input);
    auto loop =
        map.getNumResults() ? dyn_cast<AffineDimExpr>(map.getResults().back()) : AffineDimExpr(nullptr);
    return loop && iterators[loop.getPosition()] == utils::IteratorType::reduction &&
           loop.getPosition() + 1 == op.getNumLoops();
  });
}

/// Whether an operation reads what is computed in its kernel at its own row and column: rows are kept where
/// the result will be, and others might be there already.
static bool readsInPlace(linalg::GenericOp op) {
  return llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    SmallVector<unsigned> loops;
    for (AffineExpr expr : map.getResults())
      if (auto loop = dyn_cast<AffineDimExpr>(expr))
        loops.push_back(loop.getPosition());
    return !operand.get().getDefiningOp<linalg::GenericOp>() ||
           (map.isProjectedPermutation(/*allowZeroInResults=*/true) && llvm::is_sorted(loops));
  });
}

/// Whether every operation works on rows of the root: [outer..., columns], [outer...] or [outer..., 1].
static bool allRows(ArrayRef<linalg::GenericOp> generics, linalg::GenericOp root) {
  SmallVector<OpFoldResult> rootExtents = tile::extentsOf(root->getResult(0));
  ArrayRef<OpFoldResult> rootShape(rootExtents);
  if (llvm::is_contained(rootShape, OpFoldResult()))
    return false;
  bool reducedRoot = root.getNumReductionLoops() > 0;
  for (linalg::GenericOp op : generics) {
    AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
    if (!out.isProjectedPermutation() || !readsInPlace(op))
      return false;
    if (!op.getNumReductionLoops())
      continue;
    SmallVector<OpFoldResult> extents = tile::extentsOf(op->getResult(0));
    ArrayRef<OpFoldResult> shape(extents);
    bool sameAsRoot = shape == rootShape, outerOfRoot = rootShape.size() && shape == rootShape.drop_back();
    bool keepsUnit = rootShape.size() && shape.size() == rootShape.size() &&
                     shape.drop_back() == rootShape.drop_back() && getConstantIntValue(shape.back()) == 1;
    if (!(reducedRoot || sameAsRoot ? sameAsRoot : outerOfRoot || keepsUnit))
      return false;
    // One reduction loop goes along the lanes; several must be the last loops, nested.
    auto iterators = op.getIteratorTypesArray();
    if (iterators.back() != utils::IteratorType::reduction)
      return false;
    if (!reducedRoot && !sameAsRoot && op.getNumReductionLoops() != 1)
      return false;
    BlockArgument acc = op.getMatchingBlockArgument(op.getDpsInitOperand(0));
    if (!acc.hasOneUse() ||
        op.getBody()->getTerminator()->getOperand(0) != (*acc.user_begin())->getResult(0) ||
        !isa<arith::AddFOp, arith::AddIOp, arith::MulFOp, arith::MulIOp, arith::MaximumFOp, arith::MinimumFOp,
             arith::MaxSIOp, arith::MinSIOp, arith::MaxUIOp, arith::MinUIOp>(*acc.user_begin()))
      return false;
  }
  return true;
}

/// Fills in what a contraction or window needs; the anchor is the only reduction.
static void describeAnchor(linalg::GenericOp anchor, tile::KernelOp kernel, KernelShape &shape) {
  unsigned last = *lastOutputLoop(anchor);
  int along = 0, still = 0;
  for (OpOperand *input : anchor.getDpsInputOperands()) {
    AffineMap map = anchor.getMatchingIndexingMap(input);
    if (anchor.getMatchingBlockArgument(input).use_empty())
      continue; // only there to give the window its size
    if (!map.isFunctionOfDim(last)) {
      ++still;
      continue;
    }
    ++along;
    Value source = input->get();
    auto type = cast<RankedTensorType>(source.getType());
    shape.vectorOperandBytes =
        assumedElements(source, kernel) * std::max<int64_t>(1, type.getElementTypeBitWidth() / 8);
    if (auto arg = dyn_cast<BlockArgument>(source);
        arg && map.isProjectedPermutation() && runsAlong(map, last))
      shape.vectorOperand = arg.getArgNumber();
    auto iterators = anchor.getIteratorTypesArray();
    for (unsigned loop = 0; loop < anchor.getNumLoops(); ++loop)
      if (loop != last && iterators[loop] == utils::IteratorType::parallel && map.isFunctionOfDim(loop))
        shape.vectorOperandVaries = true;
  }
  shape.looksUp = !anchor.getBody()->getOps<tensor::ExtractOp>().empty();
  shape.algorithm = along == 1 && still == 1 ? sched::Algorithm::Contract : sched::Algorithm::Window;
  if (shape.algorithm != sched::Algorithm::Contract || shape.vectorOperandVaries)
    shape.vectorOperand = -1;
}

/// Fills in the extents of a product whose operands come from memory and whose users follow in place.
static void describeProduct(linalg::GenericOp anchor, linalg::GenericOp root, tile::KernelOp kernel,
                            KernelShape &shape) {
  std::optional<tile::Product> product = tile::productOf(anchor);
  if (!product || !llvm::all_of(anchor.getDpsInputs(), llvm::IsaPred<BlockArgument>) ||
      !tile::followsInPlace(anchor->getResult(0), root->getResult(0)))
    return;
  Type left = getElementTypeOrSelf(anchor.getDpsInputs()[product->left]),
       right = getElementTypeOrSelf(anchor.getDpsInputs()[product->right]);
  if (left != right)
    return;
  shape.leftBytes = shape.rightBytes = left.getIntOrFloatBitWidth() / 8;
  shape.multiply = left.isF16()    ? sched::Multiply::Fp16
                   : left.isBF16() ? sched::Multiply::Bf16
                                   : sched::Multiply::Fma;
  // The root may have its dimensions in another order than the product's loops, but only where it is itself.
  if (!root.getMatchingIndexingMap(root.getDpsInitOperand(0)).isProjectedPermutation())
    return;
  SmallVector<int64_t> assumed = assume(tile::extentsOf(anchor->getResult(0)), kernel);
  AffineMap out = anchor.getMatchingIndexingMap(anchor.getDpsInitOperand(0));
  auto extentOf = [&](ArrayRef<unsigned> loops) {
    int64_t total = 1;
    for (auto [dim, expr] : llvm::enumerate(out.getResults()))
      if (llvm::is_contained(loops, cast<AffineDimExpr>(expr).getPosition()))
        total *= assumed[dim];
    return total;
  };
  shape.batch = extentOf(product->batch);
  shape.rows = extentOf(product->rows);
  shape.columns = extentOf(product->column);
  shape.depth = shape.reductionSteps();
  shape.leftRun = tile::runLength(*product, product->left, product->depth.back(), 16 / shape.leftBytes);
  shape.rightRun = tile::runLength(*product, product->right, product->column, 16 / shape.rightBytes);
}

/// The kernel's generic operations, and those that reduce; false where something else computes tensors.
static bool collectGenerics(tile::KernelOp kernel, SmallVectorImpl<linalg::GenericOp> &generics,
                            SmallVectorImpl<linalg::GenericOp> &reductions) {
  for (Operation &op : kernel.getBlock().without_terminator()) {
    if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
      generics.push_back(generic);
      if (generic.getNumReductionLoops())
        reductions.push_back(generic);
    } else if (!isa<linalg::FillOp, tensor::EmptyOp>(op) &&
               (op.getNumRegions() || llvm::any_of(op.getResultTypes(), llvm::IsaPred<TensorType>))) {
      // Scalars computed beforehand are free; another operation on tensors is not understood.
      return false;
    }
  }
  return true;
}

/// Chooses the algorithm of a kernel that reduces, and describes what it needs.
static void describeReductions(ArrayRef<linalg::GenericOp> generics, ArrayRef<linalg::GenericOp> reductions,
                               linalg::GenericOp root, tile::KernelOp kernel, KernelShape &shape) {
  linalg::GenericOp anchor = reductions.front();
  SmallVector<int64_t> steps = assume(tile::loopExtentsOf(anchor), kernel);
  for (auto [loop, kind] : llvm::enumerate(anchor.getIteratorTypesArray()))
    if (kind == utils::IteratorType::reduction)
      shape.reductions.push_back(steps[loop]);
  if (llvm::any_of(shape.reductions, [](int64_t extent) { return extent <= 0; }))
    return;
  for (linalg::GenericOp op : reductions)
    if (llvm::is_contained(tile::loopExtentsOf(op), OpFoldResult()))
      return;
  shape.elementBytes = std::max<int64_t>(
      1, cast<RankedTensorType>(anchor->getResult(0).getType()).getElementTypeBitWidth() / 8);
  if (llvm::all_of(reductions, reducesLanes)) {
    // Bodies that people write may read a sum at another row than its own.
    std::optional<tile::Rows> rows = tile::rowsOf(root->getResult(0));
    if (rows && allRows(generics, root)) {
      shape.algorithm = sched::Algorithm::Rows;
      shape.rowsInResult = !tile::haveSameExtents(anchor->getResult(0), root->getResult(0));
      shape.sharedReductions = rows->reductions.size();
      shape.openRows = llvm::is_contained(anchor.getStaticLoopRanges(), ShapedType::kDynamic);
    }
    return;
  }
  if (reductions.size() != 1 || !lastOutputLoop(anchor) ||
      cast<RankedTensorType>(anchor->getResult(0).getType()).getRank() != int64_t(shape.result.size()))
    return;
  if (!tile::haveSameExtents(anchor->getResult(0), root->getResult(0)) ||
      !tile::followsInPlace(anchor->getResult(0), root->getResult(0)))
    return;
  describeAnchor(anchor, kernel, shape);
  if (shape.algorithm == sched::Algorithm::Contract)
    describeProduct(anchor, root, kernel, shape);
}

KernelShape analyse(tile::KernelOp kernel) {
  KernelShape shape;
  Operation *yield = kernel.getBlock().getTerminator();
  if (yield->getNumOperands() != 1)
    return shape;
  auto type = cast<RankedTensorType>(yield->getOperand(0).getType());
  if (llvm::is_contained(type.getShape(), 0))
    return shape;
  SmallVector<OpFoldResult> extents = tile::extentsOf(yield->getOperand(0));
  shape.result = assume(extents, kernel);
  for (OpFoldResult extent : extents) {
    shape.highest.push_back(boundsOf(extent, kernel).second);
    shape.unknown.push_back(!extent || !getConstantIntValue(extent));
    if (!tile::exprOfSize(extent))
      return shape;
  }
  shape.resultBytes = shape.elementBytes = std::max<int64_t>(1, type.getElementTypeBitWidth() / 8);
  SmallVector<linalg::GenericOp> generics, reductions;
  if (!collectGenerics(kernel, generics, reductions))
    return shape;
  auto root = yield->getOperand(0).getDefiningOp<linalg::GenericOp>();
  if (!root)
    return shape;
  shape.tileable = true;
  shape.inputs = kernel.getInputs().size();
  shape.operations = 0;
  for (linalg::GenericOp op : generics)
    shape.operations += operationsOf(*op.getBody());
  if (!llvm::all_of(generics, hasVectorBody))
    return shape;
  if (reductions.empty()) {
    // Elements that several users want would be computed again for each of them; that stays cheap only for a
    // chain.
    shape.algorithm = sched::Algorithm::Map;
    return shape;
  }
  describeReductions(generics, reductions, root, kernel, shape);
  return shape;
}

} // namespace tegula::cost
