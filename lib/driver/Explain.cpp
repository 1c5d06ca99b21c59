// Puts remarks, kernels and launches together to one explanation of a compiled model, in the words of its
// nodes.
#include "Explain.h"

#include "Backend.h"

#include "tegula/codegen/host/Host.h"
#include "tegula/cost/Account.h"
#include "tegula/dialects/graph/Dim.h"
#include "tegula/dialects/tile/Tile.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace tegula::driver {

namespace {

/// One remark, independent of the pass that made it.
struct Said {
  std::string name;
  llvm::StringMap<std::string> values;
  llvm::StringMap<Attribute> attributes;

  std::string text(StringRef key) const { return values.lookup(key); }
  double number(StringRef key) const {
    double value = 0;
    StringRef(values.lookup(key)).getAsDouble(value);
    return value;
  }
  int64_t whole(StringRef key) const { return static_cast<int64_t>(number(key)); }
};

} // namespace

struct RemarkCollector::Storage {
  std::vector<Said> remarks;
};

namespace {

class Keeper : public remark::detail::MLIRRemarkStreamerBase {
public:
  explicit Keeper(std::function<void(Said)> keep) : keep(std::move(keep)) {}

  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    Said said;
    said.name = remark.getRemarkName().str();
    for (const remark::detail::Remark::Arg &arg : remark.getArgs()) {
      said.values[arg.key] = arg.val;
      if (arg.hasAttribute())
        said.attributes[arg.key] = arg.getAttribute();
    }
    keep(std::move(said));
  }

private:
  std::function<void(Said)> keep;
};

/// Splits "a, b 'x, y'" at the commas outside of quotes.
std::vector<std::string> splitOperations(StringRef text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    bool isQuoted = false;
    size_t end = 0;
    while (end < text.size() && (isQuoted || !text.substr(end).starts_with(", ")))
      isQuoted ^= text[end++] == '\'';
    parts.push_back(text.take_front(end).str());
    text = text.drop_front(std::min(text.size(), end + 2));
  }
  return parts;
}

void addCost(const Said &said, Explanation::Kernel &kernel) {
  kernel.flops = said.number("Flops");
  kernel.tensorBytes = said.number("TensorBytes");
  const char *levels[] = {"BytesL1", "BytesL2", "BytesL3", "BytesMemory"};
  for (auto [bytes, key] : llvm::zip_equal(kernel.levelBytes, levels))
    bytes = said.number(key);
  kernel.cells = said.whole("Cells");
  kernel.computeMicroseconds = said.number("ComputeMicroseconds");
  kernel.trafficMicroseconds = said.number("TrafficMicroseconds");
  kernel.microseconds = said.number("Microseconds");
  kernel.bound = said.text("Bound");
  kernel.isOpen = said.text("Open") == "true";
}

/// Takes over what one remark says of its kernel.
void add(const Said &said, Explanation::Kernel &kernel) {
  if (said.name == "FormKernel") {
    kernel.operations = splitOperations(said.text("Operations"));
    kernel.anchor = said.text("Anchor");
    kernel.bytesNotStored = said.text("BytesNotStored");
  } else if (said.name == "ChooseSchedule") {
    kernel.considered = said.whole("Considered");
    kernel.cycles = said.whole("Cycles");
    kernel.runnerUp = said.text("RunnerUp");
    kernel.runnerUpCycles = said.whole("RunnerUpCycles");
    kernel.note = said.text("Reason");
  } else if (said.name == "AccountKernel") {
    addCost(said, kernel);
  }
}

/// Describes the launches of one function and of the bodies of its loops, as an artifact numbers them.
class LaunchReader {
public:
  LaunchReader(func::FuncOp function, const llvm::StringMap<size_t> &kernels,
               const llvm::StringMap<Said> &costs, Explanation &to)
      : function(function), kernels(kernels), costs(costs), to(to), symbols(graph::readSymbols(function)) {
    for (const graph::FixedSize &fixed : graph::readFixed(function))
      sizes += (sizes.empty() ? "" : " ") + fixed.first + "=" + std::to_string(fixed.second);
  }

