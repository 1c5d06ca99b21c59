// Settles which sizes a run chooses: every symbol is the size of some input, and every unknown size of an
// input is a symbol. It exists because import names sizes before it knows which of them others decide: of two
// inputs of sizes n and 2*n, which the model multiplies, both are given by the caller, and that they fit is
// for the shapes function to check.
#include "tegula/codegen/host/Host.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace tegula::codegen::host {
namespace {

constexpr StringLiteral dimsAttr = "tegula.dims";

class Settler {
public:
  explicit Settler(func::FuncOp main)
      : main(main), context(main.getContext()), names(graph::readSymbols(main)),
        requirements(graph::readRequirements(main)), ranges(graph::readRanges(main)),
        isChosen(names.size(), false) {}

  LogicalResult run() {
    for (unsigned index = 0; index < main.getNumArguments(); ++index)
      for (graph::Dim size : sizesOf(index))
        if (std::optional<unsigned> symbol = symbolOf(size))
          isChosen[*symbol] = true;
    for (unsigned index = 0; index < main.getNumArguments(); ++index)
      for (auto [dim, size] : llvm::enumerate(sizesOf(index)))
        if (!size.isStatic() && !symbolOf(size))
          nameComputed(index, dim, size);
    if (computed.empty() && llvm::all_of(isChosen, [](bool chosen) { return chosen; }))
      return success();
    renumber();
    rewriteInputs();
    SmallVector<func::FuncOp> functions = bodiesOf(main);
    for (func::FuncOp body : functions) // its inputs follow from the model's
      for (unsigned index = 0; index < body.getNumArguments(); ++index)
        if (auto dims = body.getArgAttrOfType<AffineMapAttr>(index, dimsAttr)) {
          FailureOr<AffineMap> map = settledMap(dims.getValue());
          if (failed(map))
            return failure();
          body.setArgAttr(index, dimsAttr, AffineMapAttr::get(*map));
        }
    functions.push_back(main);
    for (func::FuncOp function : functions) {
      if (failed(rewriteSizes(function)))
        return failure();
      rewriteChoices(function);
      graph::writeSymbols(function, settled);
      graph::writeRanges(function, settledRanges);
    }
    graph::writeRequirements(main, requirements);
    return success();
  }

private:
  graph::Shape sizesOf(unsigned input) {
    return interfaceShape(main.getArgumentTypes()[input], main.getArgAttrDict(input));
  }

  std::optional<unsigned> symbolOf(graph::Dim size) {
    auto symbol =
        size.isStatic() ? AffineSymbolExpr(nullptr) : dyn_cast<AffineSymbolExpr>(size.expr(context));
    return symbol ? std::optional(symbol.getPosition()) : std::nullopt;
  }

  /// Gives an input's computed size its symbol: the one that import replaced by it, or a new one.
  void nameComputed(unsigned input, unsigned dim, graph::Dim size) {
    AffineExpr expr = size.expr(context);
    if (computed.contains(expr))
      return;
    for (const graph::Requirement &requirement : requirements)
      for (auto [one, other] :
           {std::pair(requirement.lhs, requirement.rhs), std::pair(requirement.rhs, requirement.lhs)})
        if (std::optional<unsigned> symbol = symbolOf(one);
            symbol && !isChosen[*symbol] && other == size &&
            requirement.kind == graph::Requirement::Kind::Equal) {
          isChosen[*symbol] = true;
          computed[expr] = *symbol;
          return;
        }
    auto name = main.getArgAttrOfType<StringAttr>(input, "tegula.name");
    std::string formula = size.text(names);
    computed[expr] = names.size();
    requirements.push_back({graph::Requirement::Kind::Equal, graph::Dim::symbol(names.size(), context), size,
                            "",
                            "expected size " + formula + " in dimension " + std::to_string(dim) +
                                " of input '" + (name ? name.str() : std::to_string(input)) + "'"});
    names.push_back(formula);
    isChosen.push_back(true);
  }

