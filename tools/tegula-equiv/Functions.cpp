// Takes a module apart by cloning it once for every function and erasing what the function does not use.
#include "Functions.h"

#include "tegula/dialects/tile/Tile.h"
#include "tegula/driver/Register.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Parser/Parser.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>

using namespace mlir;

namespace tegula::tools {

namespace {

/// numpy's name of an element type; signless integers count as signed.
std::string dtypeOf(Type type) {
  Type element = getElementTypeOrSelf(type);
  if (element.isInteger(1))
    return "bool";
  if (element.isBF16())
    return "bfloat16";
  if (isa<FloatType>(element))
    return "float" + std::to_string(element.getIntOrFloatBitWidth());
  if (auto integer = dyn_cast<IntegerType>(element))
    return (integer.isUnsigned() ? "uint" : "int") + std::to_string(integer.getWidth());
  return "unknown";
}

/// Sets a value's name and type where its function does not, and returns the type that holds then.
std::string describe(MLIRContext &context, Type type, DictionaryAttr present, const std::string &name,
                     const std::string &known, llvm::function_ref<void(StringRef, Attribute)> set) {
  if (!present || !present.get("tegula.name"))
    set("tegula.name", StringAttr::get(&context, name));
  if (present)
    if (auto dtype = present.getAs<StringAttr>("tegula.dtype"))
      return dtype.str();
  std::string dtype = known.empty() ? dtypeOf(type) : known;
  set("tegula.dtype", StringAttr::get(&context, dtype));
  return dtype;
}

std::string at(const std::vector<std::string> &list, unsigned index) {
  return index < list.size() ? list[index] : "";
}

/// Makes `main` a function that the compiler takes; fills in the types of its arguments and results.
void finish(func::FuncOp main, const Function *known, Function &function) {
  MLIRContext &context = *main.getContext();
  main.setName("main");
  for (unsigned i = 0; i < main.getNumArguments(); ++i)
    function.inputTypes.push_back(
        describe(context, main.getArgumentTypes()[i], main.getArgAttrDict(i), "arg" + std::to_string(i),
                 known ? at(known->inputTypes, i) : "",
                 [&](StringRef key, Attribute value) { main.setArgAttr(i, key, value); }));
  for (unsigned i = 0; i < main.getNumResults(); ++i)
    function.resultTypes.push_back(
        describe(context, main.getResultTypes()[i], main.getResultAttrDict(i), "result" + std::to_string(i),
                 known ? at(known->resultTypes, i) : "",
                 [&](StringRef key, Attribute value) { main.setResultAttr(i, key, value); }));
}

/// The module with one function left, and with the symbols that this function uses.
Function extract(ModuleOp module, StringRef name, const std::vector<Function> *reference) {
  Function function;
  function.name = name;
  OwningOpRef<ModuleOp> copy = module.clone();
  auto kept = copy->lookupSymbol<func::FuncOp>(name);
  llvm::StringSet<> used;
  SmallVector<Operation *> users = {kept};
  while (!users.empty())
    if (auto uses = SymbolTable::getSymbolUses(users.pop_back_val()))
      for (const SymbolTable::SymbolUse &use : *uses)
        if (StringAttr symbol = use.getSymbolRef().getRootReference(); used.insert(symbol).second)
          if (Operation *body = copy->lookupSymbol<func::FuncOp>(symbol)) // of a loop
            users.push_back(body);
  for (Operation &op : llvm::make_early_inc_range(copy->getBody()->getOperations()))
    if (auto symbol = dyn_cast<SymbolOpInterface>(op);
        symbol && &op != kept.getOperation() && !used.contains(symbol.getName()))
      op.erase();
  const Function *known = nullptr;
  if (reference)
    for (const Function &other : *reference)
      if (other.name == name)
        known = &other;
  FunctionType type = kept.getFunctionType();
  auto isTensor = [](Type each) { return isa<TensorType>(each); };
  function.onBuffers =
      llvm::none_of(type.getInputs(), isTensor) && llvm::none_of(type.getResults(), isTensor);
  if (function.onBuffers)
    kept.setName("main");
  else
    finish(kept, known, function);
  if (auto symbols = kept->getAttrOfType<ArrayAttr>("tegula.symbols"))
    for (auto symbol : symbols.getAsRange<StringAttr>())
      function.symbols.push_back(symbol.str());
  llvm::raw_string_ostream stream(function.text);
  copy->print(stream);
  return function;
}

/// Makes each size of a kernel a symbol of the function that launches it.
SmallVector<Value> giveSizes(OpBuilder &builder, tile::KernelOp kernel, func::FuncOp function) {
  SmallVector<Value> sizes;
  SmallVector<Attribute> names;
  for (unsigned number = 0; number < kernel.getNumSizes(); ++number) {
    names.push_back(builder.getStringAttr("s" + Twine(number)));
    sizes.push_back(tile::SizeOp::create(builder, kernel.getLoc(), builder.getAffineSymbolExpr(number)));
  }
  if (names.empty())
    return sizes;
  function->setAttr("tegula.symbols", builder.getArrayAttr(names));
  auto dimsOf = [&](unsigned tensor, Type type) {
    SmallVector<AffineExpr> exprs;
    for (auto [dim, size] : llvm::enumerate(cast<RankedTensorType>(type).getShape())) {
      int64_t number = kernel.getTensorDim(tensor, dim);
      exprs.push_back(number < 0 ? builder.getAffineConstantExpr(size) : builder.getAffineSymbolExpr(number));
    }
    SmallVector<ArrayRef<AffineExpr>> lists = {exprs};
    return AffineMapAttr::get(AffineMap::inferFromExprList(lists, builder.getContext()).front());
  };
  auto isDynamic = [](Type type) { return !cast<RankedTensorType>(type).hasStaticShape(); };
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
    if (isDynamic(type))
      function.setArgAttr(i, "tegula.dims", dimsOf(i, type));
  for (auto [i, type] : llvm::enumerate(function.getResultTypes()))
    if (isDynamic(type))
      function.setResultAttr(i, "tegula.dims", dimsOf(kernel.getNumInputs() + i, type));
  return sizes;
}

/// Adds a function for every kernel that none launches: tests of kernel passes hold nothing else.
void launchLoneKernels(ModuleOp module) {
  llvm::StringSet<> launched;
  module.walk([&](tile::LaunchOp launch) { launched.insert(launch.getKernel()); });
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  for (auto kernel : llvm::to_vector(module.getOps<tile::KernelOp>())) {
    if (launched.contains(kernel.getSymName()))
      continue;
    std::string name = kernel.getSymName().str();
    if (!llvm::all_of(kernel.getInputTypes(), llvm::IsaPred<RankedTensorType>))
      continue; // bufferized already: not a kernel of any phase that the compiler takes
    FunctionType type = builder.getFunctionType(kernel.getInputTypes(), kernel.getResultTypes());
    kernel.setSymName("kernel." + name);
    builder.setInsertionPointToEnd(module.getBody());
    auto function = func::FuncOp::create(builder, kernel.getLoc(), name, type);
    builder.setInsertionPointToStart(function.addEntryBlock());
    SmallVector<Value> sizes = giveSizes(builder, kernel, function);
    auto launch = tile::LaunchOp::create(builder, kernel.getLoc(), type.getResults(),
                                         FlatSymbolRefAttr::get(kernel.getSymNameAttr()),
                                         function.getArguments(), sizes);
    func::ReturnOp::create(builder, kernel.getLoc(), launch.getResults());
  }
}

std::vector<std::string> splitFile(const std::string &text) {
  std::vector<std::string> parts(1);
  for (StringRef rest = text; !rest.empty();) {
    auto [line, after] = rest.split('\n');
    if (line.starts_with("// -----"))
      parts.emplace_back();
    else
      parts.back() += line.str() + "\n";
    rest = after;
  }
  return parts;
}

} // namespace

Failure splitFunctions(const std::string &text, const std::vector<Function> *reference,
                       std::vector<Function> &functions) {
  DialectRegistry registry;
  driver::registerDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  std::string errors;
  ScopedDiagnosticHandler collect(&context, [&](Diagnostic &diagnostic) {
    llvm::raw_string_ostream(errors) << (errors.empty() ? "" : "; ") << diagnostic.getLocation() << ": "
                                     << diagnostic;
    return success();
  });
  for (const std::string &part : splitFile(text)) {
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(part, ParserConfig(&context));
    if (!module)
      return {Code::NotMlir, "expected MLIR: " + errors};
    launchLoneKernels(*module);
    for (auto function : module->getOps<func::FuncOp>())
      if (!function.isExternal() && !function.isPrivate())
        functions.push_back(extract(*module, function.getName(), reference));
  }
  return {};
}

} // namespace tegula::tools
