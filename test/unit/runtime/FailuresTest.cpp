// Whatever allocation fails while a model is loaded and run, the caller gets a status and can go on.
#include "TestModel.h"

#include <gtest/gtest.h>

using namespace tegula;
using namespace tegula::runtime::test;

namespace {

/// Loads a model, runs it once on memory of the context's own, and frees everything.
tgl_code useOnce(PageAligned &bytes, int threads, tgl_status *status) {
  tgl_model *model = nullptr;
  tgl_context *context = nullptr;
  tgl_code code = tgl_model_load_memory(bytes.data(), bytes.size(), &model, status);
  if (code == TGL_OK)
    code = tgl_context_create(model, threads, &context, status);
  if (code == TGL_OK && tgl_model_input_count(model) == 2) { // the symbolic one
    const int64_t x[] = {8}, z[] = {8, 2};
    code = tgl_set_input_shape(context, 0, x, 1, status);
    if (code == TGL_OK)
      code = tgl_set_input_shape(context, 1, z, 2, status);
  }
  void *memory;
  for (int32_t i = 0; code == TGL_OK && i < tgl_model_input_count(model); ++i)
    code = tgl_own_input(context, i, &memory, status);
  for (int32_t i = 0; code == TGL_OK && i < tgl_model_output_count(model); ++i)
    code = tgl_own_output(context, i, &memory, status);
  if (code == TGL_OK)
    code = tgl_run(context, status);
  tgl_context_free(context);
  tgl_model_free(model);
  return code;
}

/// Lets the first, the second, ... allocation fail until none is left to; how many there were.
int64_t failEach(PageAligned &bytes, int threads) {
  for (int64_t succeed = 0;; ++succeed) {
    tgl_status status = {};
    allocationsLeft = succeed;
    tgl_code code = useOnce(bytes, threads, &status);
    bool failed = allocationsLeft.exchange(INT64_MAX) < 0;
    if (!failed) {
      EXPECT_EQ(code, TGL_OK) << status.text;
      return succeed;
    }
    EXPECT_EQ(code, TGL_ERR_MEMORY) << "allocation " << succeed << ": " << status.text;
    EXPECT_STRNE(status.text, "") << "allocation " << succeed;
  }
}

TEST(Failures, EachAllocationOfAModelsLife) {
  PageAligned bytes(makeModel());
  EXPECT_GT(failEach(bytes, 1), 20);
  EXPECT_GT(failEach(bytes, 2), 20);
}

TEST(Failures, EachAllocationWithSizesThatARunChooses) {
  PageAligned bytes(makeSymbolicModel());
  EXPECT_GT(failEach(bytes, 1), 20);
}

TEST(Failures, WeightsWithoutRowsArePackedAtOnce) {
  artifact::ArtifactContents contents = makeModelContents();
  artifact::TargetInfo &target = contents.manifest.targets.front();
  target.packs = {{target.weightsBegin, 0, 0, uint64_t(1) << 40, 1, 4}};
  target.packedBytes = 64;
  std::vector<uint8_t> file;
  std::string error;
  ASSERT_TRUE(writeArtifact(contents, file, error)) << error;
  PageAligned bytes(file);
  tgl_status status = {};
  EXPECT_EQ(useOnce(bytes, 1, &status), TGL_OK) << status.text;
}

} // namespace
