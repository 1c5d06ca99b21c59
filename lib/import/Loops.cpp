// Imports Loop and Scan as loops whose body is a function. Few iterations, and those whose shapes follow from
// their number, are written out; where data may end such a loop earlier, each later iteration is a branch.
#include "Importer.h"
#include "LoopBody.h"

#include "tegula/dialects/graph/Elements.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace tegula::importer {

/// More would make a program of unreasonable size out of one node, where iterations are written out.
static constexpr int64_t kMaxIterations = 256;
/// The same where each iteration reads another part of a tensor, by code of its own.
static constexpr int64_t kMaxScanned = 64;
/// A loop that counts further keeps its number itself; up to this many they are a table.
static constexpr int64_t kMaxNumbered = 1 << 16;

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
      static_cast<size_t>(body->g().output_size()) >= numOutputs && !isDeep())
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

/// Imports a body as a branch of the model that is always taken: what it assumes of sizes, the model does.
SmallVector<Value> Importer::importBody(const onnx::GraphProto &graph, const Frame &frame,
                                        ArrayRef<Value> inputs,
                                        llvm::function_ref<bool(SmallVectorImpl<Value> &)> fit) {
  llvm::DenseMap<Value, Value> outerKnown = knownForms, outerWide = wideForms;
  facts.enterBranch(&graph, where.node);
  SmallVector<Value> results = importGraph(graph, frame, where.node, inputs);
  if (llvm::is_contained(results, Value()) || !fit(results))
    results.clear();
  SmallVector<graph::Requirement> requirements = facts.leaveBranch();
  if (!results.empty())
    for (const graph::Requirement &requirement : requirements)
      facts.require(requirement);
  knownForms = std::move(outerKnown), wideForms = std::move(outerWide);
  return results;
}

/// Gives what an iteration leaves the types that it began with. False where that cannot be (reported).
bool Importer::keepTypes(Ops &ops, ArrayRef<Value> before, MutableArrayRef<Value> after) {
  for (auto [from, to] : llvm::zip_equal(before, after)) {
    Shape a = Ops::shape(from), b = Ops::shape(to);
    if (ops.element(from) != ops.element(to)) {
      report(Code::UnsupportedLoop, "carried values that change their element type are not supported");
      return false;
    }
    if (a.size() != b.size() || !graph::mayBeEqual(a, b)) {
      report(Code::UnsupportedLoop, "carried values that change their shape are not supported, got " +
                                        ops.shown(a) + ", then " + ops.shown(b));
      return false;
    }
    for (auto [x, y] : llvm::zip_equal(a, b))
      if (!(x == y))
        facts.require({graph::Requirement::Kind::Equal, x, y, where.node,
                       "expected carried values that keep their shape"});
    to = to.getType() == from.getType() ? to : ops.reshape(to, a);
  }
  return true;
}

