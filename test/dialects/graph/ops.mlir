// Every operation of the graph dialect, printed and read back.
// RUN: tegula-opt %s | tegula-opt | FileCheck %s
// RUN: tegula-opt %s --mlir-print-op-generic | tegula-opt | FileCheck %s

// CHECK-DAG: #[[$ROWS:.*]] = affine_map<()[s0] -> (s0, 3)>
// CHECK-DAG: #[[$HALVES:.*]] = affine_map<()[s0, s1] -> (1, 2, (s1 + 1) floordiv 2)>

// CHECK-LABEL: func.func @constants
func.func @constants() {
  // CHECK: graph.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
  %0 = graph.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
  // CHECK: graph.constant dense<true> : tensor<2xi1>
  %1 = graph.constant dense<true> : tensor<2xi1>
  // CHECK: graph.constant dense<3> : tensor<4xui8>
  %2 = graph.constant dense<3> : tensor<4xui8>
  return
}

// CHECK-LABEL: func.func @one_operand
func.func @one_operand(%x: tensor<2x3xf32>, %b: tensor<3xi1>) {
  // CHECK: graph.abs %{{.*}} : tensor<2x3xf32>
  %0 = graph.abs %x : tensor<2x3xf32>
  // CHECK: graph.neg %{{.*}} : tensor<2x3xf32>
  %1 = graph.neg %x : tensor<2x3xf32>
  // CHECK: graph.exp %{{.*}} : tensor<2x3xf32>
  %2 = graph.exp %x : tensor<2x3xf32>
  // CHECK: graph.log %{{.*}} : tensor<2x3xf32>
  %3 = graph.log %x : tensor<2x3xf32>
  // CHECK: graph.sqrt %{{.*}} : tensor<2x3xf32>
  %4 = graph.sqrt %x : tensor<2x3xf32>
  // CHECK: graph.reciprocal %{{.*}} : tensor<2x3xf32>
  %5 = graph.reciprocal %x : tensor<2x3xf32>
  // CHECK: graph.floor %{{.*}} : tensor<2x3xf32>
  %6 = graph.floor %x : tensor<2x3xf32>
  // CHECK: graph.ceil %{{.*}} : tensor<2x3xf32>
  %7 = graph.ceil %x : tensor<2x3xf32>
  // CHECK: graph.round %{{.*}} : tensor<2x3xf32>
  %8 = graph.round %x : tensor<2x3xf32>
  // CHECK: graph.sign %{{.*}} : tensor<2x3xf32>
  %9 = graph.sign %x : tensor<2x3xf32>
  // CHECK: graph.erf %{{.*}} : tensor<2x3xf32>
  %10 = graph.erf %x : tensor<2x3xf32>
  // CHECK: graph.sin %{{.*}} : tensor<2x3xf32>
  %11 = graph.sin %x : tensor<2x3xf32>
  // CHECK: graph.cos %{{.*}} : tensor<2x3xf32>
  %12 = graph.cos %x : tensor<2x3xf32>
  // CHECK: graph.tan %{{.*}} : tensor<2x3xf32>
  %13 = graph.tan %x : tensor<2x3xf32>
  // CHECK: graph.asin %{{.*}} : tensor<2x3xf32>
  %14 = graph.asin %x : tensor<2x3xf32>
  // CHECK: graph.acos %{{.*}} : tensor<2x3xf32>
  %15 = graph.acos %x : tensor<2x3xf32>
  // CHECK: graph.atan %{{.*}} : tensor<2x3xf32>
  %16 = graph.atan %x : tensor<2x3xf32>
  // CHECK: graph.sinh %{{.*}} : tensor<2x3xf32>
  %17 = graph.sinh %x : tensor<2x3xf32>
  // CHECK: graph.cosh %{{.*}} : tensor<2x3xf32>
  %18 = graph.cosh %x : tensor<2x3xf32>
  // CHECK: graph.asinh %{{.*}} : tensor<2x3xf32>
  %19 = graph.asinh %x : tensor<2x3xf32>
  // CHECK: graph.acosh %{{.*}} : tensor<2x3xf32>
  %20 = graph.acosh %x : tensor<2x3xf32>
  // CHECK: graph.atanh %{{.*}} : tensor<2x3xf32>
  %21 = graph.atanh %x : tensor<2x3xf32>
  // CHECK: graph.tanh %{{.*}} : tensor<2x3xf32>
  %22 = graph.tanh %x : tensor<2x3xf32>
  // CHECK: graph.sigmoid %{{.*}} : tensor<2x3xf32>
  %23 = graph.sigmoid %x : tensor<2x3xf32>
  // CHECK: graph.relu %{{.*}} : tensor<2x3xf32>
  %24 = graph.relu %x : tensor<2x3xf32>
  // CHECK: graph.not %{{.*}} : tensor<3xi1>
  %25 = graph.not %b : tensor<3xi1>
  return
}

