// Operations on small constants disappear, and so do operations that change nothing.
// RUN: tegula-opt %s --canonicalize | FileCheck %s

// CHECK-DAG: #[[$FOUR:.*]] = affine_map<()[s0] -> (s0, 4)>
// CHECK-DAG: #[[$CHAIN:.*]] = affine_map<()[s0, s1] -> (s0 * s1, 8, -1)>
// CHECK-DAG: #[[$EVEN:.*]] = affine_map<()[s0] -> ((s0 + 1) floordiv 2, s0 + 3)>

// What exporters write to compute a shape: one constant remains.
// CHECK-LABEL: func.func @shape_chain
func.func @shape_chain() -> tensor<3xi64> {
  // CHECK-NEXT: %[[SHAPE:.*]] = graph.constant dense<[2, 8, -1]> : tensor<3xi64>
  // CHECK-NEXT: return %[[SHAPE]]
  %shape = graph.constant dense<[2, 4, 6]> : tensor<3xi64>
  %zero = graph.constant dense<0> : tensor<1xi64>
  %one = graph.constant dense<1> : tensor<i64>
  %two = graph.constant dense<2> : tensor<i64>
  %rest = graph.constant dense<-1> : tensor<1xi64>
  %batch = graph.gather %shape, %zero {axis = 0 : i64} : (tensor<3xi64>, tensor<1xi64>) -> tensor<1xi64>
  %height = graph.gather %shape, %one {axis = 0 : i64} : (tensor<3xi64>, tensor<i64>) -> tensor<i64>
  %twice = graph.mul %height, %two : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %column = graph.reshape %twice : (tensor<i64>) -> tensor<1xi64>
  %all = graph.concat %batch, %column, %rest {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xi64>
  return %all : tensor<3xi64>
}

// CHECK-LABEL: func.func @integers
func.func @integers() -> (tensor<4xi64>, tensor<4xi64>, tensor<4xi64>, tensor<2xui8>, tensor<4xi1>) {
  %a = graph.constant dense<[7, -7, 7, -7]> : tensor<4xi64>
  %b = graph.constant dense<[2, 2, -2, -1]> : tensor<4xi64>
  %u = graph.constant dense<[200, 3]> : tensor<2xui8>
  // Division truncates towards zero, mod follows the divisor's sign.
  // CHECK-DAG: %[[DIV:.*]] = graph.constant dense<[3, -3, -3, 7]> : tensor<4xi64>
  %0 = graph.div %a, %b : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>
  // CHECK-DAG: %[[MOD:.*]] = graph.constant dense<[1, 1, -1, 0]> : tensor<4xi64>
  %1 = graph.mod %a, %b : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>
  // CHECK-DAG: %[[REM:.*]] = graph.constant dense<[1, -1, 1, 0]> : tensor<4xi64>
  %2 = graph.mod %a, %b {fmod = true} : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>
  // CHECK-DAG: %[[MAX:.*]] = graph.constant dense<200> : tensor<2xui8>
  %s = graph.constant dense<200> : tensor<ui8>
  %3 = graph.max %u, %s : (tensor<2xui8>, tensor<ui8>) -> tensor<2xui8>
  // CHECK-DAG: %[[LESS:.*]] = graph.constant dense<[false, true, false, true]> : tensor<4xi1>
  %4 = graph.compare lt, %a, %b : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi1>
  // CHECK: return %[[DIV]], %[[MOD]], %[[REM]], %[[MAX]], %[[LESS]]
  return %0, %1, %2, %3, %4 : tensor<4xi64>, tensor<4xi64>, tensor<4xi64>, tensor<2xui8>, tensor<4xi1>
}

// CHECK-LABEL: func.func @floats
func.func @floats() -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf16>, tensor<3xi32>, tensor<3xf32>) {
  %x = graph.constant dense<[4.0, 0.25]> : tensor<2xf32>
  // CHECK-DAG: %[[SQRT:.*]] = graph.constant dense<[2.000000e+00, 5.000000e-01]> : tensor<2xf32>
  %0 = graph.sqrt %x : tensor<2xf32>
  // CHECK-DAG: %[[POW:.*]] = graph.constant dense<[1.600000e+01, 6.250000e-02]> : tensor<2xf32>
  %two = graph.constant dense<2> : tensor<i64>
  %1 = graph.pow %x, %two : (tensor<2xf32>, tensor<i64>) -> tensor<2xf32>
  // Narrow floats are computed in f32 and rounded once.
  // CHECK-DAG: %[[SUM:.*]] = graph.constant dense<[2.048000e+03, 2.052000e+03]> : tensor<2xf16>
  %h = graph.constant dense<[2048.0, 2049.0]> : tensor<2xf16>
  %i = graph.constant dense<[1.0, 3.0]> : tensor<2xf16>
  %2 = graph.add %h, %i : (tensor<2xf16>, tensor<2xf16>) -> tensor<2xf16>
  // CHECK-DAG: %[[CAST:.*]] = graph.constant dense<[1, -1, 2]> : tensor<3xi32>
  %c = graph.constant dense<[1.9, -1.9, 2.5]> : tensor<3xf32>
  %3 = graph.cast %c : (tensor<3xf32>) -> tensor<3xi32>
  // CHECK-DAG: %[[RELU:.*]] = graph.constant dense<[0x7FC00000, 0.000000e+00, 2.500000e+00]> : tensor<3xf32>
  %n = graph.constant dense<[0x7FC00000, -1.0, 2.5]> : tensor<3xf32>
  %4 = graph.relu %n : tensor<3xf32>
  // CHECK: return %[[SQRT]], %[[POW]], %[[SUM]], %[[CAST]], %[[RELU]]
  return %0, %1, %2, %3, %4 : tensor<2xf32>, tensor<2xf32>, tensor<2xf16>, tensor<3xi32>, tensor<3xf32>
}

