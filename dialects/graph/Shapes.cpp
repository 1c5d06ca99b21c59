// Implements the shape rules of the graph operations, so that importer and verifiers cannot disagree.
#include "tegula/dialects/graph/Shapes.h"

#include "tegula/support/Checked.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace tegula::graph {

std::string shapeText(ShapeRef shape) {
  if (shape.empty())
    return "scalar";
  return llvm::join(
      llvm::map_range(shape, [](int64_t dim) { return dim < 0 ? std::string("?") : std::to_string(dim); }),
      "x");
}

/// Refuses results whose element count leaves 63 bits.
static FailureOr<Shape> checkedShape(Shape shape, ErrorFn error) {
  if (!Checked::product(shape).valid())
    return error() << "expected a result of less than 2^63 elements, got shape " << shapeText(shape);
  return shape;
}

LogicalResult checkAxis(int64_t axis, size_t rank, ErrorFn error) {
  if (axis >= 0 && axis < static_cast<int64_t>(rank))
    return success();
  return error() << "expected an axis below the rank " << rank << ", got " << axis;
}

static LogicalResult checkCount(const char *name, size_t got, size_t expected, ErrorFn error) {
  if (got == expected)
    return success();
  return error() << "expected " << expected << " " << name << ", got " << got;
}

FailureOr<Shape> inferBroadcastShape(ShapeRef lhs, ShapeRef rhs, ErrorFn error) {
  Shape result(std::max(lhs.size(), rhs.size()));
  for (size_t i = 0; i < result.size(); ++i) {
    size_t fromEnd = result.size() - i;
    int64_t a = fromEnd <= lhs.size() ? lhs[lhs.size() - fromEnd] : 1;
    int64_t b = fromEnd <= rhs.size() ? rhs[rhs.size() - fromEnd] : 1;
    if (a != b && a != 1 && b != 1)
      return error() << "expected shapes that broadcast, got " << shapeText(lhs) << " and " << shapeText(rhs);
    result[i] = a == 1 ? b : a;
  }
  return checkedShape(result, error);
}

FailureOr<Shape> inferTransposeShape(ShapeRef input, ShapeRef perm, ErrorFn error) {
  if (failed(checkCount("entries of perm", perm.size(), input.size(), error)))
    return failure();
  Shape result;
  SmallVector<bool> seen(input.size(), false);
  for (int64_t dim : perm) {
    if (dim < 0 || dim >= static_cast<int64_t>(input.size()) || seen[dim])
      return error() << "expected perm to be a permutation of 0 to " << input.size() << " exclusive, got "
                     << dim << " out of range or twice";
    seen[dim] = true;
    result.push_back(input[dim]);
  }
  return result;
}

FailureOr<Shape> inferTileShape(ShapeRef input, ShapeRef repeats, ErrorFn error) {
  if (failed(checkCount("repeats", repeats.size(), input.size(), error)))
    return failure();
  Shape result;
  for (auto [dim, repeat] : llvm::zip_equal(input, repeats)) {
    Checked size = Checked(dim) * Checked(repeat);
    if (!size.valid())
      return error() << "expected repeats of at least 0 and a size below 2^63, got " << repeat;
    result.push_back(size.get());
  }
  return checkedShape(result, error);
}

FailureOr<Shape> inferPadShape(ShapeRef input, ShapeRef low, ShapeRef high, ErrorFn error) {
  if (failed(checkCount("low amounts", low.size(), input.size(), error)) ||
      failed(checkCount("high amounts", high.size(), input.size(), error)))
    return failure();
  Shape result;
  for (auto [dim, before, after] : llvm::zip_equal(input, low, high)) {
    int64_t size;
    if (__builtin_add_overflow(dim, before, &size) || __builtin_add_overflow(size, after, &size) || size < 0)
      return error() << "expected padding that leaves a size of at least 0, got " << before << " and "
                     << after << " for size " << dim;
    result.push_back(size);
  }
  return checkedShape(result, error);
}

FailureOr<Shape> inferGatherShape(ShapeRef input, ShapeRef indices, int64_t axis, ErrorFn error) {
  if (failed(checkAxis(axis, input.size(), error)))
    return failure();
  Shape result(input.take_front(axis));
  result.append(indices.begin(), indices.end());
  result.append(input.begin() + axis + 1, input.end());
  return checkedShape(result, error);
}

FailureOr<Shape> inferGatherElementsShape(ShapeRef input, ShapeRef indices, int64_t axis, ErrorFn error) {
  if (failed(checkAxis(axis, input.size(), error)))
    return failure();
  if (indices.size() != input.size())
    return error() << "expected indices of rank " << input.size() << ", got " << indices.size();
  for (size_t i = 0; i < input.size(); ++i)
    if (static_cast<int64_t>(i) != axis && indices[i] > input[i])
      return error() << "expected indices of at most " << input[i] << " in dimension " << i << ", got "
                     << indices[i];
  return Shape(indices);
}