/// A loop whose body is a function: its outputs, or nothing. Nothing may be reported then, which says that it
/// has to be written out.
SmallVector<Value> Importer::iterate(const onnx::GraphProto &graph, const Frame &frame, Value count,
                                     Value start, ArrayRef<Value> carried) {
  Ops ops(builder, facts);
  ops.loc = NameLoc::get(builder.getStringAttr(where.node));
  Type i64 = builder.getI64Type();
  size_t numCarried = carried.size(), numScans = graph.output_size() - 1 - numCarried;
  Value trips = count ? ops.reshape(count, {}) : ops.reshape(ops.numbers({INT64_MAX}), {});
  if (start)
    trips = ops.where(ops.reshape(start, {}), trips, ops.scalar(i64, 0));
  std::optional<graph::Sizes> known = trips ? graph::Sizes::read(trips) : std::nullopt;
  if (numScans > 0 && (!known || !count)) {
    report(Code::UnsupportedLoop,
           "scan outputs of a number of iterations that only data tells are not supported");
    return {};
  }
  bool isTable = known && (!known->values[0].isStatic() || known->values[0].number() <= kMaxNumbered);
  SmallVector<Value> initial(carried), scanned;
  if (isTable)
    scanned.push_back(ops.iota(known->values[0], i64));
  else
    initial.push_back(ops.scalar(i64, 0));
  LoopBody body(ops, initial, scanned);
  Value number = isTable ? body.scanned(0) : body.carried(numCarried);
  SmallVector<Value> inputs = {number, ops.cast(ops.scalar(i64, 1), builder.getI1Type())};
  for (size_t k = 0; k < numCarried; ++k)
    inputs.push_back(body.carried(k));
  SmallVector<Value> results = importBody(graph, frame, inputs, [&](SmallVectorImpl<Value> &given) {
    // There is one iteration at most: it is written out, and may change shapes.
    return knownInteger(given.front()) != 0 &&
           keepTypes(ops, carried, MutableArrayRef(given).slice(1, numCarried));
  });
  if (results.empty())
    return {};
  StepResults step;
  if (!ops.isBool(results.front()) || !Ops::count(Ops::shape(results.front())).is(1)) {
    report(Code::InvalidBody, "expected a condition of one boolean");
    return {};
  }
  if (!knownInteger(results.front()))
    step.going = ops.reshape(results.front(), {});
  if (step.going && numScans > 0) {
    report(Code::UnsupportedLoop, "scan outputs of a loop that data may end are not supported");
    return {};
  }
  step.carried.assign(results.begin() + 1, results.begin() + 1 + numCarried);
  bool isAsked = !number.use_empty() || llvm::is_contained(results, number);
  if (!isAsked)
    body.forget(number);
  else if (!isTable)
    step.carried.push_back(ops.add(number, 1.0));
  step.stacked.assign(results.begin() + 1 + numCarried, results.end());
  results = body.finish(trips, std::move(step));
  if (!results.empty() && isAsked && !isTable)
    results.erase(results.begin() + numCarried);
  return results;
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
  for (Value operand : ArrayRef(operands).take_front(2))
    if (operand &&
        (!graph::tensorType(operand).hasStaticShape() || graph::tensorType(operand).getNumElements() != 1)) {
      report(Code::InvalidBody, "expected a number of iterations and a condition of one element each");
      return define(node, frame, {});
    }
  if (llvm::is_contained(carried, Value())) {
    report(Code::InvalidBody, "expected a value for each input of the body");
    return define(node, frame, {});
  }
  std::optional<int64_t> count = knownInteger(operands[0]), start = knownInteger(operands[1]);
  if (start && *start == 0)
    count = 0;
  bool isWritable = (!operands[1] || start) && (count ? *count <= kMaxIterations : !operands[0]);
  SmallVector<Value> results;
  Attempt attempt(*this);
  if (!isWritable || !count || *count > kMaxWrittenOut)
    results = iterate(*body, frame, operands[0], start ? Value() : operands[1], carried);
  if (results.empty() && isWritable) {
    attempt.undo();
    results = repeat(*body, frame, count, std::move(carried));
  } else if (results.empty() && attempt.isSilent()) {
    reportIterations(count);
  }
  define(node, frame, results);
}

// ---- Scan ----

using Track = Importer::Track;

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
  if (llvm::is_contained(operands, Value()))
    return fail(false, "expected a value for each input of the body");
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
  if (length.is(0))
    return fail(true, "scans of at least one iteration are supported, got 0");
  bool isWritable = length.isStatic() && length.number() <= kMaxScanned;
  SmallVector<Value> results;
  Attempt attempt(*this);
  if (!isWritable || length.number() > kMaxWrittenOut)
    results = iterateScan(*body, frame, attributes, states, scanned, *in);
  if (results.empty() && isWritable) {
    attempt.undo();
    results = repeatScan(*body, frame, attributes, std::move(states), scanned, *in);
  }
  define(node, frame, results);
}

