// A size that cannot overflow unnoticed, because every product of dimensions comes from a file that may lie.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace tegula {

/// A non-negative size of at most 2^63-1; arithmetic that leaves that range makes it invalid for good.
class Checked {
public:
  constexpr Checked(int64_t v = 0) : value(v), ok(v >= 0) {}
  constexpr bool valid() const { return ok; }
  /// The value; only meaningful when valid().
  constexpr int64_t get() const { return value; }
  constexpr std::optional<int64_t> opt() const { return ok ? std::optional<int64_t>(value) : std::nullopt; }

  friend Checked operator*(Checked a, Checked b) {
    return combine(a, b, [](int64_t x, int64_t y, int64_t *r) { return __builtin_mul_overflow(x, y, r); });
  }
  friend Checked operator+(Checked a, Checked b) {
    return combine(a, b, [](int64_t x, int64_t y, int64_t *r) { return __builtin_add_overflow(x, y, r); });
  }
  Checked &operator*=(Checked b) { return *this = *this * b; }
  Checked &operator+=(Checked b) { return *this = *this + b; }

  /// The number of elements of a shape; invalid on a negative dimension or an overflow.
  static Checked product(std::span<const int64_t> dims) {
    Checked result(1);
    for (int64_t dim : dims)
      result *= Checked(dim);
    return result;
  }

private:
  template <typename Op> static Checked combine(Checked a, Checked b, Op op) {
    Checked result;
    result.ok = a.ok && b.ok && !op(a.value, b.value, &result.value) && result.value >= 0;
    return result;
  }
  int64_t value;
  bool ok;
};

} // namespace tegula
