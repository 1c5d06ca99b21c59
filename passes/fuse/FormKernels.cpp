// Puts graph operations into kernels: graph operations in one function => launches of kernels whose bodies
// are linalg. This is where the language changes from what is computed to what runs together.
#include "Bodies.h"
#include "Expression.h"
#include "Groups.h"
#include "Remarks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/IRMapping.h"
#include "tegula/passes/fuse/Passes.h"
#include "llvm/ADT/StringSet.h"

namespace tegula::fuse {
#define GEN_PASS_DEF_FORMKERNELS
#include "tegula/passes/fuse/Passes.h.inc"
} // namespace tegula::fuse

using namespace mlir;
using namespace tegula;
using namespace tegula::fuse;

namespace {

/// The same elements under their storage type; weights are not copied.
TypedAttr storageValue(ElementsAttr value) {
  auto type = cast<RankedTensorType>(value.getType());
  auto stored = storageType(type);
  if (stored == type)
    return cast<TypedAttr>(value);
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) // a boolean is a byte in a resource
    return DenseResourceElementsAttr::get(stored, resource.getRawHandle());
  auto dense = cast<DenseElementsAttr>(value);
  unsigned width = stored.getElementTypeBitWidth();
  SmallVector<APInt> elements;
  if (dense.isSplat())
    elements.push_back(dense.getSplatValue<APInt>().zext(width));
  else
    for (const APInt &element : dense.getValues<APInt>())
      elements.push_back(element.zext(width));
  return cast<TypedAttr>(Attribute(DenseIntElementsAttr::get(stored, elements)));
}

/// The type outside of bodies: sizes are written on functions and launches, not in types.
RankedTensorType plainType(RankedTensorType type) {
  return RankedTensorType::get(type.getShape(), storageType(type.getElementType()));
}

/// The only value of a type without elements.
TypedAttr emptyValue(RankedTensorType type) { return DenseElementsAttr::get(type, ArrayRef<Attribute>()); }

/// Collects the names that locations carry: those of the model's nodes.
void collectNames(Location location, llvm::SetVector<StringAttr> &names) {
  if (auto name = dyn_cast<NameLoc>(location))
    names.insert(name.getName());
  else if (auto fused = dyn_cast<FusedLoc>(location))
    for (Location each : fused.getLocations())
      collectNames(each, names);
}

/// Writes one kernel for one group.
class KernelWriter {
public:
  explicit KernelWriter(const Group &group) : group(group) {
    members.insert(group.ops.begin(), group.ops.end());
  }

  /// Creates the kernel at the module's end; `inputs` are the graph values it takes, `constants` the values
  /// of its further arguments, `sizes` those of its size arguments.
  FailureOr<tile::KernelOp> write(ModuleOp module, StringRef name) {
    MLIRContext *context = module.getContext();
    SmallVector<Location> locations;
    llvm::SetVector<StringAttr> names;
    for (Operation *op : group.ops) {
      locations.push_back(op->getLoc());
      collectNames(op->getLoc(), names);
    }
    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    auto result = plainType(tensorType(group.root()->getResult(0)));
    auto kernel = tile::KernelOp::create(builder, FusedLoc::get(context, locations), name,
                                         FunctionType::get(context, {}, result));
    if (!names.empty())
      kernel->setAttr("tegula.nodes",
                      ArrayAttr::get(context, SmallVector<Attribute>(names.begin(), names.end())));
    block = &kernel.getBlock();
    KernelSizes kernelSizes(*block);
    askedSizes = &kernelSizes;
    builder.setInsertionPointToEnd(block);
    if (failed(writeBody(builder))) {
      kernel.erase();
      return failure();
    }
    hoistTables();
    dropUnused();
    writeDims(kernel);
    kernel.setFunctionType(FunctionType::get(context, block->getArgumentTypes(), result));
    sizes = kernelSizes.dims;
    return kernel;
  }

  llvm::SetVector<Value> inputs;
  SmallVector<TypedAttr> constants;
  SmallVector<Dim> sizes;

private:
  LogicalResult writeBody(OpBuilder &builder) {
    if (Operation *anchor = group.anchor) {
      for (Value operand : anchor->getOperands()) {
        Operation *producer = operand.getDefiningOp();
        if (producer && members.contains(producer) && !written.contains(operand) &&
            failed(writeProducer(builder, producer)))
          return failure();
      }
      if (failed(writeAlone(builder, anchor)))
        return failure();
    }
    if (group.root() != group.anchor)
      written[group.root()->getResult(0)] = writeExpressionOf(builder, group.root());
    tile::YieldOp::create(builder, group.root()->getLoc(), written[group.root()->getResult(0)]);
    return success();
  }

