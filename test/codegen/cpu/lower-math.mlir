// What the machine has no instruction for becomes a call of libm; what it has stays.
// RUN: tegula-opt %s --tegula-lower-math | FileCheck %s

// CHECK-LABEL: func.func @calls_libm
// CHECK: call @erff(%{{.*}}) : (f32) -> f32
// CHECK: call @tanh(%{{.*}}) : (f64) -> f64
func.func @calls_libm(%x: f32, %d: f64) -> (f32, f64) {
  %y = math.erf %x : f32
  %z = math.tanh %d : f64
  return %y, %z : f32, f64
}

// CHECK-LABEL: func.func @half_goes_through_float
// CHECK: %[[W:.*]] = arith.extf %{{.*}} : f16 to f32
// CHECK: %[[S:.*]] = call @sinf(%[[W]]) : (f32) -> f32
// CHECK: arith.truncf %[[S]] : f32 to f16
func.func @half_goes_through_float(%x: f16) -> f16 {
  %y = math.sin %x : f16
  return %y : f16
}

// CHECK-LABEL: func.func @keeps_what_is_an_instruction
// CHECK: math.sqrt %{{.*}} : vector<8xf32>
// CHECK: math.floor %{{.*}} : f32
// CHECK-NOT: call
// CHECK: return
func.func @keeps_what_is_an_instruction(%x: vector<8xf32>, %s: f32) -> (vector<8xf32>, f32) {
  %y = math.sqrt %x : vector<8xf32>
  %z = math.floor %s : f32
  return %y, %z : vector<8xf32>, f32
}

// CHECK-LABEL: func.func @small_power_is_a_product
// CHECK: %[[Q:.*]] = arith.mulf %[[X:.*]], %[[X]] : f32
// CHECK: arith.mulf %[[Q]], %{{.*}} : f32
// CHECK-NOT: call
// CHECK: return
func.func @small_power_is_a_product(%x: f32) -> f32 {
  %c3 = arith.constant 3 : i32
  %y = math.fpowi %x, %c3 : f32, i32
  return %y : f32
}
