// Element access, seeded values and comparison for every element type the compiler knows, so that no tool has
// its own idea of "equal".
#include "common/Tensors.h"

#include "tegula/support/Checked.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace tegula::tools {

namespace {

/// Calls `use` with a value of the C++ type that stores `dtype`; bfloat16 is stored as its bits.
template <typename Use> bool withStorage(const std::string &dtype, Use use) {
  if (dtype == "float32")
    return use(float()), true;
  if (dtype == "float64")
    return use(double()), true;
  if (dtype == "float16")
    return use(_Float16()), true;
  if (dtype == "bfloat16" || dtype == "uint16")
    return use(uint16_t()), true;
  if (dtype == "int8")
    return use(int8_t()), true;
  if (dtype == "uint8" || dtype == "bool")
    return use(uint8_t()), true;
  if (dtype == "int16")
    return use(int16_t()), true;
  if (dtype == "int32")
    return use(int32_t()), true;
  if (dtype == "uint32")
    return use(uint32_t()), true;
  if (dtype == "int64")
    return use(int64_t()), true;
  if (dtype == "uint64")
    return use(uint64_t()), true;
  return false;
}

float bfloatToFloat(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }

/// Rounds to nearest even, as hardware does.
uint16_t floatToBfloat(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value))
    return uint16_t((bits >> 16) | 0x40);
  return uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

/// SplitMix64: small, good enough for test values, and the same on every machine.
struct Random {
  uint64_t state;
  uint64_t next() {
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  double uniform() { return (double(next() >> 11) + 0.5) * 0x1p-53; }
  double normal() { return std::sqrt(-2 * std::log(uniform())) * std::cos(6.283185307179586 * uniform()); }
};

bool contains(const std::string &text, const char *part) { return text.find(part) != std::string::npos; }

/// "[1, 0, 5]" for the element at a flat index.
std::string indexText(const std::vector<int64_t> &shape, size_t flat) {
  std::string text;
  for (size_t d = shape.size(); d-- > 0;) {
    text = std::to_string(flat % size_t(shape[d])) + (text.empty() ? "" : ", ") + text;
    flat /= size_t(shape[d]);
  }
  return "[" + text + "]";
}

std::string number(double value) {
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%.9g", value);
  return buffer;
}

/// Empty if both tensors have one type and shape, else what differs.
std::string kindMismatch(const HostTensor &got, const HostTensor &reference) {
  if (got.dtype != reference.dtype)
    return "expected type " + reference.dtype + ", got " + got.dtype;
  if (got.shape != reference.shape)
    return "expected shape " + shapeText(reference.shape) + ", got " + shapeText(got.shape);
  if (got.bytes.size() != reference.bytes.size())
    return "expected " + std::to_string(reference.bytes.size()) + " bytes, got " +
           std::to_string(got.bytes.size());
  return "";
}

bool sameElement(const HostTensor &a, const HostTensor &b, size_t index, size_t size) {
  return std::memcmp(a.bytes.data() + index * size, b.bytes.data() + index * size, size) == 0;
}

} // namespace

size_t elementSize(const std::string &dtype) {
  size_t size = 0;
  withStorage(dtype, [&](auto value) { size = sizeof value; });
  return size;
}

bool isFloat(const std::string &dtype) {
  return dtype == "float32" || dtype == "float64" || dtype == "float16" || dtype == "bfloat16";
}

std::optional<int64_t> elementCount(const std::vector<int64_t> &shape) {
  return Checked::product(shape).opt();
}

std::string shapeText(const std::vector<int64_t> &shape) {
  if (shape.empty())
    return "scalar";
  std::string text;
  for (int64_t dim : shape)
    text += (text.empty() ? "" : "x") + std::to_string(dim);
  return text;
}

double elementAsDouble(const HostTensor &tensor, size_t index) {
  double result = 0;
  withStorage(tensor.dtype, [&](auto value) {
    std::memcpy(&value, tensor.bytes.data() + index * sizeof value, sizeof value);
    if (tensor.dtype == "bfloat16")
      result = bfloatToFloat(uint16_t(value));
    else
      result = double(value);
  });
  return result;
}

