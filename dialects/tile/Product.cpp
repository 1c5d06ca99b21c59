// Recognises products of matrices in linalg operations and says how their operands lie in memory.
#include "tegula/dialects/tile/Product.h"

#include "tegula/dialects/tile/Extents.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace tegula::tile {

/// What was widened to float32, or the value itself.
static Value narrow(Value value) {
  auto extension = value.getDefiningOp<arith::ExtFOp>();
  return extension ? extension.getIn() : value;
}

/// Whether the body adds the product of its two inputs to its output, in float32.
static bool sumsProducts(linalg::GenericOp op) {
  Block &body = *op.getBody();
  if (op.getNumDpsInputs() != 2)
    return false;
  auto sum = body.getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!sum || !sum.getType().isF32())
    return false;
  arith::MulFOp product;
  int64_t others = 0;
  for (Operation &each : body.without_terminator()) {
    if (auto multiplication = dyn_cast<arith::MulFOp>(each); multiplication && !product)
      product = multiplication;
    else if (!isa<arith::ExtFOp>(each) && &each != sum)
      ++others;
  }
  if (!product || others)
    return false;
  for (Value input : op.getDpsInputs()) {
    Type element = cast<RankedTensorType>(input.getType()).getElementType();
    if (!element.isF32() && !element.isF16() && !element.isBF16())
      return false;
  }
  auto isPair = [](Value a, Value b, Value x, Value y) { return (a == x && b == y) || (a == y && b == x); };
  return isPair(narrow(product.getLhs()), narrow(product.getRhs()), body.getArgument(0),
                body.getArgument(1)) &&
         isPair(sum.getLhs(), sum.getRhs(), body.getArgument(2), product);
}

/// Whether the expression is a sum of loops times numbers.
static bool isLinear(AffineExpr expr) {
  bool linear = true;
  expr.walk([&](AffineExpr part) {
    linear &= isa<AffineDimExpr, AffineConstantExpr>(part) || part.getKind() == AffineExprKind::Add ||
              (part.getKind() == AffineExprKind::Mul &&
               isa<AffineConstantExpr>(cast<AffineBinaryOpExpr>(part).getRHS()));
  });
  return linear;
}

static bool startsFromZero(linalg::GenericOp op) {
  auto fill = op.getDpsInitOperand(0)->get().getDefiningOp<linalg::FillOp>();
  return fill && matchPattern(fill.value(), m_AnyZeroFloat());
}

std::optional<Product> productOf(linalg::GenericOp op) {
  if (op->getNumResults() != 1 || !op.getNumReductionLoops() || !sumsProducts(op) || !startsFromZero(op))
    return std::nullopt;
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  auto iterators = op.getIteratorTypesArray();
  int64_t parallel = op.getNumParallelLoops();
  if (!out.isProjectedPermutation() || out.getNumResults() != parallel || parallel == 0)
    return std::nullopt;
  Product product;
  product.op = op;
  product.column = cast<AffineDimExpr>(out.getResults().back()).getPosition();
  AffineMap maps[] = {op.getMatchingIndexingMap(op.getDpsInputOperand(0)),
                      op.getMatchingIndexingMap(op.getDpsInputOperand(1))};
  for (AffineMap map : maps)
    if (!llvm::all_of(map.getResults(), isLinear))
      return std::nullopt;
  bool alongFirst = maps[0].isFunctionOfDim(product.column);
  if (alongFirst == maps[1].isFunctionOfDim(product.column))
    return std::nullopt;
  product.right = alongFirst ? 0 : 1;
  product.left = 1 - product.right;
  for (AffineExpr expr : out.getResults().drop_back()) {
    unsigned loop = cast<AffineDimExpr>(expr).getPosition();
    bool isRow = maps[product.left].isFunctionOfDim(loop) && !maps[product.right].isFunctionOfDim(loop);
    (isRow ? product.rows : product.batch).push_back(loop);
  }
  for (auto [loop, kind] : llvm::enumerate(iterators))
    if (kind == utils::IteratorType::reduction)
      product.depth.push_back(loop);
  return product;
}

