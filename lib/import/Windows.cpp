// Imports convolutions and poolings: resolves ONNX's automatic padding and ceil mode into plain numbers.
#include "Node.h"

#include <cmath>

using namespace mlir;

namespace tegula::importer {

namespace {

struct Window {
  Ints kernel, strides, dilations, low, high;
  bool isCeil = false;
  Ints outerAxes;  ///< dimensions whose pads depend on an unknown size
  Shape outerPads; ///< those before each of them, then those behind
  graph::WindowRef ref() const { return {kernel, strides, dilations, low, high}; }
};

} // namespace

/// Pads that make the output as large as the input divided by the stride, the odd one before or after. Those
/// that depend on an unknown size become part of the input.
static void padSame(ShapeRef spatial, Window &window, bool oddAfter) {
  Shape lows, highs;
  for (size_t i = 0; i < spatial.size(); ++i) {
    int64_t stride = window.strides[i], reach = (window.kernel[i] - 1) * window.dilations[i] + 1;
    // With stride 1 the input's size cancels.
    Dim rest = ceilDiv(spatial[i], stride) * stride - spatial[i];
    Dim total = reach == 1        ? Dim(0)
                : reach >= stride ? rest + (reach - stride)
                                  : greatest(rest, stride - reach) - (stride - reach);
    Dim half = floorDiv(total, 2);
    Dim low = oddAfter ? half : total - half, high = total - low;
    window.low[i] = low.fixed().value_or(0), window.high[i] = low.isStatic() ? high.fixed().value_or(0) : 0;
    if (low.isStatic() && high.isStatic())
      continue;
    window.outerAxes.push_back(static_cast<int64_t>(i) + 2);
    window.low[i] = window.high[i] = 0;
    lows.push_back(low), highs.push_back(high);
  }
  window.outerPads = lows;
  window.outerPads.append(highs);
}

/// The input with those pads that the window does not know.
static Value padOutside(Node &node, Value x, const Window &window, Value value) {
  return window.outerAxes.empty() ? x : surround(node, x, window.outerAxes, window.outerPads, value);
}

/// Reads the attributes that all window operators share; nothing where they contradict each other (reported).
/// `isForward` says that the window runs over the input.
static std::optional<Window> readWindow(Node &node, Value x, IntsRef filterKernel, bool isForward = true) {
  if (Ops::rank(x) < 3) {
    if (x)
      node.invalid("expected an input of rank at least 3, got " + Twine(Ops::rank(x)));
    return std::nullopt;
  }
  Shape shape = Ops::shape(x);
  ShapeRef spatial = ShapeRef(shape).drop_front(2);
  size_t rank = spatial.size();
  Window window;
  window.kernel = node.integers("kernel_shape", filterKernel);
  window.strides = node.integers("strides", Ints(rank, 1));
  window.dilations = node.integers("dilations", Ints(rank, 1));
  window.isCeil = node.integer("ceil_mode", 0) != 0;
  Ints pads = node.integers("pads", Ints(2 * rank, 0));
  std::string automatic = node.text("auto_pad", "NOTSET");
  if (window.kernel.size() != rank || window.strides.size() != rank || window.dilations.size() != rank ||
      pads.size() != 2 * rank) {
    node.invalid("expected " + Twine(rank) + " kernel sizes, strides and dilations and " + Twine(2 * rank) +
                 " pads");
    return std::nullopt;
  }
  for (const Ints *list : {&window.kernel, &window.strides, &window.dilations})
    for (int64_t number : *list)
      if (number < 1 || number > INT32_MAX) {
        node.invalid("expected kernel sizes, strides and dilations of at least 1, got " + Twine(number));
        return std::nullopt;
      }
  for (int64_t number : pads)
    if (number < 0 || number > INT32_MAX) {
      node.invalid("expected pads of at least 0, got " + Twine(number));
      return std::nullopt;
    }
  if (!filterKernel.empty() && IntsRef(window.kernel) != filterKernel) {
    node.invalid("expected kernel_shape to be the filter's, got " + node.shown(graph::dimsOf(window.kernel)) +
                 " and " + node.shown(graph::dimsOf(filterKernel)));
    return std::nullopt;
  }
  window.low = Ints(pads.begin(), pads.begin() + rank);
  window.high = Ints(pads.begin() + rank, pads.end());
  if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
    if (isForward)
      padSame(spatial, window, automatic == "SAME_UPPER");
  } else if (automatic == "VALID") {
    window.low = window.high = Ints(rank, 0);
    window.isCeil = false; // VALID says itself that only whole windows count
  } else if (automatic != "NOTSET" && !automatic.empty()) {
    node.invalid("expected auto_pad NOTSET, SAME_UPPER, SAME_LOWER or VALID, got '" + automatic + "'");
    return std::nullopt;
  }
  return window;
}

