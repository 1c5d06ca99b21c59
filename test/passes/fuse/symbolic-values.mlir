// Symbolic sizes change no value: fused kernels give what single ones do, at every size. What single ones give is checked by models.
// RUN: tegula-opt %s --tegula-form-kernels --tegula-peel-borders --tegula-collapse-dims --tegula-deduplicate-kernels -o %t
// RUN: tegula-equiv %s %t
// RUN: tegula-equiv %s %t -O 2

#a_b = affine_map<()[s0, s1] -> (s0, s1)>
#b = affine_map<()[s0, s1] -> (s1)>
#a_1 = affine_map<()[s0] -> (s0, 1)>
#one_b = affine_map<()[s0, s1] -> (1, s1)>
#a_4_b = affine_map<()[s0, s1] -> (s0, 4, s1)>
#a_b_8 = affine_map<()[s0, s1] -> (s0, s1, 8)>
#a_4_8 = affine_map<()[s0] -> (s0, 4, 8)>
#a_3_b_c = affine_map<()[s0, s1, s2] -> (s0, 3, s1, s2)>
#a_8_b_plus_1_by_2_c_plus_1_by_2 = affine_map<()[s0, s1, s2] -> (s0, 8, (s1 + 1) floordiv 2, (s2 + 1) floordiv 2)>
#a_b_c_8 = affine_map<()[s0, s1, s2] -> (s0, s1, s2, 8)>
#a_b_c_6 = affine_map<()[s0, s1, s2] -> (s0, s1, s2, 6)>
#a_2_bx2 = affine_map<()[s0, s1] -> (s0, 2, s1 * 2)>
#a_3_b_plus_1_by_2_c_plus_1_by_2 = affine_map<()[s0, s1, s2] -> (s0, 3, (s1 + 1) floordiv 2, (s2 + 1) floordiv 2)>
#a_3_b = affine_map<()[s0, s1] -> (s0, 3, s1)>
#a_3_b_plus_1_by_2 = affine_map<()[s0, s1] -> (s0, 3, (s1 + 1) floordiv 2)>
#a_3_b_by_2 = affine_map<()[s0, s1] -> (s0, 3, s1 floordiv 2)>
#a_3_b_plus_1_c_plus_1 = affine_map<()[s0, s1, s2] -> (s0, 3, s1 + 1, s2 + 1)>
#a_3 = affine_map<()[s0] -> (s0, 3)>
#a = affine_map<()[s0] -> (s0)>
#a_4 = affine_map<()[s0] -> (s0, 4)>
#b_4 = affine_map<()[s0, s1] -> (s1, 4)>
#b_1 = affine_map<()[s0, s1] -> (s1, 1)>
#a_b_minus_1 = affine_map<()[s0, s1] -> (s0, s1 - 1)>
#a_8 = affine_map<()[s0] -> (s0, 8)>
#a_b_plus_3 = affine_map<()[s0, s1] -> (s0, s1 + 3)>
#a_b_plus_2 = affine_map<()[s0, s1] -> (s0, s1 + 2)>
#a_b_plus_1 = affine_map<()[s0, s1] -> (s0, s1 + 1)>
#a_plus_b_4 = affine_map<()[s0, s1] -> (s0 + s1, 4)>
#a_12 = affine_map<()[s0] -> (s0, 12)>
#a_c = affine_map<()[s0, s1, s2] -> (s0, s2)>
#a_b_plus_c = affine_map<()[s0, s1, s2] -> (s0, s1 + s2)>
#a_2_2 = affine_map<()[s0] -> (s0, 2, 2)>
#a_18_2 = affine_map<()[s0] -> (s0, 18, 2)>
#ax2_9 = affine_map<()[s0] -> (s0 * 2, 9)>
#a_3_bx2_cx2 = affine_map<()[s0, s1, s2] -> (s0, 3, s1 * 2, s2 * 2)>
#c = affine_map<()[s0, s1, s2] -> (s2)>
#a_3_c = affine_map<()[s0, s1, s2] -> (s0, 3, s2)>

