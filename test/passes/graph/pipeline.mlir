// The graph stage as a whole: batch normalisation, a squeeze-and-excite block and a classifier leave no trace of how they were written.
// RUN: tegula-opt %s --tegula-graph | FileCheck %s
// RUN: tegula-opt %s --tegula-graph | tegula-equiv %s -

// CHECK-LABEL: @main
// CHECK-NOT: graph.mul {{.*}}tensor<4xf32>
// CHECK: graph.transpose %{{.*}} : (tensor<1x3x6x6xf32>) -> tensor<1x6x6x3xf32>
// CHECK-NEXT: graph.pad
// CHECK-NEXT: graph.conv {{.*}} -> tensor<1x6x6x4xf32>
// CHECK-NEXT: graph.add
// CHECK-NEXT: graph.relu
// CHECK-NEXT: %[[R:.*]] = graph.reduce mean
// CHECK-NEXT: graph.reshape %[[R]] : (tensor<1x4xf32>) -> tensor<1x1x1x4xf32>
// CHECK-NEXT: graph.conv
// CHECK-NEXT: graph.sigmoid
// CHECK-NEXT: graph.mul
// CHECK-NEXT: graph.reshape {{.*}} -> tensor<1x144xf32>
// CHECK-NEXT: graph.matmul
// CHECK-NEXT: return
func.func @main(%x: tensor<1x3x6x6xf32>) -> tensor<1x2xf32> {
  %f = graph.constant dense<0.25> : tensor<4x3x3x3xf32>
  %g = graph.constant dense<0.5> : tensor<4x4x1x1xf32>
  %scale = graph.constant dense<[1.0, -2.0, 3.0, 0.5]> : tensor<4xf32>
  %shift = graph.constant dense<[0.5, 1.0, -1.0, 0.0]> : tensor<4xf32>
  %w = graph.constant dense<0.125> : tensor<2x144xf32>
  %s = graph.reshape %scale : (tensor<4xf32>) -> tensor<4x1x1xf32>
  %b = graph.reshape %shift : (tensor<4xf32>) -> tensor<4x1x1xf32>
  %1 = graph.conv %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>} : (tensor<1x3x6x6xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
  %2 = graph.mul %1, %s : (tensor<1x4x6x6xf32>, tensor<4x1x1xf32>) -> tensor<1x4x6x6xf32>
  %3 = graph.add %2, %b : (tensor<1x4x6x6xf32>, tensor<4x1x1xf32>) -> tensor<1x4x6x6xf32>
  %4 = graph.relu %3 : tensor<1x4x6x6xf32>
  %5 = graph.average_pool %4 {kernel = array<i64: 6, 6>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<1x4x6x6xf32>) -> tensor<1x4x1x1xf32>
  %6 = graph.conv %5, %g {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<1x4x1x1xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x1x1xf32>
  %7 = graph.sigmoid %6 : tensor<1x4x1x1xf32>
  %8 = graph.mul %4, %7 : (tensor<1x4x6x6xf32>, tensor<1x4x1x1xf32>) -> tensor<1x4x6x6xf32>
  %9 = graph.reshape %8 : (tensor<1x4x6x6xf32>) -> tensor<1x144xf32>
  %wt = graph.transpose %w {perm = array<i64: 1, 0>} : (tensor<2x144xf32>) -> tensor<144x2xf32>
  %10 = graph.matmul %9, %wt : (tensor<1x144xf32>, tensor<144x2xf32>) -> tensor<1x2xf32>
  return %10 : tensor<1x2xf32>
}
