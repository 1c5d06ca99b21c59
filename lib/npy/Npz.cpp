// The .npz format: a zip archive of .npy files; what it says is checked before it is believed.
#include "tegula/npy/Npy.h"

#include "File.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <zlib.h>

namespace tegula::npy {

namespace {

constexpr uint32_t localMagic = 0x04034b50, centralMagic = 0x02014b50, endMagic = 0x06054b50,
                   wideEndMagic = 0x06064b50, wideLocatorMagic = 0x07064b50;
constexpr size_t localSize = 30, centralSize = 46, endSize = 22, wideEndSize = 56, wideLocatorSize = 20;
/// The extra field that holds what 32 bits do not (zip64).
constexpr uint32_t wideField = 1;

uint32_t load16(const uint8_t *p) { return p[0] | p[1] << 8; }
uint32_t load32(const uint8_t *p) { return load16(p) | load16(p + 2) << 16; }
uint64_t load64(const uint8_t *p) { return load32(p) | uint64_t(load32(p + 4)) << 32; }

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
  uint32_t flags, method, crc;
  uint64_t packedSize, size, offset;
  bool isWide = false; ///< written with 64-bit sizes and offset
};

/// Where the directory lies.
struct Directory {
  uint64_t count, size, at;
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

/// The end record with 64-bit fields, which a locator in front of the plain one points to.
bool readWideEnd(std::span<const uint8_t> bytes, size_t end, Directory &directory, std::string &error) {
  if (end < wideLocatorSize || load32(&bytes[end - wideLocatorSize]) != wideLocatorMagic)
    return fail(error, "damaged archive directory");
  size_t locator = end - wideLocatorSize;
  uint64_t at = load64(&bytes[locator + 8]);
  if (locator < wideEndSize || at > locator - wideEndSize || load32(&bytes[at]) != wideEndMagic)
    return fail(error, "damaged archive directory");
  const uint8_t *record = &bytes[at];
  if (load32(record + 16) != 0 || load32(record + 20) != 0 || load64(record + 24) != load64(record + 32))
    return fail(error, "archives of several parts are not supported");
  directory = {load64(record + 32), load64(record + 40), load64(record + 48)};
  return true;
}

/// Takes those sizes and the offset that 32 bits do not hold from a directory row's extra field.
bool readWideFields(std::span<const uint8_t> extra, Entry &entry) {
  std::span<const uint8_t> wide;
  while (extra.size() >= 4 && extra.size() - 4 >= load16(&extra[2])) {
    if (load16(extra.data()) == wideField)
      wide = extra.subspan(4, load16(&extra[2]));
    extra = extra.subspan(4 + load16(&extra[2]));
  }
  for (uint64_t *field : {&entry.size, &entry.packedSize, &entry.offset}) {
    if (*field != UINT32_MAX)
      continue;
    if (wide.size() < 8)
      return false;
    *field = load64(wide.data());
    wide = wide.subspan(8);
  }
  return true;
}

bool readDirectory(std::span<const uint8_t> bytes, std::vector<Entry> &entries, std::string &error) {
  size_t end;
  if (!findEnd(bytes, end))
    return fail(error, "not a .npz file");
  const uint8_t *record = &bytes[end];
  Directory directory{load16(record + 10), load32(record + 12), load32(record + 16)};
  if (load16(record + 4) != 0 || load16(record + 6) != 0 || load16(record + 8) != directory.count)
    return fail(error, "archives of several parts are not supported");
  bool isWide = directory.count == 0xffff || directory.size == UINT32_MAX || directory.at == UINT32_MAX;
  if (isWide && !readWideEnd(bytes, end, directory, error))
    return false;
  if (directory.at > end || directory.size > end - directory.at)
    return fail(error, "the archive's directory lies outside the file");

  std::span<const uint8_t> rest = bytes.subspan(directory.at, directory.size);
  for (uint64_t i = 0; i < directory.count; ++i) {
    if (rest.size() < centralSize || load32(rest.data()) != centralMagic)
      return fail(error, "damaged archive directory");
    const uint8_t *p = rest.data();
    size_t nameSize = load16(p + 28), extraSize = load16(p + 30),
           skip = centralSize + nameSize + extraSize + load16(p + 32);
    if (rest.size() < skip)
      return fail(error, "damaged archive directory");
    entries.push_back({std::string(reinterpret_cast<const char *>(p) + centralSize, nameSize), load16(p + 8),
                       load16(p + 10), load32(p + 16), load32(p + 20), load32(p + 24), load32(p + 42)});
    if (!readWideFields(rest.subspan(centralSize + nameSize, extraSize), entries.back()))
      return fail(error, "damaged archive directory");
    rest = rest.subspan(skip);
  }
  return true;
}

bool inflateEntry(std::span<const uint8_t> packed, std::vector<uint8_t> &result) {
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return false;
  // zlib counts what it is given in 32 bits.
  constexpr size_t most = size_t(1) << 30;
  stream.next_in = const_cast<uint8_t *>(packed.data());
  stream.next_out = result.data();
  size_t in = packed.size(), out = result.size();
  int code = Z_OK;
  while (code == Z_OK) {
    uInt give = uInt(std::min(in, most - stream.avail_in)),
         take = uInt(std::min(out, most - stream.avail_out));
    stream.avail_in += give, in -= give;
    stream.avail_out += take, out -= take;
    code = inflate(&stream, Z_NO_FLUSH); // Z_BUF_ERROR where nothing is left
  }
  bool good = code == Z_STREAM_END && stream.avail_out == 0 && stream.avail_in == 0 && in == 0 && out == 0;
  inflateEnd(&stream);
  return good;
}

/// The bytes of an entry: a view into the file where it is stored, else inflated into `buffer`.
bool unpack(std::span<const uint8_t> bytes, const Entry &entry, std::vector<uint8_t> &buffer,
            std::span<const uint8_t> &content, std::string &error) {
  if (entry.flags & 1)
    return fail(error, "encrypted entries are not supported");
  if (bytes.size() < localSize || entry.offset > bytes.size() - localSize ||
      load32(&bytes[entry.offset]) != localMagic)
    return fail(error, "damaged archive entry");
  uint64_t begin =
      entry.offset + localSize + load16(&bytes[entry.offset + 26]) + load16(&bytes[entry.offset + 28]);
  if (begin > bytes.size() || entry.packedSize > bytes.size() - begin)
    return fail(error, "the entry lies outside the file");
  content = bytes.subspan(begin, entry.packedSize);
  if (entry.method == 8) {
    // Deflate packs at most 1032 to 1, so a larger claim is a lie, refused before memory is taken for it.
    if (entry.size / 1032 > entry.packedSize + 1)
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
void storeCommon(std::vector<uint8_t> &bytes, const Entry &entry, size_t extra) {
  store(bytes, entry.isWide ? 45 : 20, 2); // version needed: 4.5 knows zip64
  store(bytes, 0x800, 2);                  // names are UTF-8
  store(bytes, 0, 2);                      // stored
  store(bytes, 0x210000, 4);               // 1980-01-01, so that equal arrays give equal files
  store(bytes, entry.crc, 4);
  for (int i = 0; i < 2; ++i) // packed and unpacked are the same
    store(bytes, entry.isWide ? UINT32_MAX : entry.size, 4);
  store(bytes, entry.name.size(), 2);
  store(bytes, extra, 2);
}

/// The extra field with what 32 bits do not hold: both sizes, and in the directory the offset.
std::vector<uint8_t> wideExtra(const Entry &entry, bool hasOffset) {
  std::vector<uint8_t> bytes;
  if (!entry.isWide)
    return bytes;
  store(bytes, wideField, 2);
  store(bytes, hasOffset ? 24 : 16, 2);
  store(bytes, entry.size, 8);
  store(bytes, entry.size, 8);
  if (hasOffset)
    store(bytes, entry.offset, 8);
  return bytes;
}

/// Lays the archive out: every offset and checksum is known before the first byte is written.
bool planArchive(std::span<const NamedArray> arrays, uint64_t wideFrom, std::vector<Entry> &entries,
                 std::vector<std::vector<uint8_t>> &headers, std::string &error) {
  uint64_t offset = 0;
  for (const auto &[name, array] : arrays) {
    if (!encodeNpyHeader(array, headers.emplace_back(), error))
      return fail(error, name + ": " + error);
    const std::vector<uint8_t> &header = headers.back();
    Entry entry = {name + ".npy", 0x800, 0, 0, 0, 0, offset};
    if (entry.name.size() > 0xffff || entries.size() >= 0xfffe)
      return fail(error, "too many arrays, or too long a name, for a .npz file");
    for (const Entry &other : entries)
      if (other.name == entry.name)
        return fail(error, "two arrays are named '" + name + "'");
    entry.size = entry.packedSize = header.size() + array.bytes.size();
    entry.isWide = entry.size >= wideFrom || offset >= wideFrom;
    offset += localSize + entry.name.size() + wideExtra(entry, false).size() + entry.size;
    entry.crc = checksum(checksum(0, header), array.bytes);
    entries.push_back(std::move(entry));
  }
  return true;
}

/// The end record with 64-bit fields and its locator.
void storeWideEnd(std::vector<uint8_t> &bytes, size_t count, uint64_t size, uint64_t offset) {
  store(bytes, wideEndMagic, 4);
  store(bytes, wideEndSize - 12, 8); // of what follows
  store(bytes, 45, 2);               // made by and needed: version 4.5
  store(bytes, 45, 2);
  store(bytes, 0, 8); // one part
  store(bytes, count, 8);
  store(bytes, count, 8);
  store(bytes, size, 8);
  store(bytes, offset, 8);
  store(bytes, wideLocatorMagic, 4);
  store(bytes, 0, 4);
  store(bytes, offset + size, 8);
  store(bytes, 1, 4);
}

std::vector<uint8_t> encodeDirectory(std::span<const Entry> entries, uint64_t offset, uint64_t wideFrom) {
  std::vector<uint8_t> bytes;
  for (const Entry &entry : entries) {
    store(bytes, centralMagic, 4);
    store(bytes, 20, 2); // made by: version 2.0, FAT attributes
    std::vector<uint8_t> extra = wideExtra(entry, true);
    storeCommon(bytes, entry, extra.size());
    store(bytes, 0, 2 + 2 + 2 + 4); // comment, part, internal and external attributes
    store(bytes, entry.isWide ? UINT32_MAX : entry.offset, 4);
    bytes.insert(bytes.end(), entry.name.begin(), entry.name.end());
    bytes.insert(bytes.end(), extra.begin(), extra.end());
  }
  uint64_t size = bytes.size();
  bool isWide = offset >= wideFrom || size >= wideFrom;
  if (isWide)
    storeWideEnd(bytes, entries.size(), size, offset);
  store(bytes, endMagic, 4);
  store(bytes, 0, 4); // one part
  store(bytes, entries.size(), 2);
  store(bytes, entries.size(), 2);
  store(bytes, isWide ? UINT32_MAX : size, 4);
  store(bytes, isWide ? UINT32_MAX : offset, 4);
  store(bytes, 0, 2); // no comment
  return bytes;
}

} // namespace

bool decodeNpz(std::span<const uint8_t> bytes, std::vector<NamedArray> &arrays, std::string &error) {
  std::vector<Entry> entries;
  if (!readDirectory(bytes, entries, error))
    return false;
  std::vector<NamedArray> result;
  std::set<std::string> names;
  uint64_t left = bytes.size();
  for (Entry &entry : entries) {
    if (!entry.name.ends_with(".npy"))
      return fail(error, "'" + entry.name + "' is not an array");
    // Entries that share bytes would make much out of little.
    if (entry.packedSize > left)
      return fail(error, "the archive's entries overlap, or lie outside the file");
    left -= entry.packedSize;
    std::vector<uint8_t> buffer;
    std::span<const uint8_t> content;
    NamedArray named;
    named.name = entry.name.substr(0, entry.name.size() - 4);
    if (!unpack(bytes, entry, buffer, content, error) || !decodeNpy(content, named.array, error))
      return fail(error, named.name + ": " + error);
    if (!names.insert(named.name).second)
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

bool writeNpz(const std::string &path, std::span<const NamedArray> arrays, std::string &error,
              uint64_t wideFrom) {
  std::vector<Entry> entries;
  std::vector<std::vector<uint8_t>> headers;
  if (!planArchive(arrays, wideFrom, entries, headers, error))
    return fail(error, path + ": " + error);
  File file = createFile(path, error);
  if (!file)
    return false;
  bool good = true;
  uint64_t offset = 0;
  for (size_t i = 0; i < entries.size() && good; ++i) {
    std::vector<uint8_t> local, extra = wideExtra(entries[i], false);
    store(local, localMagic, 4);
    storeCommon(local, entries[i], extra.size());
    local.insert(local.end(), entries[i].name.begin(), entries[i].name.end());
    local.insert(local.end(), extra.begin(), extra.end());
    local.insert(local.end(), headers[i].begin(), headers[i].end());
    good = append(file.get(), local.data(), local.size()) &&
           append(file.get(), arrays[i].array.bytes.data(), arrays[i].array.bytes.size());
    offset += local.size() + arrays[i].array.bytes.size();
  }
  std::vector<uint8_t> directory = encodeDirectory(entries, offset, wideFrom);
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
