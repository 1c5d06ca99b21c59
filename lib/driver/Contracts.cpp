// What must hold after each phase: the dialects of a table, and beside it one predicate for what a phase
// promises about its operations. It exists because a broken promise is cheapest where it is broken.
#include "tegula/driver/Pipeline.h"

#include "tegula/artifact/Artifact.h"
#include "tegula/cost/KernelShape.h"
#include "tegula/dialects/graph/Dim.h"
#include "tegula/dialects/graph/Graph.h"
#include "tegula/support/Refusal.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include "llvm/ADT/StringSet.h"

#include <set>

using namespace mlir;

namespace tegula::driver {

// ---- dialects ----

namespace {
/// Which dialects may stand outside and inside kernels after a phase.
struct Contract {
  Phase phase;
  StringRef name;
  ArrayRef<StringRef> host, kernel;
};
} // namespace

static constexpr StringRef graphHost[] = {"builtin", "func", "graph"};
static constexpr StringRef tileHost[] = {"builtin", "func", "arith", "tile"};
static constexpr StringRef linalgBody[] = {"tile", "linalg", "tensor", "arith", "math", "scf", "ub"};
static constexpr StringRef tiledBody[] = {"tile", "linalg", "tensor", "arith", "math", "scf", "ub", "affine"};
/// People may write vectors themselves.
static constexpr StringRef writtenBody[] = {"tile", "linalg", "tensor", "arith", "math",
                                            "scf",  "ub",     "affine", "vector"};
static constexpr StringRef llvmOnly[] = {"builtin", "llvm", "nvvm"};

static constexpr Contract contracts[] = {
    {Phase::Import, "import", graphHost, {}},    {Phase::Graph, "graph", graphHost, {}},
    {Phase::Fuse, "fuse", tileHost, linalgBody}, {Phase::Schedule, "schedule", tileHost, linalgBody},
    {Phase::Tile, "tile", tileHost, tiledBody},  {Phase::Codegen, "codegen", llvmOnly, {}},
};

StringRef nameOf(Phase phase) { return contracts[int(phase)].name; }

std::optional<Phase> phaseOfName(StringRef name) {
  for (const Contract &contract : contracts)
    if (contract.name == name)
      return contract.phase;
  return std::nullopt;
}

/// Says which operation under `root` is of none of the dialects in `allowed`; kernels are passed over.
/// `report` begins the message.
static LogicalResult checkDialects(Operation *root, ArrayRef<StringRef> allowed, const Contract &contract,
                                   function_ref<InFlightDiagnostic(Operation *)> report) {
  WalkResult result = root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op != root && isa<tile::KernelOp>(op) && !contract.kernel.empty())
      return WalkResult::skip();
    if (llvm::is_contained(allowed, op->getName().getDialectNamespace()))
      return isa<graph::CustomOp>(op) ? WalkResult::skip() : WalkResult::advance(); // it checks its body
    report(op) << "expected no such operation after " << contract.name << ", got " << op->getName();
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

static LogicalResult checkDialects(const Contract &contract, ModuleOp module,
                                   function_ref<InFlightDiagnostic(Operation *)> report) {
  if (failed(checkDialects(module, contract.host, contract, report)))
    return failure();
  for (auto kernel : module.getOps<tile::KernelOp>())
    if (failed(checkDialects(kernel, contract.kernel, contract, report)))
      return failure();
  return success();
}

// ---- promises ----

static InFlightDiagnostic broken(Operation *op) { return op->emitError("internal: "); }

/// The size of dimension `dim` of input `index`, over the function's symbols; null where nothing says it.
static AffineExpr sizeOf(func::FuncOp function, unsigned index, unsigned dim) {
  auto type = cast<RankedTensorType>(function.getArgumentTypes()[index]);
  auto written = dyn_cast_or_null<AffineMapAttr>(type.getEncoding());
  if (!written)
    written = function.getArgAttrOfType<AffineMapAttr>(index, "tegula.dims");
  if (written && written.getValue().getNumResults() == type.getRank())
    return written.getValue().getResult(dim);
  return type.isDynamicDim(dim) ? AffineExpr()
                                : getAffineConstantExpr(type.getDimSize(dim), function.getContext());
}

/// Whether the inputs of `variant` are as large as those of `main` are for the sizes that it fixes: the host
/// function compares only these before it takes the variant.
static bool hasFixedSizes(func::FuncOp variant, func::FuncOp main) {
  SmallVector<AffineExpr> known;
  auto fixed = graph::readFixed(variant);
  for (auto [number, name] : llvm::enumerate(graph::readSymbols(main))) {
    auto found = llvm::find_if(fixed, [&](const auto &each) { return each.first == name; });
    known.push_back(found == fixed.end() ? getAffineSymbolExpr(number, main.getContext())
                                         : getAffineConstantExpr(found->second, main.getContext()));
  }
  for (auto [index, type] : llvm::enumerate(main.getArgumentTypes()))
    for (int64_t dim = 0; dim < cast<RankedTensorType>(type).getRank(); ++dim) {
      AffineExpr general = sizeOf(main, index, dim), own = sizeOf(variant, index, dim);
      if (isa_and_nonnull<AffineConstantExpr>(own) && (!general || general.replaceSymbols(known) != own))
        return false;
    }
  return true;
}

/// Whether a function is @main for some sizes only, with the same inputs and outputs.
static bool isVariant(Operation &op, func::FuncOp main) {
  auto function = dyn_cast<func::FuncOp>(op);
  if (!function || graph::readFixed(function).empty() || function.isDeclaration() ||
      !function.getBody().hasOneBlock() || function.getNumArguments() != main.getNumArguments() ||
      function.getNumResults() != main.getNumResults())
    return false;
  auto isSame = [](auto pair) {
    auto one = dyn_cast<RankedTensorType>(std::get<0>(pair)),
         other = dyn_cast<RankedTensorType>(std::get<1>(pair));
    return one && other && one.getRank() == other.getRank() && one.getElementType() == other.getElementType();
  };
  return llvm::all_of(llvm::zip_equal(function.getArgumentTypes(), main.getArgumentTypes()), isSame) &&
         llvm::all_of(llvm::zip_equal(function.getResultTypes(), main.getResultTypes()), isSame) &&
         hasFixedSizes(function, main);
}

/// The body of a loop.
static bool isBody(Operation &op) {
  auto function = dyn_cast<func::FuncOp>(op);
  return function && function.isPrivate() && !function.isExternal() && function.getBody().hasOneBlock();
}

/// After import and graph: one function @main, whose tensors have known sizes or expressions for them.
static LogicalResult checkGraph(ModuleOp module) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || llvm::any_of(*module.getBody(), [&](Operation &op) {
        return &op != main && !isVariant(op, main) && !isBody(op);
      }))
    return broken(module)
           << "expected one function @main and nothing but variants and bodies of loops beside it";
  WalkResult walked = module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    for (Type type : op->getResultTypes())
      if (!isa<RankedTensorType>(type)) {
        broken(op) << "expected values that are tensors with a rank, got " << type;
        return WalkResult::interrupt();
      } else if (failed(graph::checkSizes(type, [&] { return broken(op); }))) {
        return WalkResult::interrupt();
      }
    return isa<graph::CustomOp>(op) ? WalkResult::skip() : WalkResult::advance();
  });
  return failure(walked.wasInterrupted());
}

