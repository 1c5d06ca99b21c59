// Reads artifacts that may be hostile: each part only after what it rests on was verified.
#include "tegula/artifact/Reader.h"

#include "Format.h"
#include "Manifest.h"
#include "tegula/artifact/CodeAbi.h"

#include <algorithm>

namespace tegula::artifact {
namespace {

bool refuse(ReadError &error, ReadCode code, std::string text) {
  error = {code, std::move(text)};
  return false;
}
bool corrupt(ReadError &error, std::string text) { return refuse(error, ReadCode::Corrupt, std::move(text)); }

/// The sections of an artifact, in the file's order: the manifest, for each target its code and (where they
/// are apart) its kernels, the checksums of the weights, the weights.
struct Sections {
  std::vector<Section> all;

  const Section &manifest() const { return all.front(); }
  const Section &sums() const { return all[all.size() - 2]; }
  const Section &weights() const { return all.back(); }
};

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

/// Whether kinds and indices stand in the order that every artifact has.
bool areInOrder(const Sections &sections) {
  size_t count = sections.all.size(), next = 0;
  uint32_t target = 0;
  auto is = [&](SectionKind kind, uint32_t index) {
    return next < count && sections.all[next].kind == uint32_t(kind) && sections.all[next].index == index;
  };
  if (!is(SectionKind::Manifest, 0))
    return false;
  for (++next; is(SectionKind::Code, target); ++target) {
    ++next;
    if (is(SectionKind::Kernels, target))
      ++next;
  }
  if (target == 0 || !is(SectionKind::WeightSums, 0))
    return false;
  ++next;
  return is(SectionKind::Weights, 0) && next + 1 == count;
}

/// Sections must follow each other without a gap up to the end of the file: so every byte belongs to one
/// checksum.
bool readSections(std::span<const uint8_t> file, const Header &header, Sections &sections, ReadError &error) {
  if (header.sectionCount < 2 || header.sectionCount > maxSections || header.reserved != 0)
    return corrupt(error, "unexpected number of sections");
  sections.all.resize(header.sectionCount);
  std::memcpy(sections.all.data(), file.data() + sizeof(Header), sections.all.size() * sizeof(Section));
  if (!areInOrder(sections))
    return corrupt(error, "unexpected section");
  uint64_t next = pageSize;
  for (const Section &section : sections.all) {
    if (section.offset != next)
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

const char *nameOf(SectionKind kind) {
  switch (kind) {
  case SectionKind::Manifest:
    return "manifest";
  case SectionKind::Code:
    return "code";
  case SectionKind::Kernels:
    return "kernels";
  case SectionKind::Weights:
    return "weights";
  default:
    return "weight checksums";
  }
}

bool checkSums(std::span<const uint8_t> file, const Sections &sections, ReadError &error) {
  for (const Section &section : sections.all)
    if (section.kind != uint32_t(SectionKind::Weights) &&
        checksumOf(file.data() + section.offset, roundToPage(section.length)) != section.checksum)
      return corrupt(error, std::string("wrong checksum of the ") + nameOf(SectionKind(section.kind)));
  const Section &sums = sections.sums(), &weights = sections.weights();
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
  view.code.clear();
  std::vector<CodeSize> sizes;
  view.sections.clear();
  for (const Section &section : sections.all) {
    view.sections.push_back({nameOf(SectionKind(section.kind)), section.index, section.length});
    if (section.kind == uint32_t(SectionKind::Code)) {
      view.code.push_back({contentsOf(file, section), {}});
      sizes.push_back({section.length, false});
    } else if (section.kind == uint32_t(SectionKind::Kernels)) {
      view.code.back().kernels = contentsOf(file, section);
      sizes.back().hasKernels = true;
    }
  }
  // A copy, because FlatBuffers needs alignment and the caller's memory may have none.
  std::span<const uint8_t> bytes = contentsOf(file, sections.manifest());
  std::vector<uint8_t> manifest(bytes.begin(), bytes.end());
  std::string text;
  if (!decodeManifest(manifest, view.manifest, text) ||
      !checkManifest(view.manifest, sizes, sections.weights().length, text))
    return corrupt(error, text);
  view.weightSums = contentsOf(file, sections.sums());
  view.weights = contentsOf(file, sections.weights());
  view.weightsOffset = sections.weights().offset;
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
