// RUN: tegula-opt %s --split-input-file --tegula-peel-borders | FileCheck %s
// RUN: tegula-opt %s --split-input-file --tegula-peel-borders | tegula-equiv %s -

// CHECK-LABEL: func.func @padding_is_a_kernel
// CHECK: %[[PADDED:.*]] = tile.launch @k_pad(%arg0) : (tensor<4x3xf32>) -> tensor<7x3xf32>
// CHECK: tile.launch @k(%[[PADDED]]) : (tensor<7x3xf32>) -> tensor<7x3xf32>
// CHECK-LABEL: tile.kernel @k(%arg0: tensor<7x3xf32>)
// CHECK-NOT: tensor.pad
// CHECK-LABEL: tile.kernel @k_pad
// CHECK: arith.subi
// CHECK: arith.cmpi ult
// CHECK: tensor.extract %arg0
// CHECK: arith.select
func.func @padding_is_a_kernel(%x: tensor<4x3xf32>) -> tensor<7x3xf32> {
  %0 = tile.launch @k(%x) : (tensor<4x3xf32>) -> tensor<7x3xf32>
  return %0 : tensor<7x3xf32>
}
tile.kernel @k(%a: tensor<4x3xf32>) -> tensor<7x3xf32> {
  %zero = arith.constant 0.0 : f32
  %padded = tensor.pad %a low[1, 0] high[2, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<4x3xf32> to tensor<7x3xf32>
  %e = tensor.empty() : tensor<7x3xf32>
  %y = linalg.exp ins(%padded : tensor<7x3xf32>) outs(%e : tensor<7x3xf32>) -> tensor<7x3xf32>
  tile.yield %y : tensor<7x3xf32>
}

// -----

// CHECK-LABEL: func.func @reshapes_are_views
// CHECK: %[[IN:.*]] = tile.view %arg0 : tensor<6xf32> to tensor<2x3xf32>
// CHECK: %[[OUT:.*]] = tile.launch @k(%[[IN]]) : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: tile.view %[[OUT]] : tensor<2x3xf32> to tensor<6xf32>
// CHECK-LABEL: tile.kernel @k
// CHECK-NOT: _shape
func.func @reshapes_are_views(%x: tensor<6xf32>) -> tensor<6xf32> {
  %0 = tile.launch @k(%x) : (tensor<6xf32>) -> tensor<6xf32>
  return %0 : tensor<6xf32>
}
tile.kernel @k(%a: tensor<6xf32>) -> tensor<6xf32> {
  %s = tensor.expand_shape %a [[0, 1]] output_shape [2, 3] : tensor<6xf32> into tensor<2x3xf32>
  %e = tensor.empty() : tensor<2x3xf32>
  %y = linalg.exp ins(%s : tensor<2x3xf32>) outs(%e : tensor<2x3xf32>) -> tensor<2x3xf32>
  %j = tensor.collapse_shape %y [[0, 1]] : tensor<2x3xf32> into tensor<6xf32>
  tile.yield %j : tensor<6xf32>
}

// -----

#rows = affine_map<()[s0] -> (s0, 6)>
// Unknown dimensions beside a reshaped one stay as they are.
// CHECK-LABEL: func.func @reshapes_beside_unknown_sizes
// CHECK: %[[N:.*]] = tile.size
// CHECK: %[[IN:.*]] = tile.view %arg0 sizes(%[[N]]) : tensor<?x6xf32> to tensor<?x2x3xf32>
// CHECK: %[[OUT:.*]] = tile.launch @k(%[[IN]]) sizes(%[[N]]) : (tensor<?x2x3xf32>) -> tensor<?x2x3xf32>
// CHECK: tile.view %[[OUT]] sizes(%[[N]]) : tensor<?x2x3xf32> to tensor<?x6xf32>
// CHECK-LABEL: tile.kernel @k
// CHECK-SAME: dims {{.}}[0, -1, -1], [0, -1, -1]]
// CHECK-NOT: _shape
func.func @reshapes_beside_unknown_sizes(%x: tensor<?x6xf32> {tegula.dims = #rows}) -> (tensor<?x6xf32> {tegula.dims = #rows})
    attributes {tegula.symbols = ["n"]} {
  %n = tile.size affine_map<()[s0] -> (s0)>
  %0 = tile.launch @k(%x) sizes(%n) : (tensor<?x6xf32>) -> tensor<?x6xf32>
  return %0 : tensor<?x6xf32>
}
tile.kernel @k(%a: tensor<?x6xf32>, %n: index) -> tensor<?x6xf32> dims [[0, -1], [0, -1]] {
  %s = tensor.expand_shape %a [[0], [1, 2]] output_shape [%n, 2, 3] : tensor<?x6xf32> into tensor<?x2x3xf32>
  %e = tensor.empty(%n) : tensor<?x2x3xf32>
  %y = linalg.exp ins(%s : tensor<?x2x3xf32>) outs(%e : tensor<?x2x3xf32>) -> tensor<?x2x3xf32>
  %j = tensor.collapse_shape %y [[0], [1, 2]] : tensor<?x2x3xf32> into tensor<?x6xf32>
  tile.yield %j : tensor<?x6xf32>
}

// -----

// What depends on nothing but sizes is computed once, before: the main kernel reads it.
// CHECK-LABEL: func.func @tables_are_kernels
// CHECK-DAG: %[[N:.*]] = tile.size #map1
// CHECK-DAG: %[[M:.*]] = tile.size #map{{$}}
// CHECK: %[[TABLE:.*]] = tile.launch @k_table() sizes(%[[M]]) : () -> tensor<?xi64>
// CHECK: tile.launch @k(%arg0, %[[TABLE]]) sizes(%[[N]], %[[M]]) : (tensor<?xf32>, tensor<?xi64>) -> tensor<?xf32>
// CHECK-LABEL: tile.kernel @k(%arg0: tensor<?xf32>, %arg1: tensor<?xi64>, %arg2: index, %arg3: index)
// CHECK-SAME: dims {{.}}[0], [1], [1]]
// CHECK-NOT: linalg.index
// CHECK: tile.yield
// CHECK-LABEL: tile.kernel @k_table(%arg0: index) -> tensor<?xi64> dims {{.}}[0]]
// CHECK: linalg.index
func.func @tables_are_kernels(%x: tensor<?xf32> {tegula.dims = affine_map<()[s0] -> (s0)>})
    -> (tensor<?xf32> {tegula.dims = affine_map<()[s0] -> (s0 * 2)>}) attributes {tegula.symbols = ["n"]} {
  %n = tile.size affine_map<()[s0] -> (s0)>
  %m = tile.size affine_map<()[s0] -> (s0 * 2)>
  %0 = tile.launch @k(%x) sizes(%n, %m) : (tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
tile.kernel @k(%x: tensor<?xf32>, %n: index, %m: index) -> tensor<?xf32> dims [[0], [1]] {
  %te = tensor.empty(%m) : tensor<?xi64>
  %t = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} outs(%te : tensor<?xi64>) {
  ^bb0(%out: i64):
    %two = arith.constant 2 : index
    %i = linalg.index 0 : index
    %half = arith.divsi %i, %two : index
    %at = arith.index_cast %half : index to i64
    linalg.yield %at : i64
  } -> tensor<?xi64>
  %e = tensor.empty(%m) : tensor<?xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%t : tensor<?xi64>) outs(%e : tensor<?xf32>) {
  ^bb0(%at: i64, %out: f32):
    %i = arith.index_cast %at : i64 to index
    %element = tensor.extract %x[%i] : tensor<?xf32>
    linalg.yield %element : f32
  } -> tensor<?xf32>
  tile.yield %y : tensor<?xf32>
}
