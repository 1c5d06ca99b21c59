// Finds what makes a compiled model compute other values than -O0: first the kernel, by running all of them
// with their results as outputs, then the pass, by running the IR after each of them. It exists because a
// wrong number says nothing about where it comes from.
#include "BisectCodegen.h"
#include "Diagnostics.h"
#include "Inserted.h"

#include "tegula/driver/Register.h"
#include "tegula/import/Import.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;

namespace tegula::driver {

namespace {

/// The module as it was after a pass.
struct Stage {
  Phase phase;
  std::string pass, pipeline; ///< its flag, and as --pass-pipeline takes it
  OwningOpRef<ModuleOp> after;
};

/// The first element of a constant, everywhere; null where it cannot be read.
DenseElementsAttr spread(ElementsAttr elements, RankedTensorType type) {
  if (auto dense = dyn_cast<DenseElementsAttr>(elements))
    return DenseElementsAttr::get(type, *dense.value_begin<Attribute>());
  auto resource = dyn_cast<DenseResourceElementsAttr>(elements);
  AsmResourceBlob *blob = resource ? resource.getRawHandle().getBlob() : nullptr;
  size_t bytes = type.getElementTypeBitWidth() / 8;
  if (!blob || bytes == 0 || blob->getData().size() < bytes)
    return {};
  return DenseElementsAttr::getFromRawBuffer(type, blob->getData().take_front(bytes));
}

/// A launch whose result is an output of the function too.
struct Watched {
  tile::LaunchOp launch;
  size_t output;
};

/// Makes the result of every launch an output, but for sides of choices, which a run may leave out.
std::vector<Watched> watchLaunches(func::FuncOp main) {
  Operation *terminator = main.getBody().front().getTerminator();
  SmallVector<Value> results(terminator->getOperands());
  std::vector<Watched> watched;
  main.walk([&](tile::LaunchOp launch) {
    Value result = launch.getOutputs().front();
    if (llvm::any_of(result.getUsers(), llvm::IsaPred<tile::ChooseOp>))
      return;
    auto *known = llvm::find(results, result);
    watched.push_back({launch, static_cast<size_t>(known - results.begin())});
    if (known == results.end())
      results.push_back(result);
  });
  terminator->setOperands(results);
  SmallVector<Type> types = llvm::map_to_vector(results, [](Value value) { return value.getType(); });
  SmallVector<DictionaryAttr> attributes;
  main.getAllResultAttrs(attributes);
  attributes.resize(types.size(), DictionaryAttr::get(main.getContext()));
  main.setFunctionType(FunctionType::get(main.getContext(), main.getArgumentTypes(), types));
  main.setAllResultAttrs(attributes);
  return watched;
}

/// A module that holds one launch: what it reads and is no constant becomes an argument.
OwningOpRef<ModuleOp> isolate(ModuleOp module, tile::LaunchOp launch, SmallVectorImpl<Value> &inputs) {
  OwningOpRef<ModuleOp> alone = ModuleOp::create(launch.getLoc());
  OpBuilder builder = OpBuilder::atBlockEnd(alone->getBody());
  auto main = func::FuncOp::create(builder, launch.getLoc(), "main", builder.getFunctionType({}, {}));
  Block *block = main.addEntryBlock();
  auto inside = OpBuilder::atBlockEnd(block);
  IRMapping mapping;
  std::function<void(Value)> bring = [&](Value value) {
    if (mapping.contains(value))
      return;
    Operation *op = value.getDefiningOp();
    bool isConstant = op && (op->hasTrait<OpTrait::ConstantLike>() || isa<tile::SizeOp>(op));
    bool isOfConstant = op && isa<tile::ViewOp>(op) && tile::isConstant(value);
    if (!isConstant && !isOfConstant) {
      inputs.push_back(value);
      mapping.map(value, block->addArgument(value.getType(), launch.getLoc()));
      return;
    }
    for (Value operand : op->getOperands())
      bring(operand);
    inside.clone(*op, mapping);
  };
  for (Value operand : launch->getOperands())
    bring(operand);
  Operation *copy = inside.clone(*launch, mapping);
  func::ReturnOp::create(inside, launch.getLoc(), copy->getResults());
  main.setFunctionType(builder.getFunctionType(block->getArgumentTypes(), copy->getResultTypes()));
  for (unsigned i = 0; i < main.getNumArguments(); ++i)
    main.setArgAttr(i, "tegula.name", builder.getStringAttr("arg" + Twine(i)));
  alone->push_back(module.lookupSymbol(launch.getKernel())->clone());
  return alone;
}

class Search {
public:
  Search(const CompileOptions &options, const std::vector<HostTensor> &inputs, const BisectHooks &hooks)
      : options(options), inputs(inputs), hooks(hooks) {
    DialectRegistry registry;
    registerDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    context.disableMultithreading(); // passes are watched one after the other
  }

