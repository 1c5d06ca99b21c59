// Imports LSTM, GRU and RNN as a loop over the steps of the sequence; the products with the inputs are one
// product for all steps.
#include "LoopBody.h"
#include "Node.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace tegula::importer {

namespace {

/// What the three operators share: one direction is read, run and written at a time.
class Recurrence {
public:
  /// `lateGates` counts gates, the last ones, in which Rb is not simply added to Wb.
  Recurrence(Node &node, int64_t gates, ArrayRef<StringRef> defaults, int64_t lateGates = 0)
      : node(node), gates(gates), lateGates(lateGates), numActivations(defaults.size()) {
    read(defaults);
  }
  bool isValid() const { return valid; }
  using Step = llvm::function_ref<void(Recurrence &)>;
  void run(Step step, size_t numStates);

  // ---- While a step runs ----
  Node &node;
  Value hidden, cell; ///< [batch, hidden] before the step, replaced by it
  /// X·Wᵀ + Wb at this step, of all gates; where the step adds nothing but H·Rᵀ + Rb, Rb is in it.
  Value inputs;
  /// H·Rᵀ of the gates [first, last), in one product: each step's cost is the number of its kernels.
  Value project(Value state, int64_t first, int64_t last) {
    return node.matmul(state, node.slice(recurrent, 1, first * size, last * size));
  }
  /// The part of one gate, of several gates' [batch, gates * hidden].
  Value gate(Value all, int64_t index) { return node.slice(all, 1, index * size, (index + 1) * size); }
  Value gateRange(Value all, int64_t first, int64_t last) {
    return node.slice(all, 1, first * size, last * size);
  }
  /// Rb of one gate, null where there is none.
  Value lateBias(int64_t index) {
    return recurrentBias ? node.slice(recurrentBias, 0, index * size, (index + 1) * size) : Value();
  }
  Value peephole(int64_t gate) {
    return peepholes ? node.slice(peepholes, 0, gate * size, (gate + 1) * size) : Value();
  }
  Value activate(size_t index, Value x);
  Value withPeephole(Value total, int64_t gate, Value state) {
    Value weight = peephole(gate);
    return weight ? node.add(total, node.mul(weight, state)) : total;
  }

private:
  void read(ArrayRef<StringRef> defaults);
  Value direction(Value tensor, int64_t index);
  Value initial(size_t input, int64_t index);
  Value fromInputs(int64_t index);
  Value advance(Step step, Value slice, Value time);
  Value writeOut(Step step, Value all, bool isReverse);
  Value loop(Step step, Value all, bool isReverse);

  int64_t gates, lateGates, size = 0, directions = 1;
  Dim batch = 0, steps = 0;
  size_t numActivations;
  std::string order;
  std::vector<std::string> activations;
  double clip = 0;
  bool valid = false, isBatchFirst = false;
  Value x, weights, recurrentWeights, bias, lengths;
  Value recurrent, recurrentBias, peepholes;
  size_t firstActivation = 0;
};

} // namespace

void Recurrence::read(ArrayRef<StringRef> defaults) {
  x = node.input(0), weights = node.input(1), recurrentWeights = node.input(2), bias = node.optional(3),
  lengths = node.optional(4);
  order = node.text("direction", "forward");
  directions = order == "bidirectional" ? 2 : 1;
  isBatchFirst = node.integer("layout", 0) != 0;
  clip = node.real("clip", 0.0);
  int64_t given = node.integer("hidden_size", 0);
  for (int64_t i = 0; i < directions; ++i)
    for (StringRef name : defaults)
      activations.push_back(name.lower());
  if (const onnx::AttributeProto *names = node.attribute("activations")) {
    activations.clear();
    for (const std::string &name : names->strings())
      activations.push_back(StringRef(name).lower());
  }
  if (node.hasAttribute("activation_alpha") || node.hasAttribute("activation_beta"))
    return node.unsupported("parameters of activations are not supported");
  if (!x || !weights || !recurrentWeights)
    return;
  if (isBatchFirst)
    x = node.transpose(x, {1, 0, 2});
  Shape shape = Ops::shape(x);
  if (!graph::isStatic(Ops::shape(recurrentWeights)) || !graph::isStatic(Ops::shape(weights)))
    return node.unsupported("weights of an unknown size are not supported", Code::OpenSize);
  size = Ops::rank(recurrentWeights) == 3 ? Ops::shape(recurrentWeights)[2].number() : 0;
  bool fits = shape.size() == 3 && size > 0 && (given == 0 || given == size) &&
              Ops::shape(recurrentWeights) == Shape({directions, gates * size, size}) &&
              node.fits(Ops::shape(weights), {directions, gates * size, shape[2]},
                        "expected weights of the input's size");
  if (!fits)
    return node.invalid("expected an input of rank 3 and weights of its size and hidden_size, got " +
                        node.shown(Ops::shape(weights)) + " and " + node.shown(Ops::shape(recurrentWeights)));
  if (activations.size() != numActivations * directions ||
      (order != "forward" && order != "reverse" && order != "bidirectional"))
    return node.invalid("expected direction forward, reverse or bidirectional and " +
                        Twine(numActivations * directions) + " activations");
  steps = shape[0], batch = shape[1];
  if (steps.is(0))
    return node.unsupported("sequences of at least one step are supported, got 0");
  valid = true;
}