  /// What an anchor reads: a padded tensor, or an expression.
  LogicalResult writeProducer(OpBuilder &builder, Operation *producer) {
    if (isa<graph::PadOp>(producer))
      return writeAlone(builder, producer);
    written[producer->getResult(0)] = writeExpressionOf(builder, producer);
    return success();
  }

  LogicalResult writeAlone(OpBuilder &builder, Operation *op) {
    SmallVector<Value> operands =
        llvm::map_to_vector(op->getOperands(), [&](Value operand) { return tensorOf(operand); });
    TensorKit kit(builder, op->getLoc(), askedSizes);
    FailureOr<SmallVector<Value>> results = buildBody(kit, op, operands);
    if (failed(results))
      return failure();
    written[op->getResult(0)] = results->front();
    return success();
  }

  Value writeExpressionOf(OpBuilder &builder, Operation *root) {
    TensorKit kit(builder, root->getLoc(), askedSizes);
    auto inside = [&](Operation *op) { return members.contains(op) && !written.contains(op->getResult(0)); };
    return writeExpression(kit, root, inside, [&](Value value) { return tensorOf(value); });
  }

  /// The tensor in the body that holds a graph value: computed here, or an argument.
  Value tensorOf(Value value) {
    if (Value known = written.lookup(value))
      return known;
    inputs.insert(value);
    return written[value] = addTensor(storageType(tensorType(value)), value.getLoc());
  }

  /// One more tensor argument; sizes stand behind all tensors.
  BlockArgument addTensor(RankedTensorType type, Location location) {
    return block->insertArgument(numTensors++, type, location);
  }

  /// Only what is read is passed; empty tensors never are.
  void dropUnused() {
    for (size_t i = inputs.size(); i-- > 0;)
      if (block->getArgument(i).use_empty()) {
        block->eraseArgument(i);
        inputs.erase(inputs.begin() + i);
        --numTensors;
      }
  }

  /// Tables of numbers are data, not code: they become arguments.
  void hoistTables() {
    for (auto constant : llvm::make_early_inc_range(block->getOps<arith::ConstantOp>())) {
      if (!isa<RankedTensorType>(constant.getType()))
        continue;
      constants.push_back(constant.getValue());
      auto type = cast<RankedTensorType>(constant.getType());
      constant.replaceAllUsesWith(addTensor(type, constant.getLoc()));
      constant.erase();
    }
  }

  /// Says which size argument gives each unknown dimension, and takes sizes out of the body's types.
  void writeDims(tile::KernelOp kernel) {
    SmallVector<Value> tensors(block->getArguments().take_front(numTensors));
    llvm::append_range(tensors, block->getTerminator()->getOperands());
    auto isStatic = [](Value value) { return tensorType(value).hasStaticShape(); };
    Builder builder(kernel.getContext());
    if (!llvm::all_of(tensors, isStatic)) {
      SmallVector<Attribute> dims;
      for (Value tensor : tensors)
        dims.push_back(builder.getDenseI64ArrayAttr(llvm::map_to_vector(shapeOf(tensor), [&](Dim dim) {
          return dim.isStatic() ? int64_t(-1) : int64_t(askedSizes->number(dim));
        })));
      kernel.setDimsAttr(builder.getArrayAttr(dims));
    }
    auto strip = [](Value value) {
      if (auto type = dyn_cast<RankedTensorType>(value.getType()))
        value.setType(plainType(type));
    };
    llvm::for_each(block->getArguments(), strip);
    for (Operation &op : *block)
      llvm::for_each(op.getResults(), strip);
  }

  const Group &group;
  llvm::SmallDenseSet<Operation *> members;
  llvm::DenseMap<Value, Value> written;
  Block *block = nullptr;
  KernelSizes *askedSizes = nullptr;
  unsigned numTensors = 0;
};

/// Rewrites one function into launches, next to the old one, whose types the bodies still read.
class Launcher {
public:
  /// `names` are those of the module's symbols, to which kernels add theirs.
  Launcher(ModuleOp module, func::FuncOp from, llvm::StringSet<> &names)
      : module(module), from(from), names(names), builder(module.getContext()) {}

