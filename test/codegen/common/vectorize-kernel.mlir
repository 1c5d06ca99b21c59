// Tile programs become reads, arithmetic on vectors of the schedule's lanes, and writes; accumulators stay in registers.
// RUN: tegula-opt %s --tegula-tile-kernel --cse --tegula-vectorize-kernel --cse | FileCheck %s
// RUN: tegula-opt %s --tegula-tile-kernel --cse --tegula-vectorize-kernel | tegula-equiv %s -

#id = affine_map<(i) -> (i)>

// CHECK-LABEL: tile.kernel @elementwise
// CHECK: scf.for
// CHECK: %[[A:.*]] = vector.transfer_read {{.*}} : tensor<128xf32>, vector<8xf32>
// CHECK: %[[N:.*]] = arith.negf %[[A]] : vector<8xf32>
// CHECK: vector.transfer_write %[[N]]
// CHECK: arith.negf {{.*}} : vector<8xf32>
// CHECK-NOT: linalg.generic
tile.kernel @elementwise(%x: tensor<128xf32>) -> tensor<128xf32> schedule(#sched.schedule<map, grid = [<0:64>], tile = [16], lanes = 8>) {
  %e = tensor.empty() : tensor<128xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<128xf32>) outs(%e : tensor<128xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<128xf32>
  tile.yield %y : tensor<128xf32>
}

// Two rows of two vectors: four accumulators run through the reduction, the negation happens on them, each is written once.
// CHECK-LABEL: tile.kernel @product_and_what_follows
// CHECK: scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK-COUNT-4: {{math.fma|vector.fma|llvm.intr.fma}} {{.*}} : vector<8xf32>
// CHECK: scf.yield
// CHECK-COUNT-4: arith.negf {{.*}} : vector<8xf32>
// CHECK-NOT: linalg.generic
// CHECK: tile.yield
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
#id2 = affine_map<(i, j) -> (i, j)>
tile.kernel @product_and_what_follows(%x: tensor<4x32xf32>, %w: tensor<32x16xf32>) -> tensor<4x16xf32> schedule(#sched.schedule<contract, tile = [2, 16], lanes = 8>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x16xf32>) -> tensor<4x16xf32>
  %m = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<4x32xf32>, tensor<32x16xf32>) outs(%f : tensor<4x16xf32>) {
  ^bb0(%l: f32, %r: f32, %s: f32):
    %p = arith.mulf %l, %r : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  } -> tensor<4x16xf32>
  %y = linalg.generic {indexing_maps = [#id2, #id2], iterator_types = ["parallel", "parallel"]} ins(%m : tensor<4x16xf32>) outs(%e : tensor<4x16xf32>) {
  ^bb0(%v: f32, %o: f32):
    %n = arith.negf %v : f32
    linalg.yield %n : f32
  } -> tensor<4x16xf32>
  tile.yield %y : tensor<4x16xf32>
}