  BisectResult run(const std::string &path) {
    DiagnosticCollector collector(context, result.messages);
    if (!prepare(path) || !search())
      fail();
    return std::move(result);
  }

private:
  void fail() {
    if (result.messages.empty())
      error(Code::Internal, "the search failed without saying why");
    result.outcome = settle(result.messages, Code::Internal);
  }
  bool error(Code code, const std::string &text) {
    result.messages.push_back({Message::Severity::Error, "", "", 0, text, "", "", code});
    return false;
  }

  bool prepare(const std::string &path) {
    std::optional<target::Machine> found = target::findMachine(options.target);
    if (!found)
      return error(Code::UnknownTarget, "expected a target that is known, got '" + options.target + "'");
    machine = *found;
    pipeline = pipelineFor(options, machine);
    llvm::Expected<std::vector<InsertedPass>> inserted =
        readInserted(options.insertedPasses, Phase::Import, Phase::Codegen, context);
    if (!inserted)
      return error(Code::InvalidInsertedPass, "--insert-pass: " + llvm::toString(inserted.takeError()));
    pipeline.inserted = std::move(*inserted);
    importer::ImportOptions importing = importOptionsFor(options);
    importing.ranges.clear();
    importing.symbolic = false;
    auto model = importer::readModel(path, result.messages, {options.maxNodes, options.maxNesting});
    auto imported = model ? importer::importModel(model, context, importing, result.messages)
                          : FailureOr<OwningOpRef<ModuleOp>>(failure());
    if (failed(imported))
      return false;
    start = std::move(*imported);
    return true;
  }

  // ---- running ----

  using Values = std::vector<HostTensor>;

  /// What -O0 makes of a state of the module.
  bool runNaively(ModuleOp module, const Values &on, Values &outputs) {
    OwningOpRef<ModuleOp> copy = module.clone();
    FailureOr<std::vector<uint8_t>> bytes = compileNaively(*copy, options.keepDenormals);
    std::string why;
    return succeeded(bytes) &&
           (hooks.run(std::move(*bytes), true, on, outputs, why) || error(Code::RunFailed, why));
  }

  /// What -O0 makes of a state of one kernel's code; no value, without an error, where it cannot go on from
  /// there.
  std::optional<Values> runFrom(ModuleOp tiled, const CodegenStage &stage, const Values &on) {
    size_t said = result.messages.size();
    CompileOptions slow = options;
    slow.optLevel = 0;
    OwningOpRef<ModuleOp> copy = tiled.clone();
    auto bytes =
        finishNaively(*copy, stage, pipelineFor(slow, machine), {"", "", machine, options.keepDenormals});
    Values outputs;
    std::string why;
    if (succeeded(bytes) && hooks.run(std::move(*bytes), false, on, outputs, why))
      return outputs;
    result.messages.resize(said);
    return std::nullopt;
  }

  /// What all passes make of a module behind the schedule phase.
  bool runFully(ModuleOp module, const Values &on, Values &outputs) {
    OwningOpRef<ModuleOp> copy = module.clone();
    if (failed(runPhase(Phase::Tile, *copy, pipeline)))
      return false;
    auto output = pipeline.language == target::Language::Ptx ? codegen::cpu::Output::Assembly
                                                             : codegen::cpu::Output::Object;
    auto kernels = compileKernels(*copy, output, pipeline);
    artifact::ArtifactContents contents;
    codegen::host::WeightLayout weights(options.keepDenormals);
    Provenance provenance{"", "", machine, options.keepDenormals};
    if (failed(kernels) || failed(assemble(*copy, *kernels, codegen::cpu::Output::Object, pipeline,
                                           provenance, weights, contents)))
      return false;
    contents.weights = weights.takeChunks();
    std::vector<uint8_t> bytes;
    std::string why;
    return artifact::writeArtifact(contents, bytes, why)
               ? hooks.run(std::move(bytes), false, on, outputs, why) || error(Code::RunFailed, why)
               : error(Code::Internal, why);
  }

