// Accesses that no barrier puts in an order, which warp after warp and block after block would hide.
#include "Emulate.h"

using namespace tegula::test;

namespace {

/// %r3: the thread's word of a tile of 64, %r4: the word of the thread that is as far from the end, in
/// another warp.
const std::string tile = ".shared .align 16 .b8 tile[1024];\nmov.u32 %r2, tile;\nshl.b32 %r1, %r0, 2;\n"
                         "add.u32 %r3, %r2, %r1;\nsub.u32 %r4, 252, %r1;\nadd.u32 %r4, %r4, %r2;\n"
                         "setp.gt.u32 %p1, %r0, 31;\n";
/// The first warp goes on, others jump to $second.
const std::string split = "@%p1 bra $second;\n";

std::string errorOf(const std::string &body, uint32_t threads = 64) {
  return runBody(tile + body, threads).error;
}

void expectRace(const std::string &body, const std::string &text, uint32_t threads = 64) {
  std::string error = errorOf(body, threads);
  EXPECT_NE(error.find(text), std::string::npos) << body << "\ngot: " << error;
}

TEST(SharedRaces, ReadOfWhatAnotherWarpWrote) {
  const std::string write = "st.shared.u32 [%r3], %r0;\n", read = "ld.shared.u32 %r5, [%r4];\n";
  expectRace(write + "@%p1 " + read,
             "thread (32,0,0), line 24 '@%p1 ld.shared.u32 %r5, [%r4];': reads 4 bytes at 0x7c of shared "
             "memory: a race, thread (31,0,0), line 23 'st.shared.u32 [%r3], %r0;', wrote it and no barrier "
             "is between the two");
  EXPECT_EQ(errorOf(write + "bar.sync 0;\n" + read), "");
  EXPECT_EQ(errorOf(write + "ld.shared.u32 %r5, [%r3];\n"), "");
}

TEST(SharedRaces, WriteOfWhatAnotherWarpRead) {
  const std::string start = "st.shared.u32 [%r3], %r0;\nbar.sync 0;\n@!%p1 ld.shared.u32 %r5, [%r4];\n",
                    write = "@%p1 st.shared.u32 [%r3], 100;\n";
  expectRace(start + write, "thread (31,0,0), line 25 '@!%p1 ld.shared.u32 %r5, [%r4];', read it and no "
                            "barrier is between the two");
  EXPECT_EQ(errorOf(start + "bar.sync 0;\n" + write), "");
}

TEST(SharedRaces, WritesOfDifferentValues) {
  expectRace("st.shared.u32 [tile], %r0;\n", "thread (32,0,0), line 23");
  expectRace("st.shared.u32 [tile], %r0;\n", "wrote it and no barrier");
  EXPECT_EQ(errorOf("st.shared.u32 [tile], 7;\n"), "");
  // Lanes of one warp are in order.
  EXPECT_EQ(errorOf("st.shared.u32 [tile], %r0;\n", 32), "");
}

TEST(SharedRaces, NeighboursInOneWord) {
  EXPECT_EQ(
      errorOf("and.b32 %r6, %r0, 31;\nadd.u32 %r6, %r6, %r6;\nshr.u32 %r7, %r0, 5;\nadd.u32 %r6, %r6, %r7;\n"
              "add.u32 %r6, %r6, %r2;\nst.shared.u8 [%r6], %r0;\n"),
      "");
}

TEST(SharedRaces, CopiesNeedABarrierBehindTheWait) {
  const std::string copy = "st.global.u64 [%d1], %d1;\nshl.b32 %r6, %r0, 3;\nadd.u32 %r7, %r2, %r6;\n"
                           "cp.async.ca.shared.global [%r7], [%d1], 8;\ncp.async.wait_all;\n",
                    read = "sub.u32 %r8, 504, %r6;\nadd.u32 %r8, %r8, %r2;\nld.shared.u64 %d2, [%r8];\n";
  expectRace(copy + "@%p1 bra $second;\nbra $out;\n$second:\n" + read + "$out:\n",
             "line 27 'cp.async.wait_all;', wrote it and no barrier is between the two");
  EXPECT_EQ(errorOf(copy + "bar.sync 0;\n" + read), "");
  // The next copy may not begin before all have read.
  expectRace(copy + "bar.sync 0;\n" + read + "@%p1 cp.async.ca.shared.global [%r7], [%d0], 8;\n",
             "line 32 '@%p1 cp.async.ca.shared.global [%r7], [%d0], 8;': writes 8 bytes");
}

TEST(SharedRaces, BarriersOfSomeWarps) {
  const std::string body =
      "st.shared.u32 [%r3], %r0;\nsetp.gt.u32 %p1, %r0, 63;\n@%p1 bra $third;\nbar.sync 1, 64;\n"
      "ld.shared.u32 %r5, [%r4];\nbra $out;\n$third:\n";
  EXPECT_EQ(errorOf(body + "$out:\n", 96), "");
  expectRace(body + "ld.shared.u32 %r5, [tile];\n$out:\n", "thread (64,0,0)", 96);
  EXPECT_EQ(errorOf(body + "$out:\nbar.sync 0;\nld.shared.u32 %r5, [tile];\n", 96), "");
}

TEST(SharedRaces, ArrivalOrdersOneWayOnly) {
  const std::string early = split + "st.shared.u32 [%r3], %r0;\nbar.arrive 1, 64;\n",
                    late = "bra $out;\n$second:\nbar.sync 1, 64;\nld.shared.u32 %r5, [%r4];\n$out:\n";
  EXPECT_EQ(errorOf(early + late), "");
  expectRace(early + "add.u32 %r6, %r0, 1;\nst.shared.u32 [%r3], %r6;\n" + late, "wrote it and no barrier");
}

TEST(SharedRaces, AtomicOperations) {
  const std::string start = "st.shared.u32 [%r3], 0;\nbar.sync 0;\natom.shared.add.u32 %r5, [tile], 1;\n";
  EXPECT_EQ(errorOf(start), "");
  EXPECT_EQ(errorOf(start + "bar.sync 0;\nld.shared.u32 %r5, [tile];\n"), "");
  expectRace(start + "ld.shared.u32 %r5, [tile];\nst.shared.u32 [%r3], 9;\n",
             "no barrier is between the two");
}

TEST(SharedRaces, StrongReadsHideNoWeakOnes) {
  const std::string start = "st.shared.u32 [%r3], 0;\nbar.sync 0;\n",
                    strong = "ld.volatile.shared.u32 %r5, [tile];\n", weak = "ld.shared.u32 %r5, [tile];\n",
                    write = "@%p1 st.volatile.shared.u32 [tile], 1;\n";
  EXPECT_EQ(errorOf(start + "@!%p1 " + strong + "@!%p1 " + strong + write), "");
  for (const std::string &reads : {"@!%p1 " + weak + "@!%p1 " + strong, "@!%p1 " + strong + "@!%p1 " + weak,
                                   "@!%p1 " + weak + "@%p1 " + strong})
    expectRace(start + reads + write, "read it and no barrier is between the two");
}

TEST(SharedRaces, FlagsThatAreWaitedFor) {
  const std::string start = "st.shared.u32 [%r3], 0;\nbar.sync 0;\n" + split +
                            "st.shared.u32 [tile+64], 5;\nmembar.cta;\nst.volatile.shared.u32 [tile], 1;\n"
                            "bra $out;\n$second:\n",
                    wait =
                        "ld.volatile.shared.u32 %r5, [tile];\nsetp.eq.u32 %p2, %r5, 0;\n@%p2 bra $second;\n",
                    end = "ld.shared.u32 %r5, [tile+64];\n$out:\n";
  EXPECT_EQ(errorOf(start + wait + end), "");
  expectRace(start + end, "wrote it and no barrier");
}

TEST(SharedRaces, ValuesOutliveMoreBarriersThanTimesAreCounted) {
  const std::string loop = "st.shared.u32 [%r3], %r0;\nmov.u32 %r5, 70000;\n$again:\nbar.sync 0;\n"
                           "sub.u32 %r5, %r5, 1;\nsetp.ne.u32 %p2, %r5, 0;\n@%p2 bra $again;\n",
                    read = "ld.shared.u32 %r5, [%r4];\n", write = "@%p1 st.shared.u32 [%r3], 100;\n";
  EXPECT_EQ(errorOf(loop + read), "");
  expectRace(loop + read + write, "read it and no barrier");
}

/// Runs a kernel of several blocks on one region of 64 words.
std::string errorOfBlocks(const std::string &body, uint32_t blocks = 2, uint32_t times = 1) {
  std::vector<uint64_t> words(64);
  std::unique_ptr<PtxModule> module = parse(kernel("mov.u32 %r1, %ctaid.x;\n" + body));
  GlobalMemory memory;
  memory.add(words.data(), words.size() * 8, "out");
  Parameters parameters;
  parameters.add(words.data());
  std::string error;
  for (uint32_t i = 0; module && i < times && error.empty(); ++i)
    emulator::launch(*module, memory, {"k", {blocks}, {32}, 0, parameters.bytes, 100000}, error);
  return error;
}

TEST(GlobalRaces, BlocksOfOneLaunch) {
  std::string error = errorOfBlocks("st.global.u32 [%d1], %r1;\n");
  EXPECT_NE(error.find("block (1,0,0), thread (0,0,0), line 17 'st.global.u32 [%d1], %r1;': writes 4 bytes"),
            std::string::npos)
      << error;
  EXPECT_NE(error.find("a race in 'out', block (0,0,0) of the same launch wrote it"), std::string::npos)
      << error;
  EXPECT_EQ(errorOfBlocks("st.global.u32 [%d1], %r1;\n", 1, 2), "");
  EXPECT_EQ(errorOfBlocks("st.global.u32 [%d1], 5;\n"), "");
  EXPECT_EQ(errorOfBlocks("ld.global.u32 %r2, [%d1];\n"), "");
  const std::string own = "mul.wide.u32 %d2, %r1, 4;\nadd.u64 %d2, %d2, %d1;\n";
  EXPECT_EQ(errorOfBlocks(own + "st.global.u32 [%d2], %r1;\nld.global.u32 %r2, [%d2];\n"), "");
  error = errorOfBlocks(
      own + "st.global.u32 [%d2], %r1;\nsetp.eq.u32 %p1, %r1, 1;\n@%p1 ld.global.u64 %d3, [%d1];\n");
  EXPECT_NE(error.find("of the same launch wrote it"), std::string::npos) << error;
  error = errorOfBlocks("ld.global.u32 %r2, [%d1];\nadd.u32 %r2, %r2, %r1;\nsetp.eq.u32 %p1, %r1, 2;\n"
                        "@%p1 st.global.u32 [%d1], %r2;\n",
                        3);
  EXPECT_NE(error.find("other blocks of the same launch read it"), std::string::npos) << error;
}

TEST(GlobalRaces, AtomicOperationsOrderBlocks) {
  EXPECT_EQ(errorOfBlocks("atom.global.add.u32 %r2, [%d0], 1;\n"), "");
  // The last block reads what all have written.
  EXPECT_EQ(errorOfBlocks("mul.wide.u32 %d2, %r1, 8;\nadd.u64 %d2, %d2, %d0;\nst.global.u32 [%d2+8], %r1;\n"
                          "membar.gl;\natom.global.add.u32 %r2, [%d0], 1;\nsetp.lt.u32 %p1, %r2, 32;\n"
                          "@%p1 bra $out;\nld.global.u32 %r3, [%d0+8];\n$out:\n"),
            "");
}

} // namespace
