// Finds the sizes of inputs that nobody gave a value: a batch that one input has is that of all others.
#include "common/Sizes.h"

#include <algorithm>
#include <charconv>

namespace tegula::tools {

bool parseSize(const std::string &text, int64_t &value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0;
}

namespace {

Failure badOption(const char *option, const std::string &form, const std::string &got) {
  return {Code::InvalidSizeOption, std::string(option) + ": expected " + form + ", got '" + got + "'"};
}

/// The names of all unknown sizes, each once.
std::string symbolsOf(const std::vector<Port> &inputs) {
  std::vector<std::string> names;
  for (const Port &port : inputs)
    for (size_t d = 0; d < port.shape.size(); ++d)
      if (port.shape[d] < 0 && std::find(names.begin(), names.end(), port.dimNames[d]) == names.end())
        names.push_back(port.dimNames[d]);
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "'" : ", '") + name + "'";
  return text;
}

/// Notes the sizes of a shape under their symbols; one that options contradict is an error.
Failure learn(const Port &port, const std::vector<int64_t> &shape, const Sizes &sizes,
              std::map<std::string, int64_t> &known) {
  if (shape.size() != port.shape.size())
    return {}; // the runtime says so
  for (size_t d = 0; d < shape.size(); ++d) {
    if (port.shape[d] >= 0)
      continue;
    known.try_emplace(port.dimNames[d], shape[d]);
    if (auto asked = sizes.dims.find(port.dimNames[d]);
        asked != sizes.dims.end() && asked->second != shape[d])
      return {Code::OptionContradictsModel,
              "expected size " + std::to_string(asked->second) + " in dimension " + std::to_string(d) +
                  " of input '" + port.name + "', as --dim says, got " + std::to_string(shape[d])};
  }
  return {};
}

/// Whether --shape says what an input can have beside the sizes that a run chooses, and beside its value.
Failure checkShape(const Port &port, const std::vector<int64_t> &shape, const HostTensor *value) {
  auto refuse = [&](const std::string &expected, size_t got) {
    return Failure{Code::OptionContradictsModel, "--shape: expected " + expected + " of input '" + port.name +
                                                     "', got " + std::to_string(got)};
  };
  if (shape.size() != port.shape.size())
    return refuse("the " + std::to_string(port.shape.size()) + " dimensions", shape.size());
  for (size_t d = 0; d < shape.size(); ++d) {
    int64_t known = port.shape[d] >= 0                             ? port.shape[d]
                    : value && value->shape.size() == shape.size() ? value->shape[d]
                                                                   : shape[d];
    if (shape[d] != known)
      return refuse("size " + std::to_string(known) + " in dimension " + std::to_string(d), size_t(shape[d]));
  }
  return {};
}

} // namespace

/// Reads "1,4".
static bool parseHot(std::string text, std::vector<int64_t> &hot) {
  for (size_t comma = 0; comma != std::string::npos; text.erase(0, comma + 1)) {
    comma = text.find(',');
    int64_t size = 0;
    if (!parseSize(text.substr(0, comma), size))
      return false;
    hot.push_back(size);
  }
  return true;
}

/// Where the parts of "NAME=LOW..HIGH:hot=N" begin; npos where they are missing.
struct RangeParts {
  size_t split, dots, colon;
  explicit RangeParts(const std::string &text) : colon(text.rfind(":hot=")) {
    std::string rest = text.substr(0, colon);
    split = rest.rfind('=');
    dots = split == std::string::npos ? split : rest.find("..", split);
  }
  bool isRange() const { return dots != std::string::npos || colon != std::string::npos; }
};

Failure parseDim(const std::string &text, Sizes &sizes) {
  size_t split = text.rfind('=');
  int64_t size = 0;
  if (split == std::string::npos || split == 0 || RangeParts(text).isRange() ||
      !parseSize(text.substr(split + 1), size))
    return badOption("--dim", "NAME=N", text);
  if (!sizes.dims.try_emplace(text.substr(0, split), size).second)
    return badOption("--dim", "the size of '" + text.substr(0, split) + "' once", text);
  return {};
}

