// Slices that begin where a device's widest access may not are copied by kernels that ask for nothing.
// RUN: tegula-opt %s --tegula-align-slices -split-input-file | FileCheck %s
// RUN: tegula-opt %s --tegula-align-slices -split-input-file | tegula-equiv %s -

// CHECK: tile.kernel @copy_unaligned_3xf32(%{{.*}}: tensor<3xf32>) -> tensor<3xf32> attributes {tegula.unaligned}
tile.kernel @add(%x: tensor<3xf32>, %y: tensor<3xf32>) -> tensor<3xf32> {
  %e = tensor.empty() : tensor<3xf32>
  %z = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x, %y : tensor<3xf32>, tensor<3xf32>) outs(%e : tensor<3xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %n = arith.addf %a, %b : f32
    linalg.yield %n : f32
  } -> tensor<3xf32>
  tile.yield %z : tensor<3xf32>
}

// CHECK-LABEL: func.func private @step
// CHECK-SAME: (%[[H:.*]]: tensor<3xf32>, %[[X:.*]]: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
// CHECK: %[[C:.*]] = tile.launch @copy_unaligned_3xf32(%[[X]])
// CHECK: %[[Y:.*]] = tile.launch @add(%[[H]], %[[C]])
// CHECK: %[[D:.*]] = tile.launch @copy_unaligned_3xf32(%[[Y]])
// CHECK: return %[[Y]], %[[D]]
func.func private @step(%h: tensor<3xf32>, %x: tensor<3xf32>) -> tensor<3xf32> {
  %y = tile.launch @add(%h, %x) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
// CHECK-LABEL: func.func @main
// CHECK: tile.loop @step count(%{{.*}}) carried(%{{.*}}) scanned(%{{.*}}) : (index, tensor<3xf32>, tensor<9x3xf32>) -> (tensor<3xf32>, tensor<9x3xf32>)
func.func @main(%h: tensor<3xf32>, %x: tensor<9x3xf32>) -> (tensor<3xf32>, tensor<9x3xf32>) {
  %n = tile.size affine_map<() -> (9)>
  %0:2 = tile.loop @step count(%n) carried(%h) scanned(%x) {histories = array<i64: 0>} : (index, tensor<3xf32>, tensor<9x3xf32>) -> (tensor<3xf32>, tensor<9x3xf32>)
  return %0#0, %0#1 : tensor<3xf32>, tensor<9x3xf32>
}

// -----

// Where the sizes fit, nothing is copied.
// CHECK-NOT: unaligned
tile.kernel @neg(%x: tensor<8xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %z = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<8xf32>
  tile.yield %z : tensor<8xf32>
}
// CHECK-LABEL: func.func private @step
// CHECK: %[[Y:.*]] = tile.launch @neg
// CHECK: return %[[Y]]
func.func private @step(%x: tensor<8xf32>) -> tensor<8xf32> {
  %y = tile.launch @neg(%x) : (tensor<8xf32>) -> tensor<8xf32>
  return %y : tensor<8xf32>
}
func.func @whole(%x: tensor<9x8xf32>) -> tensor<9x8xf32> {
  %n = tile.size affine_map<() -> (9)>
  %0 = tile.loop @step count(%n) scanned(%x) : (index, tensor<9x8xf32>) -> tensor<9x8xf32>
  return %0 : tensor<9x8xf32>
}

// -----

// A body is changed for those of its loops that ask for it; others run it as it was.
tile.kernel @neg(%x: tensor<3xf32>) -> tensor<3xf32> {
  %e = tensor.empty() : tensor<3xf32>
  %z = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<3xf32>) outs(%e : tensor<3xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<3xf32>
  tile.yield %z : tensor<3xf32>
}
// CHECK: func.func private @step(%{{.*}}: tensor<3xf32>) -> tensor<3xf32> {
// CHECK: func.func private @[[OTHER:step_.*]](%{{.*}}: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
func.func private @step(%h: tensor<3xf32>) -> tensor<3xf32> {
  %y = tile.launch @neg(%h) : (tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
// CHECK: func.func @main
// CHECK: tile.loop @step count(%{{.*}}) carried(%{{.*}}) : (index, tensor<3xf32>) -> tensor<3xf32>
// CHECK: tile.loop @[[OTHER]] count(%{{.*}}) carried(%{{.*}}) : (index, tensor<3xf32>) -> (tensor<3xf32>, tensor<9x3xf32>)
// CHECK: tile.loop @[[OTHER]] count
func.func @main(%h: tensor<3xf32>) -> (tensor<3xf32>, tensor<9x3xf32>, tensor<9x3xf32>) {
  %n = tile.size affine_map<() -> (9)>
  %0 = tile.loop @step count(%n) carried(%h) : (index, tensor<3xf32>) -> tensor<3xf32>
  %1:2 = tile.loop @step count(%n) carried(%0) {histories = array<i64: 0>} : (index, tensor<3xf32>) -> (tensor<3xf32>, tensor<9x3xf32>)
  %2:2 = tile.loop @step count(%n) carried(%1#0) {histories = array<i64: 0>} : (index, tensor<3xf32>) -> (tensor<3xf32>, tensor<9x3xf32>)
  return %2#0, %1#1, %2#1 : tensor<3xf32>, tensor<9x3xf32>, tensor<9x3xf32>
}
