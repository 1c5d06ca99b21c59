// Defines the tile dialect's operations: syntax, verifiers and folds.
#include "tegula/dialects/tile/Tile.h"

#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Support/DebugStringHelper.h"

using namespace mlir;

#include "tegula/dialects/tile/TileDialect.cpp.inc"
#define GET_OP_CLASSES
#include "tegula/dialects/tile/TileOps.cpp.inc"

namespace tegula::tile {

void TileDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "tegula/dialects/tile/TileOps.cpp.inc"
      >();
}

// ---- kernel ----

void KernelOp::build(OpBuilder &builder, OperationState &state, StringRef name, FunctionType type) {
  state.addAttribute(getSymNameAttrName(state.name), builder.getStringAttr(name));
  state.addAttribute(getFunctionTypeAttrName(state.name), TypeAttr::get(type));
  Block &block = state.addRegion()->emplaceBlock();
  for (Type input : type.getInputs())
    block.addArgument(input, state.location);
}

unsigned KernelOp::getNumInputs() {
  ArrayRef<Type> inputs = getFunctionType().getInputs();
  while (!inputs.empty() && inputs.back().isIndex())
    inputs = inputs.drop_back();
  return inputs.size();
}

int64_t KernelOp::getTensorDim(unsigned tensor, unsigned dim) {
  ArrayAttr dims = getDimsAttr();
  return dims ? cast<DenseI64ArrayAttr>(dims[tensor])[dim] : -1;
}

sched::ScheduleAttr KernelOp::getSched() { return dyn_cast_or_null<sched::ScheduleAttr>(getScheduleAttr()); }

ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) {
  StringAttr name;
  SmallVector<OpAsmParser::Argument> args;
  if (parser.parseSymbolName(name, getSymNameAttrName(result.name), result.attributes) ||
      parser.parseArgumentList(args, OpAsmParser::Delimiter::Paren, /*allowType=*/true))
    return failure();
  SmallVector<Type> results, inputs;
  if (parser.parseArrow())
    return failure();
  if (succeeded(parser.parseOptionalLParen())) {
    if (failed(parser.parseOptionalRParen()))
      if (parser.parseTypeList(results) || parser.parseRParen())
        return failure();
  } else {
    Type type;
    if (parser.parseType(type))
      return failure();
    results.push_back(type);
  }
  for (const OpAsmParser::Argument &arg : args)
    inputs.push_back(arg.type);
  result.addAttribute(getFunctionTypeAttrName(result.name),
                      TypeAttr::get(FunctionType::get(parser.getContext(), inputs, results)));
  if (succeeded(parser.parseOptionalKeyword("dims"))) {
    SmallVector<Attribute> dims;
    auto parseTensor = [&]() -> ParseResult {
      SmallVector<int64_t> sizes;
      if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                         [&] { return parser.parseInteger(sizes.emplace_back()); }))
        return failure();
      dims.push_back(parser.getBuilder().getDenseI64ArrayAttr(sizes));
      return success();
    };
    if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseTensor))
      return failure();
    result.addAttribute(getDimsAttrName(result.name), parser.getBuilder().getArrayAttr(dims));
  }
  if (succeeded(parser.parseOptionalKeyword("schedule"))) {
    Attribute schedule;
    if (parser.parseLParen() || parser.parseAttribute(schedule) || parser.parseRParen())
      return failure();
    result.addAttribute(getScheduleAttrName(result.name), schedule);
  }
  return failure(parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
                 parser.parseRegion(*result.addRegion(), args));
}

void KernelOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printer.printSymbolName(getSymName());
  printer << '(';
  llvm::interleaveComma(getBlock().getArguments(), printer,
                        [&](BlockArgument arg) { printer.printRegionArgument(arg); });
  printer << ") -> ";
  ArrayRef<Type> results = getFunctionType().getResults();
  if (results.size() == 1)
    printer << results.front();
  else
    printer << '(' << results << ')';
  if (ArrayAttr dims = getDimsAttr()) {
    printer << " dims [";
    llvm::interleaveComma(dims.getAsRange<DenseI64ArrayAttr>(), printer,
                          [&](DenseI64ArrayAttr tensor) { printer << '[' << tensor.asArrayRef() << ']'; });
    printer << ']';
  }
  if (Attribute schedule = getScheduleAttr())
    printer << " schedule(" << schedule << ')';
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(),
      {getSymNameAttrName(), getFunctionTypeAttrName(), getDimsAttrName(), getScheduleAttrName()});
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

