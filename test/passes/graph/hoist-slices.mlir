// Tensors are cut before operations where that computes no element twice.
// RUN: tegula-opt %s --tegula-hoist-slices | FileCheck %s
// RUN: tegula-opt %s --tegula-hoist-slices | tegula-equiv %s -

// CHECK-LABEL: @splits_a_product
// CHECK-SAME: (%[[X:.*]]: tensor<2x4xf32>)
// CHECK-NOT: graph.slice %{{.*}} : (tensor<2x8xf32>)
// CHECK-DAG: %[[P:.*]] = graph.matmul %[[X]], %{{.*}} : (tensor<2x4xf32>, tensor<4x4xf32>)
// CHECK-DAG: %[[Q:.*]] = graph.matmul %[[X]], %{{.*}} : (tensor<2x4xf32>, tensor<4x4xf32>)
// CHECK-DAG: %[[U:.*]] = graph.add %[[P]], %{{.*}} : (tensor<2x4xf32>, tensor<4xf32>)
// CHECK-DAG: %[[V:.*]] = graph.add %[[Q]], %{{.*}} : (tensor<2x4xf32>, tensor<4xf32>)
// CHECK: return %[[U]], %[[V]]
func.func @splits_a_product(%x: tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  %w = graph.constant dense_resource<weights32> : tensor<4x8xf32>
  %b = graph.constant dense<1.0> : tensor<8xf32>
  %1 = graph.matmul %x, %w : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %2 = graph.add %1, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %3 = graph.slice %2 {starts = array<i64: 0, 0>, steps = array<i64: 1, 1>} : (tensor<2x8xf32>) -> tensor<2x4xf32>
  %4 = graph.slice %2 {starts = array<i64: 0, 4>, steps = array<i64: 1, 1>} : (tensor<2x8xf32>) -> tensor<2x4xf32>
  return %3, %4 : tensor<2x4xf32>, tensor<2x4xf32>
}

// CHECK-LABEL: @cuts_before_moving
// CHECK-SAME: (%[[X:.*]]: tensor<4x96xf32>)
// CHECK: %[[S:.*]] = graph.slice %[[X]] {starts = array<i64: 0, 32>, steps = array<i64: 1, 1>} : (tensor<4x96xf32>) -> tensor<4x32xf32>
// CHECK: %[[R:.*]] = graph.reshape %[[S]] : (tensor<4x32xf32>) -> tensor<4x1x2x16xf32>
// CHECK: graph.transpose %[[R]] {perm = array<i64: 1, 2, 0, 3>} : (tensor<4x1x2x16xf32>) -> tensor<1x2x4x16xf32>
func.func @cuts_before_moving(%x: tensor<4x96xf32>) -> tensor<1x2x4x16xf32> {
  %1 = graph.reshape %x : (tensor<4x96xf32>) -> tensor<4x3x2x16xf32>
  %2 = graph.transpose %1 {perm = array<i64: 1, 2, 0, 3>} : (tensor<4x3x2x16xf32>) -> tensor<3x2x4x16xf32>
  %3 = graph.slice %2 {starts = array<i64: 1, 0, 0, 0>, steps = array<i64: 1, 1, 1, 1>} : (tensor<3x2x4x16xf32>) -> tensor<1x2x4x16xf32>
  return %3 : tensor<1x2x4x16xf32>
}

// CHECK-LABEL: @keeps_a_product_that_is_used_whole
// CHECK: %[[P:.*]] = graph.matmul
// CHECK: graph.slice %[[P]]
func.func @keeps_a_product_that_is_used_whole(%x: tensor<2x4xf32>) -> (tensor<2x8xf32>, tensor<2x4xf32>) {
  %w = graph.constant dense_resource<weights32> : tensor<4x8xf32>
  %1 = graph.matmul %x, %w : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %2 = graph.slice %1 {starts = array<i64: 0, 0>, steps = array<i64: 1, 1>} : (tensor<2x8xf32>) -> tensor<2x4xf32>
  return %1, %2 : tensor<2x8xf32>, tensor<2x4xf32>
}

// CHECK-LABEL: @keeps_narrow_slices
// CHECK: %[[P:.*]] = graph.matmul
// CHECK: graph.slice %[[P]]
func.func @keeps_narrow_slices(%x: tensor<2x12xf32>) -> tensor<2x2xf32> {
  %w = graph.constant dense_resource<weights48> : tensor<12x4xf32>
  %1 = graph.matmul %x, %w : (tensor<2x12xf32>, tensor<12x4xf32>) -> tensor<2x4xf32>
  %2 = graph.slice %1 {starts = array<i64: 0, 0>, steps = array<i64: 1, 1>} : (tensor<2x4xf32>) -> tensor<2x2xf32>
  return %2 : tensor<2x2xf32>
}

// CHECK-LABEL: @keeps_overlapping_slices
// CHECK: %[[T:.*]] = graph.transpose
// CHECK: graph.slice %[[T]]
// CHECK: graph.slice %[[T]]
func.func @keeps_overlapping_slices(%x: tensor<8x4xf32>) -> (tensor<4x6xf32>, tensor<4x6xf32>) {
  %1 = graph.transpose %x {perm = array<i64: 1, 0>} : (tensor<8x4xf32>) -> tensor<4x8xf32>
  %2 = graph.slice %1 {starts = array<i64: 0, 0>, steps = array<i64: 1, 1>} : (tensor<4x8xf32>) -> tensor<4x6xf32>
  %3 = graph.slice %1 {starts = array<i64: 0, 2>, steps = array<i64: 1, 1>} : (tensor<4x8xf32>) -> tensor<4x6xf32>
  return %2, %3 : tensor<4x6xf32>, tensor<4x6xf32>
}

