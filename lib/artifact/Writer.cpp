// Writes artifacts: lays the sections out, then streams them, so that weights are never held.
#include "tegula/artifact/Writer.h"

#include "Format.h"
#include "Manifest.h"
#include "tegula/artifact/CodeAbi.h"
#include "tegula/support/Checked.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tegula::artifact {
namespace {

bool fail(std::string &error, std::string text) {
  error = std::move(text);
  return false;
}

/// Where the bytes go. Positions not written stay zero.
class Output {
public:
  virtual ~Output() = default;
  virtual bool resize(uint64_t size) = 0;
  virtual bool writeAt(uint64_t offset, const void *data, size_t size) = 0;
};

/// Grows with what is written, so that weights are not zeros first.
class MemoryOutput : public Output {
public:
  explicit MemoryOutput(std::vector<uint8_t> &bytes) : bytes(bytes) {}
  bool resize(uint64_t size) override {
    bytes.clear();
    bytes.reserve(size);
    return true;
  }
  bool writeAt(uint64_t offset, const void *data, size_t size) override {
    auto *from = static_cast<const uint8_t *>(data);
    bytes.resize(std::max<size_t>(bytes.size(), offset));
    size_t over = std::min(size, bytes.size() - offset);
    std::copy(from, from + over, bytes.begin() + ptrdiff_t(offset));
    bytes.insert(bytes.end(), from + over, from + size);
    return true;
  }

private:
  std::vector<uint8_t> &bytes;
};

class FileOutput : public Output {
public:
  explicit FileOutput(int fd) : fd(fd) {}
  bool resize(uint64_t size) override { return ftruncate(fd, off_t(size)) == 0; }
  bool writeAt(uint64_t offset, const void *data, size_t size) override {
    auto *from = static_cast<const uint8_t *>(data);
    while (size > 0) {
      ssize_t done = pwrite(fd, from, size, off_t(offset));
      if (done < 0 && errno == EINTR)
        continue;
      if (done <= 0)
        return false;
      from += done, offset += uint64_t(done), size -= size_t(done);
    }
    return true;
  }

private:
  int fd;
};

/// Cuts a stream of weights into blocks, each written and checksummed when it is full.
class WeightStream {
public:
  WeightStream(Output &output, uint64_t begin) : output(output), next(begin), block(weightBlock) {}

  bool append(const void *data, uint64_t size) {
    auto *from = static_cast<const uint8_t *>(data);
    return feed(size, [&](uint8_t *to, uint64_t count) { std::memcpy(to, from, count), from += count; });
  }
  bool appendZeros(uint64_t size) {
    return feed(size, [](uint8_t *to, uint64_t count) { std::memset(to, 0, count); });
  }
  bool finish() { return used == 0 || flush(); }
  const std::vector<Checksum> &checksums() const { return sums; }

private:
  template <typename F> bool feed(uint64_t size, F fill) {
    while (size > 0) {
      uint64_t count = std::min(size, weightBlock - used);
      fill(block.data() + used, count);
      used += count, size -= count;
      if (used == weightBlock && !flush())
        return false;
    }
    return true;
  }
  bool flush() {
    sums.push_back(checksumOf(block.data(), used));
    bool good = output.writeAt(next, block.data(), used);
    next += used, used = 0;
    return good;
  }

  Output &output;
  uint64_t next, used = 0;
  std::vector<uint8_t> block;
  std::vector<Checksum> sums;
};

/// One artifact being written: the plan of its sections, then their bytes.
class ArtifactWriter {
public:
  ArtifactWriter(const ArtifactContents &contents, std::string &error) : contents(contents), error(error) {}

  bool plan() {
    Checked weights(0);
    for (const WeightChunk &chunk : contents.weights) {
      if (chunk.offset > uint64_t(INT64_MAX) || chunk.size > uint64_t(INT64_MAX) ||
          chunk.offset < uint64_t(weights.get()))
        return fail(error, "expected weights in rising order without overlap");
      weights = Checked(int64_t(chunk.offset)) + Checked(int64_t(chunk.size));
      if (!weights.valid())
        return fail(error, "the weights are larger than any file");
    }
    if (weights.get() > INT64_MAX / 2)
      return fail(error, "the weights are larger than any file");
    uint64_t weightBytes = roundToPage(uint64_t(weights.get()));
    std::vector<CodeSize> sizes;
    for (const TargetContents &target : contents.code)
      sizes.push_back({target.image.size(), !target.kernels.empty()});
    if (!checkManifest(contents.manifest, sizes, weightBytes, error))
      return false;
    manifest = encodeManifest(contents.manifest);
    uint64_t blocks = (weightBytes + weightBlock - 1) / weightBlock;
    addSection(SectionKind::Manifest, 0, manifest.size());
    for (uint32_t target = 0; target < contents.code.size(); ++target) {
      addSection(SectionKind::Code, target, contents.code[target].image.size());
      if (sizes[target].hasKernels)
        addSection(SectionKind::Kernels, target, contents.code[target].kernels.size());
    }
    addSection(SectionKind::WeightSums, 0, blocks * sizeof(Checksum));
    addSection(SectionKind::Weights, 0, weightBytes);
    return true;
  }

