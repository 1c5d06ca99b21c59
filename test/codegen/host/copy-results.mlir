// Whatever @main returns without computing it, or returns twice, goes through a kernel that copies, so that each result has its own buffer.
// RUN: tegula-opt %s --tegula-copy-results | FileCheck %s

// CHECK-LABEL: tile.kernel @copy_4xf32
// CHECK: linalg.generic
// CHECK-LABEL: tile.kernel @negate
tile.kernel @negate(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = linalg.negf ins(%x : tensor<4xf32>) outs(%x : tensor<4xf32>) -> tensor<4xf32>
  tile.yield %y : tensor<4xf32>
}

// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: tensor<4xf32>)
// CHECK: %[[Y:.*]] = tile.launch @negate(%[[X]])
// CHECK: %[[INPUT:.*]] = tile.launch @copy_4xf32(%[[X]])
// CHECK: %[[AGAIN:.*]] = tile.launch @copy_4xf32(%[[Y]])
// CHECK: %[[WEIGHT:.*]] = tile.launch @copy_4xf32(%{{.*}})
// CHECK: return %[[INPUT]], %[[Y]], %[[AGAIN]], %[[WEIGHT]]
func.func @main(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %y = tile.launch @negate(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %w = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  return %x, %y, %y, %w : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
