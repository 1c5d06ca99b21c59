// Temporaries never come from an allocator: small ones lie on the stack, large ones in the launch's scratch memory, a part for each cell.
// RUN: tegula-opt %s --tegula-place-temporaries | FileCheck %s
// RUN: tegula-opt %s --tegula-place-temporaries=stack-bytes=32 | FileCheck %s --check-prefix=TIGHT

// CHECK-LABEL: func.func @small
// CHECK-NOT: tegula.scratch
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<16xf32>
// CHECK-NOT: memref.dealloc
// TIGHT-LABEL: func.func @small
// TIGHT-SAME: tegula.scratch = 128
func.func @small(%x: memref<4xf32>, %y: memref<4xf32>, %begin: index, %end: index) attributes {tegula.cells = 2 : i64} {
  %t = memref.alloc() : memref<16xf32>
  %c0 = arith.constant 0 : index
  %v = memref.load %x[%c0] : memref<4xf32>
  memref.store %v, %t[%c0] : memref<16xf32>
  %w = memref.load %t[%c0] : memref<16xf32>
  memref.store %w, %y[%c0] : memref<4xf32>
  memref.dealloc %t : memref<16xf32>
  return
}

// CHECK-LABEL: func.func @large
// CHECK-SAME: %[[BEGIN:[a-z0-9]+]]: index, %{{[a-z0-9]+}}: index, %[[SCRATCH:.*]]: memref<2097152xi8>) attributes {tegula.cells = 2 : i64, tegula.scratch = 2097152 : i64}
// CHECK: %[[BYTES:.*]] = arith.constant 1048576 : index
// CHECK: %[[MINE:.*]] = arith.muli %[[BEGIN]], %[[BYTES]]
// CHECK: %[[AT:.*]] = arith.addi %[[MINE]]
// CHECK: memref.view %[[SCRATCH]][%[[AT]]][] : memref<2097152xi8> to memref<512x512xf32>
func.func @large(%x: memref<4xf32>, %y: memref<4xf32>, %begin: index, %end: index) attributes {tegula.cells = 2 : i64} {
  %t = memref.alloc() : memref<512x512xf32>
  %c0 = arith.constant 0 : index
  %v = memref.load %x[%c0] : memref<4xf32>
  memref.store %v, %t[%c0, %c0] : memref<512x512xf32>
  %w = memref.load %t[%c0, %c0] : memref<512x512xf32>
  memref.store %w, %y[%c0] : memref<4xf32>
  return
}
