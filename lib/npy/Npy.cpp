// The .npy format, read strictly, because a file may lie about its type, its shape and its size.
#include "tegula/npy/Npy.h"

#include "File.h"
#include "tegula/support/Checked.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace tegula::npy {
namespace {

struct TypeRow {
  std::string_view name;
  std::string_view code; ///< numpy's kind and size
  size_t size;           ///< of an element
  size_t component;      ///< bytes that are swapped together where the byte order differs
};

constexpr TypeRow typeTable[] = {
    {"bool", "b1", 1, 1},     {"int8", "i1", 1, 1},      {"int16", "i2", 2, 2},
    {"int32", "i4", 4, 4},    {"int64", "i8", 8, 8},     {"uint8", "u1", 1, 1},
    {"uint16", "u2", 2, 2},   {"uint32", "u4", 4, 4},    {"uint64", "u8", 8, 8},
    {"float16", "f2", 2, 2},  {"float32", "f4", 4, 4},   {"float64", "f8", 8, 8},
    {"bfloat16", "V2", 2, 2}, {"complex64", "c8", 8, 4}, {"complex128", "c16", 16, 8},
};

const TypeRow *findType(std::string_view name) {
  auto row = std::find_if(std::begin(typeTable), std::end(typeTable),
                          [&](const TypeRow &r) { return r.name == name; });
  return row == std::end(typeTable) ? nullptr : row;
}

/// What the dictionary of a file says.
struct Header {
  std::optional<std::string> descr;
  std::optional<bool> fortran;
  std::optional<std::vector<int64_t>> shape;
};

/// Parses exactly the dictionary that numpy writes: three keys, each once, in any order.
class HeaderParser {
public:
  explicit HeaderParser(std::string_view text) : text(text) {}

  bool parse(Header &header) {
    if (!take('{'))
      return false;
    while (!take('}')) {
      std::string key;
      if (!parseString(key) || !take(':') || !parseValue(key, header))
        return false;
      if (!take(',')) {
        if (!take('}'))
          return false;
        break;
      }
    }
    skipSpace();
    return text.empty();
  }

private:
  void skipSpace() {
    size_t first = text.find_first_not_of(" \t\n\r");
    text.remove_prefix(std::min(first, text.size()));
  }
  bool take(char c) {
    skipSpace();
    if (text.empty() || text.front() != c)
      return false;
    text.remove_prefix(1);
    return true;
  }
  bool takeWord(std::string_view word) {
    skipSpace();
    if (!text.starts_with(word))
      return false;
    text.remove_prefix(word.size());
    return true;
  }
  bool parseString(std::string &value) {
    skipSpace();
    if (text.empty() || (text.front() != '\'' && text.front() != '"'))
      return false;
    size_t end = text.find(text.front(), 1);
    if (end == text.npos)
      return false;
    value = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    return value.find('\\') == value.npos;
  }
  bool parseValue(const std::string &key, Header &header) {
    if (key == "descr" && !header.descr)
      return parseString(header.descr.emplace());
    if (key == "fortran_order" && !header.fortran) {
      header.fortran = takeWord("True");
      return *header.fortran || takeWord("False");
    }
    if (key == "shape" && !header.shape)
      return parseShape(header.shape.emplace());
    return false;
  }
  bool parseShape(std::vector<int64_t> &shape) {
    if (!take('('))
      return false;
    bool comma = true;
    while (!take(')')) {
      int64_t dim;
      if (!comma || shape.size() >= 64 || !parseSize(dim))
        return false;
      shape.push_back(dim);
      comma = take(',');
    }
    return shape.size() != 1 || comma; // "(3)" is a number in Python, not a tuple
  }
  bool parseSize(int64_t &value) {
    skipSpace();
    Checked size(0);
    size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits)
      size = size * 10 + (text[digits] - '0');
    text.remove_prefix(digits);
    value = size.get();
    return digits > 0 && size.valid();
  }

  std::string_view text;
};

uint32_t littleEndian(const uint8_t *bytes, int count) {
  uint32_t value = 0;
  for (int i = count - 1; i >= 0; --i)
    value = value << 8 | bytes[i];
  return value;
}

/// The type a `descr` names, and whether its bytes are in the wrong order.
const TypeRow *parseDescr(std::string_view descr, bool &swapped) {
  swapped = false;
  if (descr.size() < 2)
    return nullptr;
  char order = descr.front();
  std::string_view code = descr.substr(1);
  auto row = std::find_if(std::begin(typeTable), std::end(typeTable),
                          [&](const TypeRow &r) { return r.code == code; });
  if (row == std::end(typeTable) || !std::strchr("<>|=", order))
    return nullptr;
  swapped = order == '>' && row->component > 1;
  return row;
}

