// Temporaries without a place are reported: those of no known size, and those that live on after their iteration.
// RUN: tegula-opt %s --tegula-place-temporaries -split-input-file -verify-diagnostics

func.func @size_must_be_known(%n: index) {
  // expected-error @+1 {{expected a temporary whose size follows from the kernel's sizes}}
  %t = memref.alloc(%n) : memref<?xf32>
  return
}

// -----

func.func @must_not_outlive_its_iteration(%x: memref<8xf32>, %begin: index, %end: index) {
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %begin to %end step %c1 iter_args(%held = %x) -> memref<8xf32> {
    // expected-error @+1 {{expected a temporary that lives no longer than its iteration}}
    %t = memref.alloc() : memref<8xf32>
    scf.yield %t : memref<8xf32>
  }
  return
}
