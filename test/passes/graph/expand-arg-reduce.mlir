// The place of the best element takes two reductions: of elements, then of places.
// RUN: tegula-opt %s --tegula-expand-arg-reduce | FileCheck %s
// RUN: tegula-opt %s --tegula-expand-arg-reduce | tegula-equiv %s -
// RUN: tegula-opt %s --tegula-expand-arg-reduce | tegula-equiv %s - -O 2

// CHECK-LABEL: @first_largest
// CHECK-SAME: (%[[X:.*]]: tensor<3x17x5xi32>)
// CHECK-NOT: arg_reduce
// CHECK-DAG: %[[PLACES:.*]] = graph.range %{{.*}} -> tensor<17xi32>
// CHECK-DAG: %[[BEST:.*]] = graph.reduce max, %[[X]] {axes = array<i64: 1>} : (tensor<3x17x5xi32>) -> tensor<3x5xi32>
// CHECK-DAG: %[[KEPT:.*]] = graph.reshape %[[BEST]] : (tensor<3x5xi32>) -> tensor<3x1x5xi32>
// CHECK-DAG: %[[IS:.*]] = graph.compare eq, %[[X]], %[[KEPT]]
// CHECK-DAG: %[[ALONG:.*]] = graph.reshape %[[PLACES]] : (tensor<17xi32>) -> tensor<1x17x1xi32>
// CHECK-DAG: %[[NONE:.*]] = graph.constant dense<2147483647> : tensor<i32>
// CHECK: %[[C:.*]] = graph.where %[[IS]], %[[ALONG]], %[[NONE]]
// CHECK: %[[FIRST:.*]] = graph.reduce min, %[[C]] {axes = array<i64: 1>}
// CHECK: graph.cast %[[FIRST]] : (tensor<3x5xi32>) -> tensor<3x5xi64>
func.func @first_largest(%x: tensor<3x17x5xi32>) -> tensor<3x5xi64> {
  %0 = graph.arg_reduce %x {axis = 1 : i64, largest = true, select_last = false} : (tensor<3x17x5xi32>) -> tensor<3x5xi64>
  return %0 : tensor<3x5xi64>
}

// CHECK-LABEL: @last_smallest
// CHECK-DAG: graph.reduce min, %{{.*}} -> tensor<4xf32>
// CHECK-DAG: graph.is_nan %{{.*}} -> tensor<4x33xi1>
// CHECK-DAG: graph.constant dense<-1> : tensor<i32>
// CHECK-DAG: graph.or
// CHECK: graph.where %
// CHECK: graph.reduce max, %{{.*}} -> tensor<4xi32>
func.func @last_smallest(%x: tensor<4x33xf32>) -> tensor<4xi64> {
  %0 = graph.round %x : tensor<4x33xf32>
  %1 = graph.arg_reduce %0 {axis = 1 : i64, largest = false, select_last = true} : (tensor<4x33xf32>) -> tensor<4xi64>
  return %1 : tensor<4xi64>
}

// The first NaN, and the last one.
// CHECK-LABEL: @not_a_number
func.func @not_a_number(%x: tensor<4x9xf32>) -> (tensor<4xi64>, tensor<9xi64>) {
  %0 = graph.log %x : tensor<4x9xf32>
  %1 = graph.arg_reduce %0 {axis = 1 : i64, largest = true, select_last = false} : (tensor<4x9xf32>) -> tensor<4xi64>
  %2 = graph.arg_reduce %0 {axis = 0 : i64, largest = false, select_last = true} : (tensor<4x9xf32>) -> tensor<9xi64>
  return %1, %2 : tensor<4xi64>, tensor<9xi64>
}

// Of an unknown number of elements places may need 64 bits.
// CHECK-LABEL: @unknown_size
// CHECK-DAG: graph.range %{{.*}} -> tensor<?xi64
// CHECK-NOT: graph.cast
// CHECK: return
#n = affine_map<()[s0] -> (3, s0)>
func.func @unknown_size(%x: tensor<3x?xf32, #n>) -> tensor<3xi64> attributes {tegula.symbols = ["n"]} {
  %0 = graph.arg_reduce %x {axis = 1 : i64, largest = true, select_last = false} : (tensor<3x?xf32, #n>) -> tensor<3xi64>
  return %0 : tensor<3xi64>
}
