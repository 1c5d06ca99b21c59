// What the counters say of accesses whose wavefronts and sectors are known: strides, broadcasts, vectors,
// matrices with and without padding, copies, atomic operations.
#include "Emulate.h"

#include "emulator/Counters.h"

using namespace tegula::test;

namespace {

using Counts = InstructionCounts;

/// Counts of the one instruction of the kernel whose text begins with `opcode`. `%r1` is the start of 16 KB
/// of shared memory that is written, `%d0` the start of 16 KB of global memory.
class Counting {
public:
  explicit Counting(const std::string &body, uint32_t threads = 32) {
    std::string fill =
        ".shared .align 256 .b8 tile[16384];\nmov.u32 %r1, tile;\nand.b32 %r2, %r0, 31;\nmad.lo.u32 %r2, "
        "%r2, 16, %r1;\n"
        "mov.u32 %r3, 0;\nfill:\nst.shared.v4.u32 [%r2], {%r3, %r3, %r3, %r3};\n"
        "add.u32 %r2, %r2, 512;\nadd.u32 %r3, %r3, 1;\nsetp.lt.u32 %p1, %r3, 32;\n@%p1 bra fill;\n"
        "bar.sync 0;\n";
    module = parse(kernel(fill + body));
    if (!module)
      return;
    counters = std::make_unique<Counters>(module->program());
    alignas(256) static std::byte memory[16384];
    GlobalMemory global;
    global.add(memory, sizeof memory, "memory");
    Parameters parameters;
    parameters.add(&memory[0]);
    Launch launch{"k", {}, {threads}, 0, parameters.bytes, 1000000, counters.get()};
    emulator::launch(*module, global, launch, error);
    EXPECT_EQ(error, "");
  }

  Counts of(const std::string &opcode) const {
    Counts result;
    int found = 0;
    counters->each([&](const Instruction &in, const Counts &counts) {
      std::string line = module->program().lines[size_t(in.line) - 1];
      if (size_t guard = line.find(' '); line.starts_with("@"))
        line = line.substr(guard + 1);
      if (line.starts_with(opcode))
        result = counts, ++found;
    });
    EXPECT_EQ(found, 1) << opcode;
    return result;
  }

