// The C API: loads, refuses, describes, binds and runs, with the caller's state left as it was.
#include "TestModel.h"

#include "core/CpuFeatures.h"
#include "core/Imports.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <new>
#include <thread>
#include <unistd.h>
#include <xmmintrin.h>

using namespace tegula;
using namespace tegula::runtime::test;

/// Counts allocations of the whole program, to show that a run makes none.
static std::atomic<int64_t> allocations = 0;
std::atomic<int64_t> tegula::runtime::test::allocationsLeft = INT64_MAX;
void *operator new(size_t size) {
  ++allocations;
  if (--allocationsLeft >= 0)
    if (void *memory = std::malloc(size ? size : 1))
      return memory;
  throw std::bad_alloc();
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, size_t) noexcept { std::free(memory); }

namespace {

ModelPointer load(PageAligned &bytes, tgl_status *status = nullptr) {
  tgl_model *model = nullptr;
  tgl_model_load_memory(bytes.data(), bytes.size(), &model, status);
  return ModelPointer(model);
}

ContextPointer createContext(const ModelPointer &model, int threads, tgl_status *status = nullptr) {
  tgl_context *context = nullptr;
  tgl_context_create(model.get(), threads, &context, status);
  return ContextPointer(context);
}

std::vector<float> makeInput(float scale = 1) {
  std::vector<float> x(modelSize);
  for (int64_t i = 0; i < modelSize; ++i)
    x[size_t(i)] = scale * float(i);
  return x;
}

void expectResult(const std::vector<float> &x, const float *y) {
  for (int64_t i = 0; i < modelSize; ++i)
    ASSERT_EQ(y[i], expf(x[size_t(i)] * weightOf(i))) << i;
}

class Runtime : public testing::Test {
protected:
  PageAligned bytes{makeModel()};
  tgl_status status = {};
};

TEST_F(Runtime, RunsFromMemoryOnOneToThreeThreads) {
  ModelPointer model = load(bytes, &status);
  ASSERT_TRUE(model) << status.text;
  for (int threads : {1, 2, 3}) {
    ContextPointer context = createContext(model, threads, &status);
    ASSERT_TRUE(context) << status.text;
    EXPECT_EQ(tgl_context_threads(context.get()), threads);
    std::vector<float> x = makeInput(), y(modelSize);
    ASSERT_EQ(tgl_bind_input_named(context.get(), "x", x.data(), modelSize * 4, &status), TGL_OK)
        << status.text;
    ASSERT_EQ(tgl_bind_output(context.get(), 0, y.data(), modelSize * 4, &status), TGL_OK) << status.text;
    ASSERT_EQ(tgl_run(context.get(), &status), TGL_OK) << status.text;
    expectResult(x, y.data());
  }
}

TEST_F(Runtime, RunsFromAFile) {
  std::string path = testing::TempDir() + "runtime" + std::to_string(getpid()) + ".tgl", error;
  ASSERT_TRUE(writeArtifact(makeModelContents(), path, error)) << error;
  tgl_model *loaded = nullptr;
  ASSERT_EQ(tgl_model_load_file(path.c_str(), &loaded, &status), TGL_OK) << status.text;
  ModelPointer model(loaded);
  std::remove(path.c_str()); // the mapping keeps the file
  ContextPointer context = createContext(model, 2, &status);
  ASSERT_TRUE(context) << status.text;
  model.reset(); // the context keeps what it needs
  void *x = nullptr, *y = nullptr, *again = nullptr;
  ASSERT_EQ(tgl_own_input(context.get(), 0, &x, &status), TGL_OK);
  ASSERT_EQ(tgl_own_output(context.get(), 0, &y, &status), TGL_OK);
  ASSERT_EQ(tgl_own_output(context.get(), 0, &again, &status), TGL_OK);
  EXPECT_EQ(y, again);
  std::vector<float> values = makeInput();
  std::copy(values.begin(), values.end(), static_cast<float *>(x));
  ASSERT_EQ(tgl_run(context.get(), &status), TGL_OK) << status.text;
  expectResult(values, static_cast<float *>(y));
}

TEST_F(Runtime, UnalignedMemoryIsCopied) {
  std::vector<uint8_t> shifted(bytes.size() + 1);
  std::copy(bytes.data(), bytes.data() + bytes.size(), shifted.begin() + 1);
  tgl_model *loaded = nullptr;
  ASSERT_EQ(tgl_model_load_memory(shifted.data() + 1, bytes.size(), &loaded, &status), TGL_OK) << status.text;
  ModelPointer model(loaded);
  ContextPointer context = createContext(model, 2, &status);
  std::vector<float> x = makeInput(), y(modelSize);
  tgl_bind_input(context.get(), 0, x.data(), modelSize * 4, nullptr);
  tgl_bind_output(context.get(), 0, y.data(), modelSize * 4, nullptr);
  ASSERT_EQ(tgl_run(context.get(), &status), TGL_OK);
  expectResult(x, y.data());
}

TEST_F(Runtime, DescribesTheModel) {
  ModelPointer model = load(bytes);
  EXPECT_EQ(tgl_model_input_count(model.get()), 1);
  EXPECT_EQ(tgl_model_output_count(model.get()), 1);
  tgl_tensor_info info;
  ASSERT_EQ(tgl_model_input(model.get(), 0, &info, &status), TGL_OK);
  EXPECT_STREQ(info.name, "x");
  EXPECT_EQ(info.dtype, TGL_FLOAT32);
  ASSERT_EQ(info.rank, 2);
  EXPECT_EQ(info.dims[1], 100);
  EXPECT_STREQ(info.dim_names[0], "batch");
  EXPECT_STREQ(info.dim_names[1], "");
  EXPECT_EQ(info.bytes, 4000u);
  EXPECT_EQ(tgl_model_input(model.get(), 1, &info, &status), TGL_ERR_ARGUMENT);
  EXPECT_EQ(tgl_model_output(model.get(), -1, &info, &status), TGL_ERR_ARGUMENT);
  EXPECT_EQ(tgl_model_find_output(model.get(), "y"), 0);
  EXPECT_EQ(tgl_model_find_input(model.get(), "y"), -1);
  tgl_model_info about;
  tgl_model_describe(model.get(), &about);
  EXPECT_STREQ(about.producer, "test");
  EXPECT_EQ(about.target_count, 1);
  tgl_target_info target;
  ASSERT_EQ(tgl_model_target(model.get(), 0, &target, &status), TGL_OK);
  EXPECT_STREQ(target.name, "x86-64");
  EXPECT_STREQ(target.language, "x86");
  EXPECT_STREQ(target.features, "sse3");
  EXPECT_EQ(target.dispatch_count, 2);
  EXPECT_EQ(tgl_model_target(model.get(), 1, &target, &status), TGL_ERR_ARGUMENT);
  EXPECT_STREQ(status.text, "expected a target below 1, got 1");
  tgl_dispatch_info dispatch;
  ASSERT_EQ(tgl_model_dispatch(model.get(), 0, 1, &dispatch, &status), TGL_OK);
  EXPECT_STREQ(dispatch.kernel, "exponential");
  EXPECT_STREQ(dispatch.nodes, "exp");
  EXPECT_EQ(dispatch.cells, modelSize);
  EXPECT_EQ(tgl_model_dispatch(model.get(), 0, 2, &dispatch, &status), TGL_ERR_ARGUMENT);
  EXPECT_STREQ(tgl_dtype_name(TGL_BFLOAT16), "bfloat16");
  EXPECT_EQ(tgl_dtype_size(TGL_FLOAT64), 8u);
}

TEST_F(Runtime, RefusesWhatDoesNotFit) {
  ModelPointer model = load(bytes);
  ContextPointer context = createContext(model, 1);
  alignas(64) static uint8_t memory[3 * modelSize * 4];
  auto refused = [&](tgl_code code, const char *text) {
    EXPECT_EQ(code, TGL_ERR_ARGUMENT);
    EXPECT_EQ(status.code, code);
    EXPECT_STREQ(status.text, text);
  };
  refused(tgl_run(context.get(), &status), "input 'x' is not bound");
  refused(tgl_bind_input(context.get(), 0, memory, 3999, &status),
          "expected 4000 bytes for input 'x', got 3999");
  refused(tgl_bind_input(context.get(), 0, nullptr, 4000, &status), "expected memory for input 'x'");
  refused(tgl_bind_input(context.get(), 0, memory + 2, 4000, &status),
          "expected memory aligned to the elements of input 'x'");
  refused(tgl_bind_input(context.get(), 1, memory, 4000, &status), "no such input");
  refused(tgl_bind_output(context.get(), -1, memory, 4000, &status), "no such output");
  refused(tgl_bind_input_named(context.get(), "q", memory, 4000, &status), "the model has no input 'q'");
  refused(tgl_bind_output_named(context.get(), nullptr, memory, 4000, &status), "the model has no output ''");
  EXPECT_EQ(tgl_bind_input(context.get(), 0, memory, 4000, &status), TGL_OK);
  refused(tgl_run(context.get(), &status), "output 'y' is not bound");
  EXPECT_EQ(tgl_bind_output(context.get(), 0, memory + 3996, 4000, &status), TGL_OK);
  refused(tgl_run(context.get(), &status), "output 'y' overlaps input 'x'");
  EXPECT_EQ(tgl_bind_output(context.get(), 0, memory + 4000, 4000, &status), TGL_OK);
  EXPECT_EQ(tgl_run(context.get(), &status), TGL_OK);
  tgl_context *none;
  EXPECT_EQ(tgl_context_create(model.get(), -1, &none, nullptr), TGL_ERR_ARGUMENT);
  EXPECT_EQ(tgl_context_create(nullptr, 1, &none, nullptr), TGL_ERR_ARGUMENT);
  tgl_model *missing;
  EXPECT_EQ(tgl_model_load_file("/nowhere.tgl", &missing, &status), TGL_ERR_IO);
  EXPECT_STREQ(status.text, "/nowhere.tgl: No such file or directory");
  EXPECT_EQ(tgl_model_load_file("/", &missing, &status), TGL_ERR_IO);
  EXPECT_EQ(tgl_model_load_file("/dev/null", &missing, &status), TGL_ERR_IO);
  EXPECT_EQ(tgl_model_load_file(nullptr, &missing, &status), TGL_ERR_ARGUMENT);
  EXPECT_EQ(missing, nullptr);
}

TEST_F(Runtime, DescribesButDoesNotRunCodeForMachinesWithOtherFeatures) {
  artifact::ArtifactContents contents = makeModelContents();
  contents.manifest.targets[0].features = {"sse3", "quantum", "warp"};
  std::vector<uint8_t> file;
  std::string error;
  ASSERT_TRUE(writeArtifact(contents, file, error));
  PageAligned aligned(file);
  ModelPointer model = load(aligned, &status);
  ASSERT_TRUE(model) << status.text;
  tgl_target_info info;
  ASSERT_EQ(tgl_model_target(model.get(), 0, &info, &status), TGL_OK);
  EXPECT_STREQ(info.features, "sse3 quantum warp");
  EXPECT_FALSE(createContext(model, 1, &status));
  EXPECT_EQ(status.code, TGL_ERR_UNSUPPORTED);
  EXPECT_STREQ(status.text, "this machine's CPU lacks quantum, warp, which code for x86-64 needs: compile "
                            "the model for this machine");
}

TEST_F(Runtime, EveryFlippedByteIsRefusedBeforeARun) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes.data()[i] ^= 0x10;
    ModelPointer model = load(bytes, &status);
    if (model) { // then it is in the weights, which are verified with the first context
      EXPECT_FALSE(createContext(model, 1, &status)) << "byte " << i;
      EXPECT_FALSE(createContext(model, 2, &status)) << "byte " << i;
    }
    EXPECT_TRUE(status.code == TGL_ERR_CORRUPT || status.code == TGL_ERR_VERSION)
        << "byte " << i << ": " << status.text;
    bytes.data()[i] ^= 0x10;
  }
  EXPECT_TRUE(load(bytes));
}

