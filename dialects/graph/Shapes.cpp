// Implements the shape rules of the graph operations, so that importer and verifiers cannot disagree.
#include "tegula/dialects/graph/Shapes.h"

using namespace mlir;

namespace tegula::graph {

bool Rule::compare(Requirement::Kind kind, Dim a, Dim b, llvm::StringRef text) const {
  bool isEqual = kind == Requirement::Kind::Equal;
  if (isEqual ? a == b : surelyAtMost(a, b))
    return true;
  if (isEqual ? surelyDifferent(a, b) : surelyLess(b, a))
    return false;
  assume(kind, a, b, text);
  return true;
}

/// Refuses results whose element count leaves 63 bits.
static FailureOr<Shape> checkedShape(Shape shape, const Rule &rule) {
  if (!elementCount(shape).isValid())
    return rule.error() << "expected a result of less than 2^63 elements, got shape "
                        << shapeText(shape, rule.names());
  return shape;
}

LogicalResult checkAxis(int64_t axis, size_t rank, const Rule &rule) {
  if (axis >= 0 && axis < static_cast<int64_t>(rank))
    return success();
  return rule.error() << "expected an axis below the rank " << rank << ", got " << axis;
}

static LogicalResult checkCount(const char *name, size_t got, size_t expected, const Rule &rule) {
  if (got == expected)
    return success();
  return rule.error() << "expected " << expected << " " << name << ", got " << got;
}

FailureOr<Shape> inferBroadcastShape(ShapeRef lhs, ShapeRef rhs, const Rule &rule) {
  Shape result(std::max(lhs.size(), rhs.size()));
  for (size_t i = 0; i < result.size(); ++i) {
    size_t fromEnd = result.size() - i;
    Dim a = fromEnd <= lhs.size() ? lhs[lhs.size() - fromEnd] : 1;
    Dim b = fromEnd <= rhs.size() ? rhs[rhs.size() - fromEnd] : 1;
    // A size that may be 1 is taken as equal to another one, unless that is 1.
    if (!a.is(1) && !b.is(1) && !rule.equal(a, b, "expected shapes that broadcast"))
      return rule.error() << "expected shapes that broadcast, got " << shapeText(lhs, rule.names()) << " and "
                          << shapeText(rhs, rule.names());
    result[i] = a.is(1) || (b.isStatic() && !b.is(1)) ? b : a;
  }
  return checkedShape(result, rule);
}

FailureOr<Shape> inferTransposeShape(ShapeRef input, IntsRef perm, const Rule &rule) {
  if (failed(checkCount("entries of perm", perm.size(), input.size(), rule)))
    return failure();
  Shape result;
  SmallVector<bool> seen(input.size(), false);
  for (int64_t dim : perm) {
    if (dim < 0 || dim >= static_cast<int64_t>(input.size()) || seen[dim])
      return rule.error() << "expected perm to be a permutation of 0 to " << input.size()
                          << " exclusive, got " << dim << " out of range or twice";
    seen[dim] = true;
    result.push_back(input[dim]);
  }
  return result;
}

FailureOr<Shape> inferTileShape(ShapeRef input, IntsRef repeats, const Rule &rule) {
  if (failed(checkCount("repeats", repeats.size(), input.size(), rule)))
    return failure();
  Shape result;
  for (auto [dim, repeat] : llvm::zip_equal(input, repeats)) {
    Dim size = dim * repeat;
    if (!size.isValid() || repeat < 0)
      return rule.error() << "expected repeats of at least 0 and a size below 2^63, got " << repeat;
    result.push_back(size);
  }
  return checkedShape(result, rule);
}

FailureOr<Shape> inferPadShape(ShapeRef input, IntsRef low, IntsRef high, const Rule &rule) {
  if (failed(checkCount("low amounts", low.size(), input.size(), rule)) ||
      failed(checkCount("high amounts", high.size(), input.size(), rule)))
    return failure();
  Shape result;
  for (auto [dim, before, after] : llvm::zip_equal(input, low, high)) {
    Dim size = dim + before + after;
    if (!size.isValid() || !rule.atMost(0, size, "expected padding that leaves a size of at least 0"))
      return rule.error() << "expected padding that leaves a size of at least 0, got " << before << " and "
                          << after << " for size " << dim.text(rule.names());
    result.push_back(size);
  }
  return checkedShape(result, rule);
}

FailureOr<Shape> inferGatherShape(ShapeRef input, ShapeRef indices, int64_t axis, const Rule &rule) {
  if (failed(checkAxis(axis, input.size(), rule)))
    return failure();
  Shape result(input.take_front(axis));
  result.append(indices.begin(), indices.end());
  result.append(input.begin() + axis + 1, input.end());
  return checkedShape(result, rule);
}

FailureOr<Shape> inferGatherElementsShape(ShapeRef input, ShapeRef indices, int64_t axis, const Rule &rule) {
  if (failed(checkAxis(axis, input.size(), rule)))
    return failure();
  if (indices.size() != input.size())
    return rule.error() << "expected indices of rank " << input.size() << ", got " << indices.size();
  for (size_t i = 0; i < input.size(); ++i)
    if (static_cast<int64_t>(i) != axis &&
        !rule.atMost(indices[i], input[i], "expected indices of at most the input's size"))
      return rule.error() << "expected indices of at most " << input[i].text(rule.names()) << " in dimension "
                          << i << ", got " << indices[i].text(rule.names());
  return Shape(indices);
}

FailureOr<Shape> inferGatherNDShape(ShapeRef input, ShapeRef indices, int64_t batchDims, const Rule &rule) {
  if (input.empty() || indices.empty())
    return rule.error() << "expected input and indices of rank at least 1, got " << input.size() << " and "
                        << indices.size();
  if (!indices.back().isStatic())
    return rule.error() << "expected index tuples of a known length, got "
                        << indices.back().text(rule.names());
  int64_t depth = indices.back().number(),
          limit = static_cast<int64_t>(std::min(input.size(), indices.size()));
  if (batchDims < 0 || batchDims >= limit)
    return rule.error() << "expected batch_dims below " << limit << ", got " << batchDims;
  if (depth < 1 || depth > static_cast<int64_t>(input.size()) - batchDims)
    return rule.error() << "expected index tuples of 1 to " << input.size() - batchDims << " entries, got "
                        << depth;
  for (int64_t i = 0; i < batchDims; ++i)
    if (!rule.equal(input[i], indices[i], "expected equal batch dimensions"))
      return rule.error() << "expected equal batch dimensions, got " << shapeText(input, rule.names())
                          << " and " << shapeText(indices, rule.names());
  Shape result(indices.drop_back());
  result.append(input.begin() + batchDims + depth, input.end());
  return checkedShape(result, rule);
}

FailureOr<Shape> inferConcatShape(ArrayRef<Shape> inputs, int64_t axis, const Rule &rule) {
  if (inputs.empty())
    return rule.error() << "expected at least one input, got none";
  Shape result = inputs.front();
  if (failed(checkAxis(axis, result.size(), rule)))
    return failure();
  for (const Shape &input : inputs.drop_front()) {
    bool fits = input.size() == result.size();
    for (size_t i = 0; fits && i < input.size(); ++i)
      fits = static_cast<int64_t>(i) == axis ||
             rule.equal(result[i], input[i], "expected inputs that differ in the joined dimension only");
    if (!fits)
      return rule.error() << "expected inputs that differ in dimension " << axis << " only, got "
                          << shapeText(inputs.front(), rule.names()) << " and "
                          << shapeText(input, rule.names());
    for (size_t i = 0; i < input.size(); ++i)
      if (static_cast<int64_t>(i) != axis && input[i].isStatic())
        result[i] = input[i];
    result[axis] += input[axis];
  }
  return checkedShape(result, rule);
}

FailureOr<Shape> inferMatMulShape(ShapeRef lhs, ShapeRef rhs, const Rule &rule) {
  if (lhs.size() < 2 || rhs.size() < 2)
    return rule.error() << "expected operands of rank at least 2, got " << shapeText(lhs, rule.names())
                        << " and " << shapeText(rhs, rule.names());
  if (!rule.equal(lhs.back(), rhs[rhs.size() - 2], "expected equal inner sizes"))
    return rule.error() << "expected equal inner sizes, got " << shapeText(lhs, rule.names()) << " and "
                        << shapeText(rhs, rule.names());
  FailureOr<Shape> result = inferBroadcastShape(lhs.drop_back(2), rhs.drop_back(2), rule);
  if (failed(result))
    return failure();
  result->push_back(lhs[lhs.size() - 2]);
  result->push_back(rhs.back());
  return checkedShape(*result, rule);
}

static LogicalResult checkWindow(const WindowRef &window, size_t spatial, const Rule &rule) {
  if (failed(checkCount("kernel sizes", window.kernel.size(), spatial, rule)) ||
      failed(checkCount("strides", window.strides.size(), spatial, rule)) ||
      failed(checkCount("dilations", window.dilations.size(), spatial, rule)) ||
      failed(checkCount("low pads", window.padsLow.size(), spatial, rule)) ||
      failed(checkCount("high pads", window.padsHigh.size(), spatial, rule)))
    return failure();
  // A bound far above any real model keeps the sums of these numbers within 63 bits.
  constexpr int64_t kLimit = int64_t(1) << 31;
  for (IntsRef list : {window.kernel, window.strides, window.dilations})
    for (int64_t number : list)
      if (number < 1 || number > kLimit)
        return rule.error() << "expected kernel sizes, strides and dilations of 1 to 2^31, got " << number;
  for (IntsRef list : {window.padsLow, window.padsHigh})
    for (int64_t number : list)
      if (number < -kLimit || number > kLimit)
        return rule.error() << "expected pads of at most 2^31, got " << number;
  return success();
}

FailureOr<Shape> inferConvShape(ShapeRef input, ShapeRef filter, const WindowRef &window, int64_t group,
                                bool channelsLast, const Rule &rule) {
  if (input.size() < 3 || filter.size() != input.size())
    return rule.error() << "expected input and filter of one rank of at least 3, got "
                        << shapeText(input, rule.names()) << " and " << shapeText(filter, rule.names());
  size_t spatial = input.size() - 2;
  WindowRef full = window;
  if (!isStatic(filter))
    return rule.error() << "expected a filter of known size, got " << shapeText(filter, rule.names());
  Ints filterSizes = numbersOf(filter);
  full.kernel = channelsLast ? IntsRef(filterSizes).drop_back(2) : IntsRef(filterSizes).drop_front(2);
  if (failed(checkWindow(full, spatial, rule)))
    return failure();
  Dim channels = channelsLast ? input.back() : input[1];
  int64_t perGroup = channelsLast ? filterSizes[spatial] : filterSizes[1],
          outChannels = channelsLast ? filterSizes.back() : filterSizes[0];
  if (group < 1 || outChannels % group != 0)
    return rule.error() << "expected a group count that divides " << outChannels << " output channels, got "
                        << group;
  if (!rule.equal(channels, Dim(perGroup) * group, "expected the input channels of the filter"))
    return rule.error() << "expected " << channels.text(rule.names()) << " input channels in " << group
                        << " groups, got filter " << shapeText(filter, rule.names());
  Shape sizes;
  for (size_t i = 0; i < spatial; ++i) {
    Dim in = input[i + (channelsLast ? 1 : 2)];
    int64_t reach = (full.kernel[i] - 1) * full.dilations[i] + 1;
    Dim padded = in + full.padsLow[i] + full.padsHigh[i];
    if (!rule.atMost(reach, padded, "expected a kernel that fits into the padded input"))
      return rule.error() << "expected a kernel that fits into the padded input, got size " << reach
                          << (full.dilations[i] > 1 ? " with its dilation" : "") << " for input size "
                          << in.text(rule.names());
    sizes.push_back(floorDiv(padded - reach, full.strides[i]) + 1);
  }
  Shape result{input.front()};
  if (!channelsLast)
    result.push_back(outChannels);
  result.append(sizes);
  if (channelsLast)
    result.push_back(outChannels);
  return checkedShape(result, rule);
}

FailureOr<Shape> inferReduceShape(ShapeRef input, IntsRef axes, const Rule &rule) {
  SmallVector<bool> reduced(input.size(), false);
  for (int64_t axis : axes) {
    if (failed(checkAxis(axis, input.size(), rule)))
      return failure();
    if (reduced[axis])
      return rule.error() << "expected each axis once, got " << axis << " twice";
    reduced[axis] = true;
  }
  Shape result;
  for (auto [dim, gone] : llvm::zip_equal(input, reduced))
    if (!gone)
      result.push_back(dim);
  return result;
}

LogicalResult checkReshape(ShapeRef input, ShapeRef result, const Rule &rule) {
  Dim from = elementCount(input), to = elementCount(result);
  if (from.isValid() && to.isValid() && rule.equal(from, to, "expected as many elements as the input has"))
    return success();
  return rule.error() << "expected as many elements as the input has, got " << shapeText(input, rule.names())
                      << " to " << shapeText(result, rule.names());
}

LogicalResult checkExpand(ShapeRef input, ShapeRef result, const Rule &rule) {
  FailureOr<Shape> joined = inferBroadcastShape(input, result, rule);
  if (failed(joined))
    return failure();
  if (mayBeEqual(*joined, result))
    return success();
  return rule.error() << "expected a shape that " << shapeText(input, rule.names()) << " broadcasts to, got "
                      << shapeText(result, rule.names());
}

LogicalResult checkSlice(ShapeRef input, IntsRef starts, IntsRef steps, ShapeRef result, const Rule &rule) {
  if (failed(checkCount("starts", starts.size(), input.size(), rule)) ||
      failed(checkCount("steps", steps.size(), input.size(), rule)) ||
      failed(checkCount("result dimensions", result.size(), input.size(), rule)))
    return failure();
  for (auto [dim, start, step, count] : llvm::zip_equal(input, starts, steps, result)) {
    if (count.is(0))
      continue;
    Dim last = (count - 1) * step + start;
    auto isInside = [&](Dim at) {
      return at.isValid() && !surelyLess(at, 0) && rule.atMost(at + 1, dim, "expected elements inside");
    };
    if (start < 0 || !isInside(start) || !isInside(last))
      return rule.error() << "expected elements inside of size " << dim.text(rule.names()) << ", got start "
                          << start << ", step " << step << ", count " << count.text(rule.names());
  }
  return success();
}

LogicalResult checkConvTranspose(ShapeRef input, ShapeRef filter, const WindowRef &window, int64_t group,
                                 ShapeRef result, const Rule &rule) {
  if (input.size() < 3 || filter.size() != input.size() || result.size() != input.size())
    return rule.error() << "expected input, filter and result of one rank of at least 3, got "
                        << shapeText(input, rule.names()) << ", " << shapeText(filter, rule.names())
                        << " and " << shapeText(result, rule.names());
  WindowRef full = window;
  if (!isStatic(filter))
    return rule.error() << "expected a filter of known size, got " << shapeText(filter, rule.names());
  Ints filterSizes = numbersOf(filter);
  full.kernel = IntsRef(filterSizes).drop_front(2);
  full.padsHigh = window.padsLow;
  if (failed(checkWindow(full, input.size() - 2, rule)))
    return failure();
  if (!rule.equal(input[1], filter[0], "expected the input channels of the filter") || group < 1 ||
      filterSizes[0] % group != 0)
    return rule.error() << "expected " << input[1].text(rule.names()) << " input channels in " << group
                        << " groups, got filter " << shapeText(filter, rule.names());
  if (!rule.equal(result[0], input[0], "expected the input's batch") ||
      !rule.equal(result[1], filter[1] * group, "expected the filter's channels"))
    return rule.error() << "expected batch " << input[0].text(rule.names()) << " and " << filterSizes[1]
                        << " channels times " << group << ", got " << shapeText(result, rule.names());
  return success();
}

LogicalResult checkPool(ShapeRef input, const WindowRef &window, bool channelsLast, ShapeRef result,
                        const Rule &rule) {
  if (input.size() < 3 || result.size() != input.size())
    return rule.error() << "expected input and result of one rank of at least 3, got "
                        << shapeText(input, rule.names()) << " and " << shapeText(result, rule.names());
  size_t spatial = input.size() - 2, first = channelsLast ? 1 : 2,
         channel = channelsLast ? input.size() - 1 : 1;
  if (failed(checkWindow(window, spatial, rule)))
    return failure();
  if (!rule.equal(result[0], input[0], "expected the input's batch") ||
      !rule.equal(result[channel], input[channel], "expected the input's channels"))
    return rule.error() << "expected the input's batch and channels, got " << shapeText(input, rule.names())
                        << " to " << shapeText(result, rule.names());
  for (size_t i = 0; i < spatial; ++i) {
    Dim in = input[first + i], out = result[first + i];
    Dim begin = (out - 1) * window.strides[i], end = in + window.padsLow[i] + window.padsHigh[i];
    if (!out.is(0) &&
        (!begin.isValid() || surelyLess(out, 0) ||
         !rule.atMost(begin + 1, end, "expected windows that begin inside of the padded input")))
      return rule.error() << "expected windows that begin inside of the padded input, got "
                          << out.text(rule.names()) << " for input size " << in.text(rule.names());
  }
  return success();
}

} // namespace tegula::graph