/// Checks that `dims` gives every dimension that no type does, and no other.
static LogicalResult verifyDims(KernelOp kernel) {
  SmallVector<Type> tensors(kernel.getInputTypes());
  llvm::append_range(tensors, kernel.getResultTypes());
  auto isDynamic = [](Type type) { return !cast<RankedTensorType>(type).hasStaticShape(); };
  ArrayAttr dims = kernel.getDimsAttr();
  if (!dims)
    return llvm::any_of(tensors, isDynamic) ? kernel.emitOpError("expected dims for types with unknown sizes")
                                            : LogicalResult(success());
  if (dims.size() != tensors.size())
    return kernel.emitOpError("expected dims of ") << tensors.size() << " tensors, got " << dims.size();
  for (auto [type, attr] : llvm::zip_equal(tensors, dims.getAsRange<DenseI64ArrayAttr>())) {
    auto tensor = cast<RankedTensorType>(type);
    if (attr.size() != tensor.getRank())
      return kernel.emitOpError("expected ")
             << tensor.getRank() << " dims for " << tensor << ", got " << attr.size();
    for (auto [size, number] : llvm::zip_equal(tensor.getShape(), attr.asArrayRef())) {
      bool fits =
          ShapedType::isDynamic(size) ? number >= 0 && number < int64_t(kernel.getNumSizes()) : number == -1;
      if (!fits)
        return kernel.emitOpError("expected the number of one of ")
               << kernel.getNumSizes() << " sizes for an unknown dimension and -1 for a known one, got "
               << number << " in " << tensor;
    }
  }
  return success();
}

LogicalResult KernelOp::verify() {
  FunctionType type = getFunctionType();
  if (getBlock().getArgumentTypes() != TypeRange(type.getInputs()))
    return emitOpError("expected body arguments of types ") << type.getInputs();
  for (Type each : llvm::concat<const Type>(getInputTypes(), getResultTypes()))
    if (!isa<RankedTensorType>(each))
      return emitOpError("expected ranked tensors as inputs and results, got ") << each;
  if (failed(verifyDims(*this)))
    return failure();
  if (Attribute schedule = getScheduleAttr(); schedule && !getSched())
    return emitOpError("expected a #sched.schedule, got ") << schedule;
  return success();
}

LogicalResult KernelOp::verifyRegions() {
  auto yield = dyn_cast<YieldOp>(getBlock().getTerminator());
  if (!yield)
    return emitOpError("expected a body that ends in tile.yield");
  if (yield.getOperandTypes() != TypeRange(getFunctionType().getResults()))
    return yield.emitOpError("expected values of the kernel's result types ")
           << getFunctionType().getResults();
  return success();
}

// ---- launch ----

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto kernel = symbols.lookupNearestSymbolFrom<KernelOp>(*this, getKernelAttr());
  if (!kernel)
    return emitOpError("expected the name of a tile.kernel, got ") << getKernelAttr();
  if (TypeRange(kernel.getInputTypes()) != getInputs().getTypes() ||
      TypeRange(kernel.getResultTypes()) != getOutputs().getTypes())
    return emitOpError("expected inputs and outputs as the kernel declares them: ")
           << kernel.getFunctionType();
  if (kernel.getNumSizes() != getSizes().size())
    return emitOpError("expected ") << kernel.getNumSizes() << " sizes, got " << getSizes().size();
  for (auto [i, input] : llvm::enumerate(getInputs())) {
    if (cast<RankedTensorType>(input.getType()).hasStaticShape())
      continue;
    for (auto [dim, expr] : llvm::enumerate(dimsOf(input, symbols))) {
      int64_t number = kernel.getInputDim(i, dim);
      AffineExpr given = number < 0 ? AffineExpr() : exprOf(getSizes()[number]);
      if (expr && given && surelyDiffer(expr, given))
        return emitOpError("expected a size of ") << debugString(expr) << " for dimension " << dim
                                                  << " of input " << i << ", got " << debugString(given);
    }
  }
  return success();
}

