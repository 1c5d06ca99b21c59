// The sides of a choice are results of their own, behind the condition; what is needed before it is known too is launched for each.
// RUN: tegula-opt %s --tegula-copy-results --tegula-sink-branches -split-input-file | FileCheck %s
// RUN: tegula-opt %s --tegula-copy-results --tegula-sink-branches -split-input-file | tegula-equiv %s -

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
tile.kernel @positive(%x: tensor<4xf32>) -> tensor<i8> {
  %e = tensor.empty() : tensor<i8>
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %y = linalg.generic {indexing_maps = [affine_map<() -> ()>], iterator_types = []} outs(%e : tensor<i8>) {
  ^bb0(%b: i8):
    %v = tensor.extract %x[%c0] : tensor<4xf32>
    %c = arith.cmpf ogt, %v, %zero : f32
    %n = arith.extui %c : i1 to i8
    linalg.yield %n : i8
  } -> tensor<i8>
  tile.yield %y : tensor<i8>
}

// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>
// CHECK-NEXT: %[[C:.*]] = tile.launch @positive(%[[X]])
// CHECK-NEXT: %[[A:.*]] = tile.launch @neg(%[[X]])
// CHECK-NEXT: %[[B:.*]] = tile.launch @copy_4xf32(%[[X]])
// CHECK-NEXT: %[[Y:.*]] = tile.choose %[[C]], %[[A]], %[[B]]
// CHECK-NEXT: return %[[Y]]
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = tile.launch @neg(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %c = tile.launch @positive(%x) : (tensor<4xf32>) -> tensor<i8>
  %y = tile.choose %c, %a, %x : (tensor<i8>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

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

// %shared runs on one side of the first choice, and on one of the second, whose condition comes later.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>{{.*}}, %[[C:.*]]: tensor<i8>
// CHECK: %[[S:.*]] = tile.launch @neg(%[[X]])
// CHECK: %[[T:.*]] = tile.launch @neg(%[[S]])
// CHECK: %[[Y:.*]] = tile.choose %[[C]], %[[T]]
// CHECK: %[[D:.*]] = tile.launch @positive(%[[Y]])
// CHECK: %[[S2:.*]] = tile.launch @neg(%[[X]])
// CHECK: %[[U:.*]] = tile.launch @neg(%[[S2]])
// CHECK: tile.choose %[[D]], %[[U]]
tile.kernel @positive(%x: tensor<4xf32>) -> tensor<i8> {
  %e = tensor.empty() : tensor<i8>
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %y = linalg.generic {indexing_maps = [affine_map<() -> ()>], iterator_types = []} outs(%e : tensor<i8>) {
  ^bb0(%b: i8):
    %v = tensor.extract %x[%c0] : tensor<4xf32>
    %c = arith.cmpf ogt, %v, %zero : f32
    %n = arith.extui %c : i1 to i8
    linalg.yield %n : i8
  } -> tensor<i8>
  tile.yield %y : tensor<i8>
}
func.func @main(%x: tensor<4xf32>, %c: tensor<i8>) -> tensor<4xf32> {
  %shared = tile.launch @neg(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %t = tile.launch @neg(%shared) : (tensor<4xf32>) -> tensor<4xf32>
  %y = tile.choose %c, %t, %x : (tensor<i8>) -> tensor<4xf32>
  %d = tile.launch @positive(%y) : (tensor<4xf32>) -> tensor<i8>
  %u = tile.launch @neg(%shared) : (tensor<4xf32>) -> tensor<4xf32>
  %z = tile.choose %d, %u, %y : (tensor<i8>) -> tensor<4xf32>
  return %z : tensor<4xf32>
}
