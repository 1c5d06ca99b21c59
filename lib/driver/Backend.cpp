// Assembles an artifact from the code of kernels, the host function and the memory plan, and describes what
// it holds.
#include "Backend.h"

#include "tegula/codegen/common/Passes.h"
#include "tegula/codegen/cpu/Passes.h"
#include "tegula/codegen/host/Host.h"

#include "tegula/support/Checked.h"
#include "tegula/support/Refusal.h"
#include "tegula/target/Groups.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace tegula::driver {

using codegen::cpu::Output;
using codegen::host::KernelNeeds;
using codegen::host::PlannedFunction;

/// The features of `machine` as LLVM writes a list of them.
static std::string featureList(const target::Machine &machine) {
  std::string list;
  for (const std::string &feature : machine.features)
    list += (list.empty() ? "+" : ",+") + feature;
  return list;
}

codegen::cpu::CpuCodegenOptions cpuOptions(const target::Machine &machine, int optLevel) {
  codegen::cpu::CpuCodegenOptions options;
  options.optLevel = optLevel;
  options.tuneFor = machine.cpu;
  options.vectorBits = machine.vectorBytes * 8;
  options.stackBytes = machine.stackBytes;
  options.nearBytes = machine.l2Bytes;
  options.features = featureList(machine);
  return options;
}

codegen::ptx::PtxCodegenOptions ptxOptions(const target::Machine &machine, int optLevel) {
  codegen::ptx::PtxCodegenOptions options;
  options.optLevel = optLevel;
  options.chip = machine.cpu;
  options.features = featureList(machine);
  options.stackBytes = machine.stackBytes;
  options.blockThreads = machine.groupCells;
  options.residentThreads = machine.clusterThreads;
  options.mostSharedBytes = machine.mostSharedBytes;
  options.residentSharedBytes = machine.clusterShared;
  return options;
}

importer::ImportOptions importOptionsFor(const CompileOptions &options) {
  importer::ImportOptions importing{options.dims, options.shapes, options.bound, options.ranges};
  importing.symbolic = true;
  importing.maxNodes = options.maxNodes;
  importing.maxNesting = options.maxNesting;
  importing.operatorFiles = options.operatorFiles;
  return importing;
}

PipelineOptions pipelineFor(const CompileOptions &options, const target::Machine &machine) {
  PipelineOptions pipeline;
  pipeline.optLevel = options.optLevel;
  pipeline.graph.optLevel = options.optLevel;
  pipeline.graph.keepDenormals = options.keepDenormals;
  pipeline.graph.evaluate = [keep = options.keepDenormals](ModuleOp part,
                                                           SmallVectorImpl<DenseElementsAttr> &results) {
    return evaluateModule(part, results, keep);
  };
  pipeline.fuse.fuse = options.optLevel > 0;
  pipeline.schedule.machine = machine.name;
  pipeline.schedule.file = options.schedFile;
  pipeline.schedule.precision = options.precision;
  pipeline.language = machine.language;
  if (machine.language == target::Language::Ptx) {
    pipeline.ptx = ptxOptions(machine, options.optLevel);
    pipeline.cpu.features = ""; // the host function runs on whatever CPU is beside the card
  } else {
    pipeline.cpu = cpuOptions(machine, options.optLevel);
  }
  pipeline.cpu.keepDenormals = options.keepDenormals;
  return pipeline;
}

// ---- artifact ----

/// The names of the model's nodes behind an operation.
std::vector<std::string> nodesOf(Operation *op) {
  llvm::SetVector<StringRef> names;
  op->getLoc()->walk([&](Location loc) {
    if (auto name = dyn_cast<NameLoc>(loc))
      names.insert(name.getName());
    return WalkResult::advance();
  });
  std::vector<std::string> result;
  for (StringRef name : names)
    result.push_back(name.str());
  return result;
}