SmallVector<std::optional<int64_t>> stridesOf(const Product &product, unsigned operand,
                                              std::optional<int64_t> &first) {
  linalg::GenericOp op = product.op;
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInputOperand(operand));
  ArrayRef<int64_t> shape = cast<RankedTensorType>(op.getDpsInputs()[operand].getType()).getShape();
  SmallVector<std::optional<int64_t>> strides(map.getNumDims(), 0);
  first = 0;
  std::optional<int64_t> step = 1; // of the operand's dimension, innermost first
  for (int64_t dim = static_cast<int64_t>(shape.size()) - 1; dim >= 0; --dim) {
    AffineExpr expr = map.getResult(dim);
    SmallVector<AffineExpr> none(map.getNumDims(), getAffineConstantExpr(0, map.getContext()));
    auto at = [&](ArrayRef<AffineExpr> loops) {
      return cast<AffineConstantExpr>(expr.replaceDims(loops)).getValue();
    };
    int64_t start = at(none);
    auto count = [&](std::optional<int64_t> &total, int64_t factor) {
      if (factor)
        total = total && step ? std::optional(*total + factor * *step) : std::nullopt;
    };
    count(first, start);
    for (unsigned loop = 0; loop < map.getNumDims(); ++loop) {
      none[loop] = getAffineConstantExpr(1, map.getContext());
      count(strides[loop], at(none) - start);
      none[loop] = getAffineConstantExpr(0, map.getContext());
    }
    step = step && !ShapedType::isDynamic(shape[dim]) ? std::optional(*step * shape[dim]) : std::nullopt;
  }
  return strides;
}

int64_t runLength(const Product &product, unsigned operand, unsigned loop, int64_t most) {
  std::optional<int64_t> first;
  SmallVector<std::optional<int64_t>> strides = stridesOf(product, operand, first);
  SmallVector<OpFoldResult> extents = loopExtentsOf(product.op);
  std::optional<int64_t> extent = extents[loop] ? getConstantIntValue(extents[loop]) : std::nullopt;
  if (strides[loop] != 1 || !extent || !first)
    return 1;
  for (int64_t length = most; length > 1; length /= 2) {
    bool fits = *extent % length == 0 && *first % length == 0;
    for (unsigned other = 0; other < strides.size(); ++other)
      fits &= other == loop || (strides[other] && *strides[other] % length == 0);
    if (fits)
      return length;
  }
  return 1;
}

bool followsInPlace(Value product, Value root) {
  if (product == root)
    return true;
  // Users come in the order of the body: what is in place so far decides about the next.
  SmallVector<Value> inPlace{product};
  for (Operation *op = product.getDefiningOp()->getNextNode(); op; op = op->getNextNode()) {
    auto generic = dyn_cast<linalg::GenericOp>(op);
    bool uses = false;
    for (OpOperand &operand : op->getOpOperands()) {
      if (!llvm::is_contained(inPlace, operand.get()))
        continue;
      uses = true;
      if (op->hasTrait<OpTrait::IsTerminator>())
        continue;
      if (!generic || generic.getNumReductionLoops() || generic->getNumResults() != 1 ||
          generic.getMatchingIndexingMap(&operand) !=
              generic.getMatchingIndexingMap(generic.getDpsInitOperand(0)))
        return false;
    }
    if (uses && generic)
      inPlace.push_back(generic->getResult(0));
  }
  // A body that reads elements by computed indices is no operand of its operation.
  auto isOperand = [&](Operation *user) { return user->getBlock() == product.getParentBlock(); };
  return llvm::is_contained(inPlace, root) &&
         llvm::all_of(inPlace, [&](Value each) { return llvm::all_of(each.getUsers(), isOperand); });
}

} // namespace tegula::tile
