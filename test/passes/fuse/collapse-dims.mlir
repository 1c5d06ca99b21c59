// RUN: tegula-opt %s --split-input-file --tegula-form-kernels --tegula-collapse-dims | FileCheck %s
// RUN: tegula-opt %s --split-input-file --tegula-form-kernels --tegula-collapse-dims | tegula-equiv %s -

// CHECK-LABEL: func.func @elementwise_is_one_loop
// CHECK: tile.view %arg0 : tensor<2x3x4xf32> to tensor<24xf32>
// CHECK: tile.launch @exp_0({{.*}}) : (tensor<24xf32>) -> tensor<24xf32>
// CHECK: tile.view {{.*}} : tensor<24xf32> to tensor<2x3x4xf32>
func.func @elementwise_is_one_loop(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %0 = graph.exp %x : tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// -----

// A broadcast operand keeps apart what it does not have from what it has; dimensions of size one disappear.
// CHECK-LABEL: func.func @broadcast_separates
// CHECK: tile.launch @add_0({{.*}}) : (tensor<6x20xf32>, tensor<20xf32>) -> tensor<6x20xf32>
func.func @broadcast_separates(%x: tensor<2x3x4x5xf32>, %b: tensor<1x4x5xf32>) -> tensor<2x3x4x5xf32> {
  %0 = graph.add %x, %b : (tensor<2x3x4x5xf32>, tensor<1x4x5xf32>) -> tensor<2x3x4x5xf32>
  return %0 : tensor<2x3x4x5xf32>
}

// -----

// Leading dimensions of a product become its rows, and so they do in what follows it.
// CHECK-LABEL: func.func @product_with_shared_weights
// CHECK: tile.launch @matmul_0({{.*}}) : (tensor<10x4xf32>, tensor<4x8xf32>, tensor<10x8xf32>) -> tensor<10x8xf32>
func.func @product_with_shared_weights(%x: tensor<2x5x4xf32>, %w: tensor<4x8xf32>, %r: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %0 = graph.matmul %x, %w : (tensor<2x5x4xf32>, tensor<4x8xf32>) -> tensor<2x5x8xf32>
  %1 = graph.add %0, %r : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  return %1 : tensor<2x5x8xf32>
}

// -----

// CHECK-LABEL: func.func @pointwise_convolution_is_a_product
// CHECK: tile.launch @conv_0({{.*}}) : (tensor<64x4xf32>, tensor<4x6xf32>) -> tensor<64x6xf32>
func.func @pointwise_convolution_is_a_product(%x: tensor<1x8x8x4xf32>, %w: tensor<1x1x4x6xf32>) -> tensor<1x8x8x6xf32> {
  %0 = graph.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>,
                          pads_high = array<i64: 0, 0>, layout = #graph<layout channels_last>}
      : (tensor<1x8x8x4xf32>, tensor<1x1x4x6xf32>) -> tensor<1x8x8x6xf32>
  return %0 : tensor<1x8x8x6xf32>
}

// -----

// Windows overlap: their dimensions stay.
// CHECK-LABEL: func.func @windows_stay
// CHECK: tile.launch @conv_0({{.*}}) : (tensor<8x8x4xf32>, tensor<3x3x4x6xf32>) -> tensor<6x6x6xf32>
func.func @windows_stay(%x: tensor<1x8x8x4xf32>, %w: tensor<3x3x4x6xf32>) -> tensor<1x6x6x6xf32> {
  %0 = graph.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>,
                          pads_high = array<i64: 0, 0>, layout = #graph<layout channels_last>}
      : (tensor<1x8x8x4xf32>, tensor<3x3x4x6xf32>) -> tensor<1x6x6x6xf32>
  return %0 : tensor<1x6x6x6xf32>
}

// -----

// CHECK-LABEL: func.func @rows_of_softmax
// CHECK: tile.launch @softmax_0({{.*}}) : (tensor<24x5xf32>) -> tensor<24x5xf32>
func.func @rows_of_softmax(%x: tensor<2x3x4x5xf32>) -> tensor<2x3x4x5xf32> {
  %0 = graph.softmax %x {axis = 3} : tensor<2x3x4x5xf32>
  return %0 : tensor<2x3x4x5xf32>
}

// -----

// One image has no dimension for images, whatever the operands that follow say about it.
// CHECK-LABEL: func.func @one_image
// CHECK: tile.launch @conv_0({{.*}}) : (tensor<64x4xf32>, tensor<4x6xf32>, tensor<6xf32>) -> tensor<64x6xf32>
func.func @one_image(%x: tensor<1x8x8x4xf32>, %w: tensor<1x1x4x6xf32>, %b: tensor<1x1x1x6xf32>) -> tensor<1x8x8x6xf32> {
  %0 = graph.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>,
                          pads_high = array<i64: 0, 0>, layout = #graph<layout channels_last>}
      : (tensor<1x8x8x4xf32>, tensor<1x1x4x6xf32>) -> tensor<1x8x8x6xf32>
  %1 = graph.add %0, %b : (tensor<1x8x8x6xf32>, tensor<1x1x1x6xf32>) -> tensor<1x8x8x6xf32>
  return %1 : tensor<1x8x8x6xf32>
}

// -----

// A product of sizes is a size of its own, computed at the launch; sizes that no dimension has any more go.
// CHECK-LABEL: func.func @product_of_sizes
// CHECK: %[[V:.*]] = tile.view %arg0 sizes(%[[N:.*]]) : tensor<?x?x4xf32> to tensor<?xf32>
// CHECK: %[[Y:.*]] = tile.launch @exp_0(%[[V]]) sizes(%[[N]]) : (tensor<?xf32>) -> tensor<?xf32>
// CHECK: tile.view %[[Y]] sizes(%{{.*}}, %{{.*}}) : tensor<?xf32> to tensor<?x?x4xf32>
// CHECK: tile.kernel @exp_0(%arg0: tensor<?xf32>, %arg1: index) -> tensor<?xf32> dims {{.}}[0], [0]]
// CHECK: tensor.empty(%arg1) : tensor<?xf32>
#map = affine_map<()[s0, s1] -> (s0, s1, 4)>
func.func @product_of_sizes(%x: tensor<?x?x4xf32, #map>) -> tensor<?x?x4xf32, #map> attributes {tegula.symbols = ["a", "b"]} {
  %0 = graph.exp %x : tensor<?x?x4xf32, #map>
  return %0 : tensor<?x?x4xf32, #map>
}

// -----

// CHECK-LABEL: func.func @product_with_symbolic_rows
// CHECK: tile.launch @matmul_0({{.*}}) sizes(%{{[0-9]+}}) : (tensor<?x4xf32>, tensor<4x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
#in = affine_map<()[s0, s1] -> (s0, s1, 4)>
#out = affine_map<()[s0, s1] -> (s0, s1, 8)>
func.func @product_with_symbolic_rows(%x: tensor<?x?x4xf32, #in>, %w: tensor<4x8xf32>, %b: tensor<8xf32>) -> tensor<?x?x8xf32, #out>
    attributes {tegula.symbols = ["batch", "seq"]} {
  %0 = graph.matmul %x, %w : (tensor<?x?x4xf32, #in>, tensor<4x8xf32>) -> tensor<?x?x8xf32, #out>
  %1 = graph.add %0, %b : (tensor<?x?x8xf32, #out>, tensor<8xf32>) -> tensor<?x?x8xf32, #out>
  return %1 : tensor<?x?x8xf32, #out>
}

// -----

// CHECK-LABEL: func.func @symbolic_rows_of_softmax
// CHECK: tile.launch @softmax_0({{.*}}) sizes(%{{[0-9]+}}, %{{[0-9]+}}) : (tensor<?x?xf32>) -> tensor<?x?xf32>
#scores = affine_map<()[s0, s1] -> (s0, 12, s1, s1)>
func.func @symbolic_rows_of_softmax(%x: tensor<?x12x?x?xf32, #scores>) -> tensor<?x12x?x?xf32, #scores> attributes {tegula.symbols = ["batch", "seq"]} {
  %0 = graph.softmax %x {axis = 3} : tensor<?x12x?x?xf32, #scores>
  return %0 : tensor<?x12x?x?xf32, #scores>
}