  void run() {
    SmallVector<func::FuncOp> functions = {function};
    llvm::append_range(functions, codegen::host::bodiesOf(function));
    auto next = static_cast<int64_t>(to.launches.size());
    for (func::FuncOp each : functions) {
      each.walk([&](tile::LaunchOp launch) {
        for (Value output : launch.getOutputs())
          launchOf[output] = next;
        ++next;
      });
      each.walk([&](tile::LoopOp loop) {
        if (auto body = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(loop, loop.getBodyAttr()))
          loopOf[body] = loop;
      });
    }
    countSteps(functions);
    llvm::for_each(functions, [&](func::FuncOp each) { describe(each); });
  }

private:
  /// How often the bodies of loops run, from the outermost on.
  void countSteps(SmallVector<func::FuncOp> functions) {
    std::reverse(functions.begin() + 1, functions.end()); // inner ones came first
    stepsOf[function] = 1;
    for (func::FuncOp each : functions)
      each.walk([&](tile::LoopOp loop) {
        auto body = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(loop, loop.getBodyAttr());
        int64_t around = stepsOf.lookup(each), count = countOf(loop), steps = 0;
        int64_t &all = stepsOf[body];
        if (around < 0 || count < 0 || all < 0 || llvm::MulOverflow(around, count, steps) ||
            llvm::AddOverflow(all, steps, all))
          all = -1;
      });
  }

  /// The steps of a loop, -1 where they are not known before a run.
  int64_t countOf(tile::LoopOp loop) const {
    if (loop.getEnds())
      return -1;
    if (llvm::APInt number; matchPattern(loop.getCount(), m_ConstantInt(&number)))
      return std::max<int64_t>(0, number.getSExtValue());
    DenseElementsAttr constant;
    if (matchPattern(loop.getCount(), m_Constant(&constant)) && constant.getNumElements() == 1 &&
        constant.getElementType().isInteger(64))
      return std::max<int64_t>(0, constant.getValues<llvm::APInt>()[0].getSExtValue());
    AffineExpr expr = tile::exprOf(loop.getCount());
    if (!expr)
      return -1;
    SmallVector<graph::Dim> values;
    for (auto [i, symbol] : llvm::enumerate(symbols))
      values.push_back(graph::Dim::symbol(i, loop.getContext()));
    for (const graph::FixedSize &fixed : graph::readFixed(function))
      if (auto *found = llvm::find(symbols, fixed.first); found != symbols.end())
        values[found - symbols.begin()] = fixed.second;
    std::optional<int64_t> count = graph::Dim(expr).substitute(values).fixed();
    return count ? std::max<int64_t>(0, *count) : -1;
  }

  void describe(func::FuncOp each) {
    each.walk([&](tile::LaunchOp launch) {
      Explanation::Launch &described = to.launches.emplace_back();
      described.kernel = kernels.lookup(launch.getKernel());
      described.steps = stepsOf.lookup(each);
      described.nodes = nodesOf(launch);
      described.sizes = sizes;
      for (Value input : launch.getInputs())
        addSource(input, described);
      if (auto said = costs.find(launch.getKernel()); said != costs.end()) {
        described.flopsFormula = formula(said->second.attributes.lookup("OpenFlops"), launch);
        described.bytesFormula = formula(said->second.attributes.lookup("OpenBytes"), launch);
      }
    });
  }

