// The fuse phase changes no value: each function gives the same results before and after its passes.
// RUN: tegula-opt %s --tegula-form-kernels --tegula-peel-borders --tegula-collapse-dims --tegula-deduplicate-kernels | tegula-equiv %s -

func.func @chain_after_product(%x: tensor<2x5x4xf32>, %w: tensor<4x8xf32>, %b: tensor<8xf32>, %r: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %0 = graph.matmul %x, %w : (tensor<2x5x4xf32>, tensor<4x8xf32>) -> tensor<2x5x8xf32>
  %1 = graph.add %0, %b : (tensor<2x5x8xf32>, tensor<8xf32>) -> tensor<2x5x8xf32>
  %2 = graph.sigmoid %1 : tensor<2x5x8xf32>
  %3 = graph.mul %1, %2 : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %4 = graph.add %3, %r : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  return %4 : tensor<2x5x8xf32>
}

func.func @movement_read_through(%x: tensor<4x3xf32>, %y: tensor<6x4xf32>, %z: tensor<1x4xf32>) -> tensor<4x3xf32> {
  %0 = graph.transpose %x {perm = array<i64: 1, 0>} : (tensor<4x3xf32>) -> tensor<3x4xf32>
  %1 = graph.slice %y {starts = array<i64: 1, 0>, steps = array<i64: 2, 1>} : (tensor<6x4xf32>) -> tensor<3x4xf32>
  %2 = graph.add %0, %1 : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  %3 = graph.expand %z : (tensor<1x4xf32>) -> tensor<3x4xf32>
  %4 = graph.mul %2, %3 : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  %5 = graph.transpose %4 {perm = array<i64: 1, 0>} : (tensor<3x4xf32>) -> tensor<4x3xf32>
  return %5 : tensor<4x3xf32>
}

func.func @windows(%x: tensor<1x8x8x4xf32>, %w: tensor<3x3x4x4xf32>, %d: tensor<3x3x1x4xf32>, %g: tensor<3x3x2x6xf32>)
    -> (tensor<1x8x8x4xf32>, tensor<1x4x4x6xf32>, tensor<1x4x4x4xf32>) {
  %0 = graph.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>,
                          layout = #graph<layout channels_last>} : (tensor<1x8x8x4xf32>, tensor<3x3x4x4xf32>) -> tensor<1x8x8x4xf32>
  %1 = graph.relu %0 : tensor<1x8x8x4xf32>
  %2 = graph.conv %1, %d {group = 4, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>,
                          pads_high = array<i64: 1, 1>, layout = #graph<layout channels_last>}
      : (tensor<1x8x8x4xf32>, tensor<3x3x1x4xf32>) -> tensor<1x8x8x4xf32>
  %3 = graph.add %2, %x : (tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  %4 = graph.conv %3, %g {group = 2, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>,
                          pads_high = array<i64: 1, 1>, layout = #graph<layout channels_last>}
      : (tensor<1x8x8x4xf32>, tensor<3x3x2x6xf32>) -> tensor<1x4x4x6xf32>
  %5 = graph.average_pool %3 {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>,
                              pads_high = array<i64: 1, 1>, layout = #graph<layout channels_last>}
      : (tensor<1x8x8x4xf32>) -> tensor<1x4x4x4xf32>
  return %3, %4, %5 : tensor<1x8x8x4xf32>, tensor<1x4x4x6xf32>, tensor<1x4x4x4xf32>
}

func.func @rows(%q: tensor<2x3x6x8xf32>, %k: tensor<2x3x8x6xf32>, %mask: tensor<2x1x1x6xf32>, %s: tensor<8xf32>)
    -> (tensor<2x3x6x6xf32>, tensor<2x3x6x8xf32>) {
  %0 = graph.matmul %q, %k : (tensor<2x3x6x8xf32>, tensor<2x3x8x6xf32>) -> tensor<2x3x6x6xf32>
  %1 = graph.add %0, %mask : (tensor<2x3x6x6xf32>, tensor<2x1x1x6xf32>) -> tensor<2x3x6x6xf32>
  %2 = graph.softmax %1 {axis = 3} : tensor<2x3x6x6xf32>
  %3 = graph.neg %q : tensor<2x3x6x8xf32>
  %4 = graph.layer_norm %3, %s, %s {axis = 3, epsilon = 1.0e-5} : (tensor<2x3x6x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<2x3x6x8xf32>
  return %2, %4 : tensor<2x3x6x6xf32>, tensor<2x3x6x8xf32>
}

func.func @concatenations(%x: tensor<2x3x8xf32>, %y: tensor<2x3x4xf32>, %z: tensor<2x5x8xf32>) -> (tensor<2x3x12xf32>, tensor<2x8x8xf32>) {
  %0 = graph.concat %x, %y {axis = 2} : (tensor<2x3x8xf32>, tensor<2x3x4xf32>) -> tensor<2x3x12xf32>
  %1 = graph.concat %x, %z {axis = 1} : (tensor<2x3x8xf32>, tensor<2x5x8xf32>) -> tensor<2x8x8xf32>
  return %0, %1 : tensor<2x3x12xf32>, tensor<2x8x8xf32>
}
