// The codes of errors and the exit codes that follow from them, because scripts look for numbers and people
// for pages, and both must mean the same.
#pragma once

#include <cstdint>
#include <string>

namespace tegula {

/// Exit codes of the tools, as documented in docs/exit-codes.md.
enum class Outcome {
  Ok = 0,
  BadInput = 1,
  Unsupported = 2,
  VerificationFailed = 3,
  ResourceLimit = 4,
  Internal = 70
};

/// What went wrong; Codes.def describes each.
enum class Code : uint16_t {
  None = 0,
#define TEGULA_CODE(number, name, outcome, title, meaning, remedy, example) name = number,
#include "tegula/support/Codes.def"
#undef TEGULA_CODE
};

/// The exit code that follows from a code.
constexpr Outcome outcomeOf(Code code) {
  switch (code) {
  case Code::None:
    return Outcome::Ok;
#define TEGULA_CODE(number, name, outcome, title, meaning, remedy, example)                                  \
  case Code::name:                                                                                           \
    return Outcome::outcome;
#include "tegula/support/Codes.def"
#undef TEGULA_CODE
  }
  return Outcome::Internal;
}

/// The exit code of several errors: a bug first, then a limit, then what is wrong, then what is not covered.
constexpr Outcome worse(Outcome one, Outcome other) {
  auto rank = [](Outcome outcome) {
    switch (outcome) {
    case Outcome::Ok:
      return 0;
    case Outcome::VerificationFailed:
      return 1;
    case Outcome::Unsupported:
      return 2;
    case Outcome::BadInput:
      return 3;
    case Outcome::ResourceLimit:
      return 4;
    case Outcome::Internal:
      break;
    }
    return 5;
  };
  return rank(one) < rank(other) ? other : one;
}

/// "E0203".
inline std::string codeText(Code code) {
  std::string digits = std::to_string(unsigned(code));
  return "E" + std::string(digits.size() < 4 ? 4 - digits.size() : 0, '0') + digits;
}

} // namespace tegula
