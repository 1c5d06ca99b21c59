// Combines the partial results of the threads of a row: shuffles within warps, shared memory between them.
#include "RowsEmitter.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace tegula::codegen::ptx {

/// Number of the address space that the threads of a group share.
static constexpr unsigned sharedSpace = 3;

/// What the thread `distance` away has (its number with that bit changed). Words travel: narrower values fill
/// one, wider ones take two.
Value RowsEmitter::shuffle(Value value, int64_t distance) {
  Type type = value.getType(), word = builder.getI32Type();
  auto number = [&](int64_t n) { return arith::ConstantIntOp::create(builder, loc, n, 32).getResult(); };
  auto exchange = [&](Value each) -> Value {
    return NVVM::ShflOp::create(builder, loc, each.getType(), number(-1), each, number(distance),
                                number(warpThreads - 1), NVVM::ShflKind::bfly, UnitAttr());
  };
  if (type.isF32() || type.isInteger(32))
    return exchange(value);
  unsigned bits = type.getIntOrFloatBitWidth();
  Type whole = builder.getIntegerType(bits);
  Value raw = type == whole ? value : arith::BitcastOp::create(builder, loc, whole, value).getResult();
  if (bits < 32) {
    raw = exchange(arith::ExtUIOp::create(builder, loc, word, raw));
    raw = arith::TruncIOp::create(builder, loc, whole, raw);
  } else {
    Value half = arith::ConstantIntOp::create(builder, loc, 32, 64);
    Value high = arith::TruncIOp::create(builder, loc, word, arith::ShRUIOp::create(builder, loc, raw, half));
    Value low = exchange(arith::TruncIOp::create(builder, loc, word, raw));
    high = arith::ExtUIOp::create(builder, loc, whole, exchange(high));
    raw = arith::OrIOp::create(builder, loc, arith::ShLIOp::create(builder, loc, high, half),
                               arith::ExtUIOp::create(builder, loc, whole, low));
  }
  return type == whole ? raw : arith::BitcastOp::create(builder, loc, type, raw).getResult();
}

/// Each thread's `value` combined to the one of the row, which all of them get.
Value RowsEmitter::shareAmongThreads(const RowReduction &reduction, Value value) {
  auto combineOver = [&](int64_t threads) {
    for (int64_t distance = 1; distance < threads; distance *= 2)
      value = reduction.combine(builder, value, shuffle(value, distance));
  };
  combineOver(std::min(together, warpThreads));
  if (together <= warpThreads)
    return value;
  // Every reduction has memory of its own: nobody waits until it has been read.
  int64_t warps = together / warpThreads;
  auto type = MemRefType::get(warps, value.getType(), AffineMap(), builder.getI64IntegerAttr(sharedSpace));
  std::string symbol = (kernel.getSymName() + "_row" + Twine(done.size())).str();
  if (!SymbolTable::lookupNearestSymbolFrom(kernel, builder.getStringAttr(symbol))) { // by another version
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(kernel);
    memref::GlobalOp::create(builder, loc, symbol, builder.getStringAttr("private"), type,
                             /*initial_value=*/builder.getUnitAttr(), /*constant=*/false,
                             builder.getI64IntegerAttr(16));
  }
  Value shared = memref::GetGlobalOp::create(builder, loc, type, symbol);
  Number warp = numbers.number(warpThreads);
  Value isFirst = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                        numbers.value(numbers.modulo(thread, warp)), index(0));
  auto only = scf::IfOp::create(builder, loc, isFirst, /*withElseRegion=*/false);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(only.thenBlock());
    memref::StoreOp::create(builder, loc, value, shared,
                            ValueRange{numbers.value(numbers.over(thread, warp))});
  }
  NVVM::Barrier0Op::create(builder, loc);
  Number mine = numbers.modulo(thread, numbers.number(warps));
  value = memref::LoadOp::create(builder, loc, shared, ValueRange{numbers.value(mine)});
  combineOver(warps);
  return value;
}

} // namespace tegula::codegen::ptx