/// After import: besides, every operation is called by a name of the model. Functions and what ends their
/// blocks stand for no node.
static LogicalResult checkImport(ModuleOp module) {
  if (failed(checkGraph(module)))
    return failure();
  WalkResult walked = module.walk<WalkOrder::PreOrder>([](Operation *op) {
    if (isa<ModuleOp, func::FuncOp>(op) || op->hasTrait<OpTrait::IsTerminator>() ||
        isa<NameLoc>(op->getLoc()))
      return isa<graph::CustomOp>(op) ? WalkResult::skip() : WalkResult::advance();
    broken(op) << "expected the name of the model's node as the location of " << op->getName() << ", got "
               << op->getLoc();
    return WalkResult::interrupt();
  });
  return failure(walked.wasInterrupted());
}

/// After fuse: @main computes nothing itself, and each of its results is the result of a launch or a choice
/// that no other is, if through views.
static LogicalResult checkFuse(ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>()) {
    for (Operation &op : function.getOps())
      if (isa<arith::ArithDialect>(op.getDialect()) && !isa<arith::ConstantOp>(op))
        return broken(&op) << "expected computations inside of kernels, got " << op.getName();
    llvm::SmallPtrSet<void *, 8> taken;
    for (auto [index, value] : llvm::enumerate(function.front().getTerminator()->getOperands())) {
      Value root = value;
      while (auto view = root.getDefiningOp<tile::ViewOp>())
        root = view.getSource();
      auto loop = root.getDefiningOp<tile::LoopOp>();
      bool isComputed = loop ? loop.isStacked(cast<OpResult>(root))
                             : isa_and_nonnull<tile::LaunchOp, tile::ChooseOp>(root.getDefiningOp());
      if (!isComputed || !taken.insert(root.getAsOpaquePointer()).second)
        return broken(function) << "expected the result of a launch of its own as result " << index;
    }
  }
  return success();
}