FailureOr<Shape> inferGatherNDShape(ShapeRef input, ShapeRef indices, int64_t batchDims, ErrorFn error) {
  if (input.empty() || indices.empty())
    return error() << "expected input and indices of rank at least 1, got " << input.size() << " and "
                   << indices.size();
  int64_t depth = indices.back(), limit = static_cast<int64_t>(std::min(input.size(), indices.size()));
  if (batchDims < 0 || batchDims >= limit)
    return error() << "expected batch_dims below " << limit << ", got " << batchDims;
  if (depth < 1 || depth > static_cast<int64_t>(input.size()) - batchDims)
    return error() << "expected index tuples of 1 to " << input.size() - batchDims << " entries, got "
                   << depth;
  if (input.take_front(batchDims) != indices.take_front(batchDims))
    return error() << "expected equal batch dimensions, got " << shapeText(input) << " and "
                   << shapeText(indices);
  Shape result(indices.drop_back());
  result.append(input.begin() + batchDims + depth, input.end());
  return checkedShape(result, error);
}

FailureOr<Shape> inferConcatShape(ArrayRef<Shape> inputs, int64_t axis, ErrorFn error) {
  if (inputs.empty())
    return error() << "expected at least one input, got none";
  Shape result = inputs.front();
  if (failed(checkAxis(axis, result.size(), error)))
    return failure();
  for (const Shape &input : inputs.drop_front()) {
    bool fits = input.size() == result.size();
    for (size_t i = 0; fits && i < input.size(); ++i)
      fits = static_cast<int64_t>(i) == axis || input[i] == result[i];
    if (!fits)
      return error() << "expected inputs that differ in dimension " << axis << " only, got "
                     << shapeText(inputs.front()) << " and " << shapeText(input);
    Checked size = Checked(result[axis]) + Checked(input[axis]);
    result[axis] = size.valid() ? size.get() : -1;
  }
  return checkedShape(result, error);
}

FailureOr<Shape> inferMatMulShape(ShapeRef lhs, ShapeRef rhs, ErrorFn error) {
  if (lhs.size() < 2 || rhs.size() < 2)
    return error() << "expected operands of rank at least 2, got " << shapeText(lhs) << " and "
                   << shapeText(rhs);
  if (lhs.back() != rhs[rhs.size() - 2])
    return error() << "expected equal inner sizes, got " << shapeText(lhs) << " and " << shapeText(rhs);
  FailureOr<Shape> result = inferBroadcastShape(lhs.drop_back(2), rhs.drop_back(2), error);
  if (failed(result))
    return failure();
  result->push_back(lhs[lhs.size() - 2]);
  result->push_back(rhs.back());
  return checkedShape(*result, error);
}

static LogicalResult checkWindow(const WindowRef &window, size_t spatial, ErrorFn error) {
  if (failed(checkCount("kernel sizes", window.kernel.size(), spatial, error)) ||
      failed(checkCount("strides", window.strides.size(), spatial, error)) ||
      failed(checkCount("dilations", window.dilations.size(), spatial, error)) ||
      failed(checkCount("low pads", window.padsLow.size(), spatial, error)) ||
      failed(checkCount("high pads", window.padsHigh.size(), spatial, error)))
    return failure();
  // A bound far above any real model keeps the sums of these numbers within 63 bits.
  constexpr int64_t kLimit = int64_t(1) << 31;
  for (ShapeRef list : {window.kernel, window.strides, window.dilations})
    for (int64_t number : list)
      if (number < 1 || number > kLimit)
        return error() << "expected kernel sizes, strides and dilations of 1 to 2^31, got " << number;
  for (ShapeRef list : {window.padsLow, window.padsHigh})
    for (int64_t number : list)
      if (number < -kLimit || number > kLimit)
        return error() << "expected pads of at most 2^31, got " << number;
  return success();
}

FailureOr<Shape> inferConvShape(ShapeRef input, ShapeRef filter, const WindowRef &window, int64_t group,
                                bool channelsLast, ErrorFn error) {
  if (input.size() < 3 || filter.size() != input.size())
    return error() << "expected input and filter of one rank of at least 3, got " << shapeText(input)
                   << " and " << shapeText(filter);
  size_t spatial = input.size() - 2;
  WindowRef full = window;
  full.kernel = channelsLast ? filter.drop_back(2) : filter.drop_front(2);
  if (failed(checkWindow(full, spatial, error)))
    return failure();
  int64_t channels = channelsLast ? input.back() : input[1];
  int64_t perGroup = channelsLast ? filter[spatial] : filter[1],
          outChannels = channelsLast ? filter.back() : filter[0];
  if (group < 1 || outChannels % group != 0)
    return error() << "expected a group count that divides " << outChannels << " output channels, got "
                   << group;
  if (!(Checked(perGroup) * Checked(group)).valid() || perGroup * group != channels)
    return error() << "expected " << channels << " input channels in " << group << " groups, got filter "
                   << shapeText(filter);
  Shape sizes;
  for (size_t i = 0; i < spatial; ++i) {
    int64_t in = input[i + (channelsLast ? 1 : 2)];
    int64_t extent = in + full.padsLow[i] + full.padsHigh[i] - (full.kernel[i] - 1) * full.dilations[i] - 1;
    if (extent < 0)
      return error() << "expected a kernel that fits into the padded input, got size " << full.kernel[i]
                     << " for input size " << in;
    sizes.push_back(extent / full.strides[i] + 1);
  }
  Shape result{input.front()};
  if (!channelsLast)
    result.push_back(outChannels);
  result.append(sizes);
  if (channelsLast)
    result.push_back(outChannels);
  return checkedShape(result, error);
}

