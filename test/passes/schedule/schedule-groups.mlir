// Machines whose threads can share work: rows go to as many threads as latencies and their number make worth it.
// RUN: tegula-opt %s --tegula-schedule-kernels=machine=sm_80 | FileCheck %s --check-prefixes=CHECK,GROUPS
// RUN: tegula-opt %s --tegula-schedule-kernels=machine=x86-64-v3 | FileCheck %s --check-prefixes=CHECK,ALONE

#xy = affine_map<(i, j) -> (i, j)>
#x = affine_map<(i, j) -> (i)>
#y = affine_map<(i, j) -> (j)>

// A few long rows: a whole group each, which keeps them in registers.
// CHECK-LABEL: tile.kernel @few_long_rows
// GROUPS-SAME: <rows, lanes = 4, unroll = 2, block = <threads = 512, together = 512>>
// ALONE-NOT: block
tile.kernel @few_long_rows(%x: tensor<4x4096xf32>) -> tensor<4x4096xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %s = linalg.generic {indexing_maps = [#xy, #x], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<4x4096xf32>) outs(%f : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %t = arith.addf %o, %a : f32
    linalg.yield %t : f32
  } -> tensor<4xf32>
  %r = tensor.empty() : tensor<4x4096xf32>
  %q = linalg.generic {indexing_maps = [#xy, #x, #xy], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<4x4096xf32>, tensor<4xf32>) outs(%r : tensor<4x4096xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %d = arith.divf %a, %b : f32
    linalg.yield %d : f32
  } -> tensor<4x4096xf32>
  tile.yield %q : tensor<4x4096xf32>
}

// Rows of a length that only the run tells: element by element, and loops.
// CHECK-LABEL: tile.kernel @open_rows
// GROUPS-SAME: <rows, unroll = 4, block = <threads = {{[0-9]+}}, together = {{[0-9]+}}>>
tile.kernel @open_rows(%x: tensor<64x?xf32>, %n: index) -> tensor<64xf32> dims [[-1, 0], [-1]] {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  %s = linalg.generic {indexing_maps = [#xy, #x], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<64x?xf32>) outs(%f : tensor<64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %t = arith.addf %o, %a : f32
    linalg.yield %t : f32
  } -> tensor<64xf32>
  tile.yield %s : tensor<64xf32>
}

// Rows of one element: nothing to share.
// CHECK-LABEL: tile.kernel @short_rows
// CHECK-SAME: <rows
// CHECK-NOT: block
tile.kernel @short_rows(%x: tensor<100000x1xf32>) -> tensor<100000xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<100000xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<100000xf32>) -> tensor<100000xf32>
  %s = linalg.generic {indexing_maps = [#xy, #x], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<100000x1xf32>) outs(%f : tensor<100000xf32>) {
  ^bb0(%a: f32, %o: f32):
    %t = arith.addf %o, %a : f32
    linalg.yield %t : f32
  } -> tensor<100000xf32>
  tile.yield %s : tensor<100000xf32>
}

// Many rows of middle length: where a row takes more than a warp it has the group for itself.
// CHECK-LABEL: tile.kernel @many_rows
// GROUPS-SAME: block = <threads = [[ALL:[0-9]+]], together = [[ALL]]>
tile.kernel @many_rows(%x: tensor<1000x1536xf32>) -> tensor<1000xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1000xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1000xf32>) -> tensor<1000xf32>
  %s = linalg.generic {indexing_maps = [#xy, #x], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<1000x1536xf32>) outs(%f : tensor<1000xf32>) {
  ^bb0(%a: f32, %o: f32):
    %t = arith.addf %o, %a : f32
    linalg.yield %t : f32
  } -> tensor<1000xf32>
  tile.yield %s : tensor<1000xf32>
}
