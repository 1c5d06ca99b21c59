// A product becomes what one thread of a group does: copies to shared memory a stage ahead, one barrier a step, sums in registers.
// RUN: tegula-opt %s --split-input-file --verify-diagnostics --tegula-emit-blocks --canonicalize --cse | FileCheck %s
// RUN: tegula-equiv %s %s --function product_and_what_follows -O 2 --target sm_80 --device emulator

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
#id = affine_map<(i, j) -> (i, j)>

// CHECK: memref.global "private" @[[LEFT:.*]] : memref<768xf32, 3>
// CHECK: memref.global "private" @[[RIGHT:.*]] : memref<512xf32, 3>
// CHECK-LABEL: tile.kernel @product_and_what_follows
// CHECK-SAME: tegula.group = array<i64: 64, 64>
// CHECK: scf.for %{{.*}} = %c0 to %c4 step %c1
// CHECK: nvvm.read.ptx.sreg.tid.x range <i32, 0, 64>
// CHECK: nvgpu.device_async_copy %{{.*}} : memref<1536xf32> to memref<768xf32, 3>
// CHECK: nvgpu.device_async_copy %{{.*}} : memref<1536xf32> to memref<512xf32, 3>
// CHECK: %[[FIRST:.*]] = nvgpu.device_async_create_group
// CHECK: scf.for %{{.*}} = %c0 to %c3 step %c1
// CHECK-NEXT: nvgpu.device_async_wait %[[FIRST]] {numGroups = 0 : i32}
// CHECK-NEXT: nvvm.barrier0
// CHECK-COUNT-2: nvgpu.device_async_copy
// CHECK: nvgpu.device_async_create_group
// CHECK-COUNT-5: vector.load {{.*}} : memref<{{.*}}xf32, 3>, vector<4xf32>
// CHECK-COUNT-32: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// CHECK-COUNT-4: arith.negf {{.*}} : vector<4xf32>
// CHECK-NOT: linalg.generic
// CHECK: } {tile.grid}
tile.kernel @product_and_what_follows(%x: tensor<64x24xf32>, %w: tensor<24x64xf32>) -> tensor<64x64xf32> schedule(#sched.schedule<contract, lanes = 4, block = <threads = 64, together = 64, rows = 32, columns = 32, depth = 8, threadRows = 4, threadColumns = 4, stages = 2>>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x64xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64x64xf32>) -> tensor<64x64xf32>
  %m = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<64x24xf32>, tensor<24x64xf32>) outs(%f : tensor<64x64xf32>) {
  ^bb0(%l: f32, %r: f32, %s: f32):
    %p = arith.mulf %l, %r : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  } -> tensor<64x64xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%m : tensor<64x64xf32>) outs(%e : tensor<64x64xf32>) {
  ^bb0(%v: f32, %o: f32):
    %n = arith.negf %v : f32
    linalg.yield %n : f32
  } -> tensor<64x64xf32>
  tile.yield %y : tensor<64x64xf32>
}

// -----

// Warps that each compute a cell are only written down.
// CHECK-LABEL: tile.kernel @rows_of_warps
// CHECK-SAME: tegula.group = array<i64: 128, 32>
#id1 = affine_map<(i) -> (i)>
tile.kernel @rows_of_warps(%x: tensor<64xf32>) -> tensor<64xf32> schedule(#sched.schedule<map, block = <threads = 128, together = 32>>) {
  tile.yield %x : tensor<64xf32>
}

// -----

tile.kernel @no_product(%x: tensor<64xf32>) -> tensor<64xf32> schedule(#sched.schedule<contract, block = <threads = 64, together = 64, rows = 32, columns = 32, depth = 8, threadRows = 4, threadColumns = 4, stages = 2>>) { // expected-error {{expected a product of matrices for a schedule with blocks of rows and columns}}
  tile.yield %x : tensor<64xf32>
}
