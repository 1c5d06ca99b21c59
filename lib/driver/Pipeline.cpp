// The whole flow: which passes a phase has and what is checked between phases, because a broken promise is
// cheapest where it is broken.
#include "tegula/driver/Pipeline.h"

#include "tegula/codegen/common/Passes.h"
#include "tegula/codegen/host/Passes.h"
#include "tegula/dialects/graph/Dim.h"
#include "tegula/passes/tile/Passes.h"
#include "tegula/support/Refusal.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace tegula::driver {

//===-- phases
//-------------------------------------------------------------------------------------------===//

void populateGraphPhase(OpPassManager &pm, const PipelineOptions &options) {
  graph::populateGraphPipeline(pm, options.graph);
}

void populateFusePhase(OpPassManager &pm, const PipelineOptions &options) {
  fuse::populateFusePipeline(pm, options.fuse);
  pm.addPass(codegen::host::createCopyResults());
  pm.addPass(codegen::host::createSinkBranches());
}

void populateSchedulePhase(OpPassManager &pm, const PipelineOptions &options) {
  if (options.optLevel > 0)
    schedule::populateSchedulePipeline(pm, options.schedule);
}

void populateTilePhase(OpPassManager &pm, const PipelineOptions &options) {
  if (options.optLevel > 0)
    tile::populateTilePipeline(pm);
}

void populateCodegenPhase(OpPassManager &pm, const PipelineOptions &options) {
  if (options.optLevel > 0)
    codegen::populateVectorizePipeline(pm);
  switch (options.language) {
  case target::Language::X86:
    return codegen::cpu::populateCpuCodegenPipeline(pm, options.cpu);
  case target::Language::Ptx:
    return codegen::ptx::populatePtxCodegenPipeline(pm, options.ptx);
  }
}

//===-- contracts
//----------------------------------------------------------------------------------------===//

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
      return WalkResult::advance();
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

LogicalResult checkContract(Phase phase, ModuleOp module) {
  return checkDialects(contracts[int(phase)], module,
                       [](Operation *op) { return op->emitError("internal: "); });
}

//===-- text
//-----------------------------------------------------------------------------------------------===//

static InFlightDiagnostic refuseText(Operation *op) { return refuse(op->emitError(), Refusal::BadInput); }

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

/// Whether a function is @main for some sizes only, with the same inputs and outputs.
static bool isVariant(Operation &op, func::FuncOp main) {
  auto function = dyn_cast<func::FuncOp>(op);
  if (!function || graph::readFixed(function).empty() || function.isDeclaration() ||
      !function.getBody().hasOneBlock() || function.getNumArguments() != main.getNumArguments() ||
      function.getNumResults() != main.getNumResults())
    return false;
  auto isSame = [](auto pair) {
    auto one = dyn_cast<RankedTensorType>(std::get<0>(pair)), other = dyn_cast<RankedTensorType>(std::get<1>(pair));
    return one && other && one.getRank() == other.getRank() && one.getElementType() == other.getElementType();
  };
  return llvm::all_of(llvm::zip_equal(function.getArgumentTypes(), main.getArgumentTypes()), isSame) &&
         llvm::all_of(llvm::zip_equal(function.getResultTypes(), main.getResultTypes()), isSame);
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
  for (Operation &op : *module.getBody()) {
    if (&op != main && !isa<tile::KernelOp>(op) && !isVariant(op, main))
      return refuseText(&op) << "expected nothing but kernels and variants beside @main, got " << op.getName();
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
  return success();
}

LogicalResult runPhase(Phase phase, ModuleOp module, const PipelineOptions &options) {
  PassManager pm(module.getContext(), ModuleOp::getOperationName());
  if (!options.reproducer.empty())
    pm.enableCrashReproducerGeneration(options.reproducer);
  switch (phase) {
  case Phase::Graph:
    populateGraphPhase(pm, options);
    break;
  case Phase::Fuse:
    populateFusePhase(pm, options);
    break;
  case Phase::Schedule:
    populateSchedulePhase(pm, options);
    break;
  case Phase::Tile:
    populateTilePhase(pm, options);
    break;
  case Phase::Import:
  case Phase::Codegen:
    llvm_unreachable("import has no passes, and codegen runs on one kernel at a time");
  }
  if (failed(pm.run(module)))
    return failure();
  return checkContract(phase, module);
}

} // namespace tegula::driver
