// Rewrites launches after their kernel's inputs or results have changed.
#include "KernelEdit.h"

using namespace mlir;

namespace tegula::fuse {

Launches findLaunches(ModuleOp module) {
  Launches launches;
  module.walk([&](tile::LaunchOp launch) { launches[launch.getKernelAttr().getAttr()].push_back(launch); });
  return launches;
}

static void setInputs(tile::KernelOp kernel) {
  kernel.setFunctionType(FunctionType::get(kernel.getContext(), kernel.getBlock().getArgumentTypes(),
                                           kernel.getFunctionType().getResults()));
}

// ---- Sizes of tensors ----

SmallVector<int64_t> dimsOfTensor(tile::KernelOp kernel, unsigned tensor, RankedTensorType type) {
  SmallVector<int64_t> dims;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    dims.push_back(kernel.getTensorDim(tensor, dim));
  return dims;
}

/// The size arguments of all tensors, inputs first.
static SmallVector<SmallVector<int64_t>> allDims(tile::KernelOp kernel) {
  SmallVector<SmallVector<int64_t>> dims;
  for (Type type : llvm::concat<const Type>(kernel.getInputTypes(), kernel.getResultTypes()))
    dims.push_back(dimsOfTensor(kernel, dims.size(), cast<RankedTensorType>(type)));
  return dims;
}

/// Writes `dims` down; nothing where all dimensions are known.
static void setDims(tile::KernelOp kernel, ArrayRef<SmallVector<int64_t>> dims) {
  Builder builder(kernel.getContext());
  bool some = false;
  SmallVector<Attribute> attrs;
  for (ArrayRef<int64_t> tensor : dims) {
    some |= llvm::any_of(tensor, [](int64_t number) { return number >= 0; });
    attrs.push_back(builder.getDenseI64ArrayAttr(tensor));
  }
  kernel.setDimsAttr(some ? builder.getArrayAttr(attrs) : ArrayAttr());
}

SmallVector<KernelShape> tensorShapes(tile::KernelOp kernel) {
  SmallVector<KernelShape> shapes;
  for (Type type : llvm::concat<const Type>(kernel.getInputTypes(), kernel.getResultTypes())) {
    KernelShape shape;
    for (auto [dim, size] : llvm::enumerate(cast<RankedTensorType>(type).getShape())) {
      int64_t number = kernel.getTensorDim(shapes.size(), dim);
      shape.push_back(number < 0 ? KernelDim(size) : KernelDim::symbol(number, kernel.getContext()));
    }
    shapes.push_back(shape);
  }
  return shapes;
}

SmallVector<Value> sizesOfTensor(tile::LaunchOp launch, ArrayRef<int64_t> dims) {
  SmallVector<Value> sizes;
  for (int64_t number : dims)
    if (number >= 0)
      sizes.push_back(launch.getSizes()[number]);
  return sizes;
}

// ---- Size arguments ----

bool canAddSizes(tile::KernelOp kernel, Launches &launches) {
  return llvm::all_of(launches[kernel.getSymNameAttr()], [](tile::LaunchOp launch) {
    return llvm::all_of(launch.getSizes(), [](Value size) { return bool(tile::exprOf(size)); });
  });
}

/// What `size` is at one launch, in the model's symbols.
static graph::Dim sizeAt(tile::LaunchOp launch, KernelDim size) {
  graph::Shape given =
      llvm::map_to_vector<6>(launch.getSizes(), [](Value value) { return graph::Dim(tile::exprOf(value)); });
  return size.substitute(given);
}

unsigned sizeNumber(tile::KernelOp kernel, Launches &launches, KernelDim size) {
  MLIRContext *context = kernel.getContext();
  SmallVector<tile::LaunchOp> &calls = launches[kernel.getSymNameAttr()];
  unsigned count = kernel.getNumSizes();
  for (unsigned number = 0; number < count; ++number) {
    KernelDim known = KernelDim::symbol(number, context);
    auto agrees = [&](tile::LaunchOp launch) { return sizeAt(launch, known) == sizeAt(launch, size); };
    if (known == size || (!calls.empty() && llvm::all_of(calls, agrees)))
      return number;
  }
  for (tile::LaunchOp launch : calls) {
    OpBuilder builder(launch);
    Value added = tile::SizeOp::create(builder, launch.getLoc(), sizeAt(launch, size).expr(context));
    launch.getSizesMutable().append(added);
  }
  kernel.getBlock().addArgument(IndexType::get(context), kernel.getLoc());
  setInputs(kernel);
  return count;
}

/// Removes sizes that neither the body nor a tensor's dimensions need.
static void dropUnusedSizes(tile::KernelOp kernel, Launches &launches) {
  SmallVector<SmallVector<int64_t>> dims = allDims(kernel);
  for (unsigned number = kernel.getNumSizes(); number-- > 0;) {
    bool isDim =
        llvm::any_of(dims, [&](ArrayRef<int64_t> tensor) { return llvm::is_contained(tensor, number); });
    if (isDim || !kernel.getSizes()[number].use_empty())
      continue;
    kernel.getBlock().eraseArgument(kernel.getNumInputs() + number);
    setInputs(kernel);
    for (tile::LaunchOp launch : launches[kernel.getSymNameAttr()])
      launch.getSizesMutable().erase(number);
    for (SmallVector<int64_t> &tensor : dims)
      for (int64_t &each : tensor)
        each -= each > int64_t(number);
  }
  setDims(kernel, dims);
}

// ---- Tensors ----

BlockArgument addInput(tile::KernelOp kernel, Launches &launches, RankedTensorType type,
                       ArrayRef<int64_t> dims, OperandFn operand) {
  for (tile::LaunchOp launch : launches[kernel.getSymNameAttr()]) {
    OpBuilder builder(launch);
    Value added = operand(builder, launch);
    launch.getInputsMutable().append(added);
  }
  SmallVector<SmallVector<int64_t>> all = allDims(kernel);
  unsigned number = kernel.getNumInputs();
  all.insert(all.begin() + number, SmallVector<int64_t>(dims));
  BlockArgument argument = kernel.getBlock().insertArgument(number, type, kernel.getLoc());
  setInputs(kernel);
  setDims(kernel, all);
  return argument;
}

void dropUnusedInputs(tile::KernelOp kernel, Launches &launches) {
  Block &block = kernel.getBlock();
  SmallVector<SmallVector<int64_t>> dims = allDims(kernel);
  for (unsigned i = kernel.getNumInputs(); i-- > 0;) {
    if (!block.getArgument(i).use_empty())
      continue;
    block.eraseArgument(i);
    dims.erase(dims.begin() + i);
    for (tile::LaunchOp launch : launches[kernel.getSymNameAttr()])
      launch.getInputsMutable().erase(i);
  }
  setInputs(kernel);
  setDims(kernel, dims);
  dropUnusedSizes(kernel, launches);
}

void adoptBodyType(tile::KernelOp kernel, Launches &launches, ArrayRef<SmallVector<int64_t>> dims) {
  Block &block = kernel.getBlock();
  unsigned numInputs = kernel.getNumInputs();
  SmallVector<SmallVector<int64_t>> before = allDims(kernel);
  kernel.setFunctionType(FunctionType::get(kernel.getContext(), block.getArgumentTypes(),
                                           block.getTerminator()->getOperandTypes()));
  setDims(kernel, dims);
  for (tile::LaunchOp &launch : launches[kernel.getSymNameAttr()]) {
    OpBuilder builder(launch);
    SmallVector<Value> operands;
    for (auto [i, operand, type] : llvm::enumerate(launch.getInputs(), kernel.getInputTypes()))
      operands.push_back(
          builder.createOrFold<tile::ViewOp>(launch.getLoc(), type, operand, sizesOfTensor(launch, dims[i])));
    auto renewed = tile::LaunchOp::create(builder, launch.getLoc(), kernel.getResultTypes(),
                                          launch.getKernelAttr(), operands, launch.getSizes());
    renewed->setDiscardableAttrs(launch->getDiscardableAttrDictionary());
    for (auto [i, old, now] : llvm::enumerate(launch.getResults(), renewed.getResults()))
      old.replaceAllUsesWith(builder.createOrFold<tile::ViewOp>(
          launch.getLoc(), old.getType(), now, sizesOfTensor(launch, before[numInputs + i])));
    launch.erase();
    launch = renewed;
  }
  dropUnusedSizes(kernel, launches);
}

} // namespace tegula::fuse
