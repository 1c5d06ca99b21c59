// Integer, bit and float instructions, each on values where it can go wrong.
#include "Emulate.h"

#include <cmath>

using namespace tegula::test;

namespace {

struct Case {
  const char *widths, *code;
  std::vector<uint64_t> in;
  uint64_t expected;
};

void check(const std::vector<Case> &cases) {
  for (const Case &c : cases)
    EXPECT_EQ(evaluate(c.widths, c.code, c.in), c.expected) << c.code;
}

constexpr uint64_t m32 = 0xffffffff, top32 = 0x80000000, top64 = uint64_t(1) << 63, m64 = ~uint64_t(0);

TEST(Integers, Arithmetic) {
  check({{"444", "add.s32 %d, %a, %b;", {m32, 2}, 1},
         {"444", "add.sat.s32 %d, %a, %b;", {0x7fffffff, 2}, 0x7fffffff},
         {"444", "sub.u32 %d, %a, %b;", {1, 2}, m32},
         {"888", "sub.s64 %d, %a, %b;", {1, 2}, m64},
         {"222", "mul.lo.s16 %d, %a, %b;", {0xffff, 3}, 0xfffd},
         {"444", "mul.lo.s32 %d, %a, %b;", {0x10001, 0x10001}, 0x20001},
         {"444", "mul.hi.u32 %d, %a, %b;", {m32, m32}, 0xfffffffe},
         {"444", "mul.hi.s32 %d, %a, %b;", {m32, m32}, 0},
         {"888", "mul.hi.u64 %d, %a, %b;", {m64, 4}, 3},
         {"888", "mul.hi.s64 %d, %a, %b;", {m64, 4}, m64},
         {"844", "mul.wide.u32 %d, %a, %b;", {m32, 2}, 0x1fffffffe},
         {"844", "mul.wide.s32 %d, %a, %b;", {m32, 2}, m64 - 1},
         {"422", "mul.wide.u16 %d, %a, %b;", {0xffff, 0xffff}, 0xfffe0001},
         {"4444", "mad.lo.s32 %d, %a, %b, %c;", {3, 4, 5}, 17},
         {"8448", "mad.wide.u32 %d, %a, %b, %c;", {m32, 2, 3}, 0x200000001},
         {"4444", "mad.hi.u32 %d, %a, %b, %c;", {m32, m32, 1}, m32},
         {"444", "div.s32 %d, %a, %b;", {m32 - 6, 2}, m32 - 2},
         {"444", "div.s32 %d, %a, %b;", {top32, m32}, top32},
         {"444", "div.u32 %d, %a, %b;", {7, 0}, m32},
         {"444", "rem.s32 %d, %a, %b;", {m32 - 6, 4}, m32 - 2},
         {"888", "rem.u64 %d, %a, %b;", {m64, 10}, 5},
         {"444", "min.s32 %d, %a, %b;", {m32, 1}, m32},
         {"444", "min.u32 %d, %a, %b;", {m32, 1}, 1},
         {"222", "max.s16 %d, %a, %b;", {0x8000, 1}, 1},
         {"444", "max.relu.s32 %d, %a, %b;", {m32 - 4, m32 - 1}, 0},
         {"444", "max.relu.s32 %d, %a, %b;", {m32 - 4, 7}, 7},
         {"444", "min.relu.s32 %d, %a, %b;", {m32 - 4, 7}, 0},
         {"44", "abs.s32 %d, %a;", {m32 - 4}, 5},
         {"88", "neg.s64 %d, %a;", {1}, m64},
         {"4444", "sad.s32 %d, %a, %b, %c;", {m32, 2, 10}, 13},
         {"4444", "dp4a.s32.s32 %d, %a, %b, %c;", {0x01ff0203, 0x02030405, 100}, 100 + 2 - 3 + 8 + 15}});
}

TEST(Integers, Bits) {
  check({{"444", "and.b32 %d, %a, %b;", {12, 10}, 8},
         {"888", "or.b64 %d, %a, %b;", {top64, 1}, top64 | 1},
         {"222", "xor.b16 %d, %a, %b;", {0xff, 0xf0f}, 0xff0},
         {"44", "not.b32 %d, %a;", {1}, m32 - 1},
         {"44", "cnot.b32 %d, %a;", {0}, 1},
         {"ppp", "and.pred %d, %a, %b;", {1, 0}, 0},
         {"ppp", "xor.pred %d, %a, %b;", {1, 0}, 1},
         {"pp", "not.pred %d, %a;", {0}, 1},
         {"444", "shl.b32 %d, %a, %b;", {1, 31}, top32},
         {"444", "shl.b32 %d, %a, %b;", {1, 32}, 0},
         {"444", "shr.s32 %d, %a, %b;", {top32, 40}, m32},
         {"444", "shr.u32 %d, %a, %b;", {top32, 31}, 1},
         {"884", "shr.u64 %d, %a, %b;", {top64, 64}, 0},
         {"4444", "shf.l.wrap.b32 %d, %a, %b, %c;", {0x80000001, 2, 33}, 5},
         {"4444", "shf.r.clamp.b32 %d, %a, %b, %c;", {0, 7, 32}, 7},
         {"4444", "bfe.u32 %d, %a, %b, %c;", {0x12345678, 8, 8}, 0x56},
         {"4444", "bfe.s32 %d, %a, %b, %c;", {0xf00, 8, 4}, m32},
         {"8844", "bfe.u64 %d, %a, %b, %c;", {m64, 60, 8}, 15},
         {"44444", "bfi.b32 %d, %a, %b, %c, %e;", {5, m32, 4, 4}, 0xffffff5f},
         {"4444", "prmt.b32 %d, %a, %b, %c;", {0x33221100, 0x77665544, 0x7410}, 0x77441100},
         {"4444", "prmt.b32 %d, %a, %b, %c;", {0x80, 0, 0x8888}, m32},
         {"44", "popc.b32 %d, %a;", {0xf0f}, 8},
         {"48", "clz.b64 %d, %a;", {1}, 63},
         {"44", "brev.b32 %d, %a;", {1}, top32},
         {"44", "bfind.u32 %d, %a;", {0x100}, 8},
         {"44", "bfind.s32 %d, %a;", {m32}, m32},
         {"44", "bfind.shiftamt.u32 %d, %a;", {1}, 31},
         {"4444", "lop3.b32 %d, %a, %b, %c, 0x96;", {12, 10, 6}, 0},
         {"4444", "lop3.b32 %d, %a, %b, %c, 0xC0;", {12, 10, 0}, 8}});
}

TEST(Floats, Arithmetic) {
  const uint64_t nan = 0x7fffffff, quiet = 0x7fc00000;
  check({{"444", "add.f32 %d, %a, %b;", {f32(1), f32(2)}, f32(3)},
         {"444", "add.rz.f32 %d, %a, %b;", {f32(1), f32(0x1.8p-24f)}, f32(1)},
         {"444", "add.rp.f32 %d, %a, %b;", {f32(1), f32(0x1p-30f)}, f32(std::nextafter(1.0f, 2.0f))},
         {"444", "sub.rm.f32 %d, %a, %b;", {f32(1), f32(0x1p-30f)}, f32(std::nextafter(1.0f, 0.0f))},
         {"444", "mul.ftz.f32 %d, %a, %b;", {f32(0x1p-100f), f32(0x1p-40f)}, 0},
         {"444", "mul.f32 %d, %a, %b;", {f32(0x1p-100f), f32(0x1p-40f)}, f32(0x1p-140f)},
         {"444", "add.sat.f32 %d, %a, %b;", {f32(3), f32(4)}, f32(1)},
         {"4444",
          "fma.rn.f32 %d, %a, %b, %c;",
          {f32(1 + 0x1p-23f), f32(1 - 0x1p-23f), f32(-1)},
          f32(-0x1p-46f)},
         {"8888", "fma.rn.f64 %d, %a, %b, %c;", {f64(2), f64(3), f64(4)}, f64(10)},
         {"888", "div.rn.f64 %d, %a, %b;", {f64(1), f64(3)}, f64(1.0 / 3)},
         {"444", "div.full.f32 %d, %a, %b;", {f32(1), f32(3)}, f32(1.0f / 3)},
         {"444", "div.rz.f32 %d, %a, %b;", {f32(2), f32(3)}, f32(std::nextafter(2.0f / 3, 0.0f))},
         {"444", "min.f32 %d, %a, %b;", {nan, f32(1)}, f32(1)},
         {"444", "max.f32 %d, %a, %b;", {f32(-0.0f), f32(0)}, 0},
         {"444", "max.NaN.f32 %d, %a, %b;", {nan, f32(1)}, quiet},
         {"44", "abs.f32 %d, %a;", {f32(-2)}, f32(2)},
         {"44", "neg.f32 %d, %a;", {f32(0)}, f32(-0.0f)},
         {"88", "neg.f64 %d, %a;", {f64(1)}, f64(-1)},
         {"44", "sqrt.rn.f32 %d, %a;", {f32(2)}, f32(std::sqrt(2.0f))},
         {"44", "sqrt.approx.ftz.f32 %d, %a;", {f32(0x1p-130f)}, 0},
         {"44", "rcp.approx.ftz.f32 %d, %a;", {f32(4)}, f32(0.25f)},
         {"44", "rcp.rn.f32 %d, %a;", {f32(3)}, f32(1.0f / 3)},
         {"44", "rsqrt.approx.f32 %d, %a;", {f32(4)}, f32(0.5f)},
         {"44", "ex2.approx.f32 %d, %a;", {f32(0.5f)}, f32(float(std::exp2(0.5)))},
         {"44", "lg2.approx.f32 %d, %a;", {f32(8)}, f32(3)},
         {"44", "sin.approx.f32 %d, %a;", {f32(1)}, f32(float(std::sin(1.0)))},
         {"44", "cos.approx.f32 %d, %a;", {f32(1)}, f32(float(std::cos(1.0)))},
         {"44", "tanh.approx.f32 %d, %a;", {f32(1)}, f32(float(std::tanh(1.0)))},
         {"444", "copysign.f32 %d, %a, %b;", {f32(-1), f32(5)}, f32(-5)},
         {"p4", "testp.infinite.f32 %d, %a;", {f32(INFINITY)}, 1},
         {"44", "add.f32 %d, %a, 0f3F800000;", {f32(2)}, f32(3)},
         {"88", "mul.f64 %d, %a, 0d4000000000000000;", {f64(4)}, f64(8)}});
}

TEST(Floats, Narrow) {
  check({{"222", "add.f16 %d, %a, %b;", {0x3c00, 0x3c00}, 0x4000},
         {"222", "mul.f16 %d, %a, %b;", {0x7bff, 0x4000}, 0x7c00},
         {"2222", "fma.rn.f16 %d, %a, %b, %c;", {0x3c00, 0x4000, 0x3c00}, 0x4200},
         {"2222", "fma.rn.relu.f16 %d, %a, %b, %c;", {0xbc00, 0x4000, 0x3c00}, 0},
         {"444", "add.rn.f16x2 %d, %a, %b;", {0x3c004000, 0x3c003c00}, 0x40004200},
         {"4444", "fma.rn.bf16x2 %d, %a, %b, %c;", {0x3f804000, 0x3f803f80, 0x3f803f80}, 0x40004040},
         {"222", "max.bf16 %d, %a, %b;", {0x3f80, 0xbf80}, 0x3f80},
         {"444", "min.f16x2 %d, %a, %b;", {0x3c004000, 0x40003c00}, 0x3c003c00},
         {"22", "neg.f16 %d, %a;", {0x3c00}, 0xbc00},
         {"44", "abs.f16x2 %d, %a;", {0xbc00bc00}, 0x3c003c00},
         {"22", "ex2.approx.f16 %d, %a;", {0x4000}, 0x4400},
         {"22", "tanh.approx.bf16 %d, %a;", {0}, 0}});
}

TEST(Conversions, All) {
  check({{"84", "cvt.s64.s32 %d, %a;", {m32}, m64},
         {"84", "cvt.u64.u32 %d, %a;", {m32}, m32},
         {"48", "cvt.u32.u64 %d, %a;", {0x500000001}, 1},
         {"42", "cvt.s32.s8 %d, %a;", {0x1ff}, m32},
         {"24", "cvt.u16.u32 %d, %a;", {0x12345}, 0x2345},
         {"44", "cvt.sat.u8.s32 %d, %a;", {300}, 255},
         {"44", "cvt.sat.s8.s32 %d, %a;", {m32 - 300}, m32 - 127},
         {"44", "cvt.rn.f32.s32 %d, %a;", {m32}, f32(-1)},
         {"44", "cvt.rn.f32.u32 %d, %a;", {0x1000001}, f32(0x1p24f)},
         {"44", "cvt.rp.f32.u32 %d, %a;", {0x1000001}, f32(0x1p24f + 2)},
         {"48", "cvt.rn.f32.u64 %d, %a;", {m64}, f32(0x1p64f)},
         {"84", "cvt.rn.f64.s32 %d, %a;", {m32}, f64(-1)},
         {"44", "cvt.rzi.s32.f32 %d, %a;", {f32(-1.7f)}, m32},
         {"44", "cvt.rni.s32.f32 %d, %a;", {f32(2.5f)}, 2},
         {"44", "cvt.rmi.s32.f32 %d, %a;", {f32(-1.2f)}, m32 - 1},
         {"44", "cvt.rpi.s32.f32 %d, %a;", {f32(1.2f)}, 2},
         {"44", "cvt.rzi.s32.f32 %d, %a;", {f32(1e20f)}, 0x7fffffff},
         {"44", "cvt.rzi.u32.f32 %d, %a;", {f32(-5)}, 0},
         {"44", "cvt.rzi.s32.f32 %d, %a;", {f32(NAN)}, 0},
         {"84", "cvt.rzi.u64.f32 %d, %a;", {f32(1e30f)}, m64},
         {"44", "cvt.rni.f32.f32 %d, %a;", {f32(2.5f)}, f32(2)},
         {"44", "cvt.rmi.f32.f32 %d, %a;", {f32(-0.5f)}, f32(-1)},
         {"44", "cvt.sat.f32.f32 %d, %a;", {f32(7)}, f32(1)},
         {"84", "cvt.f64.f32 %d, %a;", {f32(1.5f)}, f64(1.5)},
         {"48", "cvt.rn.f32.f64 %d, %a;", {f64(1 + 0x1p-24)}, f32(1)},
         {"48", "cvt.rp.f32.f64 %d, %a;", {f64(1 + 0x1p-40)}, f32(std::nextafter(1.0f, 2.0f))},
         {"42", "cvt.f32.f16 %d, %a;", {0x3555}, f32(0x1.554p-2f)},
         {"42", "cvt.f32.f16 %d, %a;", {0x0001}, f32(0x1p-24f)},
         {"24", "cvt.rn.f16.f32 %d, %a;", {f32(65520)}, 0x7c00},
         {"24", "cvt.rz.f16.f32 %d, %a;", {f32(65520)}, 0x7bff},
         {"24", "cvt.rn.f16.f32 %d, %a;", {f32(0x1.8p-24f)}, 2},
         {"24", "cvt.rn.bf16.f32 %d, %a;", {f32(1 + 0x1p-8f)}, 0x3f80},
         {"24", "cvt.rn.bf16.f32 %d, %a;", {f32(1 + 0x1.8p-7f)}, 0x3f82},
         {"24", "cvt.rn.relu.bf16.f32 %d, %a;", {f32(-1)}, 0},
         {"42", "cvt.f32.bf16 %d, %a;", {0xc000}, f32(-2)},
         {"444", "cvt.rn.f16x2.f32 %d, %a, %b;", {f32(1), f32(2)}, 0x3c004000},
         {"444", "cvt.rn.bf16x2.f32 %d, %a, %b;", {f32(1), f32(2)}, 0x3f804000},
         {"44", "cvt.rna.tf32.f32 %d, %a;", {f32(1 + 0x1p-11f)}, f32(1 + 0x1p-10f)},
         {"24", "cvt.rn.f16.s32 %d, %a;", {3}, 0x4200},
         {"42", "cvt.rzi.s32.f16 %d, %a;", {0xc200}, m32 - 2}});
}

TEST(Compare, Predicates) {
  const uint64_t nan = 0x7fc00000;
  check({{"p44", "setp.lt.s32 %d, %a, %b;", {m32, 0}, 1},
         {"p44", "setp.lt.u32 %d, %a, %b;", {m32, 0}, 0},
         {"p44", "setp.lo.u32 %d, %a, %b;", {1, 2}, 1},
         {"p88", "setp.ge.s64 %d, %a, %b;", {m64, 0}, 0},
         {"p22", "setp.eq.b16 %d, %a, %b;", {7, 7}, 1},
         {"p44", "setp.ne.f32 %d, %a, %b;", {nan, f32(1)}, 0},
         {"p44", "setp.neu.f32 %d, %a, %b;", {nan, f32(1)}, 1},
         {"p44", "setp.ltu.f32 %d, %a, %b;", {nan, f32(1)}, 1},
         {"p44", "setp.gtu.f32 %d, %a, %b;", {f32(0), f32(1)}, 0},
         {"p44", "setp.nan.f32 %d, %a, %b;", {nan, f32(1)}, 1},
         {"p44", "setp.num.f32 %d, %a, %b;", {nan, f32(1)}, 0},
         {"p88", "setp.gt.f64 %d, %a, %b;", {f64(2), f64(1)}, 1},
         {"p22", "setp.lt.f16 %d, %a, %b;", {0xbc00, 0x3c00}, 1},
         {"p22", "setp.gt.bf16 %d, %a, %b;", {0x4000, 0x3f80}, 1},
         {"p44p", "setp.lt.and.s32 %d, %a, %b, %c;", {1, 2, 0}, 0},
         {"p44p", "setp.lt.and.s32 %d, %a, %b, !%c;", {1, 2, 0}, 1},
         {"p44p", "setp.gt.or.s32 %d, %a, %b, %c;", {1, 2, 1}, 1},
         {"p44p", "setp.lt.xor.s32 %d, %a, %b, %c;", {1, 2, 1}, 0},
         {"p44", "setp.lt.s32 %t1|%d, %a, %b;", {1, 2}, 0},
         {"p44", "setp.lt.s32 _|%d, %a, %b;", {2, 1}, 1},
         {"p44", "setp.lt.f16x2 %t1|%d, %a, %b;", {0x3c004000, 0x40003c00}, 1},
         {"p44", "setp.lt.f16x2 %d|%t1, %a, %b;", {0x3c004000, 0x40003c00}, 0},
         {"444", "set.lt.u32.s32 %d, %a, %b;", {1, 2}, m32},
         {"444", "set.lt.f32.f32 %d, %a, %b;", {f32(1), f32(2)}, f32(1)},
         {"444p", "selp.b32 %d, %a, %b, %c;", {1, 2, 1}, 1},
         {"888p", "selp.b64 %d, %a, %b, %c;", {1, 2, 0}, 2},
         {"222p", "selp.b16 %d, %a, %b, %c;", {1, 2, 0}, 2},
         {"4444", "slct.u32.s32 %d, %a, %b, %c;", {1, 2, m32}, 2}});
}

TEST(Moves, All) {
  check({{"88", "mov.b64 %d, %a;", {m64}, m64},
         {"pp", "mov.pred %d, %a;", {1}, 1},
         {"422", "mov.b32 %d, {%a, %b};", {0x1234, 0x5678}, 0x56781234},
         {"844", "mov.b64 %d, {%a, %b};", {1, 2}, 0x200000001},
         {"48", "mov.b64 {_, %d}, %a;", {0x500000001}, 5},
         {"24", "{ .reg .b16 %x; mov.b32 {%x, %d}, %a; }", {0x12345678}, 0x1234},
         {"4", "mov.u32 %d, 0xdeadbeef;", {}, 0xdeadbeef},
         {"4", "mov.u32 %d, -1;", {}, m32},
         {"4", "mov.f32 %d, 1.5;", {}, f32(1.5f)},
         {"4", "mov.u32 %d, WARP_SZ;", {}, 32}});
}

} // namespace
