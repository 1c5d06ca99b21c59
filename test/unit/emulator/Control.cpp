// Control flow, memory, barriers and what lanes of a warp do together.
#include "Emulate.h"

using namespace tegula::test;

namespace {

std::vector<uint64_t> words(const std::string &body, uint32_t threads = 32, const std::string &before = "") {
  Result result = runKernel(kernel(body, before), threads);
  EXPECT_EQ(result.error, "");
  return result.words;
}

TEST(Control, LoopsOfDifferentLengthJoinAgain) {
  auto out = words(
      "mov.u64 %d2, 0;\nmov.u32 %r1, 0;\nsetp.eq.u32 %p1, %r0, 0;\n@%p1 bra $end;\n"
      "$loop:\nadd.u64 %d2, %d2, 3;\nadd.u32 %r1, %r1, 1;\nsetp.lt.u32 %p2, %r1, %r0;\n@%p2 bra $loop;\n"
      "$end:\nactivemask.b32 %r2;\ncvt.u64.u32 %d3, %r2;\nshl.b64 %d3, %d3, 32;\nor.b64 %d2, %d2, %d3;\n"
      "st.global.u64 [%d1], %d2;");
  for (uint64_t i = 0; i < 32; ++i)
    EXPECT_EQ(out[i], (uint64_t(0xffffffff) << 32) + 3 * i);
}

TEST(Control, GuardsExitsAndTables) {
  auto out = words("mov.u64 %d2, 7;\nst.global.u64 [%d1], %d2;\nsetp.gt.u32 %p1, %r0, 9;\n@%p1 ret;\n"
                   "and.b32 %r1, %r0, 1;\nts: .branchtargets $a, $b;\nbrx.idx %r1, ts;\n"
                   "$a:\nmov.u64 %d2, 100;\nbra.uni $c;\n$b:\nmov.u64 %d2, 200;\n$c:\n"
                   "setp.eq.u32 %p2, %r0, 3;\n@!%p2 add.u64 %d2, %d2, 1;\nst.global.u64 [%d1], %d2;");
  EXPECT_EQ(out[0], 101u);
  EXPECT_EQ(out[1], 201u);
  EXPECT_EQ(out[3], 200u);
  EXPECT_EQ(out[10], 7u);
}

TEST(Control, CallsPassParametersAndReturn) {
  std::string functions =
      ".func (.param .b32 result) twice(.param .b32 x)\n{\n.reg .b32 %r<3>;\nld.param.u32 %r1, [x];\n"
      "add.u32 %r2, %r1, %r1;\nst.param.b32 [result], %r2;\nret;\n}\n"
      ".func (.param .b32 result) fourfold(.param .b32 x)\n{\n.reg .b32 %r<4>;\nld.param.u32 %r1, [x];\n"
      "{ .param .b32 a; st.param.b32 [a], %r1; .param .b32 b; call.uni (b), twice, (a); ld.param.b32 %r2, "
      "[b]; }\n"
      "{ .param .b32 a; st.param.b32 [a], %r2; .param .b32 b; call.uni (b), twice, (a); ld.param.b32 %r3, "
      "[b]; }\n"
      "st.param.b32 [result], %r3;\nret;\n}\n";
  auto out = words("setp.lt.u32 %p1, %r0, 5;\nmov.u32 %r2, %r0;\n@%p1 bra $skip;\n"
                   "{ .param .b32 a; st.param.b32 [a], %r0; .param .b32 b; call (b), fourfold, (a); "
                   "ld.param.b32 %r2, [b]; }\n"
                   "$skip:\ncvt.u64.u32 %d2, %r2;\nst.global.u64 [%d1], %d2;",
                   32, functions);
  for (uint64_t i = 0; i < 32; ++i)
    EXPECT_EQ(out[i], i < 5 ? i : 4 * i);
}

TEST(Memory, SpacesVectorsAndExtension) {
  auto out = words(
      ".local .align 16 .b8 stack[32];\nmov.u64 %d2, stack;\ncvta.local.u64 %d3, %d2;\n"
      "mov.u32 %r1, 0x80;\nmov.u32 %r2, 2;\nst.local.v2.u32 [stack], {%r1, %r2};\n"
      "st.u32 [%d3+8], %r0;\nld.local.s8 %r3, [%d2];\nld.v4.u16 {%h1, %h2, %h3, %h4}, [%d3+-0];\n"
      "ld.local.u32 %r4, [%d2+8];\ncvt.u32.u16 %r5, %h3;\nadd.u32 %r6, %r5, %r4;\n"
      "mov.b64 %d4, {%r6, %r3};\nisspacep.local %p1, %d3;\n@!%p1 mov.u64 %d4, 0;\nst.global.u64 [%d1], %d4;");
  for (uint64_t i = 0; i < 32; ++i)
    EXPECT_EQ(out[i], 0xffffff8000000002 + i);
}

TEST(Memory, VariablesHaveInitialValues) {
  auto out = words(
      "ld.const.u16 %h1, [table+2];\nld.global.f32 %f1, [numbers+4];\nld.global.u64 %d2, [pointer];\n"
      "ld.u32 %r1, [%d2];\ncvt.u32.u16 %r2, %h1;\nadd.u32 %r1, %r1, %r2;\ncvt.rzi.u32.f32 %r3, %f1;\n"
      "mov.b64 %d3, {%r1, %r3};\nst.global.u64 [%d1], %d3;",
      1,
      ".const .align 2 .u16 table[2] = {1, 20};\n.global .align 4 .f32 numbers[2] = {1.0, 0f41200000};\n"
      ".global .align 4 .b8 bytes[4] = {7, 1, 0, 0};\n.global .u64 pointer = generic(bytes);\n");
  EXPECT_EQ(out[0], (uint64_t(10) << 32) + 263 + 20);
}

TEST(Memory, AtomicsSeeEachOther) {
  auto out =
      words("setp.gt.u32 %p1, %r0, 1;\n@%p1 bra $wait;\nmov.u64 %d2, 0;\nst.global.u64 [%d1], %d2;\n$wait:\n"
            "bar.sync 0;\natom.global.add.u64 %d2, [%d0], 1;\ncvt.u64.u32 %d3, %r0;\n"
            "red.global.max.u64 [%d0+8], %d3;\n@%p1 st.global.u64 [%d1], %d2;",
            64);
  EXPECT_EQ(out[0], 64u);
  EXPECT_EQ(out[1], 63u);
  EXPECT_EQ(out[40], 40u);
}

TEST(Memory, AtomicOperations) {
  auto out = words("mov.u64 %d2, 6;\nst.global.u64 [%d0], %d2;\natom.cas.b64 %d3, [%d0], 6, "
                   "9;\natom.global.inc.u32 %r1, [%d0], 9;\n"
                   "atom.global.exch.b32 %r2, [%d0+4], 0f3F800000;\natom.global.gpu.relaxed.add.f32 %f1, "
                   "[%d0+4], 0f40000000;\n"
                   "atom.global.min.s32 %r3, [%d0], -2;\natom.global.and.b32 %r4, [%d0], 0xff;",
                   1);
  EXPECT_EQ(out[0], f32(3) << 32 | 0xfe);
}

TEST(Shared, TilesPassThroughBarriers) {
  for (const char *barrier : {"bar.sync 0;", "barrier.cta.sync.aligned 0;", "bar.sync 1, 256;"}) {
    auto out = words(
        ".shared .align 8 .b8 tile[2048];\nshl.b32 %r1, %r0, 3;\nmov.u32 %r2, tile;\nadd.u32 %r3, %r2, %r1;\n"
        "cvt.u64.u32 %d2, %r0;\nst.shared.u64 [%r3], %d2;\n" +
            std::string(barrier) +
            "\nsub.u32 %r4, 2040, %r1;\nadd.u32 %r4, %r4, %r2;\nld.shared.u64 %d3, [%r4];\nst.global.u64 "
            "[%d1], %d3;",
        256);
    for (uint64_t i = 0; i < 256; ++i)
      EXPECT_EQ(out[i], 255 - i);
  }
}

TEST(Shared, BarriersReduce) {
  auto out =
      words("setp.lt.u32 %p1, %r0, 10;\nbar.red.popc.u32 %r1, 0, %p1;\nbarrier.cta.red.or.pred %p2, 1, %p1;\n"
            "bar.red.and.pred %p3, 0, !%p1;\nselp.b32 %r2, 1, 0, %p2;\nselp.b32 %r3, 2, 0, %p3;\nor.b32 %r2, "
            "%r2, %r3;\n"
            "mov.b64 %d2, {%r1, %r2};\nst.global.u64 [%d1], %d2;",
            64);
  EXPECT_EQ(out[63], (uint64_t(1) << 32) + 10);
}

TEST(Shared, CopiesLandWhenTheyAreWaitedFor) {
  std::string start =
      ".shared .align 16 .b8 tile[512];\nmov.u32 %r2, tile;\nshl.b32 %r1, %r0, 3;\nadd.u32 %r3, %r2, %r1;\n"
      "cvt.u64.u32 %d2, %r0;\nst.global.u64 [%d1], %d2;\n"
      "cp.async.ca.shared.global [%r3], [%d1], 8;\ncp.async.commit_group;\n"
      "cp.async.ca.shared.global [%r3+256], [%d1], 8, 4;\ncp.async.commit_group;\n";
  auto out =
      words(start + "cp.async.wait_group 1;\nld.shared.u64 %d3, [%r3];\ncp.async.wait_all;\n"
                    "ld.shared.u64 %d4, [%r3+256];\nadd.u64 %d3, %d3, %d4;\nst.global.u64 [%d1], %d3;");
  EXPECT_EQ(out[9], 18u);
  Result early = runBody(start + "cp.async.wait_group 2;\nld.shared.u64 %d3, [%r3];");
  EXPECT_NE(early.error.find("asynchronous copy was not waited for"), std::string::npos) << early.error;
}

TEST(Warp, Shuffles) {
  auto out =
      words("shfl.sync.bfly.b32 %r1, %r0, 1, 31, -1;\nshfl.sync.up.b32 %r2|%p1, %r0, 2, 0, -1;\n"
            "shfl.sync.down.b32 %r3, %r0, 4, 0x181f, -1;\nshfl.sync.idx.b32 %r4, %r0, 3, 31, -1;\n"
            "selp.b32 %r5, 1, 0, %p1;\nshl.b32 %r1, %r1, 24;\nshl.b32 %r2, %r2, 16;\nshl.b32 %r3, %r3, 8;\n"
            "or.b32 %r1, %r1, %r2;\nor.b32 %r3, %r3, %r4;\nor.b32 %r1, %r1, %r3;\nmov.b64 %d2, {%r1, %r5};\n"
            "st.global.u64 [%d1], %d2;");
  for (uint64_t i = 0; i < 32; ++i) {
    uint64_t up = i >= 2 ? i - 2 : i, down = i % 8 < 4 ? i + 4 : i;
    EXPECT_EQ(out[i], (uint64_t(i >= 2) << 32) | (i ^ 1) << 24 | up << 16 | down << 8 | 3) << i;
  }
}

TEST(Warp, VotesMatchesAndReductions) {
  auto out =
      words("setp.lt.u32 %p1, %r0, 4;\nvote.sync.ballot.b32 %r1, %p1, -1;\nvote.sync.any.pred %p2, %p1, -1;\n"
            "vote.sync.all.pred %p3, !%p1, -1;\nredux.sync.add.u32 %r2, %r0, -1;\nredux.sync.max.s32 %r3, "
            "%r0, -1;\n"
            "and.b32 %r4, %r0, 1;\nmatch.any.sync.b32 %r5, %r4, -1;\nselp.b32 %r6, 1, 0, %p2;\nselp.b32 %r7, "
            "2, 0, %p3;\n"
            "add.u32 %r2, %r2, %r3;\nadd.u32 %r2, %r2, %r1;\nadd.u32 %r2, %r2, %r6;\nadd.u32 %r2, %r2, %r7;\n"
            "mov.b64 %d2, {%r2, %r5};\nst.global.u64 [%d1], %d2;");
  EXPECT_EQ(out[0], (uint64_t(0x55555555) << 32) + 496 + 31 + 15 + 1);
}

TEST(Warp, ElectsOneLane) {
  auto out = words("elect.sync %r1|%p1, -1;\nselp.b32 %r2, 1, 0, %p1;\nmov.b64 %d2, {%r2, "
                   "%r1};\nst.global.u64 [%d1], %d2;");
  EXPECT_EQ(out[0], 1u);
  EXPECT_EQ(out[5], 0u);
}

TEST(Warp, LanesThatBranchedMeetAtShuffles) {
  auto out = words(
      "mov.u32 %r1, 5;\nsetp.lt.u32 %p1, %r0, 16;\n@%p1 bra $low;\nmov.u32 %r1, 9;\nbra $both;\n"
      "$low:\nmov.u32 %r1, 6;\n$both:\nshfl.sync.bfly.b32 %r2, %r1, 16, 31, -1;\ncvt.u64.u32 %d2, %r2;\n"
      "st.global.u64 [%d1], %d2;");
  EXPECT_EQ(out[0], 9u);
  EXPECT_EQ(out[31], 6u);
}

/// A and B hold small integers, so that every format is exact; B is read by lanes as mma wants it.
void checkMma(const std::string &code, int k, const std::vector<uint32_t> &a, const std::vector<uint32_t> &b,
              const std::vector<double> &expected) {
  std::string text = header;
  text += ".entry k(.param .u64 pa, .param .u64 pb, .param .u64 pc)\n{\n.reg .b32 %r<9>, %a<5>, %b<3>;\n.reg "
          ".f32 %c<5>;\n"
          ".reg .b64 %d<6>;\nld.param.u64 %d1, [pa];\nld.param.u64 %d2, [pb];\nld.param.u64 %d3, [pc];\n"
          "mov.u32 %r0, %laneid;\nmul.wide.u32 %d4, %r0, 16;\nadd.u64 %d1, %d1, %d4;\nadd.u64 %d2, %d2, "
          "%d4;\nadd.u64 %d3, "
          "%d3, %d4;\nld.global.v4.b32 {%a0, %a1, %a2, %a3}, [%d1];\nld.global.v2.b32 {%b0, %b1}, [%d2];\n"
          "mov.f32 %c0, 1.0; mov.f32 %c1, 1.0; mov.f32 %c2, 1.0; mov.f32 %c3, 1.0;\n" +
          code + "\nst.global.v4.f32 [%d3], {%c0, %c1, %c2, %c3};\nret;\n}\n";
  std::unique_ptr<PtxModule> module = parse(text);
  ASSERT_TRUE(module);
  alignas(16) float c[128];
  GlobalMemory memory;
  memory.add(a.data(), a.size() * 4, "a");
  memory.add(b.data(), b.size() * 4, "b");
  memory.add(c, sizeof c, "c");
  Parameters parameters;
  parameters.add(a.data()).add(b.data()).add(&c[0]);
  std::string error;
  ASSERT_TRUE(emulator::launch(*module, memory, {"k", {}, {32}, 0, parameters.bytes}, error)) << error;
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < 4; ++i)
      EXPECT_EQ(c[lane * 4 + i], expected[size_t((lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2)])
          << k << " " << lane;
}

double valueA(int row, int k) { return (row * 3 + k * 5) % 7 - 3; }
double valueB(int k, int column) { return (k * 2 + column) % 5 - 2; }

template <class Encode> void checkShape(const std::string &code, int k, int pack, Encode encode) {
  // The fragments by their definition in the PTX manual: registers of a lane hold neighbours along k.
  alignas(16) std::vector<uint32_t> a(128), b(128);
  std::vector<double> expected(128, 1.0);
  int bits = 32 / pack, registersA = k / pack / 2, registersB = k / pack / 4;
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < registersA; ++i)
      for (int j = 0; j < pack; ++j)
        a[size_t(lane * 4 + i)] |=
            encode(valueA(lane / 4 + i % 2 * 8, lane % 4 * pack + j + i / 2 * 4 * pack)) << (bits * j);
    for (int i = 0; i < registersB; ++i)
      for (int j = 0; j < pack; ++j)
        b[size_t(lane * 4 + i)] |= encode(valueB(lane % 4 * pack + j + i * 4 * pack, lane / 4)) << (bits * j);
  }
  for (int row = 0; row < 16; ++row)
    for (int column = 0; column < 8; ++column)
      for (int i = 0; i < k; ++i)
        expected[size_t(row * 8 + column)] += valueA(row, i) * valueB(i, column);
  checkMma(code, k, a, b, expected);
}