HostTensor seededTensor(const std::string &name, const std::string &dtype,
                        const std::vector<int64_t> &shape) {
  uint64_t seed = 14695981039346656037u; // FNV-1a of the name
  for (unsigned char c : name)
    seed = (seed ^ c) * 1099511628211u;
  Random random{seed};
  HostTensor tensor{dtype, shape, {}};
  size_t count = size_t(elementCount(shape).value_or(0));
  bool mask = contains(name, "mask");
  uint64_t below = contains(name, "type") ? 2 : 100;
  withStorage(dtype, [&](auto value) {
    using Type = decltype(value);
    tensor.bytes.resize(count * sizeof value);
    for (size_t i = 0; i < count; ++i) {
      if (dtype == "bfloat16")
        value = Type(floatToBfloat(float(random.normal())));
      else if (isFloat(dtype))
        value = Type(random.normal());
      else
        value = Type(dtype == "bool" || mask ? 1 : random.next() % below);
      std::memcpy(tensor.bytes.data() + i * sizeof value, &value, sizeof value);
    }
  });
  return tensor;
}

Difference relativeDifference(const HostTensor &got, const HostTensor &reference) {
  Difference result;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (result.reason = kindMismatch(got, reference); !result.reason.empty()) {
    result.comparable = false;
    result.error = infinity;
    return result;
  }
  size_t size = elementSize(got.dtype), count = size ? got.bytes.size() / size : 0, worst = 0;
  if (!isFloat(got.dtype)) {
    size_t unequal = 0;
    for (size_t i = 0; i < count; ++i)
      if (!sameElement(got, reference, i, size) && unequal++ == 0)
        worst = i;
    result.error = count ? double(unequal) / double(count) : 0;
  } else {
    double largest = 0, apart = -1;
    for (size_t i = 0; i < count; ++i) {
      double a = elementAsDouble(got, i), b = elementAsDouble(reference, i), gap = std::fabs(a - b);
      if (a == b || (std::isnan(a) && std::isnan(b)))
        gap = 0;
      if (!std::isfinite(gap))
        gap = infinity;
      if (std::isfinite(b))
        largest = std::max(largest, std::fabs(b));
      if (gap > apart)
        apart = gap, worst = i;
    }
    result.error = apart <= 0 ? 0 : apart / std::max(largest, 1e-12);
  }
  if (result.error > 0)
    result.reason = "at " + indexText(got.shape, worst) + ": got " + number(elementAsDouble(got, worst)) +
                    ", expected " + number(elementAsDouble(reference, worst));
  return result;
}

std::string firstMismatch(const HostTensor &got, const HostTensor &reference, double rtol, double atol) {
  if (std::string reason = kindMismatch(got, reference); !reason.empty())
    return reason;
  size_t size = elementSize(got.dtype), count = size ? got.bytes.size() / size : 0;
  size_t first = 0, wrong = 0;
  bool exact = !isFloat(got.dtype) && size == 8; // a double does not hold every 64-bit integer
  for (size_t i = 0; i < count; ++i) {
    if (sameElement(got, reference, i, size))
      continue;
    double a = elementAsDouble(got, i), b = elementAsDouble(reference, i);
    bool close = a == b ? !exact
                        : (std::isnan(a) && std::isnan(b)) ||
                              (std::isfinite(b) && std::fabs(a - b) <= atol + rtol * std::fabs(b));
    if (!close && wrong++ == 0)
      first = i;
  }
  if (wrong == 0)
    return "";
  return std::to_string(wrong) + " of " + std::to_string(count) + " values differ, first at " +
         indexText(got.shape, first) + ": got " + number(elementAsDouble(got, first)) + ", expected " +
         number(elementAsDouble(reference, first));
}

} // namespace tegula::tools
