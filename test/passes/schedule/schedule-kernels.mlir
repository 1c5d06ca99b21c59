// Every kernel gets a schedule from the facts of the machine it is compiled for; one that has a schedule keeps it.
// RUN: tegula-opt %s --tegula-schedule-kernels=machine=x86-64-v3 | FileCheck %s --check-prefixes=CHECK,V3
// RUN: tegula-opt %s --tegula-schedule-kernels=machine=x86-64-v4 | FileCheck %s --check-prefixes=CHECK,V4
// RUN: tegula-opt %s --tegula-schedule-kernels="machine=x86-64-v3 precision=tf32" | FileCheck %s --check-prefixes=CHECK,V3
// RUN: tegula-opt %s --tegula-schedule-kernels=machine=sm_80 | FileCheck %s --check-prefix=STRICT
// RUN: tegula-opt %s --tegula-schedule-kernels="machine=sm_80 precision=tf32" | FileCheck %s --check-prefix=TF32
// RUN: tegula-opt %s --tegula-schedule-kernels=machine=x86-64-v3 | tegula-equiv %s - -O 2 --tolerance 5e-5

#id = affine_map<(i, j) -> (i, j)>

// CHECK-LABEL: tile.kernel @elementwise_takes_vectors
// V3-SAME: schedule(#sched.schedule<map, {{.*}}lanes = 8
// V4-SAME: schedule(#sched.schedule<map, {{.*}}lanes = 16
tile.kernel @elementwise_takes_vectors(%x: tensor<64x256xf32>) -> tensor<64x256xf32> {
  %e = tensor.empty() : tensor<64x256xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<64x256xf32>) outs(%e : tensor<64x256xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<64x256xf32>
  tile.yield %y : tensor<64x256xf32>
}

// CHECK-LABEL: tile.kernel @product_takes_a_register_tile
// V3-SAME: schedule(#sched.schedule<contract, grid = {{.*}}lanes = 8
// V4-SAME: schedule(#sched.schedule<contract, grid = {{.*}}lanes = 16
// STRICT-LABEL: tile.kernel @product_takes_a_register_tile
// STRICT-SAME: block = <threads = {{[0-9]+}}, {{[^>]*}}stages = {{[0-9]+}}>
// TF32-LABEL: tile.kernel @product_takes_a_register_tile
// TF32-SAME: block = <threads = {{.*}}multiply = tf32>
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
tile.kernel @product_takes_a_register_tile(%x: tensor<512x512xf32>, %w: tensor<512x512xf32>) -> tensor<512x512xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<512x512xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<512x512xf32>) -> tensor<512x512xf32>
  %y = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<512x512xf32>, tensor<512x512xf32>) outs(%f : tensor<512x512xf32>) {
  ^bb0(%l: f32, %r: f32, %s: f32):
    %p = arith.mulf %l, %r : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  } -> tensor<512x512xf32>
  tile.yield %y : tensor<512x512xf32>
}

// CHECK-LABEL: tile.kernel @keeps_the_schedule_it_has
// CHECK-SAME: schedule(#sched.schedule<map, tile = [1, 2]>)
tile.kernel @keeps_the_schedule_it_has(%x: tensor<4x4xf32>) -> tensor<4x4xf32> schedule(#sched.schedule<map, tile = [1, 2]>) {
  tile.yield %x : tensor<4x4xf32>
}

// Rows whose number only the run tells are cut into cells by what a row is worth; rows whose length only the run tells stay whole.
// CHECK-LABEL: tile.kernel @unknown_sizes
// CHECK-SAME: schedule(#sched.schedule<map, grid = [<0 : {{[0-9]+}}>]
tile.kernel @unknown_sizes(%x: tensor<?x256xf32>, %n: index) -> tensor<?x256xf32> dims [[0, -1], [0, -1]] {
  %e = tensor.empty(%n) : tensor<?x256xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<?x256xf32>) outs(%e : tensor<?x256xf32>) {
  ^bb0(%a: f32, %b: f32):
    %m = arith.negf %a : f32
    linalg.yield %m : f32
  } -> tensor<?x256xf32>
  tile.yield %y : tensor<?x256xf32>
}