/// Adds a bias of one number a channel.
static Value addBias(Node &node, Value y, Value bias) {
  if (!y || !bias)
    return {};
  Shape shape(Ops::rank(y) - 1, 1);
  if (!node.fits(Ops::shape(bias), {Ops::shape(y)[1]}, "expected a bias of one element a channel")) {
    node.invalid("expected a bias of " + node.shown(Ops::shape(y)[1]) + " elements, got " +
                 node.shown(Ops::shape(bias)));
    return {};
  }
  shape[0] = Ops::shape(y)[1];
  return node.add(y, node.reshape(bias, shape));
}

/// The sizes of a filter's kernel, which must be known (reported).
static std::optional<Ints> kernelOf(Node &node, Value filter) {
  Shape shape = Ops::shape(filter);
  if (!graph::isStatic(shape)) {
    node.unsupported("a filter of unknown size is not supported, got " + node.shown(shape), Code::OpenSize);
    return std::nullopt;
  }
  return graph::numbersOf(ShapeRef(shape).drop_front(std::min<size_t>(2, shape.size())));
}

static Value convolve(Node &node, Value x, Value filter) {
  if (!x || !filter)
    return {};
  int64_t group = node.integer("group", 1);
  std::optional<Ints> kernel = kernelOf(node, filter);
  std::optional<Window> window = kernel ? readWindow(node, x, *kernel) : std::nullopt;
  if (!window || !(x = padOutside(node, x, *window, node.like(x, 0.0))))
    return {};
  FailureOr<Shape> shape =
      graph::inferConvShape(Ops::shape(x), Ops::shape(filter), window->ref(), group, false, node);
  if (mlir::failed(shape))
    return {};
  return node.make<graph::ConvOp>(*shape, node.element(x), x, filter, window->strides, window->dilations,
                                  window->low, window->high, group, graph::Layout::ChannelsFirst);
}

static void conv(Node &node) {
  Value y = convolve(node, node.input(0), node.input(1));
  node.result(node.has(2) ? addBias(node, y, node.input(2)) : y);
}

static void convInteger(Node &node) {
  Type i32 = node.builder.getI32Type();
  Value x = node.cast(node.input(0), i32), filter = node.cast(node.input(1), i32);
  if (node.has(2))
    x = node.sub(x, node.cast(node.input(2), i32));
  if (node.has(3)) {
    Value zero = node.cast(node.input(3), i32);
    if (Ops::rank(zero) == 1 && filter) { // one a output channel
      Shape shape(Ops::rank(filter), 1);
      shape[0] = Ops::shape(zero)[0];
      zero = node.reshape(zero, shape);
    }
    filter = node.sub(filter, zero);
  }
  node.result(convolve(node, x, filter));
}

static void convTranspose(Node &node) {
  Value x = node.input(0), filter = node.input(1);
  if (!x || !filter)
    return;
  size_t rank = std::max<int64_t>(0, Ops::rank(x) - 2);
  std::string automatic = node.text("auto_pad", "NOTSET");
  bool isSame = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  std::optional<Ints> kernel = kernelOf(node, filter);
  std::optional<Window> window = kernel ? readWindow(node, x, *kernel, /*isForward=*/false) : std::nullopt;
  Ints extra = node.integers("output_padding", Ints(rank, 0));
  std::optional<Ints> wanted = node.optionalIntegers("output_shape");
  int64_t group = node.integer("group", 1);
  if (!window)
    return;
  if (wanted && wanted->size() == rank + 2)
    wanted->erase(wanted->begin(), wanted->begin() + 2);
  if (extra.size() != rank || (wanted && wanted->size() != rank))
    return node.invalid("expected " + Twine(rank) + " entries of output_padding and output_shape");
  Shape shape{Ops::shape(x)[0], Ops::rank(filter) > 1 ? Ops::shape(filter)[1] * group : 0};
  for (size_t i = 0; i < rank; ++i) {
    if (extra[i] < 0 || extra[i] > INT32_MAX)
      return node.invalid("expected output_padding of 0 to 2^31, got " + Twine(extra[i]));
    Dim in = Ops::shape(x)[i + 2];
    if (in.isStatic() && in.number() > INT32_MAX)
      return node.invalid("expected an input of at most 2^31 in each dimension, got " + node.shown(in));
    Dim full = (in - 1) * window->strides[i] + extra[i] + (window->kernel[i] - 1) * window->dilations[i] + 1;
    if (wanted || isSame) {
      // The size of the output is chosen: what is too much is cut off at both ends, what is missing stays
      // zero at the end.
      Dim out = wanted ? Dim((*wanted)[i]) : in * window->strides[i];
      std::optional<int64_t> surplus = node.fixed(full - out, "what is cut off of the output");
      if (!surplus)
        return;
      int64_t total = std::max<int64_t>(0, *surplus);
      window->low[i] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      shape.push_back(out);
    } else {
      shape.push_back(full - window->low[i] - window->high[i]);
    }
    if (!node.atMost(0, shape.back(), "expected pads smaller than the output"))
      return node.invalid("expected pads smaller than the output, got output size " +
                          Twine(shape.back().fixed().value_or(-1)));
  }
  Value y = node.make<graph::ConvTransposeOp>(shape, node.element(x), x, filter, window->strides,
                                              window->dilations, window->low, group);
  node.result(node.has(2) ? addBias(node, y, node.input(2)) : y);
}

