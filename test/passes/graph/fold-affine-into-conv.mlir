// Constant factors of one element a channel move into filters, sums behind convolutions become one.
// RUN: tegula-opt %s --tegula-fold-affine-into-conv | FileCheck %s
// RUN: tegula-opt %s --tegula-fold-affine-into-conv | tegula-equiv %s -

// CHECK-LABEL: @batch_normalisation_behind_a_bias
// CHECK-SAME: (%[[X:.*]]: tensor<1x3x4x4xf32>)
// CHECK-NOT: graph.mul
// CHECK: %[[T:.*]] = graph.constant {{.*}}1.000000e+00{{.*}}1.250000e+00{{.*}}1.500000e+00{{.*}}1.750000e+00{{.*}} : tensor<1x4x1x1xf32>
// CHECK: %[[C:.*]] = graph.conv %[[X]], %{{.*}} : (tensor<1x3x4x4xf32>, tensor<4x3x3x3xf32>)
// CHECK: %[[Y:.*]] = graph.add %[[C]], %[[T]]
// CHECK-NEXT: return %[[Y]]
func.func @batch_normalisation_behind_a_bias(%x: tensor<1x3x4x4xf32>) -> tensor<1x4x4x4xf32> {
  %f = graph.constant dense_resource<weights108> : tensor<4x3x3x3xf32>
  %b = graph.constant dense<0.25> : tensor<1x4x1x1xf32>
  %s0 = graph.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %s = graph.reshape %s0 : (tensor<4xf32>) -> tensor<4x1x1xf32>
  %t = graph.constant dense<0.75> : tensor<1x4x1x1xf32>
  %1 = graph.conv %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>} : (tensor<1x3x4x4xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x4x4xf32>
  %2 = graph.add %1, %b : (tensor<1x4x4x4xf32>, tensor<1x4x1x1xf32>) -> tensor<1x4x4x4xf32>
  %3 = graph.mul %2, %s : (tensor<1x4x4x4xf32>, tensor<4x1x1xf32>) -> tensor<1x4x4x4xf32>
  %4 = graph.add %3, %t : (tensor<1x4x4x4xf32>, tensor<1x4x1x1xf32>) -> tensor<1x4x4x4xf32>
  return %4 : tensor<1x4x4x4xf32>
}

// CHECK-LABEL: @matrix_with_a_factor
// CHECK-SAME: (%[[X:.*]]: tensor<2x3xf32>)
// CHECK: %[[W:.*]] = graph.constant dense<1.500000e+00> : tensor<3x4xf32>
// CHECK: %[[Y:.*]] = graph.matmul %[[X]], %[[W]]
// CHECK-NEXT: return %[[Y]]
func.func @matrix_with_a_factor(%x: tensor<2x3xf32>) -> tensor<2x4xf32> {
  %w = graph.constant dense<0.5> : tensor<3x4xf32>
  %s = graph.constant dense<3.0> : tensor<4xf32>
  %1 = graph.matmul %x, %w : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  %2 = graph.mul %s, %1 : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %2 : tensor<2x4xf32>
}

// CHECK-LABEL: @factor_before_a_convolution
// CHECK-SAME: (%[[X:.*]]: tensor<1x3x4x4xf32>)
// CHECK-NOT: graph.mul
// CHECK: graph.conv %[[X]], %{{.*}} : (tensor<1x3x4x4xf32>, tensor<4x3x3x3xf32>)
func.func @factor_before_a_convolution(%x: tensor<1x3x4x4xf32>) -> tensor<1x4x4x4xf32> {
  %f = graph.constant dense_resource<weights108> : tensor<4x3x3x3xf32>
  %s = graph.constant dense<3.0> : tensor<1x3x1x1xf32>
  %1 = graph.mul %x, %s : (tensor<1x3x4x4xf32>, tensor<1x3x1x1xf32>) -> tensor<1x3x4x4xf32>
  %2 = graph.conv %1, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>} : (tensor<1x3x4x4xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x4x4xf32>
  return %2 : tensor<1x4x4x4xf32>
}