Value Recurrence::activate(size_t index, Value value) {
  if (clip > 0 && index < 2) // the cell's own activation is never clipped
    value = node.clamp(value, -clip, clip);
  StringRef name = activations[firstActivation + index];
  if (name == "sigmoid")
    return node.unary<graph::SigmoidOp>(value);
  if (name == "tanh")
    return node.unary<graph::TanhOp>(value);
  if (name == "relu")
    return node.unary<graph::ReluOp>(value);
  if (name == "hardsigmoid")
    return node.clamp(node.add(node.mul(value, 0.2), 0.5), 0.0, 1.0);
  if (name == "softsign")
    return node.div(value, node.add(node.abs(value), 1.0));
  node.unsupported("activation '" + name + "' is not supported");
  return {};
}

/// One direction's part of a tensor that has one a direction in front.
Value Recurrence::direction(Value tensor, int64_t index) {
  if (!tensor)
    return {};
  return node.reshape(node.slice(tensor, 0, index, index + 1), ArrayRef(Ops::shape(tensor)).drop_front());
}

Value Recurrence::initial(size_t input, int64_t index) {
  if (!node.has(input))
    return node.filled({batch, size}, node.element(x), 0);
  Value state = node.input(input);
  if (isBatchFirst)
    state = node.transpose(state, {1, 0, 2});
  if (!node.fits(Ops::shape(state), {directions, batch, size}, "expected an initial state for the batch")) {
    if (state)
      node.invalid("expected an initial state of " + node.shown({directions, batch, size}) + ", got " +
                   node.shown(Ops::shape(state)));
    return {};
  }
  return direction(state, index);
}

/// X·Wᵀ with its biases, of all steps: [steps, batch, gates * hidden].
Value Recurrence::fromInputs(int64_t index) {
  int64_t rows = gates * size, early = rows - lateGates * size;
  Value both = direction(bias, index);
  recurrentBias = both ? node.slice(both, 0, rows, 2 * rows) : Value();
  Value all = node.matmul(node.reshape(x, {steps * batch, Ops::shape(x)[2]}),
                          node.transpose(direction(weights, index), {1, 0}));
  if (both) {
    Value sum = node.add(node.slice(both, 0, 0, early), node.slice(recurrentBias, 0, 0, early));
    all = node.add(all, lateGates ? node.concat({sum, node.slice(both, 0, early, rows)}, 0) : sum);
  }
  return node.reshape(all, {steps, batch, rows});
}

/// One step, from its part [batch, gates * hidden] of the inputs. `time`, its number, is asked for where
/// sequences have lengths. What the step shows.
Value Recurrence::advance(Step step, Value slice, Value time) {
  Value oldHidden = hidden, oldCell = cell;
  inputs = slice;
  step(*this);
  if (!lengths)
    return hidden;
  // Past its end a sequence keeps its state and shows zeros.
  Value isInside = node.reshape(node.compare(Predicate::Greater, lengths, time), {batch, 1});
  Value shown = node.where(isInside, hidden, node.like(hidden, 0.0));
  hidden = node.where(isInside, hidden, oldHidden);
  cell = cell ? node.where(isInside, cell, oldCell) : Value();
  return shown;
}

Value Recurrence::writeOut(Step step, Value all, bool isReverse) {
  int64_t count = steps.number();
  SmallVector<Value> history(count);
  for (int64_t i = 0; i < count; ++i) {
    int64_t t = isReverse ? count - 1 - i : i;
    Value slice = node.reshape(node.slice(all, 0, t, t + 1), ArrayRef(Ops::shape(all)).drop_front());
    Value time = lengths ? node.like(lengths, static_cast<double>(t)) : Value();
    history[t] = node.reshape(advance(step, slice, time), {1, batch, size});
    if (!history[t])
      return {};
  }
  return node.concat(history, 0);
}

/// The same as a loop, whose code does not grow with the number of steps.
Value Recurrence::loop(Step step, Value all, bool isReverse) {
  bool hasCell = static_cast<bool>(cell);
  SmallVector<Value> states = {hidden}, scanned = {all};
  if (hasCell)
    states.push_back(cell);
  if (lengths)
    scanned.push_back(node.iota(steps, node.element(lengths)));
  LoopBody body(node, states, scanned);
  hidden = body.carried(0);
  cell = hasCell ? body.carried(1) : Value();
  StepResults given;
  Value shown = advance(step, body.scanned(0), lengths ? body.scanned(1) : Value());
  given.carried = {hidden};
  if (hasCell)
    given.carried.push_back(cell);
  if (lengths)
    given.stacked = {shown};
  else
    given.histories = {0};
  SmallVector<Value> results = body.finish(node.sizes({steps}, {}), std::move(given), isReverse);
  if (results.empty())
    return {};
  hidden = results[0];
  cell = hasCell ? results[1] : Value();
  return results.back();
}

