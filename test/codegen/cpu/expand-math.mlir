// float32 functions become arithmetic on scalars and vectors; other types are left to libm.
// RUN: tegula-opt %s --tegula-expand-math | FileCheck %s

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
