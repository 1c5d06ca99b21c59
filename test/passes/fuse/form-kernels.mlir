// RUN: tegula-opt %s --split-input-file --tegula-form-kernels | FileCheck %s
// RUN: tegula-opt %s --split-input-file --tegula-form-kernels=fuse=false | FileCheck %s --check-prefix=ALONE

// A chain after a product is one operation on its accumulators; without fusion each operation is a kernel.
// CHECK-LABEL: func.func @chain_follows_matmul
// CHECK: tile.launch @matmul_0(%{{.*}}, %{{.*}}, %{{.*}})
// CHECK-NOT: tile.launch
// CHECK-LABEL: tile.kernel @matmul_0
// CHECK: linalg.fill
// CHECK: linalg.generic {{.*}}"reduction"
// CHECK: linalg.generic
// CHECK: arith.addf
// CHECK: math.exp
// CHECK: arith.mulf
// CHECK-NOT: linalg.generic
// CHECK: tile.yield
// ALONE-LABEL: func.func @chain_follows_matmul
// ALONE: tile.launch @matmul_0
// ALONE: tile.launch @add_1
// ALONE: tile.launch @sigmoid_2
// ALONE: tile.launch @mul_3
func.func @chain_follows_matmul(%x: tensor<5x4xf32>, %w: tensor<4x8xf32>, %b: tensor<8xf32>) -> tensor<5x8xf32> {
  %0 = graph.matmul %x, %w : (tensor<5x4xf32>, tensor<4x8xf32>) -> tensor<5x8xf32>
  %1 = graph.add %0, %b : (tensor<5x8xf32>, tensor<8xf32>) -> tensor<5x8xf32>
  %2 = graph.sigmoid %1 : tensor<5x8xf32>
  %3 = graph.mul %1, %2 : (tensor<5x8xf32>, tensor<5x8xf32>) -> tensor<5x8xf32>
  return %3 : tensor<5x8xf32>
}

// -----

// What two operations outside need is stored once, between them.
// CHECK-LABEL: func.func @shared_value_is_stored
// CHECK: %[[EXP:.*]] = tile.launch @exp_{{.*}}(%arg0)
// CHECK-DAG: tile.launch @neg_{{.*}}(%[[EXP]])
// CHECK-DAG: tile.launch @abs_{{.*}}(%[[EXP]])
func.func @shared_value_is_stored(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %0 = graph.exp %x : tensor<8xf32>
  %1 = graph.neg %0 : tensor<8xf32>
  %2 = graph.abs %0 : tensor<8xf32>
  return %1, %2 : tensor<8xf32>, tensor<8xf32>
}

// -----

// Of two products only one can be the anchor; the other one's result is read.
// CHECK-LABEL: func.func @one_anchor
// CHECK: %[[FIRST:.*]] = tile.launch @matmul_0(%arg0, %arg1)
// CHECK: tile.launch @matmul_1(%{{.*}}, %{{.*}}, %[[FIRST]])
func.func @one_anchor(%x: tensor<4x4xf32>, %y: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = graph.matmul %x, %y : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = graph.matmul %y, %x : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %2 = graph.add %0, %1 : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  return %2 : tensor<4x4xf32>
}

// -----

// Softmax computes its input itself, but leaves to a product what follows that.
// CHECK-LABEL: func.func @prologue
// CHECK: tile.launch @softmax_0(%arg0)
// CHECK: %[[SCALED:.*]] = tile.launch @matmul_1
// CHECK: tile.launch @softmax_2(%[[SCALED]])
// CHECK-LABEL: tile.kernel @softmax_0
// CHECK: math.absf
// CHECK: arith.maximumf
// CHECK-LABEL: tile.kernel @matmul_1
// CHECK: arith.mulf
// CHECK: arith.mulf
func.func @prologue(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %half = graph.constant dense<0.5> : tensor<f32>
  %0 = graph.abs %x : tensor<4x4xf32>
  %1 = graph.softmax %0 {axis = 1} : tensor<4x4xf32>
  %2 = graph.matmul %1, %x : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %3 = graph.mul %2, %half : (tensor<4x4xf32>, tensor<f32>) -> tensor<4x4xf32>
  %4 = graph.softmax %3 {axis = 1} : tensor<4x4xf32>
  return %4 : tensor<4x4xf32>
}

// -----