LogicalResult ChooseOp::verify() {
  auto condition = getCondition().getType();
  if (condition.getElementType().isInteger(8) && condition.hasStaticShape() &&
      condition.getNumElements() == 1)
    return success();
  return emitOpError("expected a condition of one i8, got ") << condition;
}

// ---- size ----

/// A map to `exprs` from the symbols that occur.
static AffineMap mapTo(ArrayRef<AffineExpr> exprs) {
  ArrayRef<ArrayRef<AffineExpr>> lists(exprs);
  return AffineMap::inferFromExprList(lists, exprs.front().getContext()).front();
}

void SizeOp::build(OpBuilder &builder, OperationState &state, AffineExpr value) {
  build(builder, state, builder.getIndexType(), AffineMapAttr::get(mapTo(value)));
}

LogicalResult SizeOp::verify() {
  AffineMap map = getValue();
  if (map.getNumDims() != 0 || map.getNumResults() != 1)
    return emitOpError("expected one result and no dimensions, got ") << getValueAttr();
  if (auto function = (*this)->getParentOfType<FunctionOpInterface>())
    if (auto names = function->getAttrOfType<ArrayAttr>("tegula.symbols");
        names && map.getNumSymbols() > names.size())
      return emitOpError("expected at most the function's ")
             << names.size() << " symbols, got " << map.getNumSymbols();
  return success();
}

// ---- sizes of values ----

AffineExpr exprOf(Value size) {
  auto op = size.getDefiningOp<SizeOp>();
  return op ? op.getExpr() : AffineExpr();
}

/// The dimensions of `type`, the unknown ones from `unknown` in their order.
static SmallVector<AffineExpr> dimsOf(RankedTensorType type, ArrayRef<AffineExpr> unknown) {
  SmallVector<AffineExpr> dims;
  for (int64_t size : type.getShape()) {
    if (!ShapedType::isDynamic(size)) {
      dims.push_back(getAffineConstantExpr(size, type.getContext()));
      continue;
    }
    dims.push_back(unknown.empty() ? AffineExpr() : unknown.front());
    unknown = unknown.drop_front(!unknown.empty());
  }
  return dims;
}

SmallVector<AffineExpr> dimsOf(Value tensor, SymbolTableCollection &symbols) {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<AffineExpr> unknown;
  if (type.hasStaticShape())
    return dimsOf(type, unknown);
  if (auto argument = dyn_cast<BlockArgument>(tensor)) {
    auto function = dyn_cast<FunctionOpInterface>(argument.getOwner()->getParentOp());
    auto dims = function ? function.getArgAttrOfType<AffineMapAttr>(argument.getArgNumber(), "tegula.dims")
                         : AffineMapAttr();
    if (dims && dims.getValue().getNumResults() == type.getRank())
      return SmallVector<AffineExpr>(dims.getValue().getResults());
  } else if (auto view = tensor.getDefiningOp<ViewOp>()) {
    for (Value size : view.getSizes())
      unknown.push_back(exprOf(size));
  } else if (auto choose = tensor.getDefiningOp<ChooseOp>()) {
    return dimsOf(choose.getThenValue(), symbols);
  } else if (auto loop = tensor.getDefiningOp<LoopOp>()) {
    return dimsOfResult(loop, cast<OpResult>(tensor).getResultNumber(), symbols);
  } else if (auto launch = tensor.getDefiningOp<LaunchOp>()) {
    auto kernel = symbols.lookupNearestSymbolFrom<KernelOp>(launch, launch.getKernelAttr());
    unsigned result = cast<OpResult>(tensor).getResultNumber();
    for (int64_t dim = 0; kernel && dim < type.getRank(); ++dim)
      if (int64_t number = kernel.getResultDim(result, dim);
          number >= 0 && number < int64_t(launch.getSizes().size()))
        unknown.push_back(exprOf(launch.getSizes()[number]));
  }
  return dimsOf(type, unknown);
}

SmallVector<AffineExpr> dimsOf(Value tensor) {
  SymbolTableCollection symbols;
  return dimsOf(tensor, symbols);
}

