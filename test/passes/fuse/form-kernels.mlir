// RUN: tegula-opt %s --split-input-file --tegula-form-kernels | FileCheck %s
// RUN: tegula-opt %s --split-input-file --tegula-form-kernels=fuse=false | FileCheck %s --check-prefix=ALONE
// RUN: tegula-opt %s --split-input-file --tegula-form-kernels | tegula-equiv %s - --dim "batch*2=6" --dim batch=3 --dim h=3 --dim "(h+1)/2=2" --dim "(h+3)/4*2=2"
// Who does not listen to remarks hears nothing.
// RUN: tegula-opt %s --split-input-file --tegula-form-kernels -o %t 2>&1 | count 0

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

// -----

// Each unknown size is one argument of a kernel, however many tensors have it; what it is stands at the launch.
// CHECK-LABEL: func.func @sizes_become_arguments
// CHECK-SAME: %arg0: tensor<?x?xf32> {tegula.dims = #[[$XY:map[0-9]*]]}, %arg1: tensor<?xf32> {tegula.dims = #[[$Y:map[0-9]*]]})
// CHECK-SAME: -> (tensor<?x?xf32> {tegula.dims = #[[$XY]]})
// CHECK: %[[S0:.*]] = tile.size #{{.*}}
// CHECK: %[[S1:.*]] = tile.size #[[$Y]]
// CHECK: tile.launch @exp_0(%arg0, %arg1) sizes(%[[S0]], %[[S1]]) : (tensor<?x?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
// CHECK-LABEL: tile.kernel @exp_0(%arg0: tensor<?x?xf32>, %arg1: tensor<?xf32>, %arg2: index, %arg3: index)
// CHECK-SAME: dims {{.}}[0, 1], [1], [0, 1]]
// CHECK: tensor.empty(%arg2, %arg3) : tensor<?x?xf32>
#xy = affine_map<()[s0, s1] -> (s0, s1)>
#y = affine_map<()[s0, s1] -> (s1)>
func.func @sizes_become_arguments(%x: tensor<?x?xf32, #xy>, %b: tensor<?xf32, #y>) -> tensor<?x?xf32, #xy>
    attributes {tegula.symbols = ["batch", "seq"]} {
  %0 = graph.add %x, %b : (tensor<?x?xf32, #xy>, tensor<?xf32, #y>) -> tensor<?x?xf32, #xy>
  %1 = graph.exp %0 : tensor<?x?xf32, #xy>
  return %1 : tensor<?x?xf32, #xy>
}

// -----

// Values of one shape share a kernel, values of another do not; a reshape is a view whose sizes are computed.
// CHECK-LABEL: func.func @shapes_are_compared_as_expressions
// CHECK: %[[A:.*]] = tile.launch @exp_0(%arg0)
// CHECK: %[[N:.*]] = tile.size #{{.*}}
// CHECK: tile.view %[[A]] sizes(%[[N]]) : tensor<?x2xf32> to tensor<?xf32>
// CHECK: tile.launch @add_1({{.*}}) sizes(%[[N]])
// CHECK-NOT: tile.launch
// CHECK: return
#rows = affine_map<()[s0] -> (s0, 2)>
#flat = affine_map<()[s0] -> (s0 * 2)>
func.func @shapes_are_compared_as_expressions(%x: tensor<?x2xf32, #rows>, %y: tensor<?xf32, #flat>) -> tensor<?xf32, #flat>
    attributes {tegula.symbols = ["batch"]} {
  %0 = graph.exp %x : tensor<?x2xf32, #rows>
  %1 = graph.reshape %0 : (tensor<?x2xf32, #rows>) -> tensor<?xf32, #flat>
  %2 = graph.neg %1 : tensor<?xf32, #flat>
  %3 = graph.add %2, %y : (tensor<?xf32, #flat>, tensor<?xf32, #flat>) -> tensor<?xf32, #flat>
  return %3 : tensor<?xf32, #flat>
}

// -----

// A mean divides by a product of sizes.
// CHECK-LABEL: tile.kernel @reduce_0(%arg0: tensor<4x?x?xf32>, %arg1: index, %arg2: index, %arg3: index) -> tensor<4xf32> dims
// CHECK-SAME: {{.}}[-1, 1, 2], [-1]]
// CHECK: arith.index_cast %arg1 : index to i64
// CHECK: arith.divf
#image = affine_map<()[s0, s1] -> (4, s0, s1)>
func.func @mean_of_unknown_count(%x: tensor<4x?x?xf32, #image>) -> tensor<4xf32> attributes {tegula.symbols = ["h", "w"]} {
  %0 = graph.reduce #graph<reduce_kind mean>, %x {axes = array<i64: 1, 2>} : (tensor<4x?x?xf32, #image>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// Sizes that are data are written by a kernel.
// CHECK-LABEL: func.func @sizes_as_data
// CHECK: tile.launch @sizes_0() sizes(%{{.*}}) : () -> tensor<2xi64>
// CHECK-LABEL: tile.kernel @sizes_0(%arg0: index) -> tensor<2xi64> {
// CHECK: arith.index_cast %arg0 : index to i64
// CHECK: arith.select
func.func @sizes_as_data(%x: tensor<?xf32, affine_map<()[s0] -> (s0)>>) -> tensor<2xi64> attributes {tegula.symbols = ["n"]} {
  %0 = graph.sizes {values = affine_map<()[s0] -> (s0, 3)>} : tensor<2xi64>
  return %0 : tensor<2xi64>
}

// -----

// Sizes that are assumed to be equal are walked by one loop, though they are two arguments.
// CHECK-LABEL: tile.kernel @add_0(%arg0: tensor<?xf32>, %arg1: tensor<?xf32>, %arg2: index, %arg3: index)
// CHECK-SAME: dims {{.}}[0], [1], [0]]
// CHECK: linalg.generic {{.*}} ins(%arg0, %arg1 : tensor<?xf32>, tensor<?xf32>)
#halves = affine_map<()[s0] -> ((s0 + 1) floordiv 2)>
#whole = affine_map<()[s0] -> (s0)>
#quarters = affine_map<()[s0] -> (((s0 + 3) floordiv 4) * 2)>
func.func @assumed_equal_sizes(%x: tensor<?xf32, #halves>, %y: tensor<?xf32, #quarters>, %h: tensor<?xf32, #whole>) -> tensor<?xf32, #halves>
    attributes {tegula.symbols = ["h"]} { // %h tells the size
  %0 = graph.add %x, %y : (tensor<?xf32, #halves>, tensor<?xf32, #quarters>) -> tensor<?xf32, #halves>
  return %0 : tensor<?xf32, #halves>
}