static StringRef numpyName(Type type, StringRef given) {
  if (!given.empty())
    return given;
  if (type.isInteger())
    switch (type.getIntOrFloatBitWidth()) {
    case 1:
      return "bool";
    case 8:
      return "int8";
    case 16:
      return "int16";
    case 32:
      return "int32";
    default:
      return "int64";
    }
  return type.isF16() ? "float16" : type.isBF16() ? "bfloat16" : type.isF64() ? "float64" : "float32";
}

/// The sizes of an input or output, and for people what the unknown ones are.
static LogicalResult describeSizes(func::FuncOp main, Type type, DictionaryAttr attributes, bool isInput,
                                   artifact::TensorInfo &info) {
  graph::Shape shape = codegen::host::interfaceShape(type, attributes);
  SmallVector<std::string> names = graph::readSymbols(main);
  bool isKnown = graph::isStatic(shape);
  for (graph::Dim size : shape) {
    info.dims.push_back(size.fixed().value_or(artifact::unknownSize));
    if (isKnown)
      continue;
    info.dimNames.push_back(size.isStatic() ? "" : size.text(names));
    if (!isInput)
      continue;
    auto symbol = dyn_cast<AffineSymbolExpr>(size.expr(main.getContext()));
    if (!size.isStatic() && !symbol)
      return main.emitError("expected numbers and symbols as sizes of inputs, got ") << size.text(names);
    info.dimSymbols.push_back(symbol ? int32_t(symbol.getPosition()) : -1);
  }
  return success();
}

static LogicalResult checkRank(func::FuncOp main, ShapedType tensor) {
  if (tensor.getRank() > int64_t(artifact::mostDims))
    return refuse(main.emitError(), Code::Unsupported)
           << "expected inputs and outputs of at most " << int64_t(artifact::mostDims) << " dimensions, got "
           << tensor.getRank();
  return success();
}

LogicalResult checkInterface(func::FuncOp main) {
  for (Type type : llvm::concat<const Type>(main.getArgumentTypes(), main.getResultTypes()))
    if (auto tensor = dyn_cast<RankedTensorType>(type); tensor && failed(checkRank(main, tensor)))
      return failure();
  return success();
}

static FailureOr<artifact::TensorInfo> describe(func::FuncOp main, Type type, DictionaryAttr attributes,
                                                bool isInput, const Twine &fallbackName) {
  auto text = [&](StringRef key) {
    auto attribute = attributes ? attributes.getAs<StringAttr>(key) : StringAttr();
    return attribute ? attribute.getValue() : StringRef();
  };
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || (!tensor.hasStaticShape() && !(attributes && attributes.contains("tegula.dims"))))
    return main.emitError("expected inputs and outputs whose sizes are known or written down, got ") << type;
  if (failed(checkRank(main, tensor)))
    return failure();
  artifact::TensorInfo info;
  info.name = text("tegula.name").empty() ? fallbackName.str() : text("tegula.name").str();
  std::optional<artifact::DType> dtype =
      artifact::parseDType(numpyName(tensor.getElementType(), text("tegula.dtype")).str());
  if (!dtype)
    return main.emitError("expected an element type that an artifact can hold, got ")
           << tensor.getElementType();
  info.dtype = *dtype;
  if (failed(describeSizes(main, type, attributes, isInput, info)))
    return failure();
  Checked bytes(artifact::dtypeSize(info.dtype));
  for (int64_t size : info.dims)
    bytes *= size == artifact::unknownSize ? 1 : size;
  if (!bytes.valid())
    return refuse(main.emitError(), Code::TooMuchMemory)
           << "expected " << (isInput ? "input" : "output") << " '" << info.name
           << "' to have sizes below 2^60 in all, got " << graph::shapeText(graph::shapeOf(type));
  return info;
}

/// Inputs are found by their names, and so are outputs.
static LogicalResult checkNames(func::FuncOp main, ArrayRef<artifact::TensorInfo> tensors, StringRef what) {
  llvm::StringSet<> names;
  for (const artifact::TensorInfo &tensor : tensors)
    if (!names.insert(tensor.name).second)
      return refuse(main.emitError(), Code::DuplicateName)
             << "expected each " << what << " once, got '" << tensor.name << "' twice";
  return success();
}

