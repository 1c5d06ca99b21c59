// Reads artifacts that may be damaged or hostile: nothing comes out of here that was not verified first.
#pragma once

#include "tegula/artifact/Artifact.h"

namespace tegula::artifact {

enum class ReadCode { Ok, Corrupt, Version };

struct ReadError {
  ReadCode code = ReadCode::Ok;
  std::string text;
};

/// The code of one target.
struct TargetCode {
  std::span<const uint8_t> image;   ///< machine code of the host
  std::span<const uint8_t> kernels; ///< text of a device's kernels, where they are not in the image
};

/// A part of the file, for people.
struct SectionSize {
  const char *name;    ///< "manifest", "code", "kernels", "weight checksums" or "weights"
  uint32_t target = 0; ///< of code and kernels
  uint64_t bytes = 0;
};

/// A verified artifact. The spans point into the file's bytes.
struct ArtifactView {
  Manifest manifest;
  std::vector<TargetCode> code;        ///< one a target of the manifest
  std::span<const uint8_t> weights;    ///< not verified yet: see verifyWeightBlock
  std::span<const uint8_t> weightSums; ///< 16 bytes a block
  uint64_t weightsOffset = 0;          ///< in the file
  std::vector<SectionSize> sections;   ///< in the file's order

  size_t weightBlockCount() const { return weightSums.size() / 16; }
};

/// Verifies everything but the contents of the weights, which are the only part too large to read at every
/// start: magic number, versions, lengths, section table, checksums, manifest, and that every offset in it is
/// in range. `file` is the whole file.
bool readArtifact(std::span<const uint8_t> file, ArtifactView &view, ReadError &error);

/// Verifies one block of the weights. Blocks may be verified by several threads at once; only weights whose
/// blocks were all verified may be used.
bool verifyWeightBlock(const ArtifactView &view, size_t block);

} // namespace tegula::artifact
