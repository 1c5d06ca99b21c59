// Writes matrix products and convolutions as one multiply-accumulate generic, because that is the form
// schedules know how to run fast.
#include "Bodies.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using utils::IteratorType;

namespace tegula::fuse {

namespace {

/// The loops of a contraction while they are being laid out: each new one gets the next number.
struct Loops {
  TensorKit &k;
  Iterators iterators;
  AffineExpr add(IteratorType type) {
    iterators.push_back(type);
    return k.d(iterators.size() - 1);
  }
  AffineMap map(ArrayRef<AffineExpr> results) const { return k.map(iterators.size(), results); }
};

/// out[outMap] += lhs[lhsMap] * rhs[rhsMap], from zero, summed in the accumulator type.
struct Contraction {
  Type lhsElement, rhsElement, resultElement; // graph types
  Value multiplyAccumulate(TensorKit &k, ShapeRef outShape, Value lhs, Value rhs, const Loops &loops,
                           ArrayRef<AffineExpr> out, ArrayRef<AffineExpr> left,
                           ArrayRef<AffineExpr> right) const {
    Type acc = accumulatorType(resultElement);
    Value zero = k.fill(outShape, k.constant(acc, 0));
    return k.accumulate(zero, loops.map(out), {lhs, rhs}, {loops.map(left), loops.map(right)},
                        loops.iterators, [&](ScalarKit &s, ValueRange args) {
                          Value x = s.convert(args[0], acc, isUnsigned(lhsElement));
                          Value y = s.convert(args[1], acc, isUnsigned(rhsElement));
                          return s.add(args[2], s.mul(x, y));
                        });
  }
};

} // namespace

static Value buildMatMul(TensorKit &k, graph::MatMulOp op, ValueRange in) {
  Shape lhs = shapeOf(in[0]), rhs = shapeOf(in[1]), out = shapeOf(op.getResult());
  Loops loops{k, {}};
  SmallVector<AffineExpr> outExprs, left, right;
  size_t batch = out.size() - 2;
  for (size_t i = 0; i < batch; ++i)
    outExprs.push_back(loops.add(IteratorType::parallel));
  // Batch dimensions stand at the right end of each operand's own; size one is read at zero for each of the
  // result's.
  auto batchExprs = [&](ShapeRef shape, SmallVector<AffineExpr> &exprs) {
    size_t missing = out.size() - shape.size();
    for (size_t i = missing; i < batch; ++i)
      exprs.push_back(shape[i - missing].is(1) && !out[i].is(1) ? k.c(0) : outExprs[i]);
  };
  batchExprs(lhs, left);
  batchExprs(rhs, right);
  AffineExpr m = loops.add(IteratorType::parallel), n = loops.add(IteratorType::parallel);
  AffineExpr depth = loops.add(IteratorType::reduction);
  outExprs.append({m, n});
  left.append({m, depth});
  right.append({depth, n});
  Contraction sum{graphElement(op.getLhs()), graphElement(op.getRhs()), graphElement(op.getResult())};
  return sum.multiplyAccumulate(k, out, in[0], in[1], loops, outExprs, left, right);
}

// ---- Convolution ----

namespace {

/// A convolution's sizes, read the same way for both layouts.
struct ConvShape {
  bool last;
  int64_t group;
  Dim channels, filters; // filters: how many output channels in all
  Shape kernel;

