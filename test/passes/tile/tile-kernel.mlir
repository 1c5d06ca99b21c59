// A scheduled kernel becomes loops over whole tiles; the last tile moves back instead of sticking out.
// RUN: tegula-opt %s --tegula-tile-kernel --cse | FileCheck %s
// RUN: tegula-opt %s --tegula-tile-kernel | tegula-equiv %s -

#id = affine_map<(i) -> (i)>

// CHECK-LABEL: tile.kernel @cells_of_64_hold_tiles_of_16
// CHECK: %[[E:.*]] = tensor.empty() : tensor<128xf32>
// CHECK: scf.for %[[CELL:.*]] = %c0 to %c2 step %c1 iter_args(%[[O:.*]] = %[[E]])
// CHECK: scf.for %[[I:.*]] = %c0 to %c4 step %c1 iter_args(%[[P:.*]] = %[[O]])
// CHECK: %[[AT:.*]] = affine.apply {{.*}}(%[[I]], %[[CELL]])
// CHECK: %[[X:.*]] = tensor.extract_slice %{{.*}}[%[[AT]]] [16] [1] : tensor<128xf32> to tensor<16xf32>
// CHECK: %[[Y:.*]] = linalg.generic {{.*}} ins(%[[X]] : tensor<16xf32>)
// CHECK: tensor.insert_slice %[[Y]] into %[[P]][%[[AT]]] [16] [1] : tensor<16xf32> into tensor<128xf32>
// CHECK: } {tile.grid}
tile.kernel @cells_of_64_hold_tiles_of_16(%x: tensor<128xf32>) -> tensor<128xf32> schedule(#sched.schedule<map, grid = [<0:64>], tile = [16], lanes = 8>) {
  %e = tensor.empty() : tensor<128xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<128xf32>) outs(%e : tensor<128xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<128xf32>
  tile.yield %y : tensor<128xf32>
}

// CHECK-LABEL: tile.kernel @last_tile_moves_back
// CHECK: scf.for %[[I:.*]] = %c0 to %c7 step %c1
// CHECK: %[[OFF:.*]] = affine.apply {{.*}}(%[[I]])
// CHECK: %[[AT:.*]] = arith.minui %[[OFF]], %c84
// CHECK: tensor.extract_slice %{{.*}}[%[[AT]]] [16] [1] : tensor<100xf32> to tensor<16xf32>
// CHECK-NOT: tile.grid
tile.kernel @last_tile_moves_back(%x: tensor<100xf32>) -> tensor<100xf32> schedule(#sched.schedule<map, tile = [16], lanes = 8>) {
  %e = tensor.empty() : tensor<100xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<100xf32>) outs(%e : tensor<100xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<100xf32>
  tile.yield %y : tensor<100xf32>
}

// What the root needs is computed inside the loop, for that tile alone.
// CHECK-LABEL: tile.kernel @producers_move_into_the_loop
// CHECK-NOT: linalg.
// CHECK: scf.for
// CHECK: %[[F:.*]] = linalg.fill {{.*}} -> tensor<4x8xf32>
// CHECK: %[[M:.*]] = linalg.matmul ins(%{{.*}}, %{{.*}} : tensor<4x32xf32>, tensor<32x8xf32>) outs(%[[F]] : tensor<4x8xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[M]] : tensor<4x8xf32>)
// CHECK: tile.yield
#id2 = affine_map<(i, j) -> (i, j)>
tile.kernel @producers_move_into_the_loop(%x: tensor<16x32xf32>, %w: tensor<32x24xf32>) -> tensor<16x24xf32> schedule(#sched.schedule<contract, grid = [<0:8>], tile = [4, 8], lanes = 8>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<16x24xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<16x24xf32>) -> tensor<16x24xf32>
  %m = linalg.matmul ins(%x, %w : tensor<16x32xf32>, tensor<32x24xf32>) outs(%f : tensor<16x24xf32>) -> tensor<16x24xf32>
  %y = linalg.generic {indexing_maps = [#id2, #id2], iterator_types = ["parallel", "parallel"]} ins(%m : tensor<16x24xf32>) outs(%e : tensor<16x24xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<16x24xf32>
  tile.yield %y : tensor<16x24xf32>
}

// CHECK-LABEL: tile.kernel @without_a_schedule_nothing_happens
// CHECK-NOT: scf.for
// CHECK: tile.yield
tile.kernel @without_a_schedule_nothing_happens(%x: tensor<128xf32>) -> tensor<128xf32> {
  %e = tensor.empty() : tensor<128xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<128xf32>) outs(%e : tensor<128xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<128xf32>
  tile.yield %y : tensor<128xf32>
}

// A dimension that only the run tells: cells are counted from the size, the tile fits or a narrower one is taken.
// CHECK-LABEL: tile.kernel @unknown_sizes_choose_a_tile_that_fits
// CHECK-SAME: %[[N:[a-z0-9]+]]: index
// CHECK: %[[CELLS:.*]] = affine.apply {{.*}}(%[[N]])
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[CELLS]]
// CHECK: arith.cmpi uge, %[[N]], %{{.*}} : index
// CHECK: scf.if
// CHECK: extract_slice {{.*}} to tensor<8x4xf32>
// CHECK: else
// CHECK: extract_slice {{.*}} to tensor<2x4xf32>
// CHECK: else
// CHECK: extract_slice {{.*}} to tensor<1x4xf32>
// CHECK: {tile.cells = #{{.*}}, tile.grid}
tile.kernel @unknown_sizes_choose_a_tile_that_fits(%x: tensor<?x4xf32>, %n: index) -> tensor<?x4xf32> dims [[0, -1], [0, -1]] schedule(#sched.schedule<map, grid = [<0:16>], tile = [8, 4], lanes = 4>) {
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %y = linalg.generic {indexing_maps = [#id2, #id2], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %m = arith.negf %a : f32
    linalg.yield %m : f32
  } -> tensor<?x4xf32>
  tile.yield %y : tensor<?x4xf32>
}
