// Rows that threads share: neighbouring threads take neighbouring vectors, shuffles and shared memory combine what they have.
// RUN: tegula-opt %s --split-input-file --verify-diagnostics --tegula-emit-rows --canonicalize --cse | FileCheck %s
// RUN: tegula-equiv %s %s --function divided_by_its_sum -O 2 --target sm_80 --device emulator
// RUN: tegula-equiv %s %s --function greatest_of_long_rows -O 2 --target sm_80 --device emulator

#xy = affine_map<(i, j) -> (i, j)>
#x = affine_map<(i, j) -> (i)>

// A warp a row, four rows a group. What the sum reads is still there for the quotient.
// CHECK-LABEL: tile.kernel @divided_by_its_sum(
// CHECK-SAME: %[[X:.*]]: tensor<8x256xf32>
// CHECK: scf.for %[[ROW:.*]] = %c0 to %c8 step %c1
// CHECK: nvvm.read.ptx.sreg.tid.x range <i32, 0, 128>
// CHECK: %[[LANE:.*]] = arith.remui %{{.*}}, %c32
// CHECK: %[[FIRST:.*]] = arith.muli %[[LANE]], %c4
// CHECK: %[[A:.*]] = vector.transfer_read %[[X]][%[[ROW]], %[[FIRST]]]
// CHECK: %[[NEXT:.*]] = arith.addi %[[FIRST]], %c128
// CHECK: %[[B:.*]] = vector.transfer_read %[[X]][%[[ROW]], %[[NEXT]]]
// CHECK-NOT: transfer_read
// CHECK: vector.reduction <add>
// CHECK: nvvm.shfl.sync bfly %c-1_i32, %{{.*}}, %c1_i32, %c31_i32 : f32 -> f32
// CHECK-NEXT: arith.addf
// CHECK-COUNT-4: nvvm.shfl.sync bfly
// CHECK-NEXT: %[[SUM:.*]] = arith.addf
// CHECK-NOT: nvvm.shfl.sync
// CHECK: arith.divf %[[A]]
// CHECK: vector.transfer_write
// CHECK: arith.divf %[[B]]
// CHECK: vector.transfer_write
// CHECK-NOT: linalg.generic
// CHECK: } {tile.grid}
tile.kernel @divided_by_its_sum(%x: tensor<8x256xf32>) -> tensor<8x256xf32> schedule(#sched.schedule<rows, lanes = 4, unroll = 2, block = <threads = 128, together = 32>>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %s = linalg.generic {indexing_maps = [#xy, #x], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x256xf32>) outs(%f : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %t = arith.addf %o, %a : f32
    linalg.yield %t : f32
  } -> tensor<8xf32>
  %r = tensor.empty() : tensor<8x256xf32>
  %y = linalg.generic {indexing_maps = [#xy, #x, #xy], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<8x256xf32>, tensor<8xf32>) outs(%r : tensor<8x256xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %q = arith.divf %a, %b : f32
    linalg.yield %q : f32
  } -> tensor<8x256xf32>
  tile.yield %y : tensor<8x256xf32>
}

// -----

#xy = affine_map<(i, j) -> (i, j)>
#x = affine_map<(i, j) -> (i)>