static LogicalResult describeInterface(func::FuncOp main, artifact::Manifest &manifest) {
  for (auto [index, type] : llvm::enumerate(main.getArgumentTypes())) {
    FailureOr<artifact::TensorInfo> info =
        describe(main, type, main.getArgAttrDict(index), /*isInput=*/true, "input" + Twine(index));
    if (failed(info))
      return failure();
    manifest.inputs.push_back(std::move(*info));
  }
  for (auto [index, type] : llvm::enumerate(main.getResultTypes())) {
    FailureOr<artifact::TensorInfo> info =
        describe(main, type, main.getResultAttrDict(index), /*isInput=*/false, "output" + Twine(index));
    if (failed(info))
      return failure();
    manifest.outputs.push_back(std::move(*info));
  }
  return success(succeeded(checkNames(main, manifest.inputs, "input")) &&
                 succeeded(checkNames(main, manifest.outputs, "output")));
}

/// The code of an object, without what else is in it; of text all.
static uint64_t codeBytesOf(const CompiledKernel &kernel) {
  if (kernel.needs.isApart)
    return kernel.code.size();
  llvm::Expected<uint64_t> bytes = codegen::cpu::codeBytesOf(kernel.code);
  return bytes ? *bytes : (llvm::consumeError(bytes.takeError()), 0);
}

/// The kernels, and the numbers of each in the manifest.
static llvm::StringMap<uint32_t> describeKernels(ModuleOp module, ArrayRef<CompiledKernel> kernels,
                                                 artifact::TargetInfo &target) {
  llvm::StringMap<uint32_t> numbers;
  SymbolTable symbols(module);
  for (const CompiledKernel &kernel : kernels) {
    auto op = symbols.lookup<tile::KernelOp>(kernel.name);
    std::string schedule;
    if (op.getSched())
      llvm::raw_string_ostream(schedule) << op.getSched();
    numbers[kernel.name] = target.kernels.size();
    target.kernels.push_back({kernel.name, nodesOf(op), schedule, kernel.launch, codeBytesOf(kernel)});
  }
  return numbers;
}

/// The launches of a function and of the bodies of its loops, in the order of their numbers.
static void describeDispatches(const PlannedFunction &planned, const llvm::StringMap<uint32_t> &numbers,
                               ArrayRef<CompiledKernel> kernels, artifact::TargetInfo &target) {
  SmallVector<std::string> names = graph::readSymbols(planned.function);
  auto describe = [&](tile::LaunchOp launch) {
    uint32_t number = numbers.lookup(launch.getKernel());
    graph::Dim cells = codegen::host::cellsOf(launch, kernels[number].needs);
    target.dispatches.push_back({number, cells.fixed().value_or(artifact::unknownSize), nodesOf(launch),
                                 cells.isStatic() ? "" : cells.text(names)});
  };
  func::FuncOp function = planned.function;
  function.walk(describe);
  for (const PlannedFunction &body : planned.bodies)
    func::FuncOp(body.function).walk(describe);
}

static LogicalResult planFunction(PlannedFunction &function, ArrayRef<PlannedFunction> bodies,
                                  const llvm::StringMap<KernelNeeds> &needs,
                                  codegen::host::WeightLayout &weights) {
  auto plan = codegen::host::planMemory(function.function, needs, weights, bodies);
  if (failed(plan))
    return failure();
  function.plan = std::move(*plan);
  return success();
}

