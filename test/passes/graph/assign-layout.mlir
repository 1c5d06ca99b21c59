// Convolutions and what lies between them become channels_last, with as few bytes transposed as possible.
// RUN: tegula-opt %s --tegula-assign-layout --cse | FileCheck %s
// RUN: tegula-opt %s --tegula-assign-layout --cse | tegula-equiv %s -

// CHECK-LABEL: @keeps_a_chain_in_one_layout
// CHECK-SAME: (%[[X:.*]]: tensor<1x3x8x8xf32>, %[[F:.*]]: tensor<4x3x1x1xf32>, %[[G:.*]]: tensor<8x4x1x1xf32>, %[[B:.*]]: tensor<1x4x1x1xf32>)
// CHECK-DAG: %[[XT:.*]] = graph.transpose %[[X]] {perm = array<i64: 0, 2, 3, 1>}
// CHECK-DAG: %[[FT:.*]] = graph.transpose %[[F]] {perm = array<i64: 2, 3, 1, 0>} : (tensor<4x3x1x1xf32>) -> tensor<1x1x3x4xf32>
// CHECK-DAG: %[[C:.*]] = graph.conv %[[XT]], %[[FT]] {{.*}}channels_last
// CHECK-DAG: %[[BT:.*]] = graph.reshape %[[B]] : (tensor<1x4x1x1xf32>) -> tensor<1x1x1x4xf32>
// CHECK: %[[A:.*]] = graph.add %[[C]], %[[BT]]
// CHECK: %[[P:.*]] = graph.max_pool %[[A]] {{.*}}channels_last{{.*}} : (tensor<1x8x8x4xf32>) -> tensor<1x4x4x4xf32>
// CHECK: %[[D:.*]] = graph.conv %[[P]]
// CHECK: %[[R:.*]] = graph.relu %[[D]] : tensor<1x4x4x8xf32>
// CHECK: %[[Y:.*]] = graph.transpose %[[R]] {perm = array<i64: 0, 3, 1, 2>}
// CHECK: return %[[Y]]
func.func @keeps_a_chain_in_one_layout(%x: tensor<1x3x8x8xf32>, %f: tensor<4x3x1x1xf32>, %g: tensor<8x4x1x1xf32>, %b: tensor<1x4x1x1xf32>) -> tensor<1x8x4x4xf32> {
  %1 = graph.conv %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %2 = graph.add %1, %b : (tensor<1x4x8x8xf32>, tensor<1x4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %3 = graph.max_pool %2 {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xf32>
  %4 = graph.conv %3, %g {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<1x4x4x4xf32>, tensor<8x4x1x1xf32>) -> tensor<1x8x4x4xf32>
  %5 = graph.relu %4 : tensor<1x8x4x4xf32>
  return %5 : tensor<1x8x4x4xf32>
}

// CHECK-LABEL: @cancels_the_models_own_transposes
// CHECK-SAME: (%[[X:.*]]: tensor<1x8x8x3xf32>, %[[F:.*]]: tensor
// CHECK-NEXT: %[[A:.*]] = graph.abs %[[X]]
// CHECK-NEXT: %[[FT:.*]] = graph.transpose %[[F]] {perm = array<i64: 2, 3, 1, 0>}
// CHECK-NEXT: %[[C:.*]] = graph.conv %[[A]], %[[FT]]
// CHECK-NEXT: %[[Y:.*]] = graph.exp %[[C]] : tensor<1x8x8x4xf32>
// CHECK-NEXT: return %[[Y]]
func.func @cancels_the_models_own_transposes(%x: tensor<1x8x8x3xf32>, %f: tensor<4x3x1x1xf32>) -> tensor<1x8x8x4xf32> {
  %0 = graph.abs %x : tensor<1x8x8x3xf32>
  %1 = graph.transpose %0 {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x8x8x3xf32>) -> tensor<1x3x8x8xf32>
  %2 = graph.conv %1, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %3 = graph.transpose %2 {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x8x8x4xf32>
  %4 = graph.exp %3 : tensor<1x8x8x4xf32>
  return %4 : tensor<1x8x8x4xf32>
}

// The transpose moves to the smaller tensor behind the slice.
// CHECK-LABEL: @transposes_the_smaller_tensor
// CHECK: %[[C:.*]] = graph.conv
// CHECK-NEXT: %[[S:.*]] = graph.slice %[[C]] {starts = array<i64: 0, 3, 0, 1>, steps = array<i64: 1, 1, 1, 1>} : (tensor<1x8x8x4xf32>) -> tensor<1x2x8x2xf32>
// CHECK-NEXT: %[[T:.*]] = graph.transpose %[[S]]
// CHECK-NEXT: return %[[T]]
func.func @transposes_the_smaller_tensor(%x: tensor<1x3x8x8xf32>, %f: tensor<4x3x1x1xf32>) -> tensor<1x2x2x8xf32> {
  %1 = graph.conv %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %2 = graph.slice %1 {starts = array<i64: 0, 1, 3, 0>, steps = array<i64: 1, 1, 1, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x2x2x8xf32>
  return %2 : tensor<1x2x2x8xf32>
}

// A mean over the image has no layout, and neither has what is computed from it.
// CHECK-LABEL: @squeeze_and_excite
// CHECK: %[[C:.*]] = graph.conv
// CHECK: %[[R:.*]] = graph.reduce mean, %[[C]] {axes = array<i64: 1, 2>} : (tensor<1x8x8x4xf32>) -> tensor<1x4xf32>
// CHECK: %[[S:.*]] = graph.sigmoid %{{.*}} : tensor<1x1x1x4xf32>
// CHECK: %[[Y:.*]] = graph.mul %[[C]], %[[S]]
// CHECK: %[[T:.*]] = graph.transpose %[[Y]]
// CHECK-NEXT: return %[[T]]
func.func @squeeze_and_excite(%x: tensor<1x3x8x8xf32>, %f: tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32> {
  %1 = graph.conv %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %2 = graph.reduce mean, %1 {axes = array<i64: 2, 3>} : (tensor<1x4x8x8xf32>) -> tensor<1x4xf32>
  %3 = graph.reshape %2 : (tensor<1x4xf32>) -> tensor<1x4x1x1xf32>
  %4 = graph.sigmoid %3 : tensor<1x4x1x1xf32>
  %5 = graph.mul %1, %4 : (tensor<1x4x8x8xf32>, tensor<1x4x1x1xf32>) -> tensor<1x4x8x8xf32>
  return %5 : tensor<1x4x8x8xf32>
}

// Axes follow: channels of a concatenation, of a softmax and of a resize.
// CHECK-LABEL: @renames_axes
// CHECK: graph.concat %{{.*}} {axis = 3 : i64} : (tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>) -> tensor<1x8x8x8xf32>
// CHECK: graph.softmax %{{.*}} {axis = 3 : i64}
// CHECK: graph.resize %{{.*}}scales = array<f64: 1.000000e+00, 2.000000e+00, 3.000000e+00, 1.000000e+00>{{.*}} -> tensor<1x16x24x8xf32>
// CHECK: graph.conv
func.func @renames_axes(%x: tensor<1x3x8x8xf32>, %f: tensor<4x3x1x1xf32>, %g: tensor<2x8x1x1xf32>) -> tensor<1x2x16x24xf32> {
  %1 = graph.conv %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %2 = graph.relu %1 : tensor<1x4x8x8xf32>
  %3 = graph.concat %1, %2 {axis = 1 : i64} : (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>) -> tensor<1x8x8x8xf32>
  %4 = graph.softmax %3 {axis = 1 : i64} : tensor<1x8x8x8xf32>
  %5 = graph.resize %4 {scales = array<f64: 1.0, 1.0, 2.0, 3.0>, mode = #graph<resize_mode nearest>, coordinates = #graph<coordinate_mode asymmetric>, nearest = #graph<nearest_mode floor>} : (tensor<1x8x8x8xf32>) -> tensor<1x8x16x24xf32>
  %6 = graph.conv %5, %g {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<1x8x16x24xf32>, tensor<2x8x1x1xf32>) -> tensor<1x2x16x24xf32>
  return %6 : tensor<1x2x16x24xf32>
}

// CHECK-LABEL: @reorders_the_rows_of_a_matrix_behind_a_flatten
// CHECK: %[[C:.*]] = graph.conv
// CHECK: %[[R:.*]] = graph.reshape %[[C]] : (tensor<2x2x2x4xf32>) -> tensor<2x16xf32>
// CHECK: %[[W3:.*]] = graph.reshape %{{.*}} : (tensor<16x5xf32>) -> tensor<4x2x2x5xf32>
// CHECK: %[[WT:.*]] = graph.transpose %[[W3]] {perm = array<i64: 1, 2, 0, 3>}
// CHECK: %[[W:.*]] = graph.reshape %[[WT]] : (tensor<2x2x4x5xf32>) -> tensor<16x5xf32>
// CHECK: graph.matmul %[[R]], %[[W]]
func.func @reorders_the_rows_of_a_matrix_behind_a_flatten(%x: tensor<2x3x2x2xf32>, %f: tensor<4x3x1x1xf32>) -> tensor<2x5xf32> {
  %w = graph.constant dense_resource<weights80> : tensor<16x5xf32>
  %1 = graph.conv %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<2x3x2x2xf32>, tensor<4x3x1x1xf32>) -> tensor<2x4x2x2xf32>
  %2 = graph.reshape %1 : (tensor<2x4x2x2xf32>) -> tensor<2x16xf32>
  %3 = graph.matmul %2, %w : (tensor<2x16xf32>, tensor<16x5xf32>) -> tensor<2x5xf32>
  return %3 : tensor<2x5xf32>
}

// One-dimensional convolutions have a layout, too.
// CHECK-LABEL: @one_spatial_dimension
// CHECK: graph.conv {{.*}} : (tensor<1x8x3xf32>, tensor<1x3x4xf32>) -> tensor<1x8x4xf32>
func.func @one_spatial_dimension(%x: tensor<1x3x8xf32>, %f: tensor<4x3x1xf32>) -> tensor<1x4x8xf32> {
  %1 = graph.conv %x, %f {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>} : (tensor<1x3x8xf32>, tensor<4x3x1xf32>) -> tensor<1x4x8xf32>
  return %1 : tensor<1x4x8xf32>
}

// Transposes far from convolutions are left alone.
// CHECK-LABEL: @leaves_attention_alone
// CHECK: graph.transpose %{{.*}} {perm = array<i64: 0, 2, 1, 3>}
func.func @leaves_attention_alone(%x: tensor<1x8x2x4xf32>) -> tensor<1x2x8x4xf32> {
  %1 = graph.transpose %x {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x8x2x4xf32>) -> tensor<1x2x8x4xf32>
  return %1 : tensor<1x2x8x4xf32>
}

// Patches become a sequence: regrouping the image's dimensions keeps the layout.
// CHECK-LABEL: @carries_layout_through_a_reshape
// CHECK: %[[C:.*]] = graph.conv
// CHECK-NEXT: %[[R:.*]] = graph.reshape %[[C]] : (tensor<1x4x4x6xf32>) -> tensor<1x16x6xf32>
// CHECK-NEXT: return %[[R]]
func.func @carries_layout_through_a_reshape(%x: tensor<1x3x8x8xf32>, %f: tensor<6x3x2x2xf32>) -> tensor<1x16x6xf32> {
  %1 = graph.conv %x, %f {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<1x3x8x8xf32>, tensor<6x3x2x2xf32>) -> tensor<1x6x4x4xf32>
  %2 = graph.reshape %1 : (tensor<1x6x4x4xf32>) -> tensor<1x6x16xf32>
  %3 = graph.transpose %2 {perm = array<i64: 0, 2, 1>} : (tensor<1x6x16xf32>) -> tensor<1x16x6xf32>
  return %3 : tensor<1x16x6xf32>
}

// Sizes that only the run tells move with their dimensions.
#image = affine_map<()[s0, s1] -> (s0, 3, s1, s1)>
#even = affine_map<()[s0, s1] -> (s0, 4, (s1 + 1) floordiv 2, (s1 + 1) floordiv 2)>
// CHECK-LABEL: @symbolic_image
// CHECK: graph.transpose %{{.*}} {perm = array<i64: 0, 2, 3, 1>} : (tensor<?x3x?x?xf32, #{{.*}}>) -> tensor<?x?x?x3xf32, #{{.*}}>
// CHECK: %[[C:.*]] = graph.conv {{.*}}channels_last{{.*}} -> tensor<?x?x?x4xf32, #[[LAST:.*]]>
// CHECK: %[[R:.*]] = graph.relu %[[C]] : tensor<?x?x?x4xf32, #[[LAST]]>
// CHECK: graph.transpose %[[R]] {perm = array<i64: 0, 3, 1, 2>}
func.func @symbolic_image(%x: tensor<?x3x?x?xf32, #image>, %f: tensor<4x3x3x3xf32>) -> tensor<?x4x?x?xf32, #even> attributes {tegula.symbols = ["a", "b"]} {
  %1 = graph.conv %x, %f {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>} : (tensor<?x3x?x?xf32, #image>, tensor<4x3x3x3xf32>) -> tensor<?x4x?x?xf32, #even>
  %2 = graph.relu %1 : tensor<?x4x?x?xf32, #even>
  return %2 : tensor<?x4x?x?xf32, #even>
}

{-#
  dialect_resources: {
    builtin: {
      weights80: "0x040000000000883F000020BF0000D83F000000000000D8BF0000203F000088BF0000A03F0000E0BE0000F03F0000403E0000C0BF0000503F000060BF0000B83F000080BE0000F8BF0000C03E0000A8BF0000803F000030BF0000D03F000080BD0000E0BF0000103F000090BF0000983F000000BF0000E83F0000003E0000C8BF0000403F000070BF0000B03F0000A0BE000000400000A03E0000B0BF0000703F000040BF0000C83F000000BE0000E8BF0000003F000098BF0000903F000010BF0000E03F0000803D0000D0BF0000303F000080BF0000A83F0000C0BE0000F83F0000803E0000B8BF0000603F000050BF0000C03F000040BE0000F0BF0000E03E0000A0BF0000883F000020BF0000D83F000000000000D8BF0000203F000088BF0000A03F0000E0BE0000F03F0000403E0000C0BF0000503F000060BF0000B83F000080BE"
    }
  }
#-}
