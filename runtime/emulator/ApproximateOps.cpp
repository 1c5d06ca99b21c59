// Functions that hardware approximates: computed in double and rounded once, closer than any card comes.
#include "FloatOps.h"
#include "Lanes.h"

#include <cmath>

namespace tegula::runtime::emulator {
namespace {

constexpr uint32_t flushFlag = 1;

struct ReciprocalRoot {
  static double run(double a) { return 1 / std::sqrt(a); }
};
struct PowerOfTwo {
  static double run(double a) { return std::exp2(a); }
};
struct Logarithm {
  static double run(double a) { return std::log2(a); }
};
struct Sine {
  static double run(double a) { return std::sin(a); }
};
struct Cosine {
  static double run(double a) { return std::cos(a); }
};
struct HyperbolicTangent {
  static double run(double a) { return std::tanh(a); }
};

float flushed(float value, uint32_t modes) {
  return (modes & flushFlag) && std::fabs(value) < 0x1p-126f ? std::copysign(0.0f, value) : value;
}

template <class Op> void runSingle(Warp &warp, const Instruction &in, uint32_t mask) {
  float *d = warp.lanes<float>(in.d);
  const float *a = warp.lanes<float>(in.a);
  for (; mask; mask &= mask - 1) {
    int lane = std::countr_zero(mask);
    d[lane] = flushed(float(Op::run(flushed(a[lane], in.extra))), in.extra);
  }
}

template <class Op, int Elements, bool Brain>
void runNarrow(Warp &warp, const Instruction &in, uint32_t mask) {
  uint16_t *d = warp.lanes<uint16_t>(in.d);
  const uint16_t *a = warp.lanes<uint16_t>(in.a);
  for (; mask; mask &= mask - 1)
    for (int i = std::countr_zero(mask) * Elements, end = i + Elements; i < end; ++i)
      d[i] = Brain ? toBrain(Op::run(fromBrain(a[i]))) : toHalf(Op::run(fromHalf(a[i])));
}

template <class Op> void decodeApproximate(Decoding &d) {
  Type type = d.takeType();
  d.take("approx");
  d.out.extra = d.take("ftz") ? flushFlag : 0;
  d.expectOperands(2, 2);
  decodeTarget(d, type);
  d.out.a = d.source(1, type);
  switch (type) {
  case Type::F32:
    d.out.run = runSingle<Op>;
    break;
  case Type::F64:
    d.out.run = unaryLanes<double, double, Op>;
    break;
  case Type::F16:
    d.out.run = runNarrow<Op, 1, false>;
    break;
  case Type::F16x2:
    d.out.run = runNarrow<Op, 2, false>;
    break;
  case Type::BF16:
    d.out.run = runNarrow<Op, 1, true>;
    break;
  case Type::BF16x2:
    d.out.run = runNarrow<Op, 2, true>;
    break;
  default:
    d.fail("expected a float type");
  }
}

struct IsFinite {
  template <class T> static bool run(T a) { return std::isfinite(a); }
};
struct IsInfinite {
  template <class T> static bool run(T a) { return std::isinf(a); }
};
struct IsNumber {
  template <class T> static bool run(T a) { return !std::isnan(a); }
};
struct IsNan {
  template <class T> static bool run(T a) { return std::isnan(a); }
};
struct IsNormal {
  template <class T> static bool run(T a) { return std::isnormal(a); }
};
struct IsSubnormal {
  template <class T> static bool run(T a) { return std::fpclassify(a) == FP_SUBNORMAL; }
};

template <class T, class Op> void runTest(Warp &warp, const Instruction &in, uint32_t mask) {
  const T *a = warp.lanes<T>(in.a);
  uint32_t bits = 0;
  for (uint32_t left = mask; left; left &= left - 1)
    bits |= uint32_t(Op::run(a[std::countr_zero(left)])) << std::countr_zero(left);
  uint32_t &target = warp.predicate(in.d);
  target = (target & ~mask) | bits;
}

template <class T> Handler chooseTest(int which) {
  const Handler handlers[] = {runTest<T, IsFinite>, runTest<T, IsInfinite>, runTest<T, IsNumber>,
                              runTest<T, IsNan>,    runTest<T, IsNormal>,   runTest<T, IsSubnormal>};
  return handlers[which];
}

void decodeTest(Decoding &d) {
  int which = d.takeOneOf({"finite", "infinite", "number", "notanumber", "normal", "subnormal"});
  Type type = d.takeType();
  if (which < 0 || (type != Type::F32 && type != Type::F64))
    d.fail("expected a property of .f32 or .f64");
  d.expectOperands(2, 2);
  d.out.d = d.target(0, 0);
  d.out.a = d.source(1, type);
  d.out.run = type == Type::F32 ? chooseTest<float>(which) : chooseTest<double>(which);
}

} // namespace

void addApproximateInstructions(DecodeTable &table) {
  table["rsqrt"] = decodeApproximate<ReciprocalRoot>;
  table["ex2"] = decodeApproximate<PowerOfTwo>;
  table["lg2"] = decodeApproximate<Logarithm>;
  table["sin"] = decodeApproximate<Sine>;
  table["cos"] = decodeApproximate<Cosine>;
  table["tanh"] = decodeApproximate<HyperbolicTangent>;
  table["testp"] = decodeTest;
}

} // namespace tegula::runtime::emulator
