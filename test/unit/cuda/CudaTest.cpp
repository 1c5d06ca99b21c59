// A model on a CUDA device: the calls in their order, every one of them failing, and nothing left behind.
#include "tegula/artifact/Writer.h"
#include "tegula/runtime.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

// The host function of a model of two launches: it computes addresses and follows none.
asm(R"(
  .pushsection .text
  .balign 64
tegulaCudaImage:
tegulaCudaEntry:                    # rdi host, rsi inputs, rdx outputs, rcx weights
  pushq %rbx
  pushq %r12
  subq $40, %rsp
  movq %rdi, %rbx
  movq (%rsi), %rax
  movq %rax, 0(%rsp)
  movq %rcx, 8(%rsp)
  movq (%rdx), %rax
  movq %rax, 16(%rsp)
  xorl %esi, %esi
  movq %rsp, %rdx
  movl $1000, %ecx
  xorl %r8d, %r8d
  callq *(%rbx)
  movq %rbx, %rdi
  xorl %esi, %esi
  leaq 16(%rsp), %rdx
  movl $1000, %ecx
  movl $1, %r8d
  callq *(%rbx)
  xorl %eax, %eax
  addq $40, %rsp
  popq %r12
  popq %rbx
  ret
tegulaCudaImageEnd:
  .popsection
)");

extern "C" const uint8_t tegulaCudaImage[], tegulaCudaImageEnd[];

namespace {

using namespace tegula::artifact;

constexpr int64_t count = 1000;
constexpr float weight = 0.5f;

const char *const ptx = R"(.version 8.0
.target sm_80
.address_size 64
.visible .entry scale(.param .u64 in, .param .u64 w, .param .u64 out, .param .u64 cells)
.maxntid 128
{
.reg .pred %p<2>; .reg .b32 %r<4>; .reg .f32 %f<4>; .reg .b64 %d<12>;
ld.param.u64 %d0, [in]; ld.param.u64 %d1, [w]; ld.param.u64 %d2, [out]; ld.param.u64 %d3, [cells];
mov.u32 %r0, %ctaid.x; mov.u32 %r1, %ntid.x; mov.u32 %r2, %tid.x;
mad.lo.s32 %r3, %r0, %r1, %r2;
cvt.u64.u32 %d4, %r3;
setp.ge.u64 %p0, %d4, %d3;
@%p0 bra end;
shl.b64 %d5, %d4, 2;
add.u64 %d6, %d0, %d5; add.u64 %d7, %d1, %d5; add.u64 %d8, %d2, %d5;
ld.global.f32 %f0, [%d6]; ld.global.f32 %f1, [%d7];
mul.f32 %f2, %f0, %f1;
st.global.f32 [%d8], %f2;
end:
ret;
}
.visible .entry negate(.param .u64 out, .param .u64 cells)
.maxntid 64
{
.reg .pred %p<2>; .reg .b32 %r<4>; .reg .f32 %f<2>; .reg .b64 %d<6>;
ld.param.u64 %d0, [out]; ld.param.u64 %d1, [cells];
mov.u32 %r0, %ctaid.x; mov.u32 %r1, %ntid.x; mov.u32 %r2, %tid.x;
mad.lo.s32 %r3, %r0, %r1, %r2;
cvt.u64.u32 %d2, %r3;
setp.ge.u64 %p0, %d2, %d1;
@%p0 bra end;
shl.b64 %d3, %d2, 2;
add.u64 %d4, %d0, %d3;
ld.global.f32 %f0, [%d4];
neg.f32 %f1, %f0;
st.global.f32 [%d4], %f1;
end:
ret;
}
)";

/// y = -(x * weight), for one card of at least `architecture`.
ArtifactContents makeContents(uint32_t architecture = 80) {
  ArtifactContents contents;
  Manifest &m = contents.manifest;
  m.producer = "test";
  m.inputs = {{"x", DType::Float32, {count}, {}}};
  m.outputs = {{"y", DType::Float32, {count}, {}}};
  TargetInfo &target = m.targets.emplace_back();
  target.name = "sm_" + std::to_string(architecture);
  target.language = Language::Ptx;
  target.architecture = architecture;
  target.arenaBytes = 64;
  target.kernels = {{"scale", {"mul"}, "", {128, 128, 0, 3, 0}},
                    {"negate", {"neg"}, "", {64, 64, 50000, 1, 0}}};
  target.dispatches = {{0, count, {"mul"}}, {1, count, {"neg"}}};
  target.weightsEnd = count * sizeof(float);
  contents.code = {{std::vector<uint8_t>(tegulaCudaImage, tegulaCudaImageEnd), ptx}};
  static const std::vector<float> weights(count, weight);
  contents.weights = {WeightChunk::view(0, weights.data(), count * sizeof(float))};
  return contents;
}