TEST_F(Runtime, ReportsTheKernelThatFailed) {
  ModelPointer model = load(bytes);
  ContextPointer context = createContext(model, 1);
  std::vector<float> x = makeInput(), y(modelSize);
  x[0] = 12345;
  tgl_bind_input(context.get(), 0, x.data(), 4000, nullptr);
  tgl_bind_output(context.get(), 0, y.data(), 4000, nullptr);
  EXPECT_EQ(tgl_run(context.get(), &status), TGL_ERR_RUN);
  EXPECT_STREQ(status.text, "kernel 'exponential' failed, which computes exp");
  x[0] = 0;
  EXPECT_EQ(tgl_run(context.get(), &status), TGL_OK);
}

TEST_F(Runtime, RunsAllocateNothingAndProfile) {
  ModelPointer model = load(bytes);
  ContextPointer context = createContext(model, 2);
  std::vector<float> x = makeInput(), y(modelSize);
  std::vector<int64_t> times(2, -1);
  tgl_bind_input(context.get(), 0, x.data(), 4000, nullptr);
  tgl_bind_output(context.get(), 0, y.data(), 4000, nullptr);
  EXPECT_EQ(tgl_context_profile(context.get(), times.data(), 1, &status), TGL_ERR_ARGUMENT);
  ASSERT_EQ(tgl_context_profile(context.get(), times.data(), 2, &status), TGL_OK);
  int64_t before = allocations;
  for (int i = 0; i < 100; ++i)
    tgl_run(context.get(), &status);
  EXPECT_EQ(allocations, before);
  EXPECT_GT(times[0], 0);
  EXPECT_GT(times[1], 0);
  times = {-1, -1};
  ASSERT_EQ(tgl_context_profile(context.get(), nullptr, 0, &status), TGL_OK);
  tgl_run(context.get(), &status);
  EXPECT_EQ(times[0], -1);
}

