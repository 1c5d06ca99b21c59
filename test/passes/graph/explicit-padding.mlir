// Padding of convolutions and pools becomes an operation of its own.
// RUN: tegula-opt %s --tegula-explicit-padding | FileCheck %s
// RUN: tegula-opt %s --tegula-explicit-padding | tegula-equiv %s -

// CHECK-DAG: #[[$PADDED:.*]] = affine_map<()[s0] -> (1, 3, s0 + 2)>

// CHECK-LABEL: @conv
// CHECK-SAME: (%[[X:.*]]: tensor<1x8x8x3xf32>, %[[F:.*]]: tensor
// CHECK: %[[Z:.*]] = graph.constant dense<0.000000e+00> : tensor<f32>
// CHECK: %[[P:.*]] = graph.pad %[[X]], %[[Z]] {high = array<i64: 0, 1, 1, 0>, low = array<i64: 0, 1, 1, 0>, mode = #graph{{.*}}constant
// CHECK: graph.conv %[[P]], %[[F]] {{.*}}pads_high = array<i64: 0, 0>, pads_low = array<i64: 0, 0>
func.func @conv(%x: tensor<1x8x8x3xf32>, %f: tensor<3x3x3x4xf32>) -> tensor<1x8x8x4xf32> {
  %1 = graph.conv %x, %f {layout = #graph<layout channels_last>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>} : (tensor<1x8x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x8x8x4xf32>
  return %1 : tensor<1x8x8x4xf32>
}

// The last window of a strided convolution does not reach the high padding.
// CHECK-LABEL: @strided_conv_pads_what_it_reads
// CHECK: graph.pad %{{.*}} {high = array<i64: 0, 0, 0, 0>, low = array<i64: 0, 0, 1, 1>
func.func @strided_conv_pads_what_it_reads(%x: tensor<1x3x8x8xf32>, %f: tensor<4x3x3x3xf32>) -> tensor<1x4x4x4xf32> {
  %1 = graph.conv %x, %f {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x4x4xf32>
  return %1 : tensor<1x4x4x4xf32>
}

// CHECK-LABEL: @max_pool_pads_with_the_lowest_number
// CHECK: %[[L:.*]] = graph.constant dense<0xFF800000> : tensor<f32>
// CHECK: graph.pad %{{.*}}, %[[L]] {high = array<i64: 0, 0, 1, 1>, low = array<i64: 0, 0, 1, 1>
// CHECK: graph.max_pool {{.*}}pads_low = array<i64: 0, 0>
func.func @max_pool_pads_with_the_lowest_number(%x: tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32> {
  %1 = graph.max_pool %x {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>} : (tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32>
  return %1 : tensor<1x3x8x8xf32>
}

// CHECK-LABEL: @average_pool_that_does_not_count
// CHECK-NOT: graph.pad
// CHECK: graph.average_pool
// CHECK-NOT: graph.pad
func.func @average_pool_that_does_not_count(%x: tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32> {
  %1 = graph.average_pool %x {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>} : (tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32>
  return %1 : tensor<1x3x8x8xf32>
}

// CHECK-LABEL: @average_pool_that_counts
// CHECK: graph.pad
// CHECK: graph.average_pool {{.*}}pads_low = array<i64: 0, 0>
func.func @average_pool_that_counts(%x: tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32> {
  %1 = graph.average_pool %x {count_include_pad = true, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>} : (tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32>
  return %1 : tensor<1x3x8x8xf32>
}

// Where a size is unknown the padding is as much as any size makes the windows reach.
#line = affine_map<()[s0] -> (1, 3, s0)>
#half = affine_map<()[s0] -> (1, 4, (s0 + 1) floordiv 2)>
// CHECK-LABEL: @symbolic_strided_conv
// CHECK: graph.pad %{{.*}} {high = array<i64: 0, 0, 1>, low = array<i64: 0, 0, 1>, {{.*}} -> tensor<1x3x?xf32, #[[$PADDED]]>
// CHECK: graph.conv {{.*}}pads_high = array<i64: 0>, pads_low = array<i64: 0>
func.func @symbolic_strided_conv(%x: tensor<1x3x?xf32, #line>, %f: tensor<4x3x3xf32>) -> tensor<1x4x?xf32, #half> attributes {tegula.symbols = ["a"]} {
  %1 = graph.conv %x, %f {strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 1>, pads_high = array<i64: 1>} : (tensor<1x3x?xf32, #line>, tensor<4x3x3xf32>) -> tensor<1x4x?xf32, #half>
  return %1 : tensor<1x4x?xf32, #half>
}
