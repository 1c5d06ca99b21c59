// Expands the elementary functions that ExpandMath leaves: circle and hyperbola functions, their inverses,
// pow, and those of float64 => arithmetic, roots, and exp and log of float32. It exists for machines without
// a library of functions. Results are within a few units in the last place (of pow of float64 as many as
// |y log x|); NaN stays NaN, infinities give their limits. The series behind them are written out by their
// rules, so that no constant has to be believed.
#include "MathWriter.h"

#include "tegula/codegen/common/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace tegula::codegen {
#define GEN_PASS_DEF_EXPANDFUNCTIONS
#include "tegula/codegen/common/Passes.h.inc"

namespace {

using Writer = MathWriter;
using Is = arith::CmpFPredicate;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();
constexpr double pi = 0x1.921fb54442d18p+1, ln2 = 0x1.62e42fefa39efp-1;
/// ln 2 in two parts; an integer of 11 bits times the first is exact.
constexpr double ln2High = 0x1.62e42fee00000p-1, ln2Low = 0x1.a39ef35793c76p-33;

/// The first `terms` coefficients `of(k)` of a series, as a polynomial in x.
template <typename Coefficient> Value series(Writer &w, Value x, int terms, Coefficient of) {
  SmallVector<double> coefficients;
  for (int k = terms - 1; k >= 0; --k)
    coefficients.push_back(of(k));
  return w.polynomial(x, coefficients);
}

/// Exact as far as series go, and the same on every machine.
double factorial(int n) { return n < 2 ? 1.0 : n * factorial(n - 1); }

// ---- exp and log ----

/// e^x = 2^n * e^r with n the integer nearest to x / ln 2, which is read from the bits of n + 1.5 * 2^52.
Value exp64(Writer &w, Value x) {
  constexpr double magic = 0x1.8p52, lowest = -745.2;
  Value inside = w.clamp(x, lowest, 710);
  Value shifted = w.fma(inside, w.real(1 / ln2), w.real(magic));
  Value n = w.sub(shifted, w.real(magic));
  Value r = w.fma(n, w.real(-ln2High), inside);
  r = w.fma(n, w.real(-ln2Low), r);
  Value p = series(w, r, 14, [](int k) { return 1 / factorial(k); });
  // 2^n in two factors of about half the exponent each: only the last product can be denormal.
  Value whole = w.subInt(w.bitsOf(shifted), w.integer(0x4338000000000000)), half = w.shiftRight(whole, 1);
  auto powerOf = [&](Value exponent) {
    return w.fromBits(w.shiftLeft(w.addInt(exponent, w.integer(1023)), 52));
  };
  Value result = w.mul(w.mul(p, powerOf(half)), powerOf(w.subInt(whole, half)));
  return w.select(w.compare(Is::OLT, x, w.real(lowest)), w.real(0), result);
}

/// log x = e ln 2 + log(1 + f) with 1 + f between sqrt(1/2) and sqrt(2), and log(1 + f) = 2 artanh(f / (2 +
/// f)).
Value log64(Writer &w, Value x) {
  Value isTiny = w.compare(Is::OLT, x, w.real(std::numeric_limits<double>::min()));
  Value scaled = w.select(isTiny, w.mul(x, w.real(0x1p54)), x), bits = w.bitsOf(scaled);
  Value exponent = w.shiftRight(w.subInt(bits, w.integer(0x3fe6a09e667f3bcd)), 52);
  Value f = w.sub(w.fromBits(w.subInt(bits, w.shiftLeft(exponent, 52))), w.real(1));
  Value e = w.sub(w.toFloat(exponent), w.select(isTiny, w.real(54), w.real(0)));
  Value s = w.div(f, w.add(f, w.real(2))), z = w.mul(s, s);
  Value rest = w.mul(z, series(w, z, 12, [](int k) { return 2.0 / (2 * k + 3); }));
  Value small = w.sub(f, w.mul(s, w.sub(f, rest)));
  Value result = w.fma(e, w.real(ln2High), w.fma(e, w.real(ln2Low), small));
  result = w.select(w.compare(Is::OEQ, x, w.real(infinity)), w.real(infinity), result);
  result = w.select(w.compare(Is::OEQ, x, w.real(0)), w.real(-infinity), result);
  return w.select(w.compare(Is::ULT, x, w.real(0)), w.real(notANumber), result);
}

/// Those of float32 are ExpandMath's.
Value expOf(Writer &w, Value x) { return w.isOfDouble() ? exp64(w, x) : w.call<math::ExpOp>(x); }
Value logOf(Writer &w, Value x) { return w.isOfDouble() ? log64(w, x) : w.call<math::LogOp>(x); }

/// log(1 + x): what rounding 1 + x to u does is undone by the quotient x / (u - 1).
Value log1p(Writer &w, Value x) {
  Value u = w.add(x, w.real(1)), d = w.sub(u, w.real(1));
  Value result = w.mul(logOf(w, u), w.div(x, d));
  result = w.select(w.compare(Is::OEQ, d, w.real(0)), x, result);
  return w.select(w.compare(Is::OEQ, u, w.real(infinity)), u, result);
}

/// e^x - 1 in the same way: u = e^x is rounded, and x / log u says by how much.
Value expm1(Writer &w, Value x) {
  Value u = expOf(w, x), d = w.sub(u, w.real(1));
  Value result = w.mul(d, w.div(x, logOf(w, u)));
  result = w.select(w.compare(Is::OEQ, d, w.real(0)), x, result);
  result = w.select(w.compare(Is::OEQ, d, w.real(-1)), d, result);
  return w.select(w.compare(Is::OEQ, u, w.real(infinity)), u, result);
}

// ---- hyperbola ----

Value expandSinh(Writer &w, Value x) {
  Value a = w.size(x), t = expm1(w, a);
  Value small = w.mul(w.real(0.5), w.add(t, w.div(t, w.add(t, w.real(1)))));
  Value power = expOf(w, w.mul(a, w.real(0.5))),
        half = w.real(0.5); // e^x may be too large where sinh x is not
  Value large = w.sub(w.mul(w.mul(half, power), power), w.div(w.div(half, power), power));
  return w.withSign(w.select(w.compare(Is::OGT, a, w.real(1)), large, small), x);
}

Value expandCosh(Writer &w, Value x) {
  Value power = expOf(w, w.mul(w.size(x), w.real(0.5))), half = w.real(0.5);
  return w.add(w.mul(w.mul(half, power), power), w.div(w.div(half, power), power));
}

Value expandTanh(Writer &w, Value x) {
  Value t = expm1(w, w.mul(w.clamp(w.size(x), 0, 20), w.real(2)));
  return w.withSign(w.div(t, w.add(t, w.real(2))), x);
}

/// From where on 2x is as good as what stands under the logarithm.
double farOut(const Writer &w) { return w.isOfDouble() ? 1e9 : 1e4; }

Value beyond(Writer &w, Value x, Value result) {
  Value far = w.add(logOf(w, x), w.real(ln2));
  return w.select(w.compare(Is::OGT, x, w.real(farOut(w))), far, result);
}

Value expandAsinh(Writer &w, Value x) {
  Value a = w.size(x), near = w.clamp(a, 0, farOut(w)), square = w.mul(near, near), one = w.real(1);
  Value more = w.div(square, w.add(one, w.root(w.add(square, one))));
  return w.withSign(beyond(w, a, log1p(w, w.add(near, more))), x);
}

Value expandAcosh(Writer &w, Value x) {
  Value t = w.sub(w.clamp(x, -2, farOut(w)), w.real(1));
  return beyond(w, x, log1p(w, w.add(t, w.root(w.mul(t, w.add(t, w.real(2)))))));
}

Value expandAtanh(Writer &w, Value x) {
  Value a = w.size(x), quotient = w.div(w.add(a, a), w.sub(w.real(1), a));
  return w.withSign(w.mul(w.real(0.5), log1p(w, quotient)), x);
}

// ---- circle ----

/// Where an angle lies: in which quarter of the circle, and how far from its middle, at most pi / 4.
struct Angle {
  Value quarter, rest;
};

/// Of float32, however large: x 2 / pi without multiples of 4, with 2 / pi in parts of 29 bits, times which
/// 24 bits are exact in float64.
Angle reduce32(Writer &w, Value x) {
  constexpr double parts[] = {0x1.45f306d000000p-1,  0x1.9391054000000p-30,  0x1.4fe13ab000000p-59,
                              0x1.d1f534d000000p-88, 0x1.b81b6c5000000p-117, 0x1.5993c40000000p-148,
                              0x1.c820ff2000000p-175};
  constexpr double magic = 0x1.8p52;
  Writer d = w.wide();
  Value wide = w.extend(x), turns;
  for (double part : parts) {
    Value product = d.mul(wide, d.real(part));
    Value fours = d.nearest(d.mul(product, d.real(0.25)));
    Value kept = d.fma(fours, d.real(-4), product);
    turns = turns ? d.add(turns, kept) : kept;
  }
  Value shifted = d.add(turns, d.real(magic)), rest = d.sub(turns, d.sub(shifted, d.real(magic)));
  return {d.bitsOf(shifted), w.truncate(d.mul(rest, d.real(pi / 2)))};
}

/// Of float64 up to 2^48, with pi / 2 in three parts; NaN beyond.
Angle reduce64(Writer &w, Value x) {
  constexpr double parts[] = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54, -0x1.f1976b7ed8fbcp-110};
  constexpr double magic = 0x1.8p52;
  Value inside = w.select(w.compare(Is::OLE, w.size(x), w.real(0x1p48)), x, w.real(notANumber));
  Value shifted = w.fma(inside, w.real(2 / pi), w.real(magic)), n = w.sub(shifted, w.real(magic));
  Value rest = inside;
  for (double part : parts)
    rest = w.fma(n, w.real(-part), rest);
  return {w.bitsOf(shifted), rest};
}