TEST_F(Runtime, ThreadsOfThisProcessCountNothing) {
  ModelPointer model = load(bytes);
  ContextPointer context = createContext(model, 1);
  EXPECT_EQ(tgl_context_count(context.get(), 1, &status), TGL_ERR_ARGUMENT);
  EXPECT_STREQ(status.text, "expected the device emulator, which alone counts what kernels do, got cpu");
  const tgl_launch_counts *counts = nullptr;
  size_t count = 1;
  EXPECT_EQ(tgl_context_counts(context.get(), &counts, &count, &status), TGL_OK);
  EXPECT_EQ(count, 0u);
}

TEST_F(Runtime, CountsCannotBeReadDuringARun) {
  ModelPointer model = load(bytes);
  ContextPointer context = createContext(model, 1);
  std::vector<float> x(1000), y(1000);
  tgl_bind_input(context.get(), 0, x.data(), 4000, nullptr);
  tgl_bind_output(context.get(), 0, y.data(), 4000, nullptr);
  std::atomic<bool> ends = false;
  std::thread runs([&] {
    while (!ends)
      EXPECT_EQ(tgl_run(context.get(), nullptr), TGL_OK);
  });
  const tgl_launch_counts *counts = nullptr;
  size_t count = 1;
  tgl_code code = TGL_OK;
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (code == TGL_OK && std::chrono::steady_clock::now() < deadline)
    code = tgl_context_counts(context.get(), &counts, &count, &status);
  ends = true;
  runs.join();
  EXPECT_EQ(code, TGL_ERR_ARGUMENT);
  EXPECT_STREQ(status.text, "the context is running in another thread");
  EXPECT_EQ(count, 0u);
}

