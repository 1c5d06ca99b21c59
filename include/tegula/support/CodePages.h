// The pages about error codes as data, apart from the codes themselves, which nearly every file includes.
#pragma once

#include "tegula/support/Codes.h"

namespace tegula {

/// What `tegula help` and docs/errors.md say of a code.
struct CodePage {
  Code code;
  const char *name, *title, *meaning, *remedy, *example;
};

inline constexpr CodePage codePages[] = {
#define TEGULA_CODE(number, name, outcome, title, meaning, remedy, example)                                  \
  {Code::name, #name, title, meaning, remedy, example},
#include "tegula/support/Codes.def"
#undef TEGULA_CODE
};

} // namespace tegula
