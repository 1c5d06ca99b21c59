// Pages with one owner, because files, code and arenas live in mmap and go back exactly once.
#include "Mapping.h"

#include <sys/mman.h>

namespace tegula::runtime {

Mapping::~Mapping() {
  if (base)
    munmap(base, length);
}

void Mapping::swap(Mapping &other) noexcept {
  std::swap(base, other.base);
  std::swap(length, other.length);
  std::swap(begin, other.begin);
  std::swap(bytes, other.bytes);
}

Mapping Mapping::anonymous(size_t size) {
  constexpr size_t hugePage = size_t(2) << 20;
  Mapping result;
  bool huge = size >= hugePage;
  size_t length = huge ? size + hugePage : size;
  if (size == 0 || length < size)
    return result;
  void *base = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED)
    return result;
  result.base = base;
  result.length = length;
  result.begin = static_cast<uint8_t *>(base);
  result.bytes = size;
  if (huge) {
    result.begin += -reinterpret_cast<uintptr_t>(base) & (hugePage - 1);
    madvise(result.begin, size, MADV_HUGEPAGE); // a wish; without it everything works, with more TLB misses
  }
  return result;
}

Mapping Mapping::file(int fd, size_t size) {
  Mapping result;
  void *base = size ? mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
  if (base == MAP_FAILED)
    return result;
  result.base = base;
  result.begin = static_cast<uint8_t *>(base);
  result.length = result.bytes = size;
  return result;
}

bool Mapping::makeExecutable() { return mprotect(base, length, PROT_READ | PROT_EXEC) == 0; }

} // namespace tegula::runtime