func.func @broadcast_of_a_row(%x: tensor<?x?xf32, #a_b>, %y: tensor<?xf32, #b>)
    -> tensor<?x?xf32, #a_b> attributes {tegula.symbols = ["a", "b"]} {
  %0 = graph.add %x, %y : (tensor<?x?xf32, #a_b>, tensor<?xf32, #b>) -> tensor<?x?xf32, #a_b>
  return %0 : tensor<?x?xf32, #a_b>
}

func.func @broadcast_of_both(%x: tensor<?x1xf32, #a_1>, %y: tensor<1x?xf32, #one_b>)
    -> tensor<?x?xf32, #a_b> attributes {tegula.symbols = ["a", "b"]} {
  %0 = graph.add %x, %y : (tensor<?x1xf32, #a_1>, tensor<1x?xf32, #one_b>) -> tensor<?x?xf32, #a_b>
  return %0 : tensor<?x?xf32, #a_b>
}

func.func @expand(%x: tensor<?x1xf32, #a_1>, %like0: tensor<?xf32, #b>)
    -> tensor<?x?xf32, #a_b> attributes {tegula.symbols = ["a", "b"]} {
  %0 = graph.expand %x : (tensor<?x1xf32, #a_1>) -> tensor<?x?xf32, #a_b>
  return %0 : tensor<?x?xf32, #a_b>
}

func.func @matmul(%x: tensor<?x4x?xf32, #a_4_b>, %y: tensor<?x?x8xf32, #a_b_8>)
    -> tensor<?x4x8xf32, #a_4_8> attributes {tegula.symbols = ["a", "b"]} {
  %0 = graph.matmul %x, %y : (tensor<?x4x?xf32, #a_4_b>, tensor<?x?x8xf32, #a_b_8>) -> tensor<?x4x8xf32, #a_4_8>
  return %0 : tensor<?x4x8xf32, #a_4_8>
}

func.func @conv_padded(%x: tensor<?x3x?x?xf32, #a_3_b_c>, %y: tensor<8x3x3x3xf32>)
    -> tensor<?x8x?x?xf32, #a_8_b_plus_1_by_2_c_plus_1_by_2> attributes {tegula.symbols = ["a", "b", "c"]} {
  %0 = graph.conv %x, %y {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>}
      : (tensor<?x3x?x?xf32, #a_3_b_c>, tensor<8x3x3x3xf32>) -> tensor<?x8x?x?xf32, #a_8_b_plus_1_by_2_c_plus_1_by_2>
  return %0 : tensor<?x8x?x?xf32, #a_8_b_plus_1_by_2_c_plus_1_by_2>
}

func.func @conv_grouped(%x: tensor<?x?x?x8xf32, #a_b_c_8>, %y: tensor<3x3x4x6xf32>)
    -> tensor<?x?x?x6xf32, #a_b_c_6> attributes {tegula.symbols = ["a", "b", "c"]} {
  %0 = graph.conv %x, %y {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>, group = 2 : i64, layout = #graph<layout channels_last>}
      : (tensor<?x?x?x8xf32, #a_b_c_8>, tensor<3x3x4x6xf32>) -> tensor<?x?x?x6xf32, #a_b_c_6>
  return %0 : tensor<?x?x?x6xf32, #a_b_c_6>
}

func.func @conv_depthwise(%x: tensor<?x?x?x8xf32, #a_b_c_8>, %y: tensor<3x3x1x8xf32>)
    -> tensor<?x?x?x8xf32, #a_b_c_8> attributes {tegula.symbols = ["a", "b", "c"]} {
  %0 = graph.conv %x, %y {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>, group = 8 : i64, layout = #graph<layout channels_last>}
      : (tensor<?x?x?x8xf32, #a_b_c_8>, tensor<3x3x1x8xf32>) -> tensor<?x?x?x8xf32, #a_b_c_8>
  return %0 : tensor<?x?x?x8xf32, #a_b_c_8>
}

func.func @conv_transposed(%x: tensor<?x4x?xf32, #a_4_b>, %y: tensor<4x2x2xf32>)
    -> tensor<?x2x?xf32, #a_2_bx2> attributes {tegula.symbols = ["a", "b"]} {
  %0 = graph.conv_transpose %x, %y {strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 0>}
      : (tensor<?x4x?xf32, #a_4_b>, tensor<4x2x2xf32>) -> tensor<?x2x?xf32, #a_2_bx2>
  return %0 : tensor<?x2x?xf32, #a_2_bx2>
}

func.func @max_pool(%x: tensor<?x3x?x?xf32, #a_3_b_c>)
    -> tensor<?x3x?x?xf32, #a_3_b_plus_1_by_2_c_plus_1_by_2> attributes {tegula.symbols = ["a", "b", "c"]} {
  %0 = graph.max_pool %x {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>}
      : (tensor<?x3x?x?xf32, #a_3_b_c>) -> tensor<?x3x?x?xf32, #a_3_b_plus_1_by_2_c_plus_1_by_2>
  return %0 : tensor<?x3x?x?xf32, #a_3_b_plus_1_by_2_c_plus_1_by_2>
}

func.func @max_pool_that_leaves_the_image(%x: tensor<?x3x?xf32, #a_3_b>)
    -> tensor<?x3x?xf32, #a_3_b_plus_1_by_2> attributes {tegula.symbols = ["a", "b"]} {
  %0 = graph.max_pool %x {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>}
      : (tensor<?x3x?xf32, #a_3_b>) -> tensor<?x3x?xf32, #a_3_b_plus_1_by_2>
  return %0 : tensor<?x3x?xf32, #a_3_b_plus_1_by_2>
}

func.func @max_pool_indices(%x: tensor<?x3x?xf32, #a_3_b>)
    -> tensor<?x3x?xi64, #a_3_b_by_2> attributes {tegula.symbols = ["a", "b"]} {
  %0 = graph.max_pool_indices %x {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>}
      : (tensor<?x3x?xf32, #a_3_b>) -> tensor<?x3x?xi64, #a_3_b_by_2>
  return %0 : tensor<?x3x?xi64, #a_3_b_by_2>
}

func.func @average_pool(%x: tensor<?x3x?x?xf32, #a_3_b_c>)
    -> tensor<?x3x?x?xf32, #a_3_b_plus_1_by_2_c_plus_1_by_2> attributes {tegula.symbols = ["a", "b", "c"]} {
  %0 = graph.average_pool %x {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>}
      : (tensor<?x3x?x?xf32, #a_3_b_c>) -> tensor<?x3x?x?xf32, #a_3_b_plus_1_by_2_c_plus_1_by_2>
  return %0 : tensor<?x3x?x?xf32, #a_3_b_plus_1_by_2_c_plus_1_by_2>
}

func.func @average_pool_counting_pads(%x: tensor<?x3x?x?xf32, #a_3_b_c>)
    -> tensor<?x3x?x?xf32, #a_3_b_plus_1_c_plus_1> attributes {tegula.symbols = ["a", "b", "c"]} {
  %0 = graph.average_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>, count_include_pad = true}
      : (tensor<?x3x?x?xf32, #a_3_b_c>) -> tensor<?x3x?x?xf32, #a_3_b_plus_1_c_plus_1>
  return %0 : tensor<?x3x?x?xf32, #a_3_b_plus_1_c_plus_1>
}

func.func @global_average(%x: tensor<?x3x?x?xf32, #a_3_b_c>)
    -> tensor<?x3xf32, #a_3> attributes {tegula.symbols = ["a", "b", "c"]} {
  %0 = graph.reduce #graph<reduce_kind mean>, %x {axes = array<i64: 2, 3>} : (tensor<?x3x?x?xf32, #a_3_b_c>) -> tensor<?x3xf32, #a_3>
  return %0 : tensor<?x3xf32, #a_3>
}

func.func @reduce_apart(%x: tensor<?x3x?x?xf32, #a_3_b_c>)
    -> tensor<?x?xf32, #a_b> attributes {tegula.symbols = ["a", "b", "c"]} {
  %0 = graph.reduce #graph<reduce_kind max>, %x {axes = array<i64: 1, 3>} : (tensor<?x3x?x?xf32, #a_3_b_c>) -> tensor<?x?xf32, #a_b>
  return %0 : tensor<?x?xf32, #a_b>
}

func.func @arg_max(%x: tensor<?x?xf32, #a_b>)
    -> tensor<?xi64, #a> attributes {tegula.symbols = ["a", "b"]} {
  %0 = graph.arg_reduce %x {axis = 1 : i64, largest = true, select_last = false} : (tensor<?x?xf32, #a_b>) -> tensor<?xi64, #a>
  return %0 : tensor<?xi64, #a>
}

func.func @softmax(%x: tensor<?x?xf32, #a_b>)
    -> tensor<?x?xf32, #a_b> attributes {tegula.symbols = ["a", "b"]} {
  %0 = graph.softmax %x {axis = 1 : i64} : tensor<?x?xf32, #a_b>
  return %0 : tensor<?x?xf32, #a_b>
}

func.func @gather(%x: tensor<?x4xf32, #a_4>, %y: tensor<?xi64, #b>)
    -> tensor<?x4xf32, #b_4> attributes {tegula.symbols = ["a", "b"]} {
  %0 = graph.gather %x, %y {axis = 0 : i64} : (tensor<?x4xf32, #a_4>, tensor<?xi64, #b>) -> tensor<?x4xf32, #b_4>
  return %0 : tensor<?x4xf32, #b_4>
}

func.func @gather_elements(%x: tensor<?x4xf32, #a_4>, %y: tensor<?x4xi64, #b_4>)
    -> tensor<?x4xf32, #b_4> attributes {tegula.symbols = ["a", "b"]} {
  %0 = graph.gather_elements %x, %y {axis = 0 : i64} : (tensor<?x4xf32, #a_4>, tensor<?x4xi64, #b_4>) -> tensor<?x4xf32, #b_4>
  return %0 : tensor<?x4xf32, #b_4>
}

func.func @gather_nd(%x: tensor<?x4xf32, #a_4>, %y: tensor<?x1xi64, #b_1>)
    -> tensor<?x4xf32, #b_4> attributes {tegula.symbols = ["a", "b"]} {
  %0 = graph.gather_nd %x, %y : (tensor<?x4xf32, #a_4>, tensor<?x1xi64, #b_1>) -> tensor<?x4xf32, #b_4>
  return %0 : tensor<?x4xf32, #b_4>
}

func.func @slice_of_unknown(%x: tensor<?x?xf32, #a_b>)
    -> tensor<?x?xf32, #a_b_minus_1> attributes {tegula.symbols = ["a", "b"]} {
  %0 = graph.slice %x {starts = array<i64: 0, 1>, steps = array<i64: 1, 1>} : (tensor<?x?xf32, #a_b>) -> tensor<?x?xf32, #a_b_minus_1>
  return %0 : tensor<?x?xf32, #a_b_minus_1>
}

func.func @slice_beside_unknown(%x: tensor<?x8xf32, #a_8>)
    -> tensor<?x4xf32, #a_4> attributes {tegula.symbols = ["a"]} {
  %0 = graph.slice %x {starts = array<i64: 0, 4>, steps = array<i64: 1, 1>} : (tensor<?x8xf32, #a_8>) -> tensor<?x4xf32, #a_4>
  return %0 : tensor<?x4xf32, #a_4>
}

func.func @slice_backwards(%x: tensor<?x8xf32, #a_8>)
    -> tensor<?x8xf32, #a_8> attributes {tegula.symbols = ["a"]} {
  %0 = graph.slice %x {starts = array<i64: 0, 7>, steps = array<i64: 1, -1>} : (tensor<?x8xf32, #a_8>) -> tensor<?x8xf32, #a_8>
  return %0 : tensor<?x8xf32, #a_8>
}

func.func @pad_with_a_value(%x: tensor<?x?xf32, #a_b>, %y: tensor<f32>)
    -> tensor<?x?xf32, #a_b_plus_3> attributes {tegula.symbols = ["a", "b"]} {
  %0 = graph.pad %x, %y {low = array<i64: 0, 1>, high = array<i64: 0, 2>, mode = #graph<pad_mode constant>}
      : (tensor<?x?xf32, #a_b>, tensor<f32>) -> tensor<?x?xf32, #a_b_plus_3>
  return %0 : tensor<?x?xf32, #a_b_plus_3>
}

func.func @pad_by_reflection(%x: tensor<?x?xf32, #a_b>, %y: tensor<f32>)
    -> tensor<?x?xf32, #a_b_plus_3> attributes {tegula.symbols = ["a", "b"]} {
  %0 = graph.pad %x, %y {low = array<i64: 0, 1>, high = array<i64: 0, 2>, mode = #graph<pad_mode reflect>}
      : (tensor<?x?xf32, #a_b>, tensor<f32>) -> tensor<?x?xf32, #a_b_plus_3>
  return %0 : tensor<?x?xf32, #a_b_plus_3>
}

func.func @pad_and_crop(%x: tensor<?x?xf32, #a_b>, %y: tensor<f32>)
    -> tensor<?x?xf32, #a_b_plus_1> attributes {tegula.symbols = ["a", "b"]} {
  %0 = graph.pad %x, %y {low = array<i64: 0, 1>, high = array<i64: 0, 1>, mode = #graph<pad_mode edge>}
      : (tensor<?x?xf32, #a_b>, tensor<f32>) -> tensor<?x?xf32, #a_b_plus_2>
  %1 = graph.pad %0, %y {low = array<i64: 0, -2>, high = array<i64: 0, 1>, mode = #graph<pad_mode edge>}
      : (tensor<?x?xf32, #a_b_plus_2>, tensor<f32>) -> tensor<?x?xf32, #a_b_plus_1>
  return %1 : tensor<?x?xf32, #a_b_plus_1>
}

func.func @concat_outermost(%x: tensor<?x4xf32, #a_4>, %y: tensor<?x4xf32, #b_4>)
    -> tensor<?x4xf32, #a_plus_b_4> attributes {tegula.symbols = ["a", "b"]} {
  %0 = graph.concat %x, %y {axis = 0 : i64} : (tensor<?x4xf32, #a_4>, tensor<?x4xf32, #b_4>) -> tensor<?x4xf32, #a_plus_b_4>
  return %0 : tensor<?x4xf32, #a_plus_b_4>
}

func.func @concat_known(%x: tensor<?x4xf32, #a_4>, %y: tensor<?x8xf32, #a_8>)
    -> tensor<?x12xf32, #a_12> attributes {tegula.symbols = ["a"]} {
  %0 = graph.concat %x, %y {axis = 1 : i64} : (tensor<?x4xf32, #a_4>, tensor<?x8xf32, #a_8>) -> tensor<?x12xf32, #a_12>
  return %0 : tensor<?x12xf32, #a_12>
}

func.func @concat_innermost(%x: tensor<?x?xf32, #a_b>, %y: tensor<?x?xf32, #a_c>)
    -> tensor<?x?xf32, #a_b_plus_c> attributes {tegula.symbols = ["a", "b", "c"]} {
  %0 = graph.concat %x, %y {axis = 1 : i64} : (tensor<?x?xf32, #a_b>, tensor<?x?xf32, #a_c>) -> tensor<?x?xf32, #a_b_plus_c>
  return %0 : tensor<?x?xf32, #a_b_plus_c>
}

func.func @concat_many(%x: tensor<?x2x2xf32, #a_2_2>, %y: tensor<?x2x2xf32, #a_2_2>, %z: tensor<?x2x2xf32, #a_2_2>,
    %u: tensor<?x2x2xf32, #a_2_2>, %v: tensor<?x2x2xf32, #a_2_2>, %w: tensor<?x2x2xf32, #a_2_2>, %p: tensor<?x2x2xf32, #a_2_2>,
    %q: tensor<?x2x2xf32, #a_2_2>, %r: tensor<?x2x2xf32, #a_2_2>)
    -> tensor<?x18x2xf32, #a_18_2> attributes {tegula.symbols = ["a"]} {
  %0 = graph.concat %x, %y, %z, %u, %v, %w, %p, %q, %r {axis = 1 : i64}
      : (tensor<?x2x2xf32, #a_2_2>, tensor<?x2x2xf32, #a_2_2>, tensor<?x2x2xf32, #a_2_2>, tensor<?x2x2xf32, #a_2_2>, tensor<?x2x2xf32, #a_2_2>, tensor<?x2x2xf32, #a_2_2>, tensor<?x2x2xf32, #a_2_2>, tensor<?x2x2xf32, #a_2_2>, tensor<?x2x2xf32, #a_2_2>) -> tensor<?x18x2xf32, #a_18_2>
  return %0 : tensor<?x18x2xf32, #a_18_2>
}

func.func @trilu(%x: tensor<?x?xf32, #a_b>)
    -> tensor<?x?xf32, #a_b> attributes {tegula.symbols = ["a", "b"]} {
  %0 = graph.trilu %x {upper = true, diagonal = 1 : i64} : (tensor<?x?xf32, #a_b>) -> tensor<?x?xf32, #a_b>
  return %0 : tensor<?x?xf32, #a_b>
}

func.func @range(%x: tensor<i64>, %y: tensor<i64>, %like0: tensor<?xf32, #a>)
    -> tensor<?xi64, #a> attributes {tegula.symbols = ["a"]} {
  %0 = graph.range %x, %y : (tensor<i64>, tensor<i64>) -> tensor<?xi64, #a>
  return %0 : tensor<?xi64, #a>
}

func.func @tile_of_one(%x: tensor<?x1xf32, #a_1>)
    -> tensor<?x4xf32, #a_4> attributes {tegula.symbols = ["a"]} {
  %0 = graph.tile %x {repeats = array<i64: 1, 4>} : (tensor<?x1xf32, #a_1>) -> tensor<?x4xf32, #a_4>
  return %0 : tensor<?x4xf32, #a_4>
}

func.func @tile(%x: tensor<?x3xf32, #a_3>)
    -> tensor<?x9xf32, #ax2_9> attributes {tegula.symbols = ["a"]} {
  %0 = graph.tile %x {repeats = array<i64: 2, 3>} : (tensor<?x3xf32, #a_3>) -> tensor<?x9xf32, #ax2_9>
  return %0 : tensor<?x9xf32, #ax2_9>
}

func.func @resize_nearest(%x: tensor<?x3x?x?xf32, #a_3_b_c>)
    -> tensor<?x3x?x?xf32, #a_3_bx2_cx2> attributes {tegula.symbols = ["a", "b", "c"]} {
  %0 = graph.resize %x {scales = array<f64: 1.0, 1.0, 2.0, 2.0>, mode = #graph<resize_mode nearest>, coordinates = #graph<coordinate_mode asymmetric>, nearest = #graph<nearest_mode floor>}
      : (tensor<?x3x?x?xf32, #a_3_b_c>) -> tensor<?x3x?x?xf32, #a_3_bx2_cx2>
  return %0 : tensor<?x3x?x?xf32, #a_3_bx2_cx2>
}

func.func @resize_linear(%x: tensor<?x3x?x?xf32, #a_3_b_c>)
    -> tensor<?x3x?x?xf32, #a_3_bx2_cx2> attributes {tegula.symbols = ["a", "b", "c"]} {
  %0 = graph.resize %x {scales = array<f64: 1.0, 1.0, 2.0, 2.0>, mode = #graph<resize_mode linear>, coordinates = #graph<coordinate_mode half_pixel>, nearest = #graph<nearest_mode floor>}
      : (tensor<?x3x?x?xf32, #a_3_b_c>) -> tensor<?x3x?x?xf32, #a_3_bx2_cx2>
  return %0 : tensor<?x3x?x?xf32, #a_3_bx2_cx2>
}

func.func @resize_cubic(%x: tensor<?x3x?x?xf32, #a_3_b_c>)
    -> tensor<?x3x?x?xf32, #a_3_bx2_cx2> attributes {tegula.symbols = ["a", "b", "c"]} {
  %0 = graph.resize %x {scales = array<f64: 1.0, 1.0, 2.0, 2.0>, mode = #graph<resize_mode cubic>, coordinates = #graph<coordinate_mode align_corners>, nearest = #graph<nearest_mode floor>, exclude_outside = true}
      : (tensor<?x3x?x?xf32, #a_3_b_c>) -> tensor<?x3x?x?xf32, #a_3_bx2_cx2>
  return %0 : tensor<?x3x?x?xf32, #a_3_bx2_cx2>
}

func.func @resize_by_sizes(%x: tensor<?x3x?xf32, #a_3_b>, %like0: tensor<?xf32, #c>)
    -> tensor<?x3x?xf32, #a_3_c> attributes {tegula.symbols = ["a", "b", "c"]} {
  %0 = graph.resize %x {scales = array<f64: 1.0, 1.0, 0.0>, mode = #graph<resize_mode linear>, coordinates = #graph<coordinate_mode half_pixel>, nearest = #graph<nearest_mode floor>}
      : (tensor<?x3x?xf32, #a_3_b>) -> tensor<?x3x?xf32, #a_3_c>
  return %0 : tensor<?x3x?xf32, #a_3_c>
}

func.func @cum_sum(%x: tensor<?x?xf32, #a_b>)
    -> tensor<?x?xf32, #a_b> attributes {tegula.symbols = ["a", "b"]} {
  %0 = graph.cum_sum %x {axis = 1 : i64, exclusive = false, reverse = false} : (tensor<?x?xf32, #a_b>) -> tensor<?x?xf32, #a_b>
  return %0 : tensor<?x?xf32, #a_b>
}

func.func @layer_norm(%x: tensor<?x?xf32, #a_b>, %y: tensor<?xf32, #b>)
    -> tensor<?x?xf32, #a_b> attributes {tegula.symbols = ["a", "b"]} {
  %0 = graph.layer_norm %x, %y {axis = 1 : i64, epsilon = 1.0e-5 : f64} : (tensor<?x?xf32, #a_b>, tensor<?xf32, #b>) -> tensor<?x?xf32, #a_b>
  return %0 : tensor<?x?xf32, #a_b>
}
