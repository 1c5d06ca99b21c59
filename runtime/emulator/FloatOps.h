// Decoders of float arithmetic under names that integers have too.
#pragma once

#include "Decoder.h"
#include "Halves.h"

namespace tegula::runtime::emulator {

void decodeFloatAdd(Decoding &d, Type type);
void decodeFloatSubtract(Decoding &d, Type type);
void decodeFloatMultiply(Decoding &d, Type type);
void decodeFloatMultiplyAdd(Decoding &d, Type type);
void decodeFloatDivide(Decoding &d, Type type);
void decodeFloatMinimum(Decoding &d, Type type);
void decodeFloatMaximum(Decoding &d, Type type);
void decodeFloatAbsolute(Decoding &d, Type type);
void decodeFloatNegate(Decoding &d, Type type);

/// A handler without any mode, for the operations that most time goes into; nullptr for others.
Handler fastFloat(std::string_view name, Type type);

/// Takes .rn, .rz, .rm or .rp; nearest where there is none.
inline Rounding takeRounding(Decoding &d) {
  int mode = d.takeOneOf({"rn", "rz", "rm", "rp"});
  return mode < 0 ? Rounding::Nearest : Rounding(mode);
}

/// Sets the processor's rounding; only code under FENV_ACCESS sees it reliably.
void setRounding(Rounding rounding);

} // namespace tegula::runtime::emulator
