// Reads artifacts that may be hostile: each part only after what it rests on was verified.
#include "tegula/artifact/Reader.h"

#include "Format.h"
#include "Manifest.h"
#include "tegula/artifact/CodeAbi.h"

#include <array>

namespace tegula::artifact {
namespace {

bool refuse(ReadError &error, ReadCode code, std::string text) {
  error = {code, std::move(text)};
  return false;
}
bool corrupt(ReadError &error, std::string text) { return refuse(error, ReadCode::Corrupt, std::move(text)); }

/// The sections that every artifact has, in the file's order.
constexpr std::array kinds = {SectionKind::Manifest, SectionKind::Code, SectionKind::WeightSums,
                              SectionKind::Weights};
using Sections = std::array<Section, kinds.size()>;

bool readHeader(std::span<const uint8_t> file, Header &header, ReadError &error) {
  if (file.size() < sizeof(Header) || std::memcmp(file.data(), magic, sizeof(magic)) != 0)
    return corrupt(error, "not a tegula artifact");
  std::memcpy(&header, file.data(), sizeof(header));
  // The versions come before the checksum, because another version may compute it in another way.
  if (header.formatVersion != formatVersion)
    return refuse(error, ReadCode::Version,
                  "expected artifact format " + std::to_string(formatVersion) + ", got " +
                      std::to_string(header.formatVersion) + ": compile the model again");
  if (header.codeAbiVersion != TGL_CODE_ABI_VERSION)
    return refuse(error, ReadCode::Version,
                  "expected code ABI " + std::to_string(TGL_CODE_ABI_VERSION) + ", got " +
                      std::to_string(header.codeAbiVersion) + ": compile the model again");
  if (header.fileLength != file.size() || file.size() < pageSize)
    return corrupt(error, "expected a file of " + std::to_string(header.fileLength) + " bytes, got " +
                              std::to_string(file.size()));
  if (checksumOfHeader(file.data()) != header.checksum)
    return corrupt(error, "wrong checksum of the header");
  return true;
}

/// Sections must follow each other without a gap up to the end of the file: so every byte belongs to one
/// checksum.
bool readSections(std::span<const uint8_t> file, const Header &header, Sections &sections, ReadError &error) {
  if (header.sectionCount != kinds.size() || header.reserved != 0)
    return corrupt(error, "unexpected number of sections");
  std::memcpy(sections.data(), file.data() + sizeof(Header), sizeof(sections));
  uint64_t next = pageSize;
  for (size_t i = 0; i < kinds.size(); ++i) {
    const Section &section = sections[i];
    if (section.kind != uint32_t(kinds[i]) || section.index != 0 || section.offset != next)
      return corrupt(error, "unexpected section");
    if (section.length > file.size() - next || roundToPage(section.length) > file.size() - next)
      return corrupt(error, "a section reaches beyond the end of the file");
    next += roundToPage(section.length);
  }
  if (next != file.size())
    return corrupt(error, "bytes behind the last section");
  return true;
}

std::span<const uint8_t> contentsOf(std::span<const uint8_t> file, const Section &section) {
  return file.subspan(section.offset, section.length);
}

bool checkSums(std::span<const uint8_t> file, const Sections &sections, ReadError &error) {
  constexpr const char *names[] = {"manifest", "code", "weight checksums"};
  for (size_t i = 0; i < 3; ++i)
    if (checksumOf(file.data() + sections[i].offset, roundToPage(sections[i].length)) != sections[i].checksum)
      return corrupt(error, std::string("wrong checksum of the ") + names[i]);
  const Section &sums = sections[2], &weights = sections[3];
  uint64_t blocks = weights.length / weightBlock + (weights.length % weightBlock != 0);
  if (weights.length % pageSize != 0 || sums.length != blocks * sizeof(Checksum) ||
      weights.checksum != sums.checksum)
    return corrupt(error, "the weight checksums do not match the weights");
  return true;
}

} // namespace

bool readArtifact(std::span<const uint8_t> file, ArtifactView &view, ReadError &error) {
  Header header;
  Sections sections;
  if (!readHeader(file, header, error) || !readSections(file, header, sections, error) ||
      !checkSums(file, sections, error))
    return false;
  // A copy, because FlatBuffers needs alignment and the caller's memory may have none.
  std::span<const uint8_t> bytes = contentsOf(file, sections[0]);
  std::vector<uint8_t> manifest(bytes.begin(), bytes.end());
  std::string text;
  if (!decodeManifest(manifest, view.manifest, text) ||
      !checkManifest(view.manifest, sections[1].length, text))
    return corrupt(error, text);
  view.code = contentsOf(file, sections[1]);
  view.weightSums = contentsOf(file, sections[2]);
  view.weights = contentsOf(file, sections[3]);
  view.weightsOffset = sections[3].offset;
  return true;
}

bool verifyWeightBlock(const ArtifactView &view, size_t block) {
  if (block >= view.weightBlockCount())
    return false;
  std::span<const uint8_t> rest = view.weights.subspan(block * weightBlock);
  Checksum expected;
  std::memcpy(&expected, view.weightSums.data() + block * sizeof(Checksum), sizeof(expected));
  return checksumOf(rest.data(), std::min<size_t>(rest.size(), weightBlock)) == expected;
}

} // namespace tegula::artifact