  LogicalResult run(bool fuse) {
    func::FuncOp to = createFunction();
    builder.setInsertionPointToEnd(&to.getBody().front());
    Refusals refusals;
    bool isHeard = from.getContext()->getRemarkEngine();
    SmallVector<Group> groups = formGroups(from.getBody().front(), fuse, isHeard ? &refusals : nullptr);
    if (isHeard)
      remarkEdges(from, groups, fuse, refusals);
    llvm::DenseMap<Operation *, const Group *> rootOf;
    for (const Group &group : groups) {
      rootOf[group.root()] = &group;
      numFused += group.ops.size() - 1;
    }
    for (Operation &op : from.getBody().front()) {
      if (auto ret = dyn_cast<func::ReturnOp>(op)) {
        SmallVector<Value> results;
        for (Value value : ret.getOperands())
          results.push_back(stored(value));
        func::ReturnOp::create(builder, ret.getLoc(), results);
      } else if (auto choose = dyn_cast<graph::ChooseOp>(op)) {
        if (!choose->use_empty() && !isEmpty(choose.getResult()))
          addChoice(choose);
      } else if (auto loop = dyn_cast<graph::LoopOp>(op)) {
        if (!loop->use_empty())
          addLoop(loop);
      } else if (auto found = rootOf.find(&op); found != rootOf.end()) {
        if (failed(launch(*found->second)))
          return failure();
      }
    }
    from.erase();
    return success();
  }

  int64_t numKernels = 0, numFused = 0, nextNumber = 0;

private:
  func::FuncOp createFunction() {
    builder.setInsertionPoint(from);
    auto stores = [](TypeRange types) {
      return llvm::map_to_vector(types,
                                 [](Type type) -> Type { return plainType(cast<RankedTensorType>(type)); });
    };
    FunctionType type = from.getFunctionType();
    auto to =
        func::FuncOp::create(builder, from.getLoc(), from.getName(),
                             builder.getFunctionType(stores(type.getInputs()), stores(type.getResults())));
    to->setDiscardableAttrs(from->getDiscardableAttrDictionary());
    to.setVisibility(from.getVisibility());
    if (ArrayAttr attrs = from.getArgAttrsAttr())
      to.setArgAttrsAttr(attrs);
    if (ArrayAttr attrs = from.getResAttrsAttr())
      to.setResAttrsAttr(attrs);
    for (auto [i, each] : llvm::enumerate(type.getInputs()))
      if (Attribute sizes = cast<RankedTensorType>(each).getEncoding())
        to.setArgAttr(i, "tegula.dims", sizes);
    for (auto [i, each] : llvm::enumerate(type.getResults()))
      if (Attribute sizes = cast<RankedTensorType>(each).getEncoding())
        to.setResultAttr(i, "tegula.dims", sizes);
    Block *entry = to.addEntryBlock();
    for (auto [before, after] : llvm::zip_equal(from.getArguments(), entry->getArguments()))
      values.map(before, after);
    return to;
  }

  /// The value in the new function; constants and views are written where they are first needed.
  Value stored(Value value) {
    if (Value known = values.lookupOrNull(value))
      return known;
    Operation *op = value.getDefiningOp();
    Value result;
    if (auto constant = dyn_cast<graph::ConstantOp>(op))
      result = arith::ConstantOp::create(builder, op->getLoc(), storageValue(constant.getValue()));
    else { // a view, or nothing
      auto type = plainType(tensorType(value));
      Value source;
      if (isEmpty(value))
        source = arith::ConstantOp::create(
            builder, op->getLoc(),
            emptyValue(type.hasStaticShape() ? type : RankedTensorType::get({0}, type.getElementType())));
      else
        source = stored(op->getOperand(0));
      SmallVector<Value> sizes = sizeValues(op->getLoc(), shapeOf(value));
      result = builder.createOrFold<tile::ViewOp>(op->getLoc(), type, source, sizes);
    }
    values.map(value, result);
    return result;
  }

  /// The values of those sizes that are unknown.
  SmallVector<Value> sizeValues(Location location, ShapeRef sizes) {
    SmallVector<Value> result;
    for (Dim dim : sizes)
      if (!dim.isStatic()) {
        Value &known = hostSizes[dim.expr(builder.getContext())];
        if (!known)
          known = tile::SizeOp::create(builder, location, dim.expr(builder.getContext()));
        result.push_back(known);
      }
    return result;
  }

