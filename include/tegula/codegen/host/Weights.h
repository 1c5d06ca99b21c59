// Lays out the weights section and produces its bytes when they are written, so that packed weights never
// exist all at once.
#pragma once

#include "tegula/artifact/Writer.h"
#include "tegula/support/Checked.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

#include "llvm/ADT/ArrayRef.h"

#include <map>
#include <tuple>
#include <vector>

namespace tegula::codegen::host {

/// A constant as its bytes: either all of them, or one element that repeats.
struct ConstantBytes {
  llvm::ArrayRef<char> data;
  int64_t elementBytes = 0, elements = 0;
  bool isSplat = false;
  bool isFloat32 = false;
  int64_t size() const { return elementBytes * elements; }
};

/// The bytes of a constant; nothing for an attribute that holds none.
std::optional<ConstantBytes> bytesOf(mlir::ElementsAttr constant);

/// One weights section. Several plans may fill it one after the other; what they share is stored once.
class WeightLayout {
public:
  explicit WeightLayout(bool keepDenormals) : keepDenormals(keepDenormals) {}

  /// The offset of a constant in its own order. Equal constants share one place.
  std::optional<int64_t> add(mlir::ElementsAttr constant) { return add(constant, 0, 0); }
  /// The offset of a constant as panels of `width` of its last dimension, which has `columns` elements (see
  /// tile.pack).
  std::optional<int64_t> addPacked(mlir::ElementsAttr constant, int64_t columns, int64_t width) {
    return packLater ? addPack(constant, columns, width) : add(constant, columns, width);
  }
  /// From now on packed constants are stored in their own order, for all who read them so, and packed by the
  /// loader.
  void setPackLater(bool later) { packLater = later; }
  bool packsLater() const { return packLater; }

  /// Where that lies which was added since the last call, or was there and asked for: [first, second).
  std::pair<uint64_t, uint64_t> takeExtent();
  /// What the loader packs of what was added since the last call, and the bytes that it needs.
  std::pair<std::vector<artifact::PackInfo>, uint64_t> takePacks();
  /// Views into the constants' attributes: the context must outlive the write.
  std::vector<artifact::WeightChunk> takeChunks() { return std::move(chunks); }

private:
  struct Stretch {
    int64_t offset, size;
  };
  struct Stored {
    ConstantBytes bytes;
    Stretch place;
  };
  /// Content hash, elements, element bytes, columns, width: equal constants have equal keys.
  using Key = std::tuple<uint64_t, int64_t, int64_t, int64_t, int64_t>;

  std::optional<int64_t> add(mlir::ElementsAttr constant, int64_t columns, int64_t width);
  std::optional<Stretch> place(mlir::ElementsAttr constant, int64_t columns, int64_t width);

  std::optional<int64_t> addPack(mlir::ElementsAttr constant, int64_t columns, int64_t width);

  bool keepDenormals, packLater = false;
  Checked end{0};
  std::multimap<Key, Stored> stored;
  std::map<std::tuple<const void *, int64_t, int64_t>, Stretch>
      known; ///< attribute, columns, width: spares the hash
  std::pair<uint64_t, uint64_t> extent{UINT64_MAX, 0};
  std::vector<artifact::PackInfo> packs;
  Checked packedEnd{0};
  std::vector<artifact::WeightChunk> chunks;
};

} // namespace tegula::codegen::host