/// Whether what the scheduler wrote fits the kernel and the kind of machine. What people write is reported by
/// the stage that cannot obey.
static LogicalResult checkLegal(tile::KernelOp kernel, const PipelineOptions &options) {
  sched::ScheduleAttr schedule = kernel.getSched();
  auto type = dyn_cast<RankedTensorType>(kernel.getResultTypes().front());
  int64_t rank = type ? type.getRank() : 0, tiles = schedule.getTile().size();
  if (tiles && tiles != rank)
    return broken(kernel) << "expected a tile size for each of " << rank << " dimensions, got " << tiles;
  for (ArrayRef<sched::LevelAttr> levels : {schedule.getGrid(), schedule.getLoops()})
    for (sched::LevelAttr level : levels)
      if (int64_t(level.getDim()) >= rank)
        return broken(kernel) << "expected a schedule that names one of " << rank << " dimensions, got "
                              << level.getDim();
  if (schedule.getBlock() && options.language != target::Language::Ptx)
    return broken(kernel) << "expected no block of threads in a schedule for a CPU";
  return success();
}

/// Everything but the schedules of kernels.
static llvm::hash_code hashOfRest(ModuleOp module) {
  llvm::hash_code hash(0);
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    NamedAttrList attributes(op->getAttrDictionary());
    if (auto kernel = dyn_cast<tile::KernelOp>(op))
      attributes.erase(kernel.getScheduleAttrName());
    hash = llvm::hash_combine(hash, op, op->getName(), attributes.getDictionary(op->getContext()));
    for (Value operand : op->getOperands())
      hash = llvm::hash_combine(hash, operand);
    for (Type type : op->getResultTypes())
      hash = llvm::hash_combine(hash, type);
  });
  return hash;
}

PhaseStart::PhaseStart(Phase phase, ModuleOp module) {
  if (phase != Phase::Schedule)
    return;
  rest = hashOfRest(module);
  for (auto kernel : module.getOps<tile::KernelOp>())
    if (kernel.getSched())
      scheduled.insert(kernel);
}

/// Whether a block that people asked for is for such a machine.
static LogicalResult checkAsked(tile::KernelOp kernel, const PipelineOptions &options) {
  if (kernel.getSched() && kernel.getSched().getBlock() && options.language != target::Language::Ptx)
    return refuse(kernel.emitError(), Code::InvalidSchedule)
           << "expected no block of threads in a schedule for a CPU";
  return success();
}

/// After schedule: kernels that can be cut have legal schedules, and nothing else has changed. A file of
/// schedules may take some away.
static LogicalResult checkSchedule(ModuleOp module, const PipelineOptions &options, const PhaseStart &start) {
  if (hashOfRest(module) != start.rest)
    return broken(module) << "expected nothing but schedules to change in this phase";
  for (auto kernel : module.getOps<tile::KernelOp>()) {
    bool isAsked = !options.schedule.file.empty() || start.scheduled.contains(kernel);
    if (options.optLevel > 0 && isAsked && failed(checkAsked(kernel, options)))
      return failure();
  }
  if (options.optLevel == 0 || !options.schedule.file.empty())
    return success();
  for (auto kernel : module.getOps<tile::KernelOp>()) {
    if (start.scheduled.contains(kernel))
      continue;
    if (!kernel.getSched() && cost::analyse(kernel).tileable)
      return broken(kernel) << "expected a schedule of a kernel that can be cut";
    if (kernel.getSched() && failed(checkLegal(kernel, options)))
      return failure();
  }
  return success();
}

/// Whether each size of a tile is known that the schedule says.
static bool isStaticTile(RankedTensorType tile, ArrayRef<int64_t> sizes) {
  for (auto [dim, size] : llvm::enumerate(sizes))
    if (size && tile.isDynamicDim(dim))
      return false;
  return true;
}

