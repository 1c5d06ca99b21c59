// Imports Loop and Scan of a known number of iterations, one after the other. Where data may end a loop
// earlier, each later iteration is a branch.
#include "Importer.h"

#include "tegula/dialects/graph/Elements.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace tegula::importer {

/// More would make a program of unreasonable size out of one node.
static constexpr int64_t kMaxIterations = 256;
/// The same where each iteration reads another part of a tensor, by code of its own.
static constexpr int64_t kMaxScanned = 64;

static std::optional<int64_t> knownInteger(Value value) {
  Attribute constant;
  if (!value || !matchPattern(value, m_Constant(&constant)) ||
      !isa<IntegerType>(graph::tensorType(value).getElementType()) ||
      graph::tensorType(value).getNumElements() != 1)
    return std::nullopt;
  std::optional<graph::Elements> elements = graph::Elements::read(constant);
  return elements ? std::optional(elements->integer(0)) : std::nullopt;
}

/// The attribute `body` where it is a graph of so many inputs and at least so many outputs; null where not
/// (reported).
const onnx::GraphProto *Importer::bodyOf(const Attributes &attributes, size_t numInputs, size_t numOutputs) {
  const onnx::AttributeProto *body = attributes.lookup("body");
  if (body && body->has_g() && static_cast<size_t>(body->g().input_size()) == numInputs &&
      static_cast<size_t>(body->g().output_size()) >= numOutputs && callStack.size() < kMaxCallDepth)
    return &body->g();
  report(Code::InvalidBody, "expected a body of " + std::to_string(numInputs) + " inputs and at least " +
                                std::to_string(numOutputs) + " outputs");
  return nullptr;
}

/// One iteration: the body's outputs behind the condition, which are the carried values where `active`, if
/// there is one, is false. False where something was reported.
bool Importer::importStep(const onnx::GraphProto &body, const Frame &frame, const std::string &path,
                          ArrayRef<Value> inputs, Value active, SmallVectorImpl<Value> &results) {
  if (!active) {
    results = importGraph(body, frame, path, inputs);
    return !llvm::is_contained(results, Value());
  }
  Branch step = importBranch(body, frame, path, inputs), skipped;
  if (step.isInvalid || step.isUnsupported) {
    hasInvalid |= step.isInvalid, hasUnsupported |= step.isUnsupported;
    llvm::append_range(messages, step.messages);
    return false;
  }
  Ops ops(builder, facts);
  ops.loc = NameLoc::get(builder.getStringAttr(path));
  skipped.results = {ops.reshape(ops.cast(ops.scalar(builder.getI64Type(), 0), builder.getI1Type()),
                                 Ops::shape(step.results.front()))};
  skipped.results.append(inputs.begin() + 2, inputs.end());
  if (step.results.size() != skipped.results.size()) {
    report(Code::UnsupportedLoop, "scan outputs of a loop that data may end are not supported");
    return false;
  }
  results = importChoice(active, std::move(step), std::move(skipped));
  return !results.empty() && !llvm::is_contained(results, Value());
}

void Importer::reportIterations(std::optional<int64_t> count) {
  report(Code::UnsupportedLoop, "loops of a number of iterations that is known at compile time, up to " +
                                    std::to_string(kMaxIterations) + ", are supported" +
                                    (count ? ", got " + std::to_string(*count) : std::string()));
}

/// The carried values after `count` iterations, or when a known condition ends them, then the scan outputs;
/// empty where something was reported.
SmallVector<Value> Importer::repeat(const onnx::GraphProto &body, const Frame &frame,
                                    std::optional<int64_t> count, SmallVector<Value> carried) {
  Ops ops(builder, facts);
  ops.loc = NameLoc::get(builder.getStringAttr(where.node));
  size_t numCarried = carried.size(), numScans = body.output_size() - 1 - numCarried;
  SmallVector<SmallVector<Value>> scans(numScans);
  Value active, going = ops.cast(ops.scalar(builder.getI64Type(), 1), builder.getI1Type());
  for (int64_t i = 0; i < count.value_or(INT64_MAX); ++i) {
    if (i >= kMaxIterations) {
      reportIterations(count);
      return {};
    }
    SmallVector<Value> inputs{ops.scalar(builder.getI64Type(), static_cast<double>(i)), going}, results;
    llvm::append_range(inputs, carried);
    if (!importStep(body, frame, where.node + "/" + std::to_string(i), inputs, active, results))
      return {};
    carried.assign(results.begin() + 1, results.begin() + 1 + numCarried);
    for (size_t k = 0; k < numScans; ++k) {
      Shape shape = Ops::shape(results[1 + numCarried + k]);
      shape.insert(shape.begin(), 1);
      scans[k].push_back(ops.reshape(results[1 + numCarried + k], shape));
    }
    if (std::optional<int64_t> known = knownInteger(results.front())) {
      if (!active && *known == 0)
        break;
    } else if (!count) {
      reportIterations(count);
      return {};
    } else if (i + 1 < *count) {
      if (numScans > 0) {
        report(Code::UnsupportedLoop, "scan outputs of a loop that data may end are not supported");
        return {};
      }
      active = results.front();
    }
  }
  for (SmallVector<Value> &parts : scans) {
    if (parts.empty()) {
      report(Code::UnsupportedLoop, "scan outputs of no iterations are not supported");
      return {};
    }
    carried.push_back(ops.concat(parts, 0));
  }
  return carried;
}

