// Views of views are one view, and a view that changes nothing is none.
// RUN: tegula-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @drops_a_view_that_changes_nothing
// CHECK-SAME: (%[[X:.*]]: tensor<2x3xf32>)
func.func @drops_a_view_that_changes_nothing(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // CHECK-NEXT: return %[[X]]
  %y = tile.view %x : tensor<2x3xf32> to tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @drops_views_there_and_back
// CHECK-SAME: (%[[X:.*]]: tensor<2x3xf32>)
func.func @drops_views_there_and_back(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // CHECK-NEXT: return %[[X]]
  %y = tile.view %x : tensor<2x3xf32> to tensor<6xf32>
  %z = tile.view %y : tensor<6xf32> to tensor<2x3xf32>
  return %z : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @joins_two_views
// CHECK-SAME: (%[[X:.*]]: tensor<2x3xf32>)
func.func @joins_two_views(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  // CHECK-NEXT: %[[Y:.*]] = tile.view %[[X]] : tensor<2x3xf32> to tensor<3x2xf32>
  // CHECK-NEXT: return %[[Y]]
  %y = tile.view %x : tensor<2x3xf32> to tensor<6xf32>
  %z = tile.view %y : tensor<6xf32> to tensor<3x2xf32>
  return %z : tensor<3x2xf32>
}

// CHECK-LABEL: func.func @keeps_one_view
func.func @keeps_one_view(%x: tensor<2x3xf32>) -> tensor<6xf32> {
  // CHECK: tile.view
  %y = tile.view %x : tensor<2x3xf32> to tensor<6xf32>
  return %y : tensor<6xf32>
}

// CHECK-LABEL: func.func @drops_views_there_and_back_of_one_unknown_size
// CHECK-SAME: (%[[X:[^:]*]]: tensor<?x3xf32>
func.func @drops_views_there_and_back_of_one_unknown_size(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
  // CHECK-NEXT: return %[[X]]
  %n = tile.size affine_map<()[s0] -> (s0)>
  %m = tile.size affine_map<()[s0] -> (s0 * 3)>
  %y = tile.view %x sizes(%m) : tensor<?x3xf32> to tensor<?xf32>
  %z = tile.view %y sizes(%n) : tensor<?xf32> to tensor<?x3xf32>
  return %z : tensor<?x3xf32>
}

// CHECK-LABEL: func.func @drops_views_to_the_same_sizes
// CHECK-SAME: (%[[X:[^:]*]]: tensor<?x?xf32>
func.func @drops_views_to_the_same_sizes(%x: tensor<?x?xf32> {tegula.dims = affine_map<()[s0, s1] -> (s0, s1)>}) -> tensor<?x?xf32> {
  // CHECK-NEXT: return %[[X]]
  %m = tile.size affine_map<()[s0] -> (s0)>
  %n = tile.size affine_map<()[s0, s1] -> (s1)>
  %z = tile.view %x sizes(%m, %n) : tensor<?x?xf32> to tensor<?x?xf32>
  return %z : tensor<?x?xf32>
}

// CHECK-LABEL: func.func @keeps_a_view_to_other_sizes
func.func @keeps_a_view_to_other_sizes(%x: tensor<?x?xf32> {tegula.dims = affine_map<()[s0, s1] -> (s0, s1)>}) -> tensor<?x?xf32> {
  // CHECK: tile.view
  %m = tile.size affine_map<()[s0] -> (s0)>
  %n = tile.size affine_map<()[s0, s1] -> (s1)>
  %z = tile.view %x sizes(%n, %m) : tensor<?x?xf32> to tensor<?x?xf32>
  return %z : tensor<?x?xf32>
}
