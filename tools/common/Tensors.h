// Host tensors as tools need them: seeded values for inputs nobody gave, and the two ways in which results
// are compared.
#pragma once

#include "tegula/Tegula.h"

#include <optional>
#include <string>
#include <vector>

namespace tegula::tools {

/// The bytes of one element, 0 for a type that tools do not know.
size_t elementSize(const std::string &dtype);

/// Whether `dtype` is float16, bfloat16, float32 or float64.
bool isFloat(const std::string &dtype);

/// The number of elements; nothing where the shape is negative or its product overflows.
std::optional<int64_t> elementCount(const std::vector<int64_t> &shape);

/// "1x3x224x224", or "scalar".
std::string shapeText(const std::vector<int64_t> &shape);

/// Element `index` as a double (the nearest one for 64-bit integers).
double elementAsDouble(const HostTensor &tensor, size_t index);

/// Reproducible values for an input: floats standard normal, integers 0..99 (0 or 1 where the name says
/// "type", 1 where it says "mask"), bool true. The seed is the name, so that every tool and every run sees
/// the same numbers.
HostTensor seededTensor(const std::string &name, const std::string &dtype, const std::vector<int64_t> &shape);

/// How far `got` is from `reference`.
struct Difference {
  bool comparable = true; ///< same type and shape
  std::string reason;     ///< why not comparable, or where the worst element lies
  double error = 0; ///< max|got - reference| / max|reference|; for integers the share of unequal elements;
                    ///< infinite where only one is NaN or infinite
};
Difference relativeDifference(const HostTensor &got, const HostTensor &reference);

/// The rule of numpy's allclose with equal NaN: the first element with |got - reference| > atol + rtol *
/// |reference|, as text; empty if none.
std::string firstMismatch(const HostTensor &got, const HostTensor &reference, double rtol, double atol);

} // namespace tegula::tools