class Cuda : public testing::Test {
protected:
  void SetUp() override {
    setenv("TEGULA_CUDA_DRIVER", FAKE_CUDA, 1);
    void *library = dlopen(FAKE_CUDA, RTLD_NOW | RTLD_LOCAL);
    ASSERT_TRUE(library) << dlerror();
    reset = reinterpret_cast<void (*)(int)>(dlsym(library, "fakeCudaReset"));
    calls = reinterpret_cast<int (*)()>(dlsym(library, "fakeCudaCalls"));
    live = reinterpret_cast<int (*)()>(dlsym(library, "fakeCudaLive"));
    problem = reinterpret_cast<const char *(*)()>(dlsym(library, "fakeCudaProblem"));
    call = reinterpret_cast<const char *(*)(int)>(dlsym(library, "fakeCudaCall"));
    std::string error;
    ASSERT_TRUE(writeArtifact(makeContents(), bytes, error)) << error;
    reset(0);
  }

  /// Loads, runs four times (the last one profiled) and frees everything; what fails first ends it.
  tgl_code scenario(tgl_status &status) {
    tgl_model *model = nullptr;
    tgl_context *context = nullptr;
    status = {};
    tgl_code code = tgl_model_load_memory(bytes.data(), bytes.size(), &model, &status);
    if (!code)
      code = tgl_context_create_on(model, "cuda:0", 1, &context, &status);
    void *in = nullptr, *out = nullptr;
    if (!code)
      code = tgl_own_input(context, 0, &in, &status);
    if (!code)
      code = tgl_own_output(context, 0, &out, &status);
    int64_t nanoseconds[2] = {};
    for (int run = 0; run < 4 && !code; ++run) {
      for (int64_t i = 0; i < count; ++i)
        static_cast<float *>(in)[i] = float(i + run);
      if (run == 3)
        code = tgl_context_profile(context, nanoseconds, 2, &status);
      code = tgl_run(context, &status);
      for (int64_t i = 0; i < count && !code; ++i)
        EXPECT_EQ(static_cast<float *>(out)[i], -weight * float(i + run)) << i << " of run " << run;
      if (!code)
        EXPECT_EQ(tgl_context_device_nanoseconds(context), 2000000);
    }
    if (!code)
      EXPECT_EQ(nanoseconds[0], 1000000);
    if (!code)
      EXPECT_EQ(nanoseconds[1], 1000000);
    tgl_context_free(context);
    tgl_model_free(model);
    return code;
  }

  void (*reset)(int) = nullptr;
  int (*calls)() = nullptr, (*live)() = nullptr;
  const char *(*problem)() = nullptr, *(*call)(int) = nullptr;
  std::vector<uint8_t> bytes;
  tgl_status status = {};
};

