// Temporaries go to the stack while they fit, else to the launch's scratch memory; strided copies become loops.
// RUN: tegula-opt %s --tegula-place-temporaries -split-input-file | FileCheck %s
// RUN: tegula-opt %s --tegula-place-temporaries -split-input-file | tegula-equiv %s -

// CHECK-LABEL: func.func @small_ones_stay_on_the_stack
// CHECK-SAME: (%{{.*}}: memref<8xf32>, %{{.*}}: index, %{{.*}}: index)
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<8xf32>
// CHECK-NOT: memref.alloc()
func.func @small_ones_stay_on_the_stack(%x: memref<8xf32>, %begin: index, %end: index) attributes {tegula.cells = 1 : i64} {
  %t = memref.alloc() : memref<8xf32>
  memref.copy %x, %t : memref<8xf32> to memref<8xf32>
  return
}

// -----

// Each call owns the part of its first cell: 262144 bytes.
// CHECK-LABEL: func.func @large_ones_go_to_scratch
// CHECK-SAME: %[[BEGIN:[^ ]*]]: index, %{{.*}}: index, %[[SCRATCH:.*]]: memref<1048576xi8>)
// CHECK-SAME: tegula.scratch = 1048576
// CHECK-DAG: %[[BYTES:.*]] = arith.constant 262144 : index
// CHECK: %[[MINE:.*]] = arith.muli %[[BEGIN]], %[[BYTES]]
// CHECK: %[[START:.*]] = arith.addi %[[MINE]]
// CHECK: memref.view %[[SCRATCH]][%[[START]]][] : memref<1048576xi8> to memref<256x256xf32>
func.func @large_ones_go_to_scratch(%x: memref<8xf32>, %begin: index, %end: index) attributes {tegula.cells = 4 : i64} {
  %t = memref.alloc() : memref<256x256xf32>
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%t : memref<256x256xf32>)
  return
}

// -----

// CHECK-LABEL: func.func @values_pass_through_scratch
// CHECK: memref.view
// CHECK-NOT: memref.alloc
func.func @values_pass_through_scratch(%x: memref<256x256xf32>, %y: memref<256x256xf32>, %begin: index, %end: index) attributes {tegula.cells = 1 : i64} {
  %t = memref.alloc() : memref<256x256xf32>
  memref.copy %x, %t : memref<256x256xf32> to memref<256x256xf32>
  memref.copy %t, %y : memref<256x256xf32> to memref<256x256xf32>
  return
}

// -----

// CHECK-LABEL: func.func @strided_copy_becomes_a_loop
// CHECK-NOT: memref.copy
// CHECK: linalg.generic
func.func @strided_copy_becomes_a_loop(%x: memref<8xf32, strided<[2]>>, %y: memref<8xf32>) {
  memref.copy %x, %y : memref<8xf32, strided<[2]>> to memref<8xf32>
  return
}

// -----

// What the sizes decide: 4 * n bytes, rounded up, for each of n * m cells.
// CHECK-DAG: #[[$BYTES:.*]] = affine_map<()[s0, s1] -> (((s0 * 4) ceildiv 64) * 64)>
// CHECK-DAG: #[[$ALL:.*]] = affine_map<()[s0, s1] -> ((((s0 * 4) ceildiv 64) * (s0 * s1)) * 64)>
// CHECK-LABEL: func.func @size_follows_from_the_kernels_sizes
// CHECK-SAME: %[[N:[^ ]*]]: index, %[[M:[^ ]*]]: index, %[[BEGIN:[^ ]*]]: index, %{{.*}}: index, %[[SCRATCH:.*]]: memref<i8>)
// CHECK-SAME: tegula.scratch = #[[$ALL]]}
// CHECK: %[[ALL:.*]] = memref.reinterpret_cast %[[SCRATCH]] to offset: [0], sizes: [%{{.*}}], strides: [1] : memref<i8> to memref<?xi8>
// CHECK: %[[EACH:.*]] = affine.apply #[[$BYTES]]()[%[[N]], %[[M]]]
// CHECK: %[[MINE:.*]] = arith.muli %[[BEGIN]], %[[EACH]]
// CHECK: %[[START:.*]] = arith.addi %[[MINE]]
// CHECK: memref.view %[[ALL]][%[[START]]][%[[N]]] : memref<?xi8> to memref<?xf32>
func.func @size_follows_from_the_kernels_sizes(%x: memref<f32>, %n: index, %m: index, %begin: index, %end: index)
    attributes {tegula.cells = affine_map<()[s0, s1] -> (s0 * s1)>} {
  %t = memref.alloc(%n) : memref<?xf32>
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%t : memref<?xf32>)
  return
}

// -----

// A tile that is cut off at the border is never larger than a whole one.
// CHECK-LABEL: func.func @bounded_sizes_stay_on_the_stack
// CHECK: %[[MOST:.*]] = memref.alloca() {alignment = 64 : i64} : memref<256xi8>
// CHECK: %[[SIZE:.*]] = affine.min
// CHECK: memref.view %[[MOST]][%{{.*}}][%[[SIZE]]] : memref<256xi8> to memref<?xf32>
func.func @bounded_sizes_stay_on_the_stack(%x: memref<f32>, %n: index, %begin: index, %end: index)
    attributes {tegula.cells = affine_map<()[s0] -> (s0 ceildiv 64)>} {
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %begin to %end step %c1 {
    %size = affine.min affine_map<(i)[n] -> (64, n - i * 64)>(%i)[%n]
    %t = memref.alloc(%size) : memref<?xf32>
    linalg.fill ins(%zero : f32) outs(%t : memref<?xf32>)
  }
  return
}