  ConvShape(graph::ConvOp op) {
    Shape input = shapeOf(op.getInput()), filter = shapeOf(op.getFilter());
    last = op.getLayout() == graph::Layout::ChannelsLast;
    group = op.getGroup();
    channels = last ? input.back() : input[1];
    filters = last ? filter.back() : filter[0];
    kernel = Shape(ShapeRef(filter).slice(last ? 0 : 2, input.size() - 2));
  }
  bool depthwise() const { return group > 1 && channels.is(group) && filters.is(group); }
};

} // namespace

/// Pads the spatial dimensions of an image with zeros.
static Value padImage(TensorKit &k, Value input, ArrayRef<int64_t> low, ArrayRef<int64_t> high,
                      bool channelsLast) {
  size_t rank = tensorType(input).getRank(), first = channelsLast ? 1 : 2;
  SmallVector<int64_t> allLow(rank, 0), allHigh(rank, 0);
  llvm::copy(low, allLow.begin() + first);
  llvm::copy(high, allHigh.begin() + first);
  return padWith(k, input, allLow, allHigh, k.constant(tensorType(input).getElementType(), 0));
}

namespace {
/// A convolution's loops: as the result's dimensions stand, then the kernel's, the input channels innermost
/// or outermost as they lie in memory.
struct ConvLoops {
  AffineExpr image;
  SmallVector<AffineExpr> position, offset, channelsIn, channelsOut;

  ConvLoops(Loops &loops, const ConvShape &shape, bool grouped) : image(loops.add(IteratorType::parallel)) {
    size_t spatial = shape.kernel.size();
    AffineExpr inChannel;
    auto addChannels = [&] {
      if (grouped || shape.depthwise())
        channelsOut.push_back(loops.add(IteratorType::parallel));
      channelsIn = channelsOut;
      if (!shape.depthwise())
        channelsOut.push_back(loops.add(IteratorType::parallel));
    };
    if (!shape.last)
      addChannels();
    for (size_t i = 0; i < spatial; ++i)
      position.push_back(loops.add(IteratorType::parallel));
    if (shape.last)
      addChannels();
    if (!shape.last && !shape.depthwise())
      inChannel = loops.add(IteratorType::reduction);
    for (size_t i = 0; i < spatial; ++i) // a kernel of extent one needs no loop
      offset.push_back(shape.kernel[i].is(1) ? loops.k.c(0) : loops.add(IteratorType::reduction));
    if (shape.last && !shape.depthwise())
      inChannel = loops.add(IteratorType::reduction);
    if (inChannel)
      channelsIn.push_back(inChannel);
  }