TEST_F(Runtime, RunsOfChosenShapesAllocateNothing) {
  PageAligned file(makeSymbolicModel());
  ModelPointer model = load(file);
  ContextPointer context = createContext(model, 2);
  std::vector<float> x = makeInput(), y(modelSize);
  std::vector<int8_t> z(2 * modelSize);
  for (int64_t n : {900, 20}) {
    int64_t dims[] = {n, 2};
    (void)tgl_set_input_shape(context.get(), 0, dims, 1, nullptr);
    ASSERT_EQ(tgl_set_input_shape(context.get(), 1, dims, 2, &status), TGL_OK) << status.text;
    tgl_bind_input(context.get(), 0, x.data(), size_t(n) * 4, nullptr);
    tgl_bind_input(context.get(), 1, z.data(), size_t(n) * 2, nullptr);
    tgl_bind_output(context.get(), 0, y.data(), size_t(n) * 4, nullptr);
    int64_t before = allocations;
    EXPECT_EQ(tgl_run(context.get(), &status), TGL_OK) << status.text;
    EXPECT_EQ(allocations, before);
    EXPECT_EQ(y[size_t(n) - 1], expf(x[size_t(n) - 1] * weightOf(n - 1)));
  }
}

/// exp(denormal * huge): the product is 1.5, unless the denormal counts as zero.
float runWithDenormal(bool keep, int threads) {
  artifact::ArtifactContents contents = makeModelContents();
  contents.manifest.targets[0].keepDenormals = keep;
  contents.weights = {{0, modelSize * 4, [](const artifact::ByteSink &sink) {
                         std::vector<float> w(modelSize, 3e38f);
                         return sink(w.data(), modelSize * 4);
                       }}};
  std::vector<uint8_t> file;
  std::string error;
  EXPECT_TRUE(writeArtifact(contents, file, error));
  PageAligned aligned(file);
  ModelPointer model = load(aligned);
  ContextPointer context = createContext(model, threads);
  std::vector<float> x(modelSize, 5e-39f), y(modelSize);
  tgl_bind_input(context.get(), 0, x.data(), 4000, nullptr);
  tgl_bind_output(context.get(), 0, y.data(), 4000, nullptr);
  EXPECT_EQ(tgl_run(context.get(), nullptr), TGL_OK);
  for (float value : y)
    EXPECT_EQ(value, y[0]);
  return y[0];
}