// ---- Pooling ----

/// The result's shape; nothing where a window does not fit (reported).
static std::optional<Shape> pooledShape(Node &node, Value x, const Window &window) {
  Shape all = Ops::shape(x), shape{all[0], all[1]};
  ShapeRef spatial = ShapeRef(all).drop_front(2);
  for (size_t i = 0; i < spatial.size(); ++i) {
    int64_t stride = window.strides[i], reach = (window.kernel[i] - 1) * window.dilations[i] + 1;
    Dim padded = spatial[i] + window.low[i] + window.high[i];
    // With ceil_mode one window may reach beyond the padded input, even the first.
    if (!node.atMost(window.isCeil ? reach + 1 - stride : reach, padded,
                     "expected a kernel that fits into the padded input")) {
      node.invalid("expected a kernel that fits into the padded input, got size " + Twine(reach) +
                   (window.dilations[i] > 1 ? " with its dilation" : "") + " for input size " +
                   node.shown(padded) + " with its padding");
      return std::nullopt;
    }
    Dim count = (window.isCeil ? ceilDiv(padded - reach, stride) : floorDiv(padded - reach, stride)) + 1;
    // A window that begins in the padding after the input does not exist.
    if (window.isCeil) {
      Dim beginnings = ceilDiv(spatial[i] + window.low[i], stride);
      if (graph::surelyAtMost(beginnings, count) ||
          !node.atMost(count, beginnings, "expected windows inside"))
        count = beginnings;
    }
    shape.push_back(count);
  }
  return shape;
}

/// What no element is smaller than, as a scalar.
static Value lowest(Node &node, Value x) {
  auto integer = dyn_cast<IntegerType>(node.element(x));
  if (!integer)
    return node.like(x, -INFINITY);
  return node.like(x,
                   integer.isUnsigned() ? 0.0 : -std::ldexp(1.0, static_cast<int>(integer.getWidth()) - 1));
}

static void maxPool(Node &node) {
  Value x = node.input(0);
  std::optional<Window> w = readWindow(node, x, {});
  bool columnMajor = node.integer("storage_order", 0) != 0;
  if (w && !w->outerAxes.empty()) {
    if (node.wants(1))
      return node.unsupported("indices under auto_pad of an unknown size are not supported", Code::OpenSize);
    x = padOutside(node, x, *w, lowest(node, x));
  }
  std::optional<Shape> shape = w ? pooledShape(node, x, *w) : std::nullopt;
  if (!shape)
    return;
  node.result(node.make<graph::MaxPoolOp>(*shape, node.element(x), x, w->kernel, w->strides, w->dilations,
                                          w->low, w->high, graph::Layout::ChannelsFirst));
  if (node.wants(1))
    node.result(node.make<graph::MaxPoolIndicesOp>(*shape, node.builder.getI64Type(), x, w->kernel,
                                                   w->strides, w->dilations, w->low, w->high,
                                                   graph::Layout::ChannelsFirst, columnMajor),
                1);
}

static Value average(Node &node, Value x, const Window &w, bool countPads) {
  if (!w.outerAxes.empty()) {
    Window inner = w;
    inner.outerAxes.clear();
    Value zero = node.like(x, 0.0);
    Value sum = average(node, padOutside(node, x, w, zero), inner, /*countPads=*/true);
    if (countPads)
      return sum;
    // Divided by the part of each window that lies inside.
    Shape shape = Ops::shape(x);
    shape[0] = shape[1] = 1;
    Value ones = padOutside(node, node.filled(shape, node.element(x), 1), w, zero);
    return node.div(sum, average(node, ones, inner, /*countPads=*/true));
  }
  std::optional<Shape> shape = pooledShape(node, x, w);
  if (!shape)
    return {};
  return node.make<graph::AveragePoolOp>(*shape, node.element(x), x, w.kernel, w.strides, w.dilations, w.low,
                                         w.high, graph::Layout::ChannelsFirst, countPads);
}

