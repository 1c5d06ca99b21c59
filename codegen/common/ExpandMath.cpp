// Expands float32 functions into arithmetic: exp, log, tanh, erf => polynomials on scalars and vectors alike.
// It exists because a call for every element would cost more than the rest of an activation, a softmax or a
// GELU together. exp and log are within 1 unit in the last place, tanh and erf within 6; exp below 1.7e-38
// becomes zero unless denormals are kept. NaN stays NaN, infinities give their limits.
#include "MathWriter.h"

#include "tegula/codegen/common/Passes.h"

#include "mlir/Transforms/WalkPatternRewriteDriver.h"

#include <limits>

using namespace mlir;

namespace tegula::codegen {
#define GEN_PASS_DEF_EXPANDMATH
#include "tegula/codegen/common/Passes.h.inc"

namespace {

using Writer = MathWriter;

/// e^x = 2^n * e^r with n the integer nearest to x / ln 2. The integer is read from the bits of n + 1.5 *
/// 2^23: a conversion would be undefined for NaN.
Value expandExp(Writer &w, Value x) {
  constexpr float magic = 12582912.0f;
  const float lowest = w.keepDenormals ? -104.0f : -86.98f;
  Value inside = w.clamp(x, lowest, 88.8f);
  Value shifted = w.fma(inside, w.real(1.44269504f), w.real(magic));
  Value n = w.sub(shifted, w.real(magic));
  Value r = w.fma(n, w.real(-0.693359375f), inside);
  r = w.fma(n, w.real(2.12194440e-4f), r);
  Value q = w.polynomial(r, {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f,
                             1.6666665459e-1f, 5.0000001201e-1f});
  Value p = w.add(w.fma(w.mul(r, r), q, r), w.real(1));
  if (w.keepDenormals) {
    // 2^n in two factors of about half the exponent each: only the last product can be denormal, so it rounds
    // once.
    Value whole = w.subInt(w.bitsOf(shifted), w.integer(0x4b400000)), half = w.shiftRight(whole, 1);
    auto powerOf = [&](Value exponent) {
      return w.fromBits(w.shiftLeft(w.addInt(exponent, w.integer(127)), 23));
    };
    return w.mul(w.mul(p, powerOf(half)), powerOf(w.subInt(whole, half)));
  }
  // 2^n in two factors, 2 and 2^(n-1), so that n = 128 is in range.
  Value power = w.shiftLeft(w.addInt(w.bitsOf(shifted), w.integer(126 - 0x4b400000)), 23);
  Value result = w.mul(w.add(p, p), w.fromBits(power));
  return w.select(w.compare(arith::CmpFPredicate::OLT, x, w.real(lowest)), w.real(0), result);
}

/// log x = e ln 2 + log(1 + f) with 1 + f between sqrt(1/2) and sqrt(2).
Value expandLog(Writer &w, Value x) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  Value isTiny = w.compare(arith::CmpFPredicate::OLT, x, w.real(std::numeric_limits<float>::min()));
  Value scaled = w.select(isTiny, w.mul(x, w.real(8388608.0f)), x);
  Value bits = w.bitsOf(scaled);
  Value exponent = w.shiftRight(w.subInt(bits, w.integer(0x3f3504f3)), 23);
  Value f = w.sub(w.fromBits(w.subInt(bits, w.shiftLeft(exponent, 23))), w.real(1));
  Value e = w.sub(w.toFloat(exponent), w.select(isTiny, w.real(23), w.real(0)));
  Value z = w.mul(f, f);
  Value p = w.polynomial(f, {7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f,
                             1.4249322787e-1f, -1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f,
                             3.3333331174e-1f});
  Value y = w.mul(w.mul(p, f), z);
  y = w.fma(e, w.real(-2.12194440e-4f), y);
  y = w.fma(z, w.real(-0.5f), y);
  Value result = w.fma(e, w.real(0.693359375f), w.add(f, y));
  result = w.select(w.compare(arith::CmpFPredicate::OEQ, x, w.real(infinity)), w.real(infinity), result);
  result = w.select(w.compare(arith::CmpFPredicate::OEQ, x, w.real(0)), w.real(-infinity), result);
  return w.select(w.compare(arith::CmpFPredicate::ULT, x, w.real(0)),
                  w.real(std::numeric_limits<float>::quiet_NaN()), result);
}

/// `y` where |x| is at most `limit`, else 1 with the sign of `x`.
Value saturate(Writer &w, Value x, Value y, float limit) {
  y = w.select(w.compare(arith::CmpFPredicate::OGT, x, w.real(limit)), w.real(1), y);
  return w.select(w.compare(arith::CmpFPredicate::OLT, x, w.real(-limit)), w.real(-1), y);
}

/// x p / q; a denormal x times p, which is less than 1, would lose bits that the quotient brings back.
Value oddQuotient(Writer &w, Value x, Value p, Value q) {
  return w.keepDenormals ? w.mul(x, w.div(p, q)) : w.div(w.mul(x, p), q);
}

/// tanh as a quotient of polynomials in x^2 on the range where it is not yet 1.
Value expandTanh(Writer &w, Value x) {
  Value inside = w.clamp(x, -7.90531111f, 7.90531111f);
  Value z = w.mul(inside, inside);
  Value p = w.polynomial(z, {-2.76076847742355e-16f, 2.00018790482477e-13f, -8.60467152213735e-11f,
                             5.12229709037114e-08f, 1.48572235717979e-05f, 6.37261928875436e-04f,
                             4.89352455891786e-03f});
  Value q = w.polynomial(
      z, {1.19825839466702e-06f, 1.18534705686654e-04f, 2.26843463243900e-03f, 4.89352518554385e-03f});
  return saturate(w, x, oddQuotient(w, inside, p, q), 8.3f);
}

/// erf as a quotient of polynomials in x^2 on the range where it is not yet 1.
Value expandErf(Writer &w, Value x) {
  Value inside = w.clamp(x, -3.83250686f, 3.83250686f);
  Value z = w.mul(inside, inside);
  Value p = w.polynomial(z, {-2.72614225801306e-10f, 2.77068142495902e-08f, -2.10102402082508e-06f,
                             -5.69250639462346e-05f, -7.34990630326855e-04f, -2.95459980854025e-03f,
                             -1.60960333262415e-02f});
  Value q = w.polynomial(z, {-1.45660718464996e-05f, -2.13374055278905e-04f, -1.68282697438203e-03f,
                             -7.37332916720468e-03f, -1.42647390514189e-02f});
  return saturate(w, x, oddQuotient(w, inside, p, q), 3.83250686f);
}

template <typename Op, Value (*expand)(Writer &, Value)> struct Expand : OpRewritePattern<Op> {
  Expand(MLIRContext *context, bool keepDenormals)
      : OpRewritePattern<Op>(context), keepDenormals(keepDenormals) {}
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return rewriter.notifyMatchFailure(op, "expected float32");
    Writer writer(rewriter, op->getLoc(), op.getType(), keepDenormals);
    rewriter.replaceOp(op, expand(writer, op.getOperand()));
    return success();
  }
  bool keepDenormals;
};

struct ExpandMath : impl::ExpandMathBase<ExpandMath> {
  using ExpandMathBase::ExpandMathBase;
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<Expand<math::ExpOp, expandExp>, Expand<math::LogOp, expandLog>,
                 Expand<math::TanhOp, expandTanh>, Expand<math::ErfOp, expandErf>>(&getContext(),
                                                                                   keepDenormals);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};
} // namespace
} // namespace tegula::codegen
