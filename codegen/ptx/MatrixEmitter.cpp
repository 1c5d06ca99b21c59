// Writes what a warp multiplies on matrix units: where its fragments lie, how they are loaded and rounded,
// and which places of the tile its sums belong to.
#include "MatrixEmitter.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace tegula::codegen::ptx {

/// What one thread gives ldmatrix the address of, and one copy brings.
static constexpr int64_t chunkBytes = 16;
/// Bytes of shared memory that one access finds without a conflict, in chunks.
static constexpr int64_t chunksAtOnce = 8;

MatrixEmitter::MatrixEmitter(tile::KernelOp kernel, const tile::Product &product)
    : ProductEmitter(kernel, product) {
  switch (block.getMultiply()) {
  case sched::Multiply::Fp16:
    unit = builder.getF16Type();
    break;
  case sched::Multiply::Bf16:
    unit = builder.getBF16Type();
    break;
  default:
    unit = builder.getF32Type();
  }
}

/// Chunks in the same place of as many lines as are read together go to different banks.
static void swapNeighbours(int64_t chunks, int64_t &over, int64_t &modulo) {
  over = std::max<int64_t>(1, chunksAtOnce / chunks);
  modulo = std::min(chunks, chunksAtOnce);
}

MatrixEmitter::Layout MatrixEmitter::leftLayout() {
  Layout layout{block.getRows(), block.getDepth(), chunkBytes / left.bytes()};
  swapNeighbours(layout.pitch / layout.chunk, layout.over, layout.modulo);
  return layout;
}

/// In float32 four neighbouring lines are read together, two chunks of each that lie four apart.
MatrixEmitter::Layout MatrixEmitter::rightLayout() {
  Layout layout{block.getDepth(), block.getColumns(), chunkBytes / right.bytes()};
  if (isNarrow(right))
    swapNeighbours(layout.pitch / layout.chunk, layout.over, layout.modulo);
  else
    layout.modulo = 4;
  return layout;
}

void MatrixEmitter::placeThread() {
  auto n = [&](int64_t value) { return numbers.number(value); };
  int64_t high = block.getThreadRows() * sched::warpRows,
          wide = block.getThreadColumns() * sched::warpColumns, inWarp = sched::warpRows * sched::warpColumns;
  SmallVector<Number> at =
      numbers.split(thread, {n(block.getRows() / high), n(block.getColumns() / wide), n(inWarp)});
  warpRow = numbers.times(at[0], n(high));
  warpColumn = numbers.times(at[1], n(wide));
  lane = at[2];
  group = numbers.over(lane, n(sched::warpColumns));
  inGroup = numbers.modulo(lane, n(sched::warpColumns));
  leftAt = placeLeft();
  rightAt = placeRight();
}

/// Of four matrices of 8 rows and 16 bytes, two above each other and two beside each other, this thread names
/// one row.
SmallVector<OpFoldResult> MatrixEmitter::placeLeft() {
  auto n = [&](int64_t value) { return numbers.number(value); };
  Number line = numbers.plus(warpRow, numbers.modulo(lane, n(rows))), half = numbers.over(lane, n(rows));
  SmallVector<Number> places;
  for (int64_t chunk = 0; chunk < left.layout.pitch / left.layout.chunk; chunk += 2)
    places.push_back(
        placeOf(left.layout, line, numbers.times(numbers.plus(half, n(chunk)), n(left.layout.chunk))));
  return places;
}

SmallVector<OpFoldResult> MatrixEmitter::placeRight() {
  auto n = [&](int64_t value) { return numbers.number(value); };
  if (!isNarrow(right)) { // four columns of a step, by the column of fragments that they are
    Number run = numbers.plus(numbers.over(group, n(2)), numbers.times(numbers.modulo(group, n(2)), n(4)));
    return {placeOf(right.layout, inGroup, numbers.plus(warpColumn, numbers.times(run, n(4))))};
  }
  // Two matrices along the depth, two along the columns: again one row for each thread.
  Number step = numbers.modulo(lane, n(halfRows));
  if (!isNarrow(left)) // the order that rounding leaves the left operand in
    step = numbers.plus(numbers.over(step, n(2)), numbers.times(numbers.modulo(step, n(2)), n(4)));
  Number lower = numbers.modulo(numbers.over(lane, n(halfRows)), n(2)), beside = numbers.over(lane, n(rows));
  Number line = numbers.plus(numbers.times(lower, n(halfRows)), step);
  SmallVector<Number> places;
  for (int64_t fragment = 0; fragment < columnFragments(); fragment += 2) {
    Number column = numbers.times(numbers.plus(beside, n(fragment)), n(columns));
    places.push_back(placeOf(right.layout, line, numbers.plus(warpColumn, column)));
  }
  return places;
}

