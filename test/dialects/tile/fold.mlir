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
