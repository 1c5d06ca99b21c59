// Every message of the graph dialect's verifiers, which the shape rules share with the importer.
// RUN: tegula-opt %s --split-input-file --verify-diagnostics

func.func @result_of_another_shape(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{expected a result of shape 3x2, got 2x3}}
  %0 = graph.transpose %x {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @result_of_another_element(%x: tensor<2xf32>, %y: tensor<2xf32>) {
  // expected-error @+1 {{expected a result of element type 'f32', got 'f64'}}
  %0 = graph.add %x, %y : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf64>
  return
}

// -----

func.func @right_operand_of_another_element(%x: tensor<2xf32>, %y: tensor<2xf64>) {
  // expected-error @+1 {{expected a right operand of element type 'f32', got 'f64'}}
  %0 = graph.add %x, %y : (tensor<2xf32>, tensor<2xf64>) -> tensor<2xf32>
  return
}

// -----

func.func @exponential_of_integers(%x: tensor<2xi32>) {
  // expected-error @+1 {{expected floating-point elements, got 'i32'}}
  %0 = graph.exp %x : tensor<2xi32>
  return
}

// -----

func.func @and_of_floats(%x: tensor<2xf32>, %y: tensor<2xf32>) {
  // expected-error @+1 {{expected operands of integers, got 'f32'}}
  %0 = graph.and %x, %y : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @shift_of_signed(%x: tensor<2xi32>, %y: tensor<2xi32>) {
  // expected-error @+1 {{expected unsigned integers, got 'i32'}}
  %0 = graph.shift_left %x, %y : (tensor<2xi32>, tensor<2xi32>) -> tensor<2xi32>
  return
}

// -----

func.func @shapes_that_do_not_broadcast(%x: tensor<2x3xf32>, %y: tensor<4xf32>) {
  // expected-error @+1 {{expected shapes that broadcast, got 2x3 and 4}}
  %0 = graph.add %x, %y : (tensor<2x3xf32>, tensor<4xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @result_too_large(%x: tensor<4294967296x1xf32>, %y: tensor<1x4294967296xf32>) {
  // expected-error @+1 {{expected a result of less than 2^63 elements, got shape 4294967296x4294967296}}
  %0 = graph.add %x, %y : (tensor<4294967296x1xf32>, tensor<1x4294967296xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @reshape_to_another_size(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{expected as many elements as the input has, got 2x3 to 5}}
  %0 = graph.reshape %x : (tensor<2x3xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @perm_too_short(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{expected 2 entries of perm, got 1}}
  %0 = graph.transpose %x {perm = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @perm_that_repeats(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{expected perm to be a permutation of 0 to 2 exclusive, got 1 out of range or twice}}
  %0 = graph.transpose %x {perm = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<3x3xf32>
  return
}

// -----

func.func @expand_to_another_shape(%x: tensor<3xf32>) {
  // expected-error @+1 {{expected a shape that 3 broadcasts to, got 1}}
  %0 = graph.expand %x : (tensor<3xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @negative_repeats(%x: tensor<3xf32>) {
  // expected-error @+1 {{expected repeats of at least 0 and a size below 2^63, got -1}}
  %0 = graph.tile %x {repeats = array<i64: -1>} : (tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @slice_outside(%x: tensor<8xf32>) {
  // expected-error @+1 {{expected elements inside of size 8, got start 4, step 2, count 3}}
  %0 = graph.slice %x {starts = array<i64: 4>, steps = array<i64: 2>} : (tensor<8xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @pad_that_crops_too_much(%x: tensor<4xf32>, %v: tensor<f32>) {
  // expected-error @+1 {{expected padding that leaves a size of at least 0, got -3 and -2 for size 4}}
  %0 = graph.pad %x, %v {low = array<i64: -3>, high = array<i64: -2>, mode = #graph<pad_mode constant>} : (tensor<4xf32>, tensor<f32>) -> tensor<0xf32>
  return
}

// -----

func.func @pad_with_two_values(%x: tensor<4xf32>, %v: tensor<2xf32>) {
  // expected-error @+1 {{expected a value of one element, got 2}}
  %0 = graph.pad %x, %v {low = array<i64: 1>, high = array<i64: 1>, mode = #graph<pad_mode constant>} : (tensor<4xf32>, tensor<2xf32>) -> tensor<6xf32>
  return
}

// -----

func.func @reflection_of_one_element(%x: tensor<1xf32>, %v: tensor<f32>) {
  // expected-error @+1 {{expected at least 2 elements to repeat, got 1}}
  %0 = graph.pad %x, %v {low = array<i64: 1>, high = array<i64: 1>, mode = #graph<pad_mode reflect>} : (tensor<1xf32>, tensor<f32>) -> tensor<3xf32>
  return
}

// -----

func.func @gather_along_no_axis(%x: tensor<4x3xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{expected an axis below the rank 2, got 2}}
  %0 = graph.gather %x, %i {axis = 2 : i64} : (tensor<4x3xf32>, tensor<2xi64>) -> tensor<4x2xf32>
  return
}

// -----

func.func @gather_elements_of_another_rank(%x: tensor<4x3xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{expected indices of rank 2, got 1}}
  %0 = graph.gather_elements %x, %i {axis = 0 : i64} : (tensor<4x3xf32>, tensor<2xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @gather_elements_beyond(%x: tensor<4x3xf32>, %i: tensor<2x5xi64>) {
  // expected-error @+1 {{expected indices of at most 3 in dimension 1, got 5}}
  %0 = graph.gather_elements %x, %i {axis = 0 : i64} : (tensor<4x3xf32>, tensor<2x5xi64>) -> tensor<2x5xf32>
  return
}

// -----

func.func @gather_nd_of_a_scalar(%x: tensor<f32>, %i: tensor<1xi64>) {
  // expected-error @+1 {{expected input and indices of rank at least 1, got 0 and 1}}
  %0 = graph.gather_nd %x, %i : (tensor<f32>, tensor<1xi64>) -> tensor<f32>
  return
}

// -----

func.func @gather_nd_with_too_many_batch_dims(%x: tensor<4x3xf32>, %i: tensor<4x1xi64>) {
  // expected-error @+1 {{expected batch_dims below 2, got 2}}
  %0 = graph.gather_nd %x, %i {batch_dims = 2 : i64} : (tensor<4x3xf32>, tensor<4x1xi64>) -> tensor<4xf32>
  return
}

// -----

func.func @gather_nd_with_long_tuples(%x: tensor<4x3xf32>, %i: tensor<2x3xi64>) {
  // expected-error @+1 {{expected index tuples of 1 to 2 entries, got 3}}
  %0 = graph.gather_nd %x, %i : (tensor<4x3xf32>, tensor<2x3xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @gather_nd_with_other_batches(%x: tensor<4x3xf32>, %i: tensor<5x1xi64>) {
  // expected-error @+1 {{expected equal batch dimensions, got 4x3 and 5x1}}
  %0 = graph.gather_nd %x, %i {batch_dims = 1 : i64} : (tensor<4x3xf32>, tensor<5x1xi64>) -> tensor<5xf32>
  return
}

// -----

func.func @trilu_of_a_vector(%x: tensor<4xf32>) {
  // expected-error @+1 {{expected an input of rank at least 2, got 1}}
  %0 = graph.trilu %x {upper = true, diagonal = 0 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @resize_with_too_few_scales(%x: tensor<4x4xf32>) {
  // expected-error @+1 {{expected a result and scales of rank 2, got 2 and 1}}
  %0 = graph.resize %x {scales = array<f64: 2.0>, mode = #graph<resize_mode nearest>, coordinates = #graph<coordinate_mode asymmetric>, nearest = #graph<nearest_mode floor>} : (tensor<4x4xf32>) -> tensor<8x8xf32>
  return
}

// -----

func.func @resize_by_nothing(%x: tensor<4xf32>) {
  // expected-error @+1 {{expected scales above 0, got 0}}
  %0 = graph.resize %x {scales = array<f64: 0.0>, mode = #graph<resize_mode nearest>, coordinates = #graph<coordinate_mode asymmetric>, nearest = #graph<nearest_mode floor>} : (tensor<4xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @resize_of_nothing(%x: tensor<0xf32>) {
  // expected-error @+1 {{expected at least one element to resize, got shape 0}}
  %0 = graph.resize %x {scales = array<f64: 2.0>, mode = #graph<resize_mode nearest>, coordinates = #graph<coordinate_mode asymmetric>, nearest = #graph<nearest_mode floor>} : (tensor<0xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @crop_without_a_region(%x: tensor<4xf32>) {
  // expected-error @+1 {{expected 2 roi entries, got 0}}
  %0 = graph.resize %x {scales = array<f64: 2.0>, mode = #graph<resize_mode nearest>, coordinates = #graph<coordinate_mode tf_crop_and_resize>, nearest = #graph<nearest_mode floor>} : (tensor<4xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @concat_of_nothing() {
  // expected-error @+1 {{expected at least one input, got none}}
  %0 = graph.concat {axis = 0 : i64} : () -> tensor<0xf32>
  return
}

// -----

func.func @concat_of_other_rows(%x: tensor<2x3xf32>, %y: tensor<2x4xf32>) {
  // expected-error @+1 {{expected inputs that differ in dimension 0 only, got 2x3 and 2x4}}
  %0 = graph.concat %x, %y {axis = 0 : i64} : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @range_from_a_vector(%x: tensor<2xf32>, %y: tensor<f32>) {
  // expected-error @+1 {{expected a start and delta of one element and a result of rank 1, got 2, scalar and 4}}
  %0 = graph.range %x, %y : (tensor<2xf32>, tensor<f32>) -> tensor<4xf32>
  return
}

// -----

func.func @product_of_vectors(%x: tensor<3xf32>, %y: tensor<3xf32>) {
  // expected-error @+1 {{expected operands of rank at least 2, got 3 and 3}}
  %0 = graph.matmul %x, %y : (tensor<3xf32>, tensor<3xf32>) -> tensor<f32>
  return
}

// -----

func.func @product_of_other_inner_sizes(%x: tensor<2x3xf32>, %y: tensor<4x5xf32>) {
  // expected-error @+1 {{expected equal inner sizes, got 2x3 and 4x5}}
  %0 = graph.matmul %x, %y : (tensor<2x3xf32>, tensor<4x5xf32>) -> tensor<2x5xf32>
  return
}

// -----

func.func @conv_without_positions(%x: tensor<1x3xf32>, %f: tensor<4x3xf32>) {
  // expected-error @+1 {{expected input and filter of one rank of at least 3, got 1x3 and 4x3}}
  %0 = graph.conv %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x3xf32>, tensor<4x3xf32>) -> tensor<1x4xf32>
  return
}

// -----

func.func @conv_with_one_stride(%x: tensor<1x3x8x8xf32>, %f: tensor<4x3x3x3xf32>) {
  // expected-error @+1 {{expected 2 strides, got 1}}
  %0 = graph.conv %x, %f {strides = array<i64: 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @conv_with_no_step(%x: tensor<1x3x8x8xf32>, %f: tensor<4x3x3x3xf32>) {
  // expected-error @+1 {{expected kernel sizes, strides and dilations of 1 to 2^31, got 0}}
  %0 = graph.conv %x, %f {strides = array<i64: 0, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @conv_with_huge_pads(%x: tensor<1x3x8x8xf32>, %f: tensor<4x3x3x3xf32>) {
  // expected-error @+1 {{expected pads of at most 2^31, got 4294967296}}
  %0 = graph.conv %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 4294967296, 0>, pads_high = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @conv_in_groups_that_do_not_divide(%x: tensor<1x3x8x8xf32>, %f: tensor<4x1x3x3xf32>) {
  // expected-error @+1 {{expected a group count that divides 4 output channels, got 3}}
  %0 = graph.conv %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, group = 3 : i64} : (tensor<1x3x8x8xf32>, tensor<4x1x3x3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @conv_of_other_channels(%x: tensor<1x3x8x8xf32>, %f: tensor<4x2x3x3xf32>) {
  // expected-error @+1 {{expected 3 input channels in 1 groups, got filter 4x2x3x3}}
  %0 = graph.conv %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x3x8x8xf32>, tensor<4x2x3x3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @conv_with_a_large_kernel(%x: tensor<1x3x8x8xf32>, %f: tensor<4x3x9x3xf32>) {
  // expected-error @+1 {{expected a kernel that fits into the padded input, got size 9 for input size 8}}
  %0 = graph.conv %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x3x8x8xf32>, tensor<4x3x9x3xf32>) -> tensor<1x4x1x6xf32>
  return
}

// -----

func.func @conv_transpose_to_another_rank(%x: tensor<1x3x8x8xf32>, %f: tensor<3x4x3x3xf32>) {
  // expected-error @+1 {{expected input, filter and result of one rank of at least 3, got 1x3x8x8, 3x4x3x3 and 1x4x10}}
  %0 = graph.conv_transpose %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x3x8x8xf32>, tensor<3x4x3x3xf32>) -> tensor<1x4x10xf32>
  return
}

// -----

func.func @conv_transpose_of_other_channels(%x: tensor<1x3x8x8xf32>, %f: tensor<2x4x3x3xf32>) {
  // expected-error @+1 {{expected 3 input channels in 1 groups, got filter 2x4x3x3}}
  %0 = graph.conv_transpose %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x3x8x8xf32>, tensor<2x4x3x3xf32>) -> tensor<1x4x10x10xf32>
  return
}

// -----

func.func @conv_transpose_to_other_channels(%x: tensor<1x3x8x8xf32>, %f: tensor<3x4x3x3xf32>) {
  // expected-error @+1 {{expected batch 1 and 4 channels times 1, got 1x5x10x10}}
  %0 = graph.conv_transpose %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x3x8x8xf32>, tensor<3x4x3x3xf32>) -> tensor<1x5x10x10xf32>
  return
}

// -----

func.func @pool_without_positions(%x: tensor<1x3xf32>) {
  // expected-error @+1 {{expected input and result of one rank of at least 3, got 1x3 and 1x3}}
  %0 = graph.max_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<1x3xf32>) -> tensor<1x3xf32>
  return
}

// -----

func.func @pool_to_other_channels(%x: tensor<1x3x8x8xf32>) {
  // expected-error @+1 {{expected the input's batch and channels, got 1x3x8x8 to 1x4x4x4}}
  %0 = graph.max_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<1x3x8x8xf32>) -> tensor<1x4x4x4xf32>
  return
}

// -----

func.func @pool_beyond_the_input(%x: tensor<1x3x8x8xf32>) {
  // expected-error @+1 {{expected windows that begin inside of the padded input, got 5 for input size 8}}
  %0 = graph.max_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<1x3x8x8xf32>) -> tensor<1x3x5x4xf32>
  return
}

// -----

func.func @reduction_of_an_axis_twice(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{expected each axis once, got 1 twice}}
  %0 = graph.reduce sum, %x {axes = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @unknown_sizes_without_names(%x: tensor<?xf32>) {
  // expected-error @+1 {{expected the sizes of a tensor with unknown ones as its encoding, got 'tensor<?xf32>'}}
  %0 = graph.abs %x : tensor<?xf32>
  return
}

// -----

func.func @sizes_of_another_rank(%x: tensor<?xf32, affine_map<()[s0] -> (s0, 1)>>) {
  // expected-error @+1 {{expected an encoding with one size a dimension and no dims, got 'tensor<?xf32, affine_map<()[s0] -> (s0, 1)>>'}}
  %0 = graph.abs %x : tensor<?xf32, affine_map<()[s0] -> (s0, 1)>>
  return
}

// -----

func.func @sizes_with_a_symbol_too_many(%x: tensor<?xf32, affine_map<()[s0, s1] -> (s0)>>) {
  // expected-error @+1 {{expected sizes in normal form, 'tensor<?xf32, affine_map<()[s0] -> (s0)>>', got}}
  %0 = graph.abs %x : tensor<?xf32, affine_map<()[s0, s1] -> (s0)>>
  return
}

// -----

func.func @sizes_for_too_many_elements() {
  // expected-error @+1 {{expected a size for each of 2 elements and no dims, got affine_map<()[s0] -> (s0)>}}
  %0 = graph.sizes {values = affine_map<()[s0] -> (s0)>} : tensor<2xi64>
  return
}

// -----

func.func @sizes_as_data_with_a_symbol_too_many() {
  // expected-error @+1 {{expected sizes in normal form, affine_map<()[s0] -> (s0)>, got affine_map<()[s0, s1] -> (s0)>}}
  %0 = graph.sizes {values = affine_map<()[s0, s1] -> (s0)>} : tensor<1xi64>
  return
}

// -----

func.func @sizes_as_floats() {
  // expected-error @+1 {{expected a result of integers, got 'f32'}}
  %0 = graph.sizes {values = affine_map<()[s0] -> (s0)>} : tensor<1xf32>
  return
}

// -----

func.func @symbolic_result_of_another_size(%x: tensor<?x3xf32, affine_map<()[s0] -> (s0, 3)>>) {
  // expected-error @+1 {{expected a result of shape s0x3, got (s0+1)x3}}
  %0 = graph.transpose %x {perm = array<i64: 0, 1>} : (tensor<?x3xf32, affine_map<()[s0] -> (s0, 3)>>) -> tensor<?x3xf32, affine_map<()[s0] -> (s0 + 1, 3)>>
  return
}

// -----

func.func @symbolic_reshape_that_loses_elements(%x: tensor<?x4xf32, affine_map<()[s0] -> (s0, 4)>>) {
  // expected-error @+1 {{expected as many elements as the input has, got s0x4 to s0x3}}
  %0 = graph.reshape %x : (tensor<?x4xf32, affine_map<()[s0] -> (s0, 4)>>) -> tensor<?x3xf32, affine_map<()[s0] -> (s0, 3)>>
  return
}

// -----

func.func @convolution_by_a_filter_of_unknown_size(%x: tensor<1x3x8xf32>, %f: tensor<?x3x1xf32, affine_map<()[s0] -> (s0, 3, 1)>>) {
  // expected-error @+1 {{expected a filter of known size, got s0x3x1}}
  %0 = graph.conv %x, %f {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>} : (tensor<1x3x8xf32>, tensor<?x3x1xf32, affine_map<()[s0] -> (s0, 3, 1)>>) -> tensor<?x3x1xf32, affine_map<()[s0] -> (s0, 3, 1)>>
  return
}

// -----

func.func @transposed_convolution_by_a_filter_of_unknown_size(%x: tensor<1x3x8xf32>, %f: tensor<3x?x1xf32, affine_map<()[s0] -> (3, s0, 1)>>) {
  // expected-error @+1 {{expected a filter of known size, got 3xs0x1}}
  %0 = graph.conv_transpose %x, %f {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>} : (tensor<1x3x8xf32>, tensor<3x?x1xf32, affine_map<()[s0] -> (3, s0, 1)>>) -> tensor<1x?x8xf32, affine_map<()[s0] -> (1, s0, 8)>>
  return
}

// -----

func.func @tuples_of_unknown_length(%x: tensor<2x3xf32>, %i: tensor<4x?xi64, affine_map<()[s0] -> (4, s0)>>) {
  // expected-error @+1 {{expected index tuples of a known length, got s0}}
  %0 = graph.gather_nd %x, %i : (tensor<2x3xf32>, tensor<4x?xi64, affine_map<()[s0] -> (4, s0)>>) -> tensor<4xf32>
  return
}

// -----

func.func @choice_by_two_conditions(%c: tensor<2xi1>, %x: tensor<2x3xf32>) {
  // expected-error @+1 {{expected a condition of one boolean, got 'tensor<2xi1>'}}
  %0 = graph.choose %c, %x, %x : (tensor<2xi1>) -> tensor<2x3xf32>
  return
}

// -----

func.func @choice_that_requires_something_else(%c: tensor<i1>, %x: tensor<2x3xf32>) {
  // expected-error @+1 {{expected each entry of then_require to be ["equal"|"at_most"|"never", map, "node", "text"]}}
  %0 = graph.choose %c, %x, %x {then_require = [["sometimes", affine_map<() -> (1, 2)>, "node", "text"]]} : (tensor<i1>) -> tensor<2x3xf32>
  return
}
