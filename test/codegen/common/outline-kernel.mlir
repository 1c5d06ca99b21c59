// A kernel becomes a function on buffers over a range of cells; its result is written in place.
// RUN: tegula-opt %s --tegula-tile-kernel --cse --tegula-outline-kernel | FileCheck %s
// RUN: tegula-equiv %s %s -O 2 --threads 2

#id = affine_map<(i) -> (i)>

// CHECK: #[[$CELLS:.*]] = affine_map<()[s0] -> (s0 floordiv 4)>
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

// Sizes follow the buffers, of which only the address is known; the strides are computed from them.
// CHECK-LABEL: func.func @sized
// CHECK-SAME: (%[[X:.*]]: memref<f32>, %[[Y:.*]]: memref<f32>, %[[N:.*]]: index, %[[M:.*]]: index, %{{.*}}: index, %{{.*}}: index)
// CHECK-SAME: tegula.cells = 1
// CHECK: %[[STRIDE:.*]] = arith.muli %{{.*}}, %[[M]]
// CHECK: %[[IN:.*]] = memref.reinterpret_cast %[[X]] to offset: [0], sizes: [%[[N]], %[[M]], 2], strides: [%[[STRIDE]], 2, 1] : memref<f32> to memref<?x?x2xf32>
// CHECK: %[[OUT:.*]] = memref.reinterpret_cast %[[Y]]
// CHECK: bufferization.to_tensor %[[IN]] restrict
// CHECK: bufferization.materialize_in_destination %{{.*}} in restrict writable %[[OUT]]
#cube = affine_map<(i, j, k) -> (i, j, k)>
tile.kernel @sized(%x: tensor<?x?x2xf32>, %n: index, %m: index) -> tensor<?x?x2xf32> dims [[0, 1, -1], [0, 1, -1]] {
  %e = tensor.empty(%n, %m) : tensor<?x?x2xf32>
  %y = linalg.generic {indexing_maps = [#cube, #cube], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x : tensor<?x?x2xf32>) outs(%e : tensor<?x?x2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %r = arith.negf %a : f32
    linalg.yield %r : f32
  } -> tensor<?x?x2xf32>
  tile.yield %y : tensor<?x?x2xf32>
}

// A grid whose extent the sizes decide says how many cells it has.
// CHECK-LABEL: func.func @cells_of_sizes
// CHECK-SAME: %[[N:[^ ]*]]: index, %[[BEGIN:[^ ]*]]: index, %[[END:.*]]: index)
// CHECK-SAME: tegula.cells = #[[$CELLS]]}
// CHECK: scf.for %{{.*}} = %[[BEGIN]] to %[[END]] step
tile.kernel @cells_of_sizes(%x: tensor<?xf32>, %n: index) -> tensor<?xf32> dims [[0], [0]] {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %cells = arith.floordivsi %n, %c4 : index
  %e = tensor.empty(%n) : tensor<?xf32>
  %y = scf.for %i = %c0 to %cells step %c1 iter_args(%o = %e) -> tensor<?xf32> {
    %at = arith.muli %i, %c4 : index
    %s = tensor.extract_slice %x[%at] [4] [1] : tensor<?xf32> to tensor<4xf32>
    %r = tensor.insert_slice %s into %o[%at] [4] [1] : tensor<4xf32> into tensor<?xf32>
    scf.yield %r : tensor<?xf32>
  } {tile.grid, tile.cells = affine_map<()[s0] -> (s0 floordiv 4)>}
  tile.yield %y : tensor<?xf32>
}
