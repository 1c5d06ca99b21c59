// Defines the tile dialect's operations: syntax, verifiers and folds.
#include "tegula/dialects/tile/Tile.h"

#include "mlir/Interfaces/FunctionImplementation.h"

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

//===-- kernel
//-------------------------------------------------------------------------------------------===//

void KernelOp::build(OpBuilder &builder, OperationState &state, StringRef name, FunctionType type) {
  state.addAttribute(getSymNameAttrName(state.name), builder.getStringAttr(name));
  state.addAttribute(getFunctionTypeAttrName(state.name), TypeAttr::get(type));
  Block &block = state.addRegion()->emplaceBlock();
  for (Type input : type.getInputs())
    block.addArgument(input, state.location);
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
  llvm::interleaveComma(getInputs(), printer, [&](BlockArgument arg) { printer.printRegionArgument(arg); });
  printer << ") -> ";
  ArrayRef<Type> results = getFunctionType().getResults();
  if (results.size() == 1)
    printer << results.front();
  else
    printer << '(' << results << ')';
  if (Attribute schedule = getScheduleAttr())
    printer << " schedule(" << schedule << ')';
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(), {getSymNameAttrName(), getFunctionTypeAttrName(), getScheduleAttrName()});
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

LogicalResult KernelOp::verify() {
  FunctionType type = getFunctionType();
  if (getBody().empty())
    return emitOpError("expected a body");
  if (getBlock().getArgumentTypes() != TypeRange(type.getInputs()))
    return emitOpError("expected body arguments of types ") << type.getInputs();
  for (Type each : llvm::concat<const Type>(type.getInputs(), type.getResults()))
    if (!isa<RankedTensorType>(each))
      return emitOpError("expected ranked tensors as inputs and results, got ") << each;
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

//===-- launch
//-------------------------------------------------------------------------------------------===//

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto kernel = symbols.lookupNearestSymbolFrom<KernelOp>(*this, getKernelAttr());
  if (!kernel)
    return emitOpError("expected the name of a tile.kernel, got ") << getKernelAttr();
  FunctionType type = kernel.getFunctionType();
  if (TypeRange(type.getInputs()) != getInputs().getTypes() ||
      TypeRange(type.getResults()) != getOutputs().getTypes())
    return emitOpError("expected inputs and outputs as the kernel declares them: ") << type;
  return success();
}

//===-- view
//---------------------------------------------------------------------------------------------===//

OpFoldResult ViewOp::fold(FoldAdaptor) {
  if (getSource().getType() == getType())
    return getSource();
  if (auto inner = getSource().getDefiningOp<ViewOp>()) {
    if (inner.getSource().getType() == getType())
      return inner.getSource();
    getSourceMutable().assign(inner.getSource());
    return getResult();
  }
  return {};
}

LogicalResult ViewOp::verify() {
  auto from = getSource().getType(), to = getType();
  if (from.getElementType() != to.getElementType())
    return emitOpError("expected the source's element type ") << from.getElementType();
  if (from.hasStaticShape() && to.hasStaticShape() && from.getNumElements() != to.getNumElements())
    return emitOpError("expected ") << from.getNumElements() << " elements, got " << to.getNumElements();
  return success();
}

//===-- pack, unpack
//-------------------------------------------------------------------------------------===//

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
