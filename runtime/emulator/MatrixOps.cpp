// Tensor-core instructions: matrices that the lanes of a warp hold together.
#include "Halves.h"
#include "Lanes.h"
#include "Reach.h"

#include <algorithm>
#include <cstring>

namespace tegula::runtime::emulator {
namespace {

/// Matrices of 8 rows of 16 bytes; lane 8 i + r gives the address of row r of matrix i.
bool reachRows(Warp &warp, const Instruction &in, AccessKind kind, std::byte **rows) {
  return reach(warp, in, kind, 16, allLanes >> (lanesPerWarp - 8 * in.count), rows);
}

/// Where lane `lane` finds half `half` of its pair in a matrix: the row and the element.
void positionOf(int lane, int half, bool transposed, int &row, int &column) {
  row = lane / 4, column = lane % 4 * 2 + half;
  if (transposed)
    std::swap(row, column);
}

void runLoadMatrix(Warp &warp, const Instruction &in, uint32_t) {
  std::byte *rows[lanesPerWarp];
  if (!reachRows(warp, in, AccessKind::Read, rows))
    return;
  for (int matrix = 0; matrix < in.count; ++matrix) {
    uint16_t *d = warp.lanes<uint16_t>(warp.list(in)[matrix]);
    for (int i = 0; i < 2 * lanesPerWarp; ++i) {
      int row, column;
      positionOf(i / 2, i % 2, in.isSigned, row, column);
      std::memcpy(&d[i], rows[matrix * 8 + row] + 2 * column, 2);
    }
  }
}

void runStoreMatrix(Warp &warp, const Instruction &in, uint32_t) {
  std::byte *rows[lanesPerWarp];
  if (!reachRows(warp, in, AccessKind::Write, rows))
    return;
  for (int matrix = 0; matrix < in.count; ++matrix) {
    const uint16_t *a = warp.lanes<uint16_t>(warp.list(in)[matrix]);
    for (int i = 0; i < 2 * lanesPerWarp; ++i) {
      int row, column;
      positionOf(i / 2, i % 2, in.isSigned, row, column);
      std::memcpy(rows[matrix * 8 + row] + 2 * column, &a[i], 2);
    }
  }
}

template <bool Store> void decodeMatrixAccess(Decoding &d) {
  int count = d.takeOneOf({"x1", "x2", "x4"});
  if (!d.take("sync") || !d.take("aligned") || !d.take("m8n8") || count < 0)
    d.fail("expected .sync.aligned.m8n8 and .x1, .x2 or .x4");
  d.out.isSigned = d.take("trans");
  Space space = d.takeSpace();
  if (d.takeType() != Type::B16)
    d.fail("expected .b16");
  d.expectOperands(2, 2);
  d.address(Store ? 0 : 1, space);
  const Operand &registers = d.operand(Store ? 1 : 0);
  d.out.count = uint8_t(1 << count);
  std::vector<uint32_t> places;
  if (registers.kind == Operand::List)
    for (const Operand &one : registers.list)
      places.push_back(Store ? d.source(one, Type::B32) : d.target(one, 4));
  else
    places.push_back(Store ? d.source(registers, Type::B32) : d.target(registers, 4));
  if (places.size() != d.out.count)
    d.fail("expected one register for each matrix");
  d.useList(places);
  d.out.kind = Kind::Collective;
  d.out.run = Store ? runStoreMatrix : runLoadMatrix;
}

void decodeMoveMatrix(Decoding &d) {
  if (!d.take("sync") || !d.take("aligned") || !d.take("m8n8") || !d.take("trans") ||
      d.takeType() != Type::B16)
    d.fail("expected .sync.aligned.m8n8.trans.b16");
  d.expectOperands(2, 2);
  d.out.d = d.target(0, 4);
  d.out.a = d.source(1, Type::B32);
  d.out.kind = Kind::Collective;
  d.out.run = [](Warp &warp, const Instruction &in, uint32_t) {
    uint16_t matrix[8][8];
    std::memcpy(matrix, warp.lanes<uint16_t>(in.a), sizeof matrix);
    uint16_t *to = warp.lanes<uint16_t>(in.d);
    for (int row = 0; row < 8; ++row)
      for (int column = 0; column < 8; ++column)
        to[row * 8 + column] = matrix[column][row];
  };
}

// Elements of the inputs of mma, as they lie in registers.
struct HalfElement {
  using Sum = double;
  static constexpr int bytes = 2;
  static double load(uint32_t bits) { return fromHalf(uint16_t(bits)); }
};
struct BrainElement {
  using Sum = double;
  static constexpr int bytes = 2;
  static double load(uint32_t bits) { return fromBrain(uint16_t(bits)); }
};
struct TensorFloatElement {
  using Sum = double;
  static constexpr int bytes = 4;
  static double load(uint32_t bits) { return std::bit_cast<float>(bits & 0xffffe000u); }
};
template <class T> struct ByteElement {
  using Sum = int64_t;
  static constexpr int bytes = 1;
  static int64_t load(uint32_t bits) { return T(bits); }
};

constexpr int rowsOfA = 16, columnsOfB = 8;

/// The inputs of mma.m16n8k*. A lane holds packs of `4 / bytes` neighbours along k: of A, rows lane / 4 and
/// that plus 8, of B, column lane / 4; the second half of k is in registers of its own.
template <class E, int K> void loadA(Warp &warp, const uint32_t *places, typename E::Sum (*a)[K]) {
  constexpr int pack = 4 / E::bytes, registers = K / pack / 2;
  for (int i = 0; i < registers; ++i) {
    const uint32_t *values = warp.lanes<uint32_t>(places[i]);
    for (int lane = 0; lane < lanesPerWarp; ++lane)
      for (int j = 0; j < pack; ++j)
        a[lane / 4 + 8 * (i % 2)][lane % 4 * pack + j + i / 2 * 4 * pack] =
            E::load(values[lane] >> (8 * E::bytes * j));
  }
}
template <class E, int K> void loadB(Warp &warp, const uint32_t *places, typename E::Sum (*b)[columnsOfB]) {
  constexpr int pack = 4 / E::bytes, registers = K / pack / 4;
  for (int i = 0; i < registers; ++i) {
    const uint32_t *values = warp.lanes<uint32_t>(places[i]);
    for (int lane = 0; lane < lanesPerWarp; ++lane)
      for (int j = 0; j < pack; ++j)
        b[lane % 4 * pack + j + i * 4 * pack][lane / 4] = E::load(values[lane] >> (8 * E::bytes * j));
  }
}

/// Calls `body` with row, column, register and position in it for each accumulator that a lane holds.
template <class F> void eachAccumulator(F body) {
  for (int i = 0; i < 4; ++i)
    for (int lane = 0; lane < lanesPerWarp; ++lane)
      body(lane / 4 + 8 * (i / 2), lane % 4 * 2 + i % 2, i, lane);
}

enum class Accumulator { Float, Half, Integer };

template <Accumulator Kind, class Sum>
void loadSums(Warp &warp, const uint32_t *places, Sum (*sums)[columnsOfB]) {
  eachAccumulator([&](int row, int column, int i, int lane) {
    if constexpr (Kind == Accumulator::Half)
      sums[row][column] = Sum(fromHalf(warp.lanes<uint16_t>(places[i / 2])[2 * lane + i % 2]));
    else if constexpr (Kind == Accumulator::Float)
      sums[row][column] = Sum(warp.lanes<float>(places[i])[lane]);
    else
      sums[row][column] = Sum(warp.lanes<int32_t>(places[i])[lane]);
  });
}
template <Accumulator Kind, class Sum>
void storeSums(Warp &warp, const uint32_t *places, const Sum (*sums)[columnsOfB], bool saturate) {
  eachAccumulator([&](int row, int column, int i, int lane) {
    Sum sum = sums[row][column];
    if constexpr (Kind == Accumulator::Half)
      warp.lanes<uint16_t>(places[i / 2])[2 * lane + i % 2] = toHalf(double(sum));
    else if constexpr (Kind == Accumulator::Float)
      warp.lanes<float>(places[i])[lane] = float(sum);
    else
      warp.lanes<int32_t>(places[i])[lane] =
          int32_t(saturate ? std::clamp<int64_t>(int64_t(sum), INT32_MIN, INT32_MAX) : int64_t(sum));
  });
}

/// d = a * b + c. Float sums are formed in double and rounded once.
template <class A, class B, int K, Accumulator C, Accumulator D>
void runMultiply(Warp &warp, const Instruction &in, uint32_t) {
  using Sum = typename A::Sum;
  constexpr int pack = 4 / A::bytes, registersOfA = K / pack / 2, registersOfB = K / pack / 4,
                registersOfD = D == Accumulator::Half ? 2 : 4;
  const uint32_t *d = warp.list(in), *a = d + registersOfD, *b = a + registersOfA, *c = b + registersOfB;
  Sum left[rowsOfA][K], right[K][columnsOfB], sums[rowsOfA][columnsOfB];
  loadA<A, K>(warp, a, left);
  loadB<B, K>(warp, b, right);
  loadSums<C>(warp, c, sums);
  for (int row = 0; row < rowsOfA; ++row)
    for (int k = 0; k < K; ++k)
      for (int column = 0; column < columnsOfB; ++column)
        sums[row][column] += left[row][k] * right[k][column];
  storeSums<D>(warp, d, sums, in.extra);
}

struct Shape {
  Handler run = nullptr;
  int registersOfA = 0, registersOfB = 0;
};

template <class A, class B, int K> Shape chooseFloat(Type c, Type d) {
  constexpr int pack = 4 / A::bytes;
  using enum Accumulator;
  Shape shape{nullptr, K / pack / 2, K / pack / 4};
  if (c == Type::F32 && d == Type::F32)
    shape.run = runMultiply<A, B, K, Float, Float>;
  else if (c == Type::F16 && d == Type::F16)
    shape.run = runMultiply<A, B, K, Half, Half>;
  else if (c == Type::F16 && d == Type::F32)
    shape.run = runMultiply<A, B, K, Half, Float>;
  else if (c == Type::F32 && d == Type::F16)
    shape.run = runMultiply<A, B, K, Float, Half>;
  return shape;
}

template <int K> Shape chooseBytes(bool signedA, bool signedB) {
  using enum Accumulator;
  using S = ByteElement<int8_t>;
  using U = ByteElement<uint8_t>;
  Handler run =
      signedA ? (signedB ? runMultiply<S, S, K, Integer, Integer> : runMultiply<S, U, K, Integer, Integer>)
              : (signedB ? runMultiply<U, S, K, Integer, Integer> : runMultiply<U, U, K, Integer, Integer>);
  return {run, K / 8, K / 16};
}

Shape chooseShape(int k, Type d, Type a, Type b, Type c) {
  bool bytes = bytesOf(a) == 1 && bytesOf(b) == 1 && c == Type::S32 && d == Type::S32;
  if (bytes)
    return k == 32   ? chooseBytes<32>(isSigned(a), isSigned(b))
           : k == 16 ? chooseBytes<16>(isSigned(a), isSigned(b))
                     : Shape();
  if (a != b)
    return {};
  switch (a) {
  case Type::F16:
    return k == 16  ? chooseFloat<HalfElement, HalfElement, 16>(c, d)
           : k == 8 ? chooseFloat<HalfElement, HalfElement, 8>(c, d)
                    : Shape();
  case Type::BF16:
    if (c != Type::F32 || d != Type::F32)
      return {};
    return k == 16  ? chooseFloat<BrainElement, BrainElement, 16>(c, d)
           : k == 8 ? chooseFloat<BrainElement, BrainElement, 8>(c, d)
                    : Shape();
  case Type::TF32:
    if (c != Type::F32 || d != Type::F32)
      return {};
    return k == 8   ? chooseFloat<TensorFloatElement, TensorFloatElement, 8>(c, d)
           : k == 4 ? chooseFloat<TensorFloatElement, TensorFloatElement, 4>(c, d)
                    : Shape();
  default:
    return {};
  }
}

void decodeMultiply(Decoding &d) {
  if (!d.take("sync") || !d.take("aligned") || !d.take("row") || !d.take("col"))
    d.fail("expected .sync.aligned and .row.col");
  int size = d.takeOneOf({"m16n8k4", "m16n8k8", "m16n8k16", "m16n8k32"});
  bool saturate = d.take("satfinite");
  if (size < 0)
    d.fail("expected .m16n8k4, .m16n8k8, .m16n8k16 or .m16n8k32");
  Type typeD = d.takeType(), typeA = d.takeType(), typeB = d.takeType(), typeC = d.takeType();
  Shape shape = chooseShape(4 << size, typeD, typeA, typeB, typeC);
  if (!shape.run)
    d.fail("unknown combination of shape and types");
  d.expectOperands(4, 4);
  std::vector<uint32_t> places;
  auto add = [&](size_t index, int count, bool target) {
    const Operand &operand = d.operand(index);
    size_t given = operand.kind == Operand::List ? operand.list.size() : 1;
    if (given != size_t(count))
      d.fail("expected " + std::to_string(count) + " registers, got " + std::to_string(given));
    for (size_t i = 0; i < given; ++i) {
      const Operand &one = operand.kind == Operand::List ? operand.list[i] : operand;
      places.push_back(target ? d.target(one, 4)
                              : d.source(one, index == 3 && typeC == Type::F32 ? Type::F32 : Type::B32));
    }
  };
  add(0, typeD == Type::F16 ? 2 : 4, true);
  add(1, shape.registersOfA, false);
  add(2, shape.registersOfB, false);
  add(3, typeC == Type::F16 ? 2 : 4, false);
  d.useList(places);
  d.out.extra = saturate;
  d.out.kind = Kind::Collective;
  d.out.run = shape.run;
}

} // namespace

void addMatrixInstructions(DecodeTable &table) {
  table["ldmatrix"] = decodeMatrixAccess<false>;
  table["stmatrix"] = decodeMatrixAccess<true>;
  table["movmatrix"] = decodeMoveMatrix;
  table["mma"] = decodeMultiply;
}

} // namespace tegula::runtime::emulator