SmallVector<Value> MatrixEmitter::startSums() {
  auto type = VectorType::get({2, 2}, builder.getF32Type());
  Value zero = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  return SmallVector<Value>(rowFragments() * columnFragments(), zero);
}

Value MatrixEmitter::loadMatrices(const Operand &operand, Number at, bool transposed) {
  auto type = VectorType::get({4, 4 / operand.bytes()}, operand.element);
  return nvgpu::LdMatrixOp::create(builder, loc, type, operand.shared, ValueRange{numbers.value(at)},
                                   builder.getBoolAttr(transposed), builder.getI32IntegerAttr(4));
}

/// Without it the units would cut off what tf32 has no room for.
Value MatrixEmitter::round(Value number) {
  Value bits = NVVM::ConvertFloatToTF32Op::create(builder, loc, builder.getI32Type(), number,
                                                  NVVM::FPRoundingMode::RNA);
  Value rounded = arith::BitcastOp::create(builder, loc, builder.getF32Type(), bits);
  return vector::BroadcastOp::create(builder, loc, VectorType::get(1, builder.getF32Type()), rounded);
}

/// Two numbers rounded to 16 bits in one register; the instruction takes the upper one first.
Value MatrixEmitter::pack(Value first, Value second) {
  auto type = VectorType::get(2, unit);
  if (unit.isF16())
    return NVVM::ConvertF32x2ToF16x2Op::create(builder, loc, type, second, first, Value(),
                                               NVVM::FPRoundingMode::RN);
  return NVVM::ConvertF32x2ToBF16x2Op::create(builder, loc, type, second, first, Value(),
                                              NVVM::FPRoundingMode::RN);
}

/// The registers of one operand of an instruction.
Value MatrixEmitter::fragmentOf(ArrayRef<Value> registers) {
  auto part = cast<VectorType>(registers.front().getType());
  auto type = VectorType::get({static_cast<int64_t>(registers.size()), part.getDimSize(0)}, unit);
  Value fragment = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  for (auto [number, value] : llvm::enumerate(registers))
    fragment = vector::InsertOp::create(builder, loc, value, fragment, static_cast<int64_t>(number));
  return fragment;
}

/// The left fragments, from `step` on, of the rows of this warp.
SmallVector<Value> MatrixEmitter::loadLeft(Number base, int64_t step) {
  int64_t stepsAtOnce = 2 * left.layout.chunk; // of one ldmatrix
  SmallVector<Value> fragments;
  for (int64_t row = 0; row < rowFragments(); ++row) {
    SmallVector<Value> loaded, registers;
    for (int64_t at = step; at < step + depthAtOnce(); at += stepsAtOnce) {
      Number place = numbers.plus(numbers.plus(base, leftAt[at / stepsAtOnce]),
                                  numbers.number(row * rows * left.layout.pitch));
      loaded.push_back(loadMatrices(left, place, /*transposed=*/false));
    }
    if (isNarrow(left)) {
      fragments.push_back(loaded.front());
      continue;
    }
    auto element = [&](Value matrices, int64_t number) -> Value {
      return vector::ExtractOp::create(builder, loc, matrices, ArrayRef<int64_t>{number, 0});
    };
    for (Value matrices : loaded) {
      if (loaded.size() == 1)
        for (int64_t number = 0; number < 4; ++number)
          registers.push_back(round(element(matrices, number)));
      else // rows of the upper and the lower half, each with what lies four steps on
        for (int64_t number = 0; number < 2; ++number)
          registers.push_back(pack(element(matrices, number), element(matrices, number + 2)));
    }
    fragments.push_back(fragmentOf(registers));
  }
  return fragments;
}

/// The right fragments, from `step` on, of the columns of this warp.
SmallVector<Value> MatrixEmitter::loadRight(Number base, int64_t step) {
  int64_t pitch = right.layout.pitch;
  SmallVector<Value> fragments;
  if (isNarrow(right)) {
    for (Number at : rightAt) {
      Number place = numbers.plus(numbers.plus(base, at), numbers.number(step * pitch));
      Value matrices = loadMatrices(right, place, /*transposed=*/true);
      for (int64_t number = 0; number < 4; number += 2) {
        Value upper = vector::ExtractOp::create(builder, loc, matrices, number),
              lower = vector::ExtractOp::create(builder, loc, matrices, number + 1);
        fragments.push_back(fragmentOf({upper, lower}));
      }
    }
    return fragments;
  }
  auto type = VectorType::get(4, builder.getF32Type());
  for (int64_t first = 0; first < columnFragments() * columns; first += quadColumns) {
    SmallVector<Value> loaded; // every fourth step
    for (int64_t at = step; at < step + depthAtOnce(); at += 4) {
      Number place = numbers.plus(numbers.plus(base, rightAt[0]), numbers.number(at * pitch + first));
      loaded.push_back(vector::LoadOp::create(builder, loc, type, right.shared,
                                              ValueRange{numbers.value(place)},
                                              /*nontemporal=*/false, llvm::MaybeAlign(chunkBytes)));
    }
    for (int64_t column = 0; column < 4; ++column) {
      auto element = [&](int64_t number) -> Value {
        return vector::ExtractOp::create(builder, loc, loaded[number], column);
      };
      fragments.push_back(loaded.size() == 2
                              ? fragmentOf({round(element(0)), round(element(1))})
                              : fragmentOf({pack(element(0), element(1)), pack(element(2), element(3))}));
    }
  }
  return fragments;
}

