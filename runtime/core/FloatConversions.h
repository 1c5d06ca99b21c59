// Float conversions for compiled code, so that it needs no compiler-rt in the host program.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <emmintrin.h>

namespace tegula::runtime {

// A half or bfloat16 travels in the low 16 bits of an xmm register, as the x86-64 calling convention says; a
// vector type says the same to every compiler.
__m128i truncateFloatToHalf(float value);
__m128i truncateDoubleToHalf(double value);
__m128i truncateFloatToBFloat(float value);
__m128i truncateDoubleToBFloat(double value);
float extendHalfToFloat(__m128i value);

} // namespace tegula::runtime
#endif
