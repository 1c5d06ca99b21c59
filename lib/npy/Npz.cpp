// The .npz format: a zip archive of .npy files; what it says is checked before it is believed.
#include "tegula/npy/Npy.h"

#include "File.h"

#include <algorithm>
#include <cstring>
#include <zlib.h>

namespace tegula::npy {

namespace {

constexpr uint32_t localMagic = 0x04034b50, centralMagic = 0x02014b50, endMagic = 0x06054b50;
constexpr size_t localSize = 30, centralSize = 46, endSize = 22;

uint32_t load16(const uint8_t *p) { return p[0] | p[1] << 8; }
uint32_t load32(const uint8_t *p) { return load16(p) | load16(p + 2) << 16; }

/// zlib takes a null pointer for "begin anew", which is what an empty array may have.
uint32_t checksum(uint32_t begun, std::span<const uint8_t> bytes) {
  return bytes.empty() ? begun : uint32_t(crc32_z(begun, bytes.data(), bytes.size()));
}

bool fail(std::string &error, std::string text) {
  error = std::move(text);
  return false;
}

/// One row of the central directory.
struct Entry {
  std::string name;
  uint32_t flags, method, crc, packedSize, size, offset;
};

/// The end record is the last thing in the file but for a comment of at most 64 KiB.
bool findEnd(std::span<const uint8_t> bytes, size_t &end) {
  if (bytes.size() < endSize)
    return false;
  size_t last = bytes.size() - endSize;
  for (size_t back = 0; back <= std::min<size_t>(last, 0xffff); ++back) {
    end = last - back;
    if (load32(&bytes[end]) == endMagic && load16(&bytes[end + 20]) == back)
      return true;
  }
  return false;
}

bool readDirectory(std::span<const uint8_t> bytes, std::vector<Entry> &entries, std::string &error) {
  size_t end;
  if (!findEnd(bytes, end))
    return fail(error, "not a .npz file");
  const uint8_t *record = &bytes[end];
  uint32_t count = load16(record + 10), size = load32(record + 12), at = load32(record + 16);
  if (count == 0xffff || size == UINT32_MAX || at == UINT32_MAX)
    return fail(error, "zip64 archives are not supported");
  if (load16(record + 4) != 0 || load16(record + 6) != 0 || load16(record + 8) != count)
    return fail(error, "archives of several parts are not supported");
  if (at > end || size > end - at)
    return fail(error, "the archive's directory lies outside the file");

  std::span<const uint8_t> rest = bytes.subspan(at, size);
  for (uint32_t i = 0; i < count; ++i) {
    if (rest.size() < centralSize || load32(rest.data()) != centralMagic)
      return fail(error, "damaged archive directory");
    const uint8_t *p = rest.data();
    size_t nameSize = load16(p + 28), skip = centralSize + nameSize + load16(p + 30) + load16(p + 32);
    if (rest.size() < skip)
      return fail(error, "damaged archive directory");
    entries.push_back({std::string(reinterpret_cast<const char *>(p) + centralSize, nameSize), load16(p + 8),
                       load16(p + 10), load32(p + 16), load32(p + 20), load32(p + 24), load32(p + 42)});
    rest = rest.subspan(skip);
  }
  return true;
}

bool inflateEntry(std::span<const uint8_t> packed, std::vector<uint8_t> &result) {
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return false;
  stream.next_in = const_cast<uint8_t *>(packed.data());
  stream.avail_in = uInt(packed.size());
  stream.next_out = result.data();
  stream.avail_out = uInt(result.size());
  bool good = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_out == 0 && stream.avail_in == 0;
  inflateEnd(&stream);
  return good;
}

/// The bytes of an entry: a view into the file where it is stored, else inflated into `buffer`.
bool unpack(std::span<const uint8_t> bytes, const Entry &entry, std::vector<uint8_t> &buffer,
            std::span<const uint8_t> &content, std::string &error) {
  if (entry.flags & 1)
    return fail(error, "encrypted entries are not supported");
  if (entry.packedSize == UINT32_MAX || entry.size == UINT32_MAX || entry.offset == UINT32_MAX)
    return fail(error, "zip64 entries are not supported");
  if (bytes.size() < localSize || entry.offset > bytes.size() - localSize ||
      load32(&bytes[entry.offset]) != localMagic)
    return fail(error, "damaged archive entry");
  uint64_t begin = uint64_t(entry.offset) + localSize + load16(&bytes[entry.offset + 26]) +
                   load16(&bytes[entry.offset + 28]);
  if (begin > bytes.size() || entry.packedSize > bytes.size() - begin)
    return fail(error, "the entry lies outside the file");
  content = bytes.subspan(begin, entry.packedSize);
  if (entry.method == 8) {
    // Deflate packs at most 1032 to 1, so a larger claim is a lie, refused before memory is taken for it.
    if (entry.size > uint64_t(entry.packedSize) * 1032 + 64)
      return fail(error, "damaged archive entry");
    buffer.resize(entry.size);
    if (!inflateEntry(content, buffer))
      return fail(error, "damaged compressed data");
    content = buffer;
  } else if (entry.method != 0 || entry.size != entry.packedSize) {
    return fail(error, "unsupported compression method " + std::to_string(entry.method));
  }
  if (checksum(0, content) != entry.crc)
    return fail(error, "wrong checksum");
  return true;
}

void store(std::vector<uint8_t> &bytes, uint64_t value, int count) {
  for (int i = 0; i < count; ++i)
    bytes.push_back(i < 8 ? uint8_t(value >> (8 * i)) : 0);
}

/// The fields that a local header and a directory row share, from "version needed" to the extra field's
/// length.
void storeCommon(std::vector<uint8_t> &bytes, const Entry &entry) {
  store(bytes, 20, 2);       // version needed: 2.0
  store(bytes, 0x800, 2);    // names are UTF-8
  store(bytes, 0, 2);        // stored
  store(bytes, 0x210000, 4); // 1980-01-01, so that equal arrays give equal files
  store(bytes, entry.crc, 4);
  store(bytes, entry.size, 4);
  store(bytes, entry.size, 4);
  store(bytes, entry.name.size(), 2);
  store(bytes, 0, 2);
}

/// Lays the archive out: every offset and checksum is known before the first byte is written.
bool planArchive(std::span<const NamedArray> arrays, std::vector<Entry> &entries,
                 std::vector<std::vector<uint8_t>> &headers, std::string &error) {
  uint64_t offset = 0;
  for (const auto &[name, array] : arrays) {
    if (!encodeNpyHeader(array, headers.emplace_back(), error))
      return fail(error, name + ": " + error);
    const std::vector<uint8_t> &header = headers.back();
    Entry entry = {name + ".npy", 0x800, 0, 0, 0, 0, uint32_t(offset)};
    if (entry.name.size() > 0xffff || entries.size() >= 0xfffe)
      return fail(error, "too many arrays, or too long a name, for a .npz file");
    for (const Entry &other : entries)
      if (other.name == entry.name)
        return fail(error, "two arrays are named '" + name + "'");
    uint64_t size = header.size() + array.bytes.size();
    offset += localSize + entry.name.size() + size;
    if (size >= UINT32_MAX || offset >= UINT32_MAX)
      return fail(error, "more than 4 GiB do not fit a .npz file");
    entry.size = entry.packedSize = uint32_t(size);
    entry.crc = checksum(checksum(0, header), array.bytes);
    entries.push_back(std::move(entry));
  }
  return true;
}

std::vector<uint8_t> encodeDirectory(std::span<const Entry> entries, uint32_t offset) {
  std::vector<uint8_t> bytes;
  for (const Entry &entry : entries) {
    store(bytes, centralMagic, 4);
    store(bytes, 20, 2); // made by: version 2.0, FAT attributes
    storeCommon(bytes, entry);
    store(bytes, 0, 2 + 2 + 2 + 4); // comment, part, internal and external attributes
    store(bytes, entry.offset, 4);
    bytes.insert(bytes.end(), entry.name.begin(), entry.name.end());
  }
  uint64_t size = bytes.size();
  store(bytes, endMagic, 4);
  store(bytes, 0, 4); // one part
  store(bytes, entries.size(), 2);
  store(bytes, entries.size(), 2);
  store(bytes, size, 4);
  store(bytes, offset, 4);
  store(bytes, 0, 2); // no comment
  return bytes;
}

} // namespace

bool decodeNpz(std::span<const uint8_t> bytes, std::vector<NamedArray> &arrays, std::string &error) {
  std::vector<Entry> entries;
  if (!readDirectory(bytes, entries, error))
    return false;
  std::vector<NamedArray> result;
  for (Entry &entry : entries) {
    if (!entry.name.ends_with(".npy"))
      return fail(error, "'" + entry.name + "' is not an array");
    std::vector<uint8_t> buffer;
    std::span<const uint8_t> content;
    NamedArray named;
    named.name = entry.name.substr(0, entry.name.size() - 4);
    if (!unpack(bytes, entry, buffer, content, error) || !decodeNpy(content, named.array, error))
      return fail(error, named.name + ": " + error);
    for (const NamedArray &other : result)
      if (other.name == named.name)
        return fail(error, "two arrays are named '" + named.name + "'");
    result.push_back(std::move(named));
  }
  arrays = std::move(result);
  return true;
}

bool readNpz(const std::string &path, std::vector<NamedArray> &arrays, std::string &error) {
  std::vector<uint8_t> bytes;
  if (!readFile(path, bytes, error))
    return false;
  return decodeNpz(bytes, arrays, error) || fail(error, path + ": " + error);
}

bool writeNpz(const std::string &path, std::span<const NamedArray> arrays, std::string &error) {
  std::vector<Entry> entries;
  std::vector<std::vector<uint8_t>> headers;
  if (!planArchive(arrays, entries, headers, error))
    return fail(error, path + ": " + error);
  File file = createFile(path, error);
  if (!file)
    return false;
  bool good = true;
  uint32_t offset = 0;
  for (size_t i = 0; i < entries.size() && good; ++i) {
    std::vector<uint8_t> local;
    store(local, localMagic, 4);
    storeCommon(local, entries[i]);
    local.insert(local.end(), entries[i].name.begin(), entries[i].name.end());
    local.insert(local.end(), headers[i].begin(), headers[i].end());
    good = append(file.get(), local.data(), local.size()) &&
           append(file.get(), arrays[i].array.bytes.data(), arrays[i].array.bytes.size());
    offset += uint32_t(local.size() + arrays[i].array.bytes.size());
  }
  std::vector<uint8_t> directory = encodeDirectory(entries, offset);
  good = good && append(file.get(), directory.data(), directory.size());
  return finishFile(std::move(file), good, path, error);
}

bool readArrays(const std::string &path, std::vector<NamedArray> &arrays, std::string &error) {
  std::vector<uint8_t> bytes;
  if (!readFile(path, bytes, error))
    return false;
  if (bytes.size() >= 2 && bytes[0] == 'P' && bytes[1] == 'K')
    return decodeNpz(bytes, arrays, error) || fail(error, path + ": " + error);
  NamedArray one;
  if (!decodeNpy(bytes, one.array, error))
    return fail(error, path + ": " + error);
  arrays.clear();
  arrays.push_back(std::move(one));
  return true;
}

} // namespace tegula::npy
