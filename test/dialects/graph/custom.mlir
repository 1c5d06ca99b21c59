// Bodies that people write: what may stand in them.
// RUN: tegula-opt %s | tegula-opt | FileCheck %s

!x = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>

// CHECK-LABEL: @sizes_that_follow
// CHECK: graph.custom %{{.*}} : (tensor<?x?xf32, #{{.*}}>) -> tensor<?x?xf32, #{{.*}}> {
// CHECK-NEXT: ^bb0(%{{.*}}: tensor<?x?xf32>):
// CHECK: graph.yield %{{.*}} : tensor<?x?xf32>
func.func @sizes_that_follow(%x: !x) -> tensor<?x?xf32, affine_map<()[s0, s1] -> (s1 * 2 + 1, s0)>> {
  %y = graph.custom %x : (!x) -> tensor<?x?xf32, affine_map<()[s0, s1] -> (s1 * 2 + 1, s0)>> {
  ^bb0(%a: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %rows = tensor.dim %a, %c0 : tensor<?x?xf32>
    %columns = tensor.dim %a, %c1 : tensor<?x?xf32>
    %twice = arith.muli %columns, %c2 : index
    %more = arith.addi %twice, %c1 : index
    %e = tensor.empty(%more, %rows) : tensor<?x?xf32>
    %y = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
        outs(%e : tensor<?x?xf32>) {
    ^bb0(%unused: f32):
      %i = linalg.index 0 : index
      %j = linalg.index 1 : index
      %half = arith.divui %i, %c2 : index
      %v = tensor.extract %a[%j, %half] : tensor<?x?xf32>
      linalg.yield %v : f32
    } -> tensor<?x?xf32>
    graph.yield %y : tensor<?x?xf32>
  }
  return %y : tensor<?x?xf32, affine_map<()[s0, s1] -> (s1 * 2 + 1, s0)>>
}

// A window slides with its own operand for a size, and maps may go down or in steps.
// CHECK-LABEL: @maps_that_stay_inside
func.func @maps_that_stay_inside(%x: tensor<10xf32>) -> tensor<4xf32> {
  %y = graph.custom %x : (tensor<10xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<10xf32>):
    %e = tensor.empty() : tensor<4xf32>
    %window = tensor.empty() : tensor<4xf32>
    %zero = arith.constant 0.0 : f32
    %zeros = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    %y = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (9 - d0 * 2 - d1)>, affine_map<(d0, d1) -> (d0 floordiv 2 + d1 mod 2)>,
                                          affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0)>],
                         iterator_types = ["parallel", "reduction"]}
        ins(%a, %a, %window : tensor<10xf32>, tensor<10xf32>, tensor<4xf32>) outs(%zeros : tensor<4xf32>) {
    ^bb0(%p: f32, %q: f32, %size: f32, %acc: f32):
      %m = arith.mulf %p, %q : f32
      %s = arith.addf %acc, %m : f32
      linalg.yield %s : f32
    } -> tensor<4xf32>
    graph.yield %y : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// Operations of linalg that have names, integers without a sign, and a constant.
// CHECK-LABEL: @named
// CHECK: linalg.matmul
func.func @named(%x: tensor<3x4xui8>, %w: tensor<4x2xui8>) -> tensor<3x2xi32> {
  %y = graph.custom %x, %w : (tensor<3x4xui8>, tensor<4x2xui8>) -> tensor<3x2xi32> {
  ^bb0(%a: tensor<3x4xi8>, %b: tensor<4x2xi8>):
    %bias = arith.constant dense<[[1, 2], [3, 4], [5, 6]]> : tensor<3x2xi32>
    %y = linalg.matmul ins(%a, %b : tensor<3x4xi8>, tensor<4x2xi8>) outs(%bias : tensor<3x2xi32>) -> tensor<3x2xi32>
    graph.yield %y : tensor<3x2xi32>
  }
  return %y : tensor<3x2xi32>
}
