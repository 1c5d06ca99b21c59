// The bytes around the manifest: header, section table, checksums; shared so that both sides agree.
#pragma once

#include "tegula/artifact/Artifact.h"

#include <cstring>

namespace tegula::artifact {

/// An xxh3-128 checksum in canonical byte order.
struct Checksum {
  uint8_t bytes[16];
  friend bool operator==(const Checksum &a, const Checksum &b) {
    return std::memcmp(a.bytes, b.bytes, 16) == 0;
  }
};

enum class SectionKind : uint32_t {
  Manifest = 1,
  Code = 2,
  WeightSums = 3, ///< one checksum for each weightBlock bytes of the weights
  Weights = 4,
  Kernels = 5 ///< text of a device's kernels, behind the code of the same target
};

/// Little-endian, like everything in the file. A section reaches to the next page border; zeros fill it up
/// and its checksum covers them.
struct Section {
  uint32_t kind;
  uint32_t index; ///< of code and kernels: the target in the manifest; else 0
  uint64_t offset;
  uint64_t length;   ///< without the fill
  Checksum checksum; ///< of the weights: that of their WeightSums section
};
static_assert(sizeof(Section) == 40);

struct Header {
  uint8_t magic[8];
  uint32_t formatVersion;
  uint32_t codeAbiVersion;
  uint64_t fileLength;
  uint32_t sectionCount;
  uint32_t reserved;
  Checksum checksum; ///< of the whole first page, with this field zero
};
static_assert(sizeof(Header) == 48);

/// The first page holds the header, the section table behind it, and zeros.
inline constexpr size_t maxSections = (pageSize - sizeof(Header)) / sizeof(Section);

/// Like PNG's: not text, and damaged by every conversion of line ends.
inline constexpr uint8_t magic[8] = {0x89, 'T', 'G', 'L', '\r', '\n', 0x1a, '\n'};

Checksum checksumOf(const void *data, size_t size);
/// The checksum of a first page whatever its checksum field holds.
Checksum checksumOfHeader(const uint8_t *page);

/// Rounds up to a page; the caller has made sure that there is room.
constexpr uint64_t roundToPage(uint64_t size) { return (size + pageSize - 1) & ~(pageSize - 1); }

} // namespace tegula::artifact
