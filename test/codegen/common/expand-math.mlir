// float32 functions become arithmetic on scalars and vectors; other types are left as they are.
// RUN: tegula-opt %s --tegula-expand-math | FileCheck %s
// RUN: tegula-opt %s --tegula-expand-math=keep-denormals | FileCheck %s --check-prefix=KEEP
// RUN: tegula-opt %s --tegula-expand-math | tegula-equiv %s -
// RUN: tegula-opt %s --tegula-expand-math=keep-denormals | tegula-equiv %s -

// CHECK-LABEL: func.func @float32_becomes_arithmetic
// CHECK-NOT: math.{{exp|log|tanh|erf}}
// CHECK: math.fma {{.*}} : vector<8xf32>
// CHECK: return
func.func @float32_becomes_arithmetic(%x: vector<8xf32>, %y: f32) -> (vector<8xf32>, f32, vector<8xf32>, f32) {
  %a = math.exp %x : vector<8xf32>
  %b = math.log %y : f32
  %c = math.tanh %x : vector<8xf32>
  %d = math.erf %y : f32
  return %a, %b, %c, %d : vector<8xf32>, f32, vector<8xf32>, f32
}

// CHECK-LABEL: func.func @float64_is_left_alone
// CHECK: math.exp %{{.*}} : f64
func.func @float64_is_left_alone(%x: f64) -> f64 {
  %a = math.exp %x : f64
  return %a : f64
}

// The lowest argument is that of the smallest denormal; two powers of two keep the exponent in range.
// CHECK-LABEL: func.func @exp_of_low_arguments
// CHECK: arith.constant -8.698000e+01 : f32
// KEEP-LABEL: func.func @exp_of_low_arguments
// KEEP: arith.constant -1.040000e+02 : f32
// KEEP-COUNT-2: arith.shli
func.func @exp_of_low_arguments(%x: f32) -> f32 {
  %a = math.exp %x : f32
  return %a : f32
}