TEST_F(Cuda, CallsComeInOrderAndNothingIsLeft) {
  ASSERT_EQ(scenario(status), TGL_OK) << status.text;
  EXPECT_STREQ(problem(), "");
  EXPECT_EQ(live(), 0);
  std::vector<std::string> run;
  for (int i = 0; i < calls(); ++i)
    if (std::string text = call(i); text != "cuCtxSetCurrent")
      run.push_back(text);
  auto begin = std::find(run.begin(), run.end(), "cuDeviceGetCount");
  const std::vector<std::string> expected = {
      "cuDeviceGetCount", "cuDeviceGet", "cuDeviceGetName", "cuDeviceTotalMem", "cuDeviceGetAttribute",
      "cuDeviceGetAttribute", "cuDevicePrimaryCtxRetain",
      // the model, once
      "cuModuleLoadDataEx", "cuModuleGetFunction scale", "cuModuleGetFunction negate",
      "cuFuncSetAttribute 50000", "cuMemAlloc 4000", "cuMemcpyHtoD 4000",
      // the context
      "cuStreamCreate", "cuEventCreate", "cuEventCreate", "cuMemAlloc 64", "cuMemsetD8Async 64",
      "cuMemAlloc 4000", "cuMemsetD8Async 4000", "cuMemAlloc 4000", "cuMemsetD8Async 4000",
      // the first run, kernel by kernel
      "cuMemcpyHtoDAsync 4000", "cuEventRecord", "cuLaunchKernel scale grid 8 block 128 shared 0",
      "cuLaunchKernel negate grid 16 block 64 shared 50000", "cuEventRecord", "cuMemcpyDtoHAsync 4000",
      "cuStreamSynchronize", "cuEventElapsedTime",
      // the second, captured
      "cuMemcpyHtoDAsync 4000", "cuEventRecord", "cuStreamBeginCapture",
      "cuLaunchKernel scale grid 8 block 128 shared 0", "cuLaunchKernel negate grid 16 block 64 shared 50000",
      "cuStreamEndCapture", "cuGraphInstantiate", "cuGraphLaunch", "cuGraphDestroy", "cuEventRecord",
      "cuMemcpyDtoHAsync 4000", "cuStreamSynchronize", "cuEventElapsedTime",
      // the third, repeated
      "cuMemcpyHtoDAsync 4000", "cuEventRecord", "cuGraphLaunch", "cuEventRecord", "cuMemcpyDtoHAsync 4000",
      "cuStreamSynchronize", "cuEventElapsedTime",
      // the fourth, each kernel timed
      "cuMemcpyHtoDAsync 4000", "cuEventRecord", "cuEventCreate", "cuEventRecord",
      "cuLaunchKernel scale grid 8 block 128 shared 0", "cuEventCreate", "cuEventRecord",
      "cuLaunchKernel negate grid 16 block 64 shared 50000", "cuEventCreate", "cuEventRecord",
      "cuEventRecord", "cuMemcpyDtoHAsync 4000", "cuStreamSynchronize", "cuEventElapsedTime",
      "cuEventElapsedTime", "cuEventElapsedTime",
      // and back
      "cuMemFree", "cuMemFree", "cuMemFree", "cuGraphExecDestroy", "cuEventDestroy", "cuEventDestroy",
      "cuEventDestroy", "cuEventDestroy", "cuEventDestroy", "cuStreamDestroy", "cuMemFree", "cuModuleUnload",
      "cuDevicePrimaryCtxRelease"};
  EXPECT_EQ(std::vector<std::string>(begin, run.end()), expected);
}

TEST_F(Cuda, EveryCallMayFail) {
  reset(1);
  tgl_code first = scenario(status);
  if (std::string(call(0)) == "cuInit") { // once a process: the next one asks again
    EXPECT_EQ(first, TGL_ERR_UNSUPPORTED);
    EXPECT_STREQ(status.text, "cannot open device 'cuda:0': cuInit: CUDA_ERROR_UNKNOWN (as the test asked)");
  }
  reset(0);
  ASSERT_EQ(scenario(status), TGL_OK) << status.text;
  reset(0);
  ASSERT_EQ(scenario(status), TGL_OK) << status.text;
  int all = calls();
  for (int failing = 1; failing <= all; ++failing) {
    reset(failing);
    tgl_code code = scenario(status);
    std::string failed = call(failing - 1);
    std::string name = failed.substr(0, failed.find(' '));
    bool givesBack = name.find("Free") != name.npos || name.find("Destroy") != name.npos ||
                     name.find("Unload") != name.npos || name.find("Release") != name.npos;
    EXPECT_EQ(live(), 0) << failing << ": " << failed;
    if (name == "cuCtxSetCurrent" && code == TGL_OK)
      continue; // while giving back: there is nobody to tell
    EXPECT_EQ(code == TGL_OK, givesBack) << failing << ": " << failed;
    if (code != TGL_OK) {
      EXPECT_NE(std::string(status.text).find(name), std::string::npos) << failed << ": " << status.text;
      EXPECT_NE(std::string(status.text).find("as the test asked"), std::string::npos) << status.text;
    }
    if (name == "cuLaunchKernel")
      EXPECT_NE(std::string(status.text)
                    .find(failed.find("scale") != failed.npos ? "computes mul" : "computes neg"),
                std::string::npos)
          << status.text;
    if (name == "cuMemAlloc")
      EXPECT_EQ(code, TGL_ERR_MEMORY);
    EXPECT_STREQ(problem(), "") << failing << ": " << failed;
  }
}