/// Plans the memory of @main and its variants, @main first, and of the bodies of their loops.
static FailureOr<std::vector<PlannedFunction>> planFunctions(ModuleOp module, func::FuncOp main,
                                                             const llvm::StringMap<KernelNeeds> &needs,
                                                             codegen::host::WeightLayout &weights) {
  std::vector<PlannedFunction> functions(1);
  functions.front().function = main;
  for (auto function : module.getOps<func::FuncOp>())
    if (function != main && !function.isPrivate()) // those are bodies of loops
      functions.emplace_back().function = function;
  for (PlannedFunction &each : functions) {
    if (failed(codegen::host::settleSymbols(each.function)))
      return failure();
    for (func::FuncOp body : codegen::host::bodiesOf(each.function)) {
      PlannedFunction planned;
      planned.function = body;
      if (failed(planFunction(planned, each.bodies, needs, weights)))
        return failure();
      each.bodies.push_back(std::move(planned));
    }
    if (failed(planFunction(each, each.bodies, needs, weights)))
      return failure();
  }
  return functions;
}

namespace {
/// Numbers of dispatches, both ends included.
struct DispatchRange {
  uint32_t first = 0, last = 0;
};
} // namespace

static DispatchRange hullOf(std::optional<DispatchRange> a, DispatchRange b) {
  return a ? DispatchRange{std::min(a->first, b.first), std::max(a->last, b.last)} : b;
}

/// The dispatches of each moment of a plan: of a launch its own, of a loop all of its bodies, which are
/// numbered behind the function's launches. None of a loop whose bodies launch nothing.
static SmallVector<std::optional<DispatchRange>> dispatchesOf(const PlannedFunction &planned) {
  func::FuncOp function = planned.function;
  uint32_t next = llvm::range_size(function.getOps<tile::LaunchOp>());
  llvm::DenseMap<Operation *, DispatchRange> ofBody;
  for (const PlannedFunction &body : planned.bodies) {
    func::FuncOp steps = body.function;
    if (uint32_t count = llvm::range_size(steps.getOps<tile::LaunchOp>())) {
      ofBody[steps] = {next, next + count - 1};
      next += count;
    }
  }
  SmallVector<std::optional<DispatchRange>> moments;
  uint32_t number = 0;
  for (Operation &op : function.getBody().front()) {
    if (isa<tile::LaunchOp>(op)) {
      moments.push_back(DispatchRange{number, number});
      ++number;
    } else if (auto loop = dyn_cast<tile::LoopOp>(op)) {
      std::optional<DispatchRange> &range = moments.emplace_back();
      for (func::FuncOp body : codegen::host::bodiesOf(loop))
        if (auto own = ofBody.find(body); own != ofBody.end())
          range = hullOf(range, own->second);
    }
  }
  return moments;
}

/// The moment with dispatches at which most of `sizes` are in use.
static std::optional<int64_t> fullestMoment(ArrayRef<codegen::host::MemoryPlan::Buffer> buffers,
                                            ArrayRef<double> sizes,
                                            ArrayRef<std::optional<DispatchRange>> moments) {
  std::optional<int64_t> peak;
  double most = 0, used = 0;
  SmallVector<double> change(moments.size() + 1, 0); // whole numbers, whose sums are exact
  for (auto [buffer, size] : llvm::zip_equal(buffers, sizes)) {
    change[buffer.first] += size;
    change[buffer.last + 1] -= size;
  }
  for (int64_t now = 0; now < int64_t(moments.size()); ++now) {
    used += change[now];
    if (moments[now] && (!peak || used > most)) {
      most = used;
      peak = now;
    }
  }
  return peak;
}

