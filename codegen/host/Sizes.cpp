// Writes sizes as code: polynomials of symbols and floor divisions, which is all that a model's shapes
// consist of.
#include "Sizes.h"

#include "tegula/artifact/Artifact.h"

using namespace mlir;

namespace tegula::codegen::host {

SmallVector<graph::Dim> sizesOf(tile::LaunchOp launch) {
  return llvm::map_to_vector(launch.getSizes(), [](Value size) {
    AffineExpr expr = tile::exprOf(size);
    return expr ? graph::Dim(expr) : graph::Dim::invalid();
  });
}

graph::Dim forLaunch(AffineMap map, ArrayRef<graph::Dim> sizes) {
  return graph::Dim(map.getResult(0)).substitute(sizes);
}

std::string sizeText(graph::Dim size, ArrayRef<std::string> names, bool product) {
  std::string text = size.text(names);
  return product && text.find_first_of("+-/") != text.npos ? "(" + text + ")" : text;
}

std::string firstNode(tile::SizeOp size) {
  std::string node;
  for (Operation *user : size->getUsers())
    user->getLoc()->walk([&](Location loc) {
      if (auto name = dyn_cast<NameLoc>(loc); name && node.empty())
        node = name.getName().str();
      return WalkResult::advance();
    });
  return node;
}

Value SizeWriter::constant(int64_t value) {
  Type type = builder.getI64Type();
  return LLVM::ConstantOp::create(builder, loc, type, builder.getIntegerAttr(type, value));
}

void SizeWriter::note(Value now) {
  wrong = wrong ? LLVM::OrOp::create(builder, loc, wrong, now).getResult() : now;
}

void SizeWriter::expectAddressed(Value size) {
  note(LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::sgt, size, constant(artifact::addressSpace)));
}

Value SizeWriter::failed() {
  Type type = builder.getI1Type();
  return wrong ? wrong : LLVM::ConstantOp::create(builder, loc, type, builder.getIntegerAttr(type, 0));
}

template <typename Checked, typename Plain> Value SizeWriter::arithmetic(Value a, Value b) {
  if (!checked)
    return Plain::create(builder, loc, a, b);
  auto pair =
      LLVM::LLVMStructType::getLiteral(builder.getContext(), {builder.getI64Type(), builder.getI1Type()});
  Value both = Checked::create(builder, loc, pair, a, b);
  note(LLVM::ExtractValueOp::create(builder, loc, both, 1));
  return LLVM::ExtractValueOp::create(builder, loc, both, 0);
}

Value SizeWriter::add(Value a, Value b) { return arithmetic<LLVM::SAddWithOverflowOp, LLVM::AddOp>(a, b); }
Value SizeWriter::multiply(Value a, Value b) {
  return arithmetic<LLVM::SMulWithOverflowOp, LLVM::MulOp>(a, b);
}
Value SizeWriter::largest(Value a, Value b) { return LLVM::SMaxOp::create(builder, loc, a, b); }

/// a / b rounded down, or what is left. Dividing by less than 1 is as wrong as leaving 63 bits.
Value SizeWriter::divide(Value a, Value b, bool remainder) {
  auto compare = [&](Value x, int64_t y) {
    return LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::slt, x, constant(y));
  };
  if (!b.getDefiningOp<LLVM::ConstantOp>()) {
    if (checked)
      note(compare(b, 1));
    b = largest(b, constant(1));
  }
  Value rest = LLVM::SRemOp::create(builder, loc, a, b), negative = compare(rest, 0);
  if (remainder)
    return LLVM::SelectOp::create(builder, loc, negative, LLVM::AddOp::create(builder, loc, rest, b), rest);
  Value quotient = LLVM::SDivOp::create(builder, loc, a, b);
  return LLVM::SelectOp::create(builder, loc, negative,
                                LLVM::AddOp::create(builder, loc, quotient, constant(-1)), quotient);
}

Value SizeWriter::compute(AffineExpr expr) {
  if (auto number = dyn_cast<AffineConstantExpr>(expr))
    return constant(number.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    Type pointer = LLVM::LLVMPointerType::get(builder.getContext()), i64 = builder.getI64Type();
    Value address = LLVM::GEPOp::create(builder, loc, pointer, i64, symbols,
                                        ArrayRef<LLVM::GEPArg>{int32_t(symbol.getPosition())});
    return LLVM::LoadOp::create(builder, loc, i64, address);
  }
  auto both = cast<AffineBinaryOpExpr>(expr);
  Value a = write(both.getLHS()), b = write(both.getRHS());
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return add(a, b);
  case AffineExprKind::Mul:
    return multiply(a, b);
  case AffineExprKind::FloorDiv:
    return divide(a, b, /*remainder=*/false);
  case AffineExprKind::Mod:
    return divide(a, b, /*remainder=*/true);
  case AffineExprKind::CeilDiv: // -floor(-a / b)
    return multiply(divide(multiply(a, constant(-1)), b, /*remainder=*/false), constant(-1));
  default:
    llvm_unreachable("sizes are over symbols only");
  }
}

Value SizeWriter::write(AffineExpr expr) {
  Value &known = written[expr];
  if (known)
    return known;
  Value value = compute(expr); // may grow the table
  return written[expr] = value;
}

Value SizeWriter::write(graph::Dim size) { return write(size.expr(builder.getContext())); }

} // namespace tegula::codegen::host
