// Checksums of artifact bytes: the only place that knows the hash function.
#include "Format.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstddef>

namespace tegula::artifact {

static Checksum canonical(XXH128_hash_t hash) {
  XXH128_canonical_t bytes;
  XXH128_canonicalFromHash(&bytes, hash);
  Checksum checksum;
  static_assert(sizeof(bytes) == sizeof(checksum));
  std::memcpy(&checksum, &bytes, sizeof(checksum));
  return checksum;
}

Checksum checksumOf(const void *data, size_t size) { return canonical(XXH3_128bits(data, size)); }

Checksum checksumOfHeader(const uint8_t *page) {
  uint8_t copy[pageSize];
  std::memcpy(copy, page, pageSize);
  std::memset(copy + offsetof(Header, checksum), 0, sizeof(Checksum));
  return checksumOf(copy, pageSize);
}

} // namespace tegula::artifact