TEST_F(Cuda, ContextsShareTheModelOnTheCard) {
  tgl_model *model = nullptr;
  tgl_context *contexts[2] = {};
  ASSERT_EQ(tgl_model_load_memory(bytes.data(), bytes.size(), &model, &status), TGL_OK) << status.text;
  for (tgl_context *&context : contexts)
    ASSERT_EQ(tgl_context_create_on(model, "cuda", 1, &context, &status), TGL_OK) << status.text;
  EXPECT_STREQ(tgl_context_device(contexts[1]), "cuda:0");
  EXPECT_EQ(tgl_context_threads(contexts[1]), 1);
  int loads = 0, uploads = 0;
  for (int i = 0; i < calls(); ++i) {
    loads += std::string(call(i)) == "cuModuleLoadDataEx";
    uploads += std::string(call(i)) == "cuMemcpyHtoD 4000";
  }
  EXPECT_EQ(loads, 1);
  EXPECT_EQ(uploads, 1);
  tgl_model_free(model); // contexts keep what they share
  for (tgl_context *context : contexts)
    tgl_context_free(context);
  EXPECT_STREQ(problem(), "");
  EXPECT_EQ(live(), 0);
}

TEST_F(Cuda, TheNewestTargetThatACardRunsIsPicked) {
  ArtifactContents contents = makeContents(80);
  for (uint32_t architecture : {100u, 90u, 86u}) {
    ArtifactContents other = makeContents(architecture);
    contents.manifest.targets.push_back(other.manifest.targets[0]);
    contents.code.push_back(other.code[0]);
  }
  std::vector<uint8_t> file;
  std::string error;
  ASSERT_TRUE(writeArtifact(contents, file, error)) << error;
  tgl_model *model = nullptr;
  ASSERT_EQ(tgl_model_load_memory(file.data(), file.size(), &model, &status), TGL_OK) << status.text;
  EXPECT_EQ(tgl_model_find_target(model, "cuda:0", &status), 2);
  EXPECT_EQ(tgl_model_check_target(model, 0, "cuda:0", &status), TGL_OK);
  EXPECT_EQ(tgl_model_check_target(model, 1, "cuda:0", &status), TGL_ERR_UNSUPPORTED);
  EXPECT_STREQ(status.text, "code for sm_100 needs sm_100, but device 'cuda:0' (Fake card) is sm_90");
  EXPECT_EQ(tgl_model_find_target(model, "cpu", &status), -1);
  EXPECT_EQ(tgl_model_find_target(model, "cuda:7", &status), -1);
  EXPECT_STREQ(status.text, "cannot open device 'cuda:7': expected a card below 1, got 7");
  tgl_device_info info;
  EXPECT_EQ(tgl_device_describe("cuda:0", &info, &status), TGL_OK);
  EXPECT_STREQ(info.name, "Fake card");
  EXPECT_EQ(info.architecture, 90);
  EXPECT_EQ(info.memory_bytes, size_t(1) << 30);
  tgl_model_free(model);
  EXPECT_EQ(live(), 0);
}

TEST_F(Cuda, DamagedPtxIsRefusedWithTheDriversReason) {
  ArtifactContents contents = makeContents();
  contents.code[0].kernels = ".version 8.0\n.target sm_80\n.address_size 64\n.entry scale() { nonsense; }\n";
  std::string error;
  ASSERT_TRUE(writeArtifact(contents, bytes, error)) << error;
  EXPECT_EQ(scenario(status), TGL_ERR_UNSUPPORTED);
  EXPECT_NE(std::string(status.text).find("cuModuleLoadDataEx: CUDA_ERROR_INVALID_VALUE"), std::string::npos)
      << status.text;
  EXPECT_NE(std::string(status.text).find("line 4"), std::string::npos) << status.text;
  EXPECT_EQ(live(), 0);
}

} // namespace
