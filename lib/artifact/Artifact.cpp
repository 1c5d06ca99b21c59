// The vocabulary of artifacts in tables: element types, importable functions, CPU features.
#include "tegula/artifact/Artifact.h"

#include <algorithm>
#include <iterator>

namespace tegula::artifact {
namespace {

struct TypeRow {
  const char *name;
  size_t size;
};

// In the order of DType, from 1.
constexpr TypeRow typeTable[] = {
    {"bool", 1},     {"int8", 1},    {"int16", 2},   {"int32", 4},  {"int64", 8},
    {"uint8", 1},    {"uint16", 2},  {"uint32", 4},  {"uint64", 8}, {"float16", 2},
    {"bfloat16", 2}, {"float32", 4}, {"float64", 8},
};

const TypeRow *findType(DType dtype) {
  size_t index = size_t(dtype) - 1;
  return index < std::size(typeTable) ? &typeTable[index] : nullptr;
}

// Sorted, because the lookups search by halves.
constexpr std::string_view importTable[] = {
    "__extendhfsf2", "__truncdfbf2", "__truncdfhf2", "__truncsfbf2", "__truncsfhf2", "acos",   "acosf",
    "acosh",         "acoshf",       "asin",         "asinf",        "asinh",        "asinhf", "atan",
    "atan2",         "atan2f",       "atanf",        "atanh",        "atanhf",       "cbrt",   "cbrtf",
    "ceil",          "ceilf",        "copysign",     "copysignf",    "cos",          "cosf",   "cosh",
    "coshf",         "erf",          "erfc",         "erfcf",        "erff",         "exp",    "exp2",
    "exp2f",         "expf",         "expm1",        "expm1f",       "fabs",         "fabsf",  "floor",
    "floorf",        "fma",          "fmaf",         "fmax",         "fmaxf",        "fmin",   "fminf",
    "fmod",          "fmodf",        "log",          "log10",        "log10f",       "log1p",  "log1pf",
    "log2",          "log2f",        "logf",         "memcpy",       "memmove",      "memset", "nearbyint",
    "nearbyintf",    "pow",          "powf",         "rint",         "rintf",        "round",  "roundeven",
    "roundevenf",    "roundf",       "sin",          "sinf",         "sinh",         "sinhf",  "sqrt",
    "sqrtf",         "tan",          "tanf",         "tanh",         "tanhf",        "trunc",  "truncf",
};
static_assert(std::is_sorted(std::begin(importTable), std::end(importTable)));

constexpr std::string_view featureTable[] = {
    "avx",        "avx2",       "avx512bf16", "avx512bw",    "avx512cd", "avx512dq",   "avx512f",
    "avx512fp16", "avx512ifma", "avx512vbmi", "avx512vbmi2", "avx512vl", "avx512vnni", "avxvnni",
    "bmi",        "bmi2",       "cx16",       "f16c",        "fma",      "lzcnt",      "movbe",
    "popcnt",     "sse3",       "sse4.1",     "sse4.2",      "ssse3",
};
static_assert(std::is_sorted(std::begin(featureTable), std::end(featureTable)));

} // namespace

const char *dtypeName(DType dtype) {
  const TypeRow *row = findType(dtype);
  return row ? row->name : nullptr;
}

size_t dtypeSize(DType dtype) {
  const TypeRow *row = findType(dtype);
  return row ? row->size : 0;
}

std::optional<DType> parseDType(std::string_view name) {
  for (size_t i = 0; i < std::size(typeTable); ++i)
    if (name == typeTable[i].name)
      return DType(i + 1);
  return std::nullopt;
}

bool isImportAllowed(std::string_view symbol) {
  return std::binary_search(std::begin(importTable), std::end(importTable), symbol);
}

std::span<const std::string_view> allowedImports() { return importTable; }

std::span<const std::string_view> knownFeatures() { return featureTable; }

} // namespace tegula::artifact
