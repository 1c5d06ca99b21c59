// Writes artifacts: streams the weights through, so that a compiler never holds them twice.
#pragma once

#include "tegula/artifact/Artifact.h"

#include <functional>

namespace tegula::artifact {

/// Takes the next bytes of a weight; false asks the producer to stop.
using ByteSink = std::function<bool(const void *data, size_t size)>;

/// One piece of the weights section. Pieces are given in rising order of offset and do not overlap; gaps are
/// filled with zeros.
struct WeightChunk {
  uint64_t offset =
      0; ///< from the `weights` pointer that the entry function receives; the section itself is page aligned
  uint64_t size = 0;
  /// Passes exactly `size` bytes to the sink, in any number of steps; false if it cannot.
  std::function<bool(const ByteSink &sink)> produce;

  /// A chunk that lies in memory, which must outlive the write.
  static WeightChunk view(uint64_t offset, const void *data, uint64_t size);
};

struct TargetContents {
  std::vector<uint8_t> image; ///< flat, mapped at a page border; its import slots may hold anything
  std::string kernels = {};   ///< text of a device's kernels
};

struct ArtifactContents {
  Manifest manifest;
  std::vector<TargetContents> code; ///< one a target of the manifest
  std::vector<WeightChunk> weights;
};

/// Writes to a temporary file beside `path`, syncs it and renames it: `path` holds the old file or the whole
/// new one. Equal contents give equal bytes. On failure returns false and says why in `error`; `path` is then
/// as it was.
bool writeArtifact(const ArtifactContents &contents, const std::string &path, std::string &error);
/// The same bytes in memory.
bool writeArtifact(const ArtifactContents &contents, std::vector<uint8_t> &bytes, std::string &error);

} // namespace tegula::artifact
