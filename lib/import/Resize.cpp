// Imports Resize and Upsample, whose versions disagree about nearly everything.
#include "Node.h"
#include "Ratios.h"

#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;

namespace tegula::importer {

using graph::CoordinateMode;
using graph::NearestMode;
using graph::ResizeMode;

namespace {

struct Request {
  SmallVector<double> scales; ///< one a dimension
  Shape sizes;
  ResizeMode mode = ResizeMode::Nearest;
  CoordinateMode coordinates = CoordinateMode::Asymmetric;
  NearestMode nearest = NearestMode::Floor;
  double coefficient = -0.75, extrapolation = 0;
  bool excludeOutside = false, antialias = false;
  SmallVector<double> roi;
};

} // namespace

static bool readMode(Node &node, Request &request) {
  std::string mode = node.text("mode", "nearest");
  if (mode == "bilinear" || mode == "trilinear")
    mode = "linear";
  std::optional<ResizeMode> known = graph::symbolizeResizeMode(mode);
  if (!known) {
    node.invalid("expected mode nearest, linear or cubic, got '" + mode + "'");
    return false;
  }
  request.mode = *known;
  return true;
}

/// floor(size · scale), in f32 as the reference computes it; of unknown sizes by a simple fraction only.
static std::optional<Dim> scaled(Dim size, double scale) {
  if (size.isStatic())
    return static_cast<int64_t>(std::floor(static_cast<float>(size.number()) * static_cast<float>(scale)));
  for (int64_t divisor = 1; divisor <= 64; divisor *= 2)
    if (double numerator = scale * static_cast<double>(divisor); numerator == std::floor(numerator))
      return floorDiv(size * static_cast<int64_t>(numerator), divisor);
  return std::nullopt;
}

/// Sizes from scales that sizes decide; false where one is none.
static bool sizesFromRatios(Value x, IntsRef axes, const Ratios &ratios, Shape &sizes) {
  sizes.clear();
  for (auto [axis, ratio] : llvm::zip_equal(axes, ratios)) {
    std::optional<Dim> size = exactDiv(Ops::shape(x)[axis] * ratio.top, ratio.bottom);
    if (size && ratio.factor != 1)
      size = scaled(*size, ratio.factor);
    if (!size)
      return false;
    sizes.push_back(*size);
  }
  return true;
}

/// Sizes from scales: floor(size · scale).
static bool sizesFromScales(Node &node, Value x, Request &request) {
  if (request.scales.size() != static_cast<size_t>(Ops::rank(x))) {
    node.invalid("expected a scale for each dimension, got " + Twine(request.scales.size()));
    return false;
  }
  for (auto [dim, scale] : llvm::zip_equal(Ops::shape(x), request.scales)) {
    if (!(scale > 0) || (dim.isStatic() && static_cast<double>(dim.number()) * scale > 0x1p40)) {
      node.invalid("expected scales above 0 and a size below 2^40");
      return false;
    }
    std::optional<Dim> size = scaled(dim, scale);
    if (!size) {
      node.unsupported("a scale of " + std::to_string(scale) + " of an unknown size is not supported",
                       Code::OpenSize);
      return false;
    }
    request.sizes.push_back(*size);
  }
  return true;
}

static Value emit(Node &node, Value x, const Request &r) {
  return node.make<graph::ResizeOp>(r.sizes, node.element(x), x, r.scales, r.mode, r.coordinates, r.nearest,
                                    APFloat(r.coefficient), r.excludeOutside, r.antialias,
                                    APFloat(r.extrapolation), r.roi);
}

/// Before opset 11 the nearest pixel is rounded down where the image grows and up where it shrinks.
static void emitOld(Node &node, Value x, const Request &request) {
  Request up = request, down = request;
  down.nearest = NearestMode::Ceil;
  for (size_t i = 0; i < request.scales.size(); ++i) {
    if (request.scales[i] < 1) {
      up.scales[i] = 1;
      up.sizes[i] = Ops::shape(x)[i];
    } else {
      down.scales[i] = 1;
    }
  }
  bool shrinks = llvm::any_of(request.scales, [](double scale) { return scale < 1; }),
       grows = llvm::any_of(request.scales, [](double scale) { return scale > 1; });
  if (request.mode != ResizeMode::Nearest || !shrinks)
    return node.result(emit(node, x, request));
  Value grown = grows ? emit(node, x, up) : x;
  node.result(grown ? emit(node, grown, down) : Value());
}

static void upsample(Node &node) {
  Value x = node.input(0);
  Request request;
  if (!readMode(node, request) || !x)
    return;
  if (node.opset >= 9) {
    std::optional<SmallVector<double>> scales = node.constantReals(1, "scales");
    if (!scales)
      return;
    request.scales = *scales;
  } else if (const onnx::AttributeProto *scales = node.attribute("scales")) {
    request.scales.assign(scales->floats().begin(), scales->floats().end());
  } else if (Ops::rank(x) == 4) {
    request.scales = {1, 1, node.real("height_scale", 1), node.real("width_scale", 1)};
  }
  if (sizesFromScales(node, x, request))
    emitOld(node, x, request);
}

/// size / dim where it is one number for all symbols.
static std::optional<double> scaleOf(Dim size, Dim dim) {
  if (size.isStatic() && dim.isStatic())
    return static_cast<double>(size.number()) / static_cast<double>(dim.number());
  if (auto times = exactDiv(size, dim); times && times->isStatic())
    return static_cast<double>(times->number());
  if (auto part = exactDiv(dim, size); part && part->isStatic())
    return 1.0 / static_cast<double>(part->number());
  return std::nullopt;
}

/// The sizes of opset 11 on, with the policy of opset 18; false where something is wrong (reported).
static bool readSizes(Node &node, Value x, IntsRef axes, const Shape &given, Request &request) {
  std::string policy = node.text("keep_aspect_ratio_policy", "stretch");
  request.sizes = Shape(Ops::shape(x));
  request.scales.assign(Ops::rank(x), 1.0);
  if (given.size() != axes.size() ||
      llvm::any_of(given, [](Dim size) { return graph::surelyLess(size, 0); })) {
    node.invalid("expected a size of at least 0 for each axis");
    return false;
  }
  if (policy != "stretch" && policy != "not_larger" && policy != "not_smaller") {
    node.invalid("expected keep_aspect_ratio_policy stretch, not_larger or not_smaller, got '" + policy +
                 "'");
    return false;
  }
  bool isKnown = true;
  double common = policy == "not_larger" ? INFINITY : 0;
  for (auto [axis, size] : llvm::zip_equal(axes, given)) {
    Dim dim = Ops::shape(x)[axis];
    if (dim.is(0) || size.is(0) || graph::surelyLess(int64_t(1) << 40, size)) {
      node.unsupported("resizing from or to nothing is not supported");
      return false;
    }
    request.sizes[axis] = size;
    std::optional<double> scale = scaleOf(size, dim);
    request.scales[axis] = scale.value_or(0); // at run time
    isKnown &= scale.has_value();
    common = policy == "not_larger" ? std::min(common, request.scales[axis])
                                    : std::max(common, request.scales[axis]);
  }
  if (policy == "stretch")
    return true;
  if (!isKnown) {
    node.unsupported("keep_aspect_ratio_policy " + policy + " is supported for known sizes only",
                     Code::OpenSize);
    return false;
  }
  for (int64_t axis : axes) {
    request.scales[axis] = common;
    std::optional<int64_t> dim = node.fixed(Ops::shape(x)[axis], "the size to scale");
    if (!dim)
      return false;
    request.sizes[axis] = static_cast<int64_t>(std::floor(common * static_cast<double>(*dim) + 0.5));
  }
  return true;
}

static bool readCoordinates(Node &node, Request &request) {
  std::string coordinates = node.text("coordinate_transformation_mode", "half_pixel"),
              nearest = node.text("nearest_mode", "round_prefer_floor");
  std::optional<CoordinateMode> knownCoordinates = graph::symbolizeCoordinateMode(coordinates);
  std::optional<NearestMode> knownNearest = graph::symbolizeNearestMode(nearest);
  if (!knownCoordinates || !knownNearest) {
    node.invalid("expected a known coordinate_transformation_mode and nearest_mode, got '" + coordinates +
                 "' and '" + nearest + "'");
    return false;
  }
  request.coordinates = *knownCoordinates;
  request.nearest = *knownNearest;
  request.coefficient = node.real("cubic_coeff_a", -0.75);
  request.excludeOutside = node.integer("exclude_outside", 0) != 0;
  request.antialias = node.integer("antialias", 0) != 0;
  request.extrapolation = node.real("extrapolation_value", 0.0);
  return true;
}

/// Reads the part of the image that a crop resizes: starts of all axes, then ends.
static bool readRegion(Node &node, ArrayRef<int64_t> axes, int64_t rank, Request &request) {
  std::optional<SmallVector<double>> roi = node.constantReals(1, "roi");
  if (!roi)
    return false;
  if (roi->size() != 2 * axes.size()) {
    node.invalid("expected a start and an end of roi for each axis, got " + Twine(roi->size()));
    return false;
  }
  request.roi.assign(rank, 0.0);
  request.roi.append(rank, 1.0);
  for (auto [i, axis] : llvm::enumerate(axes)) {
    request.roi[axis] = (*roi)[i];
    request.roi[rank + axis] = (*roi)[i + axes.size()];
  }
  return true;
}

/// Resizes by the factors of input 2, which are constants or ratios of sizes.
static void resizeByScales(Node &node, Value x, ArrayRef<int64_t> axes, Request &request) {
  if (!matchPattern(node.input(2), m_Constant())) {
    std::optional<Ratios> ratios = readRatios(node.input(2));
    Shape sizes;
    if (ratios && ratios->size() == axes.size() && sizesFromRatios(x, axes, *ratios, sizes)) {
      if (readSizes(node, x, axes, sizes, request))
        node.result(emit(node, x, request));
      return;
    }
  }
  std::optional<SmallVector<double>> scales = node.constantReals(2, "scales");
  if (!scales)
    return;
  if (scales->size() != axes.size())
    return node.invalid("expected a scale for each axis, got " + Twine(scales->size()));
  node.text("keep_aspect_ratio_policy", "stretch"); // concerns sizes only
  request.scales.assign(Ops::rank(x), 1.0);
  for (auto [axis, scale] : llvm::zip_equal(axes, *scales))
    request.scales[axis] = scale;
  if (sizesFromScales(node, x, request))
    node.result(emit(node, x, request));
}

static void resize(Node &node) {
  Value x = node.input(0);
  Request request;
  if (!x || !readMode(node, request))
    return;
  if (node.opset < 11) {
    std::optional<SmallVector<double>> scales = node.constantReals(1, "scales");
    if (!scales)
      return;
    request.scales = *scales;
    if (sizesFromScales(node, x, request))
      emitOld(node, x, request);
    return;
  }
  if (!readCoordinates(node, request))
    return;
  int64_t rank = Ops::rank(x);
  std::optional<Ints> axes = node.axes(node.integers("axes", Ops::span(0, rank)), rank);
  if (!axes)
    return;
  if (request.coordinates == CoordinateMode::TfCropAndResize) {
    if (!readRegion(node, *axes, rank, request))
      return;
  } else {
    node.ignore(1);
  }
  // An empty tensor stands for an absent one in opset 11.
  bool hasScales = node.has(2) && !Ops::count(Ops::shape(node.input(2))).is(0);
  if (node.has(3)) {
    std::optional<Shape> given = node.constantSizes(3, "sizes");
    if (!given || !readSizes(node, x, *axes, *given, request))
      return;
    return node.result(emit(node, x, request));
  }
  if (!hasScales)
    return node.invalid("expected scales or sizes");
  resizeByScales(node, x, *axes, request);
}

ArrayRef<Operator> resizeOperators() {
  static const Operator table[] = {
      {"", "Resize", 10, resize,
       "roi must be known at compile time; sizes and scales may be computed from sizes"},
      {"", "Upsample", 7, upsample, "scales must be known at compile time"},
  };
  return table;
}

} // namespace tegula::importer
