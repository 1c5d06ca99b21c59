// Shapes chosen by a run: what they must fulfil, what follows from them, and memory that grows and is kept.
#include "TestModel.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace tegula;
using namespace tegula::runtime::test;

namespace {

class Shapes : public testing::Test {
protected:
  Shapes() {
    tgl_model *loaded = nullptr;
    tgl_model_load_memory(bytes.data(), bytes.size(), &loaded, &status);
    model.reset(loaded);
    tgl_context *made = nullptr;
    tgl_context_create(loaded, 2, &made, &status);
    context.reset(made);
  }

  tgl_code setX(int64_t n) { return tgl_set_input_shape(context.get(), 0, &n, 1, &status); }
  tgl_code setZ(int64_t n) {
    int64_t dims[] = {n, 2};
    return tgl_set_input_shape(context.get(), 1, dims, 2, &status);
  }
  void refused(tgl_code code, const char *text) {
    EXPECT_EQ(code, TGL_ERR_ARGUMENT);
    EXPECT_STREQ(status.text, text);
  }

  /// Runs at one size, in memory that the context owns; the output's address.
  void *runAt(int64_t n) {
    (void)setX(n);
    EXPECT_EQ(setZ(n), TGL_OK) << status.text;
    void *x = nullptr, *y = nullptr, *z = nullptr;
    EXPECT_EQ(tgl_own_input(context.get(), 0, &x, &status), TGL_OK) << status.text;
    EXPECT_EQ(tgl_own_input(context.get(), 1, &z, &status), TGL_OK) << status.text;
    EXPECT_EQ(tgl_own_output(context.get(), 0, &y, &status), TGL_OK) << status.text;
    for (int64_t i = 0; i < n; ++i)
      static_cast<float *>(x)[i] = float(i);
    EXPECT_EQ(tgl_run(context.get(), &status), TGL_OK) << status.text;
    for (int64_t i = 0; i < n; ++i)
      EXPECT_EQ(static_cast<float *>(y)[i], expf(float(i) * weightOf(i))) << i;
    return y;
  }