  /// The first difference of two lists of values, "" where there is none.
  std::string difference(const Values &got, const Values &expected) const {
    for (size_t i = 0; i < std::min(got.size(), expected.size()); ++i)
      if (std::string why = hooks.differs(got[i], expected[i]); !why.empty())
        return why;
    return got.size() == expected.size() ? "" : "expected as many results";
  }

  /// Runs the passes of a phase and those that are inserted after it, and keeps what stands after each.
  bool runWatched(Phase phase, ModuleOp module, std::vector<Stage> &stages) {
    auto keep = [&](std::string pass, std::string text, OwningOpRef<ModuleOp> after) {
      stages.push_back({phase, std::move(pass), std::move(text), std::move(after)});
    };
    PassManager pm(&context, ModuleOp::getOperationName());
    PassWatcher::watch(pm, keep);
    populatePhase(phase, pm, pipeline);
    if (failed(pm.run(module)))
      return false;
    for (const InsertedPass &pass : pipeline.inserted) {
      PassManager manager(&context, ModuleOp::getOperationName());
      PassWatcher::watch(manager, keep);
      if (pass.after == phase &&
          (failed(parsePassPipeline(pass.pipeline, manager)) || failed(manager.run(module))))
        return false;
    }
    return true;
  }

  // ---- the search ----

  bool search() {
    std::vector<Stage> stages;
    OwningOpRef<ModuleOp> module = start->clone();
    Values expected, got;
    if (!runNaively(*start, inputs, expected))
      return false;
    for (Phase phase : {Phase::Import, Phase::Graph, Phase::Fuse, Phase::Schedule})
      if (!runWatched(phase, *module, stages))
        return false;
    if (!runNaively(*module, inputs, got))
      return false;
    if (std::string why = difference(got, expected); !why.empty())
      return findPass(*start, stages, inputs, expected, "");
    return findKernel(*module);
  }

  /// Of a module behind the schedule phase, which computes what it should: the first launch that all passes
  /// compile to something else.
  bool findKernel(ModuleOp module) {
    OwningOpRef<ModuleOp> copy = module.clone();
    auto main = copy->lookupSymbol<func::FuncOp>("main");
    std::vector<Watched> watched = watchLaunches(main);
    Values expected, got;
    if (!runNaively(*copy, inputs, expected) || !runFully(*copy, inputs, got))
      return false;
    for (const Watched &each : watched) {
      std::string why = hooks.differs(got[each.output], expected[each.output]);
      if (why.empty())
        continue;
      SmallVector<Value> sources;
      OwningOpRef<ModuleOp> alone = isolate(*copy, each.launch, sources);
      Values seeded = seededFor(*alone), real = valuesOf(sources, watched, expected, *alone);
      for (const Values *on : {&seeded, &real})
        if (int found = judgeAlone(*alone, *on, each, why, on == &real); found != 0)
          return found > 0;
    }
    return true;
  }

  /// Whether one kernel alone is wrong on these values: 1 and the result filled in, 0 where not, -1 where
  /// that cannot be found out.
  int judgeAlone(ModuleOp alone, const Values &on, const Watched &watched, const std::string &why,
                 bool isReal) {
    Values expected, got;
    if (on.size() != alone.lookupSymbol<func::FuncOp>("main").getNumArguments())
      return 0;
    if (!runNaively(alone, on, expected) || !runFully(alone, on, got))
      return -1;
    if (difference(got, expected).empty())
      return 0;
    tile::LaunchOp launch = watched.launch;
    result.kernel = launch.getKernel().str();
    result.nodes = nodesOf(launch);
    result.kernelDifference = why;
    std::vector<Stage> stages;
    OwningOpRef<ModuleOp> module = alone.clone();
    if (!runWatched(Phase::Tile, *module, stages))
      return -1;
    std::string target = options.target == "native" ? "" : " --target " + options.target;
    if (pipeline.language == target::Language::Ptx)
      target += " --device emulator";
    if (!findPass(alone, stages, on, expected, target))
      return -1;
    if (isReal)
      result.messages.push_back({Message::Severity::Note, "", "", 0,
                                 "the kernel was judged on what the model gives it; on the seeded values of "
                                 "the command that replays it, it may be right"});
    return 1;
  }

