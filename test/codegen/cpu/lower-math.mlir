// What the machine has no instruction for is called from libm; the rest is left for LLVM.
// RUN: tegula-opt %s --tegula-lower-math | FileCheck %s
// RUN: tegula-opt %s --tegula-lower-math | tegula-equiv %s -

// CHECK-LABEL: func.func @calls_libm
// CHECK: call @erff
// CHECK: call @expf
// CHECK: call @exp(
func.func @calls_libm(%x: f32, %y: f64) -> (f32, f32, f64) {
  %a = math.erf %x : f32
  %b = math.exp %x : f32
  %c = math.exp %y : f64
  return %a, %b, %c : f32, f32, f64
}

// CHECK-LABEL: func.func @leaves_instructions
// CHECK: math.sqrt
// CHECK: math.floor
// CHECK: math.fma
func.func @leaves_instructions(%x: f32) -> (f32, f32, f32) {
  %a = math.sqrt %x : f32
  %b = math.floor %x : f32
  %c = math.fma %x, %x, %x : f32
  return %a, %b, %c : f32, f32, f32
}
