// What this CPU can do, by cpuid and by XCR0, which says what registers the system saves.
#include "CpuFeatures.h"

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace tegula::runtime {

#if defined(__x86_64__)
namespace {

enum Register { EAX, EBX, ECX, EDX };
enum Saved : uint32_t { Sse = 0, Avx = 0x6, Avx512 = 0xe6 }; // bits of XCR0

struct FeatureRow {
  std::string_view name;
  uint32_t leaf, subleaf;
  Register reg;
  int bit;
  Saved saved;
};

constexpr FeatureRow featureTable[] = {
    {"avx", 1, 0, ECX, 28, Avx},
    {"avx2", 7, 0, EBX, 5, Avx},
    {"avx512bf16", 7, 1, EAX, 5, Avx512},
    {"avx512bw", 7, 0, EBX, 30, Avx512},
    {"avx512cd", 7, 0, EBX, 28, Avx512},
    {"avx512dq", 7, 0, EBX, 17, Avx512},
    {"avx512f", 7, 0, EBX, 16, Avx512},
    {"avx512fp16", 7, 0, EDX, 23, Avx512},
    {"avx512ifma", 7, 0, EBX, 21, Avx512},
    {"avx512vbmi", 7, 0, ECX, 1, Avx512},
    {"avx512vbmi2", 7, 0, ECX, 6, Avx512},
    {"avx512vl", 7, 0, EBX, 31, Avx512},
    {"avx512vnni", 7, 0, ECX, 11, Avx512},
    {"avxvnni", 7, 1, EAX, 4, Avx},
    {"bmi", 7, 0, EBX, 3, Sse},
    {"bmi2", 7, 0, EBX, 8, Sse},
    {"cx16", 1, 0, ECX, 13, Sse},
    {"f16c", 1, 0, ECX, 29, Avx},
    {"fma", 1, 0, ECX, 12, Avx},
    {"lzcnt", 0x80000001, 0, ECX, 5, Sse},
    {"movbe", 1, 0, ECX, 22, Sse},
    {"popcnt", 1, 0, ECX, 23, Sse},
    {"sse3", 1, 0, ECX, 0, Sse},
    {"sse4.1", 1, 0, ECX, 19, Sse},
    {"sse4.2", 1, 0, ECX, 20, Sse},
    {"ssse3", 1, 0, ECX, 9, Sse},
};

/// The register sets that the operating system saves when it switches threads.
uint32_t savedRegisters() {
  uint32_t regs[4];
  constexpr uint32_t osxsave = 1u << 27;
  if (!__get_cpuid_count(1, 0, &regs[EAX], &regs[EBX], &regs[ECX], &regs[EDX]) || !(regs[ECX] & osxsave))
    return 0;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

} // namespace

bool hasCpuFeature(std::string_view name) {
  for (const FeatureRow &row : featureTable) {
    if (row.name != name)
      continue;
    uint32_t regs[4];
    if (!__get_cpuid_count(row.leaf, row.subleaf, &regs[EAX], &regs[EBX], &regs[ECX], &regs[EDX]))
      return false;
    return (regs[row.reg] >> row.bit & 1) &&
           (row.saved == Sse || (savedRegisters() & row.saved) == row.saved);
  }
  return false;
}
#else
bool hasCpuFeature(std::string_view) { return false; }
#endif

} // namespace tegula::runtime
