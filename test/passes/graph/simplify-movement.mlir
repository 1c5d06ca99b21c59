// Movements of movements become one, and those that change nothing disappear.
// RUN: tegula-opt %s --tegula-simplify-movement | FileCheck %s
// RUN: tegula-opt %s --tegula-simplify-movement | tegula-equiv %s -

// CHECK-LABEL: @cancels_transposes
// CHECK-SAME: (%[[X:.*]]: tensor
// CHECK-NEXT: graph.relu %[[X]]
func.func @cancels_transposes(%x: tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xf32> {
  %1 = graph.transpose %x {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x8x4x4xf32>) -> tensor<1x4x4x8xf32>
  %2 = graph.transpose %1 {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x4x4x8xf32>) -> tensor<1x8x4x4xf32>
  %3 = graph.relu %2 : tensor<1x8x4x4xf32>
  return %3 : tensor<1x8x4x4xf32>
}

// CHECK-LABEL: @composes_transposes
// CHECK-SAME: (%[[X:.*]]: tensor
// CHECK-NEXT: graph.transpose %[[X]] {perm = array<i64: 1, 2, 0>} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
func.func @composes_transposes(%x: tensor<2x3x4xf32>) -> tensor<3x4x2xf32> {
  %1 = graph.transpose %x {perm = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  %2 = graph.transpose %1 {perm = array<i64: 2, 0, 1>} : (tensor<4x2x3xf32>) -> tensor<3x4x2xf32>
  return %2 : tensor<3x4x2xf32>
}

// CHECK-LABEL: @transpose_of_unit_dims_is_a_reshape
// CHECK-SAME: (%[[X:.*]]: tensor
// CHECK-NEXT: graph.reshape %[[X]] : (tensor<4x8x1x1xf32>) -> tensor<4x1x1x8xf32>
func.func @transpose_of_unit_dims_is_a_reshape(%x: tensor<4x8x1x1xf32>) -> tensor<4x1x1x8xf32> {
  %1 = graph.transpose %x {perm = array<i64: 0, 2, 3, 1>} : (tensor<4x8x1x1xf32>) -> tensor<4x1x1x8xf32>
  return %1 : tensor<4x1x1x8xf32>
}

// CHECK-LABEL: @merges_reshapes
// CHECK-SAME: (%[[X:.*]]: tensor
// CHECK-NEXT: return %[[X]]
func.func @merges_reshapes(%x: tensor<2x6xf32>) -> tensor<2x6xf32> {
  %1 = graph.reshape %x : (tensor<2x6xf32>) -> tensor<3x4xf32>
  %2 = graph.reshape %1 : (tensor<3x4xf32>) -> tensor<2x6xf32>
  return %2 : tensor<2x6xf32>
}

// CHECK-LABEL: @merges_slices
// CHECK-SAME: (%[[X:.*]]: tensor
// CHECK-NEXT: graph.slice %[[X]] {starts = array<i64: 5>, steps = array<i64: 4>} : (tensor<20xf32>) -> tensor<3xf32>
func.func @merges_slices(%x: tensor<20xf32>) -> tensor<3xf32> {
  %1 = graph.slice %x {starts = array<i64: 1>, steps = array<i64: 2>} : (tensor<20xf32>) -> tensor<9xf32>
  %2 = graph.slice %1 {starts = array<i64: 2>, steps = array<i64: 2>} : (tensor<9xf32>) -> tensor<3xf32>
  return %2 : tensor<3xf32>
}

// CHECK-LABEL: @merges_pads
// CHECK-SAME: (%[[X:.*]]: tensor
// CHECK: graph.pad %[[X]], %{{.*}} {high = array<i64: 0, 3>, low = array<i64: 1, 1>
func.func @merges_pads(%x: tensor<2x2xf32>) -> tensor<3x6xf32> {
  %zero = graph.constant dense<0.0> : tensor<f32>
  %1 = graph.pad %x, %zero {low = array<i64: 1, 0>, high = array<i64: 0, 1>, mode = #graph<pad_mode constant>} : (tensor<2x2xf32>, tensor<f32>) -> tensor<3x3xf32>
  %2 = graph.pad %1, %zero {low = array<i64: 0, 1>, high = array<i64: 0, 2>, mode = #graph<pad_mode constant>} : (tensor<3x3xf32>, tensor<f32>) -> tensor<3x6xf32>
  return %2 : tensor<3x6xf32>
}

// CHECK-LABEL: @drops_expand
// CHECK-SAME: (%[[X:.*]]: tensor<8xf32>, %[[Y:.*]]: tensor<4x8xf32>)
// CHECK-NEXT: graph.add %[[X]], %[[Y]] : (tensor<8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
func.func @drops_expand(%x: tensor<8xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %1 = graph.expand %x : (tensor<8xf32>) -> tensor<4x8xf32>
  %2 = graph.add %1, %y : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %2 : tensor<4x8xf32>
}

// CHECK-LABEL: @keeps_expand_that_enlarges
// CHECK: graph.expand
func.func @keeps_expand_that_enlarges(%x: tensor<8xf32>, %y: tensor<8xf32>) -> tensor<4x8xf32> {
  %1 = graph.expand %x : (tensor<8xf32>) -> tensor<4x8xf32>
  %2 = graph.add %1, %y : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  return %2 : tensor<4x8xf32>
}

// CHECK-LABEL: @pool_of_everything_is_a_reduction
// CHECK-SAME: (%[[X:.*]]: tensor
// CHECK: %[[R:.*]] = graph.reduce mean, %[[X]] {axes = array<i64: 2, 3>} : (tensor<2x8x4x5xf32>) -> tensor<2x8xf32>
// CHECK: graph.reshape %[[R]] : (tensor<2x8xf32>) -> tensor<2x8x1x1xf32>
func.func @pool_of_everything_is_a_reduction(%x: tensor<2x8x4x5xf32>) -> tensor<2x8x1x1xf32> {
  %1 = graph.average_pool %x {kernel = array<i64: 4, 5>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<2x8x4x5xf32>) -> tensor<2x8x1x1xf32>
  return %1 : tensor<2x8x1x1xf32>
}

// CHECK-LABEL: @reduction_of_unit_dims_is_a_reshape
// CHECK-SAME: (%[[X:.*]]: tensor
// CHECK-NEXT: graph.reshape %[[X]] : (tensor<2x1x8x1xf32>) -> tensor<2x8xf32>
func.func @reduction_of_unit_dims_is_a_reshape(%x: tensor<2x1x8x1xf32>) -> tensor<2x8xf32> {
  %1 = graph.reduce max, %x {axes = array<i64: 1, 3>} : (tensor<2x1x8x1xf32>) -> tensor<2x8xf32>
  return %1 : tensor<2x8xf32>
}

// CHECK-LABEL: @gather_of_one_is_a_slice
// CHECK-SAME: (%[[X:.*]]: tensor
// CHECK: %[[S:.*]] = graph.slice %[[X]] {starts = array<i64: 2, 0>, steps = array<i64: 1, 1>} : (tensor<3x8xf32>) -> tensor<1x8xf32>
// CHECK: graph.reshape %[[S]] : (tensor<1x8xf32>) -> tensor<8xf32>
func.func @gather_of_one_is_a_slice(%x: tensor<3x8xf32>) -> tensor<8xf32> {
  %i = graph.constant dense<-1> : tensor<i64>
  %1 = graph.gather %x, %i {axis = 0 : i64} : (tensor<3x8xf32>, tensor<i64>) -> tensor<8xf32>
  return %1 : tensor<8xf32>
}

// CHECK-LABEL: @keeps_gather_of_scattered_indices
// CHECK: graph.gather
func.func @keeps_gather_of_scattered_indices(%x: tensor<8xf32>) -> tensor<3xf32> {
  %i = graph.constant dense<[0, 1, 4]> : tensor<3xi64>
  %1 = graph.gather %x, %i {axis = 0 : i64} : (tensor<8xf32>, tensor<3xi64>) -> tensor<3xf32>
  return %1 : tensor<3xf32>
}

// CHECK-LABEL: @drops_unit_dims_before_transposing
// CHECK-SAME: (%[[X:.*]]: tensor
// CHECK: %[[R:.*]] = graph.reshape %[[X]] : (tensor<1x5x1x3x4xf32>) -> tensor<5x1x3x4xf32>
// CHECK-NEXT: graph.transpose %[[R]] {perm = array<i64: 1, 2, 3, 0>} : (tensor<5x1x3x4xf32>) -> tensor<1x3x4x5xf32>
func.func @drops_unit_dims_before_transposing(%x: tensor<1x5x1x3x4xf32>) -> tensor<1x3x4x5xf32> {
  %1 = graph.transpose %x {perm = array<i64: 2, 0, 3, 1, 4>} : (tensor<1x5x1x3x4xf32>) -> tensor<1x1x3x5x4xf32>
  %2 = graph.reshape %1 : (tensor<1x1x3x5x4xf32>) -> tensor<1x3x5x4xf32>
  %3 = graph.transpose %2 {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x3x5x4xf32>) -> tensor<1x3x4x5xf32>
  return %3 : tensor<1x3x4x5xf32>
}

// CHECK-LABEL: @flattens_last
// CHECK-SAME: (%[[X:.*]]: tensor<2x3x4xf32>, %[[Y:.*]]: tensor<2x3x4xf32>)
// CHECK: %[[M:.*]] = graph.mul %[[X]], %[[Y]]
// CHECK-NEXT: graph.reshape %[[M]] : (tensor<2x3x4xf32>) -> tensor<2x12xf32>
func.func @flattens_last(%x: tensor<2x3x4xf32>, %y: tensor<2x3x4xf32>) -> tensor<2x12xf32> {
  %1 = graph.reshape %x : (tensor<2x3x4xf32>) -> tensor<2x12xf32>
  %2 = graph.reshape %y : (tensor<2x3x4xf32>) -> tensor<2x12xf32>
  %3 = graph.mul %1, %2 : (tensor<2x12xf32>, tensor<2x12xf32>) -> tensor<2x12xf32>
  return %3 : tensor<2x12xf32>
}

#tokens = affine_map<()[s0, s1] -> (s0, s1, 8)>
#heads = affine_map<()[s0, s1] -> (s0, s1, 2, 4)>
#turned = affine_map<()[s0, s1] -> (s0, 2, s1, 4)>
// CHECK-LABEL: @cancels_symbolic_movement
// CHECK-SAME: (%[[X:.*]]: tensor
// CHECK-NEXT: return %[[X]]
func.func @cancels_symbolic_movement(%x: tensor<?x?x8xf32, #tokens>) -> tensor<?x?x8xf32, #tokens> attributes {tegula.symbols = ["a", "b"]} {
  %1 = graph.reshape %x : (tensor<?x?x8xf32, #tokens>) -> tensor<?x?x2x4xf32, #heads>
  %2 = graph.transpose %1 {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x4xf32, #heads>) -> tensor<?x2x?x4xf32, #turned>
  %3 = graph.transpose %2 {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x4xf32, #turned>) -> tensor<?x?x2x4xf32, #heads>
  %4 = graph.reshape %3 : (tensor<?x?x2x4xf32, #heads>) -> tensor<?x?x8xf32, #tokens>
  return %4 : tensor<?x?x8xf32, #tokens>
}

#row = affine_map<()[s0] -> (1, s0)>
#matrix = affine_map<()[s0] -> (s0, s0)>
// A size that may be 1 is no dimension of one element.
// CHECK-LABEL: @keeps_symbolic_expand_and_transpose
// CHECK: graph.transpose %{{.*}} {perm = array<i64: 1, 0>} : (tensor<?x?xf32
// CHECK: graph.reshape %{{.*}} : (tensor<1x?xf32, #{{.*}}>) -> tensor<?x1xf32, #{{.*}}>
func.func @keeps_symbolic_expand_and_transpose(%x: tensor<1x?xf32, #row>) -> (tensor<?x?xf32, #matrix>, tensor<?x1xf32, affine_map<()[s0] -> (s0, 1)>>) attributes {tegula.symbols = ["a"]} {
  %1 = graph.expand %x : (tensor<1x?xf32, #row>) -> tensor<?x?xf32, #matrix>
  %2 = graph.transpose %1 {perm = array<i64: 1, 0>} : (tensor<?x?xf32, #matrix>) -> tensor<?x?xf32, #matrix>
  %3 = graph.transpose %x {perm = array<i64: 1, 0>} : (tensor<1x?xf32, #row>) -> tensor<?x1xf32, affine_map<()[s0] -> (s0, 1)>>
  return %2, %3 : tensor<?x?xf32, #matrix>, tensor<?x1xf32, affine_map<()[s0] -> (s0, 1)>>
}