static void averagePool(Node &node) {
  Value x = node.input(0);
  std::optional<Window> window = readWindow(node, x, {});
  bool countPads = node.integer("count_include_pad", 0) != 0;
  if (window)
    node.result(average(node, x, *window, countPads));
}

/// The sums of windows, each written as its mean times its size; zeros stand beyond the input for ceil_mode's
/// last.
static Value sumOfWindows(Node &node, Value x, Window window) {
  std::optional<Shape> shape = pooledShape(node, x, window);
  if (!shape)
    return {};
  for (size_t i = 0; window.isCeil && i < window.kernel.size(); ++i)
    window.high[i] += window.strides[i] - 1;
  window.isCeil = false;
  double count = 1;
  for (int64_t size : window.kernel)
    count *= static_cast<double>(size);
  Value sum = node.mul(average(node, x, window, /*countPads=*/true), count);
  if (!sum || Ops::shape(sum) == *shape)
    return sum;
  return node.slice(sum, Shape(shape->size(), 0), Ints(shape->size(), 1), *shape);
}

/// (Σ|x|^p)^(1/p)
static void lpPool(Node &node) {
  Value x = node.input(0);
  std::optional<Window> window = readWindow(node, x, {});
  double p = node.opset < 2 ? node.real("p", 2.0) : static_cast<double>(node.integer("p", 2));
  if (!window)
    return;
  Value power = p == 2   ? node.mul(x, x)
                : p == 1 ? node.abs(x)
                         : node.binary<graph::PowOp>(node.abs(x), node.like(x, p));
  Value total = sumOfWindows(node, power, *window);
  node.result(p == 2   ? node.sqrt(total)
              : p == 1 ? total
                       : node.binary<graph::PowOp>(total, node.like(x, 1 / p)));
}

static Ints spatialAxes(Value x) { return Ops::span(2, Ops::rank(x)); }

template <ReduceKind kind> static void globalPool(Node &node) {
  Value x = node.input(0);
  if (Ops::rank(x) < 2)
    return node.invalid("expected an input of rank at least 2, got " + Twine(Ops::rank(x)));
  node.result(node.reduce(kind, x, spatialAxes(x), true));
}

static void globalLpPool(Node &node) {
  Value x = node.input(0);
  int64_t p = node.integer("p", 2);
  if (Ops::rank(x) < 2)
    return node.invalid("expected an input of rank at least 2, got " + Twine(Ops::rank(x)));
  double power = static_cast<double>(p);
  Value total = node.sum(node.binary<graph::PowOp>(node.abs(x), node.like(x, power)), spatialAxes(x));
  node.result(node.binary<graph::PowOp>(total, node.like(x, 1 / power)));
}

/// x / (bias + alpha/size · Σ x²)^beta, the sum over neighbouring channels, as a pooling over them.
static void lrn(Node &node) {
  Value x = node.input(0);
  if (!node.require("size"))
    return;
  int64_t size = node.integer("size", 1), rank = Ops::rank(x);
  double alpha = node.real("alpha", 0.0001), beta = node.real("beta", 0.75), bias = node.real("bias", 1.0);
  if (rank < 2 || size < 1 || size > INT32_MAX)
    return node.invalid("expected an input of rank at least 2 and a size of at least 1");
  Shape shape = Ops::shape(x);
  Dim inner = Ops::count(ShapeRef(shape).drop_front(2));
  Window window{{size, 1}, {1, 1}, {1, 1}, {(size - 1) / 2, 0}, {size - 1 - (size - 1) / 2, 0},
                false,     {},     {}};
  Value squares = node.reshape(node.mul(x, x), {shape[0], 1, shape[1], inner});
  Value mean = node.reshape(average(node, squares, window, /*countPads=*/true), shape);
  node.result(
      node.div(x, node.binary<graph::PowOp>(node.add(node.mul(mean, alpha), bias), node.like(x, beta))));
}

ArrayRef<Operator> windowOperators() {
  static const Operator table[] = {
      {"", "AveragePool", 1, averagePool, ""},
      {"", "Conv", 1, conv, ""},
      {"", "ConvInteger", 10, convInteger, ""},
      {"", "ConvTranspose", 1, convTranspose, ""},
      {"", "GlobalAveragePool", 1, globalPool<ReduceKind::Mean>, ""},
      {"", "GlobalLpPool", 2, globalLpPool, ""},
      {"", "GlobalMaxPool", 1, globalPool<ReduceKind::Max>, ""},
      {"", "LRN", 1, lrn, ""},
      {"", "LpPool", 1, lpPool, ""},
      {"", "MaxPool", 1, maxPool, ""},
  };
  return table;
}

} // namespace tegula::importer