/// One instruction: adds the product of two fragments to `sum`.
Value MatrixEmitter::multiplyFragments(Value row, Value column, Value sum) {
  int64_t shape[] = {rows, columns, depthAtOnce()};
  if (!unit.isBF16())
    return nvgpu::MmaSyncOp::create(builder, loc, row, column, sum, shape, unit.isF32());
  // nvgpu.mma.sync has no bfloat16.
  auto registersOf = [&](Value fragment) {
    SmallVector<Value> registers;
    for (int64_t i = 0; i < cast<VectorType>(fragment.getType()).getDimSize(0); ++i) {
      Value pair = vector::ExtractOp::create(builder, loc, fragment, i);
      registers.push_back(LLVM::BitcastOp::create(builder, loc, builder.getI32Type(), pair));
    }
    return registers;
  };
  SmallVector<Value> sums;
  for (int64_t i = 0; i < 4; ++i)
    sums.push_back(vector::ExtractOp::create(builder, loc, sum, ArrayRef<int64_t>{i / 2, i % 2}));
  auto type =
      LLVM::LLVMStructType::getLiteral(builder.getContext(), SmallVector<Type>(4, builder.getF32Type()));
  Value products =
      NVVM::MmaOp::create(builder, loc, type, registersOf(row), registersOf(column), sums, shape,
                          std::nullopt, std::nullopt, std::array{NVVM::MMATypes::bf16, NVVM::MMATypes::bf16},
                          std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
  for (int64_t i = 0; i < 4; ++i)
    sums[i] = LLVM::ExtractValueOp::create(builder, loc, products, i);
  return vector::FromElementsOp::create(builder, loc, cast<VectorType>(sum.getType()), sums);
}

void MatrixEmitter::multiply(Number stage, SmallVectorImpl<Value> &sums) {
  Number leftBase = numbers.times(stage, numbers.number(left.layout.elements())),
         rightBase = numbers.times(stage, numbers.number(right.layout.elements()));
  for (int64_t step = 0; step < block.getDepth(); step += depthAtOnce()) {
    SmallVector<Value> ofRows = loadLeft(leftBase, step), ofColumns = loadRight(rightBase, step);
    auto *sum = sums.begin();
    for (Value row : ofRows)
      for (Value column : ofColumns) {
        *sum = multiplyFragments(row, column, *sum);
        ++sum;
      }
  }
}

/// Each fragment's sums are two neighbours of a row of its upper half, and two of its lower half. Four
/// fragments that were loaded together have four neighbouring columns in the place of each, and neighbouring
/// threads neighbouring ones: so that they fill sectors of memory together.
SmallVector<MatrixEmitter::Part> MatrixEmitter::partsOf(ArrayRef<Value> sums) {
  auto n = [&](int64_t value) { return numbers.number(value); };
  SmallVector<Part> parts;
  for (int64_t at = 0; at < rowFragments() * 2; ++at) {
    ArrayRef<Value> inRow = sums.slice(at / 2 * columnFragments(), columnFragments());
    Number row = numbers.plus(numbers.plus(warpRow, group), n(at * halfRows));
    if (isNarrow(right)) {
      for (auto [fragment, sum] : llvm::enumerate(inRow)) {
        Number column = numbers.plus(warpColumn, numbers.times(inGroup, n(2)));
        parts.push_back({row, numbers.plus(column, n(static_cast<int64_t>(fragment) * columns)),
                         vector::ExtractOp::create(builder, loc, sum, at % 2)});
      }
      continue;
    }
    auto type = VectorType::get(4, builder.getF32Type());
    for (int64_t number = 0; number < columnFragments() / 2; ++number) {
      int64_t first = number / 2 * 4, second = number % 2;
      auto elements = llvm::map_to_vector(inRow.slice(first, 4), [&](Value sum) -> Value {
        return vector::ExtractOp::create(builder, loc, sum, ArrayRef<int64_t>{at % 2, second});
      });
      Number column = numbers.plus(warpColumn, numbers.times(inGroup, n(4)));
      parts.push_back({row, numbers.plus(column, n(first * columns + second * 16)),
                       vector::FromElementsOp::create(builder, loc, type, elements)});
    }
  }
  return parts;
}

} // namespace tegula::codegen::ptx
