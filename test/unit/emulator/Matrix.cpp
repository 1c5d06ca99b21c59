// Fragments as kernels load and multiply them: ldmatrix in every width, and a product whose operands come
// from shared memory, against plain loops.
#include "Emulate.h"

using namespace tegula::test;

namespace {

constexpr uint32_t lanes = 32;

/// Fills `tile`, rows of `pitch` bytes in shared memory, with halves that count up: each lane writes a row.
std::string fillTile(int pitch, int rowBytes) {
  std::string text = ".shared .align 16 .b8 tile[" + std::to_string(lanes * uint32_t(pitch)) +
                     "];\nmov.u32 %r1, tile;\nmad.lo.u32 %r2, %r0, " + std::to_string(pitch) +
                     ", %r1;\nmul.lo.u32 %r3, %r0, " + std::to_string(rowBytes / 2) + ";\n";
  for (int i = 0; i < rowBytes; i += 2)
    text += "add.u32 %r4, %r3, " + std::to_string(i / 2) + ";\ncvt.u16.u32 %h1, %r4;\nst.shared.u16 [%r2+" +
            std::to_string(i) + "], %h1;\n";
  return text + "bar.sync 0;\n";
}

/// Half `half` of the pair that a lane gets of a matrix whose rows are `pitch / 2` halves long.
uint64_t expectedHalf(uint64_t firstRow, uint64_t lane, uint64_t half, bool transposed) {
  uint64_t row = lane / 4, column = lane % 4 * 2 + half;
  if (transposed)
    std::swap(row, column);
  return (firstRow + row) * 8 + column;
}

/// Lane 8 i + r names row r of matrix i; rows lie 48 bytes apart, and matrices in falling order.
void checkLoads(int matrices, bool transposed) {
  SCOPED_TRACE(std::to_string(matrices) + (transposed ? " transposed" : ""));
  for (int matrix = 0; matrix < matrices; ++matrix) {
    std::string body = fillTile(48, 16);
    // The row's number: 24 - lane / 8 * 8 + lane % 8.
    body += "and.b32 %r5, %r0, 7;\nand.b32 %r6, %r0, 24;\nsub.u32 %r6, 24, %r6;\nadd.u32 %r5, %r5, %r6;\n"
            "mad.lo.u32 %r5, %r5, 48, %r1;\nldmatrix.sync.aligned.m8n8.x" +
            std::to_string(matrices) + (transposed ? ".trans" : "") + ".shared.b16 {";
    for (int i = 0; i < matrices; ++i)
      body += (i ? ", %r" : "%r") + std::to_string(10 + i);
    body += "}, [%r5];\ncvt.u64.u32 %d2, %r" + std::to_string(10 + matrix) + ";\nst.global.u64 [%d1], %d2;";
    Result result = runBody(body);
    ASSERT_EQ(result.error, "");
    for (uint64_t lane = 0; lane < lanes; ++lane) {
      uint64_t first = 24 - 8 * uint64_t(matrix);
      EXPECT_EQ(result.words[lane],
                expectedHalf(first, lane, 1, transposed) << 16 | expectedHalf(first, lane, 0, transposed))
          << matrix << " " << lane;
    }
  }
}

TEST(Fragments, LoadInEveryWidth) {
  for (int matrices : {1, 2, 4})
    for (bool transposed : {false, true})
      checkLoads(matrices, transposed);
}

/// Four floats are a row to ldmatrix: a lane gets row lane / 4 and word lane % 4, as tf32 fragments want
/// them.
TEST(Fragments, RowsOfFloats) {
  std::string body = fillTile(16, 16);
  body += "and.b32 %r5, %r0, 15;\nmad.lo.u32 %r5, %r5, 16, %r1;\n"
          "ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%r10, %r11}, [%r5];\nmov.b64 %d2, {%r10, %r11};\n"
          "st.global.u64 [%d1], %d2;";
  Result result = runBody(body);
  ASSERT_EQ(result.error, "");
  auto word = [](uint64_t row, uint64_t number) {
    uint64_t first = row * 8 + number * 2;
    return (first + 1) << 16 | first;
  };
  for (uint64_t lane = 0; lane < lanes; ++lane)
    EXPECT_EQ(result.words[lane], word(lane / 4 + 8, lane % 4) << 32 | word(lane / 4, lane % 4)) << lane;
}

/// 16x16 by 16x8 in one go: the left operand by rows, the right one step by step and transposed when loaded.
TEST(Fragments, MultiplyFromSharedMemory) {
  // Both tiles hold 0 to 7 as halves, by a lane's number and the place in its row.
  std::string body = ".shared .align 16 .b8 left[512];\n.shared .align 16 .b8 right[256];\n"
                     "mov.u32 %r1, left;\nmov.u32 %r2, right;\nand.b32 %r3, %r0, 15;\n"
                     "mad.lo.u32 %r4, %r3, 32, %r1;\nmad.lo.u32 %r5, %r3, 16, %r2;\n";
  for (int i = 0; i < 16; ++i)
    body += "mad.lo.u32 %r6, %r3, 3, " + std::to_string(i * 5) +
            ";\nand.b32 %r6, %r6, 7;\ncvt.rn.f16.u32 %h1, %r6;\nst.shared.b16 [%r4+" + std::to_string(2 * i) +
            "], %h1;\n";
  for (int i = 0; i < 8; ++i)
    body += "mad.lo.u32 %r6, %r3, 7, " + std::to_string(i * 2) +
            ";\nand.b32 %r6, %r6, 7;\ncvt.rn.f16.u32 %h1, %r6;\nst.shared.b16 [%r5+" + std::to_string(2 * i) +
            "], %h1;\n";
  // Lanes 0 to 15 name the left rows' first 16 bytes, 16 to 31 their second; the right rows are named twice.
  body += "bar.sync 0;\nand.b32 %r7, %r0, 16;\nadd.u32 %r7, %r7, %r4;\n"
          "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r10, %r11, %r12, %r13}, [%r7];\n"
          "ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%r14, %r15}, [%r5];\n"
          "mov.f32 %f0, 0f00000000;\n"
          "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f1, %f2, %f3, %f4}, {%r10, %r11, %r12, %r13}, "
          "{%r14, %r15}, {%f0, %f0, %f0, %f0};\n";
  for (uint64_t half = 0; half < 2; ++half) {
    std::string store = half ? "mov.b64 %d2, {%f3, %f4};\n" : "mov.b64 %d2, {%f1, %f2};\n";
    Result result = runBody(body + store + "st.global.u64 [%d1], %d2;");
    ASSERT_EQ(result.error, "");
    for (uint64_t lane = 0; lane < lanes; ++lane)
      for (uint64_t i = 0; i < 2; ++i) {
        uint64_t row = lane / 4 + 8 * half, column = lane % 4 * 2 + i, sum = 0;
        for (uint64_t k = 0; k < 16; ++k)
          sum += (row * 3 + k * 5) % 8 * ((k * 7 + column * 2) % 8);
        EXPECT_EQ(asF32(result.words[lane] >> (32 * i)), float(sum)) << half << " " << lane << " " << i;
      }
  }
}

/// The nearest number, and of two the one further from zero; of a pair the second operand is the lower half.
TEST(Fragments, RoundOperands) {
  EXPECT_EQ(evaluate("44", "cvt.rna.tf32.f32 %d, %a;", {0x3f801000}), 0x3f802000u);
  EXPECT_EQ(evaluate("44", "cvt.rna.tf32.f32 %d, %a;", {0xbf801000}), 0xbf802000u);
  EXPECT_EQ(evaluate("44", "cvt.rna.tf32.f32 %d, %a;", {0x3f800fff}), 0x3f800000u);
  EXPECT_EQ(evaluate("444", "cvt.rn.f16x2.f32 %d, %a, %b;", {f32(1), f32(-2)}), 0x3c00c000u);
  EXPECT_EQ(evaluate("444", "cvt.rn.bf16x2.f32 %d, %a, %b;", {f32(1), f32(-2)}), 0x3f80c000u);
  EXPECT_EQ(evaluate("444", "cvt.rn.f16x2.f32 %d, %a, %b;", {f32(1e6f), f32(0)}), 0x7c000000u);
}

} // namespace