struct Circle {
  Value sine, cosine;
};

Circle circle(Writer &w, Value x) {
  Writer counter = w.isOfDouble() ? w : w.wide();
  auto [quarter, r] = w.isOfDouble() ? reduce64(w, x) : reduce32(w, x);
  int terms = w.isOfDouble() ? 9 : 5;
  Value z = w.mul(r, r);
  auto sign = [](int k) { return k % 2 ? -1.0 : 1.0; };
  Value s = series(w, z, terms - 1, [&](int k) { return -sign(k) / factorial(2 * k + 3); });
  Value c = series(w, z, terms, [&](int k) { return -sign(k) / factorial(2 * k + 2); });
  s = w.fma(w.mul(r, z), s, r);
  c = w.fma(z, c, w.real(1));
  auto bit = [&](int64_t add, int64_t mask) {
    Value moved = counter.addInt(quarter, counter.integer(add));
    return counter.isZero(counter.andInt(moved, counter.integer(mask)));
  };
  Value isEven = bit(0, 1);
  Value sine = w.select(isEven, s, c), cosine = w.select(isEven, c, s);
  return {w.select(bit(0, 2), sine, w.negate(sine)), w.select(bit(1, 2), cosine, w.negate(cosine))};
}

Value expandSin(Writer &w, Value x) { return circle(w, x).sine; }
Value expandCos(Writer &w, Value x) { return circle(w, x).cosine; }
Value expandTan(Writer &w, Value x) {
  Circle at = circle(w, x);
  return w.div(at.sine, at.cosine);
}