void Importer::importLoop(const onnx::NodeProto &node, const Frame &frame, const Attributes &attributes) {
  SmallVector<Value> operands;
  if (!resolveOperands(node, frame, operands) || nodeFailed)
    return define(node, frame, {});
  operands.resize(std::max<size_t>(operands.size(), 2));
  SmallVector<Value> carried(operands.begin() + 2, operands.end());
  const onnx::GraphProto *body =
      bodyOf(attributes, operands.size(),
             std::max<size_t>(static_cast<size_t>(node.output_size()), carried.size()) + 1);
  if (!body)
    return define(node, frame, {});
  std::optional<int64_t> count = knownInteger(operands[0]), start = knownInteger(operands[1]);
  if (operands[1] && !start) {
    report(Code::UnsupportedLoop,
           "a loop that may not begin is supported where its condition is known at compile time only");
    return define(node, frame, {});
  }
  if (start && *start == 0)
    count = 0;
  if ((operands[0] && !count) || count.value_or(0) > kMaxIterations) {
    reportIterations(count);
    return define(node, frame, {});
  }
  define(node, frame, repeat(*body, frame, count, std::move(carried)));
}

// ---- Scan ----

namespace {

/// How a tensor is scanned: along which axis, and in which direction.
struct Track {
  int64_t axis = 0;
  bool isReverse = false;
};

} // namespace

/// The axes and directions of the scanned inputs or outputs; empty where an axis is none.
static std::optional<SmallVector<Track>> readTracks(const Attributes &attributes, StringRef what,
                                                    ArrayRef<int64_t> ranks) {
  SmallVector<Track> tracks(ranks.size());
  auto entry = [&](StringRef name, size_t i) -> int64_t {
    const onnx::AttributeProto *list = attributes.lookup(name);
    return list && i < static_cast<size_t>(list->ints_size()) ? list->ints(static_cast<int>(i)) : 0;
  };
  for (auto [i, rank] : llvm::enumerate(ranks)) {
    int64_t axis = entry(("scan_" + what + "_axes").str(), i);
    tracks[i] = {axis < 0 ? axis + rank : axis, entry(("scan_" + what + "_directions").str(), i) != 0};
    if (tracks[i].axis < 0 || tracks[i].axis >= rank)
      return std::nullopt;
  }
  return tracks;
}

/// What iteration `number` of `count` sees of a scanned input.
static Value entryOf(Ops &ops, Value x, const Track &track, int64_t number, int64_t count) {
  int64_t at = track.isReverse ? count - 1 - number : number;
  Shape shape = Ops::shape(x);
  shape.erase(shape.begin() + track.axis);
  return ops.reshape(ops.slice(x, track.axis, at, at + 1), shape);
}

/// What all iterations give of a scanned output.
static Value stackOf(Ops &ops, SmallVector<Value> parts, const Track &track) {
  for (Value &part : parts) {
    Shape shape = Ops::shape(part);
    shape.insert(shape.begin() + track.axis, 1);
    part = ops.reshape(part, shape);
  }
  if (track.isReverse)
    std::reverse(parts.begin(), parts.end());
  return ops.concat(parts, track.axis);
}

void Importer::importScan(const onnx::NodeProto &node, const Frame &frame, const Attributes &attributes) {
  SmallVector<Value> operands;
  const onnx::AttributeProto *number = attributes.lookup("num_scan_inputs");
  if (!resolveOperands(node, frame, operands) || nodeFailed)
    return define(node, frame, {});
  size_t numScanned = number ? static_cast<size_t>(number->i()) : 0;
  const onnx::GraphProto *body = bodyOf(attributes, operands.size(), static_cast<size_t>(node.output_size()));
  auto fail = [&](bool isUnsupported, std::string text) {
    report(isUnsupported, std::move(text));
    define(node, frame, {});
  };
  if (!body)
    return define(node, frame, {});
  if (numScanned < 1 || numScanned > operands.size() ||
      static_cast<size_t>(node.output_size()) < operands.size() - numScanned)
    return fail(false, "expected num_scan_inputs from 1 to the number of inputs");
  size_t numStates = operands.size() - numScanned;
  SmallVector<Value> states(operands.begin(), operands.begin() + numStates),
      scanned(operands.begin() + numStates, operands.end());
  SmallVector<int64_t> ranks = llvm::map_to_vector(scanned, [](Value x) { return Ops::rank(x); });
  std::optional<SmallVector<Track>> in = readTracks(attributes, "input", ranks);
  if (!in)
    return fail(false, "expected axes that the scanned inputs have");
  Dim length = Ops::shape(scanned[0])[in->front().axis];
  if (!length.isStatic() || length.number() < 1 || length.number() > kMaxScanned)
    return fail(true, "scans of 1 to " + std::to_string(kMaxScanned) + " iterations are supported, got " +
                          length.text(facts.symbols));
  Ops ops(builder, facts);
  ops.loc = NameLoc::get(builder.getStringAttr(where.node));
  SmallVector<SmallVector<Value>> outputs(node.output_size() - numStates);
  for (int64_t i = 0; i < length.number(); ++i) {
    SmallVector<Value> inputs = states;
    for (auto [x, track] : llvm::zip_equal(scanned, *in))
      inputs.push_back(entryOf(ops, x, track, i, length.number()));
    SmallVector<Value> results = importGraph(*body, frame, where.node + "/" + std::to_string(i), inputs);
    if (llvm::is_contained(results, Value()))
      return define(node, frame, {});
    states.assign(results.begin(), results.begin() + numStates);
    for (size_t k = 0; k < outputs.size(); ++k)
      outputs[k].push_back(results[numStates + k]);
  }
  ranks = llvm::map_to_vector(outputs, [](auto &parts) { return Ops::rank(parts.front()) + 1; });
  std::optional<SmallVector<Track>> out = readTracks(attributes, "output", ranks);
  if (!out)
    return fail(false, "expected axes that the scanned outputs have");
  for (auto [parts, track] : llvm::zip_equal(outputs, *out))
    states.push_back(stackOf(ops, parts, track));
  define(node, frame, states);
}

} // namespace tegula::importer
