// Moves what stands at a kernel's borders out of it: tensor.pad of an input and tables computed from sizes =>
// a kernel before, expand and collapse => views.
#include "Bodies.h"
#include "KernelEdit.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "tegula/passes/fuse/Passes.h"

namespace tegula::fuse {
#define GEN_PASS_DEF_PEELBORDERS
#include "tegula/passes/fuse/Passes.h.inc"
} // namespace tegula::fuse

using namespace mlir;
using namespace tegula;
using namespace tegula::fuse;

namespace {

/// Writes the kernel that does what `pad`, whose sizes are known, does.
tile::KernelOp createPadKernel(tile::KernelOp kernel, tensor::PadOp pad, int64_t number) {
  OpBuilder builder(kernel->getContext());
  builder.setInsertionPointAfter(kernel);
  std::string name = (kernel.getSymName() + "_pad" + (number ? "_" + Twine(number) : Twine())).str();
  auto created = tile::KernelOp::create(builder, pad.getLoc(), name,
                                        builder.getFunctionType(pad.getSource().getType(), pad.getType()));
  if (Attribute nodes = kernel->getAttr("tegula.nodes"))
    created->setAttr("tegula.nodes", nodes);
  builder.setInsertionPointToEnd(&created.getBlock());
  TensorKit kit(builder, pad.getLoc(), /*sizes=*/nullptr);
  Value outside = builder.clone(*pad.getConstantPaddingValue().getDefiningOp())->getResult(0);
  Value result = padByIndex(kit, pad.getType(), created.getInputs()[0], pad.getStaticLow(), outside);
  tile::YieldOp::create(builder, pad.getLoc(), result);
  return created;
}

/// Paddings of unknown sizes are written as generics at once.
bool hasConstantPad(tensor::PadOp pad) {
  Value value = pad.getConstantPaddingValue();
  auto fixed = [](ArrayRef<int64_t> amounts) {
    return llvm::all_of(amounts, [](int64_t amount) { return amount >= 0; });
  };
  return value && pad.getType().hasStaticShape() && value.getDefiningOp<arith::ConstantOp>() &&
         fixed(pad.getStaticLow()) && fixed(pad.getStaticHigh());
}

/// A tensor that a body computes from nothing but sizes, for operations after it.
struct Table {
  linalg::GenericOp op;
  tensor::EmptyOp empty;
  llvm::SetVector<Value> sizes; ///< of the kernel, those that it needs

  static std::optional<Table> match(Operation &op) {
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (!generic || generic.getNumDpsInputs() != 0 || generic->getNumResults() != 1)
      return std::nullopt;
    auto empty = generic.getDpsInits()[0].getDefiningOp<tensor::EmptyOp>();
    if (!empty || !llvm::all_of(generic->getUsers(), llvm::IsaPred<linalg::GenericOp>))
      return std::nullopt;
    Table table{generic, empty, {}};
    llvm::SetVector<Value> captured(empty.getDynamicSizes().begin(), empty.getDynamicSizes().end());
    getUsedValuesDefinedAbove(generic.getRegion(), captured);
    for (Value value : captured) {
      if (!isa<BlockArgument>(value) || !value.getType().isIndex())
        return std::nullopt;
      table.sizes.insert(value);
    }
    return table;
  }
};

/// Writes the kernel that computes `table`; `dims` are the size arguments of its result.
tile::KernelOp createTableKernel(tile::KernelOp kernel, Table &table, ArrayRef<int64_t> dims,
                                 int64_t number) {
  OpBuilder builder(kernel->getContext());
  builder.setInsertionPointAfter(kernel);
  Location loc = table.op.getLoc();
  std::string name = (kernel.getSymName() + "_table" + (number ? "_" + Twine(number) : Twine())).str();
  SmallVector<Type> inputs(table.sizes.size(), builder.getIndexType());
  auto created =
      tile::KernelOp::create(builder, loc, name, builder.getFunctionType(inputs, table.op->getResultTypes()));
  if (llvm::any_of(dims, [](int64_t dim) { return dim >= 0; }))
    created.setDimsAttr(builder.getArrayAttr(builder.getDenseI64ArrayAttr(dims)));
  if (Attribute nodes = kernel->getAttr("tegula.nodes"))
    created->setAttr("tegula.nodes", nodes);
  builder.setInsertionPointToEnd(&created.getBlock());
  IRMapping values;
  for (auto [before, after] : llvm::zip_equal(table.sizes, created.getSizes()))
    values.map(before, after);
  builder.clone(*table.empty, values);
  tile::YieldOp::create(builder, loc, builder.clone(*table.op, values)->getResults());
  return created;
}

/// The size arguments of `to`, which is `from` with known dimensions split or joined; nothing where unknown
/// ones are among those.
std::optional<SmallVector<int64_t>> carryDims(ArrayRef<int64_t> from, RankedTensorType to) {
  SmallVector<int64_t> unknown(llvm::make_filter_range(from, [](int64_t number) { return number >= 0; }));
  if (unknown.size() != size_t(to.getNumDynamicDims()))
    return std::nullopt;
  SmallVector<int64_t> dims;
  auto *next = unknown.begin();
  for (int64_t size : to.getShape())
    dims.push_back(ShapedType::isDynamic(size) ? *next++ : -1);
  return dims;
}

/// Whether a reshape leaves unknown dimensions alone.
bool keepsUnknownDims(RankedTensorType expanded, ArrayRef<ReassociationIndices> groups) {
  return llvm::all_of(groups, [&](const ReassociationIndices &group) {
    return group.size() == 1 || llvm::none_of(group, [&](int64_t dim) { return expanded.isDynamicDim(dim); });
  });
}

struct PeelBorders : fuse::impl::PeelBordersBase<PeelBorders> {
  void runOnOperation() override {
    Launches launches = findLaunches(getOperation());
    for (auto kernel : llvm::make_early_inc_range(getOperation().getOps<tile::KernelOp>())) {
      peelTables(kernel, launches);
      peelInputs(kernel, launches);
      peelResult(kernel, launches);
    }
  }