// CHECK-LABEL: func.func @tests_and_casts
func.func @tests_and_casts(%x: tensor<2x3xbf16>) {
  // CHECK: graph.is_nan %{{.*}} : (tensor<2x3xbf16>) -> tensor<2x3xi1>
  %0 = graph.is_nan %x : (tensor<2x3xbf16>) -> tensor<2x3xi1>
  // CHECK: graph.is_inf %{{.*}} {positive = false} : (tensor<2x3xbf16>) -> tensor<2x3xi1>
  %1 = graph.is_inf %x {positive = false} : (tensor<2x3xbf16>) -> tensor<2x3xi1>
  // CHECK: graph.cast %{{.*}} : (tensor<2x3xbf16>) -> tensor<2x3xui16>
  %2 = graph.cast %x : (tensor<2x3xbf16>) -> tensor<2x3xui16>
  return
}

// CHECK-LABEL: func.func @two_operands_broadcast
func.func @two_operands_broadcast(%x: tensor<2x3xf32>, %y: tensor<3xf32>) {
  // CHECK: graph.add %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %0 = graph.add %x, %y : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  // CHECK: graph.sub %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %1 = graph.sub %x, %y : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  // CHECK: graph.mul %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %2 = graph.mul %x, %y : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  // CHECK: graph.div %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %3 = graph.div %x, %y : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  // CHECK: graph.pow %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %4 = graph.pow %x, %y : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  // CHECK: graph.max %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %5 = graph.max %x, %y : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  // CHECK: graph.min %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %6 = graph.min %x, %y : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  // CHECK: graph.mod %{{.*}}, %{{.*}} {fmod = true} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %7 = graph.mod %x, %y {fmod = true} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return
}

// CHECK-LABEL: func.func @two_operands_of_integers
func.func @two_operands_of_integers(%x: tensor<2xui32>, %y: tensor<1xui32>) {
  // CHECK: graph.and %{{.*}}, %{{.*}} : (tensor<2xui32>, tensor<1xui32>) -> tensor<2xui32>
  %0 = graph.and %x, %y : (tensor<2xui32>, tensor<1xui32>) -> tensor<2xui32>
  // CHECK: graph.or %{{.*}}, %{{.*}} : (tensor<2xui32>, tensor<1xui32>) -> tensor<2xui32>
  %1 = graph.or %x, %y : (tensor<2xui32>, tensor<1xui32>) -> tensor<2xui32>
  // CHECK: graph.xor %{{.*}}, %{{.*}} : (tensor<2xui32>, tensor<1xui32>) -> tensor<2xui32>
  %2 = graph.xor %x, %y : (tensor<2xui32>, tensor<1xui32>) -> tensor<2xui32>
  // CHECK: graph.shift_left %{{.*}}, %{{.*}} : (tensor<2xui32>, tensor<1xui32>) -> tensor<2xui32>
  %3 = graph.shift_left %x, %y : (tensor<2xui32>, tensor<1xui32>) -> tensor<2xui32>
  // CHECK: graph.shift_right %{{.*}}, %{{.*}} : (tensor<2xui32>, tensor<1xui32>) -> tensor<2xui32>
  %4 = graph.shift_right %x, %y : (tensor<2xui32>, tensor<1xui32>) -> tensor<2xui32>
  return
}