// A whole group a row that is a loop, and not a multiple of what the group takes at once: beyond its end the last vector is read and not counted.
// CHECK: memref.global "private" @greatest_of_long_rows_row0 : memref<2xf32, 3>
// CHECK-LABEL: tile.kernel @greatest_of_long_rows(
// CHECK: %[[FAR:.*]] = scf.for %{{.*}} = %c0 to %c768 step %c256
// CHECK: arith.maximumf
// CHECK: %[[START:.*]] = arith.addi %{{.*}}, %c768
// CHECK: %[[INSIDE:.*]] = arith.cmpi ult, %[[START]], %c1000
// CHECK: arith.minui %[[START]], %c996
// CHECK: arith.select %[[INSIDE]], %{{.*}}, %[[FAR]] : vector<4xf32>
// CHECK-COUNT-5: nvvm.shfl.sync
// CHECK: scf.if
// CHECK-NEXT: arith.divui
// CHECK-NEXT: memref.store
// CHECK: nvvm.barrier0
// CHECK: memref.load
// CHECK: nvvm.shfl.sync
// CHECK-NOT: nvvm.shfl.sync
// CHECK: tensor.insert
tile.kernel @greatest_of_long_rows(%x: tensor<3x1000xf32>) -> tensor<3xf32> schedule(#sched.schedule<rows, lanes = 4, block = <threads = 64, together = 64>>) {
  %least = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<3xf32>
  %f = linalg.fill ins(%least : f32) outs(%e : tensor<3xf32>) -> tensor<3xf32>
  %m = linalg.generic {indexing_maps = [#xy, #x], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<3x1000xf32>) outs(%f : tensor<3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %t = arith.maximumf %o, %a : f32
    linalg.yield %t : f32
  } -> tensor<3xf32>
  tile.yield %m : tensor<3xf32>
}

// -----

#xy = affine_map<(i, j) -> (i, j)>
#x = affine_map<(i, j) -> (i)>

// Rows of open length, element by element: written out where they are short enough, else loops. Words of 64 bits travel in two.
// CHECK: #[[$CELLS:.*]] = affine_map<()[s0, s1] -> (s0)>
// CHECK-LABEL: tile.kernel @sum_of_open_rows(
// CHECK-SAME: tensor<?x?xi64>, %[[N:[^:]*]]: index, %[[M:[^:]*]]: index
// CHECK: scf.for %{{.*}} = %c0 to %[[N]] step %c1
// CHECK: %[[SHORT:.*]] = arith.cmpi ule, %[[M]], %c8
// CHECK: %[[ANY:.*]] = arith.cmpi uge, %[[M]], %c1
// CHECK: %[[FITS:.*]] = arith.andi %[[SHORT]], %[[ANY]]
// CHECK: scf.if %[[FITS]]
// CHECK-NOT: scf.for
// CHECK: arith.select
// CHECK-COUNT-6: nvvm.shfl.sync
// CHECK: tensor.insert
// CHECK: } else {
// CHECK: scf.for %{{.*}} = %c0 to %{{.*}} step %c8
// CHECK: scf.for %{{.*}} to %[[M]] step %c8
// CHECK: arith.select
// CHECK-COUNT-2: nvvm.shfl.sync bfly %{{.*}}, %{{.*}}, %c1_i32, %c31_i32 : i32 -> i32
// CHECK: } {tile.cells = #[[$CELLS]], tile.grid}
tile.kernel @sum_of_open_rows(%x: tensor<?x?xi64>, %n: index, %m: index) -> tensor<?xi64> dims [[0, 1], [0]] schedule(#sched.schedule<rows, block = <threads = 32, together = 8>>) {
  %zero = arith.constant 0 : i64
  %e = tensor.empty(%n) : tensor<?xi64>
  %f = linalg.fill ins(%zero : i64) outs(%e : tensor<?xi64>) -> tensor<?xi64>
  %m1 = linalg.generic {indexing_maps = [#xy, #x], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<?x?xi64>) outs(%f : tensor<?xi64>) {
  ^bb0(%a: i64, %o: i64):
    %t = arith.addi %o, %a : i64
    linalg.yield %t : i64
  } -> tensor<?xi64>
  tile.yield %m1 : tensor<?xi64>
}

// -----

#xy = affine_map<(i, j) -> (i, j)>
#x = affine_map<(i, j) -> (i)>
#y = affine_map<(i, j) -> (j)>

// The sum of another row: no thread of this one has it.
// expected-error @+1 {{expected reductions along the rows of one result for a schedule of rows with threads together}}
tile.kernel @sum_of_another_row(%x: tensor<8x8xf32>) -> tensor<8x8xf32> schedule(#sched.schedule<rows, block = <threads = 32, together = 8>>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %s = linalg.generic {indexing_maps = [#xy, #x], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%f : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %t = arith.addf %o, %a : f32
    linalg.yield %t : f32
  } -> tensor<8xf32>
  %r = tensor.empty() : tensor<8x8xf32>
  %y = linalg.generic {indexing_maps = [#xy, #y, #xy], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<8x8xf32>, tensor<8xf32>) outs(%r : tensor<8x8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %q = arith.divf %a, %b : f32
    linalg.yield %q : f32
  } -> tensor<8x8xf32>
  tile.yield %y : tensor<8x8xf32>
}

// -----

#xy = affine_map<(i, j) -> (i, j)>
#x = affine_map<(i, j) -> (i)>

// What two warps share of one row would be overwritten by those of the other.
// expected-error @+1 {{expected at most 32 threads a row, or all 128 of a group, got 64}}
tile.kernel @two_rows_of_two_warps(%x: tensor<8x512xf32>) -> tensor<8xf32> schedule(#sched.schedule<rows, block = <threads = 128, together = 64>>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %s = linalg.generic {indexing_maps = [#xy, #x], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x512xf32>) outs(%f : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %t = arith.addf %o, %a : f32
    linalg.yield %t : f32
  } -> tensor<8xf32>
  tile.yield %s : tensor<8xf32>
}
