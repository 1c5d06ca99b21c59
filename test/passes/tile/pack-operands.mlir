// A schedule's pack entry gives the kernel panels of its constant operand, and every launch the packed constant.
// RUN: tegula-opt %s --tegula-pack-operands | FileCheck %s
// RUN: tegula-opt %s --tegula-pack-operands | tegula-equiv %s -

// CHECK-LABEL: func.func @main
// CHECK: %[[W:.*]] = arith.constant
// CHECK: %[[P:.*]] = tile.pack %[[W]] : tensor<64x40xf32> to tensor<3x64x16xf32>
// CHECK: tile.launch @packs_a_constant(%{{.*}}, %[[P]]) : (tensor<8x64xf32>, tensor<3x64x16xf32>) -> tensor<8x40xf32>
// CHECK: tile.launch @leaves_what_is_not_constant(%{{.*}}, %{{.*}}) : (tensor<8x64xf32>, tensor<64x40xf32>) -> tensor<8x40xf32>
func.func @main(%x: tensor<8x64xf32>, %v: tensor<64x40xf32>) -> (tensor<8x40xf32>, tensor<8x40xf32>) {
  %w = arith.constant dense<1.0> : tensor<64x40xf32>
  %0 = tile.launch @packs_a_constant(%x, %w) : (tensor<8x64xf32>, tensor<64x40xf32>) -> tensor<8x40xf32>
  %1 = tile.launch @leaves_what_is_not_constant(%x, %v) : (tensor<8x64xf32>, tensor<64x40xf32>) -> tensor<8x40xf32>
  return %0, %1 : tensor<8x40xf32>, tensor<8x40xf32>
}

// CHECK-LABEL: tile.kernel @packs_a_constant(%{{.*}}: tensor<8x64xf32>, %{{.*}}: tensor<3x64x16xf32>)
// CHECK: %[[U:.*]] = tile.unpack %{{.*}} : tensor<3x64x16xf32> to tensor<64x40xf32>
// CHECK: linalg.matmul ins(%{{.*}}, %[[U]] :
tile.kernel @packs_a_constant(%x: tensor<8x64xf32>, %w: tensor<64x40xf32>) -> tensor<8x40xf32> schedule(#sched.schedule<contract, tile = [8, 16], lanes = 8, pack = [<1:16>]>) {
  %e = tensor.empty() : tensor<8x40xf32>
  %y = linalg.matmul ins(%x, %w : tensor<8x64xf32>, tensor<64x40xf32>) outs(%e : tensor<8x40xf32>) -> tensor<8x40xf32>
  tile.yield %y : tensor<8x40xf32>
}

// CHECK-LABEL: tile.kernel @leaves_what_is_not_constant(%{{.*}}: tensor<8x64xf32>, %{{.*}}: tensor<64x40xf32>)
// CHECK-NOT: tile.unpack
tile.kernel @leaves_what_is_not_constant(%x: tensor<8x64xf32>, %w: tensor<64x40xf32>) -> tensor<8x40xf32> schedule(#sched.schedule<contract, tile = [8, 16], lanes = 8, pack = [<1:16>]>) {
  %e = tensor.empty() : tensor<8x40xf32>
  %y = linalg.matmul ins(%x, %w : tensor<8x64xf32>, tensor<64x40xf32>) outs(%e : tensor<8x40xf32>) -> tensor<8x40xf32>
  tile.yield %y : tensor<8x40xf32>
}
