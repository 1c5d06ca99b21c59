// Schedules that do not fit the kernel they stand on.
// RUN: tegula-opt %s --tegula-tile-kernel --split-input-file --verify-diagnostics

// expected-error @+1 {{expected a tile size for each of the root's 1 dimensions, got 2}}
tile.kernel @k(%x: tensor<8xf32>) -> tensor<8xf32> schedule(#sched.schedule<map, tile = [4, 4]>) {
  %y = linalg.copy ins(%x : tensor<8xf32>) outs(%x : tensor<8xf32>) -> tensor<8xf32>
  tile.yield %y : tensor<8xf32>
}

// -----

// expected-error @+1 {{expected the schedule to name one of 1 dimensions, got 3}}
tile.kernel @k(%x: tensor<8xf32>) -> tensor<8xf32> schedule(#sched.schedule<map, grid = [<3:4>]>) {
  %y = linalg.copy ins(%x : tensor<8xf32>) outs(%x : tensor<8xf32>) -> tensor<8xf32>
  tile.yield %y : tensor<8xf32>
}

// -----

// expected-error @+1 {{expected blocks of dimension 0 to be multiples of its tile size 4, got 6}}
tile.kernel @k(%x: tensor<32xf32>) -> tensor<32xf32> schedule(#sched.schedule<map, grid = [<0:6>], tile = [4]>) {
  %y = linalg.copy ins(%x : tensor<32xf32>) outs(%x : tensor<32xf32>) -> tensor<32xf32>
  tile.yield %y : tensor<32xf32>
}

// -----

// expected-error @+1 {{expected a tile of one row for the algorithm 'rows', got sizes 4, 8}}
tile.kernel @k(%x: tensor<8x8xf32>) -> tensor<8x8xf32> schedule(#sched.schedule<rows, tile = [4, 8]>) {
  %y = linalg.copy ins(%x : tensor<8x8xf32>) outs(%x : tensor<8x8xf32>) -> tensor<8x8xf32>
  tile.yield %y : tensor<8x8xf32>
}
