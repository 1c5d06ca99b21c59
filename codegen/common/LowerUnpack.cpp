// Replaces tile.unpack by an index computation: tile.unpack of panels => linalg.generic that extracts element
// by element. It exists so that a packed constant gives right values even where no pass reads the panels
// directly.
#include "tegula/codegen/common/Passes.h"

#include "tegula/dialects/tile/Tile.h"

using namespace mlir;

namespace tegula::codegen {
#define GEN_PASS_DEF_LOWERUNPACK
#include "tegula/codegen/common/Passes.h.inc"

/// The element of `panels` that holds the plain tensor's element at `indices` (tile.pack says how panels are
/// laid out).
static Value extractFromPanels(OpBuilder &builder, Location loc, Value panels, SmallVector<Value> indices,
                               int64_t columns, int64_t width) {
  auto constant = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(builder, loc, value); };
  Value column = indices.back();
  Value panel = arith::DivUIOp::create(builder, loc, column, constant(width));
  Value start = arith::MinUIOp::create(
      builder, loc, arith::MulIOp::create(builder, loc, panel, constant(width)), constant(columns - width));
  indices.back() = arith::SubIOp::create(builder, loc, column, start);
  indices.insert(indices.begin(), panel);
  return tensor::ExtractOp::create(builder, loc, panels, indices);
}

static void lower(tile::UnpackOp op) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  auto plain = cast<RankedTensorType>(op.getType());
  auto packed = cast<RankedTensorType>(op.getSource().getType());
  Value empty = tensor::EmptyOp::create(builder, loc, plain.getShape(), plain.getElementType());
  SmallVector<utils::IteratorType> iterators(plain.getRank(), utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      builder, loc, plain, ValueRange{}, empty, builder.getMultiDimIdentityMap(plain.getRank()), iterators,
      [&](OpBuilder &body, Location loc, ValueRange) {
        SmallVector<Value> indices;
        for (int64_t dim = 0; dim < plain.getRank(); ++dim)
          indices.push_back(linalg::IndexOp::create(body, loc, dim));
        linalg::YieldOp::create(body, loc,
                                extractFromPanels(body, loc, op.getSource(), indices, plain.getShape().back(),
                                                  packed.getShape().back()));
      });
  op.replaceAllUsesWith(generic.getResult(0));
  op.erase();
}

namespace {
struct LowerUnpack : impl::LowerUnpackBase<LowerUnpack> {
  void runOnOperation() override { getOperation().walk(lower); }
};
} // namespace
} // namespace tegula::codegen