/// The angle is moved by pi / 2 or pi / 4, so that the series is asked for at most tan(pi / 8).
Value expandAtan(Writer &w, Value x) {
  Value a = w.size(x), one = w.real(1);
  Value isLarge = w.compare(Is::OGT, a, w.real(1 + std::sqrt(2)));
  Value isMiddle = w.compare(Is::OGT, a, w.real(std::sqrt(2) - 1));
  auto choose = [&](Value large, Value middle, Value small) {
    return w.select(isLarge, large, w.select(isMiddle, middle, small));
  };
  Value t = w.div(choose(w.real(-1), w.sub(a, one), a), choose(a, w.add(a, one), one)), z = w.mul(t, t);
  Value s = series(w, z, w.isOfDouble() ? 21 : 9, [](int k) { return (k % 2 ? 1.0 : -1.0) / (2 * k + 3); });
  Value moved = choose(w.real(pi / 2), w.real(pi / 4), w.real(0));
  return w.withSign(w.add(moved, w.fma(w.mul(t, z), s, t)), x);
}

Value expandAsin(Writer &w, Value x) {
  Value one = w.real(1), other = w.root(w.mul(w.sub(one, x), w.add(one, x)));
  return expandAtan(w, w.div(x, other));
}

Value expandAcos(Writer &w, Value x) {
  Value one = w.real(1), square = w.div(w.sub(one, x), w.add(one, x));
  return w.mul(w.real(2), expandAtan(w, w.root(square)));
}