  std::unique_ptr<PtxModule> module;
  std::unique_ptr<Counters> counters;
  std::string error;
};

/// Address `%r5` of `stride` bytes times the lane from the start of shared memory.
std::string sharedAt(int stride) { return "mad.lo.u32 %r5, %r0, " + std::to_string(stride) + ", %r1;\n"; }
/// Address `%d2` in global memory, `first` bytes from its start.
std::string globalAt(int stride, int first = 0) {
  return "mul.wide.u32 %d2, %r0, " + std::to_string(stride) +
         ";\nadd.u64 %d2, %d2, %d0;\nadd.u64 %d2, %d2, " + std::to_string(first) + ";\n";
}

void expectShared(const std::string &address, const std::string &access, uint64_t wavefronts,
                  uint64_t least) {
  SCOPED_TRACE(address + access);
  Counts counts = Counting(address + access).of(access.substr(0, access.find(' ')));
  EXPECT_EQ(counts.shared.requests, 1u);
  EXPECT_EQ(counts.shared.wavefronts, wavefronts);
  EXPECT_EQ(counts.shared.leastWavefronts, least);
  EXPECT_EQ(counts.global.requests, 0u);
}

void expectGlobal(const std::string &address, const std::string &access, uint64_t sectors, uint64_t least,
                  uint64_t lines) {
  SCOPED_TRACE(address + access);
  Counts counts = Counting(address + access).of(access.substr(0, access.find(' ')));
  EXPECT_EQ(counts.global.requests, 1u);
  EXPECT_EQ(counts.global.sectors, sectors);
  EXPECT_EQ(counts.global.leastSectors, least);
  EXPECT_EQ(counts.global.lines, lines);
  EXPECT_EQ(counts.shared.requests, 0u);
}

TEST(Counters, WordsOfBanks) {
  std::string load = "ld.shared.u32 %r6, [%r5];", store = "st.shared.u32 [%r5], %r0;";
  for (const std::string &access : {load, store}) {
    expectShared(sharedAt(4), access, 1, 1);
    expectShared(sharedAt(8), access, 2, 1);
    expectShared(sharedAt(16), access, 4, 1);
    expectShared(sharedAt(128), access, 32, 1);
    expectShared(sharedAt(132), access, 1, 1);
  }
  expectShared(sharedAt(0), load, 1, 1); // a broadcast
  expectShared("and.b32 %r5, %r0, 1;\nmad.lo.u32 %r5, %r5, 128, %r1;\n", load, 2, 1);
  expectShared(sharedAt(1), "ld.shared.u8 %h1, [%r5];", 1, 1);
  expectShared(sharedAt(64), "ld.shared.u16 %h1, [%r5];", 16, 1);
}

/// 8 bytes are served by half-warps, 16 by quarters.
TEST(Counters, WideAccessesInPhases) {
  std::string two = "ld.shared.v2.u32 {%r6, %r7}, [%r5];",
              four = "ld.shared.v4.u32 {%r6, %r7, %r8, %r9}, [%r5];",
              store = "st.shared.v4.f32 [%r5], {%f0, %f1, %f2, %f3};";
  expectShared(sharedAt(8), two, 2, 2);
  expectShared(sharedAt(8), "ld.shared.u64 %d4, [%r5];", 2, 2);
  expectShared(sharedAt(16), two, 4, 2);
  expectShared(sharedAt(0), two, 2, 2);
  expectShared(sharedAt(16), four, 4, 4);
  expectShared(sharedAt(128), four, 32, 4);
  expectShared(sharedAt(144), four, 4, 4);
  expectShared(sharedAt(128), store, 32, 4);
  expectShared(sharedAt(144), store, 4, 4);
}

/// Phases without a lane cost nothing.
TEST(Counters, LanesThatRun) {
  std::string load = "@%p2 ld.shared.v4.u32 {%r6, %r7, %r8, %r9}, [%r5];";
  Counts counts = Counting("setp.lt.u32 %p2, %r0, 12;\n" + sharedAt(128) + load).of("ld.shared.v4");
  EXPECT_EQ(counts.warps, 1u);
  EXPECT_EQ(counts.threads, 12u);
  EXPECT_EQ(counts.shared.wavefronts, 12u);
  EXPECT_EQ(counts.shared.leastWavefronts, 2u);
  EXPECT_EQ(counts.shared.bytes, 192u);
  counts = Counting("setp.gt.u32 %p2, %r0, 32;\n" + sharedAt(128) + load).of("ld.shared.v4");
  EXPECT_EQ(counts.warps, 1u);
  EXPECT_EQ(counts.threads, 0u);
  EXPECT_EQ(counts.shared.requests, 0u);
}

/// A matrix is a phase: eight rows of 16 bytes.
TEST(Counters, Matrices) {
  std::string four = "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r6, %r7, %r8, %r9}, [%r5];",
              two = "ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%r6, %r7}, [%r5];",
              store = "stmatrix.sync.aligned.m8n8.x4.shared.b16 [%r5], {%r6, %r7, %r8, %r9};";
  expectShared(sharedAt(16), four, 4, 4);
  expectShared(sharedAt(128), four, 32, 4); // neither padded nor swapped
  expectShared(sharedAt(144), four, 4, 4);  // padded
  expectShared(sharedAt(64), four, 16, 4);
  expectShared(sharedAt(128), two, 16, 2);
  expectShared(sharedAt(128), store, 32, 4);
  // Chunks swapped by the row's number.
  std::string swapped =
      "and.b32 %r4, %r0, 7;\nshl.b32 %r4, %r4, 4;\n" + sharedAt(128) + "add.u32 %r5, %r5, %r4;\n";
  expectShared(swapped, four, 4, 4);
}

/// A word that lanes update is updated by one after the other.
TEST(Counters, AtomicOperations) {
  std::string add = "atom.shared.add.u32 %r6, [%r5], %r0;";
  expectShared(sharedAt(4), add, 1, 1);
  expectShared(sharedAt(0), add, 32, 1);
  expectShared("shr.u32 %r5, %r0, 2;\nmad.lo.u32 %r5, %r5, 4, %r1;\n", add, 4, 1);
  expectGlobal(globalAt(4), "red.global.add.u32 [%d2], %r0;", 4, 4, 1);
}

TEST(Counters, Sectors) {
  std::string load = "ld.global.u32 %r6, [%d2];", store = "st.global.u32 [%d2], %r0;",
              four = "ld.global.v4.u32 {%r6, %r7, %r8, %r9}, [%d2];";
  for (const std::string &access : {load, store}) {
    expectGlobal(globalAt(4), access, 4, 4, 1);
    expectGlobal(globalAt(4, 4), access, 5, 4, 2); // a row that begins anywhere
    expectGlobal(globalAt(8), access, 8, 4, 2);
    expectGlobal(globalAt(12), access, 12, 4, 3);
    expectGlobal(globalAt(128), access, 32, 4, 32);
  }
  expectGlobal(globalAt(0), load, 1, 1, 1);
  expectGlobal(globalAt(2), "ld.global.u16 %h1, [%d2];", 2, 2, 1);
  expectGlobal(globalAt(16), four, 16, 16, 4);
  expectGlobal(globalAt(16, 16), four, 17, 16, 5);
  expectGlobal(globalAt(32), four, 32, 16, 8);
  // Generic addresses are told apart by where they lead.
  expectGlobal(globalAt(4), "ld.u32 %r6, [%d2];", 4, 4, 1);
  expectShared(
      "cvt.u64.u32 %d3, %r1;\ncvta.shared.u64 %d3, %d3;\nmul.wide.u32 %d2, %r0, 8;\nadd.u64 %d2, %d2, %d3;\n",
      "ld.u32 %r6, [%d2];", 2, 1);
}

/// An asynchronous copy reads there and writes here; where it reads less than it writes, only that is
/// counted.
TEST(Counters, Copies) {
  std::string copy = "cp.async.cg.shared.global [%r5], [%d2], 16, %r10;\n", end = "cp.async.wait_all;\n";
  Counts counts =
      Counting("mov.u32 %r10, 16;\n" + sharedAt(16) + globalAt(16) + copy + end).of("cp.async.cg");
  EXPECT_EQ(counts.shared.requests, 1u);
  EXPECT_EQ(counts.shared.wavefronts, 4u);
  EXPECT_EQ(counts.global.requests, 1u);
  EXPECT_EQ(counts.global.sectors, 16u);
  EXPECT_EQ(counts.global.leastSectors, 16u);
  counts = Counting("mov.u32 %r10, 0;\n" + sharedAt(128) + globalAt(16) + copy + end).of("cp.async.cg");
  EXPECT_EQ(counts.shared.wavefronts, 32u);
  EXPECT_EQ(counts.shared.leastWavefronts, 4u);
  EXPECT_EQ(counts.global.requests, 0u);
  counts = Counting("mov.u32 %r10, 5;\n" + sharedAt(16) + globalAt(64) + copy + end).of("cp.async.cg");
  EXPECT_EQ(counts.global.requests, 1u);
  EXPECT_EQ(counts.global.sectors, 32u);
  EXPECT_EQ(counts.global.leastSectors, 16u);
}

/// Sums of all that was executed, by kind.
TEST(Counters, Work) {
  std::string body =
      "fma.rn.f32 %f1, %f2, %f3, %f4;\nadd.rn.f32 %f1, %f2, %f3;\nadd.u32 %r6, %r6, 1;\nex2.approx.f32 %f1, "
      "%f2;\nshfl.sync.bfly.b32 %r6, %r7, 1, 31, -1;\n"
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f1, %f2, %f3, %f4}, {%r6, %r7, %r8, %r9}, {%r6, "
      "%r7}, "
      "{%f1, %f2, %f3, %f4};\n"
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f1, %f2, %f3, %f4}, {%r6, %r7, %r8, %r9}, {%r6, "
      "%r7}, "
      "{%f1, %f2, %f3, %f4};\ncvt.u64.u32 %d3, %r0;\n";
  Counting counting(body, 64);
  auto check = [&](const std::string &opcode, Work work, uint32_t flops) {
    SCOPED_TRACE(opcode);
    counting.counters->each([&](const Instruction &in, const Counts &counts) {
      if (!counting.module->program().lines[size_t(in.line) - 1].starts_with(opcode))
        return;
      EXPECT_EQ(in.work, work) << nameOf(in.work);
      EXPECT_EQ(in.flops, flops);
      EXPECT_EQ(counts.warps, 2u);
      EXPECT_EQ(counts.threads, 64u);
    });
    counting.of(opcode);
  };
  check("fma.rn.f32", Work::Fma, 2);
  check("add.rn.f32", Work::Float, 1);
  check("add.u32 %r6", Work::Integer, 0);
  check("ex2.approx", Work::Special, 1);
  check("shfl.sync", Work::Shuffle, 0);
  check("bar.sync", Work::Barrier, 0);
  check("mma.sync.aligned.m16n8k16", Work::Mma, 4096);
  check("mma.sync.aligned.m16n8k8", Work::Mma, 2048);
  check("cvt.u64.u32", Work::Convert, 0);
  check("ret;", Work::Control, 0);
  EXPECT_EQ(counting.of("st.shared.v4").shared.requests, 64u); // 32 rounds of two warps
  EXPECT_EQ(counting.of("st.shared.v4").shared.wavefronts, 256u);
  EXPECT_EQ(counting.counters->launches(), 1u);
  EXPECT_EQ(counting.counters->blocks(), 1u);
  EXPECT_EQ(counting.counters->threads(), 64u);
  EXPECT_EQ(counting.counters->sharedBytes(), 16384u);
}

} // namespace
