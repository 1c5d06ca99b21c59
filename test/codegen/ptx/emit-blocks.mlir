// A product becomes what one thread of a group does: copies to shared memory a stage ahead, one barrier a step, sums in registers.
// RUN: tegula-opt %s --split-input-file --verify-diagnostics --tegula-emit-blocks --canonicalize --cse | FileCheck %s
// RUN: tegula-equiv %s %s --function product_and_what_follows -O 2 --target sm_80 --device emulator

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
#id = affine_map<(i, j) -> (i, j)>

// CHECK: memref.global "private" @[[LEFT:.*]] : memref<512xf32, 3>
// CHECK: memref.global "private" @[[RIGHT:.*]] : memref<512xf32, 3>
// CHECK-LABEL: tile.kernel @product_and_what_follows
// CHECK-SAME: tegula.group = array<i64: 64, 64, 4096, 1>
// CHECK: scf.for %{{.*}} = %c0 to %c4 step %c1
// CHECK: nvvm.read.ptx.sreg.tid.x range <i32, 0, 64>
// CHECK: nvgpu.device_async_copy %{{.*}} : memref<1536xf32> to memref<512xf32, 3>
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
tile.kernel @rows_of_warps(%x: tensor<64xf32>) -> tensor<64xf32> schedule(#sched.schedule<rows, block = <threads = 128, together = 32>>) {
  tile.yield %x : tensor<64xf32>
}

// -----

tile.kernel @no_product(%x: tensor<64xf32>) -> tensor<64xf32> schedule(#sched.schedule<contract, block = <threads = 64, together = 64, rows = 32, columns = 32, depth = 8, threadRows = 4, threadColumns = 4, stages = 2>>) { // expected-error {{expected a product of matrices for a schedule with blocks of rows and columns}}
  tile.yield %x : tensor<64xf32>
}

// -----

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>

// Matrix units: 16 rows and 32 columns for each of two warps. Float32 lies in shared memory as it is, and is rounded when it is loaded.
// CHECK: memref.global "private" @{{.*}} : memref<512xf32, 3>
// CHECK: memref.global "private" @{{.*}} : memref<512xf32, 3>
// CHECK-LABEL: tile.kernel @rounded_to_tf32
// CHECK-DAG: nvvm.read.ptx.sreg.tid.x range <i32, 0, 64>
// CHECK-DAG: arith.xori
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<2x2xf32>, vector<2x2xf32>, vector<2x2xf32>, vector<2x2xf32>, index, index)
// CHECK-NEXT: nvgpu.device_async_wait
// CHECK-NEXT: nvvm.barrier0
// CHECK: nvgpu.ldmatrix {{.*}} {numTiles = 4 : i32, transpose = false} : memref<512xf32, 3> -> vector<4x1xf32>
// CHECK-COUNT-4: nvvm.convert.float.to.tf32 {{.*}} {rnd = #nvvm.fp_rnd_mode<rna>}
// CHECK-COUNT-2: vector.load {{.*}} : memref<512xf32, 3>, vector<4xf32>
// CHECK: nvgpu.mma.sync({{.*}}) {mmaShape = [16, 8, 8], tf32Enabled} : (vector<4x1xf32>, vector<2x1xf32>, vector<2x2xf32>) -> vector<2x2xf32>
// CHECK-COUNT-3: nvgpu.mma.sync
// CHECK-NOT: nvgpu.mma.sync
// CHECK: scf.yield
// CHECK-COUNT-4: vector.transfer_write {{.*}} : vector<4xf32>, tensor<64x32xf32>
tile.kernel @rounded_to_tf32(%x: tensor<64x24xf32>, %w: tensor<24x32xf32>) -> tensor<64x32xf32> schedule(#sched.schedule<contract, lanes = 4, block = <threads = 64, together = 64, rows = 32, columns = 32, depth = 8, threadRows = 2, threadColumns = 8, stages = 2, multiply = tf32>>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64x32xf32>) -> tensor<64x32xf32>
  %m = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<64x24xf32>, tensor<24x32xf32>) outs(%f : tensor<64x32xf32>) {
  ^bb0(%l: f32, %r: f32, %s: f32):
    %p = arith.mulf %l, %r : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  } -> tensor<64x32xf32>
  tile.yield %m : tensor<64x32xf32>
}

// -----

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>

