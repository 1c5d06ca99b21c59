// Weights of products on 16-bit units are rounded at compile time, to the nearest number and of two to the even one; tf32 needs them in full.
// RUN: tegula-opt %s --tegula-round-operands | FileCheck %s
// RUN: tegula-opt %s --tegula-round-operands | tegula-equiv %s - --function main --tolerance 5e-3

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>

// CHECK-LABEL: func.func @main
// The same weights twice are rounded once to each type.
// CHECK: %[[HALF:.*]] = arith.constant dense_resource<[[$ROUNDED:.*]]> : tensor<1x4xf16>
// CHECK: tile.launch @half(%{{.*}}, %[[HALF]]) : (tensor<2x1xf32>, tensor<1x4xf16>)
// CHECK: %[[BRAIN:.*]] = arith.constant dense_resource<[[$OTHER:.*]]> : tensor<1x4xbf16>
// CHECK: tile.launch @brain(%{{.*}}, %[[BRAIN]])
// CHECK: %[[AGAIN:.*]] = arith.constant dense_resource<[[$ROUNDED]]> : tensor<1x4xf16>
// CHECK: tile.launch @half(%{{.*}}, %[[AGAIN]])
// CHECK: tile.launch @tensor_float(%{{.*}}, %{{.*}}) : (tensor<2x1xf32>, tensor<1x4xf32>)
// CHECK: %[[SPLAT:.*]] = arith.constant dense<3.332520e-01> : tensor<1x4xf16>
// CHECK: tile.launch @splat(%{{.*}}, %[[SPLAT]])
// Above 65504 there is only infinity in 16 bits.
// CHECK: %[[LARGE:.*]] = arith.constant dense<0x7C00> : tensor<1x4xf16>
// CHECK: tile.launch @splat(%{{.*}}, %[[LARGE]])
// A matrix that only a run knows stays what it is.
// CHECK: tile.launch @from_a_run(%{{.*}}, %{{.*}}) : (tensor<2x1xf32>, tensor<1x4xf32>)
func.func @main(%x: tensor<2x1xf32>, %y: tensor<1x4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>) {
  %w = arith.constant dense<[1.0, 1.00048828125, -1.00390625, 2.5]> : tensor<4xf32>
  %s = arith.constant dense<0.333333333> : tensor<1x4xf32>
  %g = arith.constant dense<7.0e4> : tensor<1x4xf32>
  %v = tile.view %w : tensor<4xf32> to tensor<1x4xf32>
  %0 = tile.launch @half(%x, %v) : (tensor<2x1xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  %1 = tile.launch @brain(%x, %v) : (tensor<2x1xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  %2 = tile.launch @half(%x, %v) : (tensor<2x1xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  %3 = tile.launch @tensor_float(%x, %v) : (tensor<2x1xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  %4 = tile.launch @splat(%x, %s) : (tensor<2x1xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  %large = tile.launch @splat(%x, %g) : (tensor<2x1xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  %5 = tile.launch @from_a_run(%x, %y) : (tensor<2x1xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  return %0, %1, %2, %3, %4, %5 : tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>
}

// CHECK-LABEL: tile.kernel @half
// CHECK-SAME: (%{{.*}}: tensor<2x1xf32>, %{{.*}}: tensor<1x4xf16>)
// CHECK: ^bb0(%[[LEFT:.*]]: f32, %[[NARROW:.*]]: f16, %{{.*}}: f32):
// CHECK-NEXT: %[[WIDE:.*]] = arith.extf %[[NARROW]] : f16 to f32
// CHECK-NEXT: arith.mulf %[[LEFT]], %[[WIDE]] : f32

tile.kernel @half(%x: tensor<2x1xf32>, %w: tensor<1x4xf32>) -> tensor<2x4xf32> schedule(#sched.schedule<contract, block = <threads = 32, together = 32, rows = 16, columns = 32, depth = 16, threadRows = 2, threadColumns = 8, stages = 2, multiply = fp16>>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x4xf32>) -> tensor<2x4xf32>
  %m = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<2x1xf32>, tensor<1x4xf32>) outs(%f : tensor<2x4xf32>) {
  ^bb0(%l: f32, %r: f32, %s: f32):
    %p = arith.mulf %l, %r : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  } -> tensor<2x4xf32>
  tile.yield %m : tensor<2x4xf32>
}

tile.kernel @brain(%x: tensor<2x1xf32>, %w: tensor<1x4xf32>) -> tensor<2x4xf32> schedule(#sched.schedule<contract, block = <threads = 32, together = 32, rows = 16, columns = 32, depth = 16, threadRows = 2, threadColumns = 8, stages = 2, multiply = bf16>>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x4xf32>) -> tensor<2x4xf32>
  %m = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<2x1xf32>, tensor<1x4xf32>) outs(%f : tensor<2x4xf32>) {
  ^bb0(%l: f32, %r: f32, %s: f32):
    %p = arith.mulf %l, %r : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  } -> tensor<2x4xf32>
  tile.yield %m : tensor<2x4xf32>
}

tile.kernel @tensor_float(%x: tensor<2x1xf32>, %w: tensor<1x4xf32>) -> tensor<2x4xf32> schedule(#sched.schedule<contract, block = <threads = 32, together = 32, rows = 16, columns = 32, depth = 16, threadRows = 2, threadColumns = 8, stages = 2, multiply = tf32>>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x4xf32>) -> tensor<2x4xf32>
  %m = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<2x1xf32>, tensor<1x4xf32>) outs(%f : tensor<2x4xf32>) {
  ^bb0(%l: f32, %r: f32, %s: f32):
    %p = arith.mulf %l, %r : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  } -> tensor<2x4xf32>
  tile.yield %m : tensor<2x4xf32>
}

tile.kernel @splat(%x: tensor<2x1xf32>, %w: tensor<1x4xf32>) -> tensor<2x4xf32> schedule(#sched.schedule<contract, block = <threads = 32, together = 32, rows = 16, columns = 32, depth = 16, threadRows = 2, threadColumns = 8, stages = 2, multiply = fp16>>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x4xf32>) -> tensor<2x4xf32>
  %m = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<2x1xf32>, tensor<1x4xf32>) outs(%f : tensor<2x4xf32>) {
  ^bb0(%l: f32, %r: f32, %s: f32):
    %p = arith.mulf %l, %r : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  } -> tensor<2x4xf32>
  tile.yield %m : tensor<2x4xf32>
}

tile.kernel @from_a_run(%x: tensor<2x1xf32>, %w: tensor<1x4xf32>) -> tensor<2x4xf32> schedule(#sched.schedule<contract, block = <threads = 32, together = 32, rows = 16, columns = 32, depth = 16, threadRows = 2, threadColumns = 8, stages = 2, multiply = fp16>>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x4xf32>) -> tensor<2x4xf32>
  %m = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<2x1xf32>, tensor<1x4xf32>) outs(%f : tensor<2x4xf32>) {
  ^bb0(%l: f32, %r: f32, %s: f32):
    %p = arith.mulf %l, %r : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  } -> tensor<2x4xf32>
  tile.yield %m : tensor<2x4xf32>
}

// As bytes: 1, 1 + 2^-11 rounded to the even 1, -1.00390625, 2.5; and 1, 1, -1 (of two the even one), 2.5.
// CHECK: [[$ROUNDED]]: "0x02000000003C003C04BC0041"
// CHECK: [[$OTHER]]: "0x02000000803F803F80BF2040"
