// Scheduled kernels on sizes that only the run tells, shorter than a tile, whole multiples of it and neither: the values are those of
// plain loops. Scores, softmax and the weighted sum stand for attention, whose unknown sizes are rows, columns and summands.
// RUN: tegula compile %s --target x86-64-v3 --emit=sched -o - | FileCheck %s
// RUN: tegula verify %s --dim n=1 --dim m=1
// RUN: tegula verify %s --dim n=5 --dim m=7 --threads 2
// RUN: tegula verify %s --dim n=3 --dim m=40 --target x86-64-v3
// RUN: tegula verify %s --dim n=130 --dim m=200 --threads 1
// RUN: tegula compile %s -o %t.tgl
// RUN: tegula run %t.tgl --dim n=2 --dim m=33
// RUN: tegula run %t.tgl --dim n=65 --dim m=3

// CHECK-DAG: @mm #sched.schedule<contract
// CHECK-DAG: @scores #sched.schedule<contract
// CHECK-DAG: @sumk #sched.schedule<contract
// CHECK-DAG: @softmax #sched.schedule<rows

#map = affine_map<(d0, d1, d2) -> (d0, d2)>
#map1 = affine_map<(d0, d1, d2) -> (d2, d1)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d1)>
#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#bias = affine_map<(d0, d1) -> (d1)>
tile.kernel @mm(%x: tensor<?x64xf32>, %w: tensor<64x48xf32>, %b: tensor<48xf32>, %n: index) -> tensor<?x48xf32> dims [[0, -1], [-1, -1], [-1], [0, -1]] {
  %c0 = arith.constant 0.0 : f32
  %e = tensor.empty(%n) : tensor<?x48xf32>
  %z = linalg.fill ins(%c0 : f32) outs(%e : tensor<?x48xf32>) -> tensor<?x48xf32>
  %s = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<?x64xf32>, tensor<64x48xf32>) outs(%z : tensor<?x48xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %p = arith.mulf %a, %c : f32
    %q = arith.addf %o, %p : f32
    linalg.yield %q : f32
  } -> tensor<?x48xf32>
  %e2 = tensor.empty(%n) : tensor<?x48xf32>
  %r = linalg.generic {indexing_maps = [#id, #bias, #id], iterator_types = ["parallel", "parallel"]} ins(%s, %b : tensor<?x48xf32>, tensor<48xf32>) outs(%e2 : tensor<?x48xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %q = arith.addf %a, %c : f32
    linalg.yield %q : f32
  } -> tensor<?x48xf32>
  tile.yield %r : tensor<?x48xf32>
}
tile.kernel @scores(%x: tensor<?x64xf32>, %y: tensor<64x?xf32>, %n: index, %m: index) -> tensor<?x?xf32> dims [[0, -1], [-1, 1], [0, 1]] {
  %c0 = arith.constant 0.0 : f32
  %e = tensor.empty(%n, %m) : tensor<?x?xf32>
  %z = linalg.fill ins(%c0 : f32) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
  %s = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %y : tensor<?x64xf32>, tensor<64x?xf32>) outs(%z : tensor<?x?xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %p = arith.mulf %a, %c : f32
    %q = arith.addf %o, %p : f32
    linalg.yield %q : f32
  } -> tensor<?x?xf32>
  tile.yield %s : tensor<?x?xf32>
}
tile.kernel @sumk(%x: tensor<?x?xf32>, %y: tensor<?x64xf32>, %n: index, %k: index) -> tensor<?x64xf32> dims [[0, 1], [1, -1], [0, -1]] {
  %c0 = arith.constant 0.0 : f32
  %e = tensor.empty(%n) : tensor<?x64xf32>
  %z = linalg.fill ins(%c0 : f32) outs(%e : tensor<?x64xf32>) -> tensor<?x64xf32>
  %s = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %y : tensor<?x?xf32>, tensor<?x64xf32>) outs(%z : tensor<?x64xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %p = arith.mulf %a, %c : f32
    %q = arith.addf %o, %p : f32
    linalg.yield %q : f32
  } -> tensor<?x64xf32>
  tile.yield %s : tensor<?x64xf32>
}
tile.kernel @softmax(%x: tensor<?x?xf32>, %n: index, %m: index) -> tensor<?x?xf32> dims [[0, 1], [0, 1]] {
  %low = arith.constant 0xFF800000 : f32
  %c0 = arith.constant 0.0 : f32
  %em = tensor.empty(%n) : tensor<?xf32>
  %fm = linalg.fill ins(%low : f32) outs(%em : tensor<?xf32>) -> tensor<?xf32>
  %mx = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<?x?xf32>) outs(%fm : tensor<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %q = arith.maximumf %o, %a : f32
    linalg.yield %q : f32
  } -> tensor<?xf32>
  %ee = tensor.empty(%n, %m) : tensor<?x?xf32>
  %ex = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %mx : tensor<?x?xf32>, tensor<?xf32>) outs(%ee : tensor<?x?xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.subf %a, %b : f32
    %q = math.exp %p : f32
    linalg.yield %q : f32
  } -> tensor<?x?xf32>
  %fs = linalg.fill ins(%c0 : f32) outs(%em : tensor<?xf32>) -> tensor<?xf32>
  %sm = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%ex : tensor<?x?xf32>) outs(%fs : tensor<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %q = arith.addf %o, %a : f32
    linalg.yield %q : f32
  } -> tensor<?xf32>
  %r = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%ex, %sm : tensor<?x?xf32>, tensor<?xf32>) outs(%ee : tensor<?x?xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %q = arith.divf %a, %b : f32
    linalg.yield %q : f32
  } -> tensor<?x?xf32>
  tile.yield %r : tensor<?x?xf32>
}
func.func @main(%x: tensor<?x64xf32> {tegula.name = "x", tegula.dtype = "float32", tegula.dims = affine_map<()[s0] -> (s0, 64)>}, %y: tensor<64x?xf32> {tegula.name = "y", tegula.dtype = "float32", tegula.dims = affine_map<()[s0, s1] -> (64, s1)>}, %v: tensor<?x64xf32> {tegula.name = "v", tegula.dtype = "float32", tegula.dims = affine_map<()[s0, s1] -> (s1, 64)>}, %w: tensor<64x48xf32> {tegula.name = "w", tegula.dtype = "float32"}, %b: tensor<48xf32> {tegula.name = "b", tegula.dtype = "float32"}) -> (tensor<?x48xf32> {tegula.name = "o", tegula.dtype = "float32", tegula.dims = affine_map<()[s0] -> (s0, 48)>}) attributes {tegula.symbols = ["n", "m"]} {
  %n = tile.size affine_map<()[s0] -> (s0)>
  %m = tile.size affine_map<()[s0] -> (s0)>
  %m1 = tile.size affine_map<()[s0, s1] -> (s1)>
  %s = tile.launch @scores(%x, %y) sizes(%n, %m1) : (tensor<?x64xf32>, tensor<64x?xf32>) -> tensor<?x?xf32>
  %p = tile.launch @softmax(%s) sizes(%n, %m1) : (tensor<?x?xf32>) -> tensor<?x?xf32>
  %t = tile.launch @sumk(%p, %v) sizes(%n, %m1) : (tensor<?x?xf32>, tensor<?x64xf32>) -> tensor<?x64xf32>
  %o = tile.launch @mm(%t, %w, %b) sizes(%n) : (tensor<?x64xf32>, tensor<64x48xf32>, tensor<48xf32>) -> tensor<?x48xf32>
  return %o : tensor<?x48xf32>
}