uint32_t bitsOf(double value) { return std::bit_cast<uint32_t>(float(value)); }
uint32_t brainOf(double value) { return bitsOf(value) >> 16; }
uint32_t halfOf(double value) {
  uint32_t bits = bitsOf(value);
  return value == 0 ? 0 : (bits >> 16 & 0x8000) | (((bits >> 23 & 255) - 112) << 10 | (bits >> 13 & 0x3ff));
}

TEST(Matrix, MultipliesInEveryShape) {
  const std::string c = "{%c0,%c1,%c2,%c3}", a4 = "{%a0,%a1,%a2,%a3}", a2 = "{%a0,%a1}", b2 = "{%b0,%b1}",
                    b1 = "{%b0}";
  auto mma = [&](const std::string &kind, const std::string &a, const std::string &b) {
    return "mma.sync.aligned." + kind + " " + c + ", " + a + ", " + b + ", " + c + ";";
  };
  checkShape(mma("m16n8k16.row.col.f32.f16.f16.f32", a4, b2), 16, 2, halfOf);
  checkShape(mma("m16n8k8.row.col.f32.f16.f16.f32", a2, b1), 8, 2, halfOf);
  checkShape(mma("m16n8k16.row.col.f32.bf16.bf16.f32", a4, b2), 16, 2, brainOf);
  checkShape(mma("m16n8k8.row.col.f32.tf32.tf32.f32", a4, b2), 8, 1, bitsOf);
  checkShape(mma("m16n8k4.row.col.f32.tf32.tf32.f32", a2, b1), 4, 1, bitsOf);
}

