// Every error: what the emulator refuses to parse, and what it stops a kernel for.
#include "Emulate.h"

using namespace tegula::test;

namespace {

void expectStop(const Result &result, const std::string &text) {
  EXPECT_NE(result.error.find(text), std::string::npos) << "got: " << result.error;
}

TEST(ParseErrors, NameTheLine) {
  EXPECT_EQ(parseError(kernel("frobnicate.b32 %r1, %r2;")), "16: 'frobnicate.b32': unknown instruction");
  EXPECT_EQ(parseError(kernel("add.wild.s32 %r1, %r2, %r3;")),
            "16: 'add.wild.s32': unknown modifier '.wild'");
  EXPECT_EQ(parseError(kernel("add.s32 %r1, %r2;")), "16: 'add.s32': expected 3 operands, got 2");
  EXPECT_EQ(parseError(kernel("add.s32 %d1, %r2, %r3;")),
            "16: 'add.s32': expected a register of 32 bits, got '%d1' of 64");
  EXPECT_EQ(parseError(kernel("add.s32 %r1, %x, %r3;")), "16: 'add.s32': unknown name '%x'");
  EXPECT_EQ(parseError(kernel("bra $nowhere;")), "16: unknown label '$nowhere'");
  EXPECT_EQ(parseError(kernel("call nobody;")), "16: 'call': unknown function 'nobody'");
  EXPECT_EQ(parseError(kernel("mov.u32 %r1 %r2;")), "16: expected ',' or ';', got '%r2'");
  EXPECT_EQ(
      parseError(kernel("mma.sync.aligned.m16n8k64.row.col.f32.f16.f16.f32 {%f1}, {%r1}, {%r2}, {%f1};")),
      "16: 'mma.sync.aligned.m16n8k64.row.col.f32.f16.f16.f32': expected .m16n8k4, .m16n8k8, .m16n8k16 or "
      ".m16n8k32");
  EXPECT_EQ(parseError(".entry k()\n{\n"), "3: expected '}', got the end of the text");
  EXPECT_EQ(parseError(".strange\n"), "1: unknown directive '.strange'");
  EXPECT_EQ(parseError("/* open\n"), "1: comment without end");
  EXPECT_EQ(parseError(".func f()\n{\ncall f;\n}\n"), "1: 'f' calls itself, which is not supported");
}

TEST(Stops, OutOfBounds) {
  Result global = runBody("st.global.u64 [%d1+8], %d0;");
  expectStop(
      global,
      "kernel 'k', block (0,0,0), thread (31,0,0), line 16 'st.global.u64 [%d1+8], %d0;': writes 8 bytes at");
  expectStop(global, "out of bounds, 256 bytes after the start of 'out', which has 256");
  expectStop(runBody("ld.global.u32 %r1, [0];"), "out of bounds");
  expectStop(runBody(".shared .b32 x;\nst.shared.u32 [x+4], %r0;"), "out of bounds, the block has 4 bytes");
  expectStop(runBody(".local .b32 x;\nld.local.u32 %r1, [x+4];"),
             "of local memory: out of bounds, 4 bytes are there");
  expectStop(runBody("ld.param.u32 %r1, [out+8];"), "out of bounds, 8 bytes are there");
}

TEST(Stops, MisalignedAccess) {
  expectStop(runBody("ld.global.u32 %r1, [%d1+2];"), "thread (0,0,0), line 16");
  expectStop(runBody("ld.global.u32 %r1, [%d1+2];"), "misaligned");
  expectStop(runBody(".shared .align 16 .b8 x[64];\nld.shared.v4.u32 {%r1, %r2, %r3, %r4}, [x+8];"),
             "misaligned");
}

TEST(Stops, UnwrittenSharedMemory) {
  expectStop(runBody(".shared .b32 x[2];\nst.shared.u32 [x], %r0;\nld.shared.u32 %r1, [x+4];"),
             "reads 4 bytes at 0x4 of shared memory: nothing was written there");
}

TEST(Stops, WritesToWhatMayOnlyBeRead) {
  std::string text = kernel("mov.u64 %d2, c;\nst.global.u32 [%d2], %r0;", ".const .b32 c[2] = {1, 2};\n");
  expectStop(runKernel(text), "'c' may only be read");
}

TEST(Stops, DivergenceAtBarriers) {
  std::string half = "setp.lt.u32 %p1, %r0, 16;\n@%p1 bra $end;\n";
  expectStop(runBody(half + "bar.sync 0;\nbra $out;\n$end:\nbar.sync 1;\n$out:\n"), "divergence: lane");
  expectStop(runBody("setp.lt.u32 %p1, %r0, 16;\n@%p1 bar.sync 0;"),
             "divergence: lane 16 of the warp is needed but is not here");
  EXPECT_EQ(runBody(half + "bar.sync 0;\n$end:\n").error.find("divergence: lane"), std::string::npos);
}

TEST(Stops, DivergenceInsideWarps) {
  expectStop(runBody("setp.lt.u32 %p1, %r0, 16;\n@%p1 ret;\nshfl.sync.bfly.b32 %r1, %r0, 1, 31, -1;"),
             "divergence: lane 0 of the warp is needed but has exited");
  expectStop(runBody("shfl.sync.bfly.b32 %r1, %r0, 1, 31, 1;"), "is not in the mask of members");
  expectStop(runBody("movmatrix.sync.aligned.m8n8.trans.b16 %r1, %r0;", 16),
             "lane 16 of the warp is needed but does not exist");
}

TEST(Stops, BarriersThatNeverComplete) {
  expectStop(
      runBody("setp.lt.u32 %p1, %r0, 32;\n@%p1 bra $first;\nbar.sync 1;\n$first:\nbar.sync 0, 64;\n", 96),
      "never completes");
}

TEST(Stops, EndlessLoopsTrapsAndTables) {
  expectStop(runBody("$again:\nbra $again;"), "the limit of instructions is reached");
  expectStop(runBody("trap;"), "the kernel gave up");
  expectStop(runBody("ts: .branchtargets $a;\nbrx.idx %r0, ts;\n$a:\n"),
             "index 1 is beyond the list of targets");
}

TEST(Stops, BlocksThatTheKernelRefuses) {
  std::string error;
  GlobalMemory memory;
  auto run = [&](const std::string &limit, Extent block) {
    std::unique_ptr<PtxModule> module = parse(".entry k() " + limit + "\n{\nret;\n}\n");
    error.clear();
    return module && emulator::launch(*module, memory, {"k", {}, block, 0, {}}, error);
  };
  EXPECT_TRUE(run(".maxntid 8, 8, 1 .minnctapersm 2", {64}));
  EXPECT_FALSE(run(".maxntid 64", {65}));
  EXPECT_EQ(error, "kernel 'k': expected at most 64 threads, as .maxntid says, got 65");
  EXPECT_TRUE(run(".reqntid 8, 4", {8, 4}));
  EXPECT_FALSE(run(".reqntid 8, 4", {4, 8}));
  EXPECT_EQ(error, "kernel 'k': expected the block that .reqntid names, got (4,8,1)");
}

TEST(Stops, LaunchesThatDoNotFit) {
  std::unique_ptr<PtxModule> module = parse(kernel(""));
  ASSERT_TRUE(module);
  GlobalMemory memory;
  std::string error;
  std::vector<std::byte> eight(8);
  EXPECT_FALSE(emulator::launch(*module, memory, {"other", {}, {}, 0, eight}, error));
  EXPECT_EQ(error, "kernel 'other': the module has no such entry");
  EXPECT_FALSE(emulator::launch(*module, memory, {"k", {}, {2048}, 0, eight}, error));
  EXPECT_EQ(error, "kernel 'k': expected a block of 1 to 1024 threads, got (2048,1,1)");
  EXPECT_FALSE(emulator::launch(*module, memory, {"k", {0}, {}, 0, eight}, error));
  EXPECT_FALSE(emulator::launch(*module, memory, {"k", {}, {}, 0, {}}, error));
  EXPECT_EQ(error, "kernel 'k': expected 8 bytes of parameters, got 0");
  EXPECT_FALSE(emulator::launch(*module, memory, {"k", {}, {}, 163 * 1024 + 1, eight}, error));
  EXPECT_EQ(error,
            "kernel 'k': expected at most 166912 bytes of shared memory, as a block of sm_80 may have, "
            "got 166913");
}

TEST(Stops, SharedMemoryThatTheArchitectureDoesNotHave) {
  GlobalMemory memory;
  std::string error;
  auto run = [&](const std::string &architecture, uint32_t bytes, const std::string &declared = "") {
    std::unique_ptr<PtxModule> module =
        parse(".version 8.0\n.target " + architecture + "\n.entry k()\n{\n" + declared + "ret;\n}\n");
    error.clear();
    return module && emulator::launch(*module, memory, {"k", {}, {}, bytes, {}}, error);
  };
  EXPECT_TRUE(run("sm_80", 163 * 1024));
  EXPECT_TRUE(run("sm_86", 99 * 1024));
  EXPECT_FALSE(run("sm_86", 99 * 1024 + 1));
  EXPECT_FALSE(run("sm_89", 163 * 1024));
  EXPECT_TRUE(run("sm_90a, debug", 227 * 1024));
  EXPECT_FALSE(run("sm_90", 227 * 1024 + 1));
  EXPECT_TRUE(run("sm_80", 0, ".shared .b8 x[49152];\n"));
  EXPECT_FALSE(run("sm_80", 0, ".shared .b8 x[49153];\n"));
  EXPECT_NE(error.find("expected code that declares at most 49152 bytes of shared memory, got 491"),
            std::string::npos)
      << error;
  EXPECT_EQ(parseError(".target nothing\n"), "1: expected an architecture such as sm_80, got 'nothing'");
}

} // namespace