// Weights that do not stay in L2 pass by rows that do: cells of the same rows follow each other.
// CHECK-LABEL: tile.kernel @rows_stay_while_weights_pass
// V3-SAME: grid = [<0 : {{[0-9]+}}>, <1 : {{[0-9]+}}>], loops = [<1 : 16>], tile = [6, 16]
// V4-SAME: grid = [<0 : {{[0-9]+}}>, <1 : {{[0-9]+}}>], loops = [<1 : {{[0-9]+}}>]
#left = affine_map<(i, j, k) -> (i, k)>
#right = affine_map<(i, j, k) -> (k, j)>
#result = affine_map<(i, j, k) -> (i, j)>
tile.kernel @rows_stay_while_weights_pass(%x: tensor<2048x2048xf32>, %w: tensor<2048x2048xf32>) -> tensor<2048x2048xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2048x2048xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2048x2048xf32>) -> tensor<2048x2048xf32>
  %y = linalg.generic {indexing_maps = [#left, #right, #result], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<2048x2048xf32>, tensor<2048x2048xf32>) outs(%f : tensor<2048x2048xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %p = arith.mulf %a, %b : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  } -> tensor<2048x2048xf32>
  tile.yield %y : tensor<2048x2048xf32>
}

// Few rows stay anyhow: weights are read once, by columns.
// CHECK-LABEL: tile.kernel @few_rows
// V3-SAME: grid = [<1 : {{[0-9]+}}>]
// V4-SAME: grid = [<1 : {{[0-9]+}}>]
tile.kernel @few_rows(%x: tensor<12x512xf32>, %w: tensor<512x2048xf32>) -> tensor<12x2048xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<12x2048xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<12x2048xf32>) -> tensor<12x2048xf32>
  %y = linalg.generic {indexing_maps = [#left, #right, #result], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<12x512xf32>, tensor<512x2048xf32>) outs(%f : tensor<12x2048xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %p = arith.mulf %a, %b : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  } -> tensor<12x2048xf32>
  tile.yield %y : tensor<12x2048xf32>
}

// What is read in a step depends on the step before: nothing to share, and no two steps at once.
// CHECK-LABEL: tile.kernel @looks_up_the_best_so_far
// CHECK-SAME: schedule(#sched.schedule<window, tile = [1, {{[48]}}], lanes = {{[48]}}>)
#all = affine_map<(i, k, j) -> (i, k, j)>
#kept = affine_map<(i, k, j) -> (i, j)>
tile.kernel @looks_up_the_best_so_far(%x: tensor<12x16x8xf32>) -> tensor<12x8xi64> {
  %zero = arith.constant 0 : i64
  %e = tensor.empty() : tensor<12x8xi64>
  %f = linalg.fill ins(%zero : i64) outs(%e : tensor<12x8xi64>) -> tensor<12x8xi64>
  %y = linalg.generic {indexing_maps = [#all, #kept], iterator_types = ["parallel", "reduction", "parallel"]} ins(%x : tensor<12x16x8xf32>) outs(%f : tensor<12x8xi64>) {
  ^bb0(%a: f32, %best: i64):
    %i = linalg.index 0 : index
    %k = linalg.index 1 : index
    %j = linalg.index 2 : index
    %at = arith.index_cast %best : i64 to index
    %b = tensor.extract %x[%i, %at, %j] : tensor<12x16x8xf32>
    %more = arith.cmpf ogt, %a, %b : f32
    %now = arith.index_cast %k : index to i64
    %new = arith.select %more, %now, %best : i64
    linalg.yield %new : i64
  } -> tensor<12x8xi64>
  tile.yield %y : tensor<12x8xi64>
}