  bool write(Output &output) {
    if (!output.resize(length))
      return failWriting();
    std::vector<uint8_t> sums;
    size_t next = 0;
    if (!writeWeights(output, sums) || !writeSection(output, next++, manifest))
      return false;
    for (const TargetContents &target : contents.code) {
      if (!writeSection(output, next++, target.image))
        return false;
      if (!target.kernels.empty() &&
          !writeSection(output, next++, std::vector<uint8_t>(target.kernels.begin(), target.kernels.end())))
        return false;
    }
    if (!writeSection(output, next, sums))
      return false;
    sections.back().checksum = sections[next].checksum;
    return writeHeader(output);
  }

private:
  void addSection(SectionKind kind, uint32_t index, uint64_t size) {
    sections.push_back({uint32_t(kind), index, length, size, {}});
    length += roundToPage(size);
  }

  bool failWriting() { return fail(error, errno ? strerror(errno) : "cannot write"); }

  bool writeSection(Output &output, size_t index, const std::vector<uint8_t> &bytes) {
    std::vector<uint8_t> padded(bytes);
    padded.resize(roundToPage(bytes.size()));
    sections[index].checksum = checksumOf(padded.data(), padded.size());
    return output.writeAt(sections[index].offset, padded.data(), padded.size()) || failWriting();
  }

  bool writeWeights(Output &output, std::vector<uint8_t> &sums) {
    WeightStream stream(output, sections.back().offset);
    uint64_t at = 0;
    for (const WeightChunk &chunk : contents.weights) {
      uint64_t got = 0;
      bool written = stream.appendZeros(chunk.offset - at);
      auto sink = [&](const void *data, size_t size) {
        if (size > chunk.size - got)
          return false;
        got += size;
        return written = written && stream.append(data, size);
      };
      bool produced = chunk.produce(sink);
      if (!written)
        return failWriting();
      if (!produced || got != chunk.size)
        return fail(error, "expected " + std::to_string(chunk.size) + " bytes of a weight, got " +
                               std::to_string(got));
      at = chunk.offset + chunk.size;
    }
    if (!stream.appendZeros(sections.back().length - at) || !stream.finish())
      return failWriting();
    auto *first = reinterpret_cast<const uint8_t *>(stream.checksums().data());
    sums.assign(first, first + stream.checksums().size() * sizeof(Checksum));
    return true;
  }

  bool writeHeader(Output &output) {
    std::vector<uint8_t> page(pageSize);
    Header header = {};
    std::memcpy(header.magic, magic, sizeof(magic));
    header.formatVersion = formatVersion;
    header.codeAbiVersion = TGL_CODE_ABI_VERSION;
    header.fileLength = length;
    header.sectionCount = uint32_t(sections.size());
    std::memcpy(page.data(), &header, sizeof(header));
    std::memcpy(page.data() + sizeof(header), sections.data(), sections.size() * sizeof(Section));
    header.checksum = checksumOfHeader(page.data());
    std::memcpy(page.data(), &header, sizeof(header));
    return output.writeAt(0, page.data(), page.size()) || failWriting();
  }

  const ArtifactContents &contents;
  std::string &error;
  std::vector<uint8_t> manifest;
  std::vector<Section> sections;
  uint64_t length = pageSize;
};

/// A new file beside `path` that nobody else holds.
int createTemporary(const std::string &path, std::string &temporary) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    temporary = path + ".tmp" + std::to_string(getpid()) + "." + std::to_string(attempt);
    int fd = open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0 || errno != EEXIST)
      return fd;
  }
  return -1;
}

} // namespace

WeightChunk WeightChunk::view(uint64_t offset, const void *data, uint64_t size) {
  return {offset, size, [=](const ByteSink &sink) { return sink(data, size); }};
}

bool writeArtifact(const ArtifactContents &contents, const std::string &path, std::string &error) {
  ArtifactWriter writer(contents, error);
  if (!writer.plan())
    return false;
  struct stat existing;
  if (stat(path.c_str(), &existing) == 0 && !S_ISREG(existing.st_mode))
    return fail(error, path + ": not a regular file");
  std::string temporary;
  int fd = createTemporary(path, temporary);
  if (fd < 0)
    return fail(error, path + ": " + strerror(errno));
  FileOutput output(fd);
  errno = 0;
  bool good = writer.write(output);
  // A crash after the rename must not find an empty file under the final name.
  if (good && fsync(fd) != 0)
    good = fail(error, strerror(errno));
  if (close(fd) != 0 && good)
    good = fail(error, strerror(errno));
  if (good && rename(temporary.c_str(), path.c_str()) != 0)
    good = fail(error, strerror(errno));
  if (!good) {
    unlink(temporary.c_str());
    error = path + ": " + error;
  }
  return good;
}

bool writeArtifact(const ArtifactContents &contents, std::vector<uint8_t> &bytes, std::string &error) {
  ArtifactWriter writer(contents, error);
  if (!writer.plan())
    return false;
  MemoryOutput output(bytes);
  errno = 0;
  return writer.write(output);
}

} // namespace tegula::artifact