  /// Follows a value to the launches or inputs that it comes from; weights are neither.
  void addSource(Value value, Explanation::Launch &reader) {
    if (auto found = launchOf.find(value); found != launchOf.end()) {
      if (!llvm::is_contained(reader.after, found->second))
        reader.after.push_back(found->second);
    } else if (auto argument = dyn_cast<BlockArgument>(value);
               argument && argument.getOwner() != &function.getBody().front()) {
      // Of the body of a loop: behind the count, the loop's operands are the body's arguments.
      if (tile::LoopOp loop = loopOf.lookup(argument.getOwner()->getParentOp()))
        addSource(loop->getOperand(1 + argument.getArgNumber()), reader);
    } else if (argument) {
      auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "tegula.name");
      std::string text = name ? name.getValue().str() : "input" + std::to_string(argument.getArgNumber());
      if (!llvm::is_contained(reader.inputs, text))
        reader.inputs.push_back(text);
    } else if (auto view = value.getDefiningOp<tile::ViewOp>()) {
      addSource(view.getSource(), reader);
    } else if (auto choose = value.getDefiningOp<tile::ChooseOp>()) {
      for (Value each : {choose.getCondition(), choose.getThenValue(), choose.getElseValue()})
        addSource(each, reader);
    } else if (auto loop = value.getDefiningOp<tile::LoopOp>()) {
      addResult(loop, cast<OpResult>(value).getResultNumber(), reader);
    }
  }

  /// What the body of a loop gives, and where that is carried what it begins with.
  void addResult(tile::LoopOp loop, unsigned result, Explanation::Launch &reader) {
    unsigned numCarried = loop.getCarried().size(), histories = numCarried + loop.getNumStacked();
    if (result >= histories)
      result = loop.getHistories()[result - histories];
    if (result < numCarried)
      addSource(loop.getCarried()[result], reader);
    if (auto body = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(loop, loop.getBodyAttr()))
      addSource(body.getBody().front().getTerminator()->getOperand(loop.getEnds() + result), reader);
  }

  std::string formula(Attribute attribute, tile::LaunchOp launch) const {
    auto map = dyn_cast_if_present<AffineMapAttr>(attribute);
    if (!map)
      return "";
    SmallVector<graph::Dim> values = llvm::map_to_vector(launch.getSizes(), [](Value size) {
      AffineExpr expr = tile::exprOf(size);
      return expr ? graph::Dim(expr) : graph::Dim::invalid();
    });
    graph::Dim total = graph::Dim(map.getValue().getResult(0)).substitute(values);
    return total.isValid() ? total.text(symbols) : "";
  }

  func::FuncOp function;
  const llvm::StringMap<size_t> &kernels;
  const llvm::StringMap<Said> &costs;
  Explanation &to;
  SmallVector<std::string> symbols;
  std::string sizes;
  llvm::DenseMap<Value, int64_t> launchOf;
  llvm::DenseMap<Operation *, tile::LoopOp> loopOf; ///< that runs a body
  llvm::DenseMap<Operation *, int64_t> stepsOf;     ///< of a function in a run, -1 where not known
};

} // namespace

RemarkCollector::RemarkCollector(MLIRContext &context)
    : context(context), storage(std::make_shared<Storage>()) {
  remark::RemarkCategories categories;
  categories.passed = categories.missed = categories.analysis = "fuse|schedule|cost";
  auto keep = [to = storage](Said said) { to->remarks.push_back(std::move(said)); };
  (void)remark::enableOptimizationRemarks(context, std::make_unique<Keeper>(keep),
                                          std::make_unique<remark::RemarkEmittingPolicyAll>(), categories);
}

RemarkCollector::~RemarkCollector() { context.setRemarkEngine(nullptr); }

Explanation RemarkCollector::explain(ModuleOp module, const target::Machine &machine) const {
  Explanation result;
  result.target = machine.name;
  result.cores = machine.cores;
  result.gigahertz = machine.gigahertz;
  result.peakFlops = cost::peakFlops(machine);
  for (size_t level = 0; level < cost::numLevels; ++level)
    result.peakBytes[level] = cost::peakBytes(static_cast<cost::Level>(level), machine);
  llvm::StringMap<size_t> kernels;
  for (auto kernel : module.getOps<tile::KernelOp>()) {
    kernels[kernel.getSymName()] = result.kernels.size();
    Explanation::Kernel &described = result.kernels.emplace_back();
    described.name = kernel.getSymName().str();
    if (kernel.getSched())
      llvm::raw_string_ostream(described.schedule) << kernel.getSched();
  }
  llvm::StringMap<Said> costs;
  for (const Said &said : storage->remarks) {
    if (said.name == "KeepApart")
      result.edges.push_back({said.text("Producer"), said.text("ProducerOp"), said.text("Consumer"),
                              said.text("ConsumerOp"), said.text("Bytes"), said.text("Reason")});
    else if (auto found = kernels.find(said.text("Kernel")); found != kernels.end())
      add(said, result.kernels[found->second]);
    if (said.name == "AccountKernel")
      costs[said.text("Kernel")] = said;
  }
  // Variants behind @main, as an artifact numbers dispatches.
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (main)
    LaunchReader(main, kernels, costs, result).run();
  for (auto function : module.getOps<func::FuncOp>())
    if (function != main && !function.isPrivate())
      LaunchReader(function, kernels, costs, result).run();
  return result;
}

} // namespace tegula::driver
