// What a kernel does under its schedule is said as a remark; the module stays as it is.
// RUN: tegula-opt %s --tegula-account-kernels=machine=znver3 --remark-format=emitRemark --remarks-filter=cost -o %t.mlir 2>&1 | FileCheck %s
// RUN: tegula-opt %s --tegula-account-kernels=machine=h100 --remark-format=emitRemark --remarks-filter=cost -o %t.gpu.mlir 2>&1 | FileCheck %s --check-prefix=GPU
// RUN: tegula-opt %s -o %t.same.mlir && cmp %t.mlir %t.same.mlir && cmp %t.gpu.mlir %t.same.mlir
// RUN: tegula-opt %s --tegula-account-kernels -o %t.quiet.mlir 2>&1 | count 0
// RUN: tegula-opt %s --tegula-account-kernels | tegula-equiv %s - --dim 1=3
// RUN: not tegula-opt %s --tegula-account-kernels=machine=abacus 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: expected a machine that is known, got 'abacus'

#id = affine_map<(i, j) -> (i, j)>
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>

// 2 * 64 * 64 * 256 operations; both operands and the result once.
// CHECK: Bound=multiply-adds, {{.*}}Cells=8, {{.*}}Flops=2097152, Kernel=product, {{.*}}Open=false, TensorBytes=147456
tile.kernel @product(%x: tensor<64x256xf32>, %w: tensor<256x64xf32>) -> tensor<64x64xf32> schedule(#sched.schedule<contract, grid = [<0 : 8>], tile = [4, 16], lanes = 8, unroll = 4>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x64xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64x64xf32>) -> tensor<64x64xf32>
  %y = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<64x256xf32>, tensor<256x64xf32>) outs(%f : tensor<64x64xf32>) {
  ^bb0(%l: f32, %r: f32, %s: f32):
    %p = arith.mulf %l, %r : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  } -> tensor<64x64xf32>
  tile.yield %y : tensor<64x64xf32>
}

// 64 MiB in and out do not stay in any cache.
// CHECK: Bound=memory, {{.*}}BytesMemory=134217728, {{.*}}Kernel=stream
// GPU: Bound=memory, {{.*}}BytesMemory=134217728, {{.*}}Kernel=stream
tile.kernel @stream(%x: tensor<4096x4096xf32>) -> tensor<4096x4096xf32> schedule(#sched.schedule<map, grid = [<0 : 128>], tile = [1, 32], lanes = 8>) {
  %e = tensor.empty() : tensor<4096x4096xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4096x4096xf32>) outs(%e : tensor<4096x4096xf32>) {
  ^bb0(%v: f32, %o: f32):
    %n = arith.negf %v : f32
    linalg.yield %n : f32
  } -> tensor<4096x4096xf32>
  tile.yield %y : tensor<4096x4096xf32>
}

// Of a table only the rows that are taken are read: 4 rows of 8 elements and 4 indices in, 4 rows out.
// CHECK: Bound=launch, {{.*}}Kernel=rows_of_a_table, {{.*}}TensorBytes=288
tile.kernel @rows_of_a_table(%table: tensor<30000x8xf32>, %which: tensor<4xi64>) -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, #id], iterator_types = ["parallel", "parallel"]} ins(%which : tensor<4xi64>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%w: i64, %o: f32):
    %i = arith.index_cast %w : i64 to index
    %j = linalg.index 1 : index
    %v = tensor.extract %table[%i, %j] : tensor<30000x8xf32>
    linalg.yield %v : f32
  } -> tensor<4x8xf32>
  tile.yield %y : tensor<4x8xf32>
}

// What only the run tells is assumed for numbers, and stands in formulas.
// CHECK: Kernel=open_rows, {{.*}}Open=true, OpenBytes="affine_map<()[s0] -> (s0 * 64)>", OpenFlops="affine_map<()[s0] -> (s0 * 8)>"
tile.kernel @open_rows(%x: tensor<?x8xf32>, %n: index) -> tensor<?x8xf32> dims [[0, -1], [0, -1]] schedule(#sched.schedule<map, grid = [<0 : 32>], tile = [1, 8], lanes = 8>) {
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%v: f32, %o: f32):
    %m = arith.negf %v : f32
    linalg.yield %m : f32
  } -> tensor<?x8xf32>
  tile.yield %y : tensor<?x8xf32>
}