void Recurrence::run(Step step, size_t numStates) {
  SmallVector<Value> outputs(directions), lastHidden, lastCell;
  for (int64_t d = 0; d < directions; ++d) {
    firstActivation = d * numActivations;
    recurrent = node.transpose(direction(recurrentWeights, d), {1, 0});
    peepholes = numStates > 1 && node.has(7) ? direction(node.input(7), d) : Value();
    Value all = fromInputs(d);
    hidden = initial(5, d);
    cell = numStates > 1 ? initial(6, d) : Value();
    if (!all || !hidden || (numStates > 1 && !cell))
      return;
    bool isReverse = order == "reverse" || d == 1;
    bool isShort = steps.isStatic() && steps.number() <= kMaxWrittenOut;
    Value history = isShort ? writeOut(step, all, isReverse) : loop(step, all, isReverse);
    if (!history)
      return;
    outputs[d] = node.reshape(history, {steps, 1, batch, size});
    lastHidden.push_back(node.reshape(hidden, {1, batch, size}));
    if (numStates > 1)
      lastCell.push_back(node.reshape(cell, {1, batch, size}));
  }
  Value y = node.concat(outputs, 1), last = node.concat(lastHidden, 0),
        lastState = numStates > 1 ? node.concat(lastCell, 0) : Value();
  if (isBatchFirst) {
    y = node.transpose(y, {2, 0, 1, 3}), last = node.transpose(last, {1, 0, 2});
    lastState = lastState ? node.transpose(lastState, {1, 0, 2}) : Value();
  }
  node.result(y, 0);
  node.result(last, 1);
  node.result(lastState, 2);
}

static void rnn(Node &node) {
  Recurrence recurrence(node, 1, {"Tanh"});
  if (!recurrence.isValid())
    return;
  recurrence.run(
      [](Recurrence &r) { r.hidden = r.activate(0, r.node.add(r.project(r.hidden, 0, 1), r.inputs)); }, 1);
}

/// Gates in the order update, reset, hidden.
static void gru(Node &node) {
  bool resetsLate = node.integer("linear_before_reset", 0) != 0;
  Recurrence recurrence(node, 3, {"Sigmoid", "Tanh"}, /*lateGates=*/1);
  if (!recurrence.isValid())
    return;
  auto step = [&](Recurrence &r) {
    // A reset before the product needs a product of its own.
    Value product = r.project(r.hidden, 0, resetsLate ? 3 : 2), both, past;
    if (!resetsLate)
      both = r.activate(0, node.add(product, r.gateRange(r.inputs, 0, 2)));
    auto early = [&](int64_t gate) {
      return both ? r.gate(both, gate)
                  : r.activate(0, node.add(r.gate(product, gate), r.gate(r.inputs, gate)));
    };
    Value update = early(0), reset = early(1), bias = r.lateBias(2);
    past = resetsLate ? r.gate(product, 2) : r.project(node.mul(reset, r.hidden), 2, 3);
    past = bias ? node.add(past, bias) : past;
    past = resetsLate ? node.mul(reset, past) : past;
    Value candidate = r.activate(1, node.add(past, r.gate(r.inputs, 2)));
    Value keep = node.mul(update, r.hidden);
    r.hidden = node.add(node.mul(node.sub(node.like(update, 1.0), update), candidate), keep);
  };
  recurrence.run(step, 1);
}

/// Gates in the order input, output, forget, cell.
static void lstm(Node &node) {
  bool couples = node.integer("input_forget", 0) != 0;
  Recurrence recurrence(node, 4, {"Sigmoid", "Tanh", "Tanh"});
  if (!recurrence.isValid())
    return;
  auto step = [&](Recurrence &r) {
    Value all = node.add(r.project(r.hidden, 0, 4), r.inputs);
    Value input = r.activate(0, r.withPeephole(r.gate(all, 0), 0, r.cell));
    Value forget = couples ? node.sub(node.like(input, 1.0), input)
                           : r.activate(0, r.withPeephole(r.gate(all, 2), 2, r.cell));
    Value candidate = r.activate(1, r.gate(all, 3));
    Value next = node.add(node.mul(forget, r.cell), node.mul(input, candidate));
    Value output = r.activate(0, r.withPeephole(r.gate(all, 1), 1, next));
    r.hidden = node.mul(output, r.activate(2, next));
    r.cell = next;
  };
  recurrence.run(step, 2);
}

ArrayRef<Operator> recurrentOperators() {
  constexpr bool kInF32 = true;
  constexpr const char *kNotes =
      "activations without parameters; a length above the number of steps is as good as that number";
  static const Operator table[] = {
      {"", "GRU", 7, gru, kNotes, kInF32},
      {"", "LSTM", 7, lstm, kNotes, kInF32},
      {"", "RNN", 7, rnn, kNotes, kInF32},
  };
  return table;
}

} // namespace tegula::importer
