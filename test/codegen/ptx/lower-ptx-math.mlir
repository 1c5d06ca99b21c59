// What PTX has instructions for stays, what can be expanded is arithmetic, and the rest is an error at the model's node.
// RUN: tegula-opt %s --tegula-lower-ptx-math -split-input-file -verify-diagnostics | FileCheck %s
// RUN: tegula-equiv %s %s --function runs_on_a_device -O 2 --target sm_80 --device emulator

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

// -----

#id = affine_map<(i) -> (i)>
tile.kernel @runs_on_a_device(%x: tensor<1000xf32>) -> tensor<1000xf32> {
  %e = tensor.empty() : tensor<1000xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<1000xf32>) outs(%e : tensor<1000xf32>) {
  ^bb0(%a: f32, %b: f32):
    %square = math.fma %a, %a, %a : f32
    %size = math.absf %square : f32
    %root = math.rsqrt %size : f32
    %whole = math.floor %root : f32
    %n = arith.addf %whole, %root : f32
    linalg.yield %n : f32
  } -> tensor<1000xf32>
  tile.yield %y : tensor<1000xf32>
}
