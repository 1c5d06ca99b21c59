// Functions that ExpandMath leaves become arithmetic, on scalars and vectors, in float32 and float64.
// RUN: tegula-opt %s --tegula-expand-functions | FileCheck %s
// RUN: tegula-opt %s --tegula-expand-functions | tegula-equiv %s - --tolerance 1e-6
// RUN: tegula-opt %s --tegula-expand-functions --tegula-expand-math | tegula-equiv %s - --tolerance 1e-6

// CHECK-LABEL: func.func @circle
// CHECK-NOT: math.{{sin|cos|tan|asin|acos|atan}} %
// CHECK: return
func.func @circle(%x: vector<64xf32>, %y: f32) -> (vector<64xf32>, vector<64xf32>, f32, vector<64xf32>, vector<64xf32>, vector<64xf32>, f32) {
  %large = arith.constant dense<1.0e6> : vector<64xf32>
  %eighth = arith.constant dense<0.125> : vector<64xf32>
  %z = arith.mulf %x, %large : vector<64xf32>
  %sin = math.sin %x : vector<64xf32>
  %cos = math.cos %x : vector<64xf32>
  %tan = math.tan %y : f32
  %far = math.sin %z : vector<64xf32>
  %atan = math.atan %x : vector<64xf32>
  %s = arith.mulf %x, %eighth : vector<64xf32>
  %asin = math.asin %s : vector<64xf32>
  %acos = math.acos %y : f32
  return %sin, %cos, %tan, %far, %atan, %asin, %acos : vector<64xf32>, vector<64xf32>, f32, vector<64xf32>, vector<64xf32>, vector<64xf32>, f32
}

// CHECK-LABEL: func.func @hyperbola
// CHECK-NOT: math.{{sinh|cosh|asinh|acosh|atanh}} %
// CHECK: return
func.func @hyperbola(%x: vector<64xf32>) -> (vector<64xf32>, vector<64xf32>, vector<64xf32>, vector<64xf32>, vector<64xf32>) {
  %eighth = arith.constant dense<0.125> : vector<64xf32>
  %sinh = math.sinh %x : vector<64xf32>
  %cosh = math.cosh %x : vector<64xf32>
  %asinh = math.asinh %x : vector<64xf32>
  %acosh = math.acosh %cosh : vector<64xf32>
  %s = arith.mulf %x, %eighth : vector<64xf32>
  %atanh = math.atanh %s : vector<64xf32>
  return %sinh, %cosh, %asinh, %acosh, %atanh : vector<64xf32>, vector<64xf32>, vector<64xf32>, vector<64xf32>, vector<64xf32>
}

// CHECK-LABEL: func.func @powers
// CHECK-NOT: math.{{powf|log1p|expm1}} %
// CHECK: return
func.func @powers(%x: vector<64xf32>, %y: vector<64xf32>) -> (vector<64xf32>, vector<64xf32>, vector<64xf32>, vector<64xf32>) {
  %three = arith.constant dense<3.0> : vector<64xf32>
  %a = math.absf %x : vector<64xf32>
  %pow = math.powf %a, %y : vector<64xf32>
  %cube = math.powf %x, %three : vector<64xf32>
  %log1p = math.log1p %a : vector<64xf32>
  %expm1 = math.expm1 %x : vector<64xf32>
  return %pow, %cube, %log1p, %expm1 : vector<64xf32>, vector<64xf32>, vector<64xf32>, vector<64xf32>
}

// CHECK-LABEL: func.func @float64
// CHECK-NOT: math.{{exp|log|tanh|erf|sin|atan}} %
// CHECK: return
func.func @float64(%x: vector<64xf64>) -> (vector<64xf64>, vector<64xf64>, vector<64xf64>, vector<64xf64>, vector<64xf64>, vector<64xf64>) {
  %exp = math.exp %x : vector<64xf64>
  %log = math.log %exp : vector<64xf64>
  %tanh = math.tanh %x : vector<64xf64>
  %erf = math.erf %x : vector<64xf64>
  %sin = math.sin %x : vector<64xf64>
  %atan = math.atan %x : vector<64xf64>
  return %exp, %log, %tanh, %erf, %sin, %atan : vector<64xf64>, vector<64xf64>, vector<64xf64>, vector<64xf64>, vector<64xf64>, vector<64xf64>
}

// Those of float32 that ExpandMath has are left to it.
// CHECK-LABEL: func.func @frequent_ones_of_float32
// CHECK: math.exp
// CHECK: math.erf
func.func @frequent_ones_of_float32(%x: f32) -> (f32, f32) {
  %exp = math.exp %x : f32
  %erf = math.erf %x : f32
  return %exp, %erf : f32, f32
}

// What is so by definition: at the ends, at infinity, and of what is no number.
// CHECK-LABEL: func.func @limits
func.func @limits() -> vector<40xf32> {
  %x = arith.constant dense<[0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0x7F800000, 0xFF800000]> : vector<8xf32>
  %y = arith.constant dense<[0.0, 3.0, 0xFF800000, 0x7F800000, -1.5, 5.0, 0.5, -3.0]> : vector<8xf32>
  %a = math.powf %x, %y : vector<8xf32>
  %b = math.atanh %x : vector<8xf32>
  %c = math.acosh %x : vector<8xf32>
  %d = math.sinh %x : vector<8xf32>
  %e = math.atan %x : vector<8xf32>
  %zero = arith.constant dense<0.0> : vector<40xf32>
  %0 = vector.insert_strided_slice %a, %zero {offsets = [0], strides = [1]} : vector<8xf32> into vector<40xf32>
  %1 = vector.insert_strided_slice %b, %0 {offsets = [8], strides = [1]} : vector<8xf32> into vector<40xf32>
  %2 = vector.insert_strided_slice %c, %1 {offsets = [16], strides = [1]} : vector<8xf32> into vector<40xf32>
  %3 = vector.insert_strided_slice %d, %2 {offsets = [24], strides = [1]} : vector<8xf32> into vector<40xf32>
  %4 = vector.insert_strided_slice %e, %3 {offsets = [32], strides = [1]} : vector<8xf32> into vector<40xf32>
  return %4 : vector<40xf32>
}

// What is left of a division is exact, however large the quotient.
// CHECK-LABEL: func.func @remainder
// CHECK-NOT: arith.remf
// CHECK-COUNT-6: math.trunc {{.*}}f64
// CHECK: return
func.func @remainder(%x: vector<32xf32>, %y: vector<32xf32>) -> (vector<32xf32>, vector<32xf32>, f32, f32, f32) {
  %far = arith.constant dense<1.7e30> : vector<32xf32>
  %large = arith.mulf %x, %far : vector<32xf32>
  %near = arith.remf %x, %y : vector<32xf32>
  %rest = arith.remf %large, %y : vector<32xf32>
  %most = arith.constant 3.4e38 : f32
  %least = arith.constant 1.0e-45 : f32
  %third = arith.constant 3.0e-41 : f32
  %endless = arith.constant 0x7F800000 : f32
  %a = arith.remf %most, %third : f32
  %b = arith.remf %third, %least : f32
  %c = arith.remf %most, %endless : f32
  return %near, %rest, %a, %b, %c : vector<32xf32>, vector<32xf32>, f32, f32, f32
}
