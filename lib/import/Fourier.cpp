// Imports Fourier transforms as products with matrices of cosines and sines, and the windows that go with
// them.
#include "Node.h"

#include <cmath>
#include <numbers>

using namespace mlir;

namespace tegula::importer {

/// Numbers of one matrix; more make a file of unreasonable size.
static constexpr int64_t kMaxMatrix = 1 << 22;

static Value realTable(Node &node, IntsRef shape, Type element, llvm::function_ref<double(int64_t)> number) {
  auto type = RankedTensorType::get(shape, node.builder.getF64Type());
  SmallVector<double> values;
  for (int64_t i = 0; i < type.getNumElements(); ++i)
    values.push_back(number(i));
  return node.cast(node.constant(DenseElementsAttr::get(type, ArrayRef<double>(values))), element);
}

// ---- Transforms ----

namespace {

/// A transform of rows of `length` numbers to `bins`; the inverse turns the other way and divides by the
/// length.
struct Transform {
  int64_t length = 0, bins = 0;
  bool isInverse = false;
};

} // namespace

/// cos or sin of 2π·row·column/length, where the product is reduced first: large angles lose digits.
static Value wave(Node &node, const Transform &transform, Type element, bool isSine) {
  return realTable(node, {transform.length, transform.bins}, element, [&](int64_t i) {
    int64_t turn = (i / transform.bins) * (i % transform.bins) % transform.length;
    double angle = 2 * std::numbers::pi * static_cast<double>(turn) / static_cast<double>(transform.length);
    return isSine ? std::sin(angle) : std::cos(angle);
  });
}

/// Rows [..., length] of real and, where not null, imaginary parts to [..., bins, 2].
static Value transformed(Node &node, Value real, Value imaginary, const Transform &transform) {
  Type element = node.element(real);
  Value cosine = wave(node, transform, element, false), sine = wave(node, transform, element, true);
  // e^(-iφ) = cos φ - i·sin φ, and with the other sign on the way back
  if (transform.isInverse) {
    double share = 1.0 / static_cast<double>(transform.length);
    cosine = node.mul(cosine, share), sine = node.mul(sine, -share);
  }
  Value top = node.matmul(real, cosine), bottom = node.neg(node.matmul(real, sine));
  if (imaginary) {
    top = node.add(top, node.matmul(imaginary, sine));
    bottom = node.add(bottom, node.matmul(imaginary, cosine));
  }
  Shape shape = Ops::shape(top);
  shape.push_back(1);
  return node.concat({node.reshape(top, shape), node.reshape(bottom, shape)},
                     static_cast<int64_t>(shape.size()) - 1);
}

/// Rows [..., bins] of one side of a spectrum back to [..., length, 1] real numbers: what the other side adds
/// is the same once more, but for the constant and, of an even length, the highest frequency, which have no
/// twin.
static Value realAgain(Node &node, Value real, Value imaginary, const Transform &transform) {
  auto table = [&](bool isSine) {
    return realTable(node, {transform.bins, transform.length}, node.element(real), [&](int64_t i) {
      int64_t bin = i / transform.length, turn = bin * (i % transform.length) % transform.length;
      double angle = 2 * std::numbers::pi * static_cast<double>(turn) / static_cast<double>(transform.length);
      double weight =
          (bin == 0 || 2 * bin == transform.length ? 1 : 2) / static_cast<double>(transform.length);
      return weight * (isSine ? std::sin(angle) : std::cos(angle));
    });
  };
  Value y = node.matmul(real, table(false));
  if (imaginary)
    y = node.sub(y, node.matmul(imaginary, table(true)));
  Shape shape = Ops::shape(y);
  shape.push_back(1);
  return node.reshape(y, shape);
}

/// The real (0) or imaginary (1) part of a tensor that ends in its one or two parts; null where it has none.
static Value partOf(Node &node, Value x, int64_t part) {
  Shape shape = Ops::shape(x);
  if (!graph::surelyLess(part, shape.back()))
    return {};
  Value one = node.slice(x, static_cast<int64_t>(shape.size()) - 1, part, part + 1);
  return node.reshape(one, ShapeRef(shape).drop_back());
}

static bool isSupported(Node &node, const Transform &transform) {
  if (transform.length >= 1 && transform.length <= kMaxMatrix / std::max<int64_t>(1, transform.bins))
    return true;
  node.unsupported("transforms of 1 number to a few thousand are supported, got " + Twine(transform.length));
  return false;
}

static void dft(Node &node) {
  Value x = node.input(0);
  bool isOneSided = node.integer("onesided", 0) != 0;
  Transform transform;
  transform.isInverse = node.integer("inverse", 0) != 0;
  int64_t rank = Ops::rank(x), given = node.opset < 20 ? node.integer("axis", 1) : -2;
  if (node.opset >= 20 && node.has(2)) {
    std::optional<Ints> named = node.constantIntegers(2, "axis");
    if (!named || named->size() != 1)
      return named ? node.invalid("expected one axis") : void();
    given = named->front();
  }
  std::optional<int64_t> axis = node.axis(given, rank);
  if (!x || !axis)
    return;
  Dim parts = Ops::shape(x).back();
  if (rank < 2 || *axis == rank - 1 || !(parts.is(1) || parts.is(2)))
    return node.invalid("expected an axis in front of the last dimension, which has one or two parts, got " +
                        node.shown(Ops::shape(x)));
  bool isToReal = isOneSided && transform.isInverse;
  if (isOneSided && parts.is(2) && !isToReal)
    return node.unsupported("one side is supported of transforms of real numbers only");
  Ints there = Ops::span(0, rank - 1);
  there.erase(there.begin() + *axis);
  there.append({*axis, rank - 1});
  x = node.transpose(x, there);
  std::optional<int64_t> size = node.fixed(Ops::shape(x)[rank - 2], "the length of the transform");
  if (!size)
    return;
  transform.length = isToReal ? 2 * (*size - 1) : *size;
  if (node.has(1)) {
    std::optional<Ints> wanted = node.constantIntegers(1, "dft_length");
    if (!wanted || wanted->size() != 1 || wanted->front() < 1)
      return wanted ? node.invalid("expected one dft_length of at least 1") : void();
    transform.length = wanted->front();
  }
  transform.bins = isOneSided ? transform.length / 2 + 1 : transform.length;
  if (!isSupported(node, transform))
    return;
  Ints low(rank, 0), high(rank, 0);
  high[rank - 2] = (isToReal ? transform.bins : transform.length) -
                   *size; // what is missing is zero, what is too much is cut off
  x = high[rank - 2] ? node.pad(x, low, high, node.like(x, 0.0)) : x;
  Value y = (isToReal ? realAgain : transformed)(node, partOf(node, x, 0), partOf(node, x, 1), transform);
  Ints perm = Ops::span(0, rank - 2);
  perm.insert(perm.begin() + *axis, rank - 2);
  perm.push_back(rank - 1);
  node.result(node.transpose(y, perm));
}

static void stft(Node &node) {
  Value signal = node.input(0), window = node.optional(2);
  std::optional<Ints> step = node.constantIntegers(1, "frame_step"), length;
  bool isOneSided = node.integer("onesided", 1) != 0;
  if (node.has(3) && !(length = node.constantIntegers(3, "frame_length")))
    return;
  if (!signal || !step)
    return;
  Shape shape = Ops::shape(signal);
  if (length && length->size() != 1)
    return node.invalid("expected one frame_length, got " + Twine(length->size()));
  std::optional<int64_t> size = length ? std::optional(length->front()) : std::nullopt;
  if (!size && window)
    size = node.fixed(Ops::shape(window)[0], "the length of the window");
  if (shape.size() != 3 || !(shape[2].is(1) || shape[2].is(2)) || !size || *size < 1 || step->size() != 1 ||
      step->front() < 1)
    return node.invalid("expected a signal of rank 3 with one or two parts, a frame_step and a window or "
                        "frame_length");
  if (isOneSided && shape[2].is(2))
    return node.unsupported("one side is supported of real signals only");
  Transform transform{*size, isOneSided ? *size / 2 + 1 : *size, false};
  if (!isSupported(node, transform))
    return;
  if (!node.atMost(*size, shape[1], "expected a signal of one frame at least"))
    return node.invalid("expected a signal of one frame at least, got " + node.shown(shape[1]));
  Dim frames = floorDiv(shape[1] - *size, step->front()) + 1;
  Type i64 = node.builder.getI64Type();
  Value starts = node.mul(node.iota(frames, i64), static_cast<double>(step->front()));
  Value places = node.add(node.reshape(starts, {frames, 1}), node.reshape(node.iota(*size, i64), {1, *size}));
  auto framed = [&](int64_t part) -> Value {
    Value rows = node.gather(partOf(node, signal, part), places, 1);
    return rows && window ? node.mul(rows, node.cast(window, node.element(signal))) : rows;
  };
  node.result(transformed(node, framed(0), shape[2].is(2) ? framed(1) : Value(), transform));
}

// ---- Windows ----

/// a - b·cos(2πi/N) + c·cos(4πi/N)
static void cosineWindow(Node &node, double a, double b, double c) {
  std::optional<Ints> size = node.constantIntegers(0, "size");
  bool isPeriodic = node.integer("periodic", 1) != 0;
  Type element = node.elementTypeOf(node.integer("output_datatype", 1));
  if (!size || !element)
    return;
  if (size->size() != 1 || size->front() < 0 || size->front() > kMaxMatrix)
    return node.invalid("expected one size of at least 0");
  int64_t count = size->front();
  double period = static_cast<double>(isPeriodic ? count : std::max<int64_t>(1, count - 1));
  node.result(realTable(node, {count}, element, [&](int64_t i) {
    double angle = 2 * std::numbers::pi * static_cast<double>(i) / period;
    return a - b * std::cos(angle) + c * std::cos(2 * angle);
  }));
}

static void hannWindow(Node &node) { cosineWindow(node, 0.5, 0.5, 0); }
static void hammingWindow(Node &node) { cosineWindow(node, 25.0 / 46, 21.0 / 46, 0); }
static void blackmanWindow(Node &node) { cosineWindow(node, 0.42, 0.5, 0.08); }

ArrayRef<Operator> fourierOperators() {
  constexpr bool kInF32 = true;
  static const Operator table[] = {
      {"", "BlackmanWindow", 17, blackmanWindow, "the size must be known at compile time"},
      {"", "DFT", 17, dft, "a length known at compile time, up to a few thousand", kInF32},
      {"", "HammingWindow", 17, hammingWindow, "the size must be known at compile time"},
      {"", "HannWindow", 17, hannWindow, "the size must be known at compile time"},
      {"", "STFT", 17, stft, "frames of a length known at compile time", kInF32},
  };
  return table;
}

} // namespace tegula::importer