  /// The first of `stages` after which the module computes something else than `expected`; if none does, what
  /// follows them is wrong.
  bool findPass(ModuleOp first, std::vector<Stage> &stages, const Values &on, const Values &expected,
                const std::string &target) {
    size_t good = 0, bad = stages.size() + 1; // numbers of stages from 1; 0 is the beginning
    std::string badWhy;
    while (good + 1 < bad) {
      size_t middle = (good + bad) / 2;
      Values got;
      if (!runNaively(*stages[middle - 1].after, on, got))
        return false;
      std::string why = difference(got, expected);
      (why.empty() ? good : bad) = middle;
      if (!why.empty())
        badWhy = why;
    }
    ModuleOp before = good ? *stages[good - 1].after : first;
    if (bad > stages.size())
      return findInCodegen(first, before, on, expected, target);
    const Stage &guilty = stages[bad - 1];
    result.phase = nameOf(guilty.phase).str();
    result.pass = guilty.pass;
    result.difference = badWhy;
    result.replay = replayOf(guilty.pipeline);
    auto isBroken = [&](ModuleOp module) {
      OwningOpRef<ModuleOp> after = module.clone();
      PassManager pm(&context, ModuleOp::getOperationName());
      Values right, got;
      return readPipeline(guilty.pipeline, pm) && succeeded(pm.run(*after)) &&
             runNaively(module, on, right) && runNaively(*after, on, got) && !difference(got, right).empty();
    };
    writeReproducer(before, isBroken);
    return true;
  }

  /// The first pass of code generation, of `tiled`, after which the kernel computes something else than
  /// `expected`; if none does, LLVM makes it wrong. `launch` is the module before it was tiled.
  bool findInCodegen(ModuleOp launch, ModuleOp tiled, const Values &on, const Values &expected,
                     const std::string &target) {
    result.phase = "codegen";
    result.difference = result.kernelDifference;
    result.replay = "tegula-equiv FILE FILE -O 2" + target;
    CompileOptions slow = options;
    slow.optLevel = 0;
    auto stages = codegenStages(tiled, pipeline, pipelineFor(slow, machine));
    if (failed(stages))
      return false;
    const CodegenStage *good = nullptr;
    for (const CodegenStage &stage : *stages) {
      std::optional<Values> got = runFrom(tiled, stage, on);
      std::string why = got ? difference(*got, expected) : "";
      if (!why.empty() && good) {
        result.pass = stage.pass;
        result.difference = why;
        bool isNext = good + 1 == &stage && !hasMachineCode(*good->module);
        if (isNext)
          result.replay = replayOf(stage.pipeline);
        if (isNext)
          result.reproducer = textOf(*good->module);
        break;
      }
      if (!why.empty())
        break; // -O0's own code generation is wrong: the whole phase is to blame
      good = got ? &stage : good;
    }
    if (result.pass.empty() && good == &stages->back())
      result.pass = "LLVM";
    auto isBroken = [&](ModuleOp module) {
      Values right, got;
      return runNaively(module, on, right) && runFully(module, on, got) && !difference(got, right).empty();
    };
    if (result.reproducer.empty())
      writeReproducer(launch, isBroken);
    return true;
  }

  /// What tegula-equiv cannot call.
  static bool hasMachineCode(ModuleOp module) {
    return module
        .walk([](Operation *op) {
          StringRef dialect = op->getName().getDialectNamespace();
          return dialect == "llvm" || dialect == "nvvm" || dialect == "cf" ? WalkResult::interrupt()
                                                                           : WalkResult::advance();
        })
        .wasInterrupted();
  }

  static std::string replayOf(const std::string &pipeline) {
    return "tegula-opt FILE --pass-pipeline='" + pipeline + "' | tegula-equiv FILE -";
  }

  static bool readPipeline(StringRef text, PassManager &pm) {
    registerPassNames();
    StringRef inner = text;
    return inner.consume_front("builtin.module(") && inner.consume_back(")") &&
           succeeded(parsePassPipeline(inner, pm));
  }

  static std::string textOf(ModuleOp module) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    module.print(stream, OpPrintingFlags().enableDebugInfo(false));
    return text;
  }