TEST(Matrix, MultipliesBytes) {
  auto out = words(
      "mov.u32 %r1, 0x01010101;\nmov.u32 %r2, 0xffffffff;\nmov.u32 %r3, 5;\n"
      "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%r4,%r5,%r6,%r7}, {%r1,%r1,%r1,%r1}, {%r2,%r2}, "
      "{%r3,%r3,%r3,%r3};\nmov.b64 %d2, {%r4, %r7};\nst.global.u64 [%d1], %d2;");
  EXPECT_EQ(out[7], 0xffffffe5ffffffe5u);
}

TEST(Matrix, LoadsPlainAndTransposed) {
  auto out = words(
      ".shared .align 16 .b8 tile[128];\nmov.u32 %r1, tile;\nshl.b32 %r2, %r0, 2;\nadd.u32 %r3, %r1, %r2;\n"
      "shl.b32 %r4, %r0, 1;\nadd.u32 %r5, %r4, 1;\nshl.b32 %r5, %r5, 16;\nor.b32 %r4, %r4, %r5;\n"
      "st.shared.u32 [%r3], %r4;\nbar.warp.sync -1;\nand.b32 %r6, %r0, 7;\nshl.b32 %r6, %r6, 4;\nadd.u32 "
      "%r6, %r6, %r1;\n"
      "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r7}, [%r6];\n"
      "ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%r8}, [%r6];\n"
      "movmatrix.sync.aligned.m8n8.trans.b16 %r9, %r7;\nxor.b32 %r9, %r9, %r8;\nor.b32 %r7, %r7, %r9;\n"
      "mov.b64 %d2, {%r7, %r8};\nst.global.u64 [%d1], %d2;");
  for (uint64_t i = 0; i < 32; ++i) {
    uint64_t across = i % 4 * 2 * 8 + i / 4;
    EXPECT_EQ(out[i], (across + 8) << 48 | across << 32 | (2 * i + 1) << 16 | 2 * i) << i;
  }
}