#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#inputs = affine_map<()[s0, s1] -> (s0, s1, 4)>
#split = affine_map<()[s0, s1] -> (s0, s1, 2, 4)>
#part = affine_map<()[s0, s1] -> (s0, s1, 1, 4)>
// CHECK-LABEL: @splits_a_product_of_symbolic_rows
// CHECK-SAME: (%[[X:.*]]: tensor
// CHECK-DAG: %[[P:.*]] = graph.matmul %[[X]], %{{.*}} : (tensor<?x?x4xf32, #[[R:.*]]>, tensor<4x4xf32>) -> tensor<?x?x4xf32, #[[R]]>
// CHECK-DAG: %[[Q:.*]] = graph.matmul %[[X]], %{{.*}} : (tensor<?x?x4xf32, #[[R]]>, tensor<4x4xf32>) -> tensor<?x?x4xf32, #[[R]]>
// CHECK-NOT: graph.slice
// CHECK: return
func.func @splits_a_product_of_symbolic_rows(%x: tensor<?x?x4xf32, #inputs>) -> (tensor<?x?x1x4xf32, #part>, tensor<?x?x1x4xf32, #part>) attributes {tegula.symbols = ["a", "b"]} {
  %w = graph.constant dense_resource<weights32> : tensor<4x8xf32>
  %1 = graph.matmul %x, %w : (tensor<?x?x4xf32, #inputs>, tensor<4x8xf32>) -> tensor<?x?x8xf32, #rows>
  %2 = graph.reshape %1 : (tensor<?x?x8xf32, #rows>) -> tensor<?x?x2x4xf32, #split>
  %3 = graph.slice %2 {starts = array<i64: 0, 0, 0, 0>, steps = array<i64: 1, 1, 1, 1>} : (tensor<?x?x2x4xf32, #split>) -> tensor<?x?x1x4xf32, #part>
  %4 = graph.slice %2 {starts = array<i64: 0, 0, 1, 0>, steps = array<i64: 1, 1, 1, 1>} : (tensor<?x?x2x4xf32, #split>) -> tensor<?x?x1x4xf32, #part>
  return %3, %4 : tensor<?x?x1x4xf32, #part>, tensor<?x?x1x4xf32, #part>
}

{-#
  dialect_resources: {
    builtin: {
      weights32: "0x040000000000803D0000D0BF0000303F000080BF0000A83F0000C0BE0000F83F0000803E0000B8BF0000603F000050BF0000C03F000040BE0000F0BF0000E03E0000A0BF0000883F000020BF0000D83F000000000000D8BF0000203F000088BF0000A03F0000E0BE0000F03F0000403E0000C0BF0000503F000060BF0000B83F000080BE",
      weights48: "0x04000000000070BF0000B03F0000A0BE000000400000A03E0000B0BF0000703F000040BF0000C83F000000BE0000E8BF0000003F000098BF0000903F000010BF0000E03F0000803D0000D0BF0000303F000080BF0000A83F0000C0BE0000F83F0000803E0000B8BF0000603F000050BF0000C03F000040BE0000F0BF0000E03E0000A0BF0000883F000020BF0000D83F000000000000D8BF0000203F000088BF0000A03F0000E0BE0000F03F0000403E0000C0BF0000503F000060BF0000B83F000080BE"
    }
  }
#-}

// Past any number of operations.
// CHECK-LABEL: @cuts_before_a_long_chain
// CHECK-SAME: (%[[X:.*]]: tensor<2x8xf32>)
// CHECK: %[[S:.*]] = graph.slice %[[X]] {starts = array<i64: 0, 5>, steps = array<i64: 1, 1>} : (tensor<2x8xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: graph.neg %[[S]]
// CHECK-NOT: graph.slice
// CHECK: return
func.func @cuts_before_a_long_chain(%x: tensor<2x8xf32>) -> tensor<2x3xf32> {
  %1 = graph.neg %x : tensor<2x8xf32>
  %2 = graph.abs %1 : tensor<2x8xf32>
  %3 = graph.exp %2 : tensor<2x8xf32>
  %4 = graph.sin %3 : tensor<2x8xf32>
  %5 = graph.abs %4 : tensor<2x8xf32>
  %6 = graph.sqrt %5 : tensor<2x8xf32>
  %7 = graph.tanh %6 : tensor<2x8xf32>
  %8 = graph.neg %7 : tensor<2x8xf32>
  %9 = graph.exp %8 : tensor<2x8xf32>
  %10 = graph.cos %9 : tensor<2x8xf32>
  %11 = graph.exp %10 : tensor<2x8xf32>
  %12 = graph.tanh %11 : tensor<2x8xf32>
  %13 = graph.neg %12 : tensor<2x8xf32>
  %14 = graph.slice %13 {starts = array<i64: 0, 5>, steps = array<i64: 1, 1>} : (tensor<2x8xf32>) -> tensor<2x3xf32>
  return %14 : tensor<2x3xf32>
}
