// Pieces of pieces become pieces, in a tree where they are many.
// RUN: tegula-opt %s --tegula-merge-concats | FileCheck %s
// RUN: tegula-opt %s --tegula-merge-concats | tegula-equiv %s -
// RUN: tegula-opt %s --tegula-merge-concats --tegula-merge-concats | FileCheck %s

// CHECK-LABEL: @merges_in_order
// CHECK-SAME: (%[[X:.*]]: tensor<2xf32>, %[[Y:.*]]: tensor<3xf32>, %[[Z:.*]]: tensor<4xf32>)
// CHECK-NEXT: graph.concat %[[X]], %[[Y]], %[[Z]], %[[Y]] {axis = 0 : i64}
// CHECK-NEXT: return
func.func @merges_in_order(%x: tensor<2xf32>, %y: tensor<3xf32>, %z: tensor<4xf32>) -> tensor<12xf32> {
  %1 = graph.concat %y, %z {axis = 0 : i64} : (tensor<3xf32>, tensor<4xf32>) -> tensor<7xf32>
  %2 = graph.concat %x, %1 {axis = 0 : i64} : (tensor<2xf32>, tensor<7xf32>) -> tensor<9xf32>
  %3 = graph.concat %2, %y {axis = 0 : i64} : (tensor<9xf32>, tensor<3xf32>) -> tensor<12xf32>
  return %3 : tensor<12xf32>
}

// CHECK-LABEL: @leaves_out_what_is_empty
// CHECK-SAME: (%[[X:.*]]: tensor<2xf32>, %[[N:.*]]: tensor<0xf32>)
// CHECK-NEXT: graph.concat %[[X]], %[[X]] {axis = 0 : i64}
func.func @leaves_out_what_is_empty(%x: tensor<2xf32>, %n: tensor<0xf32>) -> tensor<4xf32> {
  %1 = graph.concat %x, %n, %x {axis = 0 : i64} : (tensor<2xf32>, tensor<0xf32>, tensor<2xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: @keeps_what_others_read
// CHECK: %[[C:.*]] = graph.concat
// CHECK-NEXT: graph.concat %{{.*}}, %[[C]]
func.func @keeps_what_others_read(%x: tensor<2xf32>, %y: tensor<3xf32>) -> (tensor<5xf32>, tensor<7xf32>) {
  %1 = graph.concat %x, %y {axis = 0 : i64} : (tensor<2xf32>, tensor<3xf32>) -> tensor<5xf32>
  %2 = graph.concat %x, %1 {axis = 0 : i64} : (tensor<2xf32>, tensor<5xf32>) -> tensor<7xf32>
  return %1, %2 : tensor<5xf32>, tensor<7xf32>
}

// CHECK-LABEL: @keeps_other_axes
// CHECK: %[[C:.*]] = graph.concat {{.*}}axis = 1
// CHECK-NEXT: graph.concat %[[C]], %{{.*}} {axis = 0
func.func @keeps_other_axes(%x: tensor<2x2xf32>, %y: tensor<1x4xf32>) -> tensor<3x4xf32> {
  %1 = graph.concat %x, %x {axis = 1 : i64} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x4xf32>
  %2 = graph.concat %1, %y {axis = 0 : i64} : (tensor<2x4xf32>, tensor<1x4xf32>) -> tensor<3x4xf32>
  return %2 : tensor<3x4xf32>
}

// CHECK-LABEL: @joins_many_in_a_tree
// CHECK: %[[A:.*]] = graph.concat {{.*}} -> tensor<40xf32>
// CHECK-NEXT: %[[B:.*]] = graph.concat {{.*}} -> tensor<37xf32>
// CHECK-NEXT: graph.concat %[[A]], %[[B]] {axis = 0 : i64} : (tensor<40xf32>, tensor<37xf32>) -> tensor<77xf32>
// CHECK-NEXT: return
func.func @joins_many_in_a_tree(%x: tensor<2xf32>, %y: tensor<3xf32>) -> tensor<77xf32> {
  %1 = graph.concat %y, %x, %x, %y, %x, %x, %y, %x, %x, %y, %x, %x, %y, %x, %x, %y, %x, %x, %y, %x, %x, %y, %x, %x, %y, %x, %x, %y, %x, %x, %y, %x, %x {axis = 0 : i64} : (tensor<3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<3xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<77xf32>
  return %1 : tensor<77xf32>
}

// Sizes that a run chooses are summed up.
// CHECK-LABEL: @symbolic
// CHECK: graph.concat %{{.*}}, %{{.*}}, %{{.*}} {axis = 0 : i64}
// CHECK-NEXT: return
#n = affine_map<()[s0] -> (s0)>
#n2 = affine_map<()[s0] -> (s0 + 2)>
#nn2 = affine_map<()[s0] -> (s0 * 2 + 2)>
func.func @symbolic(%x: tensor<?xf32, #n>, %y: tensor<2xf32>) -> tensor<?xf32, #nn2> attributes {tegula.symbols = ["n"]} {
  %1 = graph.concat %x, %y {axis = 0 : i64} : (tensor<?xf32, #n>, tensor<2xf32>) -> tensor<?xf32, #n2>
  %2 = graph.concat %1, %x {axis = 0 : i64} : (tensor<?xf32, #n2>, tensor<?xf32, #n>) -> tensor<?xf32, #nn2>
  return %2 : tensor<?xf32, #nn2>
}