// Transposes and slices are read through by an expression.
// CHECK-DAG: #[[$TURNED:.*]] = affine_map<(d0, d1) -> (d1, d0)>
// CHECK-DAG: #[[$EVERY_OTHER:.*]] = affine_map<(d0, d1) -> (d0 * 2 + 1, d1)>
// CHECK-LABEL: func.func @movement_is_an_index_map
// CHECK-NEXT: tile.launch @add_0(%arg0, %arg1)
// CHECK: linalg.generic {indexing_maps = [#[[$TURNED]], #[[$EVERY_OTHER]], #{{.*}}]
func.func @movement_is_an_index_map(%x: tensor<4x3xf32>, %y: tensor<6x4xf32>) -> tensor<3x4xf32> {
  %0 = graph.transpose %x {perm = array<i64: 1, 0>} : (tensor<4x3xf32>) -> tensor<3x4xf32>
  %1 = graph.slice %y {starts = array<i64: 1, 0>, steps = array<i64: 2, 1>} : (tensor<6x4xf32>) -> tensor<3x4xf32>
  %2 = graph.add %0, %1 : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return %2 : tensor<3x4xf32>
}

// -----

// Reshapes, and transposes that move nothing, are views; unused operations disappear.
// CHECK-LABEL: func.func @views
// CHECK: %[[VIEW:.*]] = tile.view %arg0 : tensor<1x2x3xf32> to tensor<3x2xf32>
// CHECK-NEXT: return %[[VIEW]]
func.func @views(%x: tensor<1x2x3xf32>) -> tensor<3x2xf32> {
  %0 = graph.transpose %x {perm = array<i64: 1, 0, 2>} : (tensor<1x2x3xf32>) -> tensor<2x1x3xf32>
  %1 = graph.reshape %0 : (tensor<2x1x3xf32>) -> tensor<3x2xf32>
  %2 = graph.neg %1 : tensor<3x2xf32>
  return %1 : tensor<3x2xf32>
}

// -----

// Booleans are stored as bytes, unsigned integers signless; one element of a constant is written down in place.
// CHECK-LABEL: func.func @storage_types(%arg0: tensor<4xi8>, %arg1: tensor<4xi8>) -> tensor<4xi8>
// CHECK: tile.launch @and_0(%arg1, %arg0)
// CHECK: arith.constant 3 : i8
// CHECK: arith.cmpi ult
// CHECK: arith.cmpi ne
// CHECK: arith.extui {{.*}} : i1 to i8
func.func @storage_types(%c: tensor<4xi1>, %x: tensor<4xui8>) -> tensor<4xi1> {
  %three = graph.constant dense<3> : tensor<1xui8>
  %0 = graph.compare lt, %x, %three : (tensor<4xui8>, tensor<1xui8>) -> tensor<4xi1>
  %1 = graph.and %0, %c : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  return %1 : tensor<4xi1>
}

// -----

// Kernels say which of the model's nodes they compute.
// CHECK-LABEL: tile.kernel @exp_0
// CHECK-SAME: tegula.nodes = ["first", "second"]
func.func @node_names(%x: tensor<8xf32>) -> tensor<8xf32> {
  %0 = graph.neg %x : tensor<8xf32> loc("first")
  %1 = graph.exp %0 : tensor<8xf32> loc("second")
  return %1 : tensor<8xf32>
}

// -----

// A window reads through the padding in front of it, unless it multiplies many times what it reads.
// CHECK-LABEL: func.func @padding
// CHECK: tile.launch @max_pool_0(%arg0)
// CHECK: %[[PADDED:.*]] = tile.launch @pad_1(%arg0)
// CHECK: tile.launch @conv_2(%[[PADDED]], %arg1)
// CHECK-LABEL: tile.kernel @max_pool_0
// CHECK: tensor.extract %arg0
// CHECK: arith.select
// CHECK: arith.maximumf
func.func @padding(%x: tensor<1x8x8x4xf32>, %w: tensor<3x3x4x4xf32>) -> (tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>) {
  %low = graph.constant dense<0xFF800000> : tensor<f32>
  %zero = graph.constant dense<0.0> : tensor<f32>
  %0 = graph.pad %x, %low {low = array<i64: 0, 1, 1, 0>, high = array<i64: 0, 1, 1, 0>, mode = #graph<pad_mode constant>}
      : (tensor<1x8x8x4xf32>, tensor<f32>) -> tensor<1x10x10x4xf32>
  %1 = graph.max_pool %0 {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>,
                          pads_high = array<i64: 0, 0>, layout = #graph<layout channels_last>}
      : (tensor<1x10x10x4xf32>) -> tensor<1x8x8x4xf32>
  %2 = graph.pad %x, %zero {low = array<i64: 0, 1, 1, 0>, high = array<i64: 0, 1, 1, 0>, mode = #graph<pad_mode constant>}
      : (tensor<1x8x8x4xf32>, tensor<f32>) -> tensor<1x10x10x4xf32>
  %3 = graph.conv %2, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>,
                          layout = #graph<layout channels_last>}
      : (tensor<1x10x10x4xf32>, tensor<3x3x4x4xf32>) -> tensor<1x8x8x4xf32>
  return %1, %3 : tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>
}