/// Reorders column-major elements into row-major ones.
void toRowMajor(Array &array, size_t size) {
  size_t rank = array.shape.size();
  if (rank < 2 || array.bytes.empty())
    return;
  std::vector<size_t> stride(rank, size);
  for (size_t d = 1; d < rank; ++d)
    stride[d] = stride[d - 1] * size_t(array.shape[d - 1]);
  std::vector<uint8_t> result(array.bytes.size());
  std::vector<int64_t> index(rank, 0);
  size_t from = 0;
  for (size_t to = 0; to < result.size(); to += size) {
    std::memcpy(&result[to], &array.bytes[from], size);
    for (size_t d = rank; d-- > 0;) {
      from += stride[d];
      if (++index[d] < array.shape[d])
        break;
      from -= stride[d] * size_t(array.shape[d]);
      index[d] = 0;
    }
  }
  array.bytes = std::move(result);
}

bool fail(std::string &error, std::string text) {
  error = std::move(text);
  return false;
}

} // namespace

size_t dtypeSize(std::string_view dtype) {
  const TypeRow *row = findType(dtype);
  return row ? row->size : 0;
}

bool decodeNpy(std::span<const uint8_t> bytes, Array &array, std::string &error) {
  if (bytes.size() < 10 || std::memcmp(bytes.data(), "\x93NUMPY", 6) != 0)
    return fail(error, "not a .npy file");
  if (bytes[6] < 1 || bytes[6] > 3 || bytes[7] != 0)
    return fail(error, "unknown .npy version " + std::to_string(bytes[6]) + "." + std::to_string(bytes[7]));
  size_t prefix = bytes[6] == 1 ? 10 : 12;
  if (bytes.size() < prefix)
    return fail(error, "truncated .npy header");
  size_t length = littleEndian(bytes.data() + 8, int(prefix) - 8);
  if (length > bytes.size() - prefix)
    return fail(error, "truncated .npy header");

  Header header;
  std::string_view text(reinterpret_cast<const char *>(bytes.data()) + prefix, length);
  if (!HeaderParser(text).parse(header) || !header.descr || !header.fortran || !header.shape)
    return fail(error, "malformed .npy header");
  bool swapped;
  const TypeRow *type = parseDescr(*header.descr, swapped);
  if (!type)
    return fail(error, "unsupported .npy element type '" + *header.descr + "'");

  std::span<const uint8_t> payload = bytes.subspan(prefix + length);
  Checked size = Checked::product(*header.shape) * Checked(int64_t(type->size));
  if (!size.valid() || uint64_t(size.get()) != payload.size())
    return fail(error, "expected " + (size.valid() ? std::to_string(size.get()) : "more than 2^63") +
                           " bytes of elements, got " + std::to_string(payload.size()));

  array.dtype = type->name;
  array.shape = std::move(*header.shape);
  array.bytes.assign(payload.begin(), payload.end());
  if (swapped)
    for (size_t i = 0; i < array.bytes.size(); i += type->component)
      std::reverse(array.bytes.begin() + i, array.bytes.begin() + i + type->component);
  if (*header.fortran)
    toRowMajor(array, type->size);
  if (type->name == "bool")
    for (uint8_t &byte : array.bytes)
      byte = byte != 0;
  return true;
}

bool encodeNpyHeader(const Array &array, std::vector<uint8_t> &bytes, std::string &error) {
  const TypeRow *type = findType(array.dtype);
  if (!type)
    return fail(error, "unknown element type '" + array.dtype + "'");
  Checked size = Checked::product(array.shape) * Checked(int64_t(type->size));
  if (!size.valid() || uint64_t(size.get()) != array.bytes.size())
    return fail(error, "the array's bytes do not match its shape");
  std::string shape;
  for (int64_t dim : array.shape)
    shape += std::to_string(dim) + (array.shape.size() == 1 ? "," : ", ");
  if (array.shape.size() > 1)
    shape.resize(shape.size() - 2);
  std::string text = "{'descr': '" + std::string(type->component == 1 ? "|" : "<") + std::string(type->code) +
                     "', 'fortran_order': False, 'shape': (" + shape + "), }";
  text.append(63 - (10 + text.size()) % 64, ' '); // numpy aligns the elements to 64 bytes
  text += '\n';
  if (text.size() > 0xffff)
    return fail(error, "too many dimensions");
  const uint8_t prefix[] = {
      0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, uint8_t(text.size()), uint8_t(text.size() >> 8)};
  bytes.assign(std::begin(prefix), std::end(prefix));
  bytes.insert(bytes.end(), text.begin(), text.end());
  return true;
}

bool encodeNpy(const Array &array, std::vector<uint8_t> &bytes, std::string &error) {
  if (!encodeNpyHeader(array, bytes, error))
    return false;
  bytes.insert(bytes.end(), array.bytes.begin(), array.bytes.end());
  return true;
}

bool readNpy(const std::string &path, Array &array, std::string &error) {
  std::vector<uint8_t> bytes;
  if (!readFile(path, bytes, error))
    return false;
  return decodeNpy(bytes, array, error) || fail(error, path + ": " + error);
}

bool writeNpy(const std::string &path, const Array &array, std::string &error) {
  std::vector<uint8_t> header;
  if (!encodeNpyHeader(array, header, error))
    return fail(error, path + ": " + error);
  File file = createFile(path, error);
  if (!file)
    return false;
  bool good = append(file.get(), header.data(), header.size()) &&
              append(file.get(), array.bytes.data(), array.bytes.size());
  return finishFile(std::move(file), good, path, error);
}

} // namespace tegula::npy
