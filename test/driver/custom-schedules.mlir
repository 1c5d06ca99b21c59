// A body that resembles an operation gets that operation's schedule: products, sums of rows, and maps alike, for CPUs and GPUs.
// RUN: tegula-opt %s --tegula-form-kernels --tegula-peel-borders --tegula-collapse-dims --tegula-schedule-kernels=machine=x86-64-v3 | FileCheck %s
// RUN: tegula-opt %s --tegula-form-kernels --tegula-peel-borders --tegula-collapse-dims --tegula-schedule-kernels=machine=sm_80 | FileCheck %s

// CHECK: tile.kernel @matmul_0{{.*}}schedule([[PRODUCT:#sched.*>]]) {
// CHECK: tile.kernel @custom_1{{.*}}schedule([[PRODUCT]]) {
// CHECK: tile.kernel @reduce_0{{.*}}schedule([[SUM:#sched.*>]]) {
// CHECK: tile.kernel @custom_2{{.*}}schedule([[SUM]]) {

func.func @product(%x: tensor<512x256xf32>, %w: tensor<256x384xf32>, %z: tensor<512x384xf32>) -> (tensor<512x384xf32>, tensor<512x384xf32>) {
  %y = graph.matmul %x, %w : (tensor<512x256xf32>, tensor<256x384xf32>) -> tensor<512x384xf32>
  %s = graph.add %y, %z : (tensor<512x384xf32>, tensor<512x384xf32>) -> tensor<512x384xf32>
  %c = graph.custom %x, %w : (tensor<512x256xf32>, tensor<256x384xf32>) -> tensor<512x384xf32> {
  ^bb0(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %n = tensor.dim %b, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%m, %n) : tensor<?x?xf32>
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<?x?xf32>, tensor<?x?xf32>) outs(%f : tensor<?x?xf32>) {
    ^bb0(%u: f32, %v: f32, %so_far: f32):
      %p = arith.mulf %u, %v : f32
      %more = arith.addf %so_far, %p : f32
      linalg.yield %more : f32
    } -> tensor<?x?xf32>
    graph.yield %r : tensor<?x?xf32>
  }
  %t = graph.add %c, %z : (tensor<512x384xf32>, tensor<512x384xf32>) -> tensor<512x384xf32>
  return %s, %t : tensor<512x384xf32>, tensor<512x384xf32>
}

!s = tensor<?x768xf32, affine_map<()[s0] -> (s0, 768)>>
!row = tensor<?xf32, affine_map<()[s0] -> (s0)>>
func.func @sum(%x: !s) -> (!row, !row) {
  %y = graph.reduce sum, %x {axes = array<i64: 1>} : (!s) -> !row
  %z = graph.custom %x : (!s) -> !row {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %m = tensor.dim %a, %c0 : tensor<?x?xf32>
    %e = tensor.empty(%m) : tensor<?xf32>
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
    %r = linalg.reduce {arith.addf} ins(%a : tensor<?x?xf32>) outs(%f : tensor<?xf32>) dimensions = [1]
    graph.yield %r : tensor<?xf32>
  }
  return %y, %z : !row, !row
}
