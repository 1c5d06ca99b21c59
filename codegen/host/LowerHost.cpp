// Writes the entry function of CodeAbi.h: the launches of @main in their order, each with the addresses of
// its buffers.
#include "tegula/codegen/host/Host.h"

#include "Bodies.h"
#include "ChooseVariant.h"
#include "LowerBranches.h"
#include "LowerLoops.h"
#include "LowerShapes.h"
#include "Sizes.h"

#include "tegula/dialects/tile/Tile.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace tegula::codegen::host {
namespace {

class HostWriter {
public:
  /// `declared` holds the kernels that the module knows, to which the function adds those that it launches.
  HostWriter(ModuleOp module, const PlannedFunction &function, const llvm::StringMap<KernelNeeds> &kernels,
             llvm::StringMap<LLVM::LLVMFuncOp> &declared)
      : main(function.function), plan(function.plan), kernels(kernels), declared(declared),
        builder(main.getContext()), loc(main.getLoc()), module(module),
        pointer(LLVM::LLVMPointerType::get(main.getContext())), symbolNames(graph::readSymbols(main)),
        loops(function.function, function.plan) {}

  /// Writes the entry function under `name`, the body of a loop for this module alone; launches are numbered
  /// from `dispatch` on, which becomes the next free number.
  void writeEntry(const std::string &name, const std::string &rootName, bool isBody, int32_t &dispatch,
                  std::vector<artifact::Check> &checks) {
    startEntry(name, isBody);
    BranchWriter branches(main, checks);
    loops.start({builder, entry, *sizes, [&](const Place &place) { return addressOf(place); },
                 [&](func::FuncOp body) { return nameOfBody(rootName, body); }});
    if (branches.any() || loops.any())
      writeSizes();
    branches.start(
        {builder, entry, *sizes, [&](Value value) { return addressOf(plan.places.lookup(value)); }});
    for (Operation &op : main.getBody().front()) {
      if (auto launch = dyn_cast<tile::LaunchOp>(op)) {
        branches.enter(launch);
        writeLaunch(launch, dispatch++);
      } else if (auto loop = dyn_cast<tile::LoopOp>(op)) {
        branches.enter(loop);
        loops.write(loop);
      }
      branches.settle(&op);
    }
    branches.leave();
    LLVM::ReturnOp::create(builder, loc, constant(builder.getI32Type(), 0));
  }

  static std::string nameOfBody(const std::string &rootName, func::FuncOp body) {
    return rootName + "." + body.getName().str();
  }

private:
  Value constant(Type type, int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, type, builder.getIntegerAttr(type, value));
  }

  /// The address `offset` elements of `element` behind `base`.
  Value address(Type element, Value base, int64_t offset) {
    return address(element, base, constant(builder.getI64Type(), offset));
  }
  Value address(Type element, Value base, Value offset) {
    return LLVM::GEPOp::create(builder, loc, pointer, element, base, ArrayRef<LLVM::GEPArg>{offset});
  }

  void startEntry(StringRef name, bool isBody) {
    builder.setInsertionPointToStart(module.getBody());
    Type i32 = builder.getI32Type();
    auto type = LLVM::LLVMFunctionType::get(i32, SmallVector<Type>(7, pointer));
    entry = LLVM::LLVMFuncOp::create(builder, loc, name, type);
    if (isBody)
      entry.setLinkage(LLVM::Linkage::Internal);
    else
      entry.setVisibility_(LLVM::Visibility::Hidden);
    entry.setDsoLocal(true);
    builder.setInsertionPointToStart(entry.addEntryBlock(builder));
    size_t most = 1;
    main.walk([&](tile::LaunchOp launch) {
      most = std::max<size_t>(most, launch.getInputs().size() + launch.getOutputs().size() + 2);
    });
    buffers = LLVM::AllocaOp::create(builder, loc, pointer, pointer, constant(builder.getI64Type(), most));
    launchFunction = LLVM::LoadOp::create(builder, loc, pointer, entry.getArgument(0));
    sizes.emplace(builder, loc, entry.getArgument(5), /*checked=*/false);
    // Every size is computed here, once, for all launches.
    if (!plan.slots.empty())
      slotOffsets = writeSlots(*sizes, plan).offsets;
    main.walk([&](tile::LaunchOp launch) { writeSizeArray(launch); });
  }

  /// Computes what code in branches would compute where it is not known to the code behind them.
  void writeSizes() {
    main.walk([&](tile::LaunchOp launch) {
      sizes->write(cellsOf(launch, kernels.lookup(launch.getKernel())));
      for (Value value : llvm::concat<Value>(SmallVector<Value>(launch.getInputs()),
                                             SmallVector<Value>(launch.getOutputs())))
        sizes->write(plan.places.lookup(value).within);
      sizes->write(plan.scratch.lookup(launch).within);
    });
    loops.writeSizes();
  }

  /// Stores the sizes of a launch in an array, which launches of equal sizes share.
  void writeSizeArray(tile::LaunchOp launch) {
    if (launch.getSizes().empty())
      return;
    SmallVector<Value> values;
    for (graph::Dim size : sizesOf(launch))
      values.push_back(sizes->write(size));
    Value &array = sizeArrays[ArrayAttr::get(
        main.getContext(), llvm::map_to_vector(sizesOf(launch), [&](graph::Dim size) -> Attribute {
          return AffineMapAttr::get(AffineMap::get(0, symbolNames.size(), size.expr(main.getContext())));
        }))];
    if (!array) {
      Type i64 = builder.getI64Type();
      array = LLVM::AllocaOp::create(builder, loc, pointer, i64, constant(i64, values.size()));
      for (auto [index, value] : llvm::enumerate(values))
        LLVM::StoreOp::create(builder, loc, value, address(i64, array, int64_t(index)));
    }
    sizeArrayOf[launch] = array;
  }

