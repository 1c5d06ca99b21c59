// Copies a model's message field by field, leaving out weights without touching their pages.
#include "StripWeights.h"

#include "tegula/dialects/graph/Elements.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/wire_format_lite.h>

#include <limits>

namespace tegula::importer {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::ArrayInputStream;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

namespace {

// Numbers of the fields on the way to a weight's values.
enum {
  ModelGraph = 7,
  GraphInitializer = 5,
  TensorDims = 1,
  TensorFloats = 4,
  TensorName = 8,
  TensorRaw = 9,
  TensorDoubles = 10,
  TensorExternalData = 13
};

bool isBytes(uint32_t tag) {
  return WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
}

void appendVarint(uint32_t number, std::string &out) {
  uint8_t bytes[5];
  out.append(bytes, CodedOutputStream::WriteVarint32ToArray(number, bytes));
}

/// Copies a message, with the fields that `rewrite` takes replaced; nested lengths are written anew. False on
/// malformed bytes. `rewrite(field, in, size, out)` returns 1: taken, 0: copy as it stands, -1: malformed.
template <typename Rewrite>
bool copyMessage(const char *data, size_t size, std::string &out, Rewrite rewrite) {
  ArrayInputStream raw(data, int(size));
  CodedInputStream in(&raw);
  in.SetTotalBytesLimit(std::numeric_limits<int>::max());
  while (true) {
    auto begin = size_t(in.CurrentPosition());
    uint32_t tag = in.ReadTag();
    if (!tag)
      return in.ConsumedEntireMessage();
    if (!isBytes(tag)) {
      if (!WireFormatLite::SkipField(&in, tag))
        return false;
      out.append(data + begin, size_t(in.CurrentPosition()) - begin);
      continue;
    }
    uint32_t length = 0;
    if (!in.ReadVarint32(&length) || length > size - size_t(in.CurrentPosition()))
      return false;
    const char *field = data + in.CurrentPosition();
    std::string replaced;
    int taken = rewrite(WireFormatLite::GetTagFieldNumber(tag), field, length, replaced);
    if (taken < 0 || !in.Skip(int(length)))
      return false;
    appendVarint(tag, out);
    appendVarint(taken ? uint32_t(replaced.size()) : length, out);
    out.append(taken ? replaced.data() : field, taken ? replaced.size() : length);
  }
}

/// Copies a model with each initializer as `strip(data, size, out)` leaves it, which is false on malformed
/// bytes.
template <typename Strip> bool stripModel(const char *data, size_t size, std::string &out, Strip strip) {
  return copyMessage(
      data, size, out, [&](int field, const char *graph, size_t graphSize, std::string &strippedGraph) {
        if (field != ModelGraph)
          return 0;
        bool ok = copyMessage(graph, graphSize, strippedGraph,
                              [&](int inner, const char *tensor, size_t tensorSize, std::string &stripped) {
                                if (inner != GraphInitializer)
                                  return 0;
                                return strip(tensor, tensorSize, stripped) ? 1 : -1;
                              });
        return ok ? 1 : -1;
      });
}

} // namespace

bool stripAllWeights(const char *data, size_t size, std::string &out, RawValues *values) {
  return stripModel(data, size, out, [&](const char *tensor, size_t tensorSize, std::string &stripped) {
    llvm::StringRef found;
    bool ok = copyMessage(tensor, tensorSize, stripped,
                          [&](int field, const char *value, size_t length, std::string &) {
                            if (field == TensorRaw || field == TensorFloats || field == TensorDoubles)
                              found = llvm::StringRef(value, length);
                            return field != TensorDims && field != TensorName && field != TensorExternalData;
                          });
    if (values)
      values->push_back(found);
    return ok;
  });
}

bool stripLargeWeights(const char *data, size_t size, std::string &out, RawValues &left) {
  constexpr size_t readBytes = graph::kFoldLimit * sizeof(int64_t); // of the largest constant that is read
  return stripModel(data, size, out, [&](const char *tensor, size_t tensorSize, std::string &stripped) {
    left.emplace_back();
    return copyMessage(tensor, tensorSize, stripped,
                       [&](int field, const char *value, size_t bytes, std::string &) {
                         if (field != TensorRaw)
                           return false;
                         left.back() = bytes > readBytes ? llvm::StringRef(value, bytes) : llvm::StringRef();
                         return !left.back().empty();
                       });
  });
}

} // namespace tegula::importer
