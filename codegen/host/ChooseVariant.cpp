// Writes the host functions of a model with variants: a few comparisons of sizes, then the first variant that
// is for them, else @main. What the sizes must fulfil is checked by @main's shapes function in any case, so
// that a size is refused in the same words whatever variants there are.
#include "ChooseVariant.h"

#include "tegula/support/Refusal.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace tegula::codegen::host {
namespace {

/// Where a variant's sizes stand among the symbols of @main.
struct SizeGuard {
  SmallVector<std::pair<unsigned, int64_t>> fixed; ///< symbol, size
  SmallVector<unsigned> open;                      ///< of each of the variant's symbols
};

class Chooser {
public:
  Chooser(ModuleOp module, ArrayRef<PlannedFunction> functions)
      : functions(functions), builder(module.getContext()), loc(module.getLoc()), module(module),
        pointer(LLVM::LLVMPointerType::get(module.getContext())) {}

  LogicalResult run() {
    for (const PlannedFunction &variant : functions.drop_front())
      if (failed(addGuard(variant.function)))
        return failure();
    writeShapes();
    writeEntry();
    return success();
  }

private:
  LogicalResult addGuard(func::FuncOp variant) {
    SmallVector<std::string> names = graph::readSymbols(functions.front().function);
    auto find = [&](const std::string &name) { return unsigned(llvm::find(names, name) - names.begin()); };
    SizeGuard &guard = guards.emplace_back();
    // A size that is not among those of @main is equal to one that is: its inputs are as large as that says.
    for (const auto &[name, size] : graph::readFixed(variant))
      if (unsigned index = find(name); index < names.size())
        guard.fixed.emplace_back(index, size);
    for (const std::string &name : graph::readSymbols(variant))
      guard.open.push_back(find(name));
    if (!guard.fixed.empty() && llvm::all_of(guard.open, [&](unsigned each) { return each < names.size(); }))
      return success();
    return refuse(variant.emitError(), Code::OpenSize)
           << "the general code of the model knows fewer sizes by name than the code for hot sizes, which it "
           << "cannot follow; fix sizes with --dim NAME=N, or leave out hot ones";
  }

  Value constant(Type type, int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, type, builder.getIntegerAttr(type, value));
  }

  Value addressOf(Value array, unsigned index) {
    return LLVM::GEPOp::create(builder, loc, pointer, builder.getI64Type(), array,
                               ArrayRef<LLVM::GEPArg>{int32_t(index)});
  }
  Value symbol(unsigned index) {
    return LLVM::LoadOp::create(builder, loc, builder.getI64Type(), addressOf(symbols, index));
  }

  void start(StringRef name, unsigned pointers, unsigned symbolsAt) {
    builder.setInsertionPointToEnd(module.getBody());
    auto type = LLVM::LLVMFunctionType::get(builder.getI32Type(), SmallVector<Type>(pointers, pointer));
    function = LLVM::LLVMFuncOp::create(builder, loc, name, type);
    function.setVisibility_(LLVM::Visibility::Hidden);
    function.setDsoLocal(true);
    builder.setInsertionPointToStart(function.addEntryBlock(builder));
    symbols = function.getArgument(symbolsAt);
  }

  /// Goes on in a new block where `condition` holds; what is written next is behind it, where it does not.
  void when(Value condition, function_ref<void()> body) {
    Block *then = function.addBlock(), *next = function.addBlock();
    LLVM::CondBrOp::create(builder, loc, condition, then, next);
    builder.setInsertionPointToStart(then);
    body();
    builder.setInsertionPointToStart(next);
  }

  /// Whether the sizes are those of a variant.
  Value holds(const SizeGuard &guard) {
    Value all;
    for (auto [index, size] : guard.fixed) {
      Value one = LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::eq, symbol(index),
                                       constant(builder.getI64Type(), size));
      all = all ? LLVM::AndOp::create(builder, loc, all, one).getResult() : one;
    }
    return all;
  }

  /// The sizes that a variant leaves open, as an array of its own.
  Value symbolsOf(const SizeGuard &guard) {
    Type i64 = builder.getI64Type();
    Value array = LLVM::AllocaOp::create(builder, loc, pointer, i64,
                                         constant(i64, std::max<int64_t>(guard.open.size(), 1)));
    for (auto [number, index] : llvm::enumerate(guard.open))
      LLVM::StoreOp::create(builder, loc, symbol(index), addressOf(array, number));
    return array;
  }

  /// Calls a function with this one's arguments but for the symbols.
  Value call(StringRef name, Value itsSymbols) {
    SmallVector<Value> arguments(function.getArguments());
    llvm::replace(arguments, symbols, itsSymbols);
    return LLVM::CallOp::create(builder, loc, module.lookupSymbol<LLVM::LLVMFuncOp>(name), arguments)
        .getResult();
  }

  void writeEntry() {
    start(entryName, 7, 5);
    for (auto [number, guard] : llvm::enumerate(guards))
      when(holds(guard), [&] {
        Value result = call(namesOf(functions, number + 1).entry, symbolsOf(guard));
        LLVM::ReturnOp::create(builder, loc, result);
      });
    LLVM::ReturnOp::create(builder, loc, call(namesOf(functions, 0).entry, symbols));
  }

  void writeShapes() {
    start(shapesName, 3, 0);
    Value refused = call(namesOf(functions, 0).shapes, symbols);
    Value zero = constant(builder.getI32Type(), 0);
    when(LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::ne, refused, zero),
         [&] { LLVM::ReturnOp::create(builder, loc, refused); });
    for (auto [number, guard] : llvm::enumerate(guards))
      when(holds(guard), [&] {
        Value result = zero;
        if (guard.open.empty()) // all of its sizes are known
          LLVM::StoreOp::create(builder, loc,
                                constant(builder.getI64Type(), functions[number + 1].plan.arenaBytes),
                                function.getArgument(2));
        else
          result = call(namesOf(functions, number + 1).shapes, symbolsOf(guard));
        LLVM::ReturnOp::create(builder, loc, result);
      });
    LLVM::ReturnOp::create(builder, loc, zero);
  }

  ArrayRef<PlannedFunction> functions;
  OpBuilder builder;
  Location loc;
  ModuleOp module;
  Type pointer;
  SmallVector<SizeGuard> guards; ///< of all functions but @main
  LLVM::LLVMFuncOp function;
  Value symbols;
};

} // namespace

HostNames namesOf(ArrayRef<PlannedFunction> functions, size_t number) {
  std::string suffix = functions.size() > 1 ? "." + std::to_string(number) : "";
  return {(entryName + suffix).str(), (shapesName + suffix).str()};
}

LogicalResult chooseVariant(ModuleOp module, ArrayRef<PlannedFunction> functions) {
  return functions.size() > 1 ? Chooser(module, functions).run() : success();
}

} // namespace tegula::codegen::host
