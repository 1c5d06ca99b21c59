// Every operation of the tile dialect, printed and read back.
// RUN: tegula-opt %s | tegula-opt | FileCheck %s
// RUN: tegula-opt %s --mlir-print-op-generic | tegula-opt | FileCheck %s

// CHECK-LABEL: func.func @launches_views_and_packs
func.func @launches_views_and_packs(%x: tensor<4x8xf32>, %w: tensor<8x20xf32>) -> tensor<80xf32> {
  // CHECK: %[[P:.*]] = tile.pack %{{.*}} : tensor<8x20xf32> to tensor<2x8x16xf32>
  %p = tile.pack %w : tensor<8x20xf32> to tensor<2x8x16xf32>
  // CHECK: %[[Y:.*]]:2 = tile.launch @two_results(%{{.*}}, %[[P]]) : (tensor<4x8xf32>, tensor<2x8x16xf32>) -> (tensor<4x20xf32>, tensor<4x8xf32>)
  %y:2 = tile.launch @two_results(%x, %p) : (tensor<4x8xf32>, tensor<2x8x16xf32>) -> (tensor<4x20xf32>, tensor<4x8xf32>)
  // CHECK: tile.view %[[Y]]#0 : tensor<4x20xf32> to tensor<80xf32>
  %v = tile.view %y#0 : tensor<4x20xf32> to tensor<80xf32>
  return %v : tensor<80xf32>
}

// CHECK-LABEL: tile.kernel @two_results(%{{.*}}: tensor<4x8xf32>, %{{.*}}: tensor<2x8x16xf32>) -> (tensor<4x20xf32>, tensor<4x8xf32>) {
tile.kernel @two_results(%x: tensor<4x8xf32>, %p: tensor<2x8x16xf32>) -> (tensor<4x20xf32>, tensor<4x8xf32>) {
  // CHECK: tile.unpack %{{.*}} : tensor<2x8x16xf32> to tensor<8x20xf32>
  %w = tile.unpack %p : tensor<2x8x16xf32> to tensor<8x20xf32>
  %e = tensor.empty() : tensor<4x20xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x20xf32>) outs(%e : tensor<4x20xf32>) -> tensor<4x20xf32>
  // CHECK: tile.yield %{{.*}}, %{{.*}} : tensor<4x20xf32>, tensor<4x8xf32>
  tile.yield %y, %x : tensor<4x20xf32>, tensor<4x8xf32>
}

// CHECK-LABEL: tile.kernel @no_inputs() -> tensor<2xf32> attributes {note = "kept"} {
tile.kernel @no_inputs() -> tensor<2xf32> attributes {note = "kept"} {
  %c = arith.constant dense<1.0> : tensor<2xf32>
  tile.yield %c : tensor<2xf32>
}

// CHECK-LABEL: tile.kernel @no_results(%{{.*}}: tensor<2xf32>) -> () {
tile.kernel @no_results(%x: tensor<2xf32>) -> () {
  // CHECK: tile.yield
  tile.yield
}

// CHECK-LABEL: tile.kernel @scheduled(%{{.*}}: tensor<8xf32>) -> tensor<8xf32> schedule(#sched.schedule<map, tile = [8], lanes = 8>) {
tile.kernel @scheduled(%x: tensor<8xf32>) -> tensor<8xf32> schedule(#sched.schedule<map, tile = [8], lanes = 8>) {
  tile.yield %x : tensor<8xf32>
}

// CHECK-LABEL: func.func @sizes_from_symbols
// CHECK-SAME: tegula.dims = {{.*}}tegula.dims = {{.*}}tegula.symbols = ["batch", "seq"]
func.func @sizes_from_symbols(%x: tensor<?x4x2xf32> {tegula.dims = affine_map<()[s0] -> (s0, 4, 2)>})
    -> (tensor<?xf32> {tegula.dims = affine_map<()[s0] -> (s0 * 8)>}) attributes {tegula.symbols = ["batch", "seq"]} {
  // CHECK: %[[N:.*]] = tile.size {{affine_map<\(\)\[s0\] -> \(s0\)>|#map}}
  %n = tile.size affine_map<()[s0] -> (s0)>
  // CHECK: %[[M:.*]] = tile.size #map
  %m = tile.size affine_map<()[s0] -> (s0 * 8)>
  // CHECK: %[[V:.*]] = tile.view %{{.*}} sizes(%[[N]]) : tensor<?x4x2xf32> to tensor<?x8xf32>
  %v = tile.view %x sizes(%n) : tensor<?x4x2xf32> to tensor<?x8xf32>
  // CHECK: %[[Y:.*]] = tile.launch @unknown_rows(%[[V]]) sizes(%[[N]]) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %y = tile.launch @unknown_rows(%v) sizes(%n) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  // CHECK: tile.view %[[Y]] sizes(%[[M]]) : tensor<?x8xf32> to tensor<?xf32>
  %z = tile.view %y sizes(%m) : tensor<?x8xf32> to tensor<?xf32>
  return %z : tensor<?xf32>
}

