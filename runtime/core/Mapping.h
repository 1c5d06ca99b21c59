// Pages with one owner, because files, code and arenas live in mmap and go back exactly once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace tegula::runtime {

class Mapping {
public:
  Mapping() = default;
  Mapping(Mapping &&other) noexcept { swap(other); }
  Mapping &operator=(Mapping &&other) noexcept {
    Mapping(std::move(other)).swap(*this);
    return *this;
  }
  ~Mapping();

  /// Zeroed memory of this process. Large ones lie on huge-page borders and ask for huge pages. Empty on
  /// failure, and for size 0.
  static Mapping anonymous(size_t size);
  /// A private read-only view of a whole file. Empty on failure.
  static Mapping file(int fd, size_t size);

  uint8_t *data() const { return begin; }
  size_t size() const { return bytes; }
  std::span<const uint8_t> span() const { return {begin, bytes}; }
  /// Takes write permission away and gives execution: never both at once.
  bool makeExecutable();

private:
  void swap(Mapping &other) noexcept;

  void *base = nullptr; ///< what mmap gave
  size_t length = 0;
  uint8_t *begin = nullptr; ///< the aligned part that is used
  size_t bytes = 0;
};

} // namespace tegula::runtime