bool isConstant(Value value) {
  while (auto view = value.getDefiningOp<ViewOp>())
    value = view.getSource();
  return matchPattern(value, m_Constant());
}

bool surelyDiffer(AffineExpr x, AffineExpr y) {
  if (x == y)
    return false;
  // Two polynomials that agree at a few unrelated points agree.
  AffineMap map = mapTo({x, y});
  Builder builder(x.getContext());
  for (int64_t seed : {7, 101, 1009}) {
    SmallVector<Attribute> values;
    for (int64_t i = 0; i < map.getNumSymbols(); ++i)
      values.push_back(builder.getIndexAttr(seed + 13 * i * i + 5 * i));
    SmallVector<int64_t> numbers;
    map.partialConstantFold(values, &numbers);
    if (numbers.size() == 2 && numbers[0] != numbers[1])
      return true;
  }
  return false;
}

// ---- view ----

/// Whether `source`, of the view's type, has its sizes too. As many elements fill one unknown dimension in
/// one way only, unless a branch takes sizes to be equal that are written in two ways; more are compared.
static bool keepsSizes(ViewOp view, Value source) {
  ArrayRef<int64_t> shape = view.getType().getShape();
  SmallVector<AffineExpr> before = dimsOf(source), after = dimsOf(view.getResult());
  if (view.getType().getNumDynamicDims() <= 1 && !llvm::is_contained(shape, 0))
    return llvm::none_of(llvm::zip_equal(before, after), [](auto sizes) {
      auto [x, y] = sizes;
      return x && y && surelyDiffer(x, y);
    });
  return !llvm::is_contained(before, AffineExpr()) && before == after;
}

OpFoldResult ViewOp::fold(FoldAdaptor) {
  auto inner = getSource().getDefiningOp<ViewOp>();
  for (Value source : {Value(getSource()), inner ? Value(inner.getSource()) : Value()})
    if (source && source.getType() == getType() && keepsSizes(*this, source))
      return source;
  if (!inner)
    return {};
  getSourceMutable().assign(inner.getSource());
  return getResult();
}

LogicalResult ViewOp::verify() {
  auto from = getSource().getType(), to = getType();
  if (from.getElementType() != to.getElementType())
    return emitOpError("expected the source's element type ") << from.getElementType();
  if (from.hasStaticShape() && to.hasStaticShape() && from.getNumElements() != to.getNumElements())
    return emitOpError("expected ") << from.getNumElements() << " elements, got " << to.getNumElements();
  if (to.getNumDynamicDims() != getSizes().size())
    return emitOpError("expected ") << to.getNumDynamicDims() << " sizes, got " << getSizes().size();
  return success();
}

// ---- pack, unpack ----

/// Checks that `packed` is `[J, plain..., W]` for the panels of `plain`, as tile.pack describes.
static LogicalResult verifyPacking(Operation *op, RankedTensorType plain, RankedTensorType packed) {
  if (plain.getElementType() != packed.getElementType())
    return op->emitOpError("expected equal element types");
  if (plain.getRank() < 1 || packed.getRank() != plain.getRank() + 1)
    return op->emitOpError("expected a packed rank of ")
           << plain.getRank() + 1 << ", got " << packed.getRank();
  if (!plain.hasStaticShape() || !packed.hasStaticShape())
    return op->emitOpError("expected static shapes");
  int64_t columns = plain.getShape().back(), width = packed.getShape().back();
  if (width > columns)
    return op->emitOpError("expected a panel width of at most ") << columns << ", got " << width;
  if (packed.getShape().front() != int64_t(llvm::divideCeil(columns, width)))
    return op->emitOpError("expected ")
           << llvm::divideCeil(columns, width) << " panels, got " << packed.getShape().front();
  if (packed.getShape().slice(1, plain.getRank() - 1) != plain.getShape().drop_back())
    return op->emitOpError("expected the dimensions between panels and columns to agree");
  return success();
}

LogicalResult PackOp::verify() { return verifyPacking(*this, getSource().getType(), getType()); }
LogicalResult UnpackOp::verify() { return verifyPacking(*this, getType(), getSource().getType()); }

} // namespace tegula::tile