TEST_F(Runtime, FlushesDenormalsUnlessTheyAreKept) {
  for (int threads : {1, 2}) {
    EXPECT_EQ(runWithDenormal(false, threads), 1.0f); // exp(0)
    EXPECT_GT(runWithDenormal(true, threads), 2.0f);  // exp(1.5)
  }
}

TEST_F(Runtime, GivesTheCallersFloatingPointModeBack) {
  ModelPointer model = load(bytes);
  ContextPointer context = createContext(model, 2);
  std::vector<float> x = makeInput(), y(modelSize);
  tgl_bind_input(context.get(), 0, x.data(), 4000, nullptr);
  tgl_bind_output(context.get(), 0, y.data(), 4000, nullptr);
  uint32_t before = _mm_getcsr(), roundingUp = 0x5f80;
  _mm_setcsr(roundingUp);
  tgl_code code = tgl_run(context.get(), &status);
  uint32_t after = _mm_getcsr();
  _mm_setcsr(before);
  EXPECT_EQ(code, TGL_OK);
  EXPECT_EQ(after & ~0x3fu, roundingUp);
  expectResult(x, y.data()); // and the kernels did not round upwards
}

TEST_F(Runtime, TwoContextsRunAtOnce) {
  ModelPointer model = load(bytes);
  std::atomic<int> wrong = 0;
  auto body = [&](float scale) {
    ContextPointer context = createContext(model, 2);
    std::vector<float> x = makeInput(scale), y(modelSize);
    tgl_bind_input(context.get(), 0, x.data(), 4000, nullptr);
    tgl_bind_output(context.get(), 0, y.data(), 4000, nullptr);
    for (int round = 0; round < 300; ++round) {
      std::fill(y.begin(), y.end(), 0.f);
      wrong += tgl_run(context.get(), nullptr) != TGL_OK;
      for (int64_t i = 0; i < modelSize; ++i)
        wrong += y[size_t(i)] != expf(x[size_t(i)] * weightOf(i));
    }
  };
  std::thread first(body, 1.f), second(body, 0.5f);
  first.join();
  second.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Imports, EveryAllowedNameHasAnAddress) {
  for (std::string_view symbol : artifact::allowedImports())
    EXPECT_NE(runtime::findImport(symbol), nullptr) << symbol;
  EXPECT_EQ(runtime::findImport("system"), nullptr);
}

TEST(CpuFeatures, AgreeWithTheCompilersOwnDetection) {
  __builtin_cpu_init();
  EXPECT_EQ(runtime::hasCpuFeature("avx2"), bool(__builtin_cpu_supports("avx2")));
  EXPECT_EQ(runtime::hasCpuFeature("fma"), bool(__builtin_cpu_supports("fma")));
  EXPECT_EQ(runtime::hasCpuFeature("bmi2"), bool(__builtin_cpu_supports("bmi2")));
  EXPECT_EQ(runtime::hasCpuFeature("avx512f"), bool(__builtin_cpu_supports("avx512f")));
  EXPECT_EQ(runtime::hasCpuFeature("avx512bw"), bool(__builtin_cpu_supports("avx512bw")));
  EXPECT_EQ(runtime::hasCpuFeature("avx512vnni"), bool(__builtin_cpu_supports("avx512vnni")));
  EXPECT_EQ(runtime::hasCpuFeature("popcnt"), bool(__builtin_cpu_supports("popcnt")));
  EXPECT_TRUE(runtime::hasCpuFeature("sse3"));
  EXPECT_FALSE(runtime::hasCpuFeature(""));
  EXPECT_FALSE(runtime::hasCpuFeature("avx3"));
}

} // namespace
