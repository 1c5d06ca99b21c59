// RUN: tegula-opt %s --split-input-file --tegula-deduplicate-kernels | FileCheck %s
// RUN: tegula-opt %s --split-input-file --tegula-deduplicate-kernels | tegula-equiv %s -

// CHECK-LABEL: func.func @equal_bodies_are_one
// CHECK: %[[FIRST:.*]] = tile.launch @a(%arg0)
// CHECK: tile.launch @a(%[[FIRST]])
// CHECK: tile.kernel @a
// CHECK-SAME: tegula.nodes = ["x", "y"]
// CHECK-NOT: tile.kernel
func.func @equal_bodies_are_one(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = tile.launch @a(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = tile.launch @b(%0) : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}
tile.kernel @a(%x: tensor<4xf32>) -> tensor<4xf32> attributes {tegula.nodes = ["x"]} {
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  tile.yield %y : tensor<4xf32>
}
tile.kernel @b(%x: tensor<4xf32>) -> tensor<4xf32> attributes {tegula.nodes = ["y"]} {
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  tile.yield %y : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @different_bodies_stay
// CHECK: tile.launch @a
// CHECK: tile.launch @b
func.func @different_bodies_stay(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = tile.launch @a(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = tile.launch @b(%0) : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}
tile.kernel @a(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  tile.yield %y : tensor<4xf32>
}
tile.kernel @b(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.log ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  tile.yield %y : tensor<4xf32>
}

// -----

#mn = affine_map<()[s0, s1] -> (s0, s1)>
// Which size is which dimension's is part of a kernel.
// CHECK-LABEL: func.func @other_dims_stay
// CHECK: tile.launch @a
// CHECK: tile.launch @b
// CHECK: tile.launch @a
func.func @other_dims_stay(%x: tensor<?x?xf32> {tegula.dims = #mn}, %y: tensor<?x?xf32> {tegula.dims = #mn})
    -> (tensor<?x?xf32> {tegula.dims = #mn}, tensor<?x?xf32> {tegula.dims = #mn}, tensor<?x?xf32> {tegula.dims = #mn})
    attributes {tegula.symbols = ["m", "n"]} {
  %m = tile.size affine_map<()[s0] -> (s0)>
  %n = tile.size affine_map<()[s0, s1] -> (s1)>
  %0 = tile.launch @a(%x) sizes(%m, %n) : (tensor<?x?xf32>) -> tensor<?x?xf32>
  %1 = tile.launch @b(%y) sizes(%n, %m) : (tensor<?x?xf32>) -> tensor<?x?xf32>
  %2 = tile.launch @c(%x) sizes(%m, %n) : (tensor<?x?xf32>) -> tensor<?x?xf32>
  return %0, %1, %2 : tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>
}
tile.kernel @a(%x: tensor<?x?xf32>, %m: index, %n: index) -> tensor<?x?xf32> dims [[0, 1], [0, 1]] {
  %e = tensor.empty(%m, %n) : tensor<?x?xf32>
  %y = linalg.exp ins(%x : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
  tile.yield %y : tensor<?x?xf32>
}
tile.kernel @b(%x: tensor<?x?xf32>, %m: index, %n: index) -> tensor<?x?xf32> dims [[1, 0], [1, 0]] {
  %e = tensor.empty(%n, %m) : tensor<?x?xf32>
  %y = linalg.exp ins(%x : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
  tile.yield %y : tensor<?x?xf32>
}
tile.kernel @c(%x: tensor<?x?xf32>, %m: index, %n: index) -> tensor<?x?xf32> dims [[0, 1], [0, 1]] {
  %e = tensor.empty(%m, %n) : tensor<?x?xf32>
  %y = linalg.exp ins(%x : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
  tile.yield %y : tensor<?x?xf32>
}