// CHECK-LABEL: tile.kernel @unknown_rows(%{{.*}}: tensor<?x8xf32>, %{{.*}}: index) -> tensor<?x8xf32> dims {{\[}}[0, -1], [0, -1]] {
tile.kernel @unknown_rows(%x: tensor<?x8xf32>, %n: index) -> tensor<?x8xf32> dims [[0, -1], [0, -1]] {
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %y = linalg.exp ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  tile.yield %y : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @launches_with_sizes_alone
func.func @launches_with_sizes_alone() -> tensor<2xi64> {
  %n = tile.size affine_map<()[s0, s1] -> (s0 * s1 + s1 floordiv 2)>
  // CHECK: tile.launch @no_tensors() sizes(%{{.*}}, %{{.*}}) : () -> tensor<2xi64>
  %y = tile.launch @no_tensors() sizes(%n, %n) : () -> tensor<2xi64>
  return %y : tensor<2xi64>
}

// CHECK-LABEL: tile.kernel @no_tensors(%{{.*}}: index, %{{.*}}: index) -> tensor<2xi64> {
tile.kernel @no_tensors(%n: index, %m: index) -> tensor<2xi64> {
  %a = arith.index_cast %n : index to i64
  %b = arith.index_cast %m : index to i64
  %y = tensor.from_elements %a, %b : tensor<2xi64>
  tile.yield %y : tensor<2xi64>
}

// CHECK-LABEL: func.func @chooses
func.func @chooses(%c: tensor<1xi8>, %x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: tile.choose %{{.*}}, %{{.*}}, %{{.*}} {else_require = {{\[\[}}"never", #{{.*}}, "node", "text"]]} : (tensor<1xi8>) -> tensor<4xf32>
  %z = tile.choose %c, %x, %y {else_require = [["never", affine_map<() -> (0, 0)>, "node", "text"]]} : (tensor<1xi8>) -> tensor<4xf32>
  return %z : tensor<4xf32>
}

// CHECK-LABEL: func.func private @step
func.func private @step(%h: tensor<4xf32>, %x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  return %h, %x : tensor<4xf32>, tensor<4xf32>
}
func.func private @until(%h: tensor<4xf32>, %go: tensor<i8>) -> (tensor<i8>, tensor<4xf32>) {
  return %go, %h : tensor<i8>, tensor<4xf32>
}

// CHECK-LABEL: func.func @loops
func.func @loops(%h: tensor<4xf32>, %x: tensor<?x4xf32>, %n: tensor<i64>, %go: tensor<i8>) attributes {tegula.symbols = ["seq"]} {
  %count = tile.size affine_map<()[s0] -> (s0)>
  // CHECK: tile.loop @step count(%{{.*}}) carried(%{{.*}}) scanned(%{{.*}}) {histories = array<i64: 0>} : (index, tensor<4xf32>, tensor<?x4xf32>) -> (tensor<4xf32>, tensor<?x4xf32>, tensor<?x4xf32>)
  %0:3 = tile.loop @step count(%count) carried(%h) scanned(%x) {histories = array<i64: 0>} : (index, tensor<4xf32>, tensor<?x4xf32>) -> (tensor<4xf32>, tensor<?x4xf32>, tensor<?x4xf32>)
  // CHECK: tile.loop @until count(%{{.*}}) carried(%{{.*}}) captured(%{{.*}}) {ends} : (tensor<i64>, tensor<4xf32>, tensor<i8>) -> tensor<4xf32>
  %1 = tile.loop @until count(%n) carried(%h) captured(%go) {ends} : (tensor<i64>, tensor<4xf32>, tensor<i8>) -> tensor<4xf32>
  return
}
