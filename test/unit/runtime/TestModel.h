// A model with machine code of its own, so that the runtime can be tested without a compiler.
#pragma once

#include "tegula/artifact/Writer.h"
#include "tegula/runtime.h"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace tegula::runtime::test {

/// y = exp(x * w) for `modelSize` floats: two dispatches, one imported function.
inline constexpr int64_t modelSize = 1000;
artifact::ArtifactContents makeModelContents();
std::vector<uint8_t> makeModel();
/// The same for n floats, chosen by a run: x of n, z of n x 2 that is not read, at most 1000.
artifact::ArtifactContents makeSymbolicContents();
std::vector<uint8_t> makeSymbolicModel();
/// The weight of element `i`.
float weightOf(int64_t i);

/// How many allocations of the program may succeed from now on.
extern std::atomic<int64_t> allocationsLeft;

struct FreeModel {
  void operator()(tgl_model *model) const { tgl_model_free(model); }
};
struct FreeContext {
  void operator()(tgl_context *context) const { tgl_context_free(context); }
};
using ModelPointer = std::unique_ptr<tgl_model, FreeModel>;
using ContextPointer = std::unique_ptr<tgl_context, FreeContext>;

/// Bytes on a page border, as a mapped file has them.
class PageAligned {
public:
  explicit PageAligned(const std::vector<uint8_t> &bytes);
  ~PageAligned();
  PageAligned(const PageAligned &) = delete;
  uint8_t *data() { return begin; }
  size_t size() const { return bytes; }

private:
  uint8_t *begin;
  size_t bytes;
};

} // namespace tegula::runtime::test
