// Inputs, constants and repeated values are copied before they are returned; a launch's own result is not.
// RUN: tegula-opt %s --tegula-copy-results -split-input-file | FileCheck %s
// RUN: tegula-opt %s --tegula-copy-results -split-input-file | tegula-equiv %s - --dim n=3 --dim "n+1=4" --dim b=2

// CHECK: tile.kernel @copy_4xf32
tile.kernel @neg(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<4xf32>
  tile.yield %y : tensor<4xf32>
}

// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>
// CHECK-DAG: %[[Y:.*]] = tile.launch @neg(%[[X]])
// CHECK-DAG: %[[V:.*]] = tile.view %[[Y]]
// CHECK-DAG: %[[C:.*]] = arith.constant
// CHECK-DAG: %[[X2:.*]] = tile.launch @copy_4xf32(%[[X]])
// CHECK-DAG: %[[Y2:.*]] = tile.launch @copy_2x2xf32(%[[V]])
// CHECK-DAG: %[[C2:.*]] = tile.launch @copy_4xf32(%[[C]])
// CHECK: return %[[Y]], %[[Y2]], %[[X2]], %[[C2]]
func.func @main(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<2x2xf32>, tensor<4xf32>, tensor<4xf32>) {
  %y = tile.launch @neg(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %v = tile.view %y : tensor<4xf32> to tensor<2x2xf32>
  %c = arith.constant dense<1.0> : tensor<4xf32>
  return %y, %v, %x, %c : tensor<4xf32>, tensor<2x2xf32>, tensor<4xf32>, tensor<4xf32>
}

// -----

// Sizes that symbols decide are passed to the copy.
// CHECK-DAG: #[[$B:.*]] = affine_map<()[s0, s1] -> (s1)>
// CHECK-DAG: #[[$N:.*]] = affine_map<()[s0] -> (s0 + 1)>
// CHECK: tile.kernel @copy_nx4xnxf32(%{{.*}}: tensor<?x4x?xf32>, %{{.*}}: index, %{{.*}}: index) -> tensor<?x4x?xf32> dims {{\[\[}}0, -1, 1], [0, -1, 1]]
// CHECK-LABEL: func.func @main
// CHECK: tile.view
// CHECK-DAG: %[[B:.*]] = tile.size #[[$B]]
// CHECK-DAG: %[[N:.*]] = tile.size #[[$N]]
// CHECK: tile.launch @copy_nx4xnxf32(%{{.*}}) sizes(%[[B]], %[[N]])
// %n tells a size that no plain dimension of %x is.
func.func @main(%x: tensor<?x4x?xf32> {tegula.dims = affine_map<()[s0, s1] -> (s1, 4, s0 + 1)>}, %n: tensor<?xf32> {tegula.dims = affine_map<()[s0, s1] -> (s0)>})
    -> (tensor<?x4x?xf32> {tegula.dims = affine_map<()[s0, s1] -> (s1, 4, s0 + 1)>}) attributes {tegula.symbols = ["n", "b"]} {
  %b = tile.size affine_map<()[s0, s1] -> (s1)>
  %next = tile.size affine_map<()[s0, s1] -> (s0 + 1)>
  %v = tile.view %x sizes(%b, %next) : tensor<?x4x?xf32> to tensor<?x4x?xf32>
  return %v : tensor<?x4x?xf32>
}
