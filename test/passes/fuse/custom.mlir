// Bodies that people write become kernels with what stands around them, under the sizes of their use.
// RUN: tegula-opt %s --tegula-form-kernels | FileCheck %s

!s = tensor<?x?xf32, affine_map<()[s0, s1] -> (s0, s1)>>
!row = tensor<?xf32, affine_map<()[s0] -> (s0)>>

// A sum of rows of its own: what makes its operands and what follows its result share the kernel.
// CHECK-LABEL: func.func @shares_a_kernel
// CHECK: tile.launch @custom_0(%arg0, %arg1) sizes
// CHECK-NOT: tile.launch
func.func @shares_a_kernel(%x: !s, %z: !s) -> !row {
  %p = graph.exp %x : !s
  %q = graph.neg %z : !s
  %y = graph.custom %p, %q : (!s, !s) -> !row {
  ^bb0(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>):
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %a, %c0 : tensor<?x?xf32>
    %e = tensor.empty(%rows) : tensor<?xf32>
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
                         iterator_types = ["parallel", "reduction"]}
        ins(%a, %b : tensor<?x?xf32>, tensor<?x?xf32>) outs(%f : tensor<?xf32>) {
    ^bb0(%u: f32, %v: f32, %acc: f32):
      %m = arith.mulf %u, %v : f32
      %s = arith.addf %acc, %m : f32
      linalg.yield %s : f32
    } -> tensor<?xf32>
    graph.yield %r : tensor<?xf32>
  }
  %t = graph.tanh %y : !row
  return %t : !row
}

// An index that may be outside is moved inside, one that cannot be is left alone; flags and undefined
// results are gone.
// CHECK-LABEL: func.func @reads_inside
func.func @reads_inside(%x: tensor<8x5xf32>, %at: tensor<5xf32>) -> tensor<5xf32> {
  %y = graph.custom %x, %at : (tensor<8x5xf32>, tensor<5xf32>) -> tensor<5xf32> {
  ^bb0(%a: tensor<?x?xf32>, %i: tensor<?xf32>):
    %c1 = arith.constant 1 : index
    %n = tensor.dim %a, %c1 : tensor<?x?xf32>
    %e = tensor.empty(%n) : tensor<?xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(j) -> (j)>, affine_map<(j) -> (j)>], iterator_types = ["parallel"]}
        ins(%i : tensor<?xf32>) outs(%e : tensor<?xf32>) {
    ^bb0(%u: f32, %unused: f32):
      %j = linalg.index 0 : index
      %whole = arith.fptosi %u : f32 to i64
      %row = arith.index_cast %whole : i64 to index
      %next = arith.addi %row, %c1 overflow<nsw> : index
      %v = tensor.extract %a[%next, %j] : tensor<?x?xf32>
      linalg.yield %v : f32
    } -> tensor<?xf32>
    graph.yield %r : tensor<?xf32>
  }
  return %y : tensor<5xf32>
}

// What was written with steps that go down is read at computed indices, and a constant is no code.
// CHECK-LABEL: func.func @turns_around
func.func @turns_around(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = graph.custom %x : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %table = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i) -> (3 - i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%a : tensor<4xf32>) outs(%table : tensor<4xf32>) {
    ^bb0(%u: f32, %own: f32):
      %v = arith.mulf %u, %own : f32
      linalg.yield %v : f32
    } -> tensor<4xf32>
    graph.yield %r : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// CHECK: tile.kernel @custom_0(%[[X:.*]]: tensor<?x?xf32>, %[[Z:.*]]: tensor<?x?xf32>, %{{.*}}: index, %{{.*}}: index) -> tensor<?xf32>
// CHECK: linalg.generic {{.*}} ins(%[[X]] : tensor<?x?xf32>)
// CHECK: math.exp
// CHECK: linalg.generic {{.*}} ins(%[[Z]] : tensor<?x?xf32>)
// CHECK: arith.negf
// CHECK: linalg.generic {{.*}}"reduction"]
// CHECK: arith.mulf
// CHECK: linalg.generic {{.*}}["parallel"]
// CHECK: math.tanh
// CHECK: tile.yield

// CHECK: tile.kernel @custom_1(%[[A:.*]]: tensor<8x5xf32>, %{{.*}}: tensor<5xf32>) -> tensor<5xf32>
// CHECK: %[[J:.*]] = linalg.index 0
// CHECK: arith.cmpf oge
// CHECK: %[[NEXT:.*]] = arith.addi %{{.*}}, %{{.*}} : index
// CHECK: %[[LESS:.*]] = arith.minsi %[[NEXT]], %c7{{.*}} : index
// CHECK: %[[INSIDE:.*]] = arith.maxsi %[[LESS]], %c0{{.*}} : index
// CHECK-NEXT: tensor.extract %[[A]][%[[INSIDE]], %[[J]]] : tensor<8x5xf32>

// CHECK: tile.kernel @custom_2(%[[A:.*]]: tensor<4xf32>, %[[TABLE:.*]]: tensor<4xf32>) -> tensor<4xf32>
// CHECK: linalg.generic {{.*}} ins(%[[TABLE]] : tensor<4xf32>)
// CHECK: linalg.generic
// CHECK: tensor.extract %[[A]]