/// After tile: a scheduled kernel is loops, which insert tiles of known sizes into its result. Blocks of
/// threads are cut by who writes their code.
static LogicalResult checkTile(ModuleOp module, const PipelineOptions &options) {
  if (options.optLevel == 0)
    return success();
  for (auto kernel : module.getOps<tile::KernelOp>()) {
    auto yielded = kernel.getBlock().getTerminator()->getOperands();
    sched::ScheduleAttr schedule = kernel.getSched();
    if (!schedule || schedule.getBlock() || yielded.size() != 1)
      continue;
    if (auto whole = yielded.front().getDefiningOp<linalg::LinalgOp>())
      return broken(whole) << "expected loops over tiles in a kernel with a schedule, got "
                           << whole->getName();
    WalkResult walked = kernel.walk([&](tensor::InsertSliceOp insert) {
      if (!insert.getSource().getDefiningOp<linalg::LinalgOp>() ||
          insert.getType() != yielded.front().getType() ||
          insert.getSourceType().getRank() != int64_t(schedule.getTile().size()) ||
          isStaticTile(insert.getSourceType(), schedule.getTile()))
        return WalkResult::advance();
      broken(insert) << "expected a tile whose sizes are known, got " << insert.getSourceType();
      return WalkResult::interrupt();
    });
    if (walked.wasInterrupted())
      return failure();
  }
  return success();
}

LogicalResult checkContract(Phase phase, ModuleOp module, const PipelineOptions &options,
                            const PhaseStart &start) {
  if (failed(checkDialects(contracts[int(phase)], module, broken)))
    return failure();
  switch (phase) {
  case Phase::Import:
    return checkImport(module);
  case Phase::Graph:
    return checkGraph(module);
  case Phase::Fuse:
    return checkFuse(module);
  case Phase::Schedule:
    return checkSchedule(module, options, start);
  case Phase::Tile:
    return checkTile(module, options);
  case Phase::Codegen:
    return success();
  }
  llvm_unreachable("every phase has its case");
}

// ---- text ----

static InFlightDiagnostic refuseText(Operation *op) { return refuse(op->emitError(), Code::TextOfNoPhase); }

/// An input or output of @main: a tensor whose sizes are known, or written down as symbols.
static LogicalResult checkInterface(func::FuncOp main, Type type, DictionaryAttr attributes, bool isGraph) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.getElementType().isIntOrFloat())
    return refuseText(main) << "expected tensors of numbers as inputs and outputs of @main, got " << type;
  if (isGraph)
    return graph::checkSizes(type, [&] { return refuseText(main); });
  auto dims = attributes ? attributes.getAs<AffineMapAttr>("tegula.dims") : AffineMapAttr();
  bool isWritten =
      dims && dims.getValue().getNumDims() == 0 && dims.getValue().getNumResults() == tensor.getRank();
  if (dims ? !isWritten : !tensor.hasStaticShape())
    return refuseText(main) << "expected a size for each dimension of " << type << " in tegula.dims";
  return success();
}

static LogicalResult checkInterface(func::FuncOp function, bool isGraph) {
  for (auto [index, type] : llvm::enumerate(function.getArgumentTypes()))
    if (failed(checkInterface(function, type, function.getArgAttrDict(index), isGraph)))
      return failure();
  for (auto [index, type] : llvm::enumerate(function.getResultTypes()))
    if (failed(checkInterface(function, type, function.getResultAttrDict(index), isGraph)))
      return failure();
  return success();
}

/// Bodies of loops call each other in a chain, never in a circle, each for one function and over its symbols.
static LogicalResult checkBodies(ModuleOp module) {
  llvm::DenseMap<Operation *, func::FuncOp> rootOf;
  llvm::SmallPtrSet<Operation *, 8> open;
  std::function<LogicalResult(func::FuncOp, func::FuncOp)> visit = [&](func::FuncOp function,
                                                                       func::FuncOp root) -> LogicalResult {
    if (!open.insert(function).second)
      return refuseText(function) << "expected loops whose bodies do not run themselves";
    auto [known, isNew] = rootOf.try_emplace(function, root);
    if (known->second != root || graph::readSymbols(function) != graph::readSymbols(root))
      return refuseText(function)
             << "expected bodies of loops over the symbols of the one function they are for";
    WalkResult walked = WalkResult::advance();
    if (isNew)
      walked = function.walk([&](Operation *op) {
        if (!isa<graph::LoopOp, tile::LoopOp>(op))
          return WalkResult::advance();
        auto body =
            SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, op->getAttrOfType<SymbolRefAttr>("body"));
        return !body || succeeded(visit(body, root)) ? WalkResult::advance() : WalkResult::interrupt();
      });
    open.erase(function);
    return failure(walked.wasInterrupted());
  };
  for (auto function : module.getOps<func::FuncOp>())
    if (!function.isPrivate() && failed(visit(function, function)))
      return failure();
  return success();
}