  /// A copy in which large constants are their first element everywhere.
  static OwningOpRef<ModuleOp> withoutWeights(ModuleOp module) {
    constexpr int64_t most = 64;
    OwningOpRef<ModuleOp> copy = module.clone();
    copy->walk([&](Operation *op) {
      if (!op->hasTrait<OpTrait::ConstantLike>())
        return;
      for (NamedAttribute attribute : llvm::to_vector(op->getAttrs()))
        if (auto elements = dyn_cast<ElementsAttr>(attribute.getValue()))
          if (auto type = dyn_cast<RankedTensorType>(elements.getType());
              type && type.getNumElements() > most && !elements.isSplat())
            if (DenseElementsAttr splat = spread(elements, type))
              op->setAttr(attribute.getName(), splat);
    });
    return copy;
  }

  /// Writes the module down, without weights where it is wrong without them too.
  void writeReproducer(ModuleOp module, llvm::function_ref<bool(ModuleOp)> isBroken) {
    constexpr size_t mostBytes = 64 << 20;
    size_t said = result.messages.size();
    OwningOpRef<ModuleOp> small = withoutWeights(module);
    bool isEnough = isBroken(*small);
    result.messages.resize(said); // what cannot be run is not smaller
    result.reproducer = textOf(isEnough ? *small : module);
    if (result.reproducer.size() <= mostBytes)
      return;
    result.messages.push_back(
        {Message::Severity::Note, "", "", 0,
         "no reproducer is written: it would have " + std::to_string(result.reproducer.size()) + " bytes"});
    result.reproducer.clear();
    result.replay.clear();
  }

  // ---- values ----

  static std::string dtypeOf(Type element) {
    if (element.isInteger())
      return "int" + std::to_string(element.getIntOrFloatBitWidth());
    return element.isBF16() ? "bfloat16" : "float" + std::to_string(element.getIntOrFloatBitWidth());
  }

  /// Fewer than the module takes where one is a number that may be a position: it must not be any number.
  Values seededFor(ModuleOp module) {
    Values values;
    auto main = module.lookupSymbol<func::FuncOp>("main");
    for (auto [i, type] : llvm::enumerate(main.getArgumentTypes())) {
      auto tensor = cast<RankedTensorType>(type);
      if (!isa<FloatType>(tensor.getElementType()))
        return {};
      values.push_back(hooks.seeded("arg" + std::to_string(i), dtypeOf(tensor.getElementType()),
                                    {tensor.getShape().begin(), tensor.getShape().end()}));
    }
    return values;
  }

  /// What the launch really reads; fewer where that is not known.
  Values valuesOf(ArrayRef<Value> sources, const std::vector<Watched> &watched, const Values &outputs,
                  ModuleOp alone) const {
    Values values;
    auto main = alone.lookupSymbol<func::FuncOp>("main");
    for (auto [i, source] : llvm::enumerate(sources)) {
      Value root = source;
      while (auto view = root.getDefiningOp<tile::ViewOp>())
        root = view.getSource();
      HostTensor value;
      if (auto argument = dyn_cast<BlockArgument>(root)) {
        value = inputs[argument.getArgNumber()];
      } else {
        const auto *made =
            std::find_if(watched.data(), watched.data() + watched.size(), [&](const Watched &each) {
              tile::LaunchOp launch = each.launch;
              return launch.getOutputs().front() == root;
            });
        if (made == watched.data() + watched.size())
          return {};
        value = outputs[made->output];
      }
      auto type = cast<RankedTensorType>(main.getArgumentTypes()[i]);
      value.shape.assign(type.getShape().begin(), type.getShape().end());
      value.dtype = dtypeOf(type.getElementType());
      values.push_back(std::move(value));
    }
    return values;
  }

  const CompileOptions &options;
  const Values &inputs;
  const BisectHooks &hooks;
  MLIRContext context;
  target::Machine machine;
  PipelineOptions pipeline;
  OwningOpRef<ModuleOp> start;
  BisectResult result;
};

} // namespace
} // namespace tegula::driver

namespace tegula {

BisectResult bisectModel(const std::string &path, const CompileOptions &options,
                         const std::vector<HostTensor> &inputs, const BisectHooks &hooks) {
  try {
    return driver::Search(options, inputs, hooks).run(path);
  } catch (const std::bad_alloc &) {
    BisectResult result;
    result.messages.push_back(
        {Message::Severity::Error, "", "", 0, "out of memory", "", "", Code::OutOfMemory});
    result.outcome = Outcome::ResourceLimit;
    return result;
  }
}

} // namespace tegula
