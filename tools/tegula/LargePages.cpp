// Allocates large blocks in large pages, where the system gives them to who asks: a model's weights are read,
// moved and written in hundreds of megabytes, and to hand these out 4 KiB at a time takes longer than that.
#include <cstddef>
#include <cstdlib>
#include <new>
#include <sys/mman.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#define TEGULA_SANITIZED // which brings an operator new of its own
#endif
#endif

#ifndef TEGULA_SANITIZED

static constexpr size_t pageBytes = size_t(2) << 20, leastBytes = 2 * pageBytes;

/// Memory that free() takes back; null where there is none.
static void *allocate(size_t bytes, size_t alignment) {
  if (bytes < leastBytes || alignment > pageBytes)
    return alignment <= alignof(std::max_align_t) ? std::malloc(bytes ? bytes : 1)
                                                  : std::aligned_alloc(alignment, bytes ? bytes : alignment);
  void *block = std::aligned_alloc(pageBytes, bytes);
  if (block)
    madvise(block, bytes, MADV_HUGEPAGE); // else small pages do
  return block;
}

static void *allocateOrThrow(size_t bytes, size_t alignment) {
  while (true) {
    if (void *block = allocate(bytes, alignment))
      return block;
    std::new_handler handler = std::get_new_handler();
    if (!handler)
      throw std::bad_alloc();
    handler();
  }
}

void *operator new(size_t bytes) { return allocateOrThrow(bytes, alignof(std::max_align_t)); }
void *operator new(size_t bytes, std::align_val_t alignment) {
  return allocateOrThrow(bytes, size_t(alignment));
}
void operator delete(void *block) noexcept { std::free(block); }
void operator delete(void *block, size_t) noexcept { std::free(block); }
void operator delete(void *block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void *block, size_t, std::align_val_t) noexcept { std::free(block); }

#endif
