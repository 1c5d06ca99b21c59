// Lays out constants in the weights section: equal ones once, packed ones as panels, denormals flushed on the
// way to the file.
#include "tegula/codegen/host/Host.h"

#include "mlir/IR/DialectResourceBlobManager.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

#include <cstring>

using namespace mlir;

namespace tegula::codegen::host {

std::optional<ConstantBytes> bytesOf(ElementsAttr constant) {
  ConstantBytes bytes;
  Type element = constant.getElementType();
  if (!element.isIntOrFloat() || element.getIntOrFloatBitWidth() % 8)
    return std::nullopt;
  bytes.elementBytes = element.getIntOrFloatBitWidth() / 8;
  bytes.elements = constant.getNumElements();
  bytes.isFloat32 = element.isF32();
  if (auto dense = dyn_cast<DenseElementsAttr>(constant)) {
    bytes.data = dense.getRawData();
    bytes.isSplat = dense.isSplat();
  } else if (auto resource = dyn_cast<DenseResourceElementsAttr>(constant)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return std::nullopt;
    bytes.data = blob->getData();
  } else {
    return std::nullopt;
  }
  if (int64_t(bytes.data.size()) != (bytes.isSplat ? bytes.elementBytes : bytes.size()))
    return std::nullopt;
  return bytes;
}

// ---- producing bytes ----

/// Passes `data` on with denormal float32 replaced by zeros of the same sign; untouched blocks are passed as
/// they lie.
static bool sinkFlushed(const artifact::ByteSink &sink, const char *data, size_t size) {
  static constexpr size_t block = 1 << 16;
  std::vector<uint32_t> copy;
  for (size_t at = 0; at < size; at += block) {
    size_t part = std::min(block, size - at);
    copy.resize(part / 4);
    std::memcpy(copy.data(), data + at, part);
    bool changed = false;
    for (uint32_t &bits : copy)
      if ((bits & 0x7f800000u) == 0 && (bits & 0x007fffffu)) {
        bits &= 0x80000000u;
        changed = true;
      }
    if (!sink(changed ? reinterpret_cast<const char *>(copy.data()) : data + at, part))
      return false;
  }
  return true;
}

/// Gathers small pieces, because a sink call for every few bytes is slow.
class Gather {
public:
  Gather(const artifact::ByteSink &sink, bool flush) : sink(sink), flush(flush) {}
  bool add(const char *data, size_t size) {
    buffer.append(data, data + size);
    return buffer.size() < (1 << 16) || send();
  }
  bool send() {
    bool sent = flush ? sinkFlushed(sink, buffer.data(), buffer.size()) : sink(buffer.data(), buffer.size());
    buffer.clear();
    return sent;
  }

private:
  const artifact::ByteSink &sink;
  bool flush;
  std::string buffer;
};

static bool producePlain(const ConstantBytes &bytes, bool flush, const artifact::ByteSink &sink) {
  if (!bytes.isSplat)
    return flush ? sinkFlushed(sink, bytes.data.data(), bytes.data.size())
                 : sink(bytes.data.data(), bytes.data.size());
  Gather gather(sink, flush);
  for (int64_t i = 0; i < bytes.elements; ++i)
    if (!gather.add(bytes.data.data(), bytes.elementBytes))
      return false;
  return gather.send();
}

/// Panels of `width` columns; the last one overlaps the one before where `columns` is no multiple.
static bool producePanels(const ConstantBytes &bytes, int64_t columns, int64_t width, bool flush,
                          const artifact::ByteSink &sink) {
  Gather gather(sink, flush);
  int64_t rows = columns ? bytes.elements / columns : 0;
  for (int64_t first = 0; first < columns; first += width)
    for (int64_t row = 0; row < rows; ++row) {
      int64_t element = row * columns + std::min(first, columns - width);
      if (!gather.add(bytes.data.data() + element * bytes.elementBytes, width * bytes.elementBytes))
        return false;
    }
  return gather.send();
}

// ---- layout ----

std::optional<int64_t> WeightLayout::add(ElementsAttr constant, int64_t columns, int64_t width) {
  std::optional<Stretch> where = place(constant, columns, width);
  if (!where)
    return std::nullopt;
  if (where->size > 0)
    extent = {std::min(extent.first, uint64_t(where->offset)),
              std::max(extent.second, uint64_t(where->offset + where->size))};
  return where->offset;
}

std::pair<uint64_t, uint64_t> WeightLayout::takeExtent() {
  auto taken = std::exchange(extent, {UINT64_MAX, 0});
  return taken.second ? taken : std::pair<uint64_t, uint64_t>(0, 0);
}

std::optional<int64_t> WeightLayout::addPack(ElementsAttr constant, int64_t columns, int64_t width) {
  std::optional<ConstantBytes> bytes = bytesOf(constant);
  std::optional<int64_t> from = add(constant);
  if (!bytes || !from || columns < width || width < 1)
    return std::nullopt;
  for (const artifact::PackInfo &known : packs)
    if (known.from == uint64_t(*from) && known.columns == uint64_t(columns) && known.width == uint64_t(width))
      return int64_t(known.to);
  Checked to = packedEnd, rows(bytes->elements / columns);
  Checked size =
      rows * Checked(llvm::divideCeil(columns, width)) * Checked(width) * Checked(bytes->elementBytes) +
      Checked(bufferAlignment - 1);
  packedEnd += size.valid() ? Checked(size.get() / bufferAlignment * bufferAlignment) : size;
  if (!packedEnd.valid())
    return std::nullopt;
  packs.push_back({uint64_t(*from), uint64_t(to.get()), uint64_t(rows.get()), uint64_t(columns),
                   uint64_t(width), uint32_t(bytes->elementBytes)});
  return to.get();
}

std::pair<std::vector<artifact::PackInfo>, uint64_t> WeightLayout::takePacks() {
  return {std::exchange(packs, {}), uint64_t(std::exchange(packedEnd, Checked(0)).get())};
}

std::optional<WeightLayout::Stretch> WeightLayout::place(ElementsAttr constant, int64_t columns,
                                                         int64_t width) {
  std::optional<ConstantBytes> bytes = bytesOf(constant);
  if (!bytes)
    return std::nullopt;
  if (bytes->isSplat) // panels of one value are that value
    width = width ? llvm::divideCeil(columns, width) * width : 0;
  auto attribute = std::tuple(constant.getAsOpaquePointer(), columns, width);
  if (auto found = known.find(attribute); found != known.end())
    return found->second;
  Key key(llvm::xxh3_64bits(llvm::StringRef(bytes->data.data(), bytes->data.size())), bytes->elements,
          bytes->elementBytes, columns, width);
  for (auto [at, last] = stored.equal_range(key); at != last; ++at)
    if (at->second.bytes.data == bytes->data && at->second.bytes.isFloat32 == bytes->isFloat32)
      return known[attribute] = at->second.place;

  Checked offset = end, size(bytes->size());
  bool flush = bytes->isFloat32 && !keepDenormals;
  std::function<bool(const artifact::ByteSink &)> produce;
  if (!width) {
    produce = [bytes = *bytes, flush](const artifact::ByteSink &sink) {
      return producePlain(bytes, flush, sink);
    };
  } else if (bytes->isSplat) {
    bytes->elements = columns ? bytes->elements / columns * width : 0;
    size = Checked(bytes->size());
    produce = [bytes = *bytes, flush](const artifact::ByteSink &sink) {
      return producePlain(bytes, flush, sink);
    };
  } else {
    size = Checked(columns ? bytes->elements / columns : 0) * Checked(llvm::divideCeil(columns, width)) *
           Checked(width) * Checked(bytes->elementBytes);
    produce = [bytes = *bytes, columns, width, flush](const artifact::ByteSink &sink) {
      return producePanels(bytes, columns, width, flush, sink);
    };
  }
  Checked padded = size + Checked(bufferAlignment - 1);
  end += padded.valid() ? Checked(padded.get() / bufferAlignment * bufferAlignment) : padded;
  if (!end.valid() || !size.valid())
    return std::nullopt;
  if (size.get() > 0)
    chunks.push_back({uint64_t(offset.get()), uint64_t(size.get()), std::move(produce)});
  Stretch placed{offset.get(), size.get()};
  stored.emplace(key, Stored{*bytes, placed});
  return known[attribute] = placed;
}

} // namespace tegula::codegen::host