  /// Counts the chosen symbols anew. What was required of the others is fulfilled: they are replaced
  /// everywhere.
  void renumber() {
    for (auto [index, name] : llvm::enumerate(names)) {
      numbers.push_back(isChosen[index] ? graph::Dim::symbol(settled.size(), context)
                                        : graph::Dim::invalid());
      if (!isChosen[index])
        continue;
      settled.push_back(name);
      settledRanges.push_back(index < ranges.size() ? ranges[index] : graph::SymbolRange());
    }
    settle(requirements);
  }

  void settle(SmallVectorImpl<graph::Requirement> &list) {
    for (graph::Requirement &requirement : list) {
      requirement.lhs = requirement.lhs.substitute(numbers);
      requirement.rhs = requirement.rhs.substitute(numbers);
    }
    llvm::erase_if(list, [](const graph::Requirement &requirement) {
      return !requirement.lhs.isValid() || !requirement.rhs.isValid();
    });
  }

  void rewriteChoices(func::FuncOp function) {
    auto settled = [&](ArrayAttr list) {
      SmallVector<graph::Requirement> requirements = graph::readRequirements(list);
      settle(requirements);
      return graph::requirementsAttr(requirements, context);
    };
    for (auto choose : function.getOps<tile::ChooseOp>()) {
      choose.setThenRequireAttr(settled(choose.getThenRequireAttr()));
      choose.setElseRequireAttr(settled(choose.getElseRequireAttr()));
    }
  }

  FailureOr<AffineMap> settledMap(AffineMap map) {
    graph::Shape sizes = graph::sizesOf(map);
    for (graph::Dim &size : sizes) {
      size = size.substitute(numbers);
      if (!size.isValid())
        return main.emitError("expected sizes that follow from those of inputs, got ")
               << AffineMapAttr::get(map);
    }
    return graph::sizesMap(sizes, context);
  }

  LogicalResult rewriteSizes(func::FuncOp function) {
    WalkResult walked = function.walk([&](tile::SizeOp op) {
      FailureOr<AffineMap> map = settledMap(op.getValue());
      if (failed(map))
        return WalkResult::interrupt();
      op.setValueAttr(AffineMapAttr::get(*map));
      return WalkResult::advance();
    });
    if (walked.wasInterrupted())
      return failure();
    for (unsigned index = 0; index < function.getNumResults(); ++index)
      if (auto dims = function.getResultAttrOfType<AffineMapAttr>(index, dimsAttr)) {
        FailureOr<AffineMap> map = settledMap(dims.getValue());
        if (failed(map))
          return failure();
        function.setResultAttr(index, dimsAttr, AffineMapAttr::get(*map));
      }
    return success();
  }

  void rewriteInputs() {
    for (unsigned index = 0; index < main.getNumArguments(); ++index) {
      if (!main.getArgAttrOfType<AffineMapAttr>(index, dimsAttr))
        continue;
      graph::Shape sizes = sizesOf(index);
      for (graph::Dim &size : sizes) {
        auto found = computed.find(size.expr(context));
        size = found == computed.end() ? size.substitute(numbers) : numbers[found->second];
      }
      main.setArgAttr(index, dimsAttr, AffineMapAttr::get(graph::sizesMap(sizes, context)));
    }
  }

  func::FuncOp main;
  MLIRContext *context;
  SmallVector<std::string> names, settled;
  SmallVector<graph::Requirement> requirements;
  SmallVector<graph::SymbolRange> ranges, settledRanges;
  SmallVector<bool> isChosen;
  llvm::MapVector<AffineExpr, unsigned> computed; ///< sizes of inputs that are no symbols -> their symbols
  SmallVector<graph::Dim> numbers;                ///< of the old symbols
};

} // namespace

LogicalResult settleSymbols(func::FuncOp main) { return Settler(main).run(); }

} // namespace tegula::codegen::host
