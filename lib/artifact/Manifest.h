// The manifest to bytes and back, and the check that both sides make.
#pragma once

#include "tegula/artifact/Artifact.h"

namespace tegula::artifact {

std::vector<uint8_t> encodeManifest(const Manifest &manifest);
/// Reads bytes that may be hostile. `bytes` must be 16-byte aligned. On failure returns false and says why.
bool decodeManifest(std::span<const uint8_t> bytes, Manifest &manifest, std::string &error);
/// What there is of a target's code.
struct CodeSize {
  uint64_t image = 0; ///< bytes
  bool hasKernels = false;
};

/// Whether everything the manifest refers to is in range; the writer asks before it writes, the reader before
/// it believes.
bool checkManifest(const Manifest &manifest, std::span<const CodeSize> code, uint64_t weightBytes,
                   std::string &error);

} // namespace tegula::artifact
