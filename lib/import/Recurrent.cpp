// Imports LSTM, GRU and RNN over short sequences, step by step; the products with the inputs are one product
// for all steps.
#include "Node.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace tegula::importer {

/// Longer sequences would make a program of unreasonable size out of one node.
static constexpr int64_t kMaxSteps = 64;

namespace {

/// What the three operators share: one direction is read, run and written at a time.
class Recurrence {
public:
  Recurrence(Node &node, int64_t gates, ArrayRef<StringRef> defaults)
      : node(node), gates(gates), numActivations(defaults.size()) {
    read(defaults);
  }
  bool isValid() const { return valid; }
  void run(llvm::function_ref<void(Recurrence &)> step, size_t numStates);

  // ---- While a step runs ----
  Node &node;
  Value hidden, cell; ///< [batch, hidden] before the step, replaced by it
  /// Rows of one gate: of X·Wᵀ + Wb at this step, of H·Rᵀ + Rb, and of the peepholes.
  Value fromInput(int64_t gate) { return node.slice(inputs, 1, gate * size, (gate + 1) * size); }
  Value fromHidden(Value state, int64_t gate) {
    Value weights = node.slice(recurrent, 1, gate * size, (gate + 1) * size);
    Value product = node.matmul(state, weights);
    return recurrentBias ? node.add(product, node.slice(recurrentBias, 0, gate * size, (gate + 1) * size))
                         : product;
  }
  Value peephole(int64_t gate) {
    return peepholes ? node.slice(peepholes, 0, gate * size, (gate + 1) * size) : Value();
  }
  Value activate(size_t index, Value x);
  Value sum(Value a, Value b, Value weight = {}, Value state = {}) {
    Value total = node.add(a, b);
    return weight ? node.add(total, node.mul(weight, state)) : total;
  }

private:
  void read(ArrayRef<StringRef> defaults);
  Value direction(Value tensor, int64_t index);
  Value initial(size_t input, int64_t index);

  int64_t gates, size = 0, steps = 0, directions = 1;
  Dim batch = 0;
  size_t numActivations;
  std::string order;
  std::vector<std::string> activations;
  double clip = 0;
  bool valid = false, isBatchFirst = false;
  Value x, weights, recurrentWeights, bias, lengths;
  Value inputs, recurrent, recurrentBias, peepholes;
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
  std::optional<int64_t> length = node.fixed(shape[0], "the length of the sequence");
  if (!length)
    return;
  steps = *length, batch = shape[1];
  if (steps < 1 || steps > kMaxSteps)
    return node.unsupported("sequences of 1 to " + Twine(kMaxSteps) + " steps are supported, got " +
                            Twine(steps));
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

void Recurrence::run(llvm::function_ref<void(Recurrence &)> step, size_t numStates) {
  Dim inputSize = Ops::shape(x)[2];
  int64_t rows = gates * size;
  SmallVector<Value> outputs(directions), lastHidden, lastCell;
  for (int64_t d = 0; d < directions; ++d) {
    firstActivation = d * numActivations;
    recurrent = node.transpose(direction(recurrentWeights, d), {1, 0});
    Value both = direction(bias, d);
    recurrentBias = both ? node.slice(both, 0, rows, 2 * rows) : Value();
    peepholes = numStates > 1 && node.has(7) ? direction(node.input(7), d) : Value();
    Value all = node.matmul(node.reshape(x, {steps * batch, inputSize}),
                            node.transpose(direction(weights, d), {1, 0}));
    all = node.reshape(both ? node.add(all, node.slice(both, 0, 0, rows)) : all, {steps, batch, rows});
    hidden = initial(5, d);
    cell = numStates > 1 ? initial(6, d) : Value();
    if (!all || !hidden || (numStates > 1 && !cell))
      return;
    SmallVector<Value> history(steps);
    bool isReverse = order == "reverse" || d == 1;
    for (int64_t i = 0; i < steps; ++i) {
      int64_t t = isReverse ? steps - 1 - i : i;
      Value oldHidden = hidden, oldCell = cell;
      inputs = node.reshape(node.slice(all, 0, t, t + 1), {batch, rows});
      step(*this);
      Value shown = hidden;
      if (lengths) { // past its end a sequence keeps its state and shows zeros
        Value isInside =
            node.reshape(node.compare(Predicate::Greater, lengths, static_cast<double>(t)), {batch, 1});
        shown = node.where(isInside, hidden, node.like(hidden, 0.0));
        hidden = node.where(isInside, hidden, oldHidden);
        cell = cell ? node.where(isInside, cell, oldCell) : Value();
      }
      history[t] = node.reshape(shown, {1, 1, batch, size});
      if (!history[t])
        return;
    }
    outputs[d] = node.concat(history, 0);
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
      [](Recurrence &r) { r.hidden = r.activate(0, r.sum(r.fromInput(0), r.fromHidden(r.hidden, 0))); }, 1);
}

/// Gates in the order update, reset, hidden.
static void gru(Node &node) {
  bool resetsLate = node.integer("linear_before_reset", 0) != 0;
  Recurrence recurrence(node, 3, {"Sigmoid", "Tanh"});
  if (!recurrence.isValid())
    return;
  auto step = [&](Recurrence &r) {
    Value update = r.activate(0, r.sum(r.fromInput(0), r.fromHidden(r.hidden, 0)));
    Value reset = r.activate(0, r.sum(r.fromInput(1), r.fromHidden(r.hidden, 1)));
    Value past =
        resetsLate ? node.mul(reset, r.fromHidden(r.hidden, 2)) : r.fromHidden(node.mul(reset, r.hidden), 2);
    Value candidate = r.activate(1, r.sum(r.fromInput(2), past));
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
    Value input = r.activate(0, r.sum(r.fromInput(0), r.fromHidden(r.hidden, 0), r.peephole(0), r.cell));
    Value forget =
        couples ? node.sub(node.like(input, 1.0), input)
                : r.activate(0, r.sum(r.fromInput(2), r.fromHidden(r.hidden, 2), r.peephole(2), r.cell));
    Value candidate = r.activate(1, r.sum(r.fromInput(3), r.fromHidden(r.hidden, 3)));
    Value next = node.add(node.mul(forget, r.cell), node.mul(input, candidate));
    Value output = r.activate(0, r.sum(r.fromInput(1), r.fromHidden(r.hidden, 1), r.peephole(1), next));
    r.hidden = node.mul(output, r.activate(2, next));
    r.cell = next;
  };
  recurrence.run(step, 2);
}

ArrayRef<Operator> recurrentOperators() {
  constexpr bool kInF32 = true;
  static const Operator table[] = {
      {"", "GRU", 7, gru, "up to 64 steps, activations without parameters", kInF32},
      {"", "LSTM", 7, lstm, "up to 64 steps, activations without parameters", kInF32},
      {"", "RNN", 7, rnn, "up to 64 steps, activations without parameters", kInF32},
  };
  return table;
}

} // namespace tegula::importer