/// What a function says of the sizes that a run chooses: names that differ, bounds of each, requirements that
/// can be read.
static LogicalResult checkSizes(func::FuncOp function) {
  SmallVector<std::string> names = graph::readSymbols(function);
  if (auto symbols = function->getAttrOfType<ArrayAttr>("tegula.symbols");
      function->hasAttr("tegula.symbols") && (!symbols || symbols.size() != names.size()))
    return refuseText(function) << "expected a list of names as tegula.symbols";
  llvm::StringSet<> known;
  for (const std::string &name : names)
    if (!known.insert(name).second)
      return refuseText(function) << "expected each name in tegula.symbols once, got '" << name << "' twice";
  if (function->hasAttr("tegula.bounds")) {
    SmallVector<graph::SymbolRange> ranges = graph::readRanges(function);
    auto numbers = function->getAttrOfType<DenseI64ArrayAttr>("tegula.bounds");
    if (!numbers || numbers.size() != int64_t(2 * names.size()))
      return refuseText(function) << "expected the lowest and the highest size of each of " << names.size()
                                  << " symbols as tegula.bounds";
    for (auto [name, range] : llvm::zip_equal(names, ranges))
      if (range.lowest < 1 || range.highest < range.lowest)
        return refuseText(function) << "expected bounds of at least 1 in rising order in tegula.bounds, got "
                                    << range.lowest << " and " << range.highest << " of '" << name << "'";
  }
  if (auto list = function->getAttrOfType<ArrayAttr>("tegula.require");
      function->hasAttr("tegula.require") && (!list || graph::readRequirements(list).size() != list.size()))
    return refuseText(function)
           << "expected a list of requirements as tegula.require, each a kind, two sizes, "
              "a node and a text";
  return success();
}

/// What variants are for: sizes that @main knows, each combination once.
static LogicalResult checkVariants(ModuleOp module, func::FuncOp main) {
  if (main->hasAttr("tegula.fixed"))
    return refuseText(main) << "expected no tegula.fixed on @main, which is for all sizes";
  SmallVector<std::string> names = graph::readSymbols(main);
  std::set<SmallVector<graph::FixedSize>> seen;
  for (auto variant : module.getOps<func::FuncOp>()) {
    if (variant == main || variant.isPrivate()) // bodies of loops are nobody's variant
      continue;
    SmallVector<graph::FixedSize> fixed = graph::readFixed(variant);
    for (const auto &[name, size] : fixed)
      if (!llvm::is_contained(names, name) || size < 1)
        return refuseText(variant) << "expected sizes of at least 1 of @main's symbols in tegula.fixed, got "
                                   << size << " of '" << name << "'";
    if (fixed.size() != variant->getAttrOfType<DictionaryAttr>("tegula.fixed").size())
      return refuseText(variant) << "expected numbers of 64 bits in tegula.fixed";
    if (!seen.insert(fixed).second)
      return refuseText(variant) << "expected one variant for each combination of sizes, got a second one";
  }
  if (seen.size() > size_t(artifact::mostVariants))
    return refuseText(module) << "expected at most " << artifact::mostVariants << " variants, got "
                              << seen.size();
  return success();
}

LogicalResult checkText(Phase first, ModuleOp module) {
  Phase before = first == Phase::Graph      ? Phase::Import
                 : first == Phase::Schedule ? Phase::Schedule // which may have run on it already
                                            : Phase::Tile;
  Contract contract = contracts[int(before)];
  if (first == Phase::Codegen)
    contract.kernel = writtenBody;
  if (failed(checkDialects(contract, module, refuseText)))
    return failure();
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || main.isDeclaration() || !main.getBody().hasOneBlock() || main.getNumResults() == 0)
    return refuseText(module) << "expected a function @main of one block that returns tensors";
  for (auto function : module.getOps<func::FuncOp>())
    if (failed(checkSizes(function)))
      return failure();
  for (Operation &op : *module.getBody()) {
    if (&op != main && !isa<tile::KernelOp>(op) && !isVariant(op, main) && !isBody(op))
      return refuseText(&op)
             << "expected nothing but kernels, variants and bodies of loops beside @main, got "
             << op.getName();
  }
  WalkResult walked = module.walk([&](func::CallOp call) {
    refuseText(call) << "expected no calls, got one of " << call.getCallee();
    return WalkResult::interrupt();
  });
  if (walked.wasInterrupted())
    return failure();
  for (auto function : module.getOps<func::FuncOp>())
    if (failed(checkInterface(function, first == Phase::Graph)))
      return failure();
  return success(succeeded(checkVariants(module, main)) && succeeded(checkBodies(module)));
}

} // namespace tegula::driver