  void addChoice(graph::ChooseOp choose) {
    Value condition = stored(choose.getCondition()), yes = stored(choose.getThenValue()),
          no = stored(choose.getElseValue());
    values.map(choose.getResult(),
               tile::ChooseOp::create(builder, choose.getLoc(), condition, yes, no,
                                      choose.getThenRequireAttr(), choose.getElseRequireAttr())
                   .getResult());
  }

  void addLoop(graph::LoopOp loop) {
    auto all = [&](ValueRange list) {
      return llvm::map_to_vector(list, [&](Value each) { return stored(each); });
    };
    std::optional<Dim> steps = loop.getSteps();
    Value count =
        steps ? tile::SizeOp::create(builder, loop.getLoc(), steps->expr(builder.getContext())).getResult()
              : stored(loop.getCount());
    SmallVector<Value> carried = all(loop.getCarried()), scanned = all(loop.getScanned()),
                       captured = all(loop.getCaptured());
    auto types = llvm::map_to_vector(
        loop.getResultTypes(), [](Type type) -> Type { return plainType(cast<RankedTensorType>(type)); });
    auto made =
        tile::LoopOp::create(builder, loop.getLoc(), types, loop.getBodyAttr(), count, carried, scanned,
                             captured, loop.getHistoriesAttr(), loop.getReversedAttr(), loop.getEndsAttr());
    values.map(loop.getResults(), made.getResults());
  }

  LogicalResult launch(const Group &group) {
    Operation *named = group.anchor ? group.anchor : group.root();
    std::string name;
    do // other functions, and kernels written by hand, have names too
      name = (named->getName().stripDialect() + "_" + Twine(nextNumber++)).str();
    while (!names.insert(name).second);
    ++numKernels;
    KernelWriter writer(group);
    FailureOr<tile::KernelOp> kernel = writer.write(module, name);
    if (failed(kernel))
      return failure();
    SmallVector<Value> inputs;
    for (Value input : writer.inputs)
      inputs.push_back(stored(input));
    for (TypedAttr table : writer.constants)
      inputs.push_back(arith::ConstantOp::create(builder, kernel->getLoc(), table));
    auto call = tile::LaunchOp::create(builder, kernel->getLoc(), kernel->getFunctionType().getResults(),
                                       FlatSymbolRefAttr::get(kernel->getSymNameAttr()), inputs,
                                       sizeValues(kernel->getLoc(), writer.sizes));
    values.map(group.root()->getResult(0), call.getResult(0));
    remarkKernel(*kernel, from, group);
    return success();
  }

  ModuleOp module;
  func::FuncOp from;
  llvm::StringSet<> &names;
  OpBuilder builder;
  IRMapping values;
  llvm::DenseMap<AffineExpr, Value> hostSizes;
};

struct FormKernels : fuse::impl::FormKernelsBase<FormKernels> {
  using FormKernelsBase::FormKernelsBase;

  /// Kernels take and give tensors only.
  static LogicalResult checkTensors(func::FuncOp function) {
    auto check = [&](Type type) -> LogicalResult {
      if (isa<RankedTensorType>(type))
        return success();
      return function.emitError("expected tensors as inputs and results, got ") << type;
    };
    if (!function.getBody().hasOneBlock())
      return function.emitError("expected a function of one block");
    for (ArrayRef<Type> types : {function.getArgumentTypes(), function.getResultTypes()})
      for (Type type : types)
        if (failed(check(type)))
          return failure();
    WalkResult walked = function.walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (!llvm::all_of(op->getResultTypes(), [&](Type type) { return succeeded(check(type)); }))
        return WalkResult::interrupt();
      return isa<graph::CustomOp>(op) ? WalkResult::skip() : WalkResult::advance(); // numbers are inside
    });
    return failure(walked.wasInterrupted());
  }

  void runOnOperation() override {
    llvm::StringSet<> names;
    for (auto symbol : getOperation().getOps<SymbolOpInterface>())
      names.insert(symbol.getName());
    for (auto function : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (function.isDeclaration())
        continue;
      if (failed(checkTensors(function)))
        return signalPassFailure();
      Launcher launcher(getOperation(), function, names);
      if (failed(launcher.run(fuse)))
        return signalPassFailure();
      numKernelsFormed += launcher.numKernels;
      numOpsFused += launcher.numFused;
    }
  }
};

} // namespace