  LLVM::LLVMFuncOp kernelFunction(StringRef name) {
    LLVM::LLVMFuncOp &function = declared[name];
    if (function)
      return function;
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    Type i64 = builder.getI64Type();
    auto type =
        LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()), {pointer, i64, i64});
    function = LLVM::LLVMFuncOp::create(builder, loc, name, type);
    function.setVisibility_(LLVM::Visibility::Hidden);
    function.setDsoLocal(true);
    return function;
  }

  Value addressOf(const Place &place) {
    switch (place.kind) {
    case Place::Kind::Input:
      return LLVM::LoadOp::create(builder, loc, pointer, address(pointer, entry.getArgument(1), place.index));
    case Place::Kind::Output:
      return LLVM::LoadOp::create(builder, loc, pointer, address(pointer, entry.getArgument(2), place.index));
    case Place::Kind::Weights:
      return address(builder.getI8Type(), entry.getArgument(3), place.index);
    case Place::Kind::Packed:
      return address(builder.getI8Type(), entry.getArgument(6), place.index);
    case Place::Kind::Arena:
      return address(builder.getI8Type(), entry.getArgument(4), place.index);
    case Place::Kind::Slot:
      return address(builder.getI8Type(), entry.getArgument(4),
                     sizes->add(slotOffsets[place.index], sizes->write(place.within)));
    case Place::Kind::Pointer:
      return LLVM::LoadOp::create(builder, loc, pointer, loops.holder(place.index));
    }
    llvm_unreachable("every kind of place is handled");
  }

  void writeLaunch(tile::LaunchOp launch, int32_t dispatch) {
    int64_t slot = 0;
    auto pass = [&](Value where) {
      LLVM::StoreOp::create(builder, loc, where, address(pointer, buffers, slot++));
    };
    for (Value input : launch.getInputs())
      pass(addressOf(plan.places.lookup(input)));
    for (Value output : launch.getOutputs())
      pass(addressOf(plan.places.lookup(output)));
    if (auto scratch = plan.scratch.find(launch); scratch != plan.scratch.end())
      pass(addressOf(scratch->second));
    if (Value array = sizeArrayOf.lookup(launch))
      pass(array);
    Value kernel =
        kernels.lookup(launch.getKernel()).isApart
            ? LLVM::ZeroOp::create(builder, loc, pointer).getResult()
            : LLVM::AddressOfOp::create(builder, loc, kernelFunction(launch.getKernel())).getResult();
    Value cells = sizes->write(cellsOf(launch, kernels.lookup(launch.getKernel())));
    auto type =
        LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()),
                                    {pointer, pointer, pointer, builder.getI64Type(), builder.getI32Type()});
    LLVM::CallOp::create(builder, loc, type,
                         ValueRange{launchFunction, entry.getArgument(0), kernel, buffers, cells,
                                    constant(builder.getI32Type(), dispatch)});
  }

  func::FuncOp main;
  const MemoryPlan &plan;
  const llvm::StringMap<KernelNeeds> &kernels;
  llvm::StringMap<LLVM::LLVMFuncOp> &declared;
  OpBuilder builder;
  Location loc;
  ModuleOp module;
  Type pointer;
  LLVM::LLVMFuncOp entry;
  Value buffers, launchFunction;
  SmallVector<std::string> symbolNames;
  std::optional<SizeWriter> sizes;
  SmallVector<Value> slotOffsets;
  DenseMap<Attribute, Value> sizeArrays;
  DenseMap<Operation *, Value> sizeArrayOf;
  LoopWriter loops;
};

} // namespace

graph::Dim cellsOf(tile::LaunchOp launch, const KernelNeeds &needs) {
  return needs.cells ? forLaunch(needs.cells, sizesOf(launch)) : graph::Dim(1);
}

FailureOr<OwningOpRef<ModuleOp>> lowerHost(ArrayRef<PlannedFunction> functions,
                                           const llvm::StringMap<KernelNeeds> &kernels,
                                           std::vector<artifact::Check> &checks) {
  func::FuncOp main = functions.front().function;
  OwningOpRef<ModuleOp> module = ModuleOp::create(main.getLoc());
  int32_t dispatch = 0;
  llvm::StringMap<LLVM::LLVMFuncOp> declared;
  for (auto [number, function] : llvm::enumerate(functions)) {
    HostNames names = namesOf(functions, number);
    if (!graph::readSymbols(function.function).empty())
      writeShapes(*module, names.shapes, function.function, function.plan, kernels, checks);
    HostWriter(*module, function, kernels, declared)
        .writeEntry(names.entry, names.entry, /*isBody=*/false, dispatch, checks);
    for (const PlannedFunction &body : function.bodies)
      HostWriter(*module, body, kernels, declared)
          .writeEntry(HostWriter::nameOfBody(names.entry, body.function), names.entry, /*isBody=*/true,
                      dispatch, checks);
  }
  if (failed(chooseVariant(*module, functions)))
    return failure();
  return std::move(module);
}

} // namespace tegula::codegen::host
