// A kernel's sizes are bounded by what all of its launches can make of the model's symbols.
// RUN: tegula-opt %s --tegula-bound-sizes | FileCheck %s

// CHECK: tile.kernel @twice(
// CHECK-SAME: attributes {tegula.sizes = array<i64: 2, 392>}
tile.kernel @twice(%x: tensor<?x4xf32>, %n: index) -> tensor<?x4xf32> dims [[0, -1], [0, -1]] {
  tile.yield %x : tensor<?x4xf32>
}

// CHECK: tile.kernel @open(
// CHECK-SAME: attributes {tegula.sizes = array<i64: 16, 9223372036854775807, 1, 8>}
tile.kernel @open(%x: tensor<?x?xf32>, %m: index, %n: index) -> tensor<?x?xf32> dims [[0, 1], [0, 1]] {
  tile.yield %x : tensor<?x?xf32>
}

// CHECK: tile.kernel @known(
// CHECK-NOT: tegula.sizes
tile.kernel @known(%x: tensor<4xf32>) -> tensor<4xf32> {
  tile.yield %x : tensor<4xf32>
}

func.func @main(%x: tensor<?x4xf32>, %y: tensor<?x?xf32>, %z: tensor<4xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x?xf32>, tensor<4xf32>)
    attributes {tegula.symbols = ["batch", "seq"], tegula.bounds = array<i64: 1, 8, 16, 9223372036854775807>} {
  %a = tile.size affine_map<()[s0] -> (s0 * 49)>
  %b = tile.size affine_map<()[s0] -> (s0 * 2)>
  %batch = tile.size affine_map<()[s0] -> (s0)>
  %seq = tile.size affine_map<()[s0, s1] -> (s1)>
  %0 = tile.launch @twice(%x) sizes(%a) : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %1 = tile.launch @twice(%x) sizes(%b) : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %2 = tile.launch @open(%y) sizes(%seq, %batch) : (tensor<?x?xf32>) -> tensor<?x?xf32>
  %3 = tile.launch @known(%z) : (tensor<4xf32>) -> tensor<4xf32>
  return %0, %1, %2, %3 : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x?xf32>, tensor<4xf32>
}