// CHECK-LABEL: func.func @movements
func.func @movements() -> (tensor<3x2xi32>, tensor<2x2x3xi32>, tensor<2x6xi32>, tensor<2x2xi32>, tensor<3x4xi32>, tensor<2x3xi32>) {
  %x = graph.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi32>
  // CHECK-DAG: %[[TRANSPOSE:.*]] = graph.constant dense<{{\[}}[1, 4], [2, 5], [3, 6]]> : tensor<3x2xi32>
  %0 = graph.transpose %x {perm = array<i64: 1, 0>} : (tensor<2x3xi32>) -> tensor<3x2xi32>
  // CHECK-DAG: %[[EXPAND:.*]] = graph.constant dense<{{\[\[}}[1, 2, 3], [4, 5, 6]], {{\[}}[1, 2, 3], [4, 5, 6]]]> : tensor<2x2x3xi32>
  %1 = graph.expand %x : (tensor<2x3xi32>) -> tensor<2x2x3xi32>
  // CHECK-DAG: %[[TILE:.*]] = graph.constant dense<{{\[}}[1, 2, 3, 1, 2, 3], [4, 5, 6, 4, 5, 6]]> : tensor<2x6xi32>
  %2 = graph.tile %x {repeats = array<i64: 1, 2>} : (tensor<2x3xi32>) -> tensor<2x6xi32>
  // CHECK-DAG: %[[SLICE:.*]] = graph.constant dense<{{\[}}[3, 1], [6, 4]]> : tensor<2x2xi32>
  %3 = graph.slice %x {starts = array<i64: 0, 2>, steps = array<i64: 1, -2>} : (tensor<2x3xi32>) -> tensor<2x2xi32>
  // CHECK-DAG: %[[PAD:.*]] = graph.constant dense<{{\[}}[9, 1, 2, 3], [9, 4, 5, 6], [9, 9, 9, 9]]> : tensor<3x4xi32>
  %nine = graph.constant dense<9> : tensor<i32>
  %4 = graph.pad %x, %nine {low = array<i64: 0, 1>, high = array<i64: 1, 0>, mode = #graph<pad_mode constant>} : (tensor<2x3xi32>, tensor<i32>) -> tensor<3x4xi32>
  // CHECK-DAG: %[[TRILU:.*]] = graph.constant dense<{{\[}}[0, 2, 3], [0, 0, 6]]> : tensor<2x3xi32>
  %5 = graph.trilu %x {upper = true, diagonal = 1 : i64} : (tensor<2x3xi32>) -> tensor<2x3xi32>
  // CHECK: return %[[TRANSPOSE]], %[[EXPAND]], %[[TILE]], %[[SLICE]], %[[PAD]], %[[TRILU]]
  return %0, %1, %2, %3, %4, %5 : tensor<3x2xi32>, tensor<2x2x3xi32>, tensor<2x6xi32>, tensor<2x2xi32>, tensor<3x4xi32>, tensor<2x3xi32>
}

// CHECK-LABEL: func.func @indices
func.func @indices() -> (tensor<2xi64>, tensor<2x1xi64>, tensor<2xi64>, tensor<4xi64>, tensor<2xi64>) {
  %x = graph.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi64>
  // CHECK-DAG: %[[GATHER:.*]] = graph.constant dense<[3, 6]> : tensor<2xi64>
  %last = graph.constant dense<-1> : tensor<i64>
  %0 = graph.gather %x, %last {axis = 1 : i64} : (tensor<2x3xi64>, tensor<i64>) -> tensor<2xi64>
  // CHECK-DAG: %[[ELEMENTS:.*]] = graph.constant dense<{{\[}}[2], [6]]> : tensor<2x1xi64>
  %columns = graph.constant dense<[[1], [2]]> : tensor<2x1xi64>
  %1 = graph.gather_elements %x, %columns {axis = 1 : i64} : (tensor<2x3xi64>, tensor<2x1xi64>) -> tensor<2x1xi64>
  // CHECK-DAG: %[[ND:.*]] = graph.constant dense<[6, 1]> : tensor<2xi64>
  %tuples = graph.constant dense<[[1, 2], [0, 0]]> : tensor<2x2xi64>
  %2 = graph.gather_nd %x, %tuples : (tensor<2x3xi64>, tensor<2x2xi64>) -> tensor<2xi64>
  // CHECK-DAG: %[[RANGE:.*]] = graph.constant dense<[5, 3, 1, -1]> : tensor<4xi64>
  %five = graph.constant dense<5> : tensor<i64>
  %minusTwo = graph.constant dense<-2> : tensor<i64>
  %3 = graph.range %five, %minusTwo : (tensor<i64>, tensor<i64>) -> tensor<4xi64>
  // CHECK-DAG: %[[PROD:.*]] = graph.constant dense<[6, 120]> : tensor<2xi64>
  %4 = graph.reduce prod, %x {axes = array<i64: 1>} : (tensor<2x3xi64>) -> tensor<2xi64>
  // CHECK: return %[[GATHER]], %[[ELEMENTS]], %[[ND]], %[[RANGE]], %[[PROD]]
  return %0, %1, %2, %3, %4 : tensor<2xi64>, tensor<2x1xi64>, tensor<2xi64>, tensor<4xi64>, tensor<2xi64>
}

// A splat stays one, however large it is.
// CHECK-LABEL: func.func @splats
func.func @splats() -> tensor<512x1000xf32> {
  // CHECK-NEXT: %[[SPLAT:.*]] = graph.constant dense<6.000000e+00> : tensor<512x1000xf32>
  // CHECK-NEXT: return %[[SPLAT]]
  %x = graph.constant dense<2.0> : tensor<1000x512xf32>
  %three = graph.constant dense<3.0> : tensor<f32>
  %y = graph.mul %x, %three : (tensor<1000x512xf32>, tensor<f32>) -> tensor<1000x512xf32>
  %z = graph.transpose %y {perm = array<i64: 1, 0>} : (tensor<1000x512xf32>) -> tensor<512x1000xf32>
  return %z : tensor<512x1000xf32>
}

// CHECK-LABEL: func.func @identities
// CHECK-SAME: (%[[X:.*]]: tensor<2x3xf32>)
func.func @identities(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // CHECK-NEXT: return %[[X]]
  %value = graph.constant dense<0.0> : tensor<f32>
  %0 = graph.reshape %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = graph.transpose %0 {perm = array<i64: 0, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = graph.expand %1 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %3 = graph.tile %2 {repeats = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %4 = graph.slice %3 {starts = array<i64: 0, 0>, steps = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %5 = graph.pad %4, %value {low = array<i64: 0, 0>, high = array<i64: 0, 0>, mode = #graph<pad_mode constant>} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %6 = graph.concat %5 {axis = 0 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %7 = graph.cast %6 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %7 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @chains_of_views
// CHECK-SAME: (%[[X:.*]]: tensor<2x3x4xf32>)
func.func @chains_of_views(%x: tensor<2x3x4xf32>) -> (tensor<24xf32>, tensor<4x2x3xf32>) {
  // CHECK-DAG: %[[FLAT:.*]] = graph.reshape %[[X]] : (tensor<2x3x4xf32>) -> tensor<24xf32>
  %0 = graph.reshape %x : (tensor<2x3x4xf32>) -> tensor<6x4xf32>
  %1 = graph.reshape %0 : (tensor<6x4xf32>) -> tensor<24xf32>
  // CHECK-DAG: %[[TURNED:.*]] = graph.transpose %[[X]] {perm = array<i64: 2, 0, 1>}
  %2 = graph.transpose %x {perm = array<i64: 1, 2, 0>} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %3 = graph.transpose %2 {perm = array<i64: 1, 2, 0>} : (tensor<3x4x2xf32>) -> tensor<4x2x3xf32>
  // CHECK: return %[[FLAT]], %[[TURNED]]
  return %1, %3 : tensor<24xf32>, tensor<4x2x3xf32>
}

// CHECK-LABEL: func.func @keeps_what_is_unknown_or_out_of_range
func.func @keeps_what_is_unknown_or_out_of_range(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<1xf32>) {
  %c = graph.constant dense<[1.0, 2.0]> : tensor<2xf32>
  // CHECK: graph.add
  %0 = graph.add %x, %c : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  // CHECK: graph.gather
  %far = graph.constant dense<5> : tensor<1xi64>
  %1 = graph.gather %c, %far {axis = 0 : i64} : (tensor<2xf32>, tensor<1xi64>) -> tensor<1xf32>
  return %0, %1 : tensor<2xf32>, tensor<1xf32>
}

// The same chain where sizes are symbols: graph.sizes remains.
// CHECK-LABEL: func.func @symbolic_shape_chain
func.func @symbolic_shape_chain() -> (tensor<3xi64>, tensor<2xi32>) {
  // CHECK-DAG: %[[R0:.*]] = graph.sizes {values = #[[$CHAIN]]} : tensor<3xi64>
  // CHECK-DAG: %[[R1:.*]] = graph.sizes {values = #[[$EVEN]]} : tensor<2xi32>
  // CHECK: return %[[R0]], %[[R1]]
  %shape = graph.sizes {values = affine_map<()[s0, s1] -> (s0, s1, 8)>} : tensor<3xi64>
  %zero = graph.constant dense<0> : tensor<i64>
  %last = graph.constant dense<-1> : tensor<1xi64>
  %batch = graph.gather %shape, %zero {axis = 0 : i64} : (tensor<3xi64>, tensor<i64>) -> tensor<i64>
  %tail = graph.slice %shape {starts = array<i64: 1>, steps = array<i64: 1>} : (tensor<3xi64>) -> tensor<2xi64>
  %product = graph.reduce prod, %tail {axes = array<i64: 0>} : (tensor<2xi64>) -> tensor<i64>
  %eight = graph.constant dense<8> : tensor<i64>
  %sequence = graph.div %product, %eight : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %flat = graph.mul %batch, %sequence : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %column = graph.reshape %flat : (tensor<i64>) -> tensor<1xi64>
  %depth = graph.reshape %eight : (tensor<i64>) -> tensor<1xi64>
  %joined = graph.concat %column, %depth, %last {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xi64>
  %size = graph.sizes {values = affine_map<()[s0] -> (s0 + 1, s0)>} : tensor<2xi64>
  %two = graph.constant dense<[2, 1]> : tensor<2xi64>
  %three = graph.constant dense<[0, 3]> : tensor<2xi64>
  %half = graph.div %size, %two : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %more = graph.add %half, %three : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %small = graph.cast %more : (tensor<2xi64>) -> tensor<2xi32>
  return %joined, %small : tensor<3xi64>, tensor<2xi32>
}

// Comparisons of sizes fold where all symbols agree, and only there.
// CHECK-LABEL: func.func @comparisons_of_sizes
func.func @comparisons_of_sizes() -> (tensor<2xi64>, tensor<2xi1>, tensor<2xi64>) {
  %size = graph.sizes {values = affine_map<()[s0] -> (s0, -1)>} : tensor<2xi64>
  %unknown = graph.constant dense<-1> : tensor<2xi64>
  %four = graph.constant dense<4> : tensor<2xi64>
  // CHECK-DAG: %[[PICKED:.*]] = graph.sizes {values = #[[$FOUR]]} : tensor<2xi64>
  %0 = graph.compare eq, %size, %unknown : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi1>
  %1 = graph.where %0, %four, %size : (tensor<2xi1>, tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  // CHECK-DAG: %[[OPEN:.*]] = graph.compare eq
  %2 = graph.compare eq, %size, %four : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi1>
  // CHECK-DAG: %[[FIXED:.*]] = graph.constant dense<7> : tensor<2xi64>
  %3 = graph.sizes {values = affine_map<() -> (7, 7)>} : tensor<2xi64>
  // CHECK: return %[[PICKED]], %[[OPEN]], %[[FIXED]]
  return %1, %2, %3 : tensor<2xi64>, tensor<2xi1>, tensor<2xi64>
}

// A choice that is decided, or none; what a side requires keeps it.
// CHECK-LABEL: func.func @choices
// CHECK-SAME: %[[C:.*]]: tensor<i1>, %[[X:.*]]: tensor<4xf32>, %[[Y:.*]]: tensor<4xf32>
func.func @choices(%c: tensor<i1>, %x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %true = graph.constant dense<true> : tensor<i1>
  %0 = graph.choose %true, %x, %y : (tensor<i1>) -> tensor<4xf32>
  %1 = graph.choose %c, %y, %y : (tensor<i1>) -> tensor<4xf32>
  // CHECK-DAG: %[[KEPT:.*]] = graph.choose %{{.*}}, %[[X]], %[[Y]] {then_require
  %2 = graph.choose %true, %x, %y {then_require = [["equal", affine_map<()[s0] -> (s0, 4)>, "node", "text"]]} : (tensor<i1>) -> tensor<4xf32>
  // CHECK-DAG: %[[OPEN:.*]] = graph.choose %[[C]], %[[X]], %[[Y]]
  %3 = graph.choose %c, %x, %y : (tensor<i1>) -> tensor<4xf32>
  // CHECK: return %[[X]], %[[Y]], %[[KEPT]], %[[OPEN]]
  return %0, %1, %2, %3 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