// CHECK-LABEL: @keeps_factor_with_two_users_apart
// CHECK: %[[C:.*]] = graph.conv
// CHECK: graph.mul %[[C]]
func.func @keeps_factor_with_two_users_apart(%x: tensor<1x3x4x4xf32>) -> (tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>) {
  %f = graph.constant dense_resource<weights108> : tensor<4x3x3x3xf32>
  %s = graph.constant dense<3.0> : tensor<1x4x1x1xf32>
  %1 = graph.conv %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>} : (tensor<1x3x4x4xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x4x4xf32>
  %2 = graph.mul %1, %s : (tensor<1x4x4x4xf32>, tensor<1x4x1x1xf32>) -> tensor<1x4x4x4xf32>
  return %1, %2 : tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>
}

// CHECK-LABEL: @keeps_factor_of_positions
// CHECK: %[[C:.*]] = graph.conv
// CHECK: graph.mul %[[C]]
func.func @keeps_factor_of_positions(%x: tensor<1x3x4x4xf32>) -> tensor<1x4x4x4xf32> {
  %f = graph.constant dense_resource<weights108> : tensor<4x3x3x3xf32>
  %s = graph.constant dense<3.0> : tensor<4xf32>
  %1 = graph.conv %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>} : (tensor<1x3x4x4xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x4x4xf32>
  %2 = graph.mul %1, %s : (tensor<1x4x4x4xf32>, tensor<4xf32>) -> tensor<1x4x4x4xf32>
  return %2 : tensor<1x4x4x4xf32>
}

// A symbolic batch is no channel.
#image = affine_map<()[s0] -> (s0, 3, 4, 4)>
#result = affine_map<()[s0] -> (s0, 2, 4, 4)>
// CHECK-LABEL: @symbolic_batch
// CHECK-SAME: (%[[X:.*]]: tensor
// CHECK-NOT: graph.mul %{{.*}} : (tensor<?x
// CHECK: %[[C:.*]] = graph.conv %[[X]], %{{.*}}
// CHECK-NEXT: return %[[C]]
func.func @symbolic_batch(%x: tensor<?x3x4x4xf32, #image>) -> tensor<?x2x4x4xf32, #result> attributes {tegula.symbols = ["a"]} {
  %f = graph.constant dense<0.5> : tensor<2x3x1x1xf32>
  %s = graph.constant dense<[[[1.0]], [[2.0]]]> : tensor<2x1x1xf32>
  %1 = graph.conv %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<?x3x4x4xf32, #image>, tensor<2x3x1x1xf32>) -> tensor<?x2x4x4xf32, #result>
  %2 = graph.mul %1, %s : (tensor<?x2x4x4xf32, #result>, tensor<2x1x1xf32>) -> tensor<?x2x4x4xf32, #result>
  return %2 : tensor<?x2x4x4xf32, #result>
}

{-#
  dialect_resources: {
    builtin: {
      weights108: "0x040000000000A03E0000B0BF0000703F000040BF0000C83F000000BE0000E8BF0000003F000098BF0000903F000010BF0000E03F0000803D0000D0BF0000303F000080BF0000A83F0000C0BE0000F83F0000803E0000B8BF0000603F000050BF0000C03F000040BE0000F0BF0000E03E0000A0BF0000883F000020BF0000D83F000000000000D8BF0000203F000088BF0000A03F0000E0BE0000F03F0000403E0000C0BF0000503F000060BF0000B83F000080BE0000F8BF0000C03E0000A8BF0000803F000030BF0000D03F000080BD0000E0BF0000103F000090BF0000983F000000BF0000E83F0000003E0000C8BF0000403F000070BF0000B03F0000A0BE000000400000A03E0000B0BF0000703F000040BF0000C83F000000BE0000E8BF0000003F000098BF0000903F000010BF0000E03F0000803D0000D0BF0000303F000080BF0000A83F0000C0BE0000F83F0000803E0000B8BF0000603F000050BF0000C03F000040BE0000F0BF0000E03E0000A0BF0000883F000020BF0000D83F000000000000D8BF0000203F000088BF0000A03F0000E0BE0000F03F0000403E0000C0BF0000503F000060BF0000B83F000080BE"
    }
  }
#-}
