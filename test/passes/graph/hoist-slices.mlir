// Tensors are cut before operations where that computes no element twice.
// RUN: tegula-opt %s --tegula-hoist-slices | FileCheck %s

// CHECK-LABEL: @splits_a_product
// CHECK-SAME: (%[[X:.*]]: tensor<8x16xf32>)
// CHECK-DAG: %[[W:.*]] = graph.constant dense_resource<weights>
// CHECK-DAG: %[[A:.*]] = graph.slice %[[W]] {starts = array<i64: 0, 0>
// CHECK-DAG: %[[B:.*]] = graph.slice %[[W]] {starts = array<i64: 0, 16>
// CHECK-DAG: %[[P:.*]] = graph.matmul %[[X]], %[[A]]
// CHECK-DAG: %[[Q:.*]] = graph.matmul %[[X]], %[[B]]
// CHECK-DAG: %[[U:.*]] = graph.add %[[P]], %{{.*}} : (tensor<8x16xf32>, tensor<16xf32>)
// CHECK-DAG: %[[V:.*]] = graph.add %[[Q]], %{{.*}} : (tensor<8x16xf32>, tensor<16xf32>)
// CHECK: return %[[U]], %[[V]]
func.func @splits_a_product(%x: tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>) {
  %w = graph.constant dense_resource<weights> : tensor<16x32xf32>
  %b = graph.constant dense<1.0> : tensor<32xf32>
  %1 = graph.matmul %x, %w : (tensor<8x16xf32>, tensor<16x32xf32>) -> tensor<8x32xf32>
  %2 = graph.add %1, %b : (tensor<8x32xf32>, tensor<32xf32>) -> tensor<8x32xf32>
  %3 = graph.slice %2 {starts = array<i64: 0, 0>, steps = array<i64: 1, 1>} : (tensor<8x32xf32>) -> tensor<8x16xf32>
  %4 = graph.slice %2 {starts = array<i64: 0, 16>, steps = array<i64: 1, 1>} : (tensor<8x32xf32>) -> tensor<8x16xf32>
  return %3, %4 : tensor<8x16xf32>, tensor<8x16xf32>
}

// CHECK-LABEL: @cuts_before_moving
// CHECK-SAME: (%[[X:.*]]: tensor<4x96xf32>)
// CHECK: %[[S:.*]] = graph.slice %[[X]] {starts = array<i64: 0, 32>, steps = array<i64: 1, 1>} : (tensor<4x96xf32>) -> tensor<4x32xf32>
// CHECK: %[[R:.*]] = graph.reshape %[[S]] : (tensor<4x32xf32>) -> tensor<4x1x2x16xf32>
// CHECK: graph.transpose %[[R]] {perm = array<i64: 1, 2, 0, 3>} : (tensor<4x1x2x16xf32>) -> tensor<1x2x4x16xf32>
func.func @cuts_before_moving(%x: tensor<4x96xf32>) -> tensor<1x2x4x16xf32> {
  %1 = graph.reshape %x : (tensor<4x96xf32>) -> tensor<4x3x2x16xf32>
  %2 = graph.transpose %1 {perm = array<i64: 1, 2, 0, 3>} : (tensor<4x3x2x16xf32>) -> tensor<3x2x4x16xf32>
  %3 = graph.slice %2 {starts = array<i64: 1, 0, 0, 0>, steps = array<i64: 1, 1, 1, 1>} : (tensor<3x2x4x16xf32>) -> tensor<1x2x4x16xf32>
  return %3 : tensor<1x2x4x16xf32>
}

// CHECK-LABEL: @keeps_a_product_that_is_used_whole
// CHECK: %[[P:.*]] = graph.matmul
// CHECK: graph.slice %[[P]]
func.func @keeps_a_product_that_is_used_whole(%x: tensor<8x16xf32>) -> (tensor<8x32xf32>, tensor<8x16xf32>) {
  %w = graph.constant dense_resource<weights> : tensor<16x32xf32>
  %1 = graph.matmul %x, %w : (tensor<8x16xf32>, tensor<16x32xf32>) -> tensor<8x32xf32>
  %2 = graph.slice %1 {starts = array<i64: 0, 0>, steps = array<i64: 1, 1>} : (tensor<8x32xf32>) -> tensor<8x16xf32>
  return %1, %2 : tensor<8x32xf32>, tensor<8x16xf32>
}

// CHECK-LABEL: @keeps_narrow_slices
// CHECK: %[[P:.*]] = graph.matmul
// CHECK: graph.slice %[[P]]
func.func @keeps_narrow_slices(%x: tensor<8x64xf32>) -> tensor<8x16xf32> {
  %w = graph.constant dense_resource<weights> : tensor<64x32xf32>
  %1 = graph.matmul %x, %w : (tensor<8x64xf32>, tensor<64x32xf32>) -> tensor<8x32xf32>
  %2 = graph.slice %1 {starts = array<i64: 0, 0>, steps = array<i64: 1, 1>} : (tensor<8x32xf32>) -> tensor<8x16xf32>
  return %2 : tensor<8x16xf32>
}

// CHECK-LABEL: @keeps_overlapping_slices
// CHECK: %[[T:.*]] = graph.transpose
// CHECK: graph.slice %[[T]]
// CHECK: graph.slice %[[T]]
func.func @keeps_overlapping_slices(%x: tensor<8x4xf32>) -> (tensor<4x6xf32>, tensor<4x6xf32>) {
  %1 = graph.transpose %x {perm = array<i64: 1, 0>} : (tensor<8x4xf32>) -> tensor<4x8xf32>
  %2 = graph.slice %1 {starts = array<i64: 0, 0>, steps = array<i64: 1, 1>} : (tensor<4x8xf32>) -> tensor<4x6xf32>
  %3 = graph.slice %1 {starts = array<i64: 0, 2>, steps = array<i64: 1, 1>} : (tensor<4x8xf32>) -> tensor<4x6xf32>
  return %2, %3 : tensor<4x6xf32>, tensor<4x6xf32>
}