// CHECK-LABEL: func.func @comparisons_and_choice
func.func @comparisons_and_choice(%x: tensor<2xf32>, %y: tensor<f32>, %c: tensor<2xi1>) {
  // CHECK: graph.compare eq, %{{.*}}, %{{.*}} : (tensor<2xf32>, tensor<f32>) -> tensor<2xi1>
  %0 = graph.compare eq, %x, %y : (tensor<2xf32>, tensor<f32>) -> tensor<2xi1>
  // CHECK: graph.compare ne, %{{.*}}, %{{.*}} : (tensor<2xf32>, tensor<f32>) -> tensor<2xi1>
  %1 = graph.compare ne, %x, %y : (tensor<2xf32>, tensor<f32>) -> tensor<2xi1>
  // CHECK: graph.compare lt, %{{.*}}, %{{.*}} : (tensor<2xf32>, tensor<f32>) -> tensor<2xi1>
  %2 = graph.compare lt, %x, %y : (tensor<2xf32>, tensor<f32>) -> tensor<2xi1>
  // CHECK: graph.compare le, %{{.*}}, %{{.*}} : (tensor<2xf32>, tensor<f32>) -> tensor<2xi1>
  %3 = graph.compare le, %x, %y : (tensor<2xf32>, tensor<f32>) -> tensor<2xi1>
  // CHECK: graph.compare gt, %{{.*}}, %{{.*}} : (tensor<2xf32>, tensor<f32>) -> tensor<2xi1>
  %4 = graph.compare gt, %x, %y : (tensor<2xf32>, tensor<f32>) -> tensor<2xi1>
  // CHECK: graph.compare ge, %{{.*}}, %{{.*}} : (tensor<2xf32>, tensor<f32>) -> tensor<2xi1>
  %5 = graph.compare ge, %x, %y : (tensor<2xf32>, tensor<f32>) -> tensor<2xi1>
  // CHECK: graph.where %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2xi1>, tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %6 = graph.where %c, %x, %y : (tensor<2xi1>, tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  return
}