FailureOr<Shape> inferReduceShape(ShapeRef input, ShapeRef axes, ErrorFn error) {
  SmallVector<bool> reduced(input.size(), false);
  for (int64_t axis : axes) {
    if (failed(checkAxis(axis, input.size(), error)))
      return failure();
    if (reduced[axis])
      return error() << "expected each axis once, got " << axis << " twice";
    reduced[axis] = true;
  }
  Shape result;
  for (auto [dim, gone] : llvm::zip_equal(input, reduced))
    if (!gone)
      result.push_back(dim);
  return result;
}

LogicalResult checkReshape(ShapeRef input, ShapeRef result, ErrorFn error) {
  Checked from = Checked::product(input), to = Checked::product(result);
  if (from.valid() && to.valid() && from.get() == to.get())
    return success();
  return error() << "expected as many elements as the input has, got " << shapeText(input) << " to "
                 << shapeText(result);
}

LogicalResult checkExpand(ShapeRef input, ShapeRef result, ErrorFn error) {
  FailureOr<Shape> joined = inferBroadcastShape(input, result, error);
  if (failed(joined))
    return failure();
  if (ShapeRef(*joined) == result)
    return success();
  return error() << "expected a shape that " << shapeText(input) << " broadcasts to, got "
                 << shapeText(result);
}

LogicalResult checkSlice(ShapeRef input, ShapeRef starts, ShapeRef steps, ShapeRef result, ErrorFn error) {
  if (failed(checkCount("starts", starts.size(), input.size(), error)) ||
      failed(checkCount("steps", steps.size(), input.size(), error)) ||
      failed(checkCount("result dimensions", result.size(), input.size(), error)))
    return failure();
  for (auto [dim, start, step, count] : llvm::zip_equal(input, starts, steps, result)) {
    if (count == 0)
      continue;
    int64_t last;
    if (__builtin_mul_overflow(count - 1, step, &last) || __builtin_add_overflow(last, start, &last))
      last = -1;
    if (start < 0 || start >= dim || last < 0 || last >= dim)
      return error() << "expected elements inside of size " << dim << ", got start " << start << ", step "
                     << step << ", count " << count;
  }
  return success();
}

LogicalResult checkConvTranspose(ShapeRef input, ShapeRef filter, const WindowRef &window, int64_t group,
                                 ShapeRef result, ErrorFn error) {
  if (input.size() < 3 || filter.size() != input.size() || result.size() != input.size())
    return error() << "expected input, filter and result of one rank of at least 3, got " << shapeText(input)
                   << ", " << shapeText(filter) << " and " << shapeText(result);
  WindowRef full = window;
  full.kernel = filter.drop_front(2);
  full.padsHigh = window.padsLow;
  if (failed(checkWindow(full, input.size() - 2, error)))
    return failure();
  if (input[1] != filter[0] || group < 1 || input[1] % group != 0)
    return error() << "expected " << input[1] << " input channels in " << group << " groups, got filter "
                   << shapeText(filter);
  Checked channels = Checked(filter[1]) * Checked(group);
  if (!channels.valid() || result[0] != input[0] || result[1] != channels.get())
    return error() << "expected batch " << input[0] << " and " << filter[1] << " channels times " << group
                   << ", got " << shapeText(result);
  return success();
}

LogicalResult checkPool(ShapeRef input, const WindowRef &window, bool channelsLast, ShapeRef result,
                        ErrorFn error) {
  if (input.size() < 3 || result.size() != input.size())
    return error() << "expected input and result of one rank of at least 3, got " << shapeText(input)
                   << " and " << shapeText(result);
  size_t spatial = input.size() - 2, first = channelsLast ? 1 : 2,
         channel = channelsLast ? input.size() - 1 : 1;
  if (failed(checkWindow(window, spatial, error)))
    return failure();
  if (result[0] != input[0] || result[channel] != input[channel])
    return error() << "expected the input's batch and channels, got " << shapeText(input) << " to "
                   << shapeText(result);
  for (size_t i = 0; i < spatial; ++i) {
    int64_t begin;
    bool fits = !__builtin_mul_overflow(result[first + i] - 1, window.strides[i], &begin);
    if (result[first + i] > 0 &&
        (!fits || begin >= input[first + i] + window.padsLow[i] + window.padsHigh[i]))
      return error() << "expected windows that begin inside of the padded input, got " << result[first + i]
                     << " for input size " << input[first + i];
  }
  return success();
}

} // namespace tegula::graph
