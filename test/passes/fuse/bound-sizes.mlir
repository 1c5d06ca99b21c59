// A kernel's sizes are bounded by what all of its launches can make of the model's symbols.
// RUN: tegula-opt %s --tegula-bound-sizes | FileCheck %s
// RUN: tegula-opt %s --tegula-bound-sizes | tegula-equiv %s - --function values --dim batch=3 --dim seq=20

#id1 = affine_map<(i) -> (i)>
#id2 = affine_map<(i, j) -> (i, j)>
#large = affine_map<()[s0, s1] -> (s0 * 49, 4)>
#small = affine_map<()[s0, s1] -> (s0 * 2, 4)>
#both = affine_map<()[s0, s1] -> (s1, s0)>

// CHECK: tile.kernel @twice(
// CHECK-SAME: attributes {tegula.sizes = array<i64: 2, 392>}
tile.kernel @twice(%x: tensor<?x4xf32>, %n: index) -> tensor<?x4xf32> dims [[0, -1], [0, -1]] {
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %y = linalg.generic {indexing_maps = [#id2, #id2], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %c = arith.negf %a : f32
    linalg.yield %c : f32
  } -> tensor<?x4xf32>
  tile.yield %y : tensor<?x4xf32>
}

// CHECK: tile.kernel @open(
// CHECK-SAME: attributes {tegula.sizes = array<i64: 16, 9223372036854775807, 1, 8>}
tile.kernel @open(%x: tensor<?x?xf32>, %m: index, %n: index) -> tensor<?x?xf32> dims [[0, 1], [0, 1]] {
  %e = tensor.empty(%m, %n) : tensor<?x?xf32>
  %y = linalg.generic {indexing_maps = [#id2, #id2], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
  ^bb0(%a: f32, %b: f32):
    %c = arith.negf %a : f32
    linalg.yield %c : f32
  } -> tensor<?x?xf32>
  tile.yield %y : tensor<?x?xf32>
}

// CHECK: tile.kernel @known(
// CHECK-NOT: tegula.sizes
tile.kernel @known(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.generic {indexing_maps = [#id1, #id1], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %c = arith.negf %a : f32
    linalg.yield %c : f32
  } -> tensor<4xf32>
  tile.yield %y : tensor<4xf32>
}

func.func @main(%x: tensor<?x4xf32> {tegula.dims = #large}, %w: tensor<?x4xf32> {tegula.dims = #small}, %y: tensor<?x?xf32> {tegula.dims = #both}, %z: tensor<4xf32>)
    -> (tensor<?x4xf32> {tegula.dims = #large}, tensor<?x4xf32> {tegula.dims = #small}, tensor<?x?xf32> {tegula.dims = #both}, tensor<4xf32>)
    attributes {tegula.symbols = ["batch", "seq"], tegula.bounds = array<i64: 1, 8, 16, 9223372036854775807>} {
  %a = tile.size affine_map<()[s0] -> (s0 * 49)>
  %b = tile.size affine_map<()[s0] -> (s0 * 2)>
  %batch = tile.size affine_map<()[s0] -> (s0)>
  %seq = tile.size affine_map<()[s0, s1] -> (s1)>
  %0 = tile.launch @twice(%x) sizes(%a) : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %1 = tile.launch @twice(%w) sizes(%b) : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %2 = tile.launch @open(%y) sizes(%seq, %batch) : (tensor<?x?xf32>) -> tensor<?x?xf32>
  %3 = tile.launch @known(%z) : (tensor<4xf32>) -> tensor<4xf32>
  return %0, %1, %2, %3 : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x?xf32>, tensor<4xf32>
}

// Both sizes that are asked for lie within the bounds.
func.func @values(%x: tensor<?x?xf32> {tegula.dims = #both}) -> (tensor<?x?xf32> {tegula.dims = #both})
    attributes {tegula.symbols = ["batch", "seq"], tegula.bounds = array<i64: 1, 8, 16, 9223372036854775807>} {
  %batch = tile.size affine_map<()[s0] -> (s0)>
  %seq = tile.size affine_map<()[s0, s1] -> (s1)>
  %0 = tile.launch @open(%x) sizes(%seq, %batch) : (tensor<?x?xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}
