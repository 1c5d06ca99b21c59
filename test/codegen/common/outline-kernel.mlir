// A kernel becomes a function on buffers over a range of cells; its result is written in place.
// RUN: tegula-opt %s --tegula-tile-kernel --cse --tegula-outline-kernel | FileCheck %s

#id = affine_map<(i) -> (i)>

// CHECK-LABEL: func.func @two_cells
// CHECK-SAME: (%[[X:.*]]: memref<128xf32>, %[[Y:.*]]: memref<128xf32>, %[[BEGIN:.*]]: index, %[[END:.*]]: index)
// CHECK-SAME: tegula.cells = 2
// CHECK: scf.for %{{.*}} = %[[BEGIN]] to %[[END]] step
// CHECK: bufferization.materialize_in_destination %{{.*}} in restrict writable %[[Y]]
// CHECK: return
tile.kernel @two_cells(%x: tensor<128xf32>) -> tensor<128xf32> schedule(#sched.schedule<map, grid = [<0:64>], tile = [16], lanes = 8>) {
  %e = tensor.empty() : tensor<128xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<128xf32>) outs(%e : tensor<128xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<128xf32>
  tile.yield %y : tensor<128xf32>
}

// CHECK-LABEL: func.func @one_cell
// CHECK-SAME: tegula.cells = 1
tile.kernel @one_cell(%x: tensor<8xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<8xf32>
  tile.yield %y : tensor<8xf32>
}
