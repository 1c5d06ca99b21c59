// Declares numbers that are known now or computed by a kernel, so that one formula serves tables made at
// compile time and positions found at run time.
#pragma once

#include "TensorKit.h"

#include <cmath>

namespace tegula::fuse {

/// A real number: a double, or an f64 value in a body. An operation on two doubles is done at once.
class Real {
public:
  Real(double number) : number(number) {}
  /// An index, or a size that may be known.
  Real(ScalarKit &s, mlir::Value index) : kit(&s), value(s.convert(index, s.b.getF64Type())) {}
  Real(ScalarKit &s, Dim size) : number(size.isStatic() ? double(size.number()) : 0) {
    if (!size.isStatic())
      *this = Real(s, s.index(size));
  }

  bool isKnown() const { return !value; }
  double known() const { return number; }
  mlir::Value emit(ScalarKit &s) const { return value ? value : s.constant(s.b.getF64Type(), number); }
  mlir::Value toIndex(ScalarKit &s) const {
    mlir::Value integer = mlir::arith::FPToSIOp::create(s.b, s.loc, s.b.getI64Type(), emit(s));
    return s.convert(integer, s.b.getIndexType());
  }

  friend Real operator+(Real x, Real y) { return apply<mlir::arith::AddFOp>(x, y, x.number + y.number); }
  friend Real operator-(Real x, Real y) { return apply<mlir::arith::SubFOp>(x, y, x.number - y.number); }
  friend Real operator*(Real x, Real y) { return apply<mlir::arith::MulFOp>(x, y, x.number * y.number); }
  friend Real operator/(Real x, Real y) { return apply<mlir::arith::DivFOp>(x, y, x.number / y.number); }
  friend Real max(Real x, Real y) {
    return apply<mlir::arith::MaximumFOp>(x, y, std::max(x.number, y.number));
  }
  friend Real min(Real x, Real y) {
    return apply<mlir::arith::MinimumFOp>(x, y, std::min(x.number, y.number));
  }
  friend Real floor(Real x) { return apply<mlir::math::FloorOp>(x, std::floor(x.number)); }
  friend Real ceil(Real x) { return apply<mlir::math::CeilOp>(x, std::ceil(x.number)); }
  friend Real abs(Real x) { return apply<mlir::math::AbsFOp>(x, std::abs(x.number)); }

  /// x < y ? whenTrue : whenFalse, and the same for x == y.
  static Real ifLess(Real x, Real y, Real whenTrue, Real whenFalse) {
    return choose(mlir::arith::CmpFPredicate::OLT, x.number < y.number, x, y, whenTrue, whenFalse);
  }
  static Real ifEqual(Real x, Real y, Real whenTrue, Real whenFalse) {
    return choose(mlir::arith::CmpFPredicate::OEQ, x.number == y.number, x, y, whenTrue, whenFalse);
  }

private:
  static Real computed(ScalarKit &s, mlir::Value value) {
    Real result(0.0);
    result.kit = &s;
    result.value = value;
    return result;
  }
  template <typename Op> static Real apply(Real x, double known) {
    return x.isKnown() ? Real(known) : computed(*x.kit, Op::create(x.kit->b, x.kit->loc, x.value));
  }
  template <typename Op> static Real apply(Real x, Real y, double known) {
    ScalarKit *s = x.kit ? x.kit : y.kit;
    if (!s)
      return known;
    mlir::Value left = x.emit(*s), right = y.emit(*s);
    return computed(*s, Op::create(s->b, s->loc, left, right));
  }
  static Real choose(mlir::arith::CmpFPredicate predicate, bool known, Real x, Real y, Real whenTrue,
                     Real whenFalse) {
    ScalarKit *s = x.kit ? x.kit : y.kit;
    if (!s)
      return known ? whenTrue : whenFalse;
    mlir::Value left = x.emit(*s), right = y.emit(*s);
    mlir::Value condition = mlir::arith::CmpFOp::create(s->b, s->loc, predicate, left, right);
    mlir::Value first = whenTrue.emit(*s), second = whenFalse.emit(*s);
    return computed(*s, s->select(condition, first, second));
  }

  ScalarKit *kit = nullptr; ///< null for a double
  double number = 0;
  mlir::Value value;
};

} // namespace tegula::fuse