  /// The indices of the filter, whose channels stand before or behind its extents.
  SmallVector<AffineExpr> filter(const ConvShape &shape) const {
    SmallVector<AffineExpr> before = shape.last ? offset : channelsOut,
                            behind = shape.last ? channelsOut : offset;
    before.push_back(shape.depthwise() ? getAffineConstantExpr(0, image.getContext()) : channelsIn.back());
    llvm::append_range(before, behind);
    return before;
  }
};
} // namespace

static Value buildConv(TensorKit &k, graph::ConvOp op, ValueRange in) {
  ConvShape shape(op);
  size_t spatial = shape.kernel.size();
  bool grouped = shape.group > 1 && !shape.depthwise();
  Value input = padImage(k, in[0], op.getPadsLow(), op.getPadsHigh(), shape.last), filter = in[1];
  Shape outShape = shapeOf(op.getResult());
  int64_t channelDim = shape.last ? spatial + 1 : 1;
  if (grouped) { // [.., C, ..] becomes [.., group, C / group, ..] on all three tensors
    input = k.splitDim(input, channelDim, shape.group);
    filter = k.splitDim(filter, shape.last ? spatial + 1 : 0, shape.group);
    outShape[channelDim] = shape.group;
    outShape.insert(outShape.begin() + channelDim + 1, floorDiv(shape.filters, shape.group));
  }

  Loops loops{k, {}};
  ConvLoops at(loops, shape, grouped);
  SmallVector<AffineExpr> window;
  for (size_t i = 0; i < spatial; ++i)
    window.push_back(at.position[i] * op.getStrides()[i] + at.offset[i] * op.getDilations()[i]);
  SmallVector<AffineExpr> out{at.image}, left{at.image}, right = at.filter(shape);
  auto assemble = [&](SmallVector<AffineExpr> &exprs, ArrayRef<AffineExpr> channels,
                      ArrayRef<AffineExpr> space) {
    exprs.append(shape.last ? space.begin() : channels.begin(), shape.last ? space.end() : channels.end());
    exprs.append(shape.last ? channels.begin() : space.begin(), shape.last ? channels.end() : space.end());
  };
  assemble(out, at.channelsOut, at.position);
  assemble(left, at.channelsIn, window);

  Contraction sum{graphElement(op.getInput()), graphElement(op.getFilter()), graphElement(op.getResult())};
  Value result = sum.multiplyAccumulate(k, outShape, input, filter, loops, out, left, right);
  return grouped ? k.joinDims(result, channelDim) : result;
}

/// Gathers instead of scattering: each output element sums the inputs whose windows cover it.
static Value buildConvTranspose(TensorKit &k, graph::ConvTransposeOp op, ValueRange in) {
  Shape inputShape = shapeOf(in[0]), outShape = shapeOf(op.getResult());
  size_t spatial = inputShape.size() - 2;
  int64_t group = op.getGroup();
  Value input = k.splitDim(in[0], 1, group),
        filter = k.splitDim(in[1], 0, group); // filter [g, C/g, M/g, kernel...]
  outShape[1] = group;
  outShape.insert(outShape.begin() + 2, shapeOf(filter)[2]);

  Loops loops{k, {}};
  SmallVector<AffineExpr> out, right;
  for (size_t i = 0; i < outShape.size(); ++i)
    out.push_back(loops.add(IteratorType::parallel));
  AffineExpr inChannel = loops.add(IteratorType::reduction);
  right = {out[1], inChannel, out[2]};
  for (size_t i = 0; i < spatial; ++i)
    right.push_back(loops.add(IteratorType::reduction));

  Type acc = accumulatorType(graphElement(op.getResult()));
  bool unsignedInput = isUnsigned(graphElement(op.getInput())),
       unsignedFilter = isUnsigned(graphElement(op.getFilter()));
  Value zero = k.fill(outShape, k.constant(acc, 0));
  return k.joinDims(
      k.accumulate(zero, loops.map(out), filter, loops.map(right), loops.iterators,
                   [&](ScalarKit &s, ValueRange args) {
                     SmallVector<Value> at = {s.loopIndex(0), s.loopIndex(1), s.loopIndex(outShape.size())};
                     Value valid;
                     for (size_t i = 0; i < spatial; ++i) {
                       // result position = input * stride + offset * dilation - pad, solved for the input
                       Value offset =
                           s.mul(s.loopIndex(outShape.size() + 1 + i), s.index(op.getDilations()[i]));
                       Value scaled = s.sub(s.add(s.loopIndex(3 + i), s.index(op.getPadsLow()[i])), offset);
                       Value stride = s.index(op.getStrides()[i]);
                       Value source = s.div(scaled, stride);
                       valid =
                           s.both(valid, s.compare(arith::CmpIPredicate::eq, s.mul(source, stride), scaled));
                       valid = s.both(valid, s.inside(source, inputShape[2 + i]));
                       at.push_back(s.clamp(source, inputShape[2 + i]));
                     }
                     Value x = s.convert(s.extract(input, at), acc, unsignedInput);
                     Value y = s.convert(args[0], acc, unsignedFilter);
                     Value sum = s.add(args[1], s.mul(x, y));
                     return valid ? s.select(valid, sum, args[1]) : sum;
                   }),
      1);
}

Value buildContraction(TensorKit &k, Operation *op, ValueRange in) {
  Value result = TypeSwitch<Operation *, Value>(op)
                     .Case([&](graph::MatMulOp matmul) { return buildMatMul(k, matmul, in); })
                     .Case([&](graph::ConvOp conv) { return buildConv(k, conv, in); })
                     .Case([&](graph::ConvTransposeOp conv) { return buildConvTranspose(k, conv, in); })
                     .Default([](Operation *) { return Value(); });
  return result ? k.convertAll(result, storageType(graphElement(op->getResult(0)))) : result;
}

} // namespace tegula::fuse
