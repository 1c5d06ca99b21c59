// What PTX has instructions for stays, what can be expanded is arithmetic, and the rest is an error at the model's node.
// RUN: tegula-opt %s --tegula-lower-ptx-math -split-input-file -verify-diagnostics | FileCheck %s

// CHECK-LABEL: @keeps_instructions
// CHECK: math.sqrt
// CHECK: math.fma
// CHECK: math.floor
func.func @keeps_instructions(%x: f32) -> f32 {
  %root = math.sqrt %x : f32
  %sum = math.fma %root, %x, %x : f32
  %whole = math.floor %sum : f32
  return %whole : f32
}

// CHECK-LABEL: @divides_for_a_reciprocal_root
// CHECK: math.sqrt
// CHECK: arith.divf
func.func @divides_for_a_reciprocal_root(%x: f32) -> f32 {
  %y = math.rsqrt %x : f32
  return %y : f32
}

// -----

func.func @refuses_what_has_no_expansion(%x: f64) -> f64 {
  // expected-error@+1 {{exp of 'f64' is unsupported on this target: it has no such instruction, and no expansion is known}}
  %y = math.exp %x : f64
  return %y : f64
}