// ---- others ----

/// erf x = 2 / sqrt(pi) e^(-x^2) x (1 + 2x^2 / 3 (1 + 2x^2 / 5 (...))), whose terms are all positive.
Value expandErf(Writer &w, Value x) {
  constexpr double most = 5.93;
  constexpr int terms = 120;
  Value inside = w.clamp(x, -most, most), square = w.mul(inside, inside), twice = w.add(square, square);
  Value sum = w.real(1);
  for (int k = terms; k > 0; --k)
    sum = w.fma(w.mul(twice, w.real(1.0 / (2 * k + 1))), sum, w.real(1));
  Value result = w.mul(w.mul(w.real(2 / std::sqrt(pi)), inside), w.mul(expOf(w, w.negate(square)), sum));
  Value one = w.withSign(w.real(1), x);
  return w.select(w.compare(Is::OGE, w.size(x), w.real(most)), one, result);
}

/// e^(y log |x|) in float64, with the sign that an odd y gives, and what is so by definition.
Value pow64(Writer &w, Value x, Value y) {
  Value a = w.size(x), one = w.real(1), zero = w.real(0), half = w.mul(y, w.real(0.5));
  Value power = exp64(w, w.mul(y, log64(w, a)));
  power = w.select(w.compare(Is::OEQ, a, one), one, power);
  Value isWhole = w.compare(Is::OEQ, w.whole(y), y),
        isOdd = w.both(isWhole, w.compare(Is::UNE, w.whole(half), half));
  Value isBelow = w.both(w.compare(Is::OLT, x, zero), w.compare(Is::OGT, x, w.real(-infinity)));
  Value forOthers = w.select(isBelow, w.real(notANumber), power);
  Value result = w.select(isWhole, w.select(isOdd, w.withSign(power, x), power), forOthers);
  result = w.select(w.compare(Is::OEQ, x, one), one, result);
  result = w.select(w.compare(Is::UNO, x, y), w.add(x, y), result);
  return w.select(w.compare(Is::OEQ, y, zero), one, w.select(w.compare(Is::OEQ, x, one), one, result));
}

bool isOf(Type type, bool withFloat32) {
  Type element = getElementTypeOrSelf(type);
  return element.isF64() || (withFloat32 && element.isF32());
}