// CHECK-LABEL: func.func @movement
func.func @movement(%x: tensor<2x3xf32>, %v: tensor<f32>, %i: tensor<2xi64>, %j: tensor<2x1xi64>) {
  // CHECK: graph.reshape %{{.*}} : (tensor<2x3xf32>) -> tensor<6xf32>
  %0 = graph.reshape %x : (tensor<2x3xf32>) -> tensor<6xf32>
  // CHECK: graph.transpose %{{.*}} {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %1 = graph.transpose %x {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  // CHECK: graph.expand %{{.*}} : (tensor<2x3xf32>) -> tensor<4x2x3xf32>
  %2 = graph.expand %x : (tensor<2x3xf32>) -> tensor<4x2x3xf32>
  // CHECK: graph.tile %{{.*}} {repeats = array<i64: 1, 2>} : (tensor<2x3xf32>) -> tensor<2x6xf32>
  %3 = graph.tile %x {repeats = array<i64: 1, 2>} : (tensor<2x3xf32>) -> tensor<2x6xf32>
  // CHECK: graph.slice %{{.*}} {starts = array<i64: 0, 2>, steps = array<i64: 1, -1>} : (tensor<2x3xf32>) -> tensor<2x2xf32>
  %4 = graph.slice %x {starts = array<i64: 0, 2>, steps = array<i64: 1, -1>} : (tensor<2x3xf32>) -> tensor<2x2xf32>
  // CHECK: graph.pad %{{.*}}, %{{.*}} {high = array<i64: 0, 1>, low = array<i64: 0, 1>, mode = #graph<pad_mode reflect>} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x5xf32>
  %5 = graph.pad %x, %v {high = array<i64: 0, 1>, low = array<i64: 0, 1>, mode = #graph<pad_mode reflect>} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x5xf32>
  // CHECK: graph.gather %{{.*}}, %{{.*}} {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<2x2xf32>
  %6 = graph.gather %x, %i {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<2x2xf32>
  // CHECK: graph.gather_elements %{{.*}}, %{{.*}} {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2x1xi64>) -> tensor<2x1xf32>
  %7 = graph.gather_elements %x, %j {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2x1xi64>) -> tensor<2x1xf32>
  // CHECK: graph.gather_nd %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<2x1xi64>) -> tensor<2x3xf32>
  %8 = graph.gather_nd %x, %j : (tensor<2x3xf32>, tensor<2x1xi64>) -> tensor<2x3xf32>
  // CHECK: graph.gather_nd %{{.*}}, %{{.*}} {batch_dims = 1 : i64} : (tensor<2x3xf32>, tensor<2x1xi64>) -> tensor<2xf32>
  %9 = graph.gather_nd %x, %j {batch_dims = 1 : i64} : (tensor<2x3xf32>, tensor<2x1xi64>) -> tensor<2xf32>
  // CHECK: graph.trilu %{{.*}} {diagonal = -1 : i64, upper = false} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %10 = graph.trilu %x {diagonal = -1 : i64, upper = false} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  // CHECK: graph.concat %{{.*}}, %{{.*}} {axis = 0 : i64} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<4x3xf32>
  %11 = graph.concat %x, %x {axis = 0 : i64} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<4x3xf32>
  // CHECK: graph.range %{{.*}}, %{{.*}} : (tensor<f32>, tensor<f32>) -> tensor<7xf32>
  %12 = graph.range %v, %v : (tensor<f32>, tensor<f32>) -> tensor<7xf32>
  return
}

// CHECK-LABEL: func.func @resize
func.func @resize(%x: tensor<1x1x4x4xf32>) {
  // CHECK: graph.resize %{{.*}} {coordinates = #graph<coordinate_mode half_pixel>, mode = #graph<resize_mode linear>, nearest = #graph<nearest_mode round_prefer_floor>, scales = array<f64: 1.000000e+00, 1.000000e+00, 2.000000e+00, 2.000000e+00>} : (tensor<1x1x4x4xf32>) -> tensor<1x1x8x8xf32>
  %0 = graph.resize %x {coordinates = #graph<coordinate_mode half_pixel>, mode = #graph<resize_mode linear>, nearest = #graph<nearest_mode round_prefer_floor>, scales = array<f64: 1.000000e+00, 1.000000e+00, 2.000000e+00, 2.000000e+00>} : (tensor<1x1x4x4xf32>) -> tensor<1x1x8x8xf32>
  return
}

// CHECK-LABEL: func.func @contractions_and_windows
func.func @contractions_and_windows(%x: tensor<1x4x8x8xf32>, %f: tensor<6x2x3x3xf32>, %l: tensor<1x8x8x4xf32>, %g: tensor<3x3x4x6xf32>, %t: tensor<4x6x3x3xf32>, %m: tensor<5x1x2x3xf32>, %n: tensor<7x3x4xf32>) {
  // CHECK: graph.matmul %{{.*}}, %{{.*}} : (tensor<5x1x2x3xf32>, tensor<7x3x4xf32>) -> tensor<5x7x2x4xf32>
  %0 = graph.matmul %m, %n : (tensor<5x1x2x3xf32>, tensor<7x3x4xf32>) -> tensor<5x7x2x4xf32>
  // CHECK: graph.conv %{{.*}}, %{{.*}} {dilations = array<i64: 1, 1>, group = 2 : i64, pads_high = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, strides = array<i64: 2, 2>} : (tensor<1x4x8x8xf32>, tensor<6x2x3x3xf32>) -> tensor<1x6x4x4xf32>
  %1 = graph.conv %x, %f {dilations = array<i64: 1, 1>, group = 2 : i64, pads_high = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, strides = array<i64: 2, 2>} : (tensor<1x4x8x8xf32>, tensor<6x2x3x3xf32>) -> tensor<1x6x4x4xf32>
  // CHECK: graph.conv %{{.*}}, %{{.*}} {dilations = array<i64: 1, 1>, layout = #graph<layout channels_last>, pads_high = array<i64: 0, 0>, pads_low = array<i64: 0, 0>, strides = array<i64: 1, 1>} : (tensor<1x8x8x4xf32>, tensor<3x3x4x6xf32>) -> tensor<1x6x6x6xf32>
  %2 = graph.conv %l, %g {dilations = array<i64: 1, 1>, layout = #graph<layout channels_last>, pads_high = array<i64: 0, 0>, pads_low = array<i64: 0, 0>, strides = array<i64: 1, 1>} : (tensor<1x8x8x4xf32>, tensor<3x3x4x6xf32>) -> tensor<1x6x6x6xf32>
  // CHECK: graph.conv_transpose %{{.*}}, %{{.*}} {dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, strides = array<i64: 2, 2>} : (tensor<1x4x8x8xf32>, tensor<4x6x3x3xf32>) -> tensor<1x6x17x17xf32>
  %3 = graph.conv_transpose %x, %t {dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, strides = array<i64: 2, 2>} : (tensor<1x4x8x8xf32>, tensor<4x6x3x3xf32>) -> tensor<1x6x17x17xf32>
  // CHECK: graph.max_pool %{{.*}} {dilations = array<i64: 1, 1>, kernel = array<i64: 2, 2>, pads_high = array<i64: 0, 0>, pads_low = array<i64: 0, 0>, strides = array<i64: 2, 2>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xf32>
  %4 = graph.max_pool %x {dilations = array<i64: 1, 1>, kernel = array<i64: 2, 2>, pads_high = array<i64: 0, 0>, pads_low = array<i64: 0, 0>, strides = array<i64: 2, 2>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xf32>
  // CHECK: graph.max_pool_indices %{{.*}} {column_major = true, dilations = array<i64: 1, 1>, kernel = array<i64: 2, 2>, pads_high = array<i64: 0, 0>, pads_low = array<i64: 0, 0>, strides = array<i64: 2, 2>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xi64>
  %5 = graph.max_pool_indices %x {column_major = true, dilations = array<i64: 1, 1>, kernel = array<i64: 2, 2>, pads_high = array<i64: 0, 0>, pads_low = array<i64: 0, 0>, strides = array<i64: 2, 2>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xi64>
  // CHECK: graph.average_pool %{{.*}} {count_include_pad = true, dilations = array<i64: 1, 1>, kernel = array<i64: 3, 3>, pads_high = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, strides = array<i64: 1, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %6 = graph.average_pool %x {count_include_pad = true, dilations = array<i64: 1, 1>, kernel = array<i64: 3, 3>, pads_high = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, strides = array<i64: 1, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// CHECK-LABEL: func.func @reductions
func.func @reductions(%x: tensor<2x3xf32>, %s: tensor<3xf32>) {
  // CHECK: graph.reduce sum, %{{.*}} {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  %0 = graph.reduce sum, %x {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  // CHECK: graph.reduce mean, %{{.*}} {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  %1 = graph.reduce mean, %x {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  // CHECK: graph.reduce max, %{{.*}} {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  %2 = graph.reduce max, %x {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  // CHECK: graph.reduce min, %{{.*}} {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  %3 = graph.reduce min, %x {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  // CHECK: graph.reduce prod, %{{.*}} {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  %4 = graph.reduce prod, %x {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  // CHECK: graph.arg_reduce %{{.*}} {axis = 0 : i64, largest = true, select_last = false} : (tensor<2x3xf32>) -> tensor<3xi64>
  %5 = graph.arg_reduce %x {axis = 0 : i64, largest = true, select_last = false} : (tensor<2x3xf32>) -> tensor<3xi64>
  // CHECK: graph.cum_sum %{{.*}} {axis = 1 : i64, exclusive = false, reverse = true} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %6 = graph.cum_sum %x {axis = 1 : i64, exclusive = false, reverse = true} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  // CHECK: graph.softmax %{{.*}} {axis = 1 : i64} : tensor<2x3xf32>
  %7 = graph.softmax %x {axis = 1 : i64} : tensor<2x3xf32>
  // CHECK: graph.layer_norm %{{.*}}, %{{.*}}, %{{.*}} {axis = 1 : i64, epsilon = 1.000000e-05 : f64} : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %8 = graph.layer_norm %x, %s, %s {axis = 1 : i64, epsilon = 1.000000e-05 : f64} : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  // CHECK: graph.layer_norm %{{.*}}, %{{.*}} {axis = 1 : i64, epsilon = 1.000000e-05 : f64} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %9 = graph.layer_norm %x, %s {axis = 1 : i64, epsilon = 1.000000e-05 : f64} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return
}

// Sizes that are expressions over symbols; where equality depends on them, it is taken to hold.
// CHECK-LABEL: func.func @symbolic_sizes
func.func @symbolic_sizes(%x: tensor<?x3xf32, affine_map<()[s0] -> (s0, 3)>>, %y: tensor<?x3xf32, affine_map<()[s0, s1] -> (s1, 3)>>,
                          %image: tensor<1x2x?xf32, affine_map<()[s0, s1] -> (1, 2, s1)>>, %f: tensor<2x2x3xf32>) {
  // CHECK: graph.add %{{.*}}, %{{.*}} : (tensor<?x3xf32, #[[$ROWS]]>, tensor<?x3xf32, #{{.*}}>) -> tensor<?x3xf32, #[[$ROWS]]>
  %0 = graph.add %x, %y : (tensor<?x3xf32, affine_map<()[s0] -> (s0, 3)>>, tensor<?x3xf32, affine_map<()[s0, s1] -> (s1, 3)>>) -> tensor<?x3xf32, affine_map<()[s0] -> (s0, 3)>>
  // CHECK: graph.conv {{.*}} -> tensor<1x2x?xf32, #[[$HALVES]]>
  %1 = graph.conv %image, %f {strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 1>, pads_high = array<i64: 1>} : (tensor<1x2x?xf32, affine_map<()[s0, s1] -> (1, 2, s1)>>, tensor<2x2x3xf32>) -> tensor<1x2x?xf32, affine_map<()[s0, s1] -> (1, 2, (s1 + 1) floordiv 2)>>
  // CHECK: graph.sizes {values = #[[$ROWS]]} : tensor<2xi64>
  %2 = graph.sizes {values = affine_map<()[s0] -> (s0, 3)>} : tensor<2xi64>
  return
}

// CHECK-LABEL: func.func private @step
func.func private @step(%h: tensor<4xf32>, %x: tensor<4xf32>, %w: tensor<4xf32>) -> (tensor<4xf32>, tensor<2xf32>) {
  %0 = graph.add %h, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = graph.slice %w {starts = array<i64: 0>, steps = array<i64: 1>} : (tensor<4xf32>) -> tensor<2xf32>
  return %0, %1 : tensor<4xf32>, tensor<2xf32>
}
func.func private @until(%h: tensor<4xf32>, %go: tensor<i1>) -> (tensor<i1>, tensor<4xf32>) {
  return %go, %h : tensor<i1>, tensor<4xf32>
}

// CHECK-LABEL: func.func @loops
func.func @loops(%h: tensor<4xf32>, %x: tensor<9x4xf32>, %n: tensor<1xi64>, %go: tensor<i1>) {
  %count = graph.constant dense<9> : tensor<i64>
  // CHECK: graph.loop @step count(%{{.*}}) carried(%{{.*}}) scanned(%{{.*}}) captured(%{{.*}}) {histories = array<i64: 0>, reversed = array<i1: true, false, false>} : (tensor<i64>, tensor<4xf32>, tensor<9x4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<9x2xf32>, tensor<9x4xf32>)
  %0:3 = graph.loop @step count(%count) carried(%h) scanned(%x) captured(%h) {histories = array<i64: 0>, reversed = array<i1: true, false, false>} : (tensor<i64>, tensor<4xf32>, tensor<9x4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<9x2xf32>, tensor<9x4xf32>)
  // CHECK: graph.loop @until count(%{{.*}}) carried(%{{.*}}) captured(%{{.*}}) {ends} : (tensor<1xi64>, tensor<4xf32>, tensor<i1>) -> tensor<4xf32>
  %1 = graph.loop @until count(%n) carried(%h) captured(%go) {ends} : (tensor<1xi64>, tensor<4xf32>, tensor<i1>) -> tensor<4xf32>
  return
}