Failure parseDimOrRange(const std::string &text, Sizes &sizes) {
  auto [split, dots, colon] = RangeParts(text);
  if (dots == std::string::npos && colon == std::string::npos)
    return parseDim(text, sizes);
  std::string rest = text.substr(0, colon);
  Failure malformed = badOption("--dim", "NAME=N, NAME=LOW..HIGH or NAME=LOW..HIGH:hot=N,N", text);
  if (dots == std::string::npos || split == 0)
    return malformed;
  std::string name = rest.substr(0, split), highest = rest.substr(dots + 2);
  SizeRange range;
  if (!parseSize(rest.substr(split + 1, dots - split - 1), range.lowest) ||
      (!highest.empty() && !parseSize(highest, range.highest)) ||
      (colon != std::string::npos && !parseHot(text.substr(colon + 5), range.hot)))
    return malformed;
  if (range.lowest < 1 || range.highest < range.lowest)
    return badOption("--dim", "bounds of at least 1 in rising order", text);
  for (int64_t size : range.hot)
    if (size < range.lowest || size > range.highest)
      return badOption("--dim", "hot sizes within the bounds", text);
    else if (std::count(range.hot.begin(), range.hot.end(), size) > 1)
      return badOption("--dim", "each hot size once", text);
  if (!sizes.ranges.try_emplace(name, std::move(range)).second)
    return badOption("--dim", "bounds of '" + name + "' once", text);
  return {};
}

Failure parseShape(const std::string &text, Sizes &sizes) {
  Failure malformed = badOption("--shape", "NAME:1x3x224x224", text);
  size_t split = text.rfind(':');
  if (split == std::string::npos || split == 0)
    return malformed;
  std::vector<int64_t> shape;
  std::string rest = text.substr(split + 1);
  while (!rest.empty()) {
    size_t end = rest.find('x');
    int64_t size = 0;
    if (!parseSize(rest.substr(0, end), size) || end + 1 == rest.size())
      return malformed;
    shape.push_back(size);
    rest = end == std::string::npos ? "" : rest.substr(end + 1);
  }
  if (!sizes.shapes.try_emplace(text.substr(0, split), std::move(shape)).second)
    return badOption("--shape", "the shape of '" + text.substr(0, split) + "' once", text);
  return {};
}

std::vector<Message> namesOfNothing(const std::vector<Port> &inputs, const Sizes &sizes) {
  std::vector<Message> warnings;
  auto warn = [&](const std::string &option, const std::string &what, const std::string &name) {
    Message message;
    message.severity = Message::Severity::Warning;
    message.text = option + " says nothing: the model has no " + what + " '" + name + "'";
    warnings.push_back(std::move(message));
  };
  for (const auto &[name, size] : sizes.dims)
    if (std::none_of(inputs.begin(), inputs.end(), [&](const Port &port) {
          return std::find(port.dimNames.begin(), port.dimNames.end(), name) != port.dimNames.end();
        }))
      warn("--dim", "symbolic size", name);
  for (const auto &[name, shape] : sizes.shapes)
    if (std::none_of(inputs.begin(), inputs.end(), [&](const Port &port) { return port.name == name; }))
      warn("--shape", "input", name);
  return warnings;
}

Failure chooseShapes(const std::vector<Port> &inputs, const std::vector<const HostTensor *> &values,
                     const Sizes &sizes, std::vector<std::vector<int64_t>> &shapes) {
  std::map<std::string, int64_t> known = sizes.dims;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (Failure failure = values[i] ? learn(inputs[i], values[i]->shape, sizes, known) : Failure())
      return failure;
  for (size_t i = 0; i < inputs.size(); ++i) {
    auto shape = sizes.shapes.find(inputs[i].name);
    if (shape == sizes.shapes.end())
      continue;
    Failure failure = checkShape(inputs[i], shape->second, values[i]);
    if (!failure)
      failure = learn(inputs[i], shape->second, sizes, known);
    if (failure)
      return failure;
  }
  shapes.clear();
  for (size_t i = 0; i < inputs.size(); ++i) {
    shapes.push_back(values[i] ? values[i]->shape : inputs[i].shape);
    for (size_t d = 0; d < shapes[i].size(); ++d) {
      if (shapes[i][d] >= 0)
        continue;
      auto size = known.find(inputs[i].dimNames[d]);
      if (size == known.end())
        return {Code::UnknownSize, "the size '" + inputs[i].dimNames[d] + "' of input '" + inputs[i].name +
                                       "' is not known: give its value, or --dim " + inputs[i].dimNames[d] +
                                       "=N; the model's symbolic sizes are " + symbolsOf(inputs)};
      shapes[i][d] = size->second;
    }
  }
  return {};
}

} // namespace tegula::tools