  void peelTables(tile::KernelOp kernel, Launches &launches) {
    int64_t numTables = 0;
    for (Operation &op : llvm::make_early_inc_range(kernel.getBlock().without_terminator())) {
      std::optional<Table> table = Table::match(op);
      if (!table)
        continue;
      auto type = tensorType(op.getResult(0));
      SmallVector<int64_t> numbers, placesHere, placesThere; // sizes; dimensions by size in either kernel
      for (Value size : table->sizes)
        numbers.push_back(cast<BlockArgument>(size).getArgNumber() - kernel.getNumInputs());
      for (OpFoldResult size : table->empty.getMixedSizes()) {
        auto value = dyn_cast<Value>(size);
        auto place = llvm::find(table->sizes, value);
        placesThere.push_back(value ? place - table->sizes.begin() : -1);
        placesHere.push_back(value ? numbers[placesThere.back()] : -1);
      }
      tile::KernelOp created = createTableKernel(kernel, *table, placesThere, numTables++);
      auto symbol = FlatSymbolRefAttr::get(created.getSymNameAttr());
      BlockArgument replaced =
          addInput(kernel, launches, type, placesHere, [&](OpBuilder &builder, tile::LaunchOp launch) {
            SmallVector<Value> sizes = sizesOfTensor(launch, numbers);
            return tile::LaunchOp::create(builder, op.getLoc(), TypeRange(type), symbol, ValueRange(), sizes)
                .getResult(0);
          });
      op.getResult(0).replaceAllUsesWith(replaced);
      op.erase();
      ++numTablesPeeled;
    }
  }

  void peelInputs(tile::KernelOp kernel, Launches &launches) {
    int64_t numPads = 0;
    for (Operation &op : llvm::make_early_inc_range(kernel.getBlock().without_terminator())) {
      auto input = op.getNumOperands() ? dyn_cast<BlockArgument>(op.getOperand(0)) : BlockArgument();
      if (!input)
        continue;
      unsigned number = input.getArgNumber();
      BlockArgument replaced;
      if (auto pad = dyn_cast<tensor::PadOp>(op); pad && hasConstantPad(pad)) {
        tile::KernelOp padKernel = createPadKernel(kernel, pad, numPads++);
        auto symbol = FlatSymbolRefAttr::get(padKernel.getSymNameAttr());
        SmallVector<int64_t> known(pad.getType().getRank(), -1);
        replaced =
            addInput(kernel, launches, pad.getType(), known, [&](OpBuilder &builder, tile::LaunchOp launch) {
              return tile::LaunchOp::create(builder, pad.getLoc(), pad.getType(), symbol,
                                            launch.getInputs()[number])
                  .getResult(0);
            });
        ++numPadsPeeled;
      } else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op);
                 expand &&
                 keepsUnknownDims(tensorType(expand.getResult()), expand.getReassociationIndices())) {
        auto dims =
            carryDims(dimsOfTensor(kernel, number, tensorType(input)), tensorType(expand.getResult()));
        replaced = addInput(kernel, launches, tensorType(expand.getResult()), *dims,
                            [&](OpBuilder &builder, tile::LaunchOp launch) {
                              return builder.createOrFold<tile::ViewOp>(expand.getLoc(), expand.getType(),
                                                                        launch.getInputs()[number],
                                                                        sizesOfTensor(launch, *dims));
                            });
        ++numReshapesPeeled;
      }
      if (!replaced)
        continue;
      op.getResult(0).replaceAllUsesWith(replaced);
      op.erase();
    }
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(kernel.getBlock())))
      if (isOpTriviallyDead(&op)) // padding values, inits of tables
        op.erase();
    dropUnusedInputs(kernel, launches);
  }

  void peelResult(tile::KernelOp kernel, Launches &launches) {
    Operation *yield = kernel.getBlock().getTerminator();
    auto collapse =
        yield->getNumOperands() ? yield->getOperand(0).getDefiningOp<tensor::CollapseShapeOp>() : nullptr;
    if (!collapse || !keepsUnknownDims(tensorType(collapse.getSrc()), collapse.getReassociationIndices()))
      return;
    SmallVector<SmallVector<int64_t>> dims;
    for (BlockArgument input : kernel.getInputs())
      dims.push_back(dimsOfTensor(kernel, dims.size(), tensorType(input)));
    dims.push_back(*carryDims(dimsOfTensor(kernel, dims.size(), tensorType(collapse.getResult())),
                              tensorType(collapse.getSrc())));
    yield->setOperand(0, collapse.getSrc());
    if (collapse->use_empty())
      collapse.erase();
    adoptBodyType(kernel, launches, dims);
    ++numReshapesPeeled;
  }
};

} // namespace
