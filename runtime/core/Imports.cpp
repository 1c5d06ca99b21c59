// The functions that compiled code may call: a fixed table, so that it can reach nothing else.
#include "Imports.h"

#include "FloatConversions.h"

#include <cstring>
#include <math.h>

namespace tegula::runtime {
namespace {

using AnyFunction = void (*)();

struct ImportRow {
  std::string_view symbol;
  AnyFunction address;
};

// <math.h> overloads the names in C++, so each function is picked by its C type.
template <typename F> AnyFunction any(F *function) { return reinterpret_cast<AnyFunction>(function); }
using F1 = float(float);
using F2 = float(float, float);
using F3 = float(float, float, float);
using D1 = double(double);
using D2 = double(double, double);
using D3 = double(double, double, double);

#define MATH1(name)                                                                                          \
  {#name "f", any<F1>(::name##f)}, { #name, any<D1>(::name) }
#define MATH2(name)                                                                                          \
  {#name "f", any<F2>(::name##f)}, { #name, any<D2>(::name) }
#define MATH3(name)                                                                                          \
  {#name "f", any<F3>(::name##f)}, { #name, any<D3>(::name) }

} // namespace

void *findImport(std::string_view symbol) {
  static const ImportRow table[] = {
      {"memcpy", any<void *(void *, const void *, size_t)>(::memcpy)},
      {"memmove", any<void *(void *, const void *, size_t)>(::memmove)},
      {"memset", any<void *(void *, int, size_t)>(::memset)},
#if defined(__x86_64__)
      {"__truncsfhf2", any(truncateFloatToHalf)},
      {"__truncdfhf2", any(truncateDoubleToHalf)},
      {"__truncsfbf2", any(truncateFloatToBFloat)},
      {"__truncdfbf2", any(truncateDoubleToBFloat)},
      {"__extendhfsf2", any(extendHalfToFloat)},
#endif
      MATH1(acos),
      MATH1(acosh),
      MATH1(asin),
      MATH1(asinh),
      MATH1(atan),
      MATH1(atanh),
      MATH1(cbrt),
      MATH1(ceil),
      MATH1(cos),
      MATH1(cosh),
      MATH1(erf),
      MATH1(erfc),
      MATH1(exp),
      MATH1(exp2),
      MATH1(expm1),
      MATH1(fabs),
      MATH1(floor),
      MATH1(log),
      MATH1(log10),
      MATH1(log1p),
      MATH1(log2),
      MATH1(rint),
      MATH1(nearbyint),
      MATH1(round),
      MATH1(roundeven),
      MATH1(sin),
      MATH1(sinh),
      MATH1(sqrt),
      MATH1(tan),
      MATH1(tanh),
      MATH1(trunc),
      MATH2(atan2),
      MATH2(copysign),
      MATH2(fmax),
      MATH2(fmin),
      MATH2(fmod),
      MATH2(pow),
      MATH3(fma),
  };
  for (const ImportRow &row : table)
    if (row.symbol == symbol)
      return reinterpret_cast<void *>(row.address);
  return nullptr;
}

} // namespace tegula::runtime
