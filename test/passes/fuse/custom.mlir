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

// A number far behind those it follows from is known, from wherever it is asked for.
// CHECK-LABEL: func.func @follows_far
func.func @follows_far(%x: !row) -> !row {
  %y = graph.custom %x : (!row) -> !row {
  ^bb0(%a: tensor<?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %n = tensor.dim %a, %c0 : tensor<?xf32>
    %v0 = arith.minsi %n, %n : index %v1 = arith.minsi %v0, %n : index %v2 = arith.minsi %v1, %n : index %v3 = arith.minsi %v2, %n : index
    %v4 = arith.minsi %v3, %n : index %v5 = arith.minsi %v4, %n : index %v6 = arith.minsi %v5, %n : index %v7 = arith.minsi %v6, %n : index
    %v8 = arith.minsi %v7, %n : index %v9 = arith.minsi %v8, %n : index %v10 = arith.minsi %v9, %n : index %v11 = arith.minsi %v10, %n : index
    %v12 = arith.minsi %v11, %n : index %v13 = arith.minsi %v12, %n : index %v14 = arith.minsi %v13, %n : index %v15 = arith.minsi %v14, %n : index
    %v16 = arith.minsi %v15, %n : index %v17 = arith.minsi %v16, %n : index %v18 = arith.minsi %v17, %n : index %v19 = arith.minsi %v18, %n : index
    %v20 = arith.minsi %v19, %n : index %v21 = arith.minsi %v20, %n : index %v22 = arith.minsi %v21, %n : index %v23 = arith.minsi %v22, %n : index
    %v24 = arith.minsi %v23, %n : index %v25 = arith.minsi %v24, %n : index %v26 = arith.minsi %v25, %n : index %v27 = arith.minsi %v26, %n : index
    %v28 = arith.minsi %v27, %n : index %v29 = arith.minsi %v28, %n : index %v30 = arith.minsi %v29, %n : index %v31 = arith.minsi %v30, %n : index
    %v32 = arith.minsi %v31, %n : index %v33 = arith.minsi %v32, %n : index %v34 = arith.minsi %v33, %n : index %v35 = arith.minsi %v34, %n : index
    %v36 = arith.minsi %v35, %n : index %v37 = arith.minsi %v36, %n : index %v38 = arith.minsi %v37, %n : index %v39 = arith.minsi %v38, %n : index
    %v40 = arith.minsi %v39, %n : index %v41 = arith.minsi %v40, %n : index %v42 = arith.minsi %v41, %n : index %v43 = arith.minsi %v42, %n : index
    %v44 = arith.minsi %v43, %n : index %v45 = arith.minsi %v44, %n : index %v46 = arith.minsi %v45, %n : index %v47 = arith.minsi %v46, %n : index
    %v48 = arith.minsi %v47, %n : index %v49 = arith.minsi %v48, %n : index %v50 = arith.minsi %v49, %n : index %v51 = arith.minsi %v50, %n : index
    %v52 = arith.minsi %v51, %n : index %v53 = arith.minsi %v52, %n : index %v54 = arith.minsi %v53, %n : index %v55 = arith.minsi %v54, %n : index
    %v56 = arith.minsi %v55, %n : index %v57 = arith.minsi %v56, %n : index %v58 = arith.minsi %v57, %n : index %v59 = arith.minsi %v58, %n : index
    %v60 = arith.minsi %v59, %n : index %v61 = arith.minsi %v60, %n : index %v62 = arith.minsi %v61, %n : index %v63 = arith.minsi %v62, %n : index
    %v64 = arith.minsi %v63, %n : index %v65 = arith.minsi %v64, %n : index %v66 = arith.minsi %v65, %n : index %v67 = arith.minsi %v66, %n : index
    %v68 = arith.minsi %v67, %n : index %v69 = arith.minsi %v68, %n : index %v70 = arith.minsi %v69, %n : index %v71 = arith.minsi %v70, %n : index
    %v72 = arith.minsi %v71, %n : index %v73 = arith.minsi %v72, %n : index %v74 = arith.minsi %v73, %n : index %v75 = arith.minsi %v74, %n : index
    %v76 = arith.minsi %v75, %n : index %v77 = arith.minsi %v76, %n : index %v78 = arith.minsi %v77, %n : index %v79 = arith.minsi %v78, %n : index
    %v80 = arith.minsi %v79, %n : index %v81 = arith.minsi %v80, %n : index %v82 = arith.minsi %v81, %n : index %v83 = arith.minsi %v82, %n : index
    %v84 = arith.minsi %v83, %n : index %v85 = arith.minsi %v84, %n : index %v86 = arith.minsi %v85, %n : index %v87 = arith.minsi %v86, %n : index
    %v88 = arith.minsi %v87, %n : index %v89 = arith.minsi %v88, %n : index %v90 = arith.minsi %v89, %n : index %v91 = arith.minsi %v90, %n : index
    %v92 = arith.minsi %v91, %n : index %v93 = arith.minsi %v92, %n : index %v94 = arith.minsi %v93, %n : index %v95 = arith.minsi %v94, %n : index
    %v96 = arith.minsi %v95, %n : index %v97 = arith.minsi %v96, %n : index %v98 = arith.minsi %v97, %n : index %v99 = arith.minsi %v98, %n : index
    %e = tensor.empty(%n) : tensor<?xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%a : tensor<?xf32>) outs(%e : tensor<?xf32>) {
    ^bb0(%u: f32, %unused: f32):
      %s = scf.for %k = %c0 to %v50 step %c1 iter_args(%t = %u) -> f32 {
        %v = tensor.extract %a[%k] : tensor<?xf32>
        %w = arith.addf %t, %v : f32
        scf.yield %w : f32
      }
      linalg.yield %s : f32
    } -> tensor<?xf32>
    %f = tensor.empty(%v99) : tensor<?xf32>
    %z = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%r : tensor<?xf32>) outs(%f : tensor<?xf32>) {
    ^bb0(%u: f32, %unused: f32):
      %w = arith.negf %u : f32
      linalg.yield %w : f32
    } -> tensor<?xf32>
    graph.yield %z : tensor<?xf32>
  }
  return %y : !row
}