/// The final states and scanned outputs of a scan whose iterations are written out.
SmallVector<Value> Importer::repeatScan(const onnx::GraphProto &body, const Frame &frame,
                                        const Attributes &attributes, SmallVector<Value> states,
                                        ArrayRef<Value> scanned, ArrayRef<Track> in) {
  Ops ops(builder, facts);
  ops.loc = NameLoc::get(builder.getStringAttr(where.node));
  size_t numStates = states.size();
  int64_t length = Ops::shape(scanned[0])[in.front().axis].number();
  SmallVector<SmallVector<Value>> outputs(body.output_size() - numStates);
  for (int64_t i = 0; i < length; ++i) {
    SmallVector<Value> inputs = states;
    for (auto [x, track] : llvm::zip_equal(scanned, in))
      inputs.push_back(entryOf(ops, x, track, i, length));
    SmallVector<Value> results = importGraph(body, frame, where.node + "/" + std::to_string(i), inputs);
    if (llvm::is_contained(results, Value()))
      return {};
    states.assign(results.begin(), results.begin() + numStates);
    for (size_t k = 0; k < outputs.size(); ++k)
      outputs[k].push_back(results[numStates + k]);
  }
  std::optional<SmallVector<Track>> out =
      readTracks(attributes, "output",
                 llvm::map_to_vector(outputs, [](auto &parts) { return Ops::rank(parts.front()) + 1; }));
  if (!out) {
    report(Code::AxisOutOfRange, "expected axes that the scanned outputs have");
    return {};
  }
  for (auto [parts, track] : llvm::zip_equal(outputs, *out))
    states.push_back(stackOf(ops, parts, track));
  return states;
}

/// The permutation that brings dimension `axis` to the front, or takes the front there (`back`).
static Ints frontPerm(int64_t rank, int64_t axis, bool back) {
  Ints perm = Ops::span(0, rank);
  auto first = perm.begin() + (back ? 0 : axis), last = perm.begin() + (back ? axis : 0);
  if (back)
    std::rotate(first, first + 1, last + 1);
  else
    std::rotate(last, first, first + 1);
  return perm;
}

/// The same as a loop whose body is a function.
SmallVector<Value> Importer::iterateScan(const onnx::GraphProto &graph, const Frame &frame,
                                         const Attributes &attributes, ArrayRef<Value> states,
                                         ArrayRef<Value> scanned, ArrayRef<Track> in) {
  Ops ops(builder, facts);
  ops.loc = NameLoc::get(builder.getStringAttr(where.node));
  SmallVector<Value> slices;
  SmallVector<bool> reversed;
  for (auto [x, track] : llvm::zip_equal(scanned, in)) {
    slices.push_back(ops.transpose(x, frontPerm(Ops::rank(x), track.axis, /*back=*/false)));
    reversed.push_back(track.isReverse);
    if (!ops.equal(Ops::shape(slices.front())[0], Ops::shape(slices.back())[0],
                   "expected scanned inputs of one length")) {
      report(Code::InvalidNode, "expected scanned inputs of one length");
      return {};
    }
  }
  LoopBody body(ops, states, slices);
  SmallVector<Value> inputs;
  for (size_t i = 0; i < states.size(); ++i)
    inputs.push_back(body.carried(i));
  for (size_t i = 0; i < slices.size(); ++i)
    inputs.push_back(body.scanned(i));
  SmallVector<Value> results = importBody(graph, frame, inputs, [&](SmallVectorImpl<Value> &given) {
    return keepTypes(ops, states, MutableArrayRef(given).take_front(states.size()));
  });
  if (results.empty())
    return {};
  StepResults step;
  step.carried.assign(results.begin(), results.begin() + states.size());
  step.stacked.assign(results.begin() + states.size(), results.end());
  std::optional<SmallVector<Track>> out =
      readTracks(attributes, "output",
                 llvm::map_to_vector(step.stacked, [](Value part) { return Ops::rank(part) + 1; }));
  if (!out) {
    report(Code::AxisOutOfRange, "expected axes that the scanned outputs have");
    return {};
  }
  for (const Track &track : *out)
    reversed.push_back(track.isReverse);
  results = body.finish(ops.sizes({Ops::shape(slices.front())[0]}, {}), std::move(step),
                        llvm::is_contained(reversed, true) ? ArrayRef<bool>(reversed) : ArrayRef<bool>());
  if (results.empty())
    return {};
  for (auto [value, track] : llvm::zip_equal(MutableArrayRef(results).drop_front(states.size()), *out))
    value = ops.transpose(value, frontPerm(Ops::rank(value), track.axis, /*back=*/true));
  return results;
}

} // namespace tegula::importer