  PageAligned bytes{makeSymbolicModel()};
  tgl_status status = {};
  ModelPointer model;
  ContextPointer context;
};

TEST_F(Shapes, AreDescribedBeforeTheyAreKnown) {
  tgl_tensor_info info;
  ASSERT_EQ(tgl_model_input(model.get(), 1, &info, &status), TGL_OK);
  EXPECT_EQ(info.dims[0], -1);
  EXPECT_EQ(info.dims[1], 2);
  EXPECT_STREQ(info.dim_names[0], "n");
  EXPECT_EQ(info.bytes, 0u);
  tgl_model_info about;
  tgl_model_describe(model.get(), &about);
  EXPECT_STREQ(about.symbols, "n");
  tgl_target_info target;
  ASSERT_EQ(tgl_model_target(model.get(), 0, &target, &status), TGL_OK);
  EXPECT_STREQ(target.arena_formula, "8 B*n");
  tgl_dispatch_info dispatch;
  ASSERT_EQ(tgl_model_dispatch(model.get(), 0, 0, &dispatch, &status), TGL_OK);
  EXPECT_EQ(dispatch.cells, -1);
  EXPECT_STREQ(dispatch.cells_formula, "n");
}

TEST_F(Shapes, RunAtAnySizeInMemoryThatGrowsAndIsKept) {
  runAt(3);
  EXPECT_GE(tgl_context_arena_bytes(context.get()), 88u);
  void *large = runAt(900);
  size_t grown = tgl_context_arena_bytes(context.get());
  EXPECT_GE(grown, 7264u);
  EXPECT_EQ(runAt(1), large);
  EXPECT_EQ(runAt(900), large);
  EXPECT_EQ(tgl_context_arena_bytes(context.get()), grown);
  tgl_tensor_info info;
  ASSERT_EQ(tgl_context_output_shape(context.get(), 0, &info, &status), TGL_OK);
  EXPECT_EQ(info.dims[0], 900);
  EXPECT_EQ(info.bytes, 3600u);
  ASSERT_EQ(tgl_context_input_shape(context.get(), 1, &info, &status), TGL_OK);
  EXPECT_EQ(info.dims[0], 900);
}

TEST_F(Shapes, MustBeSetBeforeMemoryIsBound) {
  tgl_tensor_info info;
  void *data = nullptr;
  float memory[4];
  refused(tgl_run(context.get(), &status), "the shape of input 'x' is not set");
  refused(tgl_bind_input(context.get(), 0, memory, 16, &status), "the shape of input 'x' is not set");
  refused(tgl_own_output(context.get(), 0, &data, &status), "the shape of input 'x' is not set");
  EXPECT_EQ(setX(4), TGL_OK);
  EXPECT_EQ(tgl_bind_input(context.get(), 0, memory, 16, &status), TGL_OK) << status.text;
  refused(tgl_context_output_shape(context.get(), 0, &info, &status), "the shape of input 'z' is not set");
  refused(tgl_context_output_shape(context.get(), 1, &info, &status), "no such output");
  refused(tgl_context_input_shape(context.get(), 2, &info, &status), "no such input");
}

TEST_F(Shapes, MustAgreeOnASymbol) {
  tgl_tensor_info info;
  EXPECT_EQ(setX(10), TGL_OK);
  EXPECT_EQ(setZ(7), TGL_OK) << status.text; // x may follow
  const char *text = "dimension 'n' is 10 in input 'x' and 7 in input 'z'";
  refused(tgl_context_output_shape(context.get(), 0, &info, &status), text);
  refused(tgl_run(context.get(), &status), text);
  EXPECT_EQ(setX(7), TGL_OK);
  EXPECT_EQ(tgl_context_output_shape(context.get(), 0, &info, &status), TGL_OK);
  EXPECT_EQ(info.dims[0], 7);
}

TEST_F(Shapes, ThatANodeCannotTakeAreRefusedWithItsName) {
  const char *text = "node 'mul': expected at most 1000 rows, got 1001 (n = 1001)";
  EXPECT_EQ(setX(1001), TGL_OK);
  refused(setZ(1001), text);
  refused(tgl_run(context.get(), &status), text);
  runAt(1000);
}

TEST_F(Shapes, OutsideOfTheirBoundsAreRefusedAndVariantsAreTold) {
  artifact::ArtifactContents contents = makeSymbolicContents();
  artifact::TargetInfo &target = contents.manifest.targets[0];
  contents.manifest.symbolBounds = {{2, 8}};
  auto all = uint32_t(target.dispatches.size());
  target.kernels[0].codeBytes = 100;
  target.dispatches.push_back({0, 4, {"mul"}});
  target.variants = {{{4}, all, 1, 96, "", 96}};
  std::vector<uint8_t> written;
  std::string error;
  ASSERT_TRUE(artifact::writeArtifact(contents, written, error)) << error;
  PageAligned file(written);
  tgl_model *loaded = nullptr;
  tgl_context *made = nullptr;
  ASSERT_EQ(tgl_model_load_memory(file.data(), file.size(), &loaded, &status), TGL_OK) << status.text;
  ModelPointer bounded(loaded);
  ASSERT_EQ(tgl_context_create(loaded, 1, &made, &status), TGL_OK) << status.text;
  context.reset(made);
  const char *where = " in dimension 0 of input 'x'";
  refused(setX(9),
          (std::string("expected size 'n' to be from 2 to 8, as the model was compiled for, got 9") + where)
              .c_str());
  refused(setX(1),
          (std::string("expected size 'n' to be from 2 to 8, as the model was compiled for, got 1") + where)
              .c_str());
  EXPECT_EQ(tgl_context_variant(made), -1);
  for (auto [size, variant] : {std::pair(4, 1), std::pair(5, 0)}) {
    EXPECT_EQ(setX(size), TGL_OK) << status.text;
    EXPECT_EQ(setZ(size), TGL_OK) << status.text;
    EXPECT_EQ(tgl_context_variant(made), variant);
  }
  tgl_symbol_info symbol;
  ASSERT_EQ(tgl_model_symbol(loaded, 0, &symbol, &status), TGL_OK);
  EXPECT_EQ(symbol.highest, 8);
  refused(tgl_model_symbol(loaded, 1, &symbol, &status), "no such size");
  tgl_target_info about;
  ASSERT_EQ(tgl_model_target(loaded, 0, &about, &status), TGL_OK);
  EXPECT_EQ(about.variant_count, 2);
  tgl_variant_info info;
  ASSERT_EQ(tgl_model_variant(loaded, 0, 0, &info, &status), TGL_OK);
  EXPECT_STREQ(info.sizes, "");
  EXPECT_EQ(info.dispatch_count, int32_t(all));
  EXPECT_STREQ(info.arena_formula, "8 B*n");
  ASSERT_EQ(tgl_model_variant(loaded, 0, 1, &info, &status), TGL_OK);
  EXPECT_STREQ(info.sizes, "n=4");
  EXPECT_EQ(info.first_dispatch, int32_t(all));
  EXPECT_EQ(info.kernel_count, 1);
  EXPECT_EQ(info.code_bytes, 100u);
  EXPECT_EQ(info.arena_bytes, 96u);
  refused(tgl_model_variant(loaded, 0, 2, &info, &status), "no such variant");
}

TEST_F(Shapes, ThatAnInputCannotHaveAreRefused) {
  int64_t dims[] = {4, 3};
  refused(tgl_set_input_shape(context.get(), 0, dims, 2, &status),
          "expected 1 dimensions for input 'x', got 2");
  refused(tgl_set_input_shape(context.get(), 0, nullptr, 1, &status),
          "expected 1 dimensions for input 'x', got 0");
  refused(tgl_set_input_shape(context.get(), 1, dims, 2, &status),
          "expected size 2 in dimension 1 for input 'z', got 3");
  refused(tgl_set_input_shape(context.get(), 2, dims, 1, &status), "no such input");
  refused(setX(0), "expected a size of at least 1 in dimension 0 for input 'x', got 0");
  refused(setX(-5), "expected a size of at least 1 in dimension 0 for input 'x', got -5");
  EXPECT_EQ(setX(4), TGL_OK);
  refused(setX(INT64_MAX), "expected sizes that can be addressed for input 'x'");
  refused(setX((int64_t(1) << 47) + 1), "expected sizes that can be addressed for input 'x'");
  EXPECT_EQ(setZ(4), TGL_OK);
  tgl_tensor_info info;
  ASSERT_EQ(tgl_context_output_shape(context.get(), 0, &info, &status),
            TGL_OK); // the refused ones changed nothing
  EXPECT_EQ(info.dims[0], 4);
}

TEST_F(Shapes, AnotherSizeHasToBeBoundAnew) {
  std::vector<float> x(8), y(8);
  std::vector<int8_t> z(16);
  (void)setX(8);
  (void)setZ(8);
  EXPECT_EQ(tgl_bind_input(context.get(), 0, x.data(), 32, &status), TGL_OK);
  EXPECT_EQ(tgl_bind_input(context.get(), 1, z.data(), 16, &status), TGL_OK);
  EXPECT_EQ(tgl_bind_output(context.get(), 0, y.data(), 32, &status), TGL_OK);
  EXPECT_EQ(tgl_run(context.get(), &status), TGL_OK);
  (void)setX(8); // the same: nothing changes
  EXPECT_EQ(tgl_run(context.get(), &status), TGL_OK);
  (void)setX(9);
  (void)setZ(9);
  refused(tgl_run(context.get(), &status), "input 'x' is not bound");
  (void)setX(8);
  (void)setZ(8);
  EXPECT_EQ(tgl_bind_input(context.get(), 0, x.data(), 32, &status), TGL_OK);
  EXPECT_EQ(tgl_bind_input(context.get(), 1, z.data(), 16, &status), TGL_OK);
  refused(tgl_run(context.get(), &status), "output 'y' is not bound");
}

TEST_F(Shapes, OfModelsWithoutSymbolsMayBeSetToThemselves) {
  PageAligned file(makeModel());
  tgl_model *loaded = nullptr;
  tgl_context *made = nullptr;
  ASSERT_EQ(tgl_model_load_memory(file.data(), file.size(), &loaded, &status), TGL_OK);
  ModelPointer fixed(loaded);
  ASSERT_EQ(tgl_context_create(loaded, 1, &made, &status), TGL_OK);
  context.reset(made);
  int64_t right[] = {10, 100}, wrong[] = {11, 100};
  EXPECT_EQ(tgl_set_input_shape(made, 0, right, 2, &status), TGL_OK) << status.text;
  refused(tgl_set_input_shape(made, 0, wrong, 2, &status),
          "expected size 10 in dimension 0 for input 'x', got 11");
  tgl_tensor_info info;
  EXPECT_EQ(tgl_context_output_shape(made, 0, &info, &status), TGL_OK);
  EXPECT_EQ(info.bytes, 4000u);
}

TEST_F(Shapes, EveryFlippedByteOfASymbolicModelIsRefused) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes.data()[i] ^= 0x04;
    tgl_model *loaded = nullptr;
    tgl_model_load_memory(bytes.data(), bytes.size(), &loaded, &status);
    if (ModelPointer damaged{loaded}) { // then it is in the weights
      tgl_context *made = nullptr;
      EXPECT_EQ(tgl_context_create(loaded, 1, &made, &status), TGL_ERR_CORRUPT) << "byte " << i;
      tgl_context_free(made);
    }
    bytes.data()[i] ^= 0x04;
  }
}

} // namespace