// Sizes of a tensor that is never stored may be too large for what is computed from them.
// CHECK-LABEL: func.func @beyond_memory
func.func @beyond_memory(%x: !row) -> !row {
  %y = graph.custom %x : (!row) -> !row {
  ^bb0(%a: tensor<?xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %k = arith.constant 4096 : index
    %all = arith.constant 16777216 : index
    %n = tensor.dim %a, %c0 : tensor<?xf32>
    %n1 = arith.muli %n, %k : index
    %e1 = tensor.empty(%n1) : tensor<?xi8>
    %d1 = tensor.dim %e1, %c0 : tensor<?xi8>
    %e = tensor.empty(%n) : tensor<?xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%e : tensor<?xf32>) {
    ^bb0(%unused: f32):
      %n2 = arith.muli %d1, %k : index
      %less = arith.subi %n2, %c1 : index
      %at = arith.floordivsi %less, %all : index
      %v = tensor.extract %a[%at] : tensor<?xf32>
      linalg.yield %v : f32
    } -> tensor<?xf32>
    graph.yield %r : tensor<?xf32>
  }
  return %y : !row
}

// The index of a loop over such sizes is no smaller.
// CHECK-LABEL: func.func @loops_beyond_memory
func.func @loops_beyond_memory(%x: !row) -> !row {
  %y = graph.custom %x : (!row) -> !row {
  ^bb0(%a: tensor<?xf32>):
    %c0 = arith.constant 0 : index
    %k = arith.constant 4096 : index
    %all = arith.constant 16777216 : index
    %n = tensor.dim %a, %c0 : tensor<?xf32>
    %n1 = arith.muli %n, %k : index
    %e1 = tensor.empty(%n1) : tensor<?xf32>
    %e = tensor.empty(%n) : tensor<?xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%e1 : tensor<?xf32>) {
    ^bb0(%unused: f32):
      %i = linalg.index 0 : index
      %far = arith.muli %i, %k : index
      %at = arith.floordivsi %far, %all : index
      %v = tensor.extract %a[%at] : tensor<?xf32>
      linalg.yield %v : f32
    } -> tensor<?xf32>
    %z = linalg.generic {indexing_maps = [affine_map<(i) -> (i * 4096)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%r : tensor<?xf32>) outs(%e : tensor<?xf32>) {
    ^bb0(%u: f32, %unused: f32):
      linalg.yield %u : f32
    } -> tensor<?xf32>
    graph.yield %z : tensor<?xf32>
  }
  return %y : !row
}

// In one bit the only quotients are the dividend.
// CHECK-LABEL: func.func @one_bit
func.func @one_bit(%x: tensor<4xi8>) -> tensor<4xi8> {
  %y = graph.custom %x : (tensor<4xi8>) -> tensor<4xi8> {
  ^bb0(%a: tensor<4xi8>):
    %e = tensor.empty() : tensor<4xi8>
    %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%a : tensor<4xi8>) outs(%e : tensor<4xi8>) {
    ^bb0(%u: i8, %unused: i8):
      %b = arith.trunci %u : i8 to i1
      %q = arith.divsi %b, %b : i1
      %m = arith.remsi %b, %b : i1
      %c = arith.xori %q, %m : i1
      %v = arith.extui %c : i1 to i8
      linalg.yield %v : i8
    } -> tensor<4xi8>
    graph.yield %r : tensor<4xi8>
  }
  return %y : tensor<4xi8>
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

// CHECK: tile.kernel @custom_3(
// CHECK: scf.for %[[K:[a-z0-9_]+]] =
// CHECK-NEXT: tensor.extract %{{.*}}[%[[K]]]

// CHECK: tile.kernel @custom_4(
// CHECK: %[[AT:.*]] = arith.floordivsi
// CHECK: arith.minsi %[[AT]]
// CHECK: arith.maxsi
// CHECK-NEXT: tensor.extract

// CHECK: tile.kernel @custom_5(
// CHECK: %[[AT:.*]] = arith.floordivsi
// CHECK: arith.minsi %[[AT]]
// CHECK: arith.maxsi
// CHECK-NEXT: tensor.extract

// CHECK: tile.kernel @custom_6(
// CHECK: %[[BIT:.*]] = arith.trunci
// CHECK-NOT: arith.divsi
// CHECK-NOT: arith.remsi
// CHECK: arith.xori %[[BIT]]
