// Layer normalisation written as arithmetic becomes one operation.
// RUN: tegula-opt %s --tegula-fuse-layer-norm | FileCheck %s
// RUN: tegula-opt %s --tegula-fuse-layer-norm | tegula-equiv %s -

// CHECK-LABEL: @with_scale_and_bias
// CHECK-SAME: (%[[X:.*]]: tensor<4x8xf32>, %[[S:.*]]: tensor<8xf32>, %[[B:.*]]: tensor<8xf32>)
// CHECK-NEXT: %[[Y:.*]] = graph.layer_norm %[[X]], %[[S]], %[[B]] {axis = 1 : i64, epsilon = 9.99{{[0-9]*}}E-6 : f64}
// CHECK-NEXT: return %[[Y]]
func.func @with_scale_and_bias(%x: tensor<4x8xf32>, %s: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<4x8xf32> {
  %eps = graph.constant dense<1.0e-5> : tensor<f32>
  %0 = graph.reduce mean, %x {axes = array<i64: 1>} : (tensor<4x8xf32>) -> tensor<4xf32>
  %mean = graph.reshape %0 : (tensor<4xf32>) -> tensor<4x1xf32>
  %d = graph.sub %x, %mean : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  %sq = graph.mul %d, %d : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = graph.reduce mean, %sq {axes = array<i64: 1>} : (tensor<4x8xf32>) -> tensor<4xf32>
  %var = graph.reshape %1 : (tensor<4xf32>) -> tensor<4x1xf32>
  %2 = graph.add %var, %eps : (tensor<4x1xf32>, tensor<f32>) -> tensor<4x1xf32>
  %root = graph.sqrt %2 : tensor<4x1xf32>
  %3 = graph.div %d, %root : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  %4 = graph.mul %3, %s : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %5 = graph.add %4, %b : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  return %5 : tensor<4x8xf32>
}

// CHECK-LABEL: @without_scale
// CHECK: %[[ONE:.*]] = graph.constant dense<1.000000e+00> : tensor<8xf32>
// CHECK: graph.layer_norm %{{.*}}, %[[ONE]] {axis = 1
func.func @without_scale(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %eps = graph.constant dense<1.0e-5> : tensor<f32>
  %two = graph.constant dense<2.0> : tensor<f32>
  %0 = graph.reduce mean, %x {axes = array<i64: 1>} : (tensor<4x8xf32>) -> tensor<4xf32>
  %mean = graph.reshape %0 : (tensor<4xf32>) -> tensor<4x1xf32>
  %d = graph.sub %x, %mean : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  %sq = graph.pow %d, %two : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
  %1 = graph.reduce mean, %sq {axes = array<i64: 1>} : (tensor<4x8xf32>) -> tensor<4xf32>
  %var = graph.reshape %1 : (tensor<4xf32>) -> tensor<4x1xf32>
  %2 = graph.add %var, %eps : (tensor<4x1xf32>, tensor<f32>) -> tensor<4x1xf32>
  %root = graph.sqrt %2 : tensor<4x1xf32>
  %3 = graph.div %d, %root : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  return %3 : tensor<4x8xf32>
}

// CHECK-LABEL: @mean_of_another_tensor
// CHECK: graph.div
func.func @mean_of_another_tensor(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %eps = graph.constant dense<1.0e-5> : tensor<f32>
  %0 = graph.reduce mean, %y {axes = array<i64: 1>} : (tensor<4x8xf32>) -> tensor<4xf32>
  %mean = graph.reshape %0 : (tensor<4xf32>) -> tensor<4x1xf32>
  %d = graph.sub %x, %mean : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  %sq = graph.mul %d, %d : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = graph.reduce mean, %sq {axes = array<i64: 1>} : (tensor<4x8xf32>) -> tensor<4xf32>
  %var = graph.reshape %1 : (tensor<4xf32>) -> tensor<4x1xf32>
  %2 = graph.add %var, %eps : (tensor<4x1xf32>, tensor<f32>) -> tensor<4x1xf32>
  %root = graph.sqrt %2 : tensor<4x1xf32>
  %3 = graph.div %d, %root : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  return %3 : tensor<4x8xf32>
}

#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#means = affine_map<()[s0, s1] -> (s0, s1)>
#column = affine_map<()[s0, s1] -> (s0, s1, 1)>
// CHECK-LABEL: @symbolic_rows
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x8xf32, #{{.*}}>, %[[S:.*]]: tensor<8xf32>)
// CHECK-NEXT: %[[Y:.*]] = graph.layer_norm %[[X]], %[[S]] {axis = 2 : i64
// CHECK-NEXT: return %[[Y]]
func.func @symbolic_rows(%x: tensor<?x?x8xf32, #rows>, %s: tensor<8xf32>) -> tensor<?x?x8xf32, #rows> attributes {tegula.symbols = ["a", "b"]} {
  %eps = graph.constant dense<1.0e-5> : tensor<f32>
  %0 = graph.reduce mean, %x {axes = array<i64: 2>} : (tensor<?x?x8xf32, #rows>) -> tensor<?x?xf32, #means>
  %mean = graph.reshape %0 : (tensor<?x?xf32, #means>) -> tensor<?x?x1xf32, #column>
  %d = graph.sub %x, %mean : (tensor<?x?x8xf32, #rows>, tensor<?x?x1xf32, #column>) -> tensor<?x?x8xf32, #rows>
  %sq = graph.mul %d, %d : (tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>) -> tensor<?x?x8xf32, #rows>
  %1 = graph.reduce mean, %sq {axes = array<i64: 2>} : (tensor<?x?x8xf32, #rows>) -> tensor<?x?xf32, #means>
  %var = graph.reshape %1 : (tensor<?x?xf32, #means>) -> tensor<?x?x1xf32, #column>
  %2 = graph.add %var, %eps : (tensor<?x?x1xf32, #column>, tensor<f32>) -> tensor<?x?x1xf32, #column>
  %root = graph.sqrt %2 : tensor<?x?x1xf32, #column>
  %3 = graph.div %d, %root : (tensor<?x?x8xf32, #rows>, tensor<?x?x1xf32, #column>) -> tensor<?x?x8xf32, #rows>
  %4 = graph.mul %3, %s : (tensor<?x?x8xf32, #rows>, tensor<8xf32>) -> tensor<?x?x8xf32, #rows>
  return %4 : tensor<?x?x8xf32, #rows>
}
