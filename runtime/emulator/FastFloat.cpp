// f32 and f64 arithmetic in the default mode: loops over lanes that the compiler can vectorize.
#include "FloatOps.h"
#include "Lanes.h"

#include <algorithm>
#include <cmath>

namespace tegula::runtime::emulator {
namespace {

struct Add {
  template <class T> static T run(T a, T b) { return a + b; }
};
struct Subtract {
  template <class T> static T run(T a, T b) { return a - b; }
};
struct Multiply {
  template <class T> static T run(T a, T b) { return a * b; }
};
struct Divide {
  template <class T> static T run(T a, T b) { return a / b; }
};
struct MultiplyAdd {
  template <class T> static T run(T a, T b, T c) { return std::fma(a, b, c); }
};

#if defined(__x86_64__)
/// With the processor's own instruction, where it has it, in place of a call for each lane.
template <class T>
[[gnu::target("avx2,fma")]]
void runFma(Warp &warp, const Instruction &in, uint32_t mask) {
  T *d = warp.lanes<T>(in.d);
  const T *a = warp.lanes<T>(in.a), *b = warp.lanes<T>(in.b), *c = warp.lanes<T>(in.c);
  if (mask == allLanes) {
    T results[lanesPerWarp]; // apart from the registers, which the compiler must take to overlap
    for (int lane = 0; lane < lanesPerWarp; ++lane)
      results[lane] = std::fma(a[lane], b[lane], c[lane]);
    std::copy_n(results, lanesPerWarp, d);
    return;
  }
  for (; mask; mask &= mask - 1) {
    int lane = std::countr_zero(mask);
    d[lane] = std::fma(a[lane], b[lane], c[lane]);
  }
}
template <class T> Handler chooseFma() {
  bool available = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return available ? runFma<T> : ternaryLanes<T, T, T, T, MultiplyAdd>;
}
#else
template <class T> Handler chooseFma() { return ternaryLanes<T, T, T, T, MultiplyAdd>; }
#endif

template <class T> Handler choose(std::string_view name) {
  if (name == "add")
    return binaryLanes<T, T, T, Add>;
  if (name == "sub")
    return binaryLanes<T, T, T, Subtract>;
  if (name == "mul")
    return binaryLanes<T, T, T, Multiply>;
  if (name == "div")
    return binaryLanes<T, T, T, Divide>;
  return name == "fma" || name == "mad" ? chooseFma<T>() : nullptr;
}

} // namespace

Handler fastFloat(std::string_view name, Type type) {
  return type == Type::F32 ? choose<float>(name) : type == Type::F64 ? choose<double>(name) : nullptr;
}

} // namespace tegula::runtime::emulator
