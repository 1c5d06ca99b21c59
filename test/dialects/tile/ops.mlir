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