/// `withFloat32`: else ExpandMath has the function of float32.
template <typename Op, Value (*expand)(Writer &, Value), bool withFloat32 = true>
struct Expand : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (!isOf(op.getType(), withFloat32))
      return rewriter.notifyMatchFailure(op, "expected a type whose expansion is known");
    Writer writer(rewriter, op->getLoc(), op.getType(), /*keepDenormals=*/true);
    rewriter.replaceOp(op, expand(writer, op.getOperand()));
    return success();
  }
};

struct ExpandPow : OpRewritePattern<math::PowFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::PowFOp op, PatternRewriter &rewriter) const override {
    if (!isOf(op.getType(), /*withFloat32=*/true))
      return rewriter.notifyMatchFailure(op, "expected a type whose expansion is known");
    Writer writer(rewriter, op->getLoc(), op.getType(), /*keepDenormals=*/true);
    bool isDouble = writer.isOfDouble();
    Writer wide = isDouble ? writer : writer.wide();
    Value x = isDouble ? op.getLhs() : writer.extend(op.getLhs());
    Value y = isDouble ? op.getRhs() : writer.extend(op.getRhs());
    Value power = pow64(wide, x, y);
    rewriter.replaceOp(op, isDouble ? power : writer.truncate(power));
    return success();
  }
};

/// What is left of x / y, computed in float64 for numbers of float32, without a rounding: 50 bits of the
/// quotient at a time, the highest first. A rest has no more bits than x and y have, so that each fma is
/// exact; a quotient that was rounded up leaves less than nothing, and is one too large.
Value fmod32(Writer &w, Value x, Value y) {
  constexpr int bitsAtOnce = 50, steps = 6; // of at most 2^128 / 2^-149
  Value divisor = w.size(y), rest = w.size(x);
  for (int step = steps; step-- > 0;) {
    Value multiple = w.mul(divisor, w.real(std::ldexp(1.0, step * bitsAtOnce)));
    Value quotient = w.whole(w.div(rest, multiple));
    Value left = w.fma(w.negate(quotient), multiple, rest);
    rest = w.select(w.compare(Is::OLT, left, w.real(0)), w.add(left, multiple), left);
  }
  Value infinity = w.real(std::numeric_limits<double>::infinity());
  Value keeps = w.both(w.compare(Is::OEQ, divisor, infinity), w.compare(Is::OLT, w.size(x), infinity));
  return w.withSign(w.select(keeps, w.size(x), w.size(rest)), x);
}

/// Of float32 alone: float64 would take forty steps.
struct ExpandRemainder : OpRewritePattern<arith::RemFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::RemFOp op, PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return rewriter.notifyMatchFailure(op, "expected float32");
    Writer writer(rewriter, op->getLoc(), op.getType(), /*keepDenormals=*/true);
    Writer wide = writer.wide();
    Value rest = fmod32(wide, writer.extend(op.getLhs()), writer.extend(op.getRhs()));
    rewriter.replaceOp(op, writer.truncate(rest));
    return success();
  }
};

struct ExpandFunctions : impl::ExpandFunctionsBase<ExpandFunctions> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns
        .add<Expand<math::SinOp, expandSin>, Expand<math::CosOp, expandCos>, Expand<math::TanOp, expandTan>,
             Expand<math::AsinOp, expandAsin>, Expand<math::AcosOp, expandAcos>,
             Expand<math::AtanOp, expandAtan>, Expand<math::SinhOp, expandSinh>,
             Expand<math::CoshOp, expandCosh>, Expand<math::AsinhOp, expandAsinh>,
             Expand<math::AcoshOp, expandAcosh>, Expand<math::AtanhOp, expandAtanh>,
             Expand<math::Log1pOp, log1p>, Expand<math::ExpM1Op, expm1>, Expand<math::ExpOp, exp64, false>,
             Expand<math::LogOp, log64, false>, Expand<math::TanhOp, expandTanh, false>,
             Expand<math::ErfOp, expandErf, false>, ExpandPow, ExpandRemainder>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};
} // namespace
} // namespace tegula::codegen