TEST(Launch, GridsAndDynamicSharedMemory) {
  std::string text =
      std::string(header) +
      ".extern .shared .align 16 .b8 dynamic[];\n.entry k(.param .u64 out)\n{\n.shared .b32 one;\n.reg .b32 "
      "%r<9>;\n.reg .b64 %d<5>;\nld.param.u64 %d1, [out];\nmov.u32 %r1, %ctaid.y;\nmov.u32 %r2, %nctaid.x;\n"
      "mov.u32 %r3, %ctaid.x;\nmad.lo.u32 %r4, %r1, %r2, %r3;\nmul.wide.u32 %d2, %r4, 8;\nadd.u64 %d1, %d1, "
      "%d2;\n"
      "st.shared.u32 [one], 3;\nst.shared.u32 [dynamic+60], %r4;\nmov.u32 %r5, dynamic;\nld.shared.u32 %r6, "
      "[%r5+60];\n"
      "mov.b64 %d3, {%r6, %r5};\nst.global.u64 [%d1], %d3;\nret;\n}\n";
  std::unique_ptr<PtxModule> module = parse(text);
  ASSERT_TRUE(module);
  EXPECT_EQ(module->entries(), std::vector<std::string>{"k"});
  uint64_t out[12];
  GlobalMemory memory;
  ASSERT_TRUE(memory.add(out, sizeof out, "out"));
  EXPECT_FALSE(memory.add(out + 2, 8, "again"));
  Parameters parameters;
  parameters.add(&out[0]);
  std::string error;
  LaunchCounts counts;
  ASSERT_TRUE(emulator::launch(*module, memory, {"k", {4, 3}, {}, 64, parameters.bytes}, error, &counts))
      << error;
  for (uint64_t i = 0; i < 12; ++i)
    EXPECT_EQ(out[i], uint64_t(16) << 32 | i);
  EXPECT_EQ(counts.threadInstructions, 12u * 14);
}

} // namespace
