// Sizes and places of variables, for functions and modules alike.
#pragma once

#include "Decoder.h"

#include <algorithm>

namespace tegula::runtime::emulator {

inline uint32_t roundUp(uint64_t value, uint64_t to) { return uint32_t((value + to - 1) / to * to); }

inline uint64_t sizeOf(const Declaration &declaration) {
  std::optional<Type> type = typeNamed(declaration.type.substr(1));
  if (!type)
    throw SyntaxError{declaration.line, "unknown type '" + std::string(declaration.type) + "'"};
  if (declaration.count > uint64_t(1) << 40)
    throw SyntaxError{declaration.line, "'" + std::string(declaration.name) + "' is too large"};
  return declaration.count * bytesOf(*type);
}

/// Places a variable at the end of a memory and returns where.
inline uint32_t placeVariable(uint32_t &end, const Declaration &declaration) {
  uint64_t size = sizeOf(declaration);
  uint64_t alignment =
      std::max<uint64_t>({declaration.alignment, 1, bytesOf(*typeNamed(declaration.type.substr(1)))});
  if (size > (1u << 30) || alignment > 4096)
    throw SyntaxError{declaration.line, "'" + std::string(declaration.name) + "' is too large"};
  uint32_t at = roundUp(end, alignment);
  end = at + uint32_t(size);
  return at;
}

} // namespace tegula::runtime::emulator