// Operands of 16 bits come as they are, the right one transposed; where one of them is float32, it is rounded to the same type.
// CHECK-LABEL: tile.kernel @float32_times_bfloat16
// CHECK: scf.for
// CHECK: nvvm.barrier0
// CHECK: nvgpu.device_async_copy {{.*}}, 8, {{.*}} {bypassL1} : memref<768xbf16> to memref<1024xbf16, 3>
// CHECK-COUNT-2: nvgpu.ldmatrix {{.*}} : memref<1024xf32, 3> -> vector<4x1xf32>
// CHECK-COUNT-4: nvvm.convert.f32x2.to.bf16x2
// CHECK-COUNT-2: nvgpu.ldmatrix {{.*}} {numTiles = 4 : i32, transpose = true} : memref<1024xbf16, 3> -> vector<4x2xbf16>
// CHECK-COUNT-4: nvvm.mma.sync
// CHECK: scf.yield
// CHECK: vector.transfer_write {{.*}} : vector<2xf32>
tile.kernel @float32_times_bfloat16(%x: tensor<64x24xf32>, %w: tensor<24x32xbf16>) -> tensor<64x32xf32> schedule(#sched.schedule<contract, lanes = 4, block = <threads = 64, together = 64, rows = 32, columns = 32, depth = 16, threadRows = 2, threadColumns = 8, stages = 2, multiply = bf16>>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64x32xf32>) -> tensor<64x32xf32>
  %m = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<64x24xf32>, tensor<24x32xbf16>) outs(%f : tensor<64x32xf32>) {
  ^bb0(%l: f32, %r: bf16, %s: f32):
    %q = arith.extf %r : bf16 to f32
    %p = arith.mulf %l, %q : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  } -> tensor<64x32xf32>
  tile.yield %m : tensor<64x32xf32>
}

// -----

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>

tile.kernel @float16_as_bfloat16(%x: tensor<64x24xf16>, %w: tensor<24x32xf16>) -> tensor<64x32xf32> schedule(#sched.schedule<contract, lanes = 4, block = <threads = 64, together = 64, rows = 32, columns = 32, depth = 16, threadRows = 2, threadColumns = 8, stages = 2, multiply = bf16>>) { // expected-error {{expected operands that 'bf16' multiplies, got 'f16' and 'f16'}}
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64x32xf32>) -> tensor<64x32xf32>
  %m = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<64x24xf16>, tensor<24x32xf16>) outs(%f : tensor<64x32xf32>) {
  ^bb0(%l: f16, %r: f16, %s: f32):
    %q = arith.extf %r : f16 to f32
    %o = arith.extf %l : f16 to f32
    %p = arith.mulf %o, %q : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  } -> tensor<64x32xf32>
  tile.yield %m : tensor<64x32xf32>
}

// -----

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>

// More than 48 KB are not declared but asked for at the launch: both names mean the start of what it brings. 128 sums of a thread take
// twice the registers of others.
// CHECK: memref.global "public" @[[LEFT:.*]] : memref<0xf32, 3> {alignment = 16 : i64}
// CHECK: memref.global "public" @[[RIGHT:.*]] : memref<0xf32, 3> {alignment = 16 : i64}
// CHECK-LABEL: tile.kernel @memory_of_the_launch
// CHECK-SAME: tegula.group = array<i64: 128, 128, 98304, 2>
// CHECK-DAG: memref.reinterpret_cast %{{.*}} to offset: [0], sizes: [12288], strides: [1] : memref<0xf32, 3> to memref<12288xf32
// CHECK-DAG: memref.reinterpret_cast %{{.*}} to offset: [12288], sizes: [12288], strides: [1] : memref<0xf32, 3> to memref<12288xf32, strided<[1], offset: 12288>, 3>
tile.kernel @memory_of_the_launch(%x: tensor<128x96xf32>, %w: tensor<96x128xf32>) -> tensor<128x128xf32> schedule(#sched.schedule<contract, lanes = 4, block = <threads = 128, together = 128, rows = 128, columns = 128, depth = 32, threadRows = 8, threadColumns = 16, stages = 3, multiply = tf32>>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<128x128xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<128x128xf32>) -> tensor<128x128xf32>
  %m = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<128x96xf32>, tensor<96x128xf32>) outs(%f : tensor<128x128xf32>) {
  ^bb0(%l: f32, %r: f32, %s: f32):
    %p = arith.mulf %l, %r : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  } -> tensor<128x128xf32>
  tile.yield %m : tensor<128x128xf32>
}

// -----

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>

tile.kernel @more_memory_than_there_is(%x: tensor<128x96xf32>, %w: tensor<96x128xf32>) -> tensor<128x128xf32> schedule(#sched.schedule<contract, lanes = 4, block = <threads = 128, together = 128, rows = 128, columns = 128, depth = 64, threadRows = 8, threadColumns = 16, stages = 4, multiply = tf32>>) { // expected-error {{expected a schedule whose stages fit into the 166912 bytes of shared memory that a group may have, got 262144}}
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<128x128xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<128x128xf32>) -> tensor<128x128xf32>
  %m = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<128x96xf32>, tensor<96x128xf32>) outs(%f : tensor<128x128xf32>) {
  ^bb0(%l: f32, %r: f32, %s: f32):
    %p = arith.mulf %l, %r : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  } -> tensor<128x128xf32>
  tile.yield %m : tensor<128x128xf32>
}