/// Which buffers fill the arena where it is fullest.
static void describeBuffers(const PlannedFunction &main, artifact::TargetInfo &target) {
  constexpr int64_t middle = 64; // as the plan takes sizes that symbols decide
  SmallVector<std::string> names = graph::readSymbols(main.function);
  SmallVector<int64_t> samples(names.size(), middle);
  for (auto [sample, range] : llvm::zip(samples, graph::readRanges(main.function)))
    sample = std::clamp(sample, range.lowest, range.highest);
  ArrayRef<codegen::host::MemoryPlan::Buffer> buffers = main.plan.buffers;
  auto sizes = llvm::map_to_vector(buffers, [&](const codegen::host::MemoryPlan::Buffer &buffer) {
    return static_cast<double>(buffer.bytes.evaluate(samples).value_or(0));
  });
  SmallVector<std::optional<DispatchRange>> moments = dispatchesOf(main);
  std::optional<int64_t> peak = fullestMoment(buffers, sizes, moments);
  if (!peak)
    return;
  SmallVector<size_t> order;
  for (size_t i = 0; i < buffers.size(); ++i)
    if (buffers[i].first <= *peak && *peak <= buffers[i].last)
      order.push_back(i);
  llvm::sort(order, [&](size_t a, size_t b) { return std::pair(-sizes[a], a) < std::pair(-sizes[b], b); });
  order.resize(std::min(order.size(), artifact::mostBuffers));
  target.peakDispatch = moments[*peak]->first;
  for (size_t i : order) {
    graph::Dim bytes = buffers[i].bytes;
    DispatchRange range = *moments[*peak];
    for (int64_t now = buffers[i].first; now <= buffers[i].last; ++now)
      if (moments[now])
        range = hullOf(range, *moments[now]);
    target.buffers.push_back({nodesOf(buffers[i].owner), bytes.fixed().value_or(artifact::unknownSize),
                              bytes.isStatic() ? "" : bytes.text(names), range.first, range.last,
                              buffers[i].scratch});
  }
}

/// What the manifest says of @main's memory and of its variants, and all their launches.
static void describeFunctions(ArrayRef<PlannedFunction> functions, const llvm::StringMap<uint32_t> &numbers,
                              ArrayRef<CompiledKernel> kernels, artifact::TargetInfo &target) {
  auto most = [](const PlannedFunction &each) {
    return uint64_t(codegen::host::mostArenaBytes(each.function, each.plan).value_or(0));
  };
  const PlannedFunction &main = functions.front();
  target.arenaBytes = main.plan.arenaBytes;
  target.arenaFormula = codegen::host::arenaFormula(main.function, main.plan);
  target.mostArenaBytes = most(main);
  describeDispatches(main, numbers, kernels, target);
  describeBuffers(main, target);
  for (const PlannedFunction &each : functions.drop_front()) {
    artifact::VariantInfo variant;
    SmallVector<graph::FixedSize> fixed = graph::readFixed(each.function);
    for (const std::string &name : graph::readSymbols(main.function)) {
      auto *size = llvm::find_if(fixed, [&](const graph::FixedSize &one) { return one.first == name; });
      variant.sizes.push_back(size == fixed.end() ? 0 : size->second);
    }
    variant.firstDispatch = target.dispatches.size();
    describeDispatches(each, numbers, kernels, target);
    variant.dispatchCount = target.dispatches.size() - variant.firstDispatch;
    variant.arenaBytes = each.plan.arenaBytes;
    variant.arenaFormula = codegen::host::arenaFormula(each.function, each.plan);
    variant.mostArenaBytes = most(each);
    target.variants.push_back(std::move(variant));
  }
}

/// What all targets share: inputs, outputs and the sizes that a run chooses.
static LogicalResult describeModel(func::FuncOp main, artifact::Manifest &manifest) {
  for (std::string &name : graph::readSymbols(main))
    manifest.symbols.push_back(std::move(name));
  for (const graph::SymbolRange &range : graph::readRanges(main))
    manifest.symbolBounds.push_back({range.lowest, range.highest});
  return describeInterface(main, manifest);
}

static LogicalResult link(ArrayRef<CompiledKernel> kernels, const std::string &host, func::FuncOp main,
                          artifact::ArtifactContents &contents) {
  std::vector<std::string> objects = {host}, apart;
  for (const CompiledKernel &kernel : kernels)
    (kernel.needs.isApart ? apart : objects).push_back(kernel.code);
  SmallVector<StringRef> entries = {codegen::host::entryName};
  if (!contents.manifest.symbols.empty())
    entries.push_back(codegen::host::shapesName);
  auto image = codegen::cpu::linkImage(
      objects, entries, [](StringRef symbol) { return artifact::isImportAllowed(std::string_view(symbol)); });
  if (!image)
    return main.emitError("internal: ") << llvm::toString(image.takeError());
  contents.code.push_back({std::move(image->bytes), codegen::ptx::joinModules(apart)});
  artifact::TargetInfo &target = contents.manifest.targets.back();
  target.entry = image->entries.front();
  target.shapes = entries.size() > 1 ? image->entries.back() : 0;
  for (auto &import : image->imports)
    target.imports.push_back({import.symbol, import.slot});
  return success();
}

