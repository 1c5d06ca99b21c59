// A kernel written by hand is compiled and run like any other, with a schedule, without one, and as the oracle.
// RUN: tegula compile %s -o %t.tgl
// RUN: tegula run %t.tgl | FileCheck %s
// RUN: tegula compile -O0 %s -o %t.O0.tgl
// RUN: tegula run %t.O0.tgl | FileCheck %s

// CHECK: y: float32 {{.*}} = 3 5 7 9 11 13 15 17
// CHECK: s: float32 {{.*}} = 36

#id = affine_map<(i) -> (i)>
#zero = affine_map<(i) -> ()>

func.func @main() -> (tensor<8xf32> {tegula.name = "y", tegula.dtype = "float32"}, tensor<f32> {tegula.name = "s", tegula.dtype = "float32"}) {
  %x = arith.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]> : tensor<8xf32>
  %y = tile.launch @twice_plus_one(%x) : (tensor<8xf32>) -> tensor<8xf32>
  %s = tile.launch @sum(%x) : (tensor<8xf32>) -> tensor<f32>
  return %y, %s : tensor<8xf32>, tensor<f32>
}

tile.kernel @twice_plus_one(%x: tensor<8xf32>) -> tensor<8xf32> schedule(#sched.schedule<map, grid = [<0:4>], tile = [4], lanes = 4>) {
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %b: f32):
    %d = arith.addf %a, %a : f32
    %r = arith.addf %d, %one : f32
    linalg.yield %r : f32
  } -> tensor<8xf32>
  tile.yield %y : tensor<8xf32>
}

tile.kernel @sum(%x: tensor<8xf32>) -> tensor<f32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<f32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<f32>) -> tensor<f32>
  %s = linalg.generic {indexing_maps = [#id, #zero], iterator_types = ["reduction"]} ins(%x : tensor<8xf32>) outs(%f : tensor<f32>) {
  ^bb0(%a: f32, %b: f32):
    %r = arith.addf %b, %a : f32
    linalg.yield %r : f32
  } -> tensor<f32>
  tile.yield %s : tensor<f32>
}