/// Launches stand one behind the other in the entry functions, and LLVM takes time by the square of their
/// number to make good code of them; beside what a launch does, how it is called costs nothing.
static constexpr size_t mostHotLaunches = 512;

/// How many launches are as much code as the functions are; a loop is several blocks.
static size_t launchesIn(ArrayRef<PlannedFunction> functions) {
  constexpr size_t ofLoop = 4;
  size_t count = 0;
  for (const PlannedFunction &each : functions) {
    func::FuncOp function = each.function;
    function.walk([&](Operation *op) {
      count += isa<tile::LoopOp>(op) ? ofLoop : isa<tile::LaunchOp>(op) ? 1 : 0;
    });
    count += launchesIn(each.bodies);
  }
  return count;
}

FailureOr<std::string> assemble(ModuleOp module, ArrayRef<CompiledKernel> kernels, Output output,
                                const PipelineOptions &options, const Provenance &provenance,
                                codegen::host::WeightLayout &weights, artifact::ArtifactContents &contents,
                                std::string *ir) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main)
    return module.emitError("expected a function @main");
  llvm::StringMap<KernelNeeds> needs;
  for (const CompiledKernel &kernel : kernels)
    needs[kernel.name] = kernel.needs;
  FailureOr<std::vector<PlannedFunction>> functions = planFunctions(module, main, needs, weights);
  if (failed(functions))
    return failure();
  artifact::Manifest &manifest = contents.manifest;
  artifact::TargetInfo &target = manifest.targets.emplace_back();
  FailureOr<OwningOpRef<ModuleOp>> host = codegen::host::lowerHost(*functions, needs, target.checks);
  if (failed(host))
    return failure();
  codegen::cpu::CpuCodegenOptions hostOptions = options.cpu;
  hostOptions.isCold = launchesIn(*functions) > mostHotLaunches;
  llvm::Expected<std::string> code = codegen::cpu::emitModule(**host, output, hostOptions);
  if (!code)
    return main.emitError("internal: ") << llvm::toString(code.takeError());
  if (ir) {
    llvm::Expected<std::string> text = codegen::cpu::emitModule(**host, Output::LlvmIr, hostOptions);
    if (!text)
      return main.emitError("internal: ") << llvm::toString(text.takeError());
    *ir = std::move(*text);
  }

  manifest.producer = "tegula " TEGULA_VERSION;
  manifest.modelHash = provenance.modelHash;
  manifest.flags = provenance.flags;
  target.name = provenance.machine.name;
  if (options.language == target::Language::Ptx) {
    target.language = artifact::Language::Ptx;
    StringRef(provenance.machine.cpu).drop_until(llvm::isDigit).consumeInteger(10, target.architecture);
  } else {
    target.features = provenance.machine.features;
  }
  target.keepDenormals = provenance.keepDenormals;
  std::tie(target.weightsBegin, target.weightsEnd) = weights.takeExtent();
  std::tie(target.packs, target.packedBytes) = weights.takePacks();
  target.weightsEnd = llvm::alignTo(target.weightsEnd, codegen::host::bufferAlignment); // as the file has it
  describeFunctions(*functions, describeKernels(module, kernels, target), kernels, target);
  if (manifest.targets.size() == 1 && failed(describeModel(main, manifest)))
    return failure();
  if (output == Output::Object && failed(link(kernels, *code, main, contents)))
    return failure();
  return std::move(*code);
}

} // namespace tegula::driver
